"""The work for one NVR: a short loop that sweeps, plans, fetches and rests."""

import asyncio
from collections.abc import Coroutine, Iterable
import logging

from ..errors import ErrorKind, NvrError
from ..intervals import Ranges, TimeRange
from ..ledger import RunKind, Want
from ..models import CameraKey
from ..policy import Quirk
from .camera_state import CameraState
from .clock_keeper import ClockKeeper
from .dispatch import cut_off_the_slow, start_what_fits, yield_where_due
from .fetch_desk import FetchDesk
from .fetch_run import Fetch
from .health import NvrHealth
from .lookout import Lookout
from .plan import CameraView, Job, plan
from .requests import OpenRequest, Requests
from .rooms import Rooms
from .runs import Run, Runs
from .schedule import SweepSchedule
from .settings import NvrSettings
from .spec import CameraSpec, NvrSpec
from .status import Problem
from .sweep_round import SweepRound
from .sweeper import Sweeper

_LOGGER = logging.getLogger(__name__)

SHORT_ABSENCE_MS = 600_000
"""A start this much later than the next sweep would have been is an ordinary restart."""
PATIENCE_S = 30.0
"""How long a fetch may look for a GOP border when nobody waits for its session."""


class NvrWorker:
    """Everything the engine does for one NVR; all methods run on the event loop."""

    def __init__(self, spec: NvrSpec, rooms: Rooms) -> None:
        """Take the spec; nothing is asked of the device before `run`."""
        self.key = spec.key
        self.spec = spec
        self.settings = spec.settings
        self.rooms = rooms
        self.cameras: dict[CameraKey, CameraState] = {}
        self.health = NvrHealth(rooms)
        self.keeper = ClockKeeper(spec.key, spec.device, rooms)
        self.keeper.correction_ms = spec.settings.time_correction_ms
        self.runs = Runs(spec.key, rooms)
        self.is_paused = False
        self.is_sweeping = False
        self.waiting: frozenset[CameraKey] = frozenset()
        self.last_sweep_ms: int | None = None
        self.schedule = SweepSchedule(rooms.clock, spec.settings, rooms.rng.random())
        sweeper = Sweeper(spec.device, self.keeper, rooms)
        self.requests = Requests(spec.key, self.cameras, sweeper, self.runs, rooms)
        self._round = SweepRound(
            sweeper, self.keeper, self.health, self.runs, rooms, self.wake
        )
        self.desk = FetchDesk(self, spec.device)
        self.lookout = Lookout(self)
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._allowed: frozenset[CameraKey] = frozenset()
        self._is_loaded = False
        self._is_stopping = False
        for key, camera in spec.cameras.items():
            self.add_camera(key, camera)

    # Life

    async def run(self) -> None:
        """Work until `stop`."""
        try:
            while not self._is_stopping:
                self._wake.clear()
                try:
                    await self._step()
                except NvrError as error:
                    self._failed(error)
                await self._rest()
        finally:
            await self._end_tasks()

    @property
    def fetches(self) -> list[Fetch]:
        """Return the fetches under way."""
        return self.desk.fetches

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        self._wake.set()

    async def stop(self) -> None:
        """End the loop; fetches keep what they have. Returns when they ended."""
        self._is_stopping = True
        for fetch in self.fetches:
            fetch.cancel.cancel("stopping")
        self.wake()
        self.requests.give_up()
        for run in self.runs:
            await self._end_run(run, self._problem(ErrorKind.CANCELLED))
        while self.fetches and self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        await self.requests.end_runs()

    async def _end_tasks(self) -> None:
        for fetch in self.fetches:
            fetch.cancel.cancel("stopping")
        for task in tuple(self._tasks):
            if not any(task is fetch.task for fetch in self.fetches):
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def kill(self) -> None:
        """Abandon whatever did not end in time."""
        for task in self._tasks:
            task.cancel()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run something beside the loop; it ends with the worker."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s: a task broke", self.key, exc_info=error)

    # Cameras

    def add_camera(self, key: CameraKey, spec: CameraSpec) -> None:
        """Begin to work for a camera."""
        self.cameras[key] = CameraState(key, spec, self.rooms)
        self.schedule.light_s = 0.0
        self.wake()

    def update_camera(self, key: CameraKey, spec: CameraSpec) -> None:
        """Work for a camera by another spec."""
        camera = self.cameras[key]
        camera.change(spec)
        if camera.needs_full_sweep:
            camera.is_loaded = False
            self.schedule.light_s = 0.0
        self.wake()

    async def remove_camera(self, key: CameraKey) -> None:
        """End the work for a camera."""
        if (await self._drop(key)) is not None:
            await self.requests.cancel_camera(key)
            self.wake()

    async def _drop(self, key: CameraKey) -> CameraState | None:
        ending = [fetch for fetch in self.fetches if fetch.job.camera == key]
        for fetch in ending:
            fetch.cancel.cancel("camera removed")
        if tasks := [fetch.task for fetch in ending if fetch.task is not None]:
            await asyncio.wait(tasks)
        return self.cameras.pop(key, None)

    def update_settings(self, settings: NvrSettings) -> None:
        """Work by other settings."""
        self.settings = settings
        self.schedule.settings = settings
        self.schedule.full_ms = self.schedule.next_full_ms()
        self.schedule.light_s = min(
            self.schedule.light_s,
            self.rooms.clock.monotonic() + settings.interval_s,
        )
        if self.keeper.correction_ms != settings.time_correction_ms:
            self.keeper.correction_ms = settings.time_correction_ms
            self.keeper.force()
        self.wake()

    def credentials_changed(self) -> None:
        """Try again after a refusal."""
        self.health.unblock()
        self.keeper.force()
        self.schedule.light_s = 0.0
        for camera in self.cameras.values():
            camera.is_replay_broken = False
            camera.succeeded()
            camera.searched()
        self.wake()

    # Asking for work

    def sync_now(self, cameras: Iterable[CameraKey], *, is_full: bool) -> Run:
        """Begin a run by hand; its `done` has the report in the end."""
        run = self.runs.begin(RunKind.MANUAL, frozenset(cameras))
        run.is_full = is_full
        run.done = asyncio.get_running_loop().create_future()
        self.schedule.manual.append(run)
        self.health.asking.until_s = 0.0
        self.wake()
        return run

    async def request(self, camera: CameraKey, wanted: TimeRange, note: str) -> Want:
        """Store a request."""
        want = await self.requests.add(self.cameras[camera], wanted, note)
        self.wake()
        return want

    # The loop

    async def _step(self) -> None:
        clock = self.rooms.clock
        await self._load()
        now_s, now_ms = clock.monotonic(), clock.now_ms()
        if self.keeper.is_due and self.keeper.is_known:
            self.schedule.light_s = min(self.schedule.light_s, now_s)
        self._look_at_gates()
        can_talk = self.health.can_talk(now_s)
        kind = self.schedule.due()
        if kind and can_talk and not self.is_sweeping and self._may_sweep(kind):
            self._begin_sweep(kind)
        for request in self.requests.due(now_s):
            request.is_busy = True
            self.spawn(self._advance(request, can_talk=can_talk))
        yield_where_due(
            self.fetches,
            self.rooms.slots,
            self.key,
            self.rooms.limits.slice_s,
            now_s,
            lambda fetch: (
                self.is_allowed(fetch.job.camera)
                and not self._is_overtaken(fetch, now_ms)
            ),
        )
        jobs = self._plan(now_ms, now_s)
        if can_talk and self.keeper.is_known and self.health.can_fetch(now_s):
            start_what_fits(
                jobs,
                self.fetches,
                self.rooms.slots,
                self.key,
                self.sessions,
                now_s,
                self.desk.start,
            )
        else:
            self.rooms.slots.withdraw(self.key)
        is_urgent = any(job.want_id is not None for job in jobs) or (
            self.rooms.slots.has_other_waiting(self.key, requests_only=True)
        )
        patience_s = self.rooms.limits.preempt_s if is_urgent else PATIENCE_S
        cut_off_the_slow(self.fetches, now_s, patience_s)
        self.waiting = frozenset(job.camera for job in jobs)
        if self.lookout.is_due:
            self.spawn(self.lookout.look())
        await self._end_runs(jobs, now_s)

    async def _load(self) -> None:
        if not self._is_loaded:
            await self.desk.load()
            if self.desk.policy.has(Quirk.UNDATED_REPLAY):
                for camera in self.cameras.values():
                    camera.set_replay_broken(is_broken=True, is_undated=True)
            await self.requests.load()
            for camera in tuple(self.cameras.values()):
                await camera.note_absence(
                    self.rooms.clock.now_ms(),
                    int(self.settings.interval_s * 1000) + SHORT_ABSENCE_MS,
                )
            self._is_loaded = True
        for camera in tuple(self.cameras.values()):
            if not camera.is_loaded:
                await camera.load(self.rooms.clock.now_ms())

    async def _rest(self) -> None:
        """Wait until something is due, at most one tick, or somebody wakes us."""
        clock = self.rooms.clock
        now_s = clock.monotonic()
        ends = [self.requests.next_s(), self.health.next_s(now_s)]
        if not self.is_sweeping:
            ends.append(self.schedule.next_s())
        if any(fetch.asked_s is not None for fetch in self.fetches):
            ends.append(now_s + self.rooms.limits.preempt_s)
        pause_s = min(
            (end - now_s for end in ends if end is not None and end > now_s),
            default=self.rooms.limits.tick_s,
        )
        pause_s = min(pause_s, self.rooms.limits.tick_s)
        sleep = asyncio.ensure_future(clock.sleep(pause_s))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            wake.cancel()

    @property
    def sessions(self) -> int:
        """Return how many sessions the device is asked to serve at once."""
        chosen = self.settings.sessions or self.desk.policy.max_sessions
        cap = self.health.session_cap
        return max(1, chosen if cap is None else min(chosen, cap))

    def is_allowed(self, camera: CameraKey) -> bool:
        """Say whether background work of a camera may run now."""
        state = self.cameras.get(camera)
        if state is None or not state.spec.settings.is_enabled or self.is_paused:
            return False
        gate = self.spec.gate
        return gate is None or gate.is_open(camera) or self.runs.is_forced(camera)

    def _is_overtaken(self, fetch: Fetch, now_ms: int) -> bool:
        """Say whether the device has overwritten what the fetch is about to read."""
        camera = self.cameras.get(fetch.job.camera)
        if camera is None or fetch.at_ms is None or not camera.ring.is_moving:
            return False
        tail_ms = camera.ring.tail_ms(now_ms)
        return tail_ms is not None and fetch.at_ms < tail_ms

    def views(self, now_s: float) -> list[CameraView]:
        """Return what the planner needs of all cameras."""
        return [
            camera.view(
                now_s,
                self._in_flight(camera.key, requests_only=False),
                in_request=self._in_flight(camera.key, requests_only=True),
                speed=self.desk.speed,
                is_background_allowed=self.is_allowed(camera.key),
                is_request_allowed=True,
            )
            for camera in self.cameras.values()
        ]

    def _in_flight(self, camera: CameraKey, *, requests_only: bool) -> Ranges:
        return tuple(
            fetch.job.range
            for fetch in self.fetches
            if fetch.job.camera == camera and (fetch.is_request or not requests_only)
        )

    def _plan(self, now_ms: int, now_s: float) -> tuple[Job, ...]:
        for camera in self.cameras.values():
            if camera.is_replay_broken and now_ms >= camera.replay_broken_until_ms:
                camera.is_replay_broken = False
        return plan(self.views(now_s), self.rooms.limits, now_ms).jobs

    # Sweeping

    def _look_at_gates(self) -> None:
        """Sweep soon when a camera may be worked for that might not before."""
        allowed = frozenset(key for key in self.cameras if self.is_allowed(key))
        if allowed - self._allowed:
            self.schedule.light_s = 0.0
        self._allowed = allowed

    def _may_sweep(self, kind: RunKind) -> bool:
        """Say whether to sweep; where no camera may be, only the clock is asked."""
        return kind is RunKind.MANUAL or not self.is_paused

    def _begin_sweep(self, kind: RunKind) -> None:
        if kind is RunKind.MANUAL:
            run = self.schedule.manual.pop(0)
        else:
            allowed = frozenset(k for k in self.cameras if self.is_allowed(k))
            if kind is RunKind.EVENT:
                allowed &= self.schedule.event_cameras
            run = self.runs.begin(kind, allowed)
            run.is_full = kind is RunKind.FULL
        self.schedule.begun(kind)
        self.is_sweeping = True
        self.spawn(self._sweep(run))

    async def _sweep(self, run: Run) -> None:
        try:
            for camera in await self._round.sweep(run, self.cameras):
                pause_s = camera.search.until_s - self.rooms.clock.monotonic()
                self.schedule.hint(camera.key, max(pause_s, 0.0), 0.0)
            self.health.succeeded()
            self.last_sweep_ms = self.rooms.clock.now_ms()
        except NvrError as error:
            run.errors += 1
            if run.kind is not RunKind.MANUAL:
                self.schedule.failed(run.kind)
            self._failed(error)
        finally:
            run.is_swept = True
            self.is_sweeping = False
            self.rooms.changed()

    async def _advance(self, request: OpenRequest, *, can_talk: bool) -> None:
        try:
            await self.requests.advance(request, can_talk=can_talk)
        except NvrError as error:
            _LOGGER.debug("%s: a request failed: %s", self.key, error)
            self.requests.failed(request)
            self.health.react(error, is_soap=True)
            self._measure_after(error)
        finally:
            request.is_busy = False

    def _failed(self, error: NvrError) -> None:
        """Rest after an error that ended work for the NVR as a whole."""
        _LOGGER.debug("%s: %s", self.key, error)
        self.health.failed(error)
        self._measure_after(error)

    def _measure_after(self, error: NvrError) -> None:
        """Measure the clock before the next login if it may be why one was refused."""
        if error.kind is ErrorKind.AUTH_REFUSED:
            self.keeper.force()

    # Runs

    async def _end_runs(self, jobs: Iterable[Job], now_s: float) -> None:
        busy = {job.camera for job in jobs} | {f.job.camera for f in self.fetches}
        stuck = None
        if not self.health.can_fetch(now_s):
            stuck = self.health.problem
        elif self.is_paused:
            stuck = self._problem(ErrorKind.CANCELLED)
        for run in self.runs:
            if not run.is_swept:
                if stuck is not None and not self.is_sweeping:
                    self._forget_manual(run)
                    await self._end_run(run, stuck)
            elif stuck is not None or not run.cameras & busy:
                await self._end_run(run, stuck or self._problem_of(run))

    def _forget_manual(self, run: Run) -> None:
        if run in self.schedule.manual:
            self.schedule.manual.remove(run)

    async def _end_run(self, run: Run, problem: Problem | None) -> None:
        backlog_ms = sum(
            camera.backlog.total_ms
            for key, camera in self.cameras.items()
            if key in run.cameras
        )
        await self.runs.end(run, problem=problem, backlog_ms=backlog_ms)

    def _problem_of(self, run: Run) -> Problem | None:
        """Return what stands before the rest of a run's cameras, if anything."""
        for key in run.cameras:
            if (error := self.rooms.library.storage_problem(key)) is not None:
                return self._problem(error.kind)
            if (camera := self.cameras.get(key)) is not None and camera.trouble:
                return camera.trouble
        return None

    def _problem(self, kind: ErrorKind) -> Problem:
        return Problem(kind, self.rooms.clock.now_ms())
