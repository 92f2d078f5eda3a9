"""RTSP messages as a server reads and writes them (RFC 2326)."""

from dataclasses import dataclass, field
from typing import Self

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    413: "Request Entity Too Large",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    457: "Invalid Range",
    459: "Aggregate Operation Not Allowed",
    460: "Only Aggregate Operation Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
    551: "Option not supported",
}
MAX_HEAD = 65536


class MalformedMessageError(Exception):
    """What arrived is no RTSP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    uri: str
    headers: dict[str, str]
    body: bytes = b""

    @classmethod
    def parse(cls, head: bytes, body: bytes) -> Self:
        """Return a request from its head (without the empty line) and body."""
        try:
            lines = head.decode().split("\r\n")
            method, uri, version = lines[0].split(" ")
        except ValueError as error:
            raise MalformedMessageError(head[:80]) from error
        if not version.startswith("RTSP/"):
            raise MalformedMessageError(head[:80])
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise MalformedMessageError(line[:80].encode())
            key = name.strip().lower()
            value = value.strip()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return cls(method, uri, headers, body)


@dataclass(slots=True)
class Response:
    """One answer; header names as they are written."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def encode(self, *, reason: bool = True, lower_case: bool = False) -> bytes:
        """Return the bytes to send."""
        phrase = f" {REASONS.get(self.status, 'Status')}" if reason else ""
        lines = [f"RTSP/1.0 {self.status}{phrase}"]
        headers = list(self.headers)
        if self.body:
            headers.append(("Content-Length", str(len(self.body))))
        lines += [
            f"{name.lower() if lower_case else name}: {value}"
            for name, value in headers
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class RequestReader:
    """Takes bytes as they come, gives requests and interleaved frames in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request | tuple[int, bytes]]:
        """Return what is complete now: requests, or (channel, data) of frames.

        Answers to requests of the server's own are skipped.
        """
        self._buffer += data
        found: list[Request | tuple[int, bytes]] = []
        while self._buffer:
            if self._buffer[0] == 0x24:
                if len(self._buffer) < 4:
                    break
                size = int.from_bytes(self._buffer[2:4])
                if len(self._buffer) < 4 + size:
                    break
                found.append((self._buffer[1], bytes(self._buffer[4 : 4 + size])))
                del self._buffer[: 4 + size]
                continue
            if self._buffer[:2] == b"\r\n":
                del self._buffer[:2]
                continue
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    raise MalformedMessageError(b"head too long")
                break
            head = bytes(self._buffer[:end])
            size = _content_length(head)
            if len(self._buffer) < end + 4 + size:
                break
            body = bytes(self._buffer[end + 4 : end + 4 + size])
            del self._buffer[: end + 4 + size]
            if not head.startswith(b"RTSP/"):
                found.append(Request.parse(head, body))
        return found


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            try:
                return max(0, int(value))
            except ValueError as error:
                raise MalformedMessageError(line[:80]) from error
    return 0
