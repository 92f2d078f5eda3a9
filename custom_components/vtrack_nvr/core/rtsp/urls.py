"""RTSP URLs: taken apart and joined the way devices expect, never re-encoded.

Devices compare URLs byte for byte (also for digest), so nothing here is normalised:
queries, odd escapes and missing slashes stay as they came.
"""

from dataclasses import dataclass
from typing import Final, override

from ..errors import ErrorKind, NvrError

DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class RtspUrl:
    """The parts of a URL; `rest` is everything from the path on. No credentials."""

    scheme: str
    host: str
    port: int | None
    rest: str

    @property
    def is_tls(self) -> bool:
        """Say whether the scheme asks for TLS."""
        return self.scheme in {"rtsps", "https"}

    def port_or_default(self) -> int:
        """Return the port, or the usual one of the scheme."""
        return self.port or DEFAULT_PORTS[self.scheme]

    @override
    def __str__(self) -> str:
        """Return the URL again."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{host}{port}{self.rest}"


def parse_url(url: str) -> RtspUrl:
    """Take a URL apart; raises `NvrError(PROTOCOL)` for what is none of ours.

    Credentials are dropped. The message never repeats the URL: it may hold a password.
    """
    scheme, mark, after = url.strip().partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in DEFAULT_PORTS or len(url) > _LONGEST:
        raise NvrError(ErrorKind.PROTOCOL, "not an RTSP URL")
    if not after.isprintable() or " " in after:
        raise NvrError(ErrorKind.PROTOCOL, "RTSP URL with blanks or control characters")
    cut = min((i for i in map(after.find, "/?#") if i >= 0), default=len(after))
    authority, rest = after[:cut], after[cut:]
    host_port = authority.rpartition("@")[2]
    if host_port.startswith("["):
        host, _, port_text = host_port[1:].partition("]")
        port_text = port_text.removeprefix(":")
    else:
        host, _, port_text = host_port.partition(":")
    if not host or (port_text and not (port_text.isascii() and port_text.isdecimal())):
        raise NvrError(ErrorKind.PROTOCOL, "RTSP URL without a usable host and port")
    port = int(port_text) if port_text else None
    if port is not None and not 0 < port < 65536:
        raise NvrError(ErrorKind.PROTOCOL, "RTSP URL with an impossible port")
    return RtspUrl(scheme, host, port, rest)


def without_credentials(url: str) -> str:
    """Return the URL as it came, without user name and password."""
    scheme, mark, after = url.strip().partition("://")
    cut = min((i for i in map(after.find, "/?#") if i >= 0), default=len(after))
    return f"{scheme}{mark}{after[:cut].rpartition('@')[2]}{after[cut:]}"


def with_host(url: str, host: str, port: int | None = None) -> str:
    """Return the URL at another host; `port` None keeps the URL's own (profile-g 1.5)."""
    parsed = parse_url(url)
    return str(RtspUrl(parsed.scheme, host, port or parsed.port, parsed.rest))


def join_control(base: str, control: str) -> str:
    """Return the URL of a track or session from its `a=control` (profile-g 5.9).

    `*` and nothing mean the base itself. A relative control is appended, also after a
    query: that is what devices were tested with, RFC 1808's replacing the last part is not
    (gortsplib #121).
    """
    control = control.strip()
    if control in {"", "*"}:
        return without_credentials(base)
    if "://" in control[:10]:
        return without_credentials(control)
    base = without_credentials(base)
    if base.endswith("/"):
        return base + control.removeprefix("/")
    return base + (control if control.startswith("/") else f"/{control}")
