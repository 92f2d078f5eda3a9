"""The real rooms joined as the shell joins them, without Home Assistant.

`CoreRig` is what an installation is: one library, one downloader, one engine. It may be
closed and opened again on the same folder, as Home Assistant is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
import random
import time
from typing import Any, Self

import aiohttp

from custom_components.vtrack_nvr.core.clock import Clock, SystemClock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.download.downloader import Downloader, Verify
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    Clip,
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
    NvrSettings,
    NvrSpec,
)
from custom_components.vtrack_nvr.core.sync.status import CameraStatus, NvrStatus
from tests.insides import workers_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PENDING = frozenset(
    {CoverageState.ON_DEVICE, CoverageState.FETCHING, CoverageState.FAILED}
)
SHORT = 0.05
"""All waits are divided by twenty …"""


def short_waits(**changes: Any) -> Waits:
    """Return the policy's waits made short; those a loaded machine may hit stay longer."""
    waits = Waits().scaled(SHORT)
    gentle: dict[str, Any] = {
        "connect": 3.0,
        "reply": 3.0,
        "first_packet": 2.0,
        "idle": 0.8,
        "lead": 60.0,
        "soap_call": 4.0,
        "search_total": 6.0,
        "search_wait": 1.0,
        "storage_answer": 30.0,
        "stop": 10.0,
        "teardown": 1.5,
        "offline": (0.2, 0.4, 0.8),
        "busy": (0.3, 0.6, 1.2),
        "camera_retry": (0.1, 0.2, 0.4),
        "stretch_retry": (0.2, 0.4, 0.8),
        "retry": (0.05, 0.1, 0.25, 0.5, 1.0),
        "clock_check": 3600.0,
        "request_settle": 0.3,
        "request_retry": 0.3,
        "early_sweep": 0.5,
    }
    return replace(waits, **(gentle | changes))


@dataclass
class Attached:
    """One NVR as the rig knows it."""

    key: NvrKey
    device: OnvifDevice
    guard: LoginGuard
    user: str
    password: str
    cameras: dict[CameraKey, CameraSpec] = field(default_factory=dict)
    habits: DeviceHabits = field(default_factory=DeviceHabits)
    locked: int = 0
    """How often the guard said that logins are stopped."""


class CoreRig:
    """One installation on a folder: `async with CoreRig(folder) as rig`."""

    def __init__(
        self,
        folder: Path,
        *,
        waits: Waits | None = None,
        limits: EngineLimits | None = None,
        verify: Verify = Verify.TABLES,
        clock: Clock | None = None,
        with_keeper: bool = False,
        time_zone: str = "UTC",
    ) -> None:
        self.folder = folder
        self.media = folder / "media"
        self.waits = waits or short_waits()
        self.limits = limits or EngineLimits(tick_s=0.1, status_s=0.05)
        self.clock = clock or SystemClock()
        self._verify = verify
        self._with_keeper = with_keeper
        self._zone = time_zone
        self.nvrs: dict[NvrKey, Attached] = {}
        self.first_byte_s: float | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Start everything."""
        self.media.mkdir(parents=True, exist_ok=True)
        self.session = aiohttp.ClientSession()
        self.library = Library(
            self.folder / "index.db",
            [RootConfig(self.media, floor_bytes=0)],
            clock=self.clock,
            probe=ClipProbe(),
            time_zone=self._zone,
            waits=self.waits,
            bounds=LibraryBounds(guard_interval=1.0),
            with_keeper=self._with_keeper,
        )
        self.events = await self.library.open()
        self.fetcher = Downloader(
            clock=self.clock,
            waits=self.waits,
            verify=self._verify,
        )
        self.engine = SyncEngine(
            self.library.ledger,
            self.fetcher,
            self.clock,
            self.limits,
            waits=self.waits,
            rng=random.Random(1),
        )
        self._task = asyncio.create_task(self.engine.run())

    async def close(self) -> None:
        """End everything in the order the shell does."""
        await self.engine.stop()
        await self._task
        await self.fetcher.close()
        for nvr in self.nvrs.values():
            await nvr.device.close()
        await self.library.close()
        await self.session.close()
        self.nvrs.clear()

    async def introduce(self, about: dict[str, Any], **login: str) -> Attached:
        """Do what the flow does: connect, list cameras, register them."""
        key = NvrKey(f"nvr-{about['serial'] or about['uuid']}")
        nvr = Attached(
            key,
            None,
            LoginGuard(lambda: self._locked(key)),
            login.get("user", about["user"]),
            login.get("password", about["password"]),
        )
        nvr.device = OnvifDevice(
            about["host"],
            about["port"],
            nvr.user,
            nvr.password,
            session=self.session,
            clock=self.clock,
            waits=self.waits,
            login_guard=nvr.guard,
            endpoint_of=lambda url: Endpoint(
                url, nvr.user, nvr.password, habits=nvr.habits
            ),
        )
        self.nvrs[key] = nvr
        await nvr.device.connect()
        await self.library.register_nvr(key, about["name"])
        for channel in await nvr.device.channels():
            camera = CameraKey(f"{key}/{channel.token}")
            nvr.cameras[camera] = CameraSpec(recording_tokens=channel.recording_tokens)
            await self.library.register_camera(key, camera, channel.name)
        return nvr

    def _locked(self, key: NvrKey) -> None:
        self.nvrs[key].locked += 1

    async def attach(
        self,
        about: dict[str, Any],
        settings: CameraSettings | None = None,
        nvr_settings: NvrSettings | None = None,
        *,
        can_live: bool = False,
        **login: str,
    ) -> Attached:
        """Introduce an NVR unless it is known, and hand it to the engine.

        Its nightly sweep is half a day away, at whatever time of day this runs.
        """
        key = NvrKey(f"nvr-{about['serial'] or about['uuid']}")
        nvr = self.nvrs.get(key) or await self.introduce(about, **login)
        settings = settings or CameraSettings()
        nvr.cameras = {
            camera: replace(spec, settings=settings, can_live=can_live)
            for camera, spec in nvr.cameras.items()
        }
        hour = (self.clock.now_ms() // HOUR_MS + 12) % 24
        chosen = replace(nvr_settings or NvrSettings(), full_sweep_hour=hour)
        self.engine.attach_nvr(NvrSpec(nvr.key, nvr.device, nvr.cameras, chosen))
        return nvr

    # What tests look at

    async def clips(self, camera: CameraKey) -> tuple[Clip, ...]:
        """Return all complete clips of a camera."""
        return await self.library.ledger.clips(camera, TimeRange(0, 2**52))

    def path(self, clip: Clip) -> Path:
        """Return where a clip's file is."""
        return self.media / "vtrack_nvr" / clip.path

    async def spans(
        self, camera: CameraKey, window: TimeRange | None = None
    ) -> tuple[CoverageSpan, ...]:
        """Return the ledger of a camera."""
        return await self.library.ledger.coverage(camera, window or TimeRange(0, 2**52))

    async def ms_in(
        self, camera: CameraKey, window: TimeRange | None = None
    ) -> dict[str, int]:
        """Return how long a camera's time line is in each state."""
        found: dict[str, int] = {}
        for span in await self.spans(camera, window):
            state = str(span.state)
            found[state] = found.get(state, 0) + span.range.duration_ms
        return found

    async def status(self, nvr: NvrKey) -> NvrStatus:
        """Return what people see of an NVR now."""
        return (await self.engine.fresh_status()).nvrs[nvr]

    async def camera_status(self, nvr: NvrKey, camera: CameraKey) -> CameraStatus:
        """Return what people see of a camera now."""
        return (await self.status(nvr)).cameras[camera]

    def rests(self, key: NvrKey) -> bool:
        """Return whether nothing is under way for an NVR."""
        worker = workers_of(self.engine)[key]
        return (
            not worker.state.fetches
            and not worker.state.is_sweeping
            and not list(worker.state.runs)
        )

    async def settled(self, nvr: Attached, timeout_s: float = 20.0) -> None:
        """Return when all is kept or put off for longer than a minute; else fail."""

        async def is_settled() -> bool:
            worker = workers_of(self.engine)[nvr.key]
            if worker.state.last_sweep_ms is None or not self.rests(nvr.key):
                return False
            if worker.state.schedule.event_s is not None:
                return False
            soon_ms = self.clock.now_ms() + 60_000
            for camera in nvr.cameras:
                for span in await self.spans(camera):
                    if span.state in PENDING and (span.next_try_ms or 0) < soon_ms:
                        return False
            return True

        await until(is_settled, timeout_s, lambda: self.describe(nvr))

    async def describe(self, nvr: Attached) -> str:
        """Return ledger and status in a few lines, for failures."""
        lines = [repr((await self.status(nvr.key)).problem)]
        for camera in nvr.cameras:
            status = (await self.status(nvr.key)).cameras[camera]
            lines.append(f"{camera}: {status.state} {status.problem}")
            lines += [
                f"  {s.range.start_ms}+{s.range.duration_ms} {s.state} {s.reason!r}"
                f" next={s.next_try_ms} n={s.attempts}"
                for s in await self.spans(camera)
            ]
        return "\n".join(lines)

    def strays(self, known: set[Path]) -> list[str]:
        """Return files below our folder that no clip of `known` is."""
        return [
            path.name
            for path in sorted((self.media / "vtrack_nvr").rglob("*"))
            if path.suffix in {".mp4", ".part"} and path not in known
        ]


async def until(
    is_true: Callable[[], Awaitable[bool]],
    timeout_s: float = 20.0,
    describe: Callable[[], Awaitable[str]] | None = None,
) -> None:
    """Wait until something is true; AssertionError after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not await is_true():
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout_s} s: {await describe() if describe else ''}"
            )
        await asyncio.sleep(0.05)
