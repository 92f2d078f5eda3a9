"""What the engine does with news from outside: events, marks, clips kept elsewhere."""

import asyncio
from collections.abc import Coroutine
import logging

from ..errors import NvrError
from ..intervals import Ranges, TimeRange, intersection
from ..models import CameraKey, CoverageState, DeviceEvent, EventMark
from .camera_state import CameraState
from .events import OpenEvents, camera_of, moment_of
from .nvr_worker import NvrWorker
from .rooms import Rooms
from .status import FootageSource

_LOGGER = logging.getLogger(__name__)

OPEN_EVENT_MS = 600_000
"""How long the live picture of an event is recorded at most while its end is awaited."""


class EventDesk:
    """Enters news into the library and asks the workers for early sweeps."""

    def __init__(self, rooms: Rooms) -> None:
        """Know of no event yet."""
        self._rooms = rooms
        self._open = OpenEvents()
        self._tasks: set[asyncio.Task[None]] = set()

    def device_event(self, worker: NvrWorker, event: DeviceEvent) -> None:
        """Turn a device's event into a mark."""
        specs = {key: camera.spec for key, camera in worker.cameras.items()}
        key = camera_of(specs, event)
        if key is None:
            _LOGGER.debug("%s: an event of an unknown source", worker.key)
            return
        keeper = worker.keeper
        eras = keeper.eras if keeper.is_known else None
        moment_ms = moment_of(event, eras, self._rooms.clock.now_ms())
        mark = self._open.mark(key, event, moment_ms)
        if mark is not None:
            is_open = event.is_active and not event.is_moment
            self.mark(worker, key, mark, is_open=is_open)

    def mark(
        self,
        worker: NvrWorker,
        key: CameraKey,
        mark: EventMark,
        *,
        is_open: bool = False,
    ) -> None:
        """Store a mark, make its footage wanted, look for it soon.

        `is_open`: the event goes on, its end comes as another mark.
        """
        camera = worker.cameras[key]
        new = camera.add_marks((mark,))
        now_ms = self._rooms.clock.now_ms()
        delay_s = until_fetchable_s(camera, mark, now_ms)
        worker.schedule.hint(key, delay_s, self._rooms.waits.early_sweep)
        worker.wake()
        self._spawn(self._store(camera, mark, new))
        if camera.spec.live and camera.decision.source is FootageSource.LIVE:
            for stretch in new:
                end_ms = now_ms + OPEN_EVENT_MS if is_open else stretch.end_ms
                wanted = TimeRange(stretch.start_ms, max(stretch.end_ms, end_ms))
                name = f"{mark.source} {mark.range.start_ms}"
                self._spawn(camera.spec.live.want(key, wanted, name))

    def kept(self, worker: NvrWorker, key: CameraKey, kept: TimeRange) -> None:
        """Take up what was kept elsewhere."""
        self._spawn(self._take_up(worker, key, kept))

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

    async def _take_up(
        self, worker: NvrWorker, key: CameraKey, kept: TimeRange
    ) -> None:
        if (camera := worker.cameras.get(key)) is not None:
            await camera.refresh(kept)
            worker.requests.look_again(key, kept)
            worker.wake()

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
