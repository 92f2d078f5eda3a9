"""The stream against the simulated device, with the oddities of its RTSP server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import time
from typing import Any

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint, Transport
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import AccessUnit, TrackKind
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtp.timeline import Anchor, ReplayTimeline
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from custom_components.vtrack_nvr.core.rtsp.session_values import (
    PlayAnswer,
    PlayRequest,
)
from custom_components.vtrack_nvr.core.stream.unit_stream import EndSignal, UnitStream
from tests.simulator.footage import FootageStore
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, Stretch, Timeline

BASE = 1_772_349_120_000
PATH = "/replay/1"
LENGTH_MS = 8_000
WAITS = replace(Waits(), connect=3.0, reply=5.0, teardown=0.5)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FootageStore:
    return FootageStore(tmp_path_factory.mktemp("footage"))


type Serve = Callable[..., RtspServer]


@pytest.fixture
def serve(footage: FootageStore) -> Iterator[Serve]:
    servers: list[RtspServer] = []

    def start(timeline: dict[str, Any] | None = None, **faults: object) -> RtspServer:
        arguments: dict[str, Any] = {
            "stretches": [Stretch(0, LENGTH_MS)],
            "width": 160,
            "height": 90,
        } | (timeline or {})
        server = RtspServer(
            "127.0.0.1",
            0,
            {"viewer": "pass"},
            DeviceClock(),
            {PATH: Timeline("REC", "Gate", BASE, **arguments)},
            {},
            footage=footage,
        )
        server.faults.update(faults)
        server.start_now()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop_now()


@contextmanager
def stream_of(server: RtspServer, **endpoint: object) -> Iterator[UnitStream]:
    scheme = "http" if endpoint.get("transport") is Transport.HTTP_TUNNEL else "rtsp"
    arguments: dict[str, Any] = {"username": "viewer", "password": "pass"}
    guard = endpoint.pop("guard", None)
    with UnitStream(
        Endpoint(f"{scheme}://127.0.0.1:{server.port}{PATH}", **(arguments | endpoint)),
        clock=SystemClock(),
        waits=WAITS,
        bounds=Bounds(),
        cancel=CancelToken(),
        guard=guard,
    ) as stream:
        yield stream


PICTURES = LENGTH_MS // 100


class Replayed:
    """Everything one replay brought until it fell silent or ended.

    A short silence is an end only after all pictures: a busy machine pauses in between.
    """

    def __init__(
        self,
        stream: UnitStream,
        *,
        pictures: int = PICTURES,
        require: bool = True,
        **play: object,
    ) -> None:
        self.tracks = [
            track
            for track in stream.describe().tracks
            if track.format.kind in {TrackKind.VIDEO, TrackKind.AUDIO}
        ]
        for track in self.tracks:
            stream.setup(track, require_replay=require)
        arguments: dict[str, Any] = {
            "start_ms": BASE,
            "end_ms": BASE + LENGTH_MS,
            "require_replay": require,
            "rate_control": False,
        } | play
        self.answer: PlayAnswer = stream.play(PlayRequest(**arguments))
        self.units: list[AccessUnit] = []
        self.holes = 0
        self.ended: EndSignal | None = None
        self.error: NvrError | None = None
        silent_since = time.monotonic()
        while self.ended is None:
            is_whole = len(self.video) >= pictures - 1
            if time.monotonic() - silent_since > (0.5 if is_whole else 5.0):
                break
            try:
                batch = stream.receive(0.05)
            except NvrError as error:
                self.error = error
                batch = stream.drain()
                self.units += batch.units
                break
            if batch.units:
                silent_since = time.monotonic()
            self.units += batch.units
            self.holes += batch.holes
            self.ended = batch.ended
        if self.error is None:
            self.units += stream.finish()

    def of(self, kind: TrackKind) -> list[AccessUnit]:
        index = next(t.index for t in self.tracks if t.format.kind is kind)
        return [unit for unit in self.units if unit.track == index]

    @property
    def video(self) -> list[AccessUnit]:
        return self.of(TrackKind.VIDEO)

    def placed_ms(self) -> list[int]:
        timeline = ReplayTimeline(
            90_000,
            estimate=Anchor(
                (self.answer.range_start_ms or BASE) * 1000,
                self.answer.rtp_times.get(self.video[0].track),
            ),
        )
        return [timeline.place(unit).time_us // 1000 for unit in self.video]


EXPECTED = [BASE + 100 * n for n in range(LENGTH_MS // 100)]


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("audio", [None, "AAC", "PCMU"])
def test_every_frame_arrives_with_its_time(
    serve: Serve, codec: str, audio: str | None
) -> None:
    server = serve({"codec": codec, "audio": audio})
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    assert [unit.time_us for unit in replayed.video] == [t * 1000 for t in EXPECTED]
    assert [n for n, u in enumerate(replayed.video) if u.is_key] == [0, 20, 40, 60]
    assert all(u.is_clean == u.is_key for u in replayed.video)
    assert replayed.video[-1].is_terminal
    assert replayed.holes == 0
    assert not any(unit.is_damaged for unit in replayed.units)
    if audio:
        seconds = LENGTH_MS / 1000
        rate = replayed.tracks[1].format.clock_rate
        sound = replayed.of(TrackKind.AUDIO)
        covered = sound[-1].rtp_time - sound[0].rtp_time & 0xFFFFFFFF
        assert covered / rate == pytest.approx(seconds, abs=0.3)
    assert server.counters.auth_failures == 0
    assert server.counters.malformed == 0


@pytest.mark.parametrize(
    "faults",
    [
        {"extension_everywhere": True},
        {"extension_id": 0xABAD, "extension_extra_words": 4},
        {"packet_size": 60_000},
        {"packet_size": 200},
        {"csrc_and_padding": True},
        {"no_marker": True, "end_of_range": "bye"},
        {"rtp_wraps": True},
        {"garbage_every_frames": 7},
        {"unknown_channel_frames": True},
        {"parameter_sets": "sdp"},
        {"parameter_sets": "in-band"},
        {"play_reply_after_media": True},
        {"server_requests": True},
        {"no_cseq": True},
        {"wrong_cseq": True},
        {"no_reason_phrase": True, "lower_case_headers": True},
        {"timeout_form": "quoted", "no_get_parameter": True},
        {"control": "absolute", "inner_host": "10.9.8.7"},
        {"control": "after-query"},
        {"content_base": "absent"},
        {"content_base": "location"},
        {"content_base": "no-slash"},
        {"challenges": ["sha256"]},
        {"challenges": ["basic", "md5", "sha256"], "qop": False},
        {"sender_reports": "wall", "end_of_range": "bye_compound"},
        {"end_of_range": "bye_bare", "ignore_teardown": True},
        {"end_of_range": "close"},
        {"end_notice": 2101},
    ],
    ids="-".join,
)
def test_oddities_change_nothing_about_the_frames(
    serve: Serve, faults: dict[str, object]
) -> None:
    server = serve({"audio": "AAC"}, **faults)
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    assert [unit.time_us for unit in replayed.video] == [t * 1000 for t in EXPECTED]
    assert replayed.placed_ms() == EXPECTED
    assert all(b"\0\0\0\1\x67" in unit.data for unit in replayed.video if unit.is_key)
    assert replayed.error is None
    assert server.counters.auth_failures == 0
    wanted = {
        "bye": EndSignal.BYE,
        "bye_bare": EndSignal.BYE,
        "bye_compound": EndSignal.BYE,
        "close": EndSignal.CLOSED,
    }.get(str(faults.get("end_of_range")))
    assert replayed.ended is (EndSignal.NOTICE if "end_notice" in faults else wanted)


def test_the_same_frames_come_through_a_tunnel(serve: Serve) -> None:
    server = serve()
    with stream_of(server) as stream:
        direct = Replayed(stream)
    with stream_of(server, transport=Transport.HTTP_TUNNEL) as stream:
        tunnelled = Replayed(stream)
    assert server.counters.tunnels == 1

    assert [u.data for u in tunnelled.video] == [u.data for u in direct.video]
    assert len(direct.video) == len(EXPECTED)


def test_the_tunnel_is_asked_for_by_461(serve: Serve) -> None:
    server = serve(refuse_interleaved=True)
    with stream_of(server) as stream, pytest.raises(RtspRefused) as error:
        Replayed(stream)
    assert error.value.status == 461
    with stream_of(server, transport=Transport.HTTP_TUNNEL) as stream:
        assert len(Replayed(stream).video) == len(EXPECTED)


@pytest.mark.parametrize("restart", [False, True])
def test_a_gap_is_where_it_was_even_if_the_rtp_clock_restarts(
    serve: Serve, restart: bool
) -> None:
    server = serve(
        {"stretches": [Stretch(0, 2000), Stretch(17_000, 2000)]},
        restart_rtp_at_gaps=restart,
    )
    with stream_of(server) as stream:
        replayed = Replayed(stream, end_ms=BASE + 20_000, pictures=40)
    assert replayed.placed_ms() == [
        BASE + start + 100 * n for start in (0, 17_000) for n in range(20)
    ]
    assert replayed.video[20].is_discontinuous


def test_b_frames_keep_their_times(serve: Serve) -> None:
    server = serve({"bframes": 2})
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    placed = replayed.placed_ms()
    assert sorted(placed) == EXPECTED
    assert placed != EXPECTED


def test_without_the_extension_times_are_estimated_from_range_and_rtp_info(
    serve: Serve,
) -> None:
    server = serve(no_extension=True)
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    assert all(unit.time_us is None for unit in replayed.video)
    placed = replayed.placed_ms()
    assert len(placed) == len(EXPECTED)
    assert all(abs(a - b) <= 100 for a, b in zip(placed, EXPECTED, strict=True))


def test_a_start_inside_a_gop_begins_at_the_clean_point_before(serve: Serve) -> None:
    server = serve()
    with stream_of(server) as stream:
        replayed = Replayed(stream, start_ms=BASE + 3_500, pictures=60)
    assert replayed.video[0].time_us == (BASE + 2_000) * 1000
    assert replayed.video[0].is_key


def test_sequence_holes_are_counted_and_damage_units(serve: Serve) -> None:
    server = serve(sequence_hole_every=50, packet_size=300)
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    assert replayed.holes > 0
    damaged = sum(unit.is_damaged for unit in replayed.units)
    assert 0 < damaged <= replayed.holes
    whole = [u.time_us for u in replayed.video if not u.is_damaged]
    assert len(whole) >= len(EXPECTED) - replayed.holes


@pytest.mark.parametrize("fault", ["drop_after_frames", "reset_after_frames"])
def test_a_frame_cut_by_the_end_of_the_connection_is_not_handed_out(
    serve: Serve, fault: str
) -> None:
    server = serve(rate_limit_bytes=200_000, **{fault: 30})
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    times = [unit.time_us for unit in replayed.video]
    assert times == [t * 1000 for t in EXPECTED[: len(times)]]
    assert len(times) <= 31
    assert not any(unit.is_damaged for unit in replayed.video)
    if fault == "drop_after_frames":
        assert replayed.ended is EndSignal.CLOSED
        assert len(times) >= 30
    else:
        assert replayed.error is not None
        assert replayed.error.kind is ErrorKind.INTERRUPTED


@pytest.mark.parametrize(
    ("faults", "status", "kind"),
    [
        ({"refuse_require": True}, 551, ErrorKind.UNSUPPORTED),
        ({"refuse_rate_control": 501}, 501, ErrorKind.UNSUPPORTED),
        ({"refuse_rate_control": 400}, 400, ErrorKind.PROTOCOL),
        ({"refuse_fractions": True}, 457, ErrorKind.NO_FOOTAGE),
        ({"refuse_closed_range": True}, 457, ErrorKind.NO_FOOTAGE),
        ({"busy": True}, 453, ErrorKind.BUSY),
        ({"busy": True, "busy_on_describe": True}, 453, ErrorKind.BUSY),
        ({"not_found": True}, 404, ErrorKind.GONE),
        ({"forbidden": True}, 403, ErrorKind.NO_PERMISSION),
    ],
    ids=str,
)
def test_refusals_are_told_apart(
    serve: Serve, faults: dict[str, object], status: int, kind: ErrorKind
) -> None:
    server = serve(**faults)
    with stream_of(server) as stream, pytest.raises(RtspRefused) as error:
        Replayed(stream)
    assert (error.value.status, error.value.kind) == (status, kind)


@pytest.mark.parametrize(
    ("faults", "play"),
    [
        ({"refuse_require": True}, {"require": False}),
        (
            {"refuse_rate_control": 501, "real_time_factor": 40.0},
            {"rate_control": None},
        ),
        ({"refuse_fractions": True}, {"whole_seconds": True}),
        ({"refuse_closed_range": True}, {"end_ms": None}),
    ],
    ids=str,
)
def test_each_rung_of_the_ladder_plays(
    serve: Serve, faults: dict[str, object], play: dict[str, Any]
) -> None:
    server = serve(**faults)
    with stream_of(server) as stream:
        replayed = Replayed(stream, **play)
    assert len(replayed.video) == len(EXPECTED)


def test_a_wrong_password_costs_one_attempt(serve: Serve) -> None:
    server = serve()
    guard = LoginGuard()
    with (
        stream_of(server, password="wrong", guard=guard) as stream,
        pytest.raises(NvrError) as error,
    ):
        stream.describe()
    assert error.value.kind is ErrorKind.AUTH_REFUSED
    assert server.counters.auth_failures == 1


def test_nonces_that_go_stale_all_the_time_are_renewed(serve: Serve) -> None:
    server = serve(stale_after=0.01)
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    assert len(replayed.video) == len(EXPECTED)


@pytest.mark.parametrize("instead", ["close", "html", "noise"])
def test_what_is_not_rtsp_is_no_hang(serve: Serve, instead: str) -> None:
    server = serve(instead_of_rtsp=instead)
    with stream_of(server) as stream, pytest.raises(NvrError) as error:
        stream.describe()
    assert error.value.kind in {
        ErrorKind.PROTOCOL,
        ErrorKind.INTERRUPTED,
        ErrorKind.TIMEOUT,
    }


def test_a_jump_on_a_running_session_lands_at_once(serve: Serve) -> None:
    server = serve(rate_limit_bytes=30_000)
    with stream_of(server) as stream:
        for track in stream.describe().tracks[:1]:
            stream.setup(track, require_replay=True)
        stream.play(PlayRequest(start_ms=BASE, require_replay=True, rate_control=False))
        stream.receive(1.0)
        answer = stream.play(
            PlayRequest(
                start_ms=BASE + 6000,
                require_replay=True,
                rate_control=False,
                immediate=True,
            )
        )
        units: list[AccessUnit] = []
        deadline = time.monotonic() + 5
        while not any(u.play_cseq == answer.cseq for u in units):
            assert time.monotonic() < deadline
            units += stream.receive(0.1).units
    first = next(u for u in units if u.play_cseq == answer.cseq)
    assert first.time_us == (BASE + 6000) * 1000
    assert first.is_discontinuous


def test_sessions_never_stay_behind(serve: Serve) -> None:
    server = serve(max_sessions=1, leaks_sessions=True)
    for _ in range(3):
        with stream_of(server) as stream:
            assert len(Replayed(stream).video) == len(EXPECTED)


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("parameter_sets", ["sdp", "in-band"])
def test_what_arrives_can_be_decoded_from_any_key_frame(
    serve: Serve, codec: str, parameter_sets: str
) -> None:
    server = serve({"codec": codec}, parameter_sets=parameter_sets)
    with stream_of(server) as stream:
        video = Replayed(stream, start_ms=BASE + 4000, pictures=40).video
    decoder = av.CodecContext.create("hevc" if codec == "H265" else "h264", "r")
    pictures = [p for unit in video for p in decoder.decode(av.Packet(unit.data))]
    pictures += decoder.decode(None)
    assert len(pictures) == len(video) == 40
    assert (pictures[0].width, pictures[0].height) == (160, 90)


def test_the_sound_that_arrives_can_be_decoded(serve: Serve) -> None:
    server = serve({"audio": "AAC"})
    with stream_of(server) as stream:
        replayed = Replayed(stream)
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = replayed.tracks[1].format.config
    sound = replayed.of(TrackKind.AUDIO)
    frames = [f for unit in sound for f in decoder.decode(av.Packet(unit.data))]
    assert len(frames) == len(sound)
