"""The engine with the real rooms against a simulated device: SOAP, RTSP, SQLite, MP4."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any, override

import aiohttp
import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.download.downloader import Downloader, Verify
from custom_components.vtrack_nvr.core.fetch_job import FetchJob, FetchOutcome
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import RootConfig
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageSpan,
    CoverageState,
    NvrKey,
)
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.engine import SyncEngine
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    EngineLimits,
    NvrSpec,
)
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import at
from tests.simulator.spec import CameraSpec as SimulatedCamera, NvrSpec as SimulatedSpec

NVR = NvrKey("sim")
CAM = CameraKey("sim/1")
WAITS = Waits(
    end_quiet=0.3,
    terminal_quiet=0.2,
    last_unit_quiet=0.5,
    idle=2.0,
    settle=1.0,
    retry=(0.1, 0.2),
)


@pytest.fixture(autouse=True)
def _allow_loopback(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@dataclass
class RoomsRig:
    """All rooms, put together as the shell does."""

    nvr: SimulatedNvr
    library: Library
    engine: SyncEngine
    token: str
    jobs: list[FetchJob]
    begun: list[float]
    first_job: asyncio.Event

    async def spans(self) -> tuple[CoverageSpan, ...]:
        """Return the camera's whole time line."""
        return await self.library.ledger.coverage(CAM, TimeRange(0, 10**14))


@asynccontextmanager
async def rooms(
    folder: Path, camera: SimulatedCamera, settings: CameraSettings
) -> AsyncIterator[RoomsRig]:
    """Start everything."""
    clock = SystemClock()
    jobs: list[FetchJob] = []
    begun: list[float] = []
    first_job = asyncio.Event()
    async with (
        aiohttp.ClientSession() as session,
        SimulatedNvr(SimulatedSpec("Sim", (camera,))) as nvr,
    ):
        device = OnvifDevice(
            "127.0.0.1",
            nvr.port,
            nvr.spec.user,
            nvr.spec.password,
            session=session,
            clock=clock,
            waits=WAITS,
        )

        class Noted(Downloader):
            @override
            async def fetch(self, job: FetchJob, *others: Any) -> FetchOutcome:
                jobs.append(job)
                begun.append(time.monotonic())
                first_job.set()
                return await super().fetch(job, *others)

        (folder / "media").mkdir()
        library = Library(
            folder / "index.db",
            [RootConfig(folder / "media", floor_bytes=0)],
            clock=clock,
            probe=ClipProbe(),
        )
        await library.open()
        await library.register_nvr(NVR, "Sim")
        await library.register_camera(NVR, CAM, "Door")
        downloader = Noted(clock=clock, waits=WAITS, verify=Verify.TABLES)
        engine = SyncEngine(
            library.ledger, downloader, clock, EngineLimits(tick_s=0.5), waits=WAITS
        )
        token = nvr.description()["cameras"][0]["recording_token"]
        spec = CameraSpec(settings, (token,))
        engine.attach_nvr(NvrSpec(NVR, device, {CAM: spec}))
        await device.connect()
        task = asyncio.ensure_future(engine.run())
        try:
            yield RoomsRig(nvr, library, engine, token, jobs, begun, first_job)
        finally:
            await engine.stop()
            await task
            await downloader.close()
            await library.close()
            await device.close()


async def test_everything_is_kept_and_a_sweep_without_news_asks_little(
    tmp_path: Path,
) -> None:
    camera = SimulatedCamera(
        "Door", (at(0, 8, 0, 20, 55), at(0, 18, 4, 12)), base_days=1
    )
    async with rooms(tmp_path, camera, CameraSettings()) as rig:
        report = await rig.engine.sync_now()
        assert report.problem is None
        assert report.is_complete
        (ledger,) = rig.nvr.ledger().values()
        held = tuple(TimeRange(start, end) for start, end in ledger["segments"])
        spans = await rig.spans()
        kept = tuple(s.range for s in spans if s.state is CoverageState.KEPT)
        assert kept == held
        # between them one stretch in which nothing was ever recorded, and no slivers
        assert [s.state for s in spans] == [
            CoverageState.KEPT,
            CoverageState.ABSENT,
            CoverageState.KEPT,
        ]
        rig.nvr.reset_counts()
        again = await rig.engine.sync_now()
        assert again.is_complete
        assert again.clips == 0
        counts = rig.nvr.counts()
        assert 0 < sum(counts["operations"].values()) <= 6
        assert counts["rtsp"]["connections"] == 0


async def test_a_request_interrupts_a_slow_back_fill_within_five_seconds(
    tmp_path: Path,
) -> None:
    camera = SimulatedCamera("Door", (at(0, 8, 0, 120),), base_days=1, pad_kbps=800)
    slow = CameraSettings(bytes_per_second=150_000)
    async with rooms(tmp_path, camera, slow) as rig:
        await rig.first_job.wait()
        await asyncio.sleep(2)
        whole = rig.jobs[0].device_range
        assert whole.duration_ms == 120_000
        wanted = TimeRange(whole.end_ms - 20_000, whole.end_ms - 15_000)
        rig.engine.update_camera(NVR, CAM, CameraSpec(CameraSettings(), (rig.token,)))
        asked = time.monotonic()
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=20)
        assert saved.outcome == "kept"
        assert rig.begun[1] - asked <= 5
        assert rig.jobs[1].device_range == wanted
        assert (await rig.engine.sync_now()).is_complete
        spans = await rig.spans()
        assert [(s.state, s.range) for s in spans] == [(CoverageState.KEPT, whole)]


async def test_stopping_in_mid_fetch_keeps_what_came_and_is_quick(
    tmp_path: Path,
) -> None:
    camera = SimulatedCamera("Door", (at(0, 8, 0, 120),), base_days=1, pad_kbps=800)
    slow = CameraSettings(bytes_per_second=150_000)
    async with rooms(tmp_path, camera, slow) as rig:
        await rig.first_job.wait()
        await asyncio.sleep(2)
        began = time.monotonic()
        await rig.engine.stop()
        assert time.monotonic() - began < 5
        states = [span.state for span in await rig.spans()]
        assert states == [CoverageState.KEPT, CoverageState.ON_DEVICE]
        assert not list((tmp_path / "media").rglob("*.part"))
