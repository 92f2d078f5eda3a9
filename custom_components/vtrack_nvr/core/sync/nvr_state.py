"""What the engine remembers of one NVR; the parts of its worker read and change it."""

import asyncio
from collections.abc import Callable, Coroutine

from ..intervals import Ranges
from ..models import CameraKey
from ..policy import DevicePolicy
from .camera_state import CameraState
from .clock_keeper import ClockKeeper
from .engine_context import EngineContext
from .health import NvrHealth
from .plan import Urgency
from .requests import Requests
from .running_fetch import RunningFetch
from .runs import Runs
from .settings import NvrSpec
from .sweep_schedule import SweepSchedule
from .sweeper import Sweeper

type Spawn = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]


class NvrState:
    """One NVR's cameras, health, schedule, requests and fetches."""

    def __init__(
        self,
        spec: NvrSpec,
        context: EngineContext,
        *,
        spawn: Spawn,
        wake: Callable[[], None],
    ) -> None:
        """Take the spec; `spawn` runs something beside the loop, `wake` runs the loop."""
        self.key = spec.key
        self.spec = spec
        self.settings = spec.settings
        self.context = context
        self.spawn = spawn
        self.wake = wake
        self.cameras: dict[CameraKey, CameraState] = {}
        self.health = NvrHealth(context)
        self.keeper = ClockKeeper(spec.key, spec.device, context)
        self.keeper.correction_ms = spec.settings.time_correction_ms
        self.runs = Runs(spec.key, context)
        self.schedule = SweepSchedule(
            context.clock, spec.settings, context.rng.random()
        )
        self.sweeper = Sweeper(spec.device, self.keeper, context)
        self.requests = Requests(
            spec.key, self.cameras, self.sweeper, self.runs, context
        )
        self.fetches: list[RunningFetch] = []
        self.policy = DevicePolicy()
        """What was learned of the device."""
        self.speed: float | None = None
        """Footage read per time passed, of the last fetches."""
        self.paused_until_s: float | None = None
        """When a pause ends, on the steady clock."""
        self.paused_until_ms: int | None = None
        """The same in UTC, as it was when the pause began: for people."""
        self.held_back: set[CameraKey] = set()
        """Cameras whose work was cancelled: in the background they wait for a sweep."""
        self.is_sweeping = False
        self.waiting: frozenset[CameraKey] = frozenset()
        self.last_sweep_ms: int | None = None

    @property
    def is_paused(self) -> bool:
        """Return whether background work rests; a pause ends by itself."""
        until_s = self.paused_until_s
        return until_s is not None and self.context.clock.monotonic() < until_s

    @property
    def sessions(self) -> int:
        """Return how many sessions the device is asked to serve at once."""
        chosen = self.settings.sessions or self.policy.max_sessions
        cap = self.health.session_cap
        return max(1, chosen if cap is None else min(chosen, cap))

    @property
    def is_watched(self) -> bool:
        """Return whether somebody watches the device live."""
        viewers = self.spec.viewers
        return viewers is not None and viewers.is_watched()

    @property
    def background_sessions(self) -> int:
        """Return how many of its sessions may be used for what nobody asked for.

        A viewer takes one: a device that bears one alone then rests from the background.
        """
        return self.sessions - 1 if self.is_watched else self.sessions

    def is_allowed(self, camera: CameraKey) -> bool:
        """Return whether background work of a camera may run now."""
        state = self.cameras.get(camera)
        if state is None or not state.spec.settings.is_enabled or self.is_paused:
            return False
        if self.runs.is_forced(camera):
            return True
        gate = self.spec.gate
        is_open = gate is None or gate.is_open(camera)
        return is_open and camera not in self.held_back

    def in_flight(self, camera: CameraKey, urgency: Urgency) -> Ranges:
        """Return what is being fetched of a camera that is as urgent as this, or more."""
        return tuple(
            fetch.job.range
            for fetch in self.fetches
            if fetch.job.camera == camera and fetch.job.urgency <= urgency
        )

    async def learn(self, policy: DevicePolicy) -> None:
        """Remember what was found out of the device; raises `NvrError` of the index."""
        if policy != self.policy:
            self.policy = policy
            await self.context.library.set_policy(self.key, policy)
