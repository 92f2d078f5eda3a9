"""Where an HTTP redirect leads: nowhere but to another path of the same device."""

from urllib.parse import urljoin

from ..errors import ErrorKind, NvrError
from .http_answer import HttpAnswer
from .xaddr import split


class RedirectedAway(NvrError):  # noqa: N818 - what it is, not that it is an error
    """The device sends us to another scheme, port or host; nothing was sent there.

    `https_port` is set where it is https on the same host.
    """

    https_port: int | None = None


def redirected(url: str, answer: HttpAnswer, where: str) -> str:
    """Return where an answer sends us on the same host; raises NOT_ONVIF elsewhere."""
    target = urljoin(url, answer.location)
    here, there = split(url), split(target)
    if (
        here is None
        or there is None
        or not answer.location
        or (here.scheme, here.host) != (there.scheme, there.host)
        or (here.port != there.port and there.port is not None)
    ):
        scheme = there.scheme[:5] if there else ""
        error = RedirectedAway(
            ErrorKind.NOT_ONVIF, f"redirects to {scheme}", where=where
        )
        if here and there and here.host == there.host and scheme == "https":
            error.https_port = there.port or 443
        raise error
    begin, _, _ = url.partition(here.rest)
    return f"{begin}{there.rest}"
