"""Reads HTTP answers whose framing lies, from the bytes alone (RFC 9112, and against it)."""

from collections.abc import Callable
from dataclasses import dataclass
import re
import zlib

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})[^\n]{0,512}\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK = re.compile(rb"[ \t\r\n]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHUNK_LINE = re.compile(rb"\r\n[0-9a-fA-F]{1,8}[ \t]*(?:;[^\r\n]{0,100})?\r\n")
_ENVELOPE = re.compile(rb"<(?:[\w.-]{1,40}:)?Envelope[\s>]")
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]{1,40}:)?Envelope\s*>")
_TAIL = 1024
_FIRST = 4 * 1024
_SEARCHED = 16 * 1024
_PICTURE, _PICTURE_END = b"\xff\xd8", b"\xff\xd9"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer read to its end, whatever its status."""

    status: int
    content_type: str
    body: bytes
    challenges: tuple[str, ...] = ()
    location: str = ""


def is_whole(body: bytes | bytearray) -> bool:
    """Return whether a body has come to its own end: an envelope's, or a picture's."""
    tail = bytes(body[-_TAIL:]).replace(b"\0", b"")
    if _ENVELOPE_END.search(tail):
        return True
    return body.startswith(_PICTURE) and tail.rstrip().endswith(_PICTURE_END)


def is_cut(body: bytes | bytearray) -> bool:
    """Return whether a body has begun as an envelope or a picture, and has no end."""
    first = bytes(body[:_FIRST]).replace(b"\0", b"")
    has_begun = body.startswith(_PICTURE) or _ENVELOPE.search(first)
    return bool(has_begun) and not is_whole(body)


def unpack(body: bytes, limit: int) -> bytes:
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


def read_answer(data: bytes) -> HttpAnswer | None:
    """Return the answer in whatever a device sent until it stopped; None for none.

    Bytes before the status line, interim answers, folded and unreadable header lines,
    a wrong length, broken chunks and a missing head are read over.
    """
    found = _STATUS.search(data, 0, _SEARCHED)
    while found and found[1].startswith(b"1"):
        found = _STATUS.search(data, found.end())
    if found is None:
        return HttpAnswer(200, "", data) if is_whole(data) else None
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

    def header(name: str) -> str:
        return headers.get(name, [""])[-1]

    if "chunked" in header("transfer-encoding").lower():
        body = _joined(body)
    length = header("content-length")
    if length.isascii() and length.isdigit() and len(length) < 10:
        told = body[: int(length)]
        body = body if is_whole(body) and not is_whole(told) else told
    return HttpAnswer(
        int(found[1]),
        header("content-type").partition(";")[0].strip().lower(),
        body,
        tuple(headers.get("www-authenticate", ())),
        header("location"),
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
