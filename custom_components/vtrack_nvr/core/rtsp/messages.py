"""RTSP requests and responses, to bytes and back (RFC 2326 4-7)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import Final, override

type HeaderItems = tuple[tuple[str, str], ...]

_STATUS_LINE = re.compile(
    r"(RTSP|HTTP)/\d[\d.]{0,4}[ \t]+(\d{3})(?!\d)[ \t]*(.*)", re.IGNORECASE
)
_REQUEST_LINE = re.compile(r"([A-Z][A-Z_]{1,30}) +(\S+) +RTSP/(\d)\.(\d) *")
_ODD = re.compile(r"[^ -~]")
_BLANKS: Final = " \t"
_LONGEST_REASON: Final = 80
_TOO_LONG: Final = 10**9
_TEXT: Final = ("utf-8", "surrogateescape")


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

    __hash__ = None  # type: ignore[assignment]  # Python has it so

    @override
    def __repr__(self) -> str:
        """Show names only: values may be secret."""
        return f"Headers({', '.join(name for name, _ in self.items)})"

    def number(self, name: str) -> int | None:
        """Return a value that is a number of nine digits at most, else None."""
        text = self.get(name).strip()
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None

    @property
    def body_length(self) -> int:
        """Return the announced length of the body, 0 where there is none that is one.

        A number that is too long to be read stays a number that is too large.
        """
        text = self.get("Content-Length").strip()
        if not re.fullmatch(r"[0-9]+", text):
            return 0
        return int(text[-9:]) if not text[:-9].strip("0") else _TOO_LONG


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


type RtspMessage = Request | Response


def parse_head(head: bytes) -> RtspMessage:
    """Read a start line and headers (without the blank line after them).

    Raises `MessageDefectError` only. The reason phrase may be missing; header lines
    without a colon are skipped, folded ones (RFC 2326 4.2) joined. CR and LF each end a
    line by themselves, too (RFC 2326 4). What is no UTF-8 in a header goes out again as
    the bytes that came: devices compare what they said.
    """
    text = head.decode(*_TEXT).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    items: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in {" ", "\t"} and items:
            name, value = items[-1]
            items[-1] = (name, f"{value} {line.strip(_BLANKS)}")
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            items.append((name.strip(), value.strip(_BLANKS)))
    headers = Headers(items)
    if match := _STATUS_LINE.fullmatch(lines[0].strip()):
        return Response(
            int(match[2]), _shown(match[3]), headers, protocol=match[1].upper()
        )
    if match := _REQUEST_LINE.fullmatch(lines[0]):
        return Request(match[1], match[2], headers)
    msg = "neither a status line nor a request line"
    raise MessageDefectError(msg)


def _shown(reason: str) -> str:
    """Return a reason phrase that can stand in a log, whatever the device wrote."""
    return _ODD.sub("?", reason).strip()[:_LONGEST_REASON]


def _encode(line: str, headers: Headers, body: bytes) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers.items)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in item or "\n" in item for item in lines):
        msg = "line break inside a header"
        raise ValueError(msg)
    return "\r\n".join((*lines, "", "")).encode(*_TEXT) + body
