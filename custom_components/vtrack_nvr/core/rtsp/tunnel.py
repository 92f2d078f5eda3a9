"""RTSP inside two HTTP connections: the texts (ONVIF Streaming 5.1.1.5). No sockets."""

import base64
import re
from typing import Final

from ..errors import ErrorKind, NvrError
from .urls import RtspUrl

POST_LENGTH: Final = 32767
"""What a POST announces; when it is used up, another one is opened."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


def build_get(url: RtspUrl, cookie: str) -> bytes:
    """Return the request whose answer carries everything the device sends."""
    return _build("GET", url, cookie, "Accept: application/x-rtsp-tunnelled")


def build_post(url: RtspUrl, cookie: str) -> bytes:
    """Return the head of the request that carries what we send; it gets no answer."""
    return _build(
        "POST",
        url,
        cookie,
        "Content-Type: application/x-rtsp-tunnelled",
        f"Content-Length: {POST_LENGTH}",
    )


def _build(method: str, url: RtspUrl, cookie: str, *lines: str) -> bytes:
    host = f"[{url.host}]" if ":" in url.host else url.host
    path = url.rest.partition("#")[0]
    path = path if path.startswith("/") else f"/{path}"
    head = (
        f"{method} {path} HTTP/1.0",
        f"Host: {host}:{url.port}" if url.port else f"Host: {host}",
        f"x-sessioncookie: {cookie}",
        *lines,
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        "",
        "",
    )
    return "\r\n".join(head).encode("utf-8")


def encode_message(data: bytes) -> bytes:
    """Return one message as it travels in the POST body."""
    return base64.b64encode(data)


def read_tunnel_answer(data: bytes, limit: int) -> bytes | None:
    """Return what follows the head of the GET's answer, None while it is not whole.

    Raises `NvrError`: UNSUPPORTED where the device answers anything but 200, PROTOCOL
    where it is not HTTP.
    """
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        if len(data) > limit:
            raise NvrError(ErrorKind.PROTOCOL, "HTTP answer without an end of its head")
        return None
    match = _STATUS.match(head)
    if not match:
        raise NvrError(ErrorKind.PROTOCOL, "the answer to the tunnel's GET is not HTTP")
    if match[1] != b"200":
        raise NvrError(ErrorKind.UNSUPPORTED, f"no RTSP tunnel: HTTP {int(match[1])}")
    return rest
