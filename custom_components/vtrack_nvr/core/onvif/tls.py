"""How to speak https to devices whose certificates nobody signed."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
import functools
import hashlib
import ssl

import aiohttp

from ..errors import ErrorKind, NvrError


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

    @property
    def is_https(self) -> bool:
        """Say whether TLS is spoken at all."""
        return self.mode is not TlsMode.OFF

    def for_aiohttp(self) -> aiohttp.Fingerprint | ssl.SSLContext | bool:
        """Return what aiohttp's `ssl` argument wants; TLS for a bad fingerprint."""
        match self.mode:
            case TlsMode.FINGERPRINT:
                try:
                    digest = bytes.fromhex(self.fingerprint.replace(":", ""))
                    return aiohttp.Fingerprint(digest)
                except ValueError as error:
                    raise NvrError(
                        ErrorKind.TLS, "the stored fingerprint is not a SHA-256"
                    ) from error
            case TlsMode.ANY:
                return trusting_context()
        return True


@functools.cache
def trusting_context() -> ssl.SSLContext:
    """Return a context that accepts any certificate and the short keys of old devices."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


async def certificate_fingerprint(host: str, port: int, timeout: float = 10.0) -> str:
    """Return the SHA-256 of the certificate shown there, as AA:BB:…; sends nothing else.

    Raises UNREACHABLE, TIMEOUT or TLS.
    """
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(
                host, port, ssl=trusting_context(), ssl_handshake_timeout=timeout
            )
    except TimeoutError as error:
        raise NvrError(ErrorKind.TIMEOUT, "no TLS handshake", where=where) from error
    except ssl.SSLError as error:
        raise NvrError(ErrorKind.TLS, "no TLS spoken", where=where) from error
    except OSError as error:
        raise NvrError(ErrorKind.UNREACHABLE, "not connected", where=where) from error
    try:
        shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = shown.getpeercert(binary_form=True) or b""
    finally:
        writer.transport.abort()
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
