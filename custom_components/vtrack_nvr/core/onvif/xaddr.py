"""Makes advertised addresses reachable (Core 8.1.2.2; the field's habits in §1.5).

Devices advertise inner, local or wrong addresses. The path and the query of what they say
are kept byte for byte; the host is always the one a person configured.
"""

from dataclasses import dataclass, replace
import re
from typing import override

_URL = re.compile(
    r"^\s*([A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:[^/?#]*@)?"
    r"(\[[^\]/]*\]|[^:/?#]*)"
    r"(?::(\d{0,5}))?(?::\d{0,5})*"
    r"([/?#].*)?$",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class ReachedHost:
    """How the device was reached: the host, port and scheme a person configured."""

    host: str
    port: int
    is_https: bool = False

    @property
    def scheme(self) -> str:
        """Return http or https."""
        return "https" if self.is_https else "http"

    def url(self, path: str, port: int | None = None) -> str:
        """Return a URL at this endpoint."""
        return f"{self.scheme}://{bracketed(self.host)}:{port or self.port}{path}"


@dataclass(frozen=True, slots=True)
class UrlParts:
    """A URL in pieces; `rest` is path, query and fragment as they were."""

    scheme: str
    host: str
    port: int | None
    rest: str

    @override
    def __str__(self) -> str:
        """Return the URL again."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{bracketed(self.host)}{port}{self.rest}"


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def split(url: str) -> UrlParts | None:
    """Take a URL apart; credentials in it and doubled ports are dropped.

    None for what is none, is endless or could break out of a request line.
    """
    url = url.strip()
    found = _URL.match(url) if len(url) <= _LONGEST else None
    if not found or _CONTROL.search(url):
        return None
    port = int(found[3]) if found[3] else None
    rest = (found[4] or "").strip()
    if rest and not rest.startswith("/"):
        rest = f"/{rest}"
    return UrlParts(
        found[1].lower(),
        found[2].strip("[]").lower(),
        port if port and port < 65536 else None,
        rest,
    )


def service_urls(advertised: str, endpoint: ReachedHost) -> tuple[str, ...]:
    """Return the URLs to try for a service, most trusted first; empty if it says none.

    Where the advertised host is another one (NAT, several devices behind one address),
    its port belongs to the inner network: out here it may be another device's, whose
    footage would be filed under this one. TLS is never given up because a device
    advertises plain http. Of several addresses the first counts; a path alone is one at
    the device.
    """
    advertised = advertised.strip().partition(" ")[0]
    if advertised.startswith("/") and not advertised.startswith("//"):
        advertised = endpoint.url(advertised)
    address = split(advertised)
    if address is None or not address.rest:
        return ()
    ours = endpoint.url(address.rest)
    is_same_host = address.host == endpoint.host.strip("[]").lower()
    if address.scheme != endpoint.scheme or not is_same_host:
        return (ours,)
    port = address.port or (443 if endpoint.is_https else 80)
    theirs = endpoint.url(address.rest, port)
    if theirs == ours:
        return (ours,)
    return theirs, ours


def media_uri(advertised: str, host: str, rtsp_port: int | None = None) -> str | None:
    """Return a streaming URI with the host replaced and credentials removed.

    Port (unless `rtsp_port` is set), path and query stay byte for byte, but XML that was
    escaped twice is unescaped. None where it is not a URI.
    """
    address = split(advertised.replace("&amp;", "&"))
    if address is None:
        return None
    port = rtsp_port or address.port
    return str(replace(address, host=host, port=port))


def is_inner(advertised: str, endpoint: ReachedHost) -> bool:
    """Return whether an advertised address names another host than the configured one."""
    address = split(advertised)
    return address is not None and address.host != endpoint.host.strip("[]").lower()
