"""How sessions end: in order, broken, cancelled, torn down."""

# Reads private members: a request is sent that the session itself never sends then.

from dataclasses import replace
from functools import partial
import threading
import time

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.messages import Request

from .loopback import SDP, Peer
from .sessions import WAITS, Counter, connected, receive_until, start


def test_an_orderly_close_is_seen_and_not_an_error() -> None:
    with connected(lambda peer: peer.serve_until_play()) as (session, server):
        start(session)
        receive_until(session, lambda: session.is_closed)
        assert session.receive(0.01) == 0
        session.keep_alive()
    assert "TEARDOWN" not in server.methods


def test_a_reset_is_an_interruption() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.reset()

    with connected(script) as (session, _):
        start(session)
        with pytest.raises(NvrError) as error:
            receive_until(session, lambda: False)
    assert error.value.kind is ErrorKind.INTERRUPTED


def test_a_device_that_ignores_teardown_is_left_after_the_wait() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        while isinstance(peer.read(), Request):
            pass

    with connected(script, waits=replace(WAITS, teardown=0.3)) as (session, _):
        start(session)
        began = time.monotonic()
        session.close()
        session.close()
        assert 0.25 < time.monotonic() - began < 9


def test_media_during_teardown_reaches_no_one() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        request = peer.expect("TEARDOWN")
        for _ in range(20):
            peer.frame(0, b"\x80\x60" + bytes(1000))
        peer.reply(request)

    sink = Counter()
    with connected(script) as (session, _):
        start(session, sink)
    assert sink.frames == 0


def test_nothing_is_torn_down_where_nothing_was_set_up() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.read()

    with connected(script) as (session, server):
        session.describe()
    assert server.methods == ["OPTIONS", "DESCRIBE"]


def test_using_a_session_that_was_never_connected_is_an_interruption() -> None:
    with connected(lambda peer: None) as (session, _):
        with pytest.raises(NvrError) as error:
            session._exchange.ask("OPTIONS", "rtsp://h")
        assert session.receive(0) == 0
    assert error.value.kind is ErrorKind.INTERRUPTED


@pytest.mark.parametrize("step", ["describe", "receive"])
def test_a_cancel_wakes_at_once(step: str) -> None:
    cancel = CancelToken()

    def script(peer: Peer) -> None:
        if step == "describe":
            peer.expect("OPTIONS")
        else:
            peer.serve_until_play()
        threading.Timer(0.05, cancel.cancel, ("enough",)).start()
        peer.read()

    with connected(script, cancel=cancel) as (
        session,
        server,
    ):
        began = time.monotonic()
        if step == "receive":
            start(session)
        wait = (
            session.describe if step == "describe" else partial(session.receive, 30.0)
        )
        with pytest.raises(NvrError) as error:
            wait()
        assert time.monotonic() - began < 9
    assert error.value.kind is ErrorKind.CANCELLED
    assert error.value.detail == "enough"
    assert "TEARDOWN" not in server.methods


def test_silence_instead_of_an_answer_is_a_timeout() -> None:
    with (
        connected(
            lambda peer: peer.read() and peer.read(), waits=replace(WAITS, reply=0.1)
        ) as (session, _),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.TIMEOUT


def test_a_close_instead_of_an_answer_is_an_interruption() -> None:
    with (
        connected(lambda peer: peer.read()) as (session, server),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.INTERRUPTED
    assert server.connections == 3, "OPTIONS, DESCRIBE, and DESCRIBE once more"
