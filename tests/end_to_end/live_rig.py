"""Three simulated cameras recorded live into a real library, and what is proven of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
import shutil
import time

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.intervals import TimeRange, difference, union
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import RootConfig
from custom_components.vtrack_nvr.core.live.live_values import (
    LiveGap,
    LiveSpec,
    LiveState,
)
from custom_components.vtrack_nvr.core.live.recorders import LiveRecorders
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    Clip,
    ClipSource,
    CoverageState,
    NvrKey,
)
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.lateness import Lateness
from tests.simulator.footage import FootageStore, read_pictures
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.rtsp_state import Play
from tests.simulator.timeline import DeviceClock, LiveSource, frame_number

NVR = NvrKey("house")
PASSWORD = "tide-Marker-5517"
GAP_MS = 500
GOP_MS = 500
WAITS = Waits(
    connect=1.0,
    reply=1.0,
    live_start=2.0,
    live_stall=4.0,
    teardown=0.2,
    live_retry=(0.05, 0.1, 0.3),
)
"""A camera on a busy machine may be silent for a while and is not to be cut off for it."""
PATIENT = replace(WAITS, live_start=10.0, ffmpeg_end=20.0)
"""Where ffmpeg has to be started, on machines that are busy, too."""
FFMPEG = shutil.which("ffmpeg") or ""
AFTER_MS = GOP_MS
"""The stream is back with a key picture."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class LiveCoreRig:
    """Call `open` first and `close` last."""

    folder: Path
    sounds: tuple[str | None, ...] = ("AAC", "PCMU", None)
    codecs: tuple[str, ...] = ("H264", "H264", "H264")
    waits: Waits = WAITS
    is_simulated: bool = True
    ports: tuple[int, ...] = ()
    password: str = PASSWORD
    servers: list[RtspServer] = field(default_factory=list)
    accounts: list[dict[str, str]] = field(default_factory=list)
    gaps: dict[CameraKey, list[LiveGap]] = field(default_factory=dict)
    down: dict[CameraKey, list[TimeRange]] = field(default_factory=dict)
    """When the test had taken a camera's stream away."""

    async def open(self, clip_ms: int = 4_000) -> None:
        media = self.folder / "media"
        media.mkdir(exist_ok=True)
        self.clock = SystemClock()
        self.library = Library(
            self.folder / "index.db",
            [RootConfig(media, name="media")],
            clock=self.clock,
            probe=ClipProbe(),
            time_zone="UTC",
        )
        self.news = await self.library.open()
        await self.library.register_nvr(NVR, "House")
        self.cameras = [CameraKey(f"{NVR}/{n}") for n, _ in enumerate(self.sounds)]
        if self.is_simulated:
            await asyncio.to_thread(self._serve)
        self.guards = {key: LoginGuard() for key in self.cameras}
        self.live = LiveRecorders(
            clock=self.clock,
            waits=self.waits,
            bounds=Bounds(live_gap_ms=GAP_MS),
            on_gap=self._on_gap,
        )
        self._marks: list[asyncio.Task[None]] = []
        for n, key in enumerate(self.cameras):
            self.gaps[key], self.down[key] = [], []
            await self.library.register_camera(NVR, key, f"Camera {n}")
            if self.ports:
                spec = LiveSpec(
                    key,
                    self._endpoint(n),
                    is_on=True,
                    clip_ms=clip_ms,
                    guard=self.guards[key],
                    ffmpeg=FFMPEG,
                )
                await self.live.attach(spec, self.library.ledger.sink(key))
        self.begun_ms = now_ms()
        self.lateness = Lateness()

    def _serve(self) -> None:
        store = FootageStore()
        for n, sound in enumerate(self.sounds):
            source = LiveSource(
                f"Cam {n}",
                codec=self.codecs[n],
                audio=sound,
                gop_ms=GOP_MS,
                width=320,
                height=176,
            )
            self.accounts.append({"viewer": PASSWORD})
            server = RtspServer(
                "127.0.0.1",
                0,
                self.accounts[n],
                DeviceClock(),
                {},
                {"/live": source},
                footage=store,
            )
            server.start_now()
            self.servers.append(server)
        self.ports = tuple(server.port for server in self.servers)

    def _endpoint(self, number: int) -> Callable[[object], Endpoint]:
        def endpoint(_cancel: object) -> Endpoint:
            url = f"rtsp://127.0.0.1:{self.ports[number]}/live"
            return Endpoint(url, "viewer", self.password)

        return endpoint

    def _on_gap(self, camera: CameraKey, gap: LiveGap) -> None:
        self.gaps[camera].append(gap)
        self._marks.append(
            asyncio.ensure_future(
                self.library.ledger.mark(
                    camera, [gap.range], CoverageState.LOST, gap.reason
                )
            )
        )

    async def stop_recording(self) -> float:
        """End all recorders; return how long the slowest took."""
        begun = time.monotonic()
        self.ended_ms = now_ms()
        await self.live.close()
        took = time.monotonic() - begun
        await asyncio.sleep(0)
        await asyncio.gather(*self._marks)
        return took

    async def close(self) -> None:
        self.lateness.stop()
        await self.live.close()
        await self.library.close()
        for server in self.servers:
            await asyncio.to_thread(server.stop_now)

    async def recording(self, number: int, seconds: float = 20.0) -> None:
        """Wait until a camera is being recorded and has a picture of after now."""
        asked = now_ms()
        async with asyncio.timeout(seconds):
            while True:
                status = self.live.status(self.cameras[number])
                if (
                    status
                    and status.state is LiveState.RECORDING
                    and (status.last_picture_ms or 0) > asked
                ):
                    return
                await asyncio.sleep(0.05)

    async def until(self, is_true: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is true."""
        async with asyncio.timeout(seconds):
            while True:
                if is_true():
                    return
                await asyncio.sleep(0.02)

    async def state(self, number: int, state: LiveState) -> None:
        """Wait until a recorder is in a state."""
        async with asyncio.timeout(10):
            while True:
                status = self.live.status(self.cameras[number])
                if status and status.state is state:
                    return
                await asyncio.sleep(0.05)

    def stream(self, number: int) -> Play:
        """Return the stream that a camera plays now, or played last."""
        return self.servers[number].plays[-1]

    def took_away(self, number: int, stream: Play, since_ms: int) -> None:
        """Note that a stream was taken away from then until now.

        A camera on a busy machine is behind its clock: what it had not sent is away, too.
        """
        sent_ms = stream.sender.progress.last_ms
        assert sent_ms is not None
        away = TimeRange(min(since_ms, sent_ms), now_ms() + AFTER_MS)
        self.down[self.cameras[number]].append(away)

    # Proofs

    async def clips(self, camera: CameraKey) -> tuple[Clip, ...]:
        window = TimeRange(self.begun_ms - 3_600_000, now_ms() + 3_600_000)
        return await self.library.ledger.clips(camera, window)

    async def frames(self, camera: CameraKey) -> list[int]:
        """Prove every clip picture by picture; return the numbers of all pictures."""
        numbers: list[int] = []
        for clip in await self.clips(camera):
            facts = clip.facts
            path = self.folder / "media" / "vtrack_nvr" / clip.path
            shown = await asyncio.to_thread(read_pictures, path)
            assert facts.source is ClipSource.LIVE
            assert path.stat().st_size == facts.size_bytes
            assert facts.frames == len(shown)
            for item in shown:
                picture = item.picture
                assert picture.number == frame_number(picture.time_ms)
                dated = facts.range.start_ms + item.pts_ms
                bound = 400 + self.lateness.allowance_ms
                assert abs(dated - picture.time_ms) < bound, (clip.path, item)
            numbers += [item.picture.number for item in shown]
        assert numbers == sorted(set(numbers)), "a picture twice, or out of order"
        return numbers

    async def prove(self, camera: CameraKey) -> int:
        """Prove that only what could not come is missing; return lost milliseconds."""
        numbers = await self.frames(camera)
        allowed = union(self.down[camera])
        missing = [
            number for one, two in pairwise(numbers) for number in range(one + 1, two)
        ]
        epoch = -frame_number(0) * 100
        for number in missing:
            moment = epoch + number * 100
            assert any(item.contains(moment) for item in allowed), (
                camera,
                number,
                moment - self.begun_ms,
            )
        window = TimeRange(self.begun_ms, self.ended_ms)
        spans = await self.library.ledger.coverage(camera, window)
        known = {CoverageState.KEPT, CoverageState.LOST}
        assert {span.state for span in spans} <= known
        assert all(span.reason for span in spans if span.state is CoverageState.LOST)
        holes = difference((window,), union(span.range for span in spans))
        assert all(item.duration_ms <= GAP_MS for item in holes), holes
        kept = union(s.range for s in spans if s.state is CoverageState.KEPT)
        for span in spans:
            if span.state is CoverageState.LOST:
                around = TimeRange(span.range.start_ms - 200, span.range.end_ms)
                is_start = kept and span.range.start_ms < kept[0].start_ms
                is_end = kept and span.range.end_ms > kept[-1].end_ms
                assert (
                    is_start or is_end or any(item.overlaps(around) for item in allowed)
                ), span
        return len(missing) * 100


def processes_that_show(secret: str) -> list[str]:
    """Return processes whose arguments or environment hold a secret."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        for name in ("cmdline", "environ"):
            try:
                data = (process / name).read_bytes()
            except OSError:
                continue
            if secret.encode() in data:
                found.append(f"{process.name} {name}")
    return found
