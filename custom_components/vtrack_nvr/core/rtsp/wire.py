"""Sockets of an RTSP connection: plain TCP, TLS, and two HTTP connections as a tunnel.

The only file of the room that touches the network. A wire belongs to one thread; only
`abort` may be called from others, and wakes whatever the thread is waiting in.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
import errno
from functools import partial
import secrets
import select
import socket
import ssl
import time
from typing import override

from ..cancel import CancelToken
from ..endpoint import Endpoint, Transport, WireTap
from ..errors import ErrorKind, NvrError
from ..policy import Bounds, Waits
from .tunnel import (
    POST_LENGTH,
    build_get,
    build_post,
    encode_message,
    read_tunnel_answer,
)
from .urls import DEFAULT_PORTS, RtspUrl, parse_url

_USUAL_PORTS = (554, 8554)


class Wire(ABC):
    """Bytes to and from a device. Everything raised is `NvrError`."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of `data` within the reply wait, or raise INTERRUPTED."""

    @abstractmethod
    def receive_into(self, view: memoryview, timeout_s: float) -> int | None:
        """Return how many bytes were read: 0 at an orderly end, None when none came.

        A timeout of 0 only looks. Raises INTERRUPTED when the connection broke.
        """

    @abstractmethod
    def close(self) -> None:
        """Close; never raises."""


def open_wire(
    endpoint: Endpoint, waits: Waits, bounds: Bounds, cancel: CancelToken
) -> Wire:
    """Connect, at another port of the host where none answers at the URL's.

    Raises UNREACHABLE, TIMEOUT, TLS, UNSUPPORTED (no tunnel), CANCELLED.
    """
    wire = _open(endpoint, waits, bounds, cancel)
    return TappedWire(wire, endpoint.tap) if endpoint.tap else wire


def _open(
    endpoint: Endpoint, waits: Waits, bounds: Bounds, cancel: CancelToken
) -> Wire:
    url = parse_url(endpoint.url)
    if endpoint.transport is Transport.HTTP_TUNNEL:
        return TunnelWire(endpoint, url, waits, bounds, cancel)
    if url.scheme in {"http", "https"}:
        raise NvrError(ErrorKind.UNSUPPORTED, "the device offers RTSP in HTTP only")
    habits = endpoint.habits
    first: NvrError | None = None
    for port in _ports(url, habits.port):
        try:
            wire = SocketWire(url, port, endpoint.tls, waits, cancel)
        except NvrError as error:
            if error.kind is not ErrorKind.UNREACHABLE:
                raise
            first = first or error
        else:
            habits.port = port
            return wire
    assert first
    raise first


def _ports(url: RtspUrl, known: int | None) -> tuple[int, ...]:
    """Return the ports to try: the URL's, then where RTSP answered before.

    Before it answered anywhere, the usual ones: web services may name a port that was
    changed since. Once one has answered, silence there is silence.
    """
    named = url.port_or_default()
    usual = (DEFAULT_PORTS["rtsps"],) if url.is_tls else _USUAL_PORTS
    return tuple(dict.fromkeys((named, *((known,) if known else usual))))


class SocketWire(Wire):
    """One connected socket that a cancel shuts down at once."""

    def __init__(
        self,
        url: RtspUrl,
        port: int,
        tls: ssl.SSLContext | None,
        waits: Waits,
        cancel: CancelToken,
    ) -> None:
        """Connect; raises as `open_wire`."""
        self.peer = f"{url.host}:{port}"
        self._waits = waits
        self._cancel = cancel
        self._remove_waker: Callable[[], None] = lambda: None
        self._socket: socket.socket = self._connect(url.host, port)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if url.is_tls:
                self._start_tls(url.host, tls)
        except BaseException:
            self.close()
            raise

    @override
    def send(self, data: bytes) -> None:
        self._cancel.check()
        try:
            self._socket.settimeout(self._waits.reply)
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from error

    @override
    def receive_into(self, view: memoryview, timeout_s: float) -> int | None:
        self._cancel.check()
        try:
            self._socket.settimeout(max(0.0, timeout_s))
            count = self._socket.recv_into(view)
            if count and isinstance(self._socket, ssl.SSLSocket):
                count += self._receive_more(self._socket, view[count:])
        except TimeoutError, BlockingIOError, ssl.SSLWantReadError:
            return None
        except OSError as error:
            raise self._broken(error) from error
        if not count:
            self._cancel.check()
        return count

    @staticmethod
    def _receive_more(sock: ssl.SSLSocket, view: memoryview) -> int:
        """Return how much more is there: one read of TLS yields 16 kB at most.

        An end or a failure shows itself again at the next read.
        """
        sock.settimeout(0.0)
        total = 0
        with suppress(OSError):
            while total < len(view) and (count := sock.recv_into(view[total:])):
                total += count
        return total

    @override
    def close(self) -> None:
        self._remove_waker()
        self._socket.close()

    def _connect(self, host: str, port: int) -> socket.socket:
        """Try every address of the host, one after the other, within the connect wait."""
        self._cancel.check()
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NvrError(
                ErrorKind.UNREACHABLE, "the host name is not known", where=self.peer
            ) from error
        last: OSError = OSError("no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            remove = self._cancel.add_waker(partial(_shut_down, sock))
            try:
                self._connect_one(sock, address)
            except OSError as error:
                remove()
                sock.close()
                self._cancel.check()
                last = error
                continue
            self._remove_waker = remove
            return sock
        raise NvrError(
            ErrorKind.UNREACHABLE, _describe(last), where=self.peer
        ) from last

    def _connect_one(self, sock: socket.socket, address: tuple[object, ...]) -> None:
        """Connect without blocking, so that a cancel's shutdown ends the wait."""
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code in {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY}:
            poller = select.poll()
            poller.register(sock, select.POLLOUT)
            if not poller.poll(self._waits.connect * 1000):
                raise TimeoutError(errno.ETIMEDOUT, "no answer")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, "connect failed"))
        if self._cancel.is_cancelled:
            raise OSError(errno.ECANCELED, "cancelled")

    def _start_tls(self, host: str, tls: ssl.SSLContext | None) -> None:
        if tls is None:
            raise NvrError(
                ErrorKind.TLS, "TLS is needed and not configured", where=self.peer
            )
        self._remove_waker()
        self._socket.settimeout(self._waits.connect)
        try:
            sock = tls.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
            self._socket = sock
            self._remove_waker = self._cancel.add_waker(partial(_shut_down, sock))
            sock.do_handshake()
        except TimeoutError as error:
            raise NvrError(
                ErrorKind.TIMEOUT, "no answer to TLS", where=self.peer
            ) from error
        except (OSError, ValueError) as error:
            self._cancel.check()
            raise NvrError(ErrorKind.TLS, _describe(error), where=self.peer) from error

    def _broken(self, error: OSError) -> NvrError:
        if self._cancel.is_cancelled:
            return NvrError(ErrorKind.CANCELLED, self._cancel.reason)
        return NvrError(ErrorKind.INTERRUPTED, _describe(error), where=self.peer)


class TappedWire(Wire):
    """A wire that somebody listens to."""

    def __init__(self, wire: Wire, tap: WireTap) -> None:
        """Own the wire."""
        self._wire = wire
        self._tap = tap

    @override
    def send(self, data: bytes) -> None:
        self._tap.sent(data)
        self._wire.send(data)

    @override
    def receive_into(self, view: memoryview, timeout_s: float) -> int | None:
        count = self._wire.receive_into(view, timeout_s)
        if count:
            self._tap.received(view[:count])
        return count

    @override
    def close(self) -> None:
        self._wire.close()


class TunnelWire(Wire):
    """A GET that never ends for what we hear, a POST for what we say."""

    def __init__(
        self,
        endpoint: Endpoint,
        url: RtspUrl,
        waits: Waits,
        bounds: Bounds,
        cancel: CancelToken,
    ) -> None:
        """Open the GET and read its head; the POST is opened with the first message."""
        self._url = url
        self._tls = endpoint.tls
        self._waits = waits
        self._cancel = cancel
        named = url.port if url.scheme in {"http", "https"} else None
        usual = 443 if url.is_tls else 80
        self._port = named or endpoint.tunnel_port or url.port or usual
        self._cookie = secrets.token_hex(11)
        self._post: SocketWire | None = None
        self._post_left = 0
        self._get = self._open_link()
        try:
            self._get.send(build_get(url, self._cookie))
            self._ahead = self._read_head(bounds.header_bytes)
        except BaseException:
            self._get.close()
            raise

    @override
    def send(self, data: bytes) -> None:
        text = encode_message(data)
        if self._post is None or self._post_left < len(text):
            if self._post:
                self._post.close()
            self._post = self._open_link()
            self._post.send(build_post(self._url, self._cookie))
            self._post_left = POST_LENGTH
        self._post.send(text)
        self._post_left -= len(text)

    @override
    def receive_into(self, view: memoryview, timeout_s: float) -> int | None:
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            return count
        return self._get.receive_into(view, timeout_s)

    @override
    def close(self) -> None:
        self._get.close()
        if self._post:
            self._post.close()

    def _open_link(self) -> SocketWire:
        return SocketWire(self._url, self._port, self._tls, self._waits, self._cancel)

    def _read_head(self, limit: int) -> bytes:
        """Read the GET's answer within the reply wait; return what came behind its head."""
        data = b""
        piece = memoryview(bytearray(4096))
        deadline = time.monotonic() + self._waits.reply
        while True:
            left = deadline - time.monotonic()
            count = self._get.receive_into(piece, left) if left > 0 else None
            if not count:
                raise NvrError(
                    ErrorKind.TIMEOUT if count is None else ErrorKind.UNSUPPORTED,
                    "no answer to the tunnel's GET",
                    where=self._get.peer,
                )
            data += piece[:count]
            rest = read_tunnel_answer(data, limit)
            if rest is not None:
                return rest


def _shut_down(sock: socket.socket) -> None:
    """Wake a thread that waits in the socket, also while it is connecting.

    `SSLSocket.shutdown` would take TLS away under the other thread; the plain one only
    ends the TCP stream, which TLS sees as an end of file.
    """
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _describe(error: Exception) -> str:
    """Return the error's own short text; these never repeat what we sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
