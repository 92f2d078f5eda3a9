"""A simulated device, a folder that takes clips, and fetches between them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
import threading
import time
from typing import override

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clip_sink import ClipSink, ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.download.fetch import Fetch
from custom_components.vtrack_nvr.core.download.replay import ReplaySettings
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.fetch_job import (
    FetchJob,
    FetchOutcome,
    FetchProgress,
    ReplaySource,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.models import CameraKey, ClipFacts, ClockEra
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.simulator.footage import FootageStore, gop_starts, read_pictures
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.serving import serving
from tests.simulator.timeline import ManualClock, Stretch, Timeline, frame_number

BASE = 1_795_000_000_000
"""2026-11-18T11:06:40Z, where the recordings begin."""
NOW = BASE + 3_600_000
CAMERA = CameraKey("sim/1")
FURTHER_MS = Bounds().gop_ms
"""A fetch asks for this much more than it wants."""
WAITS = Waits(
    connect=2.0,
    reply=2.0,
    first_packet=10.0,
    idle=0.5,
    end_quiet=0.15,
    terminal_quiet=0.1,
    last_unit_quiet=0.25,
    teardown=0.3,
    retry=(0.01, 0.01, 0.02, 0.02, 0.02),
)


class DeviceTime(SystemClock):
    """The host's clock as the test sets it; waiting is real."""

    now = NOW

    @override
    def now_ms(self) -> int:
        return self.now


@dataclass
class FolderSink(ClipSink):
    """Keeps finished clips in a folder, as the library would."""

    folder: Path
    opened: list[ClipStart] = field(default_factory=list)
    clips: list[tuple[Path, ClipFacts]] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    left: list[ClipTarget] = field(default_factory=list)
    fail_finish: NvrError | None = None
    fail_room: NvrError | None = None
    room_checks: int = 0

    @override
    def open(self, start: ClipStart) -> ClipTarget:
        self.opened.append(start)
        number = len(self.opened)
        return ClipTarget(number, self.folder / f".{number}.part", start)

    @override
    def check_room(self, target: ClipTarget) -> None:
        self.room_checks += 1
        if self.fail_room:
            raise self.fail_room

    @override
    def finish(self, target: ClipTarget, facts: ClipFacts) -> None:
        if self.fail_finish:
            raise self.fail_finish
        path = self.folder / f"{target.clip_id}.mp4"
        target.part_path.rename(path)
        self.clips.append((path, facts))

    @override
    def abandon(self, target: ClipTarget, reason: str) -> None:
        target.part_path.unlink(missing_ok=True)
        self.abandoned.append(reason)

    @override
    def leave(self, target: ClipTarget, error: NvrError) -> None:
        self.left.append(target)

    def pictures(self) -> list[tuple[int, int]]:
        """Return (number, burnt-in time) of all pictures, clip by clip."""
        return [
            (item.picture.number, item.picture.time_ms)
            for path, _ in self.clips
            for item in read_pictures(path)
        ]


@pytest.fixture(scope="session")
def footage() -> FootageStore:
    return FootageStore()


@pytest.fixture
def device_clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def timeline() -> Timeline:
    """Return twelve seconds, a gap of a minute, four seconds."""
    return Timeline("REC", "Door", BASE, [Stretch(0, 12_000), Stretch(72_000, 4000)])


@pytest.fixture
def faults() -> RtspFaults:
    return RtspFaults()


@pytest.fixture
def server(
    socket_enabled: None,
    footage: FootageStore,
    device_clock: ManualClock,
    timeline: Timeline,
    faults: RtspFaults,
) -> Iterator[RtspServer]:
    with serving(timeline, device_clock, footage, faults) as running:
        yield running


@pytest.fixture
def sink(tmp_path: Path) -> FolderSink:
    return FolderSink(tmp_path)


@pytest.fixture
def make_job(server: RtspServer) -> Callable[..., FetchJob]:
    def make(start: int = 0, end: int = 12_000, **options: object) -> FetchJob:
        return FetchJob(
            CAMERA,
            "REC",
            ReplaySource(
                Endpoint(f"rtsp://127.0.0.1:{server.port}/rec", "admin", "secret")
            ),
            TimeRange(BASE + start, BASE + end),
            options.pop("era", ClockEra(1, 0, 0)),
            **options,
        )

    return make


@dataclass
class Runner:
    """Runs fetches in this thread."""

    make_job: Callable[..., FetchJob]
    sink: FolderSink
    clock: DeviceTime = field(default_factory=DeviceTime)
    cancel: CancelToken = field(default_factory=CancelToken)
    waits: Waits = WAITS
    bounds: Bounds = field(default_factory=Bounds)
    password: str = "secret"
    habits: DeviceHabits = field(default_factory=DeviceHabits)
    reports: list[FetchProgress] = field(default_factory=list)
    should_yield: Callable[[], bool] = lambda: False
    warm: Callable[[TimeRange], None] = lambda _: None
    """Encodes footage beforehand: that takes long enough on a busy machine to count as
    silence."""
    seconds: float = 0.0

    @contextmanager
    def cancel_after(self, seconds: float) -> Iterator[None]:
        """Cancel from another thread, whose end is waited for."""
        timer = threading.Timer(seconds, self.cancel.cancel)
        timer.start()
        try:
            yield
        finally:
            timer.join()

    def __call__(
        self, *span: int, job: FetchJob | None = None, **options
    ) -> FetchOutcome:
        job = job or self.make_job(*span, **options)
        self.warm(job.device_range)
        settings = ReplaySettings(
            replace(job.replay.endpoint, password=self.password, habits=self.habits),
            None,
            self.clock,
            self.waits,
            self.bounds,
            self.cancel,
            job.with_audio,
        )
        begun = time.monotonic()
        outcome = Fetch(
            job,
            self.sink,
            settings,
            cancel=self.cancel,
            progress=self.reports.append,
            should_yield=self.should_yield,
            check=check_tables,
        ).run()
        self.seconds = time.monotonic() - begun
        return outcome


@pytest.fixture
def fetch(
    make_job: Callable[..., FetchJob],
    sink: FolderSink,
    timeline: Timeline,
    footage: FootageStore,
) -> Runner:
    def warm(wanted: TimeRange) -> None:
        for span in timeline.spans(NOW):
            for start, count in () if span.is_open else gop_starts(span):
                if start < wanted.end_ms + FURTHER_MS:
                    footage.gop(span.look, start, count)

    return Runner(make_job, sink, warm=warm)


def frames(start: int, end: int) -> list[tuple[int, int]]:
    """Return (number, time) of the pictures in a span after BASE."""
    return [(frame_number(BASE + at), BASE + at) for at in range(start, end, 100)]


def check_clips(sink: FolderSink) -> None:
    """Prove that every clip is what its facts say, picture by picture."""
    for path, facts in sink.clips:
        shown = read_pictures(path)
        assert facts.frames == len(shown)
        assert facts.size_bytes == path.stat().st_size
        offset = facts.range.start_ms - facts.device_start_ms
        for item in shown:
            expected = facts.range.start_ms + round(item.pts_ms)
            assert abs(item.picture.time_ms + offset - expected) <= 1
        assert abs(shown[-1].picture.time_ms + offset - facts.last_frame_ms) <= 1
    for (_, one), (_, two) in pairwise(sink.clips):
        assert one.range.end_ms <= two.range.start_ms


def gaps(outcome: FetchOutcome) -> list[tuple[int, int, str]]:
    """Return the gaps of an outcome after BASE, with their reasons."""
    return [
        (gap.device_range.start_ms - BASE, gap.device_range.end_ms - BASE, gap.reason)
        for gap in outcome.gaps
    ]
