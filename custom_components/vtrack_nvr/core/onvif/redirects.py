"""Where an HTTP redirect leads: nowhere but to another path of the same device."""

from dataclasses import replace
from urllib.parse import urljoin

from ..errors import ErrorKind, NvrError
from .http_answer import HttpAnswer
from .xaddr import UrlParts, split


class RedirectedAway(NvrError):  # noqa: N818 - what it is, not that it is an error
    """The device sends us to another scheme, port or host; nothing was sent there.

    `https_port` is set where it is https on the same host.
    """

    https_port: int | None = None


def redirected(url: str, answer: HttpAnswer, where: str) -> str:
    """Return where an answer sends us on the same host; raises NOT_ONVIF elsewhere.

    Scheme, host and port are those that were asked, whatever the answer says: only the
    path and the query are the device's.
    """
    here = split(url)
    there = split(urljoin(url, answer.location)) if answer.location else None
    if here is None or there is None or not _is_same_place(here, there):
        raise _away(here, there, where)
    target = replace(here, rest=there.rest or "/")
    if split(str(target)) != target:
        # Read back as anything else, it might lead elsewhere.
        raise _away(here, there, where)
    return str(target)


def _is_same_place(here: UrlParts, there: UrlParts) -> bool:
    """Return whether scheme and host agree, and the port if it is told."""
    if (here.scheme, here.host) != (there.scheme, there.host):
        return False
    return there.port in {None, here.port}


def _away(here: UrlParts | None, there: UrlParts | None, where: str) -> RedirectedAway:
    scheme = there.scheme[:5] if there else ""
    error = RedirectedAway(ErrorKind.NOT_ONVIF, f"redirects to {scheme}", where=where)
    if here and there and here.host == there.host and scheme == "https":
        error.https_port = there.port or 443
    return error
