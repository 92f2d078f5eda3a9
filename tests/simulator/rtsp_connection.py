"""One client's connection: bytes in and out, replies slipped between media."""

# Reads private members: the socket of the tunnel is closed from outside.

from collections import deque
from collections.abc import Callable
import contextlib
import socket
import ssl
import struct
import threading
import time

POLL_SECONDS = 0.2
HELD_BYTES, HELD_SECONDS = 2_000_000, 2.0
"""How much media, or time, an answer waits behind with `replies_behind_media`."""


class ConnectionGoneError(OSError):
    """The client, or we, closed the connection."""


class Connection:
    """A socket written by two threads (answers, media) and read by one.

    Media is written whole; an answer goes out before the next piece of media, so it can
    be stuck behind what the client has not read yet, as on real devices.
    """

    is_tunnel = False

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.settimeout(POLL_SECONDS)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._write_lock = threading.Lock()
        self._replies: deque[tuple[bytes, int, float]] = deque()
        self._media_bytes = 0
        self._closed = threading.Event()
        self._deaf = False
        self.hold_replies = False

    @property
    def closed(self) -> bool:
        """Return whether nothing can be sent any more."""
        return self._closed.is_set()

    # --- Reading -----------------------------------------------------------------------

    def receive(self) -> bytes | None:
        """Return bytes, b"" at the end of the stream, None if nothing came for a while."""
        if self.closed:
            return b""
        try:
            return self._sock.recv(65536)
        except TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError:
            self._flush()
            return None
        except OSError, ValueError:
            return b""

    # --- Writing -----------------------------------------------------------------------

    def send_reply(self, data: bytes) -> None:
        """Send an answer, or leave it to the thread that is sending media."""
        if self._deaf:
            return
        held = self.hold_replies
        self._replies.append(
            (
                data,
                self._media_bytes + HELD_BYTES if held else 0,
                time.monotonic() + HELD_SECONDS if held else 0.0,
            )
        )
        self._flush()

    def send_media(self, data: bytes | memoryview) -> None:
        """Send media, waiting while the client does not read."""
        with self._write_lock:
            self._write_replies()
            self._write(data)
            self._media_bytes += len(data)
        self._flush()

    def _flush(self) -> None:
        while self._reply_due() and self._write_lock.acquire(blocking=False):
            try:
                self._write_replies()
            except OSError:
                return
            finally:
                self._write_lock.release()

    def _reply_due(self) -> bool:
        if not self._replies or self.closed:
            return False
        _, at_bytes, at_time = self._replies[0]
        return self._media_bytes >= at_bytes or time.monotonic() >= at_time

    def _write_replies(self) -> None:
        while self._reply_due():
            self._write(self._replies.popleft()[0])

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            if self.closed:
                raise ConnectionGoneError
            try:
                sent = self._sock.send(view)
            except TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError:
                continue
            except (OSError, ValueError) as error:
                raise ConnectionGoneError from error
            view = view[sent:]

    # --- Ending ------------------------------------------------------------------------

    def go_deaf(self) -> None:
        """Answer nothing any more."""
        self._deaf = True

    def half_close(self) -> None:
        """End our half of the connection (FIN), go on reading."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def abort(self, *, reset: bool) -> None:
        """Close: with FIN after what was sent, or with RST."""
        if reset:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
        self._closed.set()
        with contextlib.suppress(OSError):
            if not reset:
                self._sock.shutdown(socket.SHUT_WR)
                self._drain()
        self._sock.close()

    def _drain(self) -> None:
        """Read what has arrived: closing a socket with unread bytes would reset it."""
        self._sock.setblocking(False)
        with contextlib.suppress(OSError):
            while self._sock.recv(65536):
                pass


class TunnelConnection(Connection):
    """RTSP through HTTP (ST §5.1.1.5): reads base64 from one socket, writes to another."""

    is_tunnel = True

    def __init__(self, get: Connection, read: Callable[[], bytes | None]) -> None:
        super().__init__(get._sock)
        self._read = read

    def receive(self) -> bytes | None:
        """Return decoded bytes of the POST connection."""
        data = self._read()
        if data is None:
            self._flush()
        return data
