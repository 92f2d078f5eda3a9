"""How to speak TLS to devices whose certificates nobody signed."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
import functools
import hashlib
import hmac
import ssl
from typing import override

from ..errors import ErrorKind, NvrError

_MODERN = frozenset({"TLSv1.2", "TLSv1.3"})
_PINS_KEPT = 64


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
        """Return whether TLS is spoken at all."""
        return self.mode is not TlsMode.OFF

    @property
    def is_checked(self) -> bool:
        """Return whether the other side proves who it is before anything is sent."""
        return self.mode in {TlsMode.VERIFY, TlsMode.FINGERPRINT}

    def for_aiohttp(self) -> ssl.SSLContext | bool:
        """Return what aiohttp's `ssl` argument wants; TLS for a bad fingerprint."""
        match self.mode:
            case TlsMode.FINGERPRINT:
                return pinned_context(self.fingerprint)
            case TlsMode.ANY:
                return trusting_context()
        return True


def _lenient_context() -> ssl.SSLContext:
    """Return a context for devices of the last twenty years, whatever they show.

    TLS 1.0 and 1.1, short keys, weak hashes, and servers that know no secure
    renegotiation (RFC 5746).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= ssl.OP_LEGACY_SERVER_CONNECT
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@functools.cache
def trusting_context() -> ssl.SSLContext:
    """Return a context that accepts any certificate, and all that old devices speak."""
    return _lenient_context()


@functools.lru_cache(_PINS_KEPT)
def pinned_context(fingerprint: str) -> ssl.SSLContext:
    """Return a context that accepts exactly one certificate (its SHA-256 in hex).

    The handshake itself fails where another one is shown, so nothing is ever sent to it,
    be it by aiohttp or over a socket. (`aiohttp.Fingerprint` would bring aiohttp's own
    context, which refuses old devices.) Raises TLS for what is no SHA-256.
    """
    try:
        wanted = bytes.fromhex(fingerprint.replace(":", ""))
    except ValueError:
        wanted = b""
    if len(wanted) != hashlib.sha256().digest_size:
        raise NvrError(ErrorKind.TLS, "the stored fingerprint is not a SHA-256")

    def check(shown: bytes | None) -> None:
        if not hmac.compare_digest(hashlib.sha256(shown or b"").digest(), wanted):
            error = ssl.SSLCertVerificationError("another certificate is shown")
            error.verify_code = 0
            error.verify_message = "another certificate is shown"
            raise error

    class PinnedSocket(ssl.SSLSocket):
        @override
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            check(self.getpeercert(binary_form=True))

    class PinnedObject(ssl.SSLObject):
        @override
        def do_handshake(self) -> None:
            super().do_handshake()
            check(self.getpeercert(binary_form=True))

    context = _lenient_context()
    context.sslsocket_class = PinnedSocket
    context.sslobject_class = PinnedObject
    return context


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """What a device shows before anything is sent: SHA-256 as AA:BB:…, and its TLS."""

    fingerprint: str
    version: str = ""

    @property
    def is_old_tls(self) -> bool:
        """Return whether the device speaks nothing newer than TLS 1.1."""
        return self.version not in _MODERN


async def certificate_fingerprint(host: str, port: int, timeout: float = 10.0) -> str:
    """Return the SHA-256 of the certificate shown there; raises as `shown_certificate`."""
    return (await shown_certificate(host, port, timeout)).fingerprint


async def shown_certificate(
    host: str, port: int, timeout: float = 10.0
) -> ShownCertificate:
    """Return what certificate is shown there; sends nothing but the handshake.

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
        version = shown.version() or ""
    finally:
        writer.transport.abort()
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ShownCertificate(
        ":".join(digest[i : i + 2] for i in range(0, len(digest), 2)), version
    )
