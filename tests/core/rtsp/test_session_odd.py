"""Devices that mean another URL, another port or another transport than they say."""

from dataclasses import replace
import socket
from unittest.mock import patch

import pytest

from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp import wire
from custom_components.vtrack_nvr.core.rtsp.session_values import PlayRequest
from tests.insides import keep_alives_of

from .loopback import SDP, Peer
from .sessions import WAITS, Counter, connected, receive_until, start


def device(peer: Peer, found: str, *, silent: bool = False, base: str = "") -> None:
    """Serve tracks at one URL only, without its host and port."""
    channel = 0
    while (request := peer.read()) is not None:
        path = "/" + request.uri.partition("://")[2].partition("/")[2]
        if request.method == "DESCRIBE":
            headers = {"Content_Base": base} if base else {}
            peer.reply(request, body=SDP.encode(), **headers)
        elif request.method == "SETUP" and not path.startswith(found):
            if not silent:
                peer.reply(request, 404, "Stream Not Found")
        elif request.method == "SETUP":
            name = f"RTP/AVP/TCP;interleaved={channel}-{channel + 1}"
            peer.reply(request, Session="S;timeout=60", Transport=name)
            channel += 2
        else:
            peer.reply(request)
        if request.method == "TEARDOWN":
            return


@pytest.mark.parametrize(
    ("found", "silent"),
    [
        ("/rec/1?token=A/trackID=", False),
        ("/rec/1/trackID=", False),
        ("/rec/trackID=", False),
        ("/elsewhere/trackID=", False),
        ("/rec/1?token=A/trackID=", True),
        ("/elsewhere/trackID=", True),
    ],
)
def test_a_track_is_found_where_the_device_means_it(found: str, silent: bool) -> None:
    waits = replace(WAITS, reply=0.3) if silent else WAITS

    def script(peer: Peer) -> None:
        device(peer, found, silent=silent, base="rtsp://10.0.0.1/elsewhere/")

    with connected(script, waits=waits) as (session, server):
        start(session)
    play = next(r for r in server.requests if r.method == "PLAY")
    assert f"rtsp://127.0.0.1:{server.port}/" in play.uri
    if found.startswith("/rec/1?"):
        assert play.uri == server.url


def test_what_was_found_out_about_one_track_holds_for_the_next() -> None:
    def script(peer: Peer) -> None:
        device(peer, "/rec/1?token=A/trackID=", base="/nowhere/")

    with connected(script) as (session, server):
        start(session)
    assert server.methods.count("SETUP") == 3


@pytest.mark.parametrize(
    ("status", "tries"), [(404, 6), (500, 6), (461, 1), (453, 1), (403, 1)]
)
def test_urls_are_tried_within_bounds_and_the_first_refusal_is_told(
    status: int, tries: int
) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode(), Content_Base="/nowhere/")
        while (request := peer.read()) is not None:
            peer.reply(request, status, "No" if len(server.requests) < 4 else "Later")

    with connected(script, bounds=Bounds(setup_urls=6)) as (session, server):
        track = session.describe().tracks[0]
        with pytest.raises(NvrError) as error:
            session.setup(track)
    assert error.value.detail.startswith(f"SETUP: {status} No")
    assert server.methods.count("SETUP") == tries


@pytest.mark.parametrize("answer", ["RTP/AVP;client_port=1-2;server_port=3-4", None])
def test_a_device_that_sends_over_udp_only_is_told_apart(answer: str | None) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        setup = peer.expect("SETUP")
        if answer:
            peer.reply(setup, Session="S", Transport=answer)
        else:
            peer.reply(setup, 461, "Unsupported Transport")
        peer.serve_teardown()

    with connected(script) as (session, _):
        track = session.describe().tracks[0]
        with pytest.raises(NvrError) as error:
            session.setup(track)
    assert error.value.kind is ErrorKind.UDP_ONLY


def test_channels_are_found_among_256() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=254-255")
        second = peer.expect("SETUP")
        assert "interleaved=0-1" in second.headers.get("Transport")
        peer.reply(second)
        peer.serve_teardown()

    with connected(script) as (session, _):
        found = [session.setup(track).media for track in session.describe().tracks]
    assert found == [254, 0]


# Ports


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_where_nobody_answers_the_usual_ports_are_tried() -> None:
    def script(peer: Peer) -> None:
        device(peer, "/")

    habits = DeviceHabits()
    url = f"rtsp://127.0.0.1:{closed_port()}/rec/1"
    with connected(script, url=url, habits=habits) as (session, server):
        with patch.object(wire, "_USUAL_PORTS", (closed_port(), server.port)):
            session.describe()
        assert habits.port == server.port


def test_a_device_that_answered_once_is_not_looked_for_elsewhere() -> None:
    """What answers at another port may be another camera behind the same router."""

    def script(peer: Peer) -> None:
        device(peer, "/")

    habits = DeviceHabits()
    port = closed_port()
    habits.port = port
    url = f"rtsp://127.0.0.1:{port}/rec/1"
    with connected(script, url=url, habits=habits) as (session, server):
        usual = patch.object(wire, "_USUAL_PORTS", (server.port,))
        with usual, pytest.raises(NvrError) as error:
            session.describe()
    assert error.value.kind is ErrorKind.UNREACHABLE
    assert server.connections == 0


# Keep-alives that a device refuses while it goes on sending


@pytest.mark.parametrize("status", [400, 404, 405, 451, 454, 455, 500, 501, 551])
def test_a_refused_keep_alive_amid_media_is_no_broken_session(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play(session="S1;timeout=60")
        peer.reply(peer.expect("GET_PARAMETER"), status, "No")
        for _ in range(5):
            peer.frame(0, b"\x80\x60" + bytes(20))
        peer.reply(peer.expect("OPTIONS"))
        peer.frame(0, b"\x80\x60" + bytes(20))
        peer.serve_teardown()

    sink, habits = Counter(), DeviceHabits()
    with connected(script, habits=habits) as (session, _):
        start(session, sink)
        keep_alives_of(session).due = 0
        receive_until(session, lambda: sink.frames == 6)
        receive_until(session, lambda: habits.keep_alive is not None)
        assert not session.is_forgotten
    assert habits.keep_alive == "OPTIONS"


def test_http_in_the_status_line_is_rtsp_where_it_counts_requests() -> None:
    def script(peer: Peer) -> None:
        request = peer.expect("OPTIONS")
        number = request.headers.get("CSeq")
        peer.send(f"http/1.1 200 Okay, dude\r\ncseq: {number}\n\n".encode())
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.serve_teardown()

    with connected(script) as (session, _):
        assert session.describe().tracks


def test_play_is_asked_at_the_url_of_the_request_where_the_other_is_unknown() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        sdp = SDP.replace("a=control:*", "a=control:aggregate")
        peer.reply(peer.expect("DESCRIBE"), body=sdp.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.reply(peer.expect("PLAY"), 404, "Not Found")
        assert peer.expect("PLAY").uri == server.url
        peer.reply(server.requests[-1])
        peer.serve_teardown()

    with connected(script) as (session, server):
        session.setup(session.describe().tracks[0])
        session.play(PlayRequest(), Counter())


@pytest.mark.parametrize("status", [404, 459])
def test_a_play_refused_at_every_url_is_raised_as_it_was_first(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        sdp = SDP.replace("a=control:*", "a=control:aggregate")
        peer.reply(peer.expect("DESCRIBE"), body=sdp.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.reply(peer.expect("PLAY"), status, "First")
        while (request := peer.read()) is not None:
            peer.reply(request, 457, "Then")

    with connected(script) as (session, server):
        session.setup(session.describe().tracks[0])
        with pytest.raises(NvrError) as error:
            session.play(PlayRequest(), Counter())
    assert error.value.detail == f"PLAY: {status} First"
    assert server.methods.count("PLAY") == (2 if status == 404 else 3)
