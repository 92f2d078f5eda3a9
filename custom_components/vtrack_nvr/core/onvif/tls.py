"""How to speak https to devices whose certificates nobody signed."""

from dataclasses import dataclass
from enum import StrEnum


class TlsMode(StrEnum):
    """What is demanded of a device's certificate."""

    OFF = "off"
    """Plain http."""
    VERIFY = "verify"
    """Signed by an authority the host trusts, for this name."""
    FINGERPRINT = "fingerprint"
    """Exactly the one a person has seen and accepted."""
    ANY = "any"
    """Any certificate: encrypted, not authenticated."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """`fingerprint` is the SHA-256 of the certificate in hex (colons allowed)."""

    mode: TlsMode = TlsMode.OFF
    fingerprint: str = ""


async def certificate_fingerprint(host: str, port: int, timeout: float = 10.0) -> str:
    """Return the SHA-256 of the certificate shown there, as AA:BB:…; sends nothing else.

    Raises UNREACHABLE, TIMEOUT or TLS.
    """
    raise NotImplementedError
