"""A recorder of a simulated camera, with everything it told."""

from collections.abc import Callable
from pathlib import Path
import time
from typing import override

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.live.live_values import (
    LiveGap,
    LiveSpec,
    LiveStatus,
)
from custom_components.vtrack_nvr.core.live.recorder import LiveRecorder
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.download.conftest import FolderSink
from tests.lateness import Lateness
from tests.simulator.footage import read_pictures
from tests.simulator.rtsp_server import RtspServer

CAMERA = CameraKey("sim/1")
WAITS = Waits(
    connect=1.0,
    reply=1.0,
    live_start=1.0,
    live_stall=0.8,
    teardown=0.2,
    live_retry=(0.05, 0.1, 0.3),
)
NEVER_MS = 10**13
"""No wall-clock border of a clip this long lies near: files are cut by events only."""


class JumpingClock(SystemClock):
    """The host's clock, set by somebody."""

    ahead_ms = 0

    @override
    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


class RecorderRig:
    """A recorder with everything it told."""

    def __init__(self, server: RtspServer, folder: Path) -> None:
        self.server = server
        self.sink = FolderSink(folder)
        self.lateness = Lateness()
        self.password = "secret"
        self.states: list[LiveStatus] = []
        self.gaps: list[LiveGap] = []
        self.recorder: LiveRecorder | None = None

    def endpoint(self, _cancel: object = None) -> Endpoint:
        url = f"rtsp://127.0.0.1:{self.server.port}/live"
        return Endpoint(url, "admin", self.password)

    def start(
        self,
        bounds: Bounds | None = None,
        clock: SystemClock | None = None,
        waits: Waits = WAITS,
        **options,
    ) -> LiveRecorder:
        options.setdefault("clip_ms", NEVER_MS)
        self.recorder = LiveRecorder(
            LiveSpec(CAMERA, self.endpoint, **options),
            self.sink,
            clock=clock or SystemClock(),
            waits=waits,
            bounds=bounds,
            on_status=self.states.append,
            on_gap=self.gaps.append,
        )
        self.recorder.start()
        return self.recorder

    def wait(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.states
            time.sleep(0.02)

    def recorded_for(self, seconds: float) -> Callable[[], bool]:
        """Return a condition: a picture this much later than now was written."""
        due = time.time() + seconds

        def check() -> bool:
            last = self.recorder.status.last_picture_ms if self.recorder else None
            return last is not None and last / 1000 >= due

        return check

    def check(self, bound_ms: int = 400) -> list[int]:
        """Prove dates and order of all pictures; return their numbers."""
        numbers: list[int] = []
        for path, facts in self.sink.clips:
            shown = read_pictures(path)
            assert facts.source is ClipSource.LIVE
            assert facts.frames == len(shown)
            for item in shown:
                dated = facts.range.start_ms + item.pts_ms
                bound = bound_ms + self.lateness.allowance_ms
                assert abs(dated - item.picture.time_ms) < bound
            numbers += [item.picture.number for item in shown]
        assert numbers == sorted(set(numbers))
        return numbers
