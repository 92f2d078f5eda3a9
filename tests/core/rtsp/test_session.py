"""A session from its description to its media."""

# Reads private members: the address of requests is made once and seen only by devices.

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.endpoint import Endpoint, Transport
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from custom_components.vtrack_nvr.core.rtsp.session import RtspSession
from custom_components.vtrack_nvr.core.rtsp.session_values import PlayRequest

from .loopback import SDP, Peer
from .sessions import START, WAITS, Counter, connected, receive_until


def test_a_whole_replay_session() -> None:
    answers = []

    def script(peer: Peer) -> None:
        peer.serve_until_play(
            Range="clock=20260301T071208.960Z-20260301T081000Z",
            RTP_Info="url=trackID=0;seq=5;rtptime=100,url=trackID=1;seq=9;rtptime=7",
            Scale="1.0",
            Speed="2.0",
        )
        peer.frame(0, b"\x80\x60" + bytes(50))
        peer.serve_teardown()

    with connected(script) as (session, server):
        sink = Counter()
        described = session.describe()
        for track in described.tracks:
            session.setup(track, require_replay=True)
        answers.append(
            session.play(
                PlayRequest(
                    start_ms=START,
                    end_ms=START + 1000,
                    require_replay=True,
                    rate_control=False,
                ),
                sink,
            )
        )
        receive_until(session, lambda: sink.frames > 0)
        assert session.received > 50
    answer = answers[0]
    assert answer.cseq == 5
    assert answer.range_start_ms == START - 40
    assert answer.rtp_times == {0: 100, 1: 7}
    assert (answer.scale, answer.speed) == (1.0, 2.0)
    assert server.methods == [
        "OPTIONS",
        "DESCRIBE",
        "SETUP",
        "SETUP",
        "PLAY",
        "TEARDOWN",
    ]
    setup, play = server.requests[2], server.requests[4]
    assert setup.uri == f"{server.url}/trackID=0"
    assert setup.headers.get("Require") == "onvif-replay"
    assert setup.headers.get("Transport").endswith("interleaved=0-1")
    assert server.requests[3].headers.get("Transport").endswith("interleaved=2-3")
    assert play.uri == server.url
    assert play.headers.get("Range") == (
        "clock=20260301T071209.000Z-20260301T071210.000Z"
    )
    assert play.headers.get("Rate-Control") == "no"
    assert play.headers.get("Session") == "S1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, ErrorKind.NO_PERMISSION),
        (404, ErrorKind.GONE),
        (453, ErrorKind.BUSY),
        (503, ErrorKind.BUSY),
        (400, ErrorKind.PROTOCOL),
    ],
)
def test_a_refused_describe_says_why(status: int, kind: ErrorKind) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), status, "No")
        peer.read()

    with connected(script) as (session, server), pytest.raises(RtspRefused) as error:
        session.describe()
    assert (error.value.status, error.value.kind) == (status, kind)
    assert error.value.where == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("status", [401, 403, 405, 500, 503])
def test_refused_options_are_no_reason_to_stop(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"), status, "No")
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.read()

    with connected(script) as (session, _):
        assert len(session.describe().tracks) == 2


@pytest.mark.parametrize("hangs_up", [True, False])
def test_options_that_get_no_answer_are_not_asked_again(hangs_up: bool) -> None:
    def script(peer: Peer) -> None:
        request = peer.read()
        if request is not None and request.method == "OPTIONS":
            if not hangs_up:
                peer.read()
            return
        peer.reply(request, body=SDP.encode())
        peer.read()

    habits = DeviceHabits()
    waits = WAITS if hangs_up else replace(WAITS, reply=0.3)
    with connected(script, waits=waits, habits=habits) as (session, server):
        assert len(session.describe().tracks) == 2
        assert server.connections == 2
    with connected(script, habits=habits) as (session, server):
        assert len(session.describe().tracks) == 2
        assert [r.method for r in server.requests] == ["DESCRIBE"]


@pytest.mark.parametrize("extra", [None, 2, 40])
@pytest.mark.parametrize("closes", [True, False])
def test_a_description_ends_where_silence_begins(
    extra: int | None, closes: bool
) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        request = peer.expect("DESCRIBE")
        length = "" if extra is None else f"Content-Length: {len(SDP) + extra}\r\n"
        head = f"CSeq: {request.headers.get('CSeq')}\r\nContent-Type: application/sdp"
        peer.send(f"RTSP/1.0 200 OK\r\n{head}\r\n{length}\r\n".encode())
        peer.send(SDP[:40].encode())
        peer.send(SDP[40:].encode())
        if not closes:
            peer.read()

    with connected(script, waits=replace(WAITS, body_quiet=0.2)) as (session, _):
        assert len(session.describe().tracks) == 2


@pytest.mark.parametrize("status", [301, 302])
def test_a_description_is_fetched_where_the_device_has_it(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), status, "Moved", Location="/other")
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.serve_teardown()

    with connected(script) as (session, server):
        session.setup(session.describe().tracks[0])
        port = server.port
        uris = [r.uri for r in server.requests[2:4]]
    assert uris[0] == f"rtsp://127.0.0.1:{port}/other"
    assert uris[1].startswith(uris[0])


def test_a_device_that_sends_on_and_on_is_followed_twice() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        for number in range(3):
            peer.reply(peer.expect("DESCRIBE"), 302, "Moved", Location=f"/{number}")
        peer.read()

    with connected(script) as (session, _), pytest.raises(RtspRefused):
        session.describe()


def test_the_tags_of_a_551_are_named() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), 551, "Option", Unsupported="onvif-replay")
        peer.read()

    with connected(script) as (session, _):
        track = session.describe().tracks[0]
        with pytest.raises(RtspRefused) as error:
            session.setup(track, require_replay=True)
    assert error.value.unsupported == ("onvif-replay",)


def test_an_empty_description_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=b"v=0")
        peer.read()

    with connected(script) as (session, _), pytest.raises(NvrError) as error:
        session.describe()
    assert error.value.kind is ErrorKind.PROTOCOL


def test_content_base_is_where_controls_begin() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(
            peer.expect("DESCRIBE"),
            body=SDP.encode(),
            Content_Base="rtsp://10.0.0.1/inner/",
        )
        peer.read()

    with connected(script) as (session, server):
        described = session.describe()
    host = f"rtsp://127.0.0.1:{server.port}"
    assert described.control == f"{host}/inner/"
    assert described.tracks[0].control == f"{host}/inner/trackID=0"


def test_a_channel_granted_twice_is_a_copied_answer() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        for _ in range(2):
            peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.serve_teardown()

    with connected(script) as (session, _):
        tracks = session.describe().tracks
        channels = [session.setup(track).media for track in tracks]
    assert channels == [0, 2]


def test_channels_the_device_chose_and_channels_it_keeps_silent_about() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=4-5")
        peer.reply(peer.expect("SETUP"), Session="S")
        peer.serve_teardown()

    with connected(script) as (session, _):
        first, second = (session.setup(t) for t in session.describe().tracks)
    assert (first.media, first.control) == (4, 5)
    assert (second.media, second.control) == (6, 7)


def test_a_web_server_is_named() -> None:
    def script(peer: Peer) -> None:
        peer.expect("OPTIONS")
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.read()

    with connected(script) as (session, _), pytest.raises(NvrError, match="web server"):
        session.describe()


def test_inside_a_tunnel_requests_still_name_rtsp_urls() -> None:
    session = RtspSession(
        Endpoint("https://u:p@h:8443/rec?x=1", transport=Transport.HTTP_TUNNEL),
        clock=SystemClock(),
        waits=WAITS,
        bounds=Bounds(),
        cancel=CancelToken(),
    )
    assert session._request_url == "rtsp://h:8443/rec?x=1"
    session.close()
