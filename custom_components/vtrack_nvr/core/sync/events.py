"""From a device's event to a mark on the time line of the camera it is about; pure."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
import logging

from ..errors import NvrError
from ..intervals import Ranges, TimeRange, intersection
from ..models import CameraKey, CoverageState, DeviceEvent, EventMark
from .camera_state import CameraState
from .clock_eras import EraMap
from .engine_context import EngineContext
from .nvr_state import NvrState
from .settings import CameraSpec
from .status import FootageSource

FAR_OFF_MS = 3_600_000
"""An event dated further from now than this carries no usable time."""
SILENCE_MS = 1_800_000
"""An event of which nothing was heard for so long has ended unheard."""
REPEAT_MS = 10_000
"""How far an event has to go on before that is told again."""
MOST_OPEN = 1_000
"""So many events are open at once at most, over all devices."""


def camera_of_event(
    cameras: Mapping[CameraKey, CameraSpec], event: DeviceEvent
) -> CameraKey | None:
    """Return the camera an event is about; the only camera of an NVR needs no name."""
    for key, spec in cameras.items():
        if event.source_token and (
            event.source_token in spec.source_tokens
            or event.source_token in spec.recording_tokens
        ):
            return key
    return next(iter(cameras)) if len(cameras) == 1 else None


def moment_of(event: DeviceEvent, eras: EraMap | None, now_ms: int) -> int:
    """Return when an event was, in UTC; now where its own time cannot be right."""
    if eras is None:
        return now_ms
    moment_ms = eras.current.to_utc(event.device_ms)
    return moment_ms if abs(moment_ms - now_ms) <= FAR_OFF_MS else now_ms


@dataclass(slots=True)
class _OpenEvent:
    """An event under way: when it began, was last said to go on, and was last told."""

    since_ms: int
    seen_ms: int
    told_ms: int


class OpenEvents:
    """Which events have begun and not ended.

    An event that its device neither repeats nor ends within `SILENCE_MS` is over: its end
    was lost, and an end that comes later belongs to another one.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._open: dict[tuple[CameraKey, str, str], _OpenEvent] = {}

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def mark(
        self, camera: CameraKey, event: DeviceEvent, moment_ms: int
    ) -> EventMark | None:
        """Return the mark an event makes: open at its begin, longer while it goes on.

        None if nothing new is told: an end without begin, a begin repeated at once.
        """
        if event.is_moment:
            return _mark_of(event, moment_ms, moment_ms)
        name = (camera, event.topic, event.source_token)
        known = self._open.get(name)
        if known is not None and abs(moment_ms - known.seen_ms) > SILENCE_MS:
            known = None
            del self._open[name]
        if not event.is_active:
            self._open.pop(name, None)
            return None if known is None else _mark_of(event, known.since_ms, moment_ms)
        if known is None:
            self._forget_old(moment_ms)
            self._open[name] = _OpenEvent(moment_ms, moment_ms, moment_ms)
            return _mark_of(event, moment_ms, moment_ms)
        known.seen_ms = max(known.seen_ms, moment_ms)
        if moment_ms - known.told_ms < REPEAT_MS:
            return None
        known.told_ms = moment_ms
        return _mark_of(event, known.since_ms, moment_ms)

    def _forget_old(self, now_ms: int) -> None:
        """Keep the number bounded: a device may name topics without end."""
        if len(self._open) >= MOST_OPEN:
            self._open = {
                name: known
                for name, known in self._open.items()
                if abs(now_ms - known.seen_ms) <= SILENCE_MS
            }
        while len(self._open) >= MOST_OPEN:
            del self._open[next(iter(self._open))]


def _mark_of(event: DeviceEvent, start_ms: int, end_ms: int) -> EventMark:
    stretch = TimeRange(start_ms, max(start_ms, end_ms))
    return EventMark(event.event_class, stretch, event.topic)


_LOGGER = logging.getLogger(__name__)

OPEN_EVENT_MS = 600_000
"""How long the live picture of an event is recorded at most while its end is awaited."""


class EventIntake:
    """Enters news into the library and asks for early sweeps."""

    def __init__(self, rooms: EngineContext) -> None:
        """Know of no event yet."""
        self._rooms = rooms
        self._open = OpenEvents()
        self._tasks: set[asyncio.Task[None]] = set()

    def device_event(self, nvr: NvrState, event: DeviceEvent) -> None:
        """Turn a device's event into a mark."""
        specs = {key: camera.spec for key, camera in nvr.cameras.items()}
        key = camera_of_event(specs, event)
        self._rooms.news.heard(nvr.key, key, event)
        if event.notice is not None:
            return
        if key is None:
            _LOGGER.debug("%s: an event of an unknown source", nvr.key)
            return
        keeper = nvr.keeper
        eras = keeper.eras if keeper.is_known else None
        moment_ms = moment_of(event, eras, self._rooms.clock.now_ms())
        mark = self._open.mark(key, event, moment_ms)
        if mark is not None:
            is_open = event.is_active and not event.is_moment
            self.mark(nvr, key, mark, is_open=is_open)

    def mark(
        self,
        nvr: NvrState,
        key: CameraKey,
        mark: EventMark,
        *,
        is_open: bool = False,
    ) -> None:
        """Store a mark, make its footage wanted, look for it soon.

        `is_open`: the event goes on, its end comes as another mark.
        """
        camera = nvr.cameras[key]
        new = camera.add_marks((mark,))
        now_ms = self._rooms.clock.now_ms()
        delay_s = until_fetchable_s(camera, mark, now_ms)
        nvr.schedule.hint(key, delay_s, self._rooms.waits.early_sweep)
        nvr.wake()
        self._spawn(self._store(camera, mark, new))
        if camera.spec.live and camera.decision.source is FootageSource.LIVE:
            for stretch in new:
                end_ms = now_ms + OPEN_EVENT_MS if is_open else stretch.end_ms
                wanted = TimeRange(stretch.start_ms, max(stretch.end_ms, end_ms))
                name = f"{mark.source} {mark.range.start_ms}"
                self._spawn(camera.spec.live.want(key, wanted, name))

    def kept(self, nvr: NvrState, key: CameraKey, kept: TimeRange) -> None:
        """Take up what was kept elsewhere."""
        self._spawn(self._take_up(nvr, key, kept))

    async def _store(self, camera: CameraState, mark: EventMark, new: Ranges) -> None:
        """Store a mark; footage that was not wanted before it now is."""
        library = self._rooms.library
        await library.add_marks(camera.key, (mark,))
        for window in new:
            spans = await library.coverage(camera.key, window)
            spurned = intersection(
                (s.range for s in spans if s.state is CoverageState.NOT_WANTED),
                (window,),
            )
            if spurned:
                await library.mark(camera.key, spurned, CoverageState.ON_DEVICE)
                await camera.refresh(window)

    async def _take_up(self, nvr: NvrState, key: CameraKey, kept: TimeRange) -> None:
        if (camera := nvr.cameras.get(key)) is not None:
            await camera.refresh(kept)
            nvr.requests.look_again(key, kept)
            nvr.wake()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, NvrError):
            _LOGGER.debug("an event was not stored: %s", error)
        else:
            _LOGGER.error("an event was not stored", exc_info=error)


def until_fetchable_s(camera: CameraState, mark: EventMark, now_ms: int) -> float:
    """Return when background work may take an event's footage: its window has settled."""
    settings = camera.spec.settings
    end_ms = mark.range.end_ms + settings.post_roll_ms
    border_ms = -(-end_ms // settings.clip_ms) * settings.clip_ms
    return max((border_ms - now_ms) / 1000 + camera.settle_s, 0.0)
