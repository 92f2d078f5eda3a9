"""Live recording of the cameras that rely on it, and of any camera on request."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import datetime
import functools
import logging
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_call_later, async_track_state_change_event
from homeassistant.helpers.storage import Store

from ..const import CONF_LIVE_GATE, DOMAIN
from ..core.cancel import CancelToken
from ..core.clock import Clock
from ..core.errors import STORAGE_KINDS, ErrorKind, NvrError, Treatment
from ..core.intervals import TimeRange
from ..core.ledger import LedgerReason
from ..core.library.library import Library
from ..core.live.recorders import LiveRecorders
from ..core.live.values import LiveGap, LiveSpec, LiveState, LiveStatus, no_era
from ..core.models import (
    CameraKey,
    ClockEra,
    CoverageState,
    NvrKey,
    StreamProfile,
)
from ..core.policy import Waits
from ..core.rtsp.values import Endpoint
from ..core.sync.clocks import EraMap
from ..core.sync.engine import SyncEngine
from ..core.sync.ports import LiveNow, LiveSource
from ..core.sync.settings import SyncMode
from ..core.sync.status import (
    FootageSource,
    LiveNote,
    Problem,
    SyncState,
    SyncStatus,
)
from .gates import EntityGate
from .settings import camera_settings

if TYPE_CHECKING:
    from .nvr import CameraRuntime, VtrackRuntime

_LOGGER = logging.getLogger(__name__)

SEAM_MS = 1_000
HEARTBEAT_S = 300.0
ON_REQUEST_GRACE_MS = 30_000

_STATES = {
    LiveState.RECORDING: SyncState.RECORDING,
    LiveState.WAITING: SyncState.WAITING,
    LiveState.BLOCKED: SyncState.BLOCKED,
}


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a camera is to be recorded now; another plan means another recorder."""

    profile: StreamProfile
    clip_ms: int
    with_audio: bool
    pre_roll_ms: int
    is_continuous: bool


@dataclass(slots=True)
class _Camera:
    runtime: VtrackRuntime
    camera: CameraRuntime
    gate: EntityGate
    unwatch: Callable[[], None]
    is_live: bool = False
    """The engine relies on the live recording."""
    asked_until_ms: int = 0
    """A person or an automation asked for a recording up to here."""
    unask: Callable[[], None] = _nothing
    """Ends the alarm for that."""
    plan: _Plan | None = None
    uri: str = ""
    is_on: bool = False

    def end(self) -> None:
        """Listen to nothing any more."""
        self.unwatch()
        self.unask()
        self.gate.close()


class LiveDesk(LiveSource):
    """Starts, steers and ends a recorder per camera, as engine, gates and people want.

    Every loss goes into the ledger: *on device* where the device may have the footage,
    *lost* where nothing else has.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        library: Library,
        engine: SyncEngine,
        clock: Clock,
        waits: Waits | None = None,
    ) -> None:
        """Record nothing yet."""
        self._hass = hass
        self._library = library
        self._engine = engine
        self._clock = clock
        self._waits = waits or Waits()
        self._recorders = LiveRecorders(
            clock=clock,
            waits=self._waits,
            on_status=self._on_status,
            on_gap=self._on_gap,
        )
        self._cameras: dict[CameraKey, _Camera] = {}
        self._offsets: dict[NvrKey, int] = {}
        self._eras: dict[NvrKey, ClockEra] = {}
        self._alive: Store[dict[str, int]] = Store(hass, 1, f"{DOMAIN}.live")
        self._was_alive: dict[str, int] = {}
        self._beating: set[CameraKey] = set()
        self._lock = asyncio.Lock()
        self._is_stopping = False
        self._unsubscribe: Callable[[], None] = _nothing
        self._beat: Callable[[], None] = _nothing

    # Life

    async def async_start(self) -> None:
        """Follow the engine from now on."""
        self._was_alive = await self._alive.async_load() or {}
        self._unsubscribe = self._engine.subscribe(self._on_sync_status)

    async def async_stop(self) -> None:
        """Finish all clips under way; what is missing until the next start is a gap."""
        self._is_stopping = True
        self._unsubscribe()
        self._beat()
        await self._save_alive()
        for known in self._cameras.values():
            known.end()
        self._cameras.clear()
        await self._recorders.close()

    async def async_update(self, runtime: VtrackRuntime) -> None:
        """Know an NVR's cameras as they are now."""
        now = {camera.key: camera for camera in runtime.cameras.values()}
        for key, known in [*self._cameras.items()]:
            if known.runtime is runtime and known.camera != now.get(key):
                await self._forget(key, is_gone=key not in now)
        for key, camera in now.items():
            if key not in self._cameras:
                self._cameras[key] = self._known(runtime, camera)
        self._look()

    async def async_detach(self, runtime: VtrackRuntime) -> None:
        """End the recordings of an NVR."""
        ending = []
        for key, known in [*self._cameras.items()]:
            if known.runtime is runtime and key in self._cameras:
                ending.append(asyncio.ensure_future(self._forget(key, is_gone=True)))
                # Each may begin a thread, for which the loop waits.
                await asyncio.sleep(0)
        await asyncio.gather(*ending)

    def _known(self, runtime: VtrackRuntime, camera: CameraRuntime) -> _Camera:
        gate_id = camera.data.get(CONF_LIVE_GATE)
        entities = (gate_id,) if gate_id else ()
        gate = EntityGate(self._hass, {camera.key: entities}, runtime.on_gate_missing)
        unwatch: Callable[[], None] = _nothing
        if entities:
            unwatch = async_track_state_change_event(
                self._hass, entities, self._on_news
            )
        return _Camera(runtime, camera, gate, unwatch)

    async def _forget(self, key: CameraKey, *, is_gone: bool) -> None:
        known = self._cameras.pop(key)
        known.end()
        await self._recorders.detach(key)
        if is_gone and not self._hass.is_stopping:
            self._was_alive.pop(key, None)
            await self._save_alive()

    # Asking for a recording

    @override
    async def want(self, camera: CameraKey, wanted: TimeRange, event: str = "") -> None:
        known = self._cameras.get(camera)
        if known is None or not known.is_live:
            return
        if event and not known.gate.is_open(camera):
            return
        await self._reconcile()
        self._recorders.record(camera, wanted, event)

    async def async_record(self, camera: CameraKey, seconds: float) -> TimeRange:
        """Record a camera's live stream from now on, wherever its footage comes from.

        Raises `NvrError`: GONE where it is not attached, UNSUPPORTED without a stream.
        """
        known = self._cameras.get(camera)
        if known is None:
            raise NvrError(ErrorKind.GONE, "the camera is not attached", where=camera)
        _ = known.camera.recorded_profile
        now_ms = self._clock.now_ms()
        wanted = TimeRange(now_ms, now_ms + round(seconds * 1000))
        known.asked_until_ms = max(known.asked_until_ms, wanted.end_ms)
        await self._reconcile()
        self._recorders.record(camera, wanted)
        known.unask()
        known.unask = async_call_later(
            self._hass,
            seconds + 2 * ON_REQUEST_GRACE_MS / 1000,
            self._on_news,
        )
        return wanted

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
        mode = camera_settings(known.camera.data).mode
        return LiveNow(
            is_expected=(
                known.is_live
                and mode is not SyncMode.ON_DEMAND
                and known.gate.is_open(camera)
            ),
            is_continuous=known.is_on,
            open=status.open if status else None,
        )

    @callback
    def storage_is_back(self) -> None:
        """Let recordings that wait for a storage go on at once."""
        for key in self._cameras:
            status = self._recorders.status(key)
            if status is not None and status.problem in STORAGE_KINDS:
                self._recorders.retry_now(key)

    # What is to be recorded now

    @callback
    def _on_sync_status(self, status: SyncStatus) -> None:
        """Follow the engine's decisions about sources, and the devices' clocks."""
        is_changed = False
        for nvr in status.nvrs.values():
            offset_ms = nvr.clock_offset_ms
            if offset_ms is not None and self._offsets.get(nvr.key) != offset_ms:
                self._offsets[nvr.key] = offset_ms
                self._spawn(self._load_era(nvr.key), "clock")
            for key, camera in nvr.cameras.items():
                known = self._cameras.get(key)
                is_live = camera.source is FootageSource.LIVE
                if known is None:
                    continue
                if not is_live:
                    self._was_alive.pop(key, None)
                if known.is_live is not is_live:
                    known.is_live = is_live
                    is_changed = True
        if is_changed:
            self._look()

    @callback
    def _on_news(self, _news: Event[EventStateChangedData] | datetime) -> None:
        """Look again: a gate moved, or time has passed."""
        self._look()

    @callback
    def _look(self) -> None:
        if not self._is_stopping:
            self._spawn(self._reconcile(), "live recordings")

    def _plan(self, known: _Camera) -> _Plan | None:
        """Return how a camera is to be recorded, None: not at all."""
        settings = camera_settings(known.camera.data)
        is_asked = known.asked_until_ms + ON_REQUEST_GRACE_MS > self._clock.now_ms()
        if not known.camera.profiles or not (known.is_live or is_asked):
            return None
        is_open = known.gate.is_open(known.camera.key)
        is_around_events = known.is_live and settings.mode is SyncMode.EVENTS
        return _Plan(
            known.camera.recorded_profile,
            settings.clip_ms,
            settings.with_audio,
            settings.pre_roll_ms if is_around_events and is_open else 0,
            known.is_live and settings.mode is SyncMode.EVERYTHING,
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
                is_on = is_on and known.gate.is_open(key)
                if is_on is not known.is_on:
                    self._recorders.switch(key, is_on)
                known.is_on = is_on
                if known.is_live and not is_on:
                    self._was_alive.pop(key, None)
        if self._recorded() != self._beating:
            self._beat_on()

    async def _begin(self, known: _Camera, plan: _Plan) -> None:
        key = known.camera.key
        since_ms = self._was_alive.get(key)
        now_ms = self._clock.now_ms()
        is_on = plan.is_continuous and known.gate.is_open(key)
        if is_on and since_ms is not None and since_ms < now_ms and not known.plan:
            gap = LiveGap(TimeRange(since_ms, now_ms), LedgerReason.NOT_RUNNING)
            await self._enter(known, gap)
        if known.runtime.key not in self._eras:
            await self._load_era(known.runtime.key)
        known.is_on = is_on
        await self._recorders.attach(
            LiveSpec(
                key,
                functools.partial(self._endpoint, known, plan.profile),
                functools.partial(self._era, known.runtime.key),
                is_on=is_on,
                with_audio=plan.with_audio,
                pre_roll_ms=plan.pre_roll_ms,
                clip_ms=plan.clip_ms,
                guard=known.runtime.guard,
                ffmpeg=get_ffmpeg_manager(self._hass).binary,
            ),
            self._library.sink(key),
        )

    def _era(self, nvr: NvrKey) -> ClockEra:
        return self._eras.get(nvr) or no_era()

    async def _load_era(self, nvr: NvrKey) -> None:
        if eras := await self._library.eras(nvr):
            self._eras[nvr] = EraMap(eras).current

    def _endpoint(
        self, known: _Camera, profile: StreamProfile, cancel: CancelToken
    ) -> Endpoint:
        """Ask the device where its stream is; on the recorder's thread.

        A device whose web service does not answer may well stream: the address of
        before is used then.
        """
        future = asyncio.run_coroutine_threadsafe(
            known.runtime.device.stream_uri(profile), self._hass.loop
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
        return known.runtime.endpoint(known.uri)

    # What recorders tell

    @callback
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

    @callback
    def _on_gap(self, key: CameraKey, gap: LiveGap) -> None:
        known = self._cameras.get(key)
        if known is not None:
            self._spawn(self._enter(known, gap), "gap")

    async def _enter(self, known: _Camera, gap: LiveGap) -> None:
        """Write a gap into the ledger."""
        if not known.is_live:
            return
        key, stretch = known.camera.key, gap.range
        state = CoverageState.LOST
        if known.runtime.has_recordings(known.camera):
            state = CoverageState.ON_DEVICE
            if gap.is_over:
                # The clip that follows is not complete yet, and device clocks are known
                # to a second: fetching up to its first picture would bring some twice.
                less_ms = min(SEAM_MS, stretch.duration_ms // 4)
                stretch = TimeRange(stretch.start_ms, stretch.end_ms - less_ms)
        try:
            await self._library.mark(key, [stretch], state, gap.reason)
            self._engine.notify_kept(key, stretch)
        except NvrError as error:
            _LOGGER.debug("A gap of %s was not entered: %s", key, error)

    # Whether Home Assistant was running

    def _recorded(self) -> set[CameraKey]:
        """Return the cameras that are recorded all the time now."""
        return {key for key, known in self._cameras.items() if known.is_on}

    @callback
    def _beat_on(self, _now: datetime | None = None) -> None:
        """Remember from time to time what is being recorded."""
        self._beat()
        self._beating = self._recorded()
        self._beat = async_call_later(self._hass, HEARTBEAT_S, self._beat_on)
        self._spawn(self._save_alive(), "heartbeat")

    async def _save_alive(self) -> None:
        self._was_alive |= dict.fromkeys(self._recorded(), self._clock.now_ms())
        await self._alive.async_save(self._was_alive)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._hass.async_create_background_task(work, f"{DOMAIN} {name}")
