"""RTSP URLs: taken apart and joined the way devices expect, never re-encoded.

Devices compare URLs byte for byte (also for digest), so nothing here is normalised:
queries, odd escapes and missing slashes stay as they came.
"""

from dataclasses import dataclass
import re
from typing import Final, override

from ..errors import ErrorKind, NvrError

DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_LONGEST = 4096
_SCHEME = re.compile(r"(?:rtsps?|rtspu|https?)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RtspUrl:
    """The parts of a URL; `rest` is everything from the path on. No credentials."""

    scheme: str
    host: str
    port: int | None
    rest: str

    @property
    def is_tls(self) -> bool:
        """Return whether the scheme asks for TLS."""
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


def join_control(base: str, control: str) -> str:
    """Return the URL of a track or session from its `a=control` (profile-g 5.9).

    `*` and nothing mean the base itself. A relative control is appended, also after a
    query: that is what devices were tested with, RFC 1808's replacing the last part is not
    (gortsplib #121). Blanks, which no request line can hold, are escaped.
    """
    control = control.strip().replace(" ", "%20")
    base = without_credentials(base)
    if control in {"", "*"}:
        return base
    if "://" in control[:10]:
        return at_host_of(base, control) or base
    if base.endswith("/"):
        return base + control.removeprefix("/")
    return base + (control if control.startswith("/") else f"/{control}")


def at_host_of(request_url: str, said: str) -> str | None:
    """Return what a device calls a URL of its own, at the host that it was reached at.

    Seen as Content-Base: a path, `host:port/path`, a scheme twice, an inner host. What
    names the same host stays as it came; another host gives way to that of
    `request_url`: a device never sends us elsewhere. None for what cannot be understood.
    """
    ours = parse_url(request_url)
    text = said.strip().strip("<>\"'").replace(" ", "%20")
    has_scheme = _SCHEME.match(text) is not None
    while (found := _SCHEME.match(text)) and _SCHEME.match(text[found.end() :]):
        text = text[found.end() :]
    if text.startswith("/") and not text.startswith("//"):
        text = str(RtspUrl(ours.scheme, ours.host, ours.port, text))
    elif not _SCHEME.match(text):
        text = f"{ours.scheme}://{text.removeprefix('//')}"
    try:
        theirs = parse_url(text)
    except NvrError:
        return None
    if theirs.host.lower() == ours.host.lower():
        return without_credentials(text)
    if not (has_scheme or theirs.port or "." in theirs.host):
        return None
    return str(RtspUrl(ours.scheme, ours.host, ours.port, theirs.rest))


def setup_urls(request_url: str, described: str, control: str) -> tuple[str, ...]:
    """Return the URLs at which a track may be set up, the likeliest first.

    `described` is the track's URL by the book, `control` its attribute as it came. Behind
    it: the control at the request's own URL, in place of its last part (RFC 1808), before
    its query, and the request's URL itself, for devices with one track.
    """
    ours = parse_url(request_url)
    path, mark, query = ours.rest.partition("?")
    asked = [described, join_control(request_url, control)]
    if control not in {"", "*"} and "://" not in control[:10]:
        relative = control.strip().replace(" ", "%20").removeprefix("/")
        parent = path.rpartition("/")[0]
        rests = [f"{parent}/{relative}"]
        if mark:
            whole = path.removesuffix("/")
            rests = [f"{whole}/{relative}?{query}", f"{whole}/{relative}", *rests]
        if control.strip().startswith("/"):
            rests.insert(0, f"/{relative}")
        asked += [str(RtspUrl(ours.scheme, ours.host, ours.port, r)) for r in rests]
    asked.append(request_url)
    return tuple(dict.fromkeys(asked))
