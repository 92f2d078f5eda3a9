"""Keep-alives while media flows, and what the device asks of its own accord."""

from dataclasses import replace
import time

import pytest

from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from custom_components.vtrack_nvr.core.rtsp.messages import Request, Response
from custom_components.vtrack_nvr.core.rtsp.session_values import Notice
from tests.insides import keep_alives_of

from .loopback import SDP, Peer
from .sessions import WAITS, Counter, connected, receive_until, start


def test_keep_alives_go_out_unasked_and_nobody_waits_for_them() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play(session="S1;timeout=1")
        peer.expect("GET_PARAMETER")
        while not peer.frames:
            assert peer.read() is not None
        peer.frame(0, b"\x80\x60" + bytes(20))
        peer.serve_teardown()

    with connected(script) as (session, server):
        sink = Counter()
        session.send_with_keep_alives(1, b"\x80\xc9\0\1abcd")
        start(session, sink)
        keep_alives_of(session).due = 0
        session.receive(0.0)
        keep_alives_of(session).due = 0
        receive_until(session, lambda: sink.frames > 0)
    keep_alive = next(r for r in server.requests if r.method == "GET_PARAMETER")
    assert keep_alive.headers.get("Session") == "S1"


def test_keep_alives_are_due_after_half_the_timeout() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play(session="S1;timeout=40")
        peer.serve_teardown()

    with connected(script) as (session, _):
        before = time.monotonic()
        start(session)
        planned = keep_alives_of(session).due - 20
        assert before <= planned <= time.monotonic()


def test_a_device_without_get_parameter_gets_options() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"), Public="OPTIONS, DESCRIBE, SETUP, PLAY")
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.serve_teardown()

    with connected(script) as (session, server):
        session.setup(session.describe().tracks[0])
        keep_alives_of(session).due = 0
        session.keep_alive()
        receive_until(session, lambda: server.methods.count("OPTIONS") == 2)


def test_a_refused_get_parameter_is_followed_by_options() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.reply(peer.expect("GET_PARAMETER"), 501, "Not Implemented")
        peer.reply(peer.expect("OPTIONS"))
        peer.frame(0, b"\x80\x60" + bytes(20))
        peer.serve_teardown()

    with connected(script) as (session, _):
        sink = Counter()
        start(session, sink)
        keep_alives_of(session).due = 0
        receive_until(session, lambda: keep_alives_of(session).way == "OPTIONS")
        keep_alives_of(session).due = 0
        receive_until(session, lambda: sink.frames > 0)


def test_only_receiver_reports_where_requests_are_taken_for_garbage() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.serve_teardown()
        assert peer.frames == [(1, b"\x80\xc9\0\1abcd")]

    habits = DeviceHabits()
    habits.know(DevicePolicy(frozenset({Quirk.RTCP_KEEP_ALIVE})))
    with connected(script, habits=habits) as (session, server):
        session.send_with_keep_alives(1, b"\x80\xc9\0\1abcd")
        start(session)
        keep_alives_of(session).due = 0
        session.keep_alive()
    assert "GET_PARAMETER" not in server.methods


@pytest.mark.parametrize(
    ("head", "notice"),
    [
        (b"ANNOUNCE", Notice.END_OF_STREAM),
        (b"SET_PARAMETER", Notice.START_REACHED),
        (b"TEARDOWN", Notice.TERMINATED),
        (b"OPTIONS", None),
        (b"FLY", None),
    ],
)
def test_the_device_may_ask_too(head: bytes, notice: Notice | None) -> None:
    answers: list[object] = []

    def script(peer: Peer) -> None:
        peer.serve_until_play()
        code = notice or ""
        peer.send(
            head
            + f" rtsp://h/a RTSP/1.0\r\nCSeq: 9\r\nx-notice: {code} x\r\n\r\n".encode()
        )
        answers.append(peer.read())
        peer.frame(0, b"\x80\x60" + bytes(20))
        peer.serve_teardown()

    with connected(script) as (session, _):
        sink = Counter()
        start(session, sink)
        receive_until(session, lambda: sink.frames > 0)
        assert session.notice is notice
    assert getattr(answers[0], "status", 0) == (501 if head == b"FLY" else 200)


def test_a_lost_session_is_an_interruption() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        while isinstance(request := peer.read(), Request):
            peer.reply(request, 454, "Session Not Found")

    waits = replace(WAITS, forgotten=0.2)
    with connected(script, waits=waits) as (session, server):
        start(session)
        keep_alives_of(session).due = 0
        with pytest.raises(NvrError) as error:
            receive_until(session, lambda: False)
    assert error.value.kind is ErrorKind.INTERRUPTED
    assert "TEARDOWN" not in server.methods


def test_what_a_device_puts_into_its_headers_breaks_no_answer() -> None:
    answers: list[object] = []

    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.send(b"OPTIONS rtsp://h/a RTSP/1.0\r\nCSeq: 9\rEvil: 1\xff\r\n\r\n")
        answers.append(peer.read())
        peer.frame(0, b"\x80\x60" + bytes(20))
        peer.serve_teardown()

    with connected(script) as (session, _):
        sink = Counter()
        start(session, sink)
        receive_until(session, lambda: sink.frames > 0)
    assert isinstance(answers[0], Response)
    assert answers[0].status == 200
    assert answers[0].headers.get("CSeq") == "9"
