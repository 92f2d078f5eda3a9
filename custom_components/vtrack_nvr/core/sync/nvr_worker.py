"""The work for one NVR: a short loop that sweeps, plans, fetches and rests."""

import asyncio
from collections.abc import Coroutine, Iterable
import logging

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..ledger import RunKind, Want
from ..models import CameraKey
from ..policy import Quirk
from .camera_state import CameraState
from .dispatch import cut_off_the_slow, start_what_fits, yield_where_due
from .engine_context import EngineContext
from .fetches import FetchStarter
from .missing_watch import MissingWatch
from .nvr_state import NvrState
from .plan import CameraView, PlannedFetch, Urgency, plan
from .requests import OpenRequest
from .running_fetch import RunningFetch
from .runs import Run
from .settings import CameraSpec, NvrSettings, NvrSpec
from .status import CancelledWork, Problem
from .sweeper import SweepRound

_LOGGER = logging.getLogger(__name__)

SHORT_ABSENCE_MS = 600_000
"""A start this much later than the next sweep would have been is an ordinary restart."""
PATIENCE_S = 30.0
"""How long a fetch may look for a GOP border when nobody waits for its session."""


class NvrWorker:
    """Everything the engine does for one NVR; all methods run on the event loop."""

    def __init__(self, spec: NvrSpec, rooms: EngineContext) -> None:
        """Take the spec; nothing is asked of the device before `run`."""
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.state = state = NvrState(spec, rooms, spawn=self._spawn, wake=self.wake)
        self._rooms = rooms
        self._round = SweepRound(
            state.sweeper, state.keeper, state.health, state.runs, rooms, self.wake
        )
        self.starter = FetchStarter(state, spec.device)
        self.missing_watch = MissingWatch(state)
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

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        self._wake.set()

    async def stop(self) -> None:
        """End the loop; fetches keep what they have. Returns when they ended."""
        self._is_stopping = True
        for fetch in self.state.fetches:
            fetch.cancel.cancel("stopping")
        self.wake()
        self.state.requests.give_up()
        for run in self.state.runs:
            await self._end_run(run, self._problem(ErrorKind.CANCELLED))
        while self.state.fetches and self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        await self.state.requests.end_runs()

    async def _end_tasks(self) -> None:
        for fetch in self.state.fetches:
            fetch.cancel.cancel("stopping")
        for task in tuple(self._tasks):
            if not any(task is fetch.task for fetch in self.state.fetches):
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def kill(self) -> None:
        """Abandon whatever did not end in time."""
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run something beside the loop; it ends with the worker."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s: a task broke", self.state.key, exc_info=error)

    # Cameras

    def add_camera(self, key: CameraKey, spec: CameraSpec) -> None:
        """Begin to work for a camera."""
        self.state.cameras[key] = CameraState(key, spec, self._rooms)
        self.state.schedule.light_s = 0.0
        self.wake()

    def update_camera(self, key: CameraKey, spec: CameraSpec) -> None:
        """Work for a camera by another spec."""
        camera = self.state.cameras[key]
        camera.change(spec)
        if camera.needs_full_sweep:
            camera.is_loaded = False
            self.state.schedule.light_s = 0.0
        self.wake()

    async def remove_camera(self, key: CameraKey) -> None:
        """End the work for a camera."""
        if (await self._drop(key)) is not None:
            await self.state.requests.cancel_camera(key)
            self.wake()

    async def _drop(self, key: CameraKey) -> CameraState | None:
        ending = [fetch for fetch in self.state.fetches if fetch.job.camera == key]
        for fetch in ending:
            fetch.cancel.cancel("camera removed")
        if tasks := [fetch.task for fetch in ending if fetch.task is not None]:
            await asyncio.wait(tasks)
        return self.state.cameras.pop(key, None)

    def update_settings(self, settings: NvrSettings) -> None:
        """Work by other settings."""
        self.state.settings = settings
        self.state.schedule.settings = settings
        self.state.schedule.full_ms = self.state.schedule.next_full_ms()
        self.state.schedule.light_s = min(
            self.state.schedule.light_s,
            self._rooms.clock.monotonic() + settings.interval_s,
        )
        if self.state.keeper.correction_ms != settings.time_correction_ms:
            self.state.keeper.correction_ms = settings.time_correction_ms
            self.state.keeper.force()
        self.wake()

    def credentials_changed(self) -> None:
        """Try again after a refusal."""
        self.state.health.unblock()
        self.state.keeper.force()
        self.state.schedule.light_s = 0.0
        for camera in self.state.cameras.values():
            camera.is_replay_broken = False
            camera.succeeded()
            camera.searched()
        self.wake()

    # Asking for work

    def sync_now(self, cameras: Iterable[CameraKey], *, is_full: bool) -> Run:
        """Begin a run by hand; its `done` has the report in the end."""
        run = self.state.runs.begin(RunKind.MANUAL, frozenset(cameras))
        run.is_full = is_full
        run.done = asyncio.get_running_loop().create_future()
        self.state.schedule.manual.append(run)
        self.state.health.asking.until_s = 0.0
        self.wake()
        return run

    async def request(
        self,
        camera: CameraKey,
        wanted: TimeRange,
        note: str,
        *,
        is_watched: bool = False,
    ) -> Want:
        """Store a request."""
        want = await self.state.requests.add(
            self.state.cameras[camera], wanted, note, is_watched=is_watched
        )
        self.wake()
        return want

    async def cancel_work(self, camera: CameraKey) -> CancelledWork:
        """End a camera's fetches, its syncs by hand and its requests; returns how many."""
        self.state.held_back.add(camera)
        fetches = [f for f in self.state.fetches if f.job.camera == camera]
        for fetch in fetches:
            fetch.cancel.cancel("asked to")
        runs = [
            run
            for run in self.state.runs
            if run.kind is RunKind.MANUAL and camera in run.cameras
        ]
        for run in runs:
            run.cameras -= {camera}
            if not run.cameras:
                self._forget_manual(run)
                await self._end_run(run, self._problem(ErrorKind.CANCELLED))
        requests = await self.state.requests.cancel_camera(camera)
        self.wake()
        return CancelledWork(len(fetches), requests, len(runs))

    async def unwatch(self, want: Want) -> bool:
        """Close a viewer's request; what is fetched for it ends with what it has."""
        is_open = await self.state.requests.unwatch(want.id)
        if is_open:
            for fetch in self.state.fetches:
                if fetch.job.want_id == want.id:
                    fetch.make_way(self._rooms.clock.monotonic())
        self.wake()
        return is_open

    # The loop

    async def _step(self) -> None:
        clock = self._rooms.clock
        self._tell_live()
        await self._load()
        now_s, now_ms = clock.monotonic(), clock.now_ms()
        if self.state.keeper.is_due and self.state.keeper.is_known:
            self.state.schedule.light_s = min(self.state.schedule.light_s, now_s)
        self._look_at_gates()
        can_talk = self.state.health.can_talk(now_s)
        kind = self.state.schedule.due()
        if kind and can_talk and not self.state.is_sweeping and self._may_sweep(kind):
            self._begin_sweep(kind)
        for request in self.state.requests.due(now_s):
            request.is_busy = True
            self._spawn(self._advance(request, can_talk=can_talk))
        yield_where_due(
            self.state.fetches,
            self._rooms.slots,
            self.state.key,
            self._rooms.limits.slice_s,
            now_s,
            lambda fetch: (
                self.state.is_allowed(fetch.job.camera)
                and not self._is_overtaken(fetch, now_ms)
            ),
            self.state.background_sessions if self.state.is_watched else None,
        )
        jobs = self._plan(now_ms, now_s)
        self._tell_live()
        if (
            can_talk
            and self.state.keeper.is_known
            and not self.state.keeper.is_in_doubt
            and self.state.health.can_fetch(now_s)
        ):
            start_what_fits(
                jobs,
                self.state.fetches,
                self._rooms.slots,
                self.state.key,
                self.state.sessions,
                now_s,
                self.starter.start,
                self.state.background_sessions,
            )
        else:
            self._rooms.slots.withdraw(self.state.key)
        is_urgent = (
            self.state.is_watched
            or any(job.want_id is not None for job in jobs)
            or self._rooms.slots.has_other_waiting(self.state.key, requests_only=True)
        )
        patience_s = self._rooms.limits.preempt_s if is_urgent else PATIENCE_S
        cut_off_the_slow(self.state.fetches, now_s, patience_s)
        self.state.waiting = frozenset(job.camera for job in jobs)
        if self.missing_watch.is_due:
            self._spawn(self.missing_watch.look())
        await self._end_runs(jobs, now_s)

    def _tell_live(self) -> None:
        keeper = self.state.keeper
        era = keeper.eras.current if keeper.is_known else None
        for camera in self.state.cameras.values():
            camera.tell_live(era)

    async def _load(self) -> None:
        if not self._is_loaded:
            state = self.state
            state.policy = await self._rooms.library.policy(state.key)
            if self.state.policy.has(Quirk.UNDATED_REPLAY):
                for camera in self.state.cameras.values():
                    camera.set_replay_broken(is_broken=True, is_undated=True)
            await self.state.requests.load()
            for camera in tuple(self.state.cameras.values()):
                await camera.note_absence(
                    self._rooms.clock.now_ms(),
                    int(self.state.settings.interval_s * 1000) + SHORT_ABSENCE_MS,
                )
            self._is_loaded = True
        for camera in tuple(self.state.cameras.values()):
            if not camera.is_loaded:
                await camera.load(self._rooms.clock.now_ms())

    async def _rest(self) -> None:
        """Wait until something is due, at most one tick, or somebody wakes us."""
        clock = self._rooms.clock
        now_s = clock.monotonic()
        ends = [self.state.requests.next_s(), self.state.health.next_s(now_s)]
        ends.append(self.state.paused_until_s)
        if not self.state.is_sweeping:
            ends.append(self.state.schedule.next_s())
        if any(fetch.asked_s is not None for fetch in self.state.fetches):
            ends.append(now_s + self._rooms.limits.preempt_s)
        pause_s = min(
            (end - now_s for end in ends if end is not None and end > now_s),
            default=self._rooms.limits.tick_s,
        )
        pause_s = min(pause_s, self._rooms.limits.tick_s)
        sleep = asyncio.ensure_future(clock.sleep(pause_s))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            wake.cancel()

    def _is_overtaken(self, fetch: RunningFetch, now_ms: int) -> bool:
        """Return whether the device has overwritten what the fetch is about to read."""
        camera = self.state.cameras.get(fetch.job.camera)
        if camera is None or fetch.at_ms is None or not camera.ring.is_moving:
            return False
        tail_ms = camera.ring.tail_ms(now_ms)
        return tail_ms is not None and fetch.at_ms < tail_ms

    def views(self, now_s: float) -> list[CameraView]:
        """Return what the planner needs of all cameras."""
        return [
            camera.view(
                now_s,
                self.state.in_flight(camera.key, Urgency.BACKGROUND),
                in_request=self.state.in_flight(camera.key, Urgency.REQUEST),
                in_watch=self.state.in_flight(camera.key, Urgency.WATCHED),
                speed=self.state.speed,
                is_background_allowed=self.state.is_allowed(camera.key),
                is_request_allowed=True,
            )
            for camera in self.state.cameras.values()
        ]

    def _plan(self, now_ms: int, now_s: float) -> tuple[PlannedFetch, ...]:
        for camera in self.state.cameras.values():
            if camera.is_replay_broken and now_ms >= camera.replay_broken_until_ms:
                camera.is_replay_broken = False
        return plan(self.views(now_s), self._rooms.limits, now_ms).jobs

    # Sweeping

    def _look_at_gates(self) -> None:
        """Sweep soon when a camera may be worked for that might not before."""
        allowed = frozenset(
            key for key in self.state.cameras if self.state.is_allowed(key)
        )
        if allowed - self._allowed:
            self.state.schedule.light_s = 0.0
        self._allowed = allowed

    def _may_sweep(self, kind: RunKind) -> bool:
        """Return whether to sweep; where no camera may be, only the clock is asked."""
        return kind is RunKind.MANUAL or not self.state.is_paused

    def _begin_sweep(self, kind: RunKind) -> None:
        if kind is RunKind.MANUAL:
            run = self.state.schedule.manual.pop(0)
        else:
            self.state.held_back.clear()
            allowed = frozenset(
                k for k in self.state.cameras if self.state.is_allowed(k)
            )
            if kind is RunKind.EVENT:
                allowed &= self.state.schedule.event_cameras
            run = self.state.runs.begin(kind, allowed)
            run.is_full = kind is RunKind.FULL
        self.state.schedule.begun(kind)
        self.state.is_sweeping = True
        self._spawn(self._sweep(run))

    async def _sweep(self, run: Run) -> None:
        try:
            for camera in await self._round.sweep(run, self.state.cameras):
                pause_s = camera.search.until_s - self._rooms.clock.monotonic()
                self.state.schedule.hint(camera.key, max(pause_s, 0.0), 0.0)
            self.state.health.succeeded()
            self.state.last_sweep_ms = self._rooms.clock.now_ms()
        except NvrError as error:
            run.errors += 1
            if run.kind is not RunKind.MANUAL:
                self.state.schedule.failed(run.kind)
            self._failed(error)
        finally:
            run.is_swept = True
            self.state.is_sweeping = False
            self._rooms.changed()

    async def _advance(self, request: OpenRequest, *, can_talk: bool) -> None:
        try:
            await self.state.requests.advance(request, can_talk=can_talk)
        except NvrError as error:
            _LOGGER.debug("%s: a request failed: %s", self.state.key, error)
            self.state.requests.failed(request)
            self.state.health.react(error, is_soap=True)
            self._measure_after(error)
        finally:
            request.is_busy = False

    def _failed(self, error: NvrError) -> None:
        """Rest after an error that ended work for the NVR as a whole."""
        _LOGGER.debug("%s: %s", self.state.key, error)
        self.state.health.failed(error)
        self._measure_after(error)

    def _measure_after(self, error: NvrError) -> None:
        """Measure the clock before the next login if it may be why one was refused."""
        if error.kind is ErrorKind.AUTH_REFUSED:
            self.state.keeper.force()

    # Runs

    async def _end_runs(self, jobs: Iterable[PlannedFetch], now_s: float) -> None:
        busy = {job.camera for job in jobs} | {f.job.camera for f in self.state.fetches}
        stuck = None
        if not self.state.health.can_fetch(now_s):
            stuck = self.state.health.problem
        elif self.state.is_paused:
            stuck = self._problem(ErrorKind.CANCELLED)
        for run in self.state.runs:
            if not run.is_swept:
                if stuck is not None and not self.state.is_sweeping:
                    self._forget_manual(run)
                    await self._end_run(run, stuck)
            elif stuck is not None or not run.cameras & busy:
                await self._end_run(run, stuck or self._problem_of(run))

    def _forget_manual(self, run: Run) -> None:
        if run in self.state.schedule.manual:
            self.state.schedule.manual.remove(run)

    async def _end_run(self, run: Run, problem: Problem | None) -> None:
        backlog_ms = sum(
            camera.backlog.total_ms
            for key, camera in self.state.cameras.items()
            if key in run.cameras
        )
        await self.state.runs.end(run, problem=problem, backlog_ms=backlog_ms)

    def _problem_of(self, run: Run) -> Problem | None:
        """Return what stands before the rest of a run's cameras, if anything."""
        for key in run.cameras:
            if (error := self._rooms.library.storage_problem(key)) is not None:
                return self._problem(error.kind)
            if (camera := self.state.cameras.get(key)) is not None and camera.trouble:
                return camera.trouble
        return None

    def _problem(self, kind: ErrorKind) -> Problem:
        return Problem(kind, self._rooms.clock.now_ms())
