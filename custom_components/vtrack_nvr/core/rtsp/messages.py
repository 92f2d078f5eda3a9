"""RTSP requests and responses, to bytes and back (RFC 2326 4-7)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import override

type HeaderItems = tuple[tuple[str, str], ...]

_STATUS_LINE = re.compile(r"(RTSP|HTTP)/(\d)\.(\d) +(\d{3})(?: +(.*))?")
_REQUEST_LINE = re.compile(r"([A-Z][A-Z_]{1,30}) +(\S+) +RTSP/(\d)\.(\d) *")


class MessageDefectError(ValueError):
    """These bytes are not an RTSP message; the message says why."""


class Headers:
    """Header lines in order; names are compared without case."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        """Keep the lines as they came."""
        self.items: HeaderItems = tuple(items)

    def get(self, name: str, default: str = "") -> str:
        """Return the first value."""
        name = name.lower()
        for found, value in self.items:
            if found.lower() == name:
                return value
        return default

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values."""
        name = name.lower()
        return tuple(value for found, value in self.items if found.lower() == name)

    @override
    def __eq__(self, other: object) -> bool:
        """Compare as lists of lines."""
        return isinstance(other, Headers) and other.items == self.items

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        """Show names only: values may be secret."""
        return f"Headers({', '.join(name for name, _ in self.items)})"

    def number(self, name: str) -> int | None:
        """Return a value that is a number, else None."""
        text = self.get(name).strip()
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


@dataclass(frozen=True, slots=True)
class Request:
    """A request, ours or the device's."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes; a Content-Length is added where there is a body."""
        return _encode(f"{self.method} {self.uri} RTSP/1.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """A response. `protocol` is RTSP, or HTTP where a web server answered."""

    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    protocol: str = "RTSP"

    def encode(self) -> bytes:
        """Return the bytes; a Content-Length is added where there is a body."""
        line = f"{self.protocol}/1.0 {self.status} {self.reason}".rstrip()
        return _encode(line, self.headers, self.body)


type Message = Request | Response


def parse_head(head: bytes) -> Message:
    """Read a start line and headers (without the blank line after them).

    Raises `MessageDefectError` only. The reason phrase may be missing; header lines
    without a colon are skipped, folded ones (RFC 2326 4.2) joined.
    """
    lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    items: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in {" ", "\t"} and items:
            name, value = items[-1]
            items[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            items.append((name.strip(), value.strip()))
    headers = Headers(items)
    if match := _STATUS_LINE.fullmatch(lines[0].strip()):
        return Response(
            int(match[4]), (match[5] or "").strip(), headers, protocol=match[1]
        )
    if match := _REQUEST_LINE.fullmatch(lines[0]):
        return Request(match[1], match[2], headers)
    msg = "neither a status line nor a request line"
    raise MessageDefectError(msg)


def _encode(line: str, headers: Headers, body: bytes) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers.items)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in item or "\n" in item for item in lines):
        msg = "line break inside a header"
        raise ValueError(msg)
    return "\r\n".join((*lines, "", "")).encode("utf-8") + body
