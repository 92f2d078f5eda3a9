# Reads private members: the socket is looked at after it is closed.

import base64
from collections.abc import Iterator
from dataclasses import replace
import socket
import ssl
import struct
import threading
import time

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.endpoint import Endpoint, Transport
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtsp.wire import Wire, open_wire
from tests.simulator.tls import self_signed

from .loopback import LoopbackServer, Peer

WAITS = replace(Waits(), connect=30.0, reply=30.0)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """Return the server's context and the path of its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = self_signed("127.0.0.1")
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


def opened(
    url: str, cancel: CancelToken | None = None, waits: Waits = WAITS, **more: object
) -> Wire:
    return open_wire(
        Endpoint(url, **more),
        waits,
        Bounds(),
        cancel or CancelToken(),
    )


def read(wire: Wire, timeout_s: float = 30.0) -> bytes | None:
    buffer = memoryview(bytearray(100_000))
    count = wire.receive_into(buffer, timeout_s)
    return None if count is None else bytes(buffer[:count])


def echo(peer: Peer) -> None:
    while data := peer.sock.recv(65536):
        peer.sock.sendall(data)


def failure(url: str, **more: object) -> NvrError:
    with pytest.raises(NvrError) as error:
        opened(url, **more)
    return error.value


def test_bytes_go_there_and_back() -> None:
    with LoopbackServer(echo) as server:
        wire = opened(server.url)
        assert read(wire, 0) is None
        assert read(wire, -1) is None
        assert read(wire, 0.01) is None
        wire.send(b"hello")
        assert read(wire) == b"hello"
        wire.close()


def test_tls_goes_there_and_back(tls: tuple[ssl.SSLContext, str]) -> None:
    with LoopbackServer(echo, tls[0]) as server:
        wire = opened(server.url, tls=ssl.create_default_context(cafile=tls[1]))
        assert read(wire, 0) is None
        assert read(wire, 0.01) is None
        wire.send(b"hello" * 10_000)
        received = b""
        while len(received) < 50_000:
            received += read(wire) or b""
        assert received == b"hello" * 10_000
        wire.close()


def test_an_unknown_certificate_is_refused_with_its_reason(
    tls: tuple[ssl.SSLContext, str],
) -> None:
    with LoopbackServer(echo, tls[0]) as server:
        error = failure(server.url, tls=ssl.create_default_context())
    assert error.kind is ErrorKind.TLS
    assert "certificate" in error.detail


def test_tls_needs_a_context(tls: tuple[ssl.SSLContext, str]) -> None:
    with LoopbackServer(echo, tls[0]) as server:
        assert failure(server.url).kind is ErrorKind.TLS


def test_a_device_that_does_not_speak_tls_is_named() -> None:
    with LoopbackServer(echo) as server:
        error = failure(
            server.url.replace("rtsp", "rtsps", 1), tls=ssl.create_default_context()
        )
    assert error.kind is ErrorKind.TLS


def test_silence_instead_of_tls_is_a_timeout() -> None:
    def listen(peer: Peer) -> None:
        while peer.sock.recv(4096):
            pass

    with LoopbackServer(listen) as server:
        error = failure(
            server.url.replace("rtsp", "rtsps", 1),
            tls=ssl.create_default_context(),
            waits=replace(WAITS, connect=0.1),
        )
    assert error.kind is ErrorKind.TIMEOUT


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose backlog is full: connecting neither succeeds nor fails."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(server.getsockname())
            waiting.append(sock)
        yield server.getsockname()[1]
        for sock in waiting:
            sock.close()


def test_nobody_at_the_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failure(f"rtsp://127.0.0.1:{port}/")
    assert error.kind is ErrorKind.UNREACHABLE
    assert error.where == f"127.0.0.1:{port}"


def test_no_answer_to_connecting_is_unreachable(full_port: int) -> None:
    error = failure(f"rtsp://127.0.0.1:{full_port}/", waits=replace(WAITS, connect=0.1))
    assert error.kind is ErrorKind.UNREACHABLE


def test_an_unknown_host_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failure("rtsp://nvr.invalid/").kind is ErrorKind.UNREACHABLE


def test_the_next_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    with LoopbackServer(echo) as server:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
            for address in (dead, ("127.0.0.1", server.port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
        wire = opened("rtsp://nvr.lan/")
        wire.send(b"x")
        assert read(wire) == b"x"
        wire.close()


def test_a_cancel_ends_connecting_at_once(full_port: int) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    began = time.monotonic()
    error = failure(
        f"rtsp://127.0.0.1:{full_port}/",
        cancel=cancel,
    )
    timer.join()
    assert error.kind is ErrorKind.CANCELLED
    assert time.monotonic() - began < 15


def test_a_cancel_ends_the_tls_handshake_at_once() -> None:
    cancel = CancelToken()

    def script(peer: Peer) -> None:
        peer.sock.recv(10)
        cancel.cancel("stop")
        peer.sock.recv(10)

    with LoopbackServer(script) as server:
        began = time.monotonic()
        error = failure(
            server.url.replace("rtsp", "rtsps", 1),
            tls=ssl.create_default_context(),
            cancel=cancel,
        )
        assert time.monotonic() - began < 15
    assert error.kind is ErrorKind.CANCELLED


def test_a_cancel_before_or_after_is_seen(tls: tuple[ssl.SSLContext, str]) -> None:
    cancel = CancelToken()
    with LoopbackServer(echo, tls[0]) as server:
        context = ssl.create_default_context(cafile=tls[1])
        wire = opened(server.url, cancel, tls=context)
        threading.Timer(0.05, cancel.cancel).start()
        with pytest.raises(NvrError) as error:
            read(wire)
        assert error.value.kind is ErrorKind.CANCELLED
        with pytest.raises(NvrError) as error:
            wire.send(b"x")
        assert error.value.kind is ErrorKind.CANCELLED
        wire.close()
        assert failure(server.url, cancel=cancel).kind is ErrorKind.CANCELLED


def test_a_peer_that_does_not_read_is_an_interruption() -> None:
    with LoopbackServer(lambda peer: time.sleep(0.4)) as server:
        wire = opened(server.url, waits=replace(WAITS, reply=0.1))
        with pytest.raises(NvrError) as error:
            wire.send(bytes(20_000_000))
        wire.close()
    assert error.value.kind is ErrorKind.INTERRUPTED


def test_a_broken_connection_is_an_interruption_both_ways() -> None:
    def reset_when_spoken_to(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.reset()

    with LoopbackServer(reset_when_spoken_to) as server:
        wire = opened(server.url)
        wire.send(b"x")
        with pytest.raises(NvrError) as error:
            read(wire)
        assert error.value.kind is ErrorKind.INTERRUPTED
        with pytest.raises(NvrError) as error:
            wire.send(b"x")
        assert error.value.kind is ErrorKind.INTERRUPTED
        wire.close()


def test_rtsp_in_http_needs_the_tunnel() -> None:
    assert failure("http://127.0.0.1:1/").kind is ErrorKind.UNSUPPORTED


class TunnelServer:
    """Answers a GET and collects what POSTs bring, joined by their cookie."""

    def __init__(self, answer: bytes = b"HTTP/1.0 200 OK\r\n\r\n") -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.messages = b""
        self.get: socket.socket | None = None
        self.posts = 0

    def __call__(self, peer: Peer) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = peer.sock.recv(4096)
            if not piece:
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        self.heads.append(head.decode())
        if head.startswith(b"GET"):
            self.get = peer.sock
            peer.send(self.answer)
            peer.sock.recv(1)
            return
        self.posts += 1
        while True:
            whole = len(body) // 4 * 4
            message = base64.b64decode(body[:whole])
            body = body[whole:]
            self.messages += message
            assert self.get is not None
            self.get.sendall(message)
            piece = peer.sock.recv(65536)
            if not piece:
                return
            body += piece


def tunnel(url: str, **more: object) -> Wire:
    return opened(url, transport=Transport.HTTP_TUNNEL, **more)


def test_a_tunnel_carries_both_ways() -> None:
    served = TunnelServer(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nAHEAD")
    with LoopbackServer(served) as server:
        wire = tunnel(server.url.replace("rtsp", "http", 1))
        assert read(wire) == b"AHEAD"
        wire.send(b"OPTIONS rtsp://h RTSP/1.0\r\n\r\n")
        assert read(wire) == b"OPTIONS rtsp://h RTSP/1.0\r\n\r\n"
        wire.close()
    assert served.heads[0].startswith("GET /rec/1?token=A HTTP/1.0")
    assert served.heads[1].startswith("POST /rec/1?token=A HTTP/1.0")
    cookies = {
        line for head in served.heads for line in head.split("\r\n") if "cookie" in line
    }
    assert len(cookies) == 1


def test_another_post_is_opened_when_the_first_is_used_up() -> None:
    served = TunnelServer()
    with LoopbackServer(served) as server:
        wire = tunnel("rtsp://127.0.0.1:1/x", tunnel_port=server.port)
        for _ in range(3):
            wire.send(bytes(12_000))
            received = b""
            while len(received) < 12_000:
                received += read(wire) or b""
        wire.close()
    assert served.posts == 2
    assert len(served.messages) == 36_000


@pytest.mark.parametrize(
    ("answer", "reply", "kind"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", 30.0, ErrorKind.UNSUPPORTED),
        (b"", 0.1, ErrorKind.TIMEOUT),
    ],
)
def test_no_tunnel_is_named(answer: bytes, reply: float, kind: ErrorKind) -> None:
    with (
        LoopbackServer(TunnelServer(answer)) as server,
        pytest.raises(NvrError) as error,
    ):
        tunnel(server.url, waits=replace(WAITS, reply=reply))
    assert error.value.kind is kind


def test_a_tunnel_that_opens_for_ever_is_given_up() -> None:
    def drip(peer: Peer) -> None:
        while peer.sock.send(b"X-More: 1\r\n"):
            time.sleep(0.02)

    began = time.monotonic()
    with LoopbackServer(drip) as server, pytest.raises(NvrError) as error:
        tunnel(server.url, waits=replace(WAITS, reply=0.3))
    assert error.value.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 20


def test_a_close_instead_of_the_tunnel_is_unsupported() -> None:
    with (
        LoopbackServer(lambda peer: peer.sock.recv(4096) and None) as server,
        pytest.raises(NvrError) as error,
    ):
        tunnel(server.url)
    assert error.value.kind is ErrorKind.UNSUPPORTED


def test_closing_a_tunnel_that_never_sent_is_fine() -> None:
    with LoopbackServer(TunnelServer()) as server:
        tunnel(server.url).close()


def test_sockets_leave_small_messages_undelayed() -> None:
    with LoopbackServer(echo) as server:
        wire = opened(server.url)
        sock = wire._socket
        assert struct.unpack(
            "i", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 4)
        ) != (0,)
        wire.close()
