"""The source on 127.0.0.1 that serves one child and nobody else."""

from collections.abc import Callable, Iterator
import socket
import time

import pytest

from custom_components.vtrack_nvr.core.live.loopback import LoopbackSource

REPORT = b"$\x01\x00\x04\x80\xc9\x00\x01"


class Visitor:
    """Somebody who connects."""

    def __init__(self, source: LoopbackSource) -> None:
        self.source = source
        port = int(source.url.split(":")[2].split("/")[0])
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.setblocking(False)
        self.number = 0

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, method: str, url: str = "") -> None:
        self.number += 1
        url = url or self.source.url
        self.say(f"{method} {url} RTSP/1.0\r\nCSeq: {self.number}\r\n\r\n".encode())

    def hears(self, seconds: float = 10.0) -> bytes:
        """Return what comes next, b"" where the connection is closed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.source.pump()
            try:
                return self.socket.recv(65536)
            except BlockingIOError:
                time.sleep(0.005)
            except ConnectionError:
                return b""
        raise AssertionError("nothing comes")


@pytest.fixture
def source(socket_enabled: None) -> Iterator[LoopbackSource]:
    source = LoopbackSource("v=0\r\n")
    yield source
    source.close()


@pytest.fixture
def visit(source: LoopbackSource) -> Iterator[Callable[[], Visitor]]:
    came: list[Visitor] = []

    def make() -> Visitor:
        came.append(Visitor(source))
        return came[-1]

    yield make
    for visitor in came:
        visitor.socket.close()


def test_the_child_is_served(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    child = visit()
    for method, said in (
        ("OPTIONS", b"Public:"),
        ("DESCRIBE", b"\r\n\r\nv=0\r\n"),
        ("SETUP", b"interleaved=0-1"),
        ("PLAY", b"Session: 1"),
    ):
        assert not source.is_playing
        child.ask(method)
        answer = child.hears()
        assert answer.startswith(b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n" % child.number)
        assert said in answer
    assert source.is_playing
    source.send(b"$\0\0\1x")
    assert source.unsent == 5
    assert child.hears() == b"$\0\0\1x"
    assert source.unsent == 0
    child.say(REPORT[:2])
    source.pump()
    child.say(REPORT[2:6])
    source.pump()
    child.say(REPORT[6:] + REPORT)
    child.ask("GET_PARAMETER")
    assert b"CSeq: 5" in child.hears()
    source.finish()
    assert child.hears() == b""


def test_strangers_are_sent_away(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    wrong, noisy, silent, gone = (visit() for _ in range(4))
    wrong.ask("DESCRIBE", source.url[:-1] + "?")
    noisy.say(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 20_000)
    gone.socket.close()
    assert wrong.hears() == b""
    assert noisy.hears() == b""
    child = visit()
    child.ask("OPTIONS")
    assert child.hears().startswith(b"RTSP/1.0 200")
    assert silent.hears() == b"", "the door closes behind the child"


def test_a_crowd_does_not_keep_the_child_out(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    crowd = []
    for _ in range(20):
        crowd.append(visit())
        source.pump()
    assert crowd[0].hears() == b""
    child = visit()
    child.ask("OPTIONS")
    assert child.hears().startswith(b"RTSP/1.0 200")


def test_a_child_that_reads_nothing_fills_the_queue(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    child = visit()
    child.ask("PLAY")
    child.hears()
    source.send(bytes(32_000_000))
    for _ in range(1000):
        source.pump()
    assert source.unsent > 0
    source.finish()
    assert not source.is_closed


def test_a_child_that_goes_is_noticed(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    child = visit()
    child.ask("PLAY")
    child.hears()
    child.socket.close()
    deadline = time.monotonic() + 10
    while not source.is_closed:
        assert time.monotonic() < deadline
        source.send(b"$\0\0\1x" * 1000)
        source.pump()
    source.finish()


def test_closing_twice_is_nothing(
    source: LoopbackSource, visit: Callable[[], Visitor]
) -> None:
    visitor = visit()
    source.pump()
    source.close()
    source.close()
    assert source.is_closed
    assert visitor.socket.recv(1) == b""
