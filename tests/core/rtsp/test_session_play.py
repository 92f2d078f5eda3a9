"""PLAY: its headers, its answer, and where it goes."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp.parser import DiscardingSink
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from custom_components.vtrack_nvr.core.rtsp.session import match_rtp_times, play_headers
from custom_components.vtrack_nvr.core.rtsp.session_values import PlayRequest, RtpInfo

from .loopback import SDP, Peer
from .sessions import START, Counter, connected, receive_until, start


@pytest.mark.parametrize(
    ("request_", "headers"),
    [
        (PlayRequest(), ()),
        (
            PlayRequest(
                start_ms=START + 1,
                whole_seconds=True,
                immediate=True,
                rate_control=True,
                frames="intra/4000",
                scale=4.0,
                speed=1.5,
            ),
            (
                ("Range", "clock=20260301T071209Z-"),
                ("Rate-Control", "yes"),
                ("Immediate", "yes"),
                ("Frames", "intra/4000"),
                ("Scale", "4.0"),
                ("Speed", "1.5"),
            ),
        ),
    ],
)
def test_play_has_only_the_headers_that_are_asked_for(
    request_: PlayRequest, headers: tuple[tuple[str, str], ...]
) -> None:
    assert play_headers(request_) == headers


def test_play_counts_as_answered_when_media_drowns_the_answer() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        play = peer.expect("PLAY")
        for _ in range(60):
            peer.frame(0, b"\x80\x60" + bytes(1000))
        peer.reply(play, Range="clock=20260301T071209Z-")
        peer.serve_teardown()

    with connected(script, bounds=Bounds(gop_bytes=20_000, receive_bytes=2048)) as (
        session,
        server,
    ):
        sink = Counter()
        session.setup(session.describe().tracks[0])
        answer = session.play(PlayRequest(), sink)
        assert answer.cseq == 4
        assert answer.range_start_ms is None
        receive_until(session, lambda: sink.frames == 60)
    assert server.methods[-1] == "TEARDOWN"


def test_any_other_answer_drowned_in_media_is_an_interruption() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.expect("PAUSE")
        for _ in range(60):
            peer.frame(0, b"\x80\x60" + bytes(1000))
        peer.serve_teardown()

    with connected(script, bounds=Bounds(gop_bytes=20_000, receive_bytes=2048)) as (
        session,
        _,
    ):
        start(session)
        with pytest.raises(NvrError) as error:
            session.pause()
    assert error.value.kind is ErrorKind.INTERRUPTED


def test_pause_and_play_again_on_the_same_session() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.reply(peer.expect("PAUSE"))
        peer.reply(peer.expect("PLAY"))
        peer.serve_teardown()

    with connected(script) as (session, server):
        start(session)
        session.pause()
        session.play(PlayRequest(start_ms=START), DiscardingSink())
    assert server.connections == 1


@pytest.mark.parametrize("status", [459, 460])
def test_play_goes_to_the_url_the_device_wants(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        sdp = SDP.replace("a=control:*", "a=control:aggregate")
        peer.reply(peer.expect("DESCRIBE"), body=sdp.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.reply(peer.expect("PLAY"), status, "Aggregate")
        peer.reply(peer.expect("PLAY"))
        peer.serve_teardown()

    with connected(script) as (session, server):
        track = session.describe().tracks[0]
        session.setup(track)
        session.play(PlayRequest(), DiscardingSink())
    wanted = track.control if status == 459 else server.url
    assert [r.uri for r in server.requests[-3:]] == [
        f"{server.url}/aggregate",
        wanted,
        wanted,
    ]


@pytest.mark.parametrize("status", [457, 460])
def test_a_play_that_stays_refused_is_raised(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.reply(peer.expect("PLAY"), status, "No")
        if status == 457:
            again = peer.expect("PLAY")
            assert again.headers.get("Range") == "npt=0.000-"
            peer.reply(again, status, "No")
        peer.serve_teardown()

    with connected(script) as (session, _):
        session.setup(session.describe().tracks[0])
        with pytest.raises(RtspRefused) as error:
            session.play(PlayRequest(), DiscardingSink())
    assert error.value.status == status


def test_rtp_times_find_their_tracks() -> None:
    with connected(lambda peer: peer.serve_until_play() and peer.serve_teardown()) as (
        session,
        server,
    ):
        tracks = list(session.describe().tracks)
        start(session)
    url = server.url
    assert match_rtp_times(
        (RtpInfo(f"{url}/trackID=1", 1, 5), RtpInfo("trackID=0", 1, None)), tracks
    ) == {1: 5}
    assert match_rtp_times((RtpInfo("a", 1, 5), RtpInfo("b", 2, None)), tracks) == {
        0: 5
    }
    assert match_rtp_times((RtpInfo("", 1, 5),), tracks) == {}
