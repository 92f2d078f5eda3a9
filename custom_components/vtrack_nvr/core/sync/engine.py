"""The engine: everything that is fetched from every NVR, in one place.

One engine serves the whole installation. It runs on the event loop and never blocks it:
sockets, disks and SQL are behind the ports. All times are milliseconds of UTC.
"""

import asyncio
from collections.abc import Callable, Iterable
import logging
import random
from typing import Any

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..ledger import Want
from ..models import CameraKey, DeviceEvent, EventMark, NvrKey
from ..policy import Bounds, DevicePolicy, Waits
from .backoff import Backoff
from .engine_context import EngineContext, Slots
from .events import EventIntake
from .nvr_state import NvrState
from .nvr_worker import NvrWorker
from .ports import EngineLedger, Fetcher
from .requests import saved_clip
from .settings import CameraSpec, EngineLimits, NvrSettings, NvrSpec
from .snapshots import Publisher
from .status import CancelledWork, LiveNote, SavedClip, SyncReport, SyncStatus

_LOGGER = logging.getLogger(__name__)

RESTART_S = (30.0, 60.0, 300.0, 900.0, 3600.0)
"""Pauses before a worker that broke (a fault of ours) is started again."""


PAUSE_S = 3600.0
"""How long a pause lasts unless told otherwise."""


class SyncEngine:
    """Plans and fetches for all attached NVRs while `run` runs.

    Methods that are not `async` only take note of what is asked and return at once; they
    are called on the event loop. NVRs may be attached and detached before, during and
    after `run`.
    """

    def __init__(
        self,
        library: EngineLedger,
        fetcher: Fetcher,
        clock: Clock,
        limits: EngineLimits | None = None,
        *,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Take the other rooms; nothing is started."""
        limits = limits or EngineLimits()
        self._workers: dict[NvrKey, NvrWorker] = {}
        self._runners: dict[NvrKey, asyncio.Task[None]] = {}
        self._publisher = Publisher(self._states, clock, limits.status_s)
        self._rooms = EngineContext(
            library=library,
            fetcher=fetcher,
            clock=clock,
            limits=limits,
            waits=waits or Waits(),
            bounds=bounds or Bounds(),
            rng=rng or random.Random(),  # noqa: S311  jitter, not secrets
            slots=Slots(limits.total_sessions, self._wake_all),
            changed=self._publisher.changed,
        )
        self.news = self._rooms.news
        self._events = EventIntake(self._rooms)
        self._leaving: set[asyncio.Future[None]] = set()
        self._is_running = False
        self._stopped = asyncio.Event()

    # Life

    async def run(self) -> None:
        """Work until `stop`; start it as a background task."""
        self._is_running = True
        self._publisher.start()
        for worker in self._workers.values():
            self._begin(worker)
        try:
            await self._stopped.wait()
        finally:
            self._is_running = False
            await self._publisher.stop()
            for worker in self._workers.values():
                worker.kill()
            for task in tuple(self._runners.values()):
                task.cancel()

    async def stop(self, timeout_s: float | None = None) -> None:
        """End all fetches with their footage kept and return within `timeout_s` (10 s)."""
        timeout_s = self._rooms.waits.stop if timeout_s is None else timeout_s
        ending = [
            asyncio.ensure_future(self._end(worker))
            for worker in self._workers.values()
        ]
        if ending:
            _, late = await asyncio.wait(ending, timeout=timeout_s)
            for task in late:
                task.cancel()
        for worker in self._workers.values():
            worker.kill()
        self._stopped.set()

    # NVRs and cameras

    def attach_nvr(self, spec: NvrSpec) -> None:
        """Begin to work for an NVR; a spec of the same key takes the place of the old."""
        if (old := self._workers.get(spec.key)) is not None:
            self._leaving.add(leaving := asyncio.ensure_future(self._end(old)))
            leaving.add_done_callback(self._leaving.discard)
        worker = NvrWorker(spec, self._rooms)
        self._workers[spec.key] = worker
        if self._is_running:
            self._begin(worker)
        self._rooms.changed()

    async def detach_nvr(self, nvr: NvrKey) -> None:
        """End the work for an NVR; its fetches are ended when this returns."""
        worker = self._workers.pop(nvr, None)
        if worker is None:
            return
        ending = asyncio.ensure_future(self._end(worker))
        _, late = await asyncio.wait({ending}, timeout=self._rooms.waits.stop)
        if late:
            worker.kill()
            ending.cancel()
        self._rooms.slots.withdraw(nvr)
        self._rooms.changed()

    def add_camera(self, nvr: NvrKey, camera: CameraKey, spec: CameraSpec) -> None:
        """Begin to work for one more camera; the others notice nothing."""
        self._worker(nvr).add_camera(camera, spec)
        self._rooms.changed()

    def update_camera(self, nvr: NvrKey, camera: CameraKey, spec: CameraSpec) -> None:
        """Work for a camera by other settings; the others notice nothing."""
        self._worker(nvr).update_camera(camera, spec)
        self._rooms.changed()

    async def remove_camera(self, nvr: NvrKey, camera: CameraKey) -> None:
        """End the work for a camera; what is kept stays, open requests are cancelled."""
        await self._worker(nvr).remove_camera(camera)
        self._rooms.changed()

    def update_nvr(self, nvr: NvrKey, settings: NvrSettings) -> None:
        """Work for an NVR by other settings."""
        self._worker(nvr).update_settings(settings)

    def set_enabled(self, camera: CameraKey, is_enabled: bool) -> None:
        """Switch a camera's background sync; requests are served all the same."""
        worker = self._worker_of(camera)
        worker.state.cameras[camera].set_enabled(is_enabled=is_enabled)
        worker.wake()

    def set_replay_broken(self, camera: CameraKey, is_broken: bool) -> None:
        """Tell what was found out elsewhere; holds until the daily re-probe."""
        worker = self._worker_of(camera)
        worker.state.cameras[camera].set_replay_broken(is_broken=is_broken)
        worker.wake()

    async def teach(
        self, nvr: NvrKey, taught: Callable[[DevicePolicy], DevicePolicy]
    ) -> None:
        """Remember what a live session found out of the device; raises `NvrError`."""
        state = self._worker(nvr).state
        await state.learn(taught(state.policy))

    # Asking for work

    async def sync_now(
        self,
        cameras: Iterable[CameraKey] | None = None,
        *,
        full: bool = False,
        wait: bool = True,
    ) -> SyncReport:
        """Search these cameras (all) now and fetch what is due, whatever the gate says.

        With `wait` returns when that is done or cannot go on; without, at once.
        """
        chosen = None if cameras is None else frozenset(cameras)
        runs = []
        for worker in self._workers.values():
            here = frozenset(worker.state.cameras)
            mine = here if chosen is None else here & chosen
            if mine:
                runs.append(worker.sync_now(mine, is_full=full))
        if wait:
            reports = [await run.done for run in runs if run.done is not None]
            return summed(self._rooms.clock.now_ms(), reports)
        now_ms = self._rooms.clock.now_ms()
        return SyncReport(now_ms, now_ms, is_complete=False)

    async def request(
        self, camera: CameraKey, wanted: TimeRange, note: str = ""
    ) -> Want:
        """Store a request that goes ahead of everything, also across restarts.

        Raises `NvrError(GONE)` for a camera that is not attached.
        """
        return await self._worker_of(camera).request(camera, wanted, note)

    async def wait_for(self, want: Want, deadline_s: float | None = None) -> SavedClip:
        """Wait until a request is closed, or its deadline (seconds from now) has come.

        The request stays open after the deadline.
        """
        future = self._worker_of(want.camera).state.requests.waiter(want)
        outcome = "expired"
        if deadline_s is None:
            outcome = await future
        else:
            alarm = asyncio.ensure_future(self._rooms.clock.sleep(deadline_s))
            try:
                await first_of(future, alarm)
            finally:
                alarm.cancel()
            if future.done():
                outcome = future.result()
            else:
                future.cancel()
        return await saved_clip(self._rooms, want.camera, want.range, outcome)

    async def save_clip(
        self,
        camera: CameraKey,
        wanted: TimeRange,
        deadline_s: float | None = None,
        note: str = "",
    ) -> SavedClip:
        """Request and wait; the footage is in the library as whole GOPs."""
        want = await self.request(camera, wanted, note)
        return await self.wait_for(want, deadline_s)

    async def watch(self, camera: CameraKey, wanted: TimeRange) -> Want:
        """Ask for footage that somebody watches now: ahead of requests, until `unwatch`.

        It is forgotten at a restart. Raises `NvrError(GONE)` for a camera that is not
        attached, and as `request`.
        """
        return await self._worker_of(camera).request(
            camera, wanted, "", is_watched=True
        )

    async def unwatch(self, want: Want) -> bool:
        """Let go of what is watched no more; what came is kept.

        Returns whether it was still open. What others watch goes on.
        """
        for worker in self._workers.values():
            if want.camera in worker.state.cameras:
                return await worker.unwatch(want)
        return False

    def is_open(self, want: Want) -> bool:
        """Return whether more may come for a request."""
        return any(
            worker.state.requests.is_open(want.id) for worker in self._workers.values()
        )

    def look_at_viewers(self, nvr: NvrKey) -> None:
        """Look at once whether somebody watches a device live."""
        if (worker := self._workers.get(nvr)) is not None:
            worker.wake()

    async def cancel_request(self, want: Want) -> None:
        """Close a request unserved."""
        await self._worker_of(want.camera).state.requests.cancel(want.id)

    # Steering

    def pause(self, nvr: NvrKey | None = None, seconds: float = PAUSE_S) -> None:
        """Start no background work for an NVR (all) for a while; running fetches make way.

        A pause ends by itself: one that is forgotten would cost footage.
        """
        clock = self._rooms.clock
        until_ms = clock.now_ms() + round(seconds * 1000)
        self._set_pause(nvr, clock.monotonic() + seconds, until_ms)

    def resume(self, nvr: NvrKey | None = None) -> None:
        """End a pause before its time."""
        self._set_pause(nvr, None, None)

    async def cancel_work(self, camera: CameraKey) -> CancelledWork:
        """End all that is being done for a camera; returns how much that was.

        Fetches end, requests are closed unserved, and whoever waits for a sync by hand is
        told. Background work goes on with the next sweep. Raises `NvrError(GONE)`.
        """
        return await self._worker_of(camera).cancel_work(camera)

    def cancel(self, camera: CameraKey | None = None) -> None:
        """End the running fetches of a camera (all) now; they are planned anew later."""
        for worker in self._workers.values():
            for fetch in worker.state.fetches:
                if camera is None or fetch.job.camera == camera:
                    fetch.cancel.cancel("asked to")

    def credentials_changed(self, nvr: NvrKey) -> None:
        """Try an NVR again that was stopped (login, certificate, address changed)."""
        self._worker(nvr).credentials_changed()

    def set_total_sessions(self, total: int) -> None:
        """Allow so many replay sessions at once over all NVRs."""
        self._rooms.slots.resize(total)

    # News from outside

    def notify_event(self, nvr: NvrKey, event: DeviceEvent) -> None:
        """Enter a device's event as a mark and look for its footage soon."""
        if (worker := self._workers.get(nvr)) is not None:
            self._events.device_event(worker.state, event)

    def notify_mark(self, camera: CameraKey, mark: EventMark) -> None:
        """Enter an event of another origin (a Home Assistant entity), in UTC."""
        self._events.mark(self._worker_of(camera).state, camera, mark)

    def notify_kept(self, camera: CameraKey, kept: TimeRange) -> None:
        """Tell that a clip was completed or changed elsewhere (live, retention, repair)."""
        self._events.kept(self._worker_of(camera).state, camera, kept)

    async def leave_out(self, camera: CameraKey) -> None:
        """Do without the footage that was given up, and what is gone though it was kept.

        The ledger says *removed*; asking for it again tries again. Raises `NvrError`.
        """
        worker = self._worker_of(camera)
        await worker.missing_watch.leave_out(worker.state.cameras[camera])

    def note_live(self, camera: CameraKey, note: LiveNote | None) -> None:
        """Tell what a camera's live recording is doing; it only shows in the status."""
        self._worker_of(camera).state.cameras[camera].live = note
        self._rooms.changed()

    # Status

    def status(self) -> SyncStatus:
        """Return the last snapshot; a new one is made at most once a second."""
        return self._publisher.status()

    async def fresh_status(self) -> SyncStatus:
        """Return a snapshot of this moment, whenever the last one was made."""
        return await self._publisher.fresh()

    def subscribe(self, callback: Callable[[SyncStatus], None]) -> Callable[[], None]:
        """Call back on the event loop with each new snapshot; returns how to end that."""
        return self._publisher.subscribe(callback)

    # Inside

    def _states(self) -> tuple[NvrState, ...]:
        return tuple(worker.state for worker in self._workers.values())

    def _worker(self, nvr: NvrKey) -> NvrWorker:
        worker = self._workers.get(nvr)
        if worker is None:
            raise NvrError(ErrorKind.GONE, "the NVR is not attached", where=nvr)
        return worker

    def _worker_of(self, camera: CameraKey) -> NvrWorker:
        for worker in self._workers.values():
            if camera in worker.state.cameras:
                return worker
        raise NvrError(ErrorKind.GONE, "the camera is not attached", where=camera)

    def _set_pause(
        self, nvr: NvrKey | None, until_s: float | None, until_ms: int | None
    ) -> None:
        for worker in self._workers.values():
            if nvr is None or worker.state.key == nvr:
                worker.state.paused_until_s = until_s
                worker.state.paused_until_ms = until_ms
                worker.wake()
        self._rooms.changed()

    def _wake_all(self) -> None:
        for worker in self._workers.values():
            worker.wake()

    def _begin(self, worker: NvrWorker) -> None:
        task = asyncio.get_running_loop().create_task(self._keep_running(worker))
        self._runners[worker.state.key] = task

    async def _keep_running(self, worker: NvrWorker) -> None:
        """Run a worker; one that breaks is reported and started again."""
        pause = Backoff(RESTART_S, self._rooms.rng)
        while True:
            task = asyncio.ensure_future(worker.run())
            await asyncio.wait({task})
            if task.cancelled() or (error := task.exception()) is None:
                return
            _LOGGER.error("%s: the worker broke", worker.state.key, exc_info=error)
            await self._rooms.clock.sleep(pause.failed(0.0))

    async def _end(self, worker: NvrWorker) -> None:
        runner = self._runners.pop(worker.state.key, None)
        await worker.stop()
        if runner is not None:
            await asyncio.wait({runner})


async def first_of(*futures: asyncio.Future[Any]) -> None:
    """Return when the first of these is done; the others go on."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def summed(now_ms: int, reports: Iterable[SyncReport]) -> SyncReport:
    """Return one report of several that ran side by side."""
    reports = tuple(reports)
    return SyncReport(
        started_ms=min((r.started_ms for r in reports), default=now_ms),
        ended_ms=max((r.ended_ms for r in reports), default=now_ms),
        is_complete=all(r.is_complete for r in reports),
        clips=sum(r.clips for r in reports),
        bytes=sum(r.bytes for r in reports),
        errors=sum(r.errors for r in reports),
        backlog_s=sum(r.backlog_s for r in reports),
        problem=next((r.problem for r in reports if r.problem), None),
    )
