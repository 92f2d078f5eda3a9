"""The RTSP side of a simulated device: recordings to replay, and live pictures.

Written from RFC 2326 and the ONVIF Streaming specification, with switches for what real
devices do otherwise (`RtspFaults`). One thread per connection, one per running PLAY.
"""

import asyncio
import base64
from collections import Counter
import contextlib
from dataclasses import dataclass
from pathlib import Path
import socket
import ssl
import threading
import time

from .footage import FootageStore
from .listening import listen
from .rtsp_auth import Authenticator
from .rtsp_connection import Connection, TunnelConnection
from .rtsp_faults import RtspFaults
from .rtsp_feed import BlockStore
from .rtsp_message import MalformedMessageError, Request, RequestReader
from .rtsp_sdp import Media, media_of
from .rtsp_session import Play, RequestHandler
from .timeline import Clock, LiveSource, Timeline

TLS_HANDSHAKE = 0x16
SEND_BUFFER = 1 << 20
TUNNEL_TYPE = "application/x-rtsp-tunnelled"


@dataclass
class Counters:
    """What happened so far."""

    connections: int = 0
    sessions_opened: int = 0
    sessions_most: int = 0
    """Most sessions open at the same time."""
    sessions_expired: int = 0
    auth_failures: int = 0
    """Requests with credentials that were refused; a first knock is none."""
    malformed: int = 0
    tunnels: int = 0


class RtspServer:
    """Serves timelines and live pictures by path; both dicts may change while it runs.

    `port` 0 picks a free one; read it after `start`. `accounts` (user to password) may
    change too; empty: no login. `path_faults` overrides `faults` for single paths. With
    `tls`, TLS clients are served on the same port (rtsps).
    """

    def __init__(
        self,
        host: str,
        port: int,
        accounts: dict[str, str],
        clock: Clock,
        timelines: dict[str, Timeline],
        live: dict[str, LiveSource],
        faults: RtspFaults | None = None,
        *,
        footage: FootageStore | None = None,
        footage_cache: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.clock = clock
        self.timelines = timelines
        self.live = live
        self.faults = RtspFaults() if faults is None else faults
        self.path_faults: dict[str, RtspFaults] = {}
        self.authenticator = Authenticator(accounts)
        self.footage = footage or FootageStore(footage_cache)
        self.blocks = BlockStore(self.footage)
        self.counters = Counters()
        self.requests: Counter[str] = Counter()
        self.plays: list[Play] = []
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[str, float | None] = {}
        self._listener: socket.socket | None = None
        self._threads: set[threading.Thread] = set()
        self._connections: set[Connection] = set()
        self._tunnels: dict[str, Connection] = {}
        self._stopping = threading.Event()

    # --- Life --------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards."""
        await asyncio.to_thread(self.start_now)

    async def stop(self) -> None:
        """Close all connections; returns when every thread has ended."""
        await asyncio.to_thread(self.stop_now)

    def use_tls(self, tls: ssl.SSLContext) -> None:
        """Show another certificate from the next connection on."""
        self._tls = tls

    def start_now(self) -> None:
        """Do what `start` does, for callers without an event loop."""
        listener = listen(self.host, self.port)
        listener.settimeout(0.2)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._stopping.clear()
        self._spawn(self._accept, listener)

    def stop_now(self) -> None:
        """Do what `stop` does, for callers without an event loop."""
        self._stopping.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):  # wakes accept() on Linux
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.drop_connections()
        for _ in ("accepting", "accepted meanwhile"):
            with self._lock:
                threads = list(self._threads)
            for thread in threads:
                thread.join(10)

    def drop_connections(self, *, reset: bool = False) -> None:
        """Close every connection, as a reboot does."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.abort(reset=reset)

    def _spawn(self, target: object, *args: object) -> None:
        def run() -> None:
            try:
                target(*args)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="sim-rtsp", daemon=True)
        with self._lock:  # whoever finds the thread can join it
            self._threads.add(thread)
            thread.start()

    # --- What there is -----------------------------------------------------------------

    def source(self, path: str) -> Timeline | LiveSource | None:
        """Return what is served under a path."""
        return self.timelines.get(path) or self.live.get(path)

    def faults_of(self, path: str) -> RtspFaults:
        """Return the switches that hold for a path."""
        return self.path_faults.get(path, self.faults)

    def media(
        self, path: str, source: Timeline | LiveSource, faults: RtspFaults
    ) -> list[Media]:
        """Return the media a path offers."""
        return media_of(source, self.footage, faults)

    def live_of(self, timeline: Timeline) -> LiveSource | None:
        """Return the live picture of the camera a recording is of."""
        for source in self.live.values():
            if source.camera_name == timeline.camera_name:
                return source
        return None

    # --- Counting ----------------------------------------------------------------------

    @property
    def sessions_open(self) -> int:
        """Return how many sessions are open now, leaked ones included."""
        now = time.monotonic()
        with self._lock:
            for name, until in list(self._open.items()):
                if until is not None and until < now:
                    del self._open[name]
            return len(self._open)

    def session_opened(self, identifier: str) -> None:
        """Note a new session."""
        with self._lock:
            self._open[identifier] = None
            self.counters.sessions_opened += 1
            most = max(self.counters.sessions_most, len(self._open))
            self.counters.sessions_most = most

    def session_closed(self, identifier: str, *, leaked: bool) -> None:
        """Note the end of a session; a leaked one takes room until its timeout."""
        with self._lock:
            if leaked:
                self._open[identifier] = time.monotonic() + self.faults.session_timeout
            else:
                self._open.pop(identifier, None)

    def count_request(self, request: Request) -> None:
        """Note a request."""
        with self._lock:
            self.requests[request.method] += 1

    def count_play(self, play: Play) -> None:
        """Note a PLAY."""
        with self._lock:
            self.plays.append(play)

    def count_auth_failure(self) -> None:
        """Note refused credentials."""
        with self._lock:
            self.counters.auth_failures += 1

    def count_expired(self) -> None:
        """Note a session that timed out."""
        with self._lock:
            self.counters.sessions_expired += 1

    # --- Connections -------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            with self._lock:
                self.counters.connections += 1
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            first = self._first_byte(sock)
            if first and first[0] == TLS_HANDSHAKE and self._tls is not None:
                sock.settimeout(5)
                sock = self._tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        connection = Connection(sock)
        with self._lock:
            self._connections.add(connection)
        try:
            self._talk(connection)
        finally:
            connection.abort(reset=False)
            with self._lock:
                self._connections.discard(connection)

    def _first_byte(self, sock: socket.socket) -> bytes:
        """Return the first byte without taking it; b"" from a client that says none."""
        sock.settimeout(0.2)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not self._stopping.is_set():
            try:
                return sock.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
        return b""

    def _talk(self, connection: Connection) -> None:
        head = b""
        while len(head) < 5:
            data = connection.receive()
            if data == b"":
                return
            if self._stopping.is_set():
                return
            head += data or b""
        if self.faults.instead_of_rtsp is not None:
            self._misbehave(connection)
        elif head.startswith((b"GET /", b"POST ")):
            self._tunnel(connection, head)
        else:
            self._converse(connection, head)

    def _converse(self, connection: Connection, head: bytes) -> None:
        """Answer requests until the connection ends."""
        handler = RequestHandler(self, connection, self.host)
        reader = RequestReader()
        data: bytes | None = head or None
        try:
            while data != b"" and not self._stopping.is_set():
                if data:
                    for item in reader.feed(data):
                        if isinstance(item, Request):
                            handler.handle(item)
                        else:
                            handler.heard_rtcp()
                handler.expire()
                data = connection.receive()
        except MalformedMessageError:
            with self._lock:
                self.counters.malformed += 1
            connection.send_reply(b"RTSP/1.0 400 Bad Request\r\n\r\n")
        except OSError:
            pass
        finally:
            connection.abort(reset=False)
            for session in list(handler.sessions.values()):
                leaked = self.faults_of(session.path).leaks_sessions
                handler.close(session, leaked=leaked)

    def _misbehave(self, connection: Connection) -> None:
        kind = self.faults.instead_of_rtsp
        if kind == "html":
            page = b"<html><body>Please log in</body></html>"
            head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(page)}\r\n\r\n"
            connection.send_reply(head.encode() + page)
        elif kind == "noise":
            connection.send_reply(bytes(range(256)) * 64)
        elif kind == "silence":
            while not self._stopping.is_set() and connection.receive() != b"":
                pass

    # --- RTSP over HTTP ----------------------------------------------------------------

    def _tunnel(self, connection: Connection, data: bytes) -> None:
        """Serve one half of a tunnel (ST §5.1.1.5)."""
        while b"\r\n\r\n" not in data:
            more = connection.receive()
            if more == b"" or len(data) > 65536 or self._stopping.is_set():
                return
            data += more or b""
        head, _, rest = data.partition(b"\r\n\r\n")
        headers = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        cookie = headers.get("x-sessioncookie", "")
        if not cookie:
            connection.send_reply(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        if head.startswith(b"GET "):
            self._tunnel_out(connection, cookie)
        else:
            self._tunnel_in(connection, cookie, rest)

    def _tunnel_out(self, connection: Connection, cookie: str) -> None:
        with self._lock:
            self._tunnels[cookie] = connection
            self.counters.tunnels += 1
        connection.send_reply(
            f"HTTP/1.0 200 OK\r\nContent-Type: {TUNNEL_TYPE}\r\n"
            "Cache-Control: no-store\r\nPragma: no-cache\r\n\r\n".encode()
        )
        while not self._stopping.is_set() and connection.receive() != b"":
            pass
        with self._lock:
            self._tunnels.pop(cookie, None)

    def _tunnel_in(self, connection: Connection, cookie: str, rest: bytes) -> None:
        with self._lock:
            out = self._tunnels.get(cookie)
        if out is None:
            connection.send_reply(b"HTTP/1.0 404 Not Found\r\n\r\n")
            return
        text = bytearray(rest)

        def read() -> bytes | None:
            if out.closed:
                return b""
            data = connection.receive()
            if data is None and not text:
                return None
            if data == b"":
                return b""
            text.extend(part for part in data or b"" if part not in b"\r\n")
            whole = len(text) // 4 * 4
            decoded = _decode_base64(bytes(text[:whole]))
            del text[:whole]
            return decoded or None

        self._converse(TunnelConnection(out, read), b"")


def _decode_base64(text: bytes) -> bytes:
    """Return decoded requests; each may end with padding of its own."""
    return b"".join(
        base64.b64decode(text[start : start + 4]) for start in range(0, len(text), 4)
    )
