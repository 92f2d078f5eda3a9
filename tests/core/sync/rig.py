"""A small world for stories of the engine: one clock, a library, devices, an engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import random

from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.fetch_job import FetchJob
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipFacts,
    ClipSource,
    CoverageState,
    NvrKey,
)
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.engine import SyncEngine
from custom_components.vtrack_nvr.core.sync.ports import Gate, LiveNow
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    EngineLimits,
    NvrSettings,
    NvrSpec,
)
from custom_components.vtrack_nvr.core.sync.status import CameraStatus, NvrStatus
from tests.core.fakes import (
    FakeDevice,
    FakeFetcher,
    FakeLibrary,
    FakeRecording,
    SimulatedClock,
)

NVR = NvrKey("nvr-1")
CAM = CameraKey("nvr-1/1")
CAM2 = CameraKey("nvr-1/2")
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_100_000
"""A moment on a five-minute border (2026-09-21)."""

assert NOW % (5 * MINUTE) == 0


@dataclass
class EngineRig:
    """Everything a story needs."""

    clock: SimulatedClock
    library: FakeLibrary
    device: FakeDevice
    fetcher: FakeFetcher
    engine: SyncEngine
    devices: dict[NvrKey, FakeDevice] = field(default_factory=dict)

    def record(
        self, ago_ms: int, *, until_ago_ms: int | None = None, token: str = "r1"
    ) -> FakeRecording:
        """Put footage on the device: from `ago_ms` ago on, growing unless it ends."""
        start_ms = self.device.device_now_ms - ago_ms
        recording = FakeRecording(token)
        if until_ago_ms is None:
            recording.grows_since_ms = start_ms
        else:
            end_ms = self.device.device_now_ms - until_ago_ms
            recording.ranges = (TimeRange(start_ms, end_ms),)
        return self.device.add(recording)

    def attach(
        self,
        *cameras: CameraKey,
        settings: CameraSettings | None = None,
        nvr_settings: NvrSettings | None = None,
        gate: Gate | None = None,
        **changes: object,
    ) -> None:
        """Attach the NVR; the n-th camera's recording is called rn."""
        self.engine.attach_nvr(
            NvrSpec(
                NVR,
                self.device,
                {
                    key: CameraSpec(
                        settings or CameraSettings(),
                        (f"r{key.rpartition('/')[2]}",),
                        **changes,
                    )
                    for key in cameras or (CAM,)
                },
                nvr_settings or NvrSettings(),
                gate,
            )
        )

    def kept_ms(self, camera: CameraKey = CAM) -> int:
        """Return how much is kept."""
        return self.library.ms_in(camera, CoverageState.KEPT)

    def ms_in(self, state: CoverageState, camera: CameraKey = CAM) -> int:
        """Return how much is in a state."""
        return self.library.ms_in(camera, state)

    def camera_status(self, camera: CameraKey = CAM) -> CameraStatus:
        """Return a camera's snapshot."""
        found = self.engine.status().camera(NVR, camera)
        assert found is not None
        return found

    def nvr_status(self) -> NvrStatus:
        """Return the NVR's snapshot."""
        return self.engine.status().nvrs[NVR]

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.sleep(seconds)


def make_engine(
    library: FakeLibrary,
    fetcher: FakeFetcher,
    clock: SimulatedClock,
    limits: EngineLimits | None = None,
) -> SyncEngine:
    """Make an engine whose jitter is the same in each run."""
    return SyncEngine(
        library, fetcher, clock, limits, waits=Waits(), rng=random.Random(4)
    )


@asynccontextmanager
async def running(engine: SyncEngine) -> AsyncIterator[None]:
    """Run an engine meanwhile."""
    task = asyncio.get_running_loop().create_task(engine.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await engine.stop()
        await task


@asynccontextmanager
async def a_rig(
    *, limits: EngineLimits | None = None, offset_ms: int = 0, speed: float = 3600.0
) -> AsyncIterator[EngineRig]:
    """Make a world with a running engine."""
    clock = SimulatedClock(NOW)
    library = FakeLibrary(clock)
    device = FakeDevice(clock, offset_ms=offset_ms)
    devices = {NVR: device}

    def device_of(job: FetchJob) -> FakeDevice:
        return devices[NvrKey(job.camera.rpartition("/")[0])]

    fetcher = FakeFetcher(clock, device_of, speed=speed)
    engine = make_engine(library, fetcher, clock, limits)
    async with clock, running(engine):
        yield EngineRig(clock, library, device, fetcher, engine, devices)


class OneGate:
    """An on/off entity."""

    def __init__(self) -> None:
        self.open = False

    def is_open(self, camera: CameraKey) -> bool:
        return self.open


class LiveRecorder:
    """Takes note of what it is asked to record."""

    def __init__(self) -> None:
        self.wanted: list[tuple[CameraKey, TimeRange]] = []
        self.is_about = LiveNow()

    async def want(self, camera: CameraKey, wanted: TimeRange, event: str = "") -> None:
        self.wanted.append((camera, wanted))

    def now(self, camera: CameraKey) -> LiveNow:
        return self.is_about


def keep_live(rig: EngineRig, stretch: TimeRange) -> None:
    """Complete a clip as the live recorder does."""
    start = ClipStart(CAM, stretch.start_ms, stretch.start_ms, 1, ClipSource.LIVE)
    facts = ClipFacts(
        stretch,
        stretch.end_ms,
        stretch.start_ms,
        1,
        1,
        "",
        Codec.H264,
        None,
        1,
        1,
        1,
        source=ClipSource.LIVE,
    )
    rig.library.keep(start, facts)
    rig.engine.notify_kept(CAM, stretch)
