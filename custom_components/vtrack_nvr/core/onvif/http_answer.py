"""Reads HTTP answers whose framing lies, from the bytes alone (RFC 9112, and against it)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
import re
import zlib

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})[^\n]{0,512}\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK = re.compile(rb"[ \t\r\n]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHUNK_LINE = re.compile(rb"\r\n[0-9a-fA-F]{1,8}[ \t]*(?:;[^\r\n]{0,100})?\r\n")
_ENVELOPE = re.compile(rb"<(?:[\w.-]{1,40}:)?Envelope[\s>]")
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]{1,40}:)?Envelope\s*>")
_TAIL = 16 * 1024
_APPLICATION = frozenset(bytes([marker]) for marker in range(0xE0, 0xF0))
_PADDING = b"\xff\0 \t\r\n"
_FIRST = 4 * 1024
_SEARCHED = 16 * 1024
_PICTURE, _PICTURE_END = b"\xff\xd8", b"\xff\xd9"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer read to its end, whatever its status.

    `is_complete`: as much of the body came as the device said.
    """

    status: int
    content_type: str
    body: bytes
    challenges: tuple[str, ...] = ()
    location: str = ""
    is_complete: bool = False


def is_whole(body: bytes | bytearray) -> bool:
    """Return whether a body seems to have come to its own end; looks at its end only.

    That is an envelope's, or a picture's with nothing but padding behind it.
    """
    tail = bytes(body[-_TAIL:])
    if _ENVELOPE_END.search(tail.replace(b"\0", b"")):
        return True
    return body.startswith(_PICTURE) and tail.rstrip(_PADDING).endswith(_PICTURE_END)


def has_end(body: bytes | bytearray) -> bool:
    """Return whether the end of an envelope or of a picture is anywhere in a body.

    For one that nothing is added to any more.
    """
    if is_whole(body):
        return True
    if body.startswith(_PICTURE):
        return _picture_has_end(body)
    return bool(_ENVELOPE_END.search(bytes(body).replace(b"\0", b"")))


def _picture_has_end(body: bytes | bytearray) -> bool:
    """Look behind the segments of the head: small pictures in them have ends, too."""
    at = len(_PICTURE)
    while body[at : at + 1] == b"\xff" and body[at + 1 : at + 2] in _APPLICATION:
        at += 2 + max(2, int.from_bytes(body[at + 2 : at + 4]))
    return body.find(_PICTURE_END, at) >= 0


def is_cut(body: bytes | bytearray, *, is_complete: bool = False) -> bool:
    """Return whether a body has begun as an envelope or a picture, and has no end.

    `is_complete`: as much came as the device said. A picture is whole then: what has no
    end is no picture, and more of it will not come.
    """
    if body.startswith(_PICTURE):
        return not is_complete and not has_end(body)
    first = bytes(body[:_FIRST]).replace(b"\0", b"")
    return bool(_ENVELOPE.search(first)) and not has_end(body)


def unpack_body(body: bytes, limit: int) -> bytes:
    """Return what was packed though nobody asked for it; at most `limit` + 1 bytes."""
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(body, limit + 1)
    except zlib.error:
        return body


def picture_in(body: bytes) -> bytes:
    """Return the first picture of a body, whatever stands around it; else the body."""
    begin = body.find(_PICTURE)
    end = body.find(_PICTURE_END, begin + 2)
    if begin <= 0 or end < 0:
        return body
    return body[begin : end + 2]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was sent, in pieces."""

    status: int
    headers: Mapping[str, Sequence[str]]
    body: bytes
    has_head_end: bool

    def header(self, name: str) -> str:
        """Return a header's last value."""
        return self.headers.get(name, [""])[-1]

    @property
    def length(self) -> int | None:
        """Return how long the body is said to be."""
        told = self.header("content-length")
        is_number = told.isascii() and told.isdigit() and len(told) < 10
        return int(told) if is_number else None


def _parts(data: bytes) -> _Parts | None:
    found = _STATUS.search(data, 0, _SEARCHED)
    while found and found[1].startswith(b"1"):
        found = _STATUS.search(data, found.end())
    if found is None:
        return None
    end = _HEAD_END.search(data, found.end() - 1)
    if end is None:
        begin = data.find(b"<", found.end())
        head, body = data[found.end() :], b"" if begin < 0 else data[begin:]
    else:
        head, body = data[found.end() : end.start()], data[end.end() :]
    headers: dict[str, list[str]] = {}
    for line in _FOLD.sub(b" ", head).splitlines():
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return _Parts(int(found[1]), headers, body, end is not None)


class Arrival(Enum):
    """How much of an answer is there while it is still being read."""

    OPEN = "open"
    """More must come."""
    TOLD = "told"
    """As much as the device said; that may be a lie."""
    WHOLE = "whole"
    """The same, and it ends there: nothing more can be meant."""


def arrived(data: bytes | bytearray) -> Arrival:
    """Return how much of an answer has come; cheap, for each piece that does."""
    head = bytes(data[:_SEARCHED])
    parts = _parts(head)
    if parts is None or not parts.has_head_end:
        return Arrival.OPEN
    if parts.length is None:
        # Nobody reads what is said to a refused login.
        return Arrival.TOLD if parts.status == 401 else Arrival.OPEN
    begin = len(head) - len(parts.body)
    if len(data) < begin + parts.length:
        return Arrival.OPEN
    is_end = parts.status == 401 or is_whole(data[begin : begin + parts.length])
    return Arrival.WHOLE if is_end else Arrival.TOLD


def read_http_answer(data: bytes) -> HttpAnswer | None:
    """Return the answer in whatever a device sent until it stopped; None for none.

    Bytes before the status line, interim answers, folded and unreadable header lines,
    a wrong length, broken chunks and a missing head are read over.
    """
    parts = _parts(data)
    if parts is None:
        return HttpAnswer(200, "", data) if has_end(data) else None
    body, is_complete = parts.body, False
    if "chunked" in parts.header("transfer-encoding").lower():
        body = _joined(body)
    if (length := parts.length) is not None:
        told = body[:length]
        is_complete = parts.has_head_end and len(told) == length
        body = body if has_end(body) and not has_end(told) else told
    return HttpAnswer(
        parts.status,
        parts.header("content-type").partition(";")[0].strip().lower(),
        body,
        tuple(parts.headers.get("www-authenticate", ())),
        parts.header("location"),
        is_complete,
    )


def _joined(body: bytes) -> bytes:
    """Return the content of chunks; of broken ones, what is left without their sizes."""
    parts: list[bytes] = []
    at = 0
    is_right = True
    while is_right and (found := _CHUNK.match(body, at)):
        size = int(found[1], 16)
        at = found.end() + size
        if not size:
            break
        parts.append(body[found.end() : at])
        is_right = body[at : at + 2] in {b"\r\n", b""}
    if parts and is_right:
        return b"".join(parts)
    return _CHUNK_LINE.sub(b"", b"\r\n" + body).removeprefix(b"\r\n")


type OnAnswer = Callable[[str, HttpAnswer], None]
