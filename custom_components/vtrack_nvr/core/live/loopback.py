"""A tiny RTSP source on 127.0.0.1 that serves one stream to one child (RFC 2326).

Nobody else can read it: the path cannot be guessed, the door closes behind the first who
knows it, and nothing it tells is a secret of the camera.
"""

from contextlib import suppress
import re
import secrets
import socket
from typing import Final

_HOST: Final = "127.0.0.1"
_REQUEST: Final = re.compile(rb"([A-Z_]{3,16}) (\S{1,512}) RTSP/1\.0\r\n")
_CSEQ: Final = re.compile(rb"\r\nCSeq:\s*([0-9]{1,9})\s*\r\n", re.IGNORECASE)
_LARGEST_REQUEST: Final = 16 * 1024
_READ: Final = 64 * 1024
_VISITORS: Final = 8
_SESSION: Final = "1"


class _Visitor:
    """A connection and what it has sent so far."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.received = bytearray()

    def read(self) -> bool:
        """Take what is there; say whether the connection still stands."""
        try:
            data = self.connection.recv(_READ)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.received += data
        return bool(data)

    def requests(self) -> list[tuple[bytes, bytes, bytes]]:
        """Return (method, URL, number) of the whole requests; reports are passed over."""
        found = []
        received = self.received
        while received:
            if received[0] == 0x24:
                end = 4 + int.from_bytes(received[2:4]) if len(received) >= 4 else 4
                if len(received) < end:
                    break
                del received[:end]
                continue
            end = received.find(b"\r\n\r\n")
            if end < 0:
                break
            head = bytes(received[: end + 4])
            del received[: end + 4]
            request, number = _REQUEST.match(head), _CSEQ.search(head)
            if request and number:
                found.append((request[1], request[2], number[1]))
        return found


class LoopbackSource:
    """Call `pump` often; nothing blocks, nothing is resent. For one thread."""

    def __init__(self, description: str) -> None:
        """Listen on a free port; `description` is the SDP, with one media at `track`."""
        self._description = description.encode()
        self._path = secrets.token_urlsafe(24)
        self._listener: socket.socket | None = socket.create_server((_HOST, 0))
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        self.url = f"rtsp://{_HOST}:{port}/{self._path}"
        self.is_playing = False
        """The child has asked for the stream."""
        self.is_closed = False
        """The child has closed the connection."""
        self._visitors: list[_Visitor] = []
        self._child: _Visitor | None = None
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """Return how many bytes wait for the child."""
        return len(self._unsent)

    def send(self, data: bytes | bytearray) -> None:
        """Queue whole interleaved frames; only while it is playing."""
        assert self.is_playing
        self._unsent += data

    def pump(self) -> None:
        """Answer and send what can be without waiting."""
        if self._child is None:
            self._welcome()
        if child := self._child:
            self.is_closed |= not child.read()
            for method, _url, number in child.requests():
                self._answer(method, number)
            self._write(child)

    def finish(self) -> None:
        """Say that nothing more will come, once everything is sent."""
        if self._child and not self._unsent:
            with suppress(OSError):
                self._child.connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of everything; never raises."""
        if self._listener:
            self._listener.close()
            self._listener = None
        for visitor in self._visitors:
            visitor.connection.close()
        self._visitors.clear()
        if self._child:
            self._child.connection.close()
        self.is_closed = True

    def _welcome(self) -> None:
        """Find out who of those who connected is the child."""
        assert self._listener
        with suppress(BlockingIOError, ConnectionError):
            while True:
                connection, _ = self._listener.accept()
                self._visitors.append(_Visitor(connection))
        while len(self._visitors) > _VISITORS:
            self._visitors.pop(0).connection.close()
        for visitor in [*self._visitors]:
            is_there = visitor.read()
            requests = visitor.requests()
            if requests and self._knows_path(requests[0][1]):
                self._visitors.remove(visitor)
                self._child = visitor
                self._close_door()
                for method, _url, number in requests:
                    self._answer(method, number)
                return
            if not is_there or requests or len(visitor.received) > _LARGEST_REQUEST:
                self._visitors.remove(visitor)
                visitor.connection.close()

    def _knows_path(self, url: bytes) -> bool:
        path = url.decode("ascii", "replace").rpartition("/")[2]
        return secrets.compare_digest(path.encode(), self._path.encode())

    def _close_door(self) -> None:
        assert self._listener
        self._listener.close()
        self._listener = None
        for visitor in self._visitors:
            visitor.connection.close()
        self._visitors.clear()

    def _answer(self, method: bytes, number: bytes) -> None:
        lines = [b"RTSP/1.0 200 OK", b"CSeq: " + number]
        body = b""
        if method == b"OPTIONS":
            lines.append(b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == b"DESCRIBE":
            body = self._description
            lines += [
                b"Content-Base: " + self.url.encode() + b"/",
                b"Content-Type: application/sdp",
                b"Content-Length: " + str(len(body)).encode(),
            ]
        elif method == b"SETUP":
            lines += [
                b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1",
                b"Session: " + _SESSION.encode() + b";timeout=600",
            ]
        else:
            lines.append(b"Session: " + _SESSION.encode())
        self.is_playing |= method == b"PLAY"
        self._unsent += b"\r\n".join([*lines, b"", b""]) + body

    def _write(self, child: _Visitor) -> None:
        try:
            while self._unsent:
                with memoryview(self._unsent)[:_READ] as part:
                    sent = child.connection.send(part)
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:
            self.is_closed = True
            self._unsent.clear()
