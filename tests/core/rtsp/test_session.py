from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
import re
import threading
import time

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.digest import Challenge, digest_response
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtsp.errors import RtspRefused
from custom_components.vtrack_nvr.core.rtsp.messages import Request
from custom_components.vtrack_nvr.core.rtsp.parser import DiscardingSink, FrameSink
from custom_components.vtrack_nvr.core.rtsp.session import (
    RtspSession,
    match_rtp_times,
    play_headers,
)
from custom_components.vtrack_nvr.core.rtsp.values import (
    Endpoint,
    Notice,
    PlayRequest,
    RtpInfo,
    Transport,
)

from .loopback import SDP, LoopbackServer, Peer

START = 1_772_349_129_000
WAITS = replace(Waits(), connect=2.0, reply=2.0, teardown=0.3, shortest_keep_alive=0.05)
DIGEST = 'Digest realm="NVR", nonce="{}", qop="auth"'


@dataclass
class Counter(FrameSink):
    """Counts the frames that arrive."""

    frames: int = 0
    first: threading.Event = field(default_factory=threading.Event)

    def take(self, view: memoryview, position: int, end: int) -> int:
        while end - position >= 4 and view[position] == 0x24:
            stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
            if stop > end:
                break
            self.frames += 1
            self.first.set()
            position = stop
        return position


@contextmanager
def connected(
    script: Callable[[Peer], None],
    *,
    waits: Waits = WAITS,
    bounds: Bounds | None = None,
    cancel: CancelToken | None = None,
    guard: LoginGuard | None = None,
    **endpoint: object,
) -> Iterator[tuple[RtspSession, LoopbackServer]]:
    with LoopbackServer(script) as server:
        arguments: dict[str, object] = {"username": "admin", "password": "secret"}
        session = RtspSession(
            Endpoint(server.url, **(arguments | endpoint)),  # type: ignore[arg-type]
            clock=SystemClock(),
            waits=waits,
            bounds=bounds or Bounds(),
            cancel=cancel or CancelToken(),
            guard=guard,
        )
        with session:
            yield session, server


def start(session: RtspSession, sink: FrameSink | None = None) -> None:
    for track in session.describe().tracks:
        session.setup(track)
    session.play(PlayRequest(), sink or DiscardingSink())


def receive_until(session: RtspSession, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline
        session.receive(0.05)


def authorized(request: Request, nonce: str) -> bool:
    """Check a digest as a device does."""
    given = dict(
        re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("Authorization"))
    )
    if given.get("nonce") != nonce:
        return False
    challenge = Challenge("digest", "NVR", nonce, None, "", "auth")
    return given["uri"] == request.uri and given["response"] == digest_response(
        challenge,
        request.method,
        request.uri,
        "admin",
        "secret",
        count=int(given["nc"], 16),
        cnonce=given["cnonce"],
    )


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


def protected(peer: Peer, nonces: dict[str, str] | None = None) -> None:
    """Let only good digests through; `nonces` maps a method to the nonce it wants."""
    nonces = nonces or {}
    channel = 0
    while isinstance(request := peer.read(), Request):
        nonce = nonces.get(request.method, "n0")
        if not authorized(request, nonce):
            peer.reply(
                request,
                401,
                "Unauthorized",
                WWW_Authenticate=DIGEST.format(nonce)
                + (', stale="true"' if nonce != "n0" else ""),
            )
            continue
        if request.method == "DESCRIBE":
            peer.reply(request, body=SDP.encode())
        elif request.method == "SETUP":
            peer.reply(
                request, Session="S1;timeout=1", Transport=f"x;interleaved={channel}"
            )
            channel += 2
        else:
            peer.reply(request)
        if request.method == "TEARDOWN":
            return


def test_login_is_answered_once_and_then_sent_along() -> None:
    guard = LoginGuard()
    with connected(protected, guard=guard) as (session, server):
        start(session)
    assert server.methods == [
        "OPTIONS",
        "OPTIONS",
        "DESCRIBE",
        "SETUP",
        "SETUP",
        "PLAY",
        "TEARDOWN",
    ]
    assert not guard.is_locked


def test_a_wrong_password_is_tried_once_and_counted() -> None:
    guard = LoginGuard()
    for is_locked in (False, True):
        with (
            connected(protected, guard=guard, password="wrong") as (session, server),
            pytest.raises(NvrError) as error,
        ):
            session.describe()
        assert error.value.kind is ErrorKind.AUTH_REFUSED
        assert server.methods == ["OPTIONS", "OPTIONS"]
        assert guard.is_locked == is_locked
    with (
        connected(protected, guard=guard) as (session, server),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.AUTH_REFUSED
    assert server.connections == 0


def test_no_login_at_all_is_no_refused_login() -> None:
    guard = LoginGuard()
    with (
        connected(protected, guard=guard, username="") as (session, _),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.AUTH_REFUSED
    guard.refused("rtsp")
    assert not guard.is_locked


def test_a_nonce_that_goes_stale_in_the_middle_is_renewed() -> None:
    with connected(
        lambda peer: protected(peer, {"GET_PARAMETER": "n1", "TEARDOWN": "n1"}),
        waits=replace(WAITS, shortest_keep_alive=0.02),
    ) as (session, server):
        start(session)
        session._exchange._keep_alive_due = 0
        session.keep_alive()
        receive_until(session, lambda: server.methods.count("GET_PARAMETER") == 2)
    assert server.methods.count("TEARDOWN") == 1


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


@pytest.mark.parametrize(
    ("status", "goes_on"), [(405, True), (500, False), (403, False)]
)
def test_refused_options_are_no_reason_to_stop_but_busy_is(
    status: int, goes_on: bool
) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"), status, "No")
        if goes_on:
            peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.read()

    with connected(script) as (session, _):
        if goes_on:
            assert len(session.describe().tracks) == 2
        else:
            with pytest.raises(RtspRefused):
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

    with connected(script) as (session, _):
        described = session.describe()
    assert described.control == "rtsp://10.0.0.1/inner/"
    assert described.tracks[0].control == "rtsp://10.0.0.1/inner/trackID=0"


def test_two_tracks_on_one_channel_are_refused() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        for _ in range(2):
            peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.serve_teardown()

    with connected(script) as (session, _):
        tracks = session.describe().tracks
        session.setup(tracks[0])
        with pytest.raises(NvrError) as error:
            session.setup(tracks[1])
    assert error.value.kind is ErrorKind.PROTOCOL


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
        connected(lambda peer: peer.expect("OPTIONS")) as (session, _),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.INTERRUPTED


def test_a_web_server_is_named() -> None:
    def script(peer: Peer) -> None:
        peer.expect("OPTIONS")
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.read()

    with connected(script) as (session, _), pytest.raises(NvrError, match="web server"):
        session.describe()


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
        peer.serve_teardown()

    with connected(script) as (session, _):
        session.setup(session.describe().tracks[0])
        with pytest.raises(RtspRefused) as error:
            session.play(PlayRequest(), DiscardingSink())
    assert error.value.status == status


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
        session._exchange._keep_alive_due = 0
        session.receive(0.0)
        session._exchange._keep_alive_due = 0
        receive_until(session, lambda: sink.frames > 0)
    keep_alive = next(r for r in server.requests if r.method == "GET_PARAMETER")
    assert keep_alive.headers.get("Session") == "S1"


def test_keep_alives_are_due_after_half_the_timeout() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play(session="S1;timeout=40")
        peer.serve_teardown()

    with connected(script) as (session, _):
        start(session)
        due = session._exchange._keep_alive_due - time.monotonic()
        assert 19 < due <= 20


def test_a_device_without_get_parameter_gets_options() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"), Public="OPTIONS, DESCRIBE, SETUP, PLAY")
        peer.reply(peer.expect("DESCRIBE"), body=SDP.encode())
        peer.reply(peer.expect("SETUP"), Session="S", Transport="x;interleaved=0-1")
        peer.serve_teardown()

    with connected(script) as (session, server):
        session.setup(session.describe().tracks[0])
        session._exchange._keep_alive_due = 0
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
        session._exchange._keep_alive_due = 0
        receive_until(
            session, lambda: session._exchange._keep_alive_method == "OPTIONS"
        )
        session._exchange._keep_alive_due = 0
        receive_until(session, lambda: sink.frames > 0)


def test_only_receiver_reports_where_requests_are_taken_for_garbage() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.serve_teardown()
        assert peer.frames == [(1, b"\x80\xc9\0\1abcd")]

    with connected(script, receiver_reports_only=True) as (session, server):
        session.send_with_keep_alives(1, b"\x80\xc9\0\1abcd")
        start(session)
        session._exchange._keep_alive_due = 0
        session.keep_alive()
    assert "GET_PARAMETER" not in server.methods


def test_a_lost_session_is_an_interruption() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.reply(peer.expect("GET_PARAMETER"), 454, "Session Not Found")
        peer.read()

    with connected(script) as (session, server):
        start(session)
        session._exchange._keep_alive_due = 0
        with pytest.raises(NvrError) as error:
            receive_until(session, lambda: False)
    assert error.value.kind is ErrorKind.INTERRUPTED
    assert "TEARDOWN" not in server.methods


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

    with connected(script) as (session, _):
        start(session)
        began = time.monotonic()
        session.close()
        session.close()
        assert 0.25 < time.monotonic() - began < 1.5


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

    with connected(script, cancel=cancel, waits=replace(WAITS, reply=5.0)) as (
        session,
        server,
    ):
        began = time.monotonic()
        if step == "receive":
            start(session)
        wait = session.describe if step == "describe" else partial(session.receive, 5.0)
        with pytest.raises(NvrError) as error:
            wait()
        assert time.monotonic() - began < 1.5
    assert error.value.kind is ErrorKind.CANCELLED
    assert error.value.detail == "enough"
    assert "TEARDOWN" not in server.methods


def test_neither_errors_nor_reprs_hold_the_password() -> None:
    with connected(protected, password="hunter2") as (session, server):
        with pytest.raises(NvrError) as error:
            session.describe()
        assert (
            "hunter2" not in f"{error.value!r} {error.value} {error.value.__context__}"
        )
    assert "hunter2" not in repr(Endpoint(server.url, "admin", "hunter2"))
    assert all("hunter2" not in str(r.headers.items) for r in server.requests)


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
