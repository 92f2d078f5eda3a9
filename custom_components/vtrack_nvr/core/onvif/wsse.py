"""The WS-Security user name token: a digest of the password (Core 5.9.5), or itself."""

import base64
import hashlib
from xml.sax.saxutils import escape

from .lenient import format_time

_SECURITY = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
)
_UTILITY = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
)
_TOKEN = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"  # noqa: S105  a name
)
_MESSAGE = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0"
)


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Return Base64(SHA1(nonce + created + password))."""
    joined = nonce + created.encode() + password.encode()
    return base64.b64encode(
        hashlib.sha1(joined, usedforsecurity=False).digest()
    ).decode()


def security_header(username: str, password: str, nonce: bytes, device_ms: int) -> str:
    """Return the header block with a digest; `device_ms` is now on the device's clock."""
    created = format_time(device_ms)
    digest = password_digest(nonce, created, password)
    return _block(
        username,
        f'<wsse:Password Type="{_TOKEN}#PasswordDigest">{digest}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_MESSAGE}#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created>",
    )


def cleartext_header(username: str, password: str) -> str:
    """Return the header block with the password itself (WSS username token 3.1)."""
    return _block(
        username,
        f'<wsse:Password Type="{_TOKEN}#PasswordText">{escape(password)}'
        "</wsse:Password>",
    )


def _block(username: str, proof: str) -> str:
    return (
        f'<wsse:Security xmlns:wsse="{_SECURITY}" xmlns:wsu="{_UTILITY}"'
        ' s:mustUnderstand="true"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(username)}</wsse:Username>{proof}"
        "</wsse:UsernameToken></wsse:Security>"
    )
