"""Live recording of the cameras that rely on it, and of any camera on request."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
import functools
import logging
from typing import Any, override

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint
from ..errors import STORAGE_KINDS, ErrorKind, NvrError, Treatment
from ..intervals import TimeRange
from ..ledger import LedgerReason
from ..library.library import Library
from ..live.live_values import LiveGap, LiveSpec, LiveState, LiveStatus, no_era
from ..live.recorders import LiveRecorders
from ..models import (
    CameraKey,
    ClockEra,
    CoverageState,
    NvrKey,
    StreamProfile,
)
from ..policy import Waits
from ..sync.clock_eras import EraMap
from ..sync.engine import SyncEngine
from ..sync.ports import LiveNow, LiveSource
from ..sync.settings import SyncMode
from ..sync.status import LiveNote, Problem, SyncState
from .live_devices import Heartbeats, LiveCamera, LiveDevice

_LOGGER = logging.getLogger(__name__)

SEAM_MS = 1_000
HEARTBEAT_S = 300.0
ON_REQUEST_GRACE_MS = 30_000

_STATES = {
    LiveState.RECORDING: SyncState.RECORDING,
    LiveState.WAITING: SyncState.WAITING,
    LiveState.BLOCKED: SyncState.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a camera is to be recorded now; another plan means another recorder."""

    profile: StreamProfile
    clip_ms: int
    with_audio: bool
    pre_roll_ms: int
    is_continuous: bool


def _name_of(asked: TimeRange) -> str:
    """Return the name of a stretch on request: it keeps it when it grows or ends early."""
    return f"on request {asked.start_ms}"


@dataclass(slots=True)
class _Recorded:
    """A camera that is or may be recorded."""

    device: LiveDevice
    camera: LiveCamera
    asked: TimeRange | None = None
    """What a person or an automation asked to be recorded, as one stretch."""
    alarm: asyncio.TimerHandle | None = None
    """Looks again when that is over."""
    plan: _Plan | None = None
    uri: str = ""
    is_on: bool = False

    def end(self) -> None:
        """Wait for nothing any more."""
        if self.alarm is not None:
            self.alarm.cancel()


@dataclass(slots=True)
class _LiveChoice:
    """What the engine decided about a camera."""

    is_live: bool = False
    """It relies on the live recording."""
    era: ClockEra | None = field(default=None)


class LiveRecordings(LiveSource):
    """Starts, steers and ends a recorder per camera, as engine, gates and people want.

    Every loss goes into the ledger: *on device* if the device may have the footage, *lost*
    if nothing else has. All methods run on the event loop.
    """

    def __init__(
        self,
        library: Library,
        engine: SyncEngine,
        clock: Clock,
        heartbeats: Heartbeats,
        ffmpeg: str,
        waits: Waits | None = None,
    ) -> None:
        """Take the other parts; nothing is recorded yet."""
        self._library = library
        self._engine = engine
        self._clock = clock
        self._heartbeats = heartbeats
        self._ffmpeg = ffmpeg
        self._waits = waits or Waits()
        self._recorders = LiveRecorders(
            clock=clock,
            waits=self._waits,
            on_status=self._on_status,
            on_gap=self._on_gap,
        )
        self._cameras: dict[CameraKey, _Recorded] = {}
        self._leaving: dict[CameraKey, _Recorded] = {}
        """Cameras whose recorders are ending: what they lose is told to the last."""
        self._entering: set[asyncio.Task[None]] = set()
        """Gaps on their way into the ledger."""
        self._sources: dict[CameraKey, _LiveChoice] = {}
        self._eras: dict[NvrKey, ClockEra] = {}
        self._was_alive: dict[str, int] = {}
        self._beating: set[CameraKey] = set()
        self._lock = asyncio.Lock()
        self._is_stopping = False
        self._beat: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Life

    async def start(self) -> None:
        """Read what was being recorded before this start."""
        self._was_alive = await self._heartbeats.load()

    async def stop(self) -> None:
        """Finish all clips under way; what is missing until the next start is a gap."""
        self._is_stopping = True
        self._end_beat()
        await self._save_alive()
        for known in self._cameras.values():
            known.end()
        self._leaving |= self._cameras
        self._cameras.clear()
        await self._recorders.close()
        await asyncio.gather(*self._entering, return_exceptions=True)
        for task in tuple(self._tasks):
            task.cancel()

    async def update(self, device: LiveDevice, cameras: Sequence[LiveCamera]) -> None:
        """Know a device's cameras as they are now."""
        now = {camera.key: camera for camera in cameras}
        for key, known in [*self._cameras.items()]:
            if known.device.nvr == device.nvr and known.camera != now.get(key):
                await self._forget(key, is_gone=key not in now)
        for key, camera in now.items():
            if key in self._cameras:
                self._cameras[key].device = device
            else:
                self._cameras[key] = _Recorded(device, camera)
        self.look()

    async def detach(self, nvr: NvrKey) -> None:
        """End the recordings of an NVR."""
        ending = []
        for key, known in [*self._cameras.items()]:
            if known.device.nvr == nvr and key in self._cameras:
                ending.append(asyncio.ensure_future(self._forget(key, is_gone=True)))
                # Each may begin a thread, for which the loop waits.
                await asyncio.sleep(0)
        await asyncio.gather(*ending)

    async def _forget(self, key: CameraKey, *, is_gone: bool) -> None:
        known = self._leaving[key] = self._cameras.pop(key)
        known.end()
        await self._recorders.detach(key)
        await asyncio.gather(*self._entering, return_exceptions=True)
        self._leaving.pop(key, None)
        if is_gone:
            self._sources.pop(key, None)
        if is_gone and not self._is_stopping:
            self._was_alive.pop(key, None)
            await self._save_alive()

    # What the engine decides

    @override
    def follow(self, camera: CameraKey, *, is_live: bool, era: ClockEra | None) -> None:
        source = self._sources.setdefault(camera, _LiveChoice())
        source.era = era
        if not is_live:
            self._was_alive.pop(camera, None)
        if source.is_live is not is_live:
            source.is_live = is_live
            self.look()

    def _is_live(self, camera: CameraKey) -> bool:
        source = self._sources.get(camera)
        return source is not None and source.is_live

    # Asking for a recording

    @override
    async def want(self, camera: CameraKey, wanted: TimeRange, event: str = "") -> None:
        known = self._cameras.get(camera)
        if known is None or not self._is_live(camera):
            return
        if event and not known.device.gate.is_open(camera):
            return
        await self._reconcile()
        self._recorders.record(camera, wanted, event)

    async def record(self, camera: CameraKey, seconds: float) -> TimeRange:
        """Record a camera's live stream from now on, wherever its footage comes from.

        Raises `NvrError`: GONE where it is not attached, UNSUPPORTED without a stream.
        """
        known = self._cameras.get(camera)
        if known is None:
            raise NvrError(ErrorKind.GONE, "the camera is not attached", where=camera)
        if known.camera.profile is None:
            raise NvrError(ErrorKind.UNSUPPORTED, "no stream", where=camera)
        now_ms = self._clock.now_ms()
        wanted = TimeRange(now_ms, now_ms + round(seconds * 1000))
        asked = known.asked
        if asked is not None and asked.end_ms >= now_ms:  # one goes on to the later end
            end_ms = max(asked.end_ms, wanted.end_ms)
            known.asked = asked = TimeRange(asked.start_ms, end_ms)
        else:
            known.asked = asked = wanted
        await self._reconcile()
        self._recorders.record(camera, asked, _name_of(asked))
        self._look_after(known, asked.end_ms)
        return wanted

    async def stop_recording(self, camera: CameraKey) -> TimeRange | None:
        """End what `record` began; returns what was recorded, None if nothing was.

        Recording for another reason goes on. Raises `NvrError`: GONE where the camera is
        not attached.
        """
        known = self._cameras.get(camera)
        if known is None:
            raise NvrError(ErrorKind.GONE, "the camera is not attached", where=camera)
        now_ms, asked = self._clock.now_ms(), known.asked
        if asked is None or asked.end_ms <= now_ms:
            return None
        known.asked = TimeRange(asked.start_ms, max(asked.start_ms, now_ms))
        self._recorders.record(camera, known.asked, _name_of(asked))
        self._look_after(known, now_ms)
        return known.asked

    def _look_after(self, known: _Recorded, end_ms: int) -> None:
        """Look again when the recorder of a recording on request may end."""
        seconds = (end_ms - self._clock.now_ms() + 2 * ON_REQUEST_GRACE_MS) / 1000
        known.end()
        known.alarm = asyncio.get_running_loop().call_later(seconds, self.look)

    def state(self, camera: CameraKey) -> LiveState | None:
        """Return what a camera's recorder does, None without one."""
        status = self._recorders.status(camera)
        return status.state if status else None

    @override
    def now(self, camera: CameraKey) -> LiveNow:
        known = self._cameras.get(camera)
        if known is None or known.plan is None:
            return LiveNow()
        status = self._recorders.status(camera)
        return LiveNow(
            is_expected=(
                self._is_live(camera)
                and known.camera.settings.mode is not SyncMode.ON_DEMAND
                and known.device.gate.is_open(camera)
            ),
            is_continuous=known.is_on,
            open=status.open if status else None,
        )

    def storage_is_back(self) -> None:
        """Let recordings that wait for a storage go on at once."""
        for key in self._cameras:
            status = self._recorders.status(key)
            if status is not None and status.problem in STORAGE_KINDS:
                self._recorders.retry_now(key)

    # What is to be recorded now

    def look(self) -> None:
        """Look again: a gate moved, or time has passed."""
        if not self._is_stopping:
            self._spawn(self._reconcile(), "live recordings")

    def _plan(self, known: _Recorded) -> _Plan | None:
        """Return how a camera is to be recorded, None: not at all."""
        camera, settings = known.camera, known.camera.settings
        is_live = self._is_live(camera.key)
        now_ms, asked = self._clock.now_ms(), known.asked
        is_asked = asked is not None and asked.end_ms + ON_REQUEST_GRACE_MS > now_ms
        if camera.profile is None or not (is_live or is_asked):
            return None
        is_open = known.device.gate.is_open(camera.key)
        is_around_events = is_live and settings.mode is SyncMode.EVENTS
        return _Plan(
            camera.profile,
            settings.clip_ms,
            settings.with_audio,
            settings.pre_roll_ms if is_around_events and is_open else 0,
            is_live and settings.mode is SyncMode.EVERYTHING,
        )

    async def _reconcile(self) -> None:
        """Make the recorders what they should be."""
        async with self._lock:
            for key, known in [*self._cameras.items()]:
                if self._is_stopping:
                    return
                if self._cameras.get(key) is not known:  # gone while others were begun
                    continue
                plan = self._plan(known)
                if plan is None:
                    if known.plan is not None:
                        await self._recorders.detach(key)
                        self._note(key, None)
                elif plan != known.plan:
                    await self._begin(known, plan)
                known.plan = plan
                is_on = plan is not None and plan.is_continuous
                is_on = is_on and known.device.gate.is_open(key)
                if is_on is not known.is_on:
                    self._recorders.switch(key, is_on)
                known.is_on = is_on
                if self._is_live(key) and not is_on:
                    self._was_alive.pop(key, None)
        if not self._is_stopping and self._recorded() != self._beating:
            self._beat_on()

    async def _begin(self, known: _Recorded, plan: _Plan) -> None:
        key = known.camera.key
        since_ms = self._was_alive.get(key)
        now_ms = self._clock.now_ms()
        is_on = plan.is_continuous and known.device.gate.is_open(key)
        if is_on and since_ms is not None and since_ms < now_ms and not known.plan:
            gap = LiveGap(TimeRange(since_ms, now_ms), LedgerReason.NOT_RUNNING)
            await self._enter(known, gap)
        nvr = known.device.nvr
        if nvr not in self._eras and (eras := await self._library.ledger.eras(nvr)):
            self._eras[nvr] = EraMap(eras).current
        known.is_on = is_on
        await self._recorders.attach(
            LiveSpec(
                key,
                functools.partial(
                    self._endpoint, asyncio.get_running_loop(), known, plan.profile
                ),
                functools.partial(self._era, key, nvr),
                is_on=is_on,
                with_audio=plan.with_audio,
                pre_roll_ms=plan.pre_roll_ms,
                clip_ms=plan.clip_ms,
                guard=known.device.guard,
                ffmpeg=self._ffmpeg,
            ),
            self._library.ledger.sink(key),
        )

    def _era(self, camera: CameraKey, nvr: NvrKey) -> ClockEra:
        """Return the clock era as the engine knows it now; on the recorder's thread."""
        source = self._sources.get(camera)
        return (source.era if source else None) or self._eras.get(nvr) or no_era()

    @staticmethod
    async def _ask(device: LiveDevice, profile: StreamProfile) -> str:
        return await device.stream_uri(profile)

    def _endpoint(
        self,
        loop: asyncio.AbstractEventLoop,
        known: _Recorded,
        profile: StreamProfile,
        cancel: CancelToken,
    ) -> Endpoint:
        """Ask the device where its stream is; on the recorder's thread.

        A device whose web service does not answer may well stream: the address of
        before is used then.
        """
        future = asyncio.run_coroutine_threadsafe(
            self._ask(known.device, profile), loop
        )

        def give_up() -> None:
            future.cancel()

        remove = cancel.add_waker(give_up)
        try:
            known.uri = future.result(2 * self._waits.soap_call)
        except CancelledError:
            raise NvrError(ErrorKind.CANCELLED, "stopping") from None
        except TimeoutError:
            future.cancel()
            if not known.uri:
                raise NvrError(ErrorKind.TIMEOUT, "the stream's address") from None
        except NvrError as error:
            if not known.uri or error.treatment is not Treatment.LATER:
                raise
        finally:
            remove()
        return known.device.endpoint(known.uri)

    # What recorders tell

    def _on_status(self, key: CameraKey, status: LiveStatus) -> None:
        problem = (
            Problem(status.problem, status.since_ms, status.detail)
            if status.problem
            else None
        )
        state = _STATES.get(status.state, SyncState.IDLE)
        if status.state is LiveState.CONNECTING and problem:
            state = SyncState.WAITING
        self._note(
            key,
            None if status.state is LiveState.STOPPED else LiveNote(state, problem),
        )

    def _note(self, key: CameraKey, note: LiveNote | None) -> None:
        try:
            self._engine.note_live(key, note)
        except NvrError:
            _LOGGER.debug("%s is no longer attached", key)

    def _on_gap(self, key: CameraKey, gap: LiveGap) -> None:
        known = self._cameras.get(key) or self._leaving.get(key)
        if known is not None:
            task = self._spawn(self._enter(known, gap), "gap")
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, known: _Recorded, gap: LiveGap) -> None:
        """Write a gap into the ledger."""
        key, stretch = known.camera.key, gap.range
        if not self._is_live(key):
            return
        state = CoverageState.LOST
        if known.camera.has_recordings:
            state = CoverageState.ON_DEVICE
            if gap.is_over:
                # The clip that follows is not complete yet, and device clocks are known
                # to a second: fetching up to its first picture would bring some twice.
                less_ms = min(SEAM_MS, stretch.duration_ms // 4)
                stretch = TimeRange(stretch.start_ms, stretch.end_ms - less_ms)
        try:
            await self._library.ledger.mark(key, [stretch], state, gap.reason)
            self._engine.notify_kept(key, stretch)
        except NvrError as error:
            _LOGGER.debug("A gap of %s was not entered: %s", key, error)

    # Whether Home Assistant was running

    def _recorded(self) -> set[CameraKey]:
        """Return the cameras that are recorded all the time now."""
        return {key for key, known in self._cameras.items() if known.is_on}

    def _beat_on(self) -> None:
        """Remember from time to time what is being recorded."""
        self._end_beat()
        self._beating = self._recorded()
        loop = asyncio.get_running_loop()
        self._beat = loop.call_later(HEARTBEAT_S, self._beat_on)
        self._spawn(self._save_alive(), "heartbeat")

    def _end_beat(self) -> None:
        if self._beat is not None:
            self._beat.cancel()

    async def _save_alive(self) -> None:
        self._was_alive |= dict.fromkeys(self._recorded(), self._clock.now_ms())
        await self._heartbeats.save(self._was_alive)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=f"vtrack_nvr {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("Live recordings: a task broke", exc_info=error)
