"""The events of a time line: as marks, as counts where there are many, as a list.

Worked out on a thread of its own, the index held for some rows at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..intervals import TimeRange
from ..models import CameraKey, Clip, EventClass
from .answering import Answering
from .context import LibraryContext
from .index import time_line_rows
from .index.time_line_rows import MarkRow

MOST_EVENTS = 2_000
MOST_BUCKETS = 500
MOST_COUNTS = 10_000
"""Counts of all cameras and classes together."""
LOOKED_AT = 256
"""Events of a camera that are looked at for one page."""
ALL_CLASSES = tuple(each.value for each in EventClass)
_FOREVER_MS = 2**53

type EventPlace = tuple[int, CameraKey, str, str]
"""Where an event stands in the order of all: start, camera, class, source."""


class Event(NamedTuple):
    """An event in a list, with the clip that shows its beginning."""

    camera: CameraKey
    event_class: str
    start_ms: int
    end_ms: int
    source: str
    clip_id: int | None


class EventCounts(NamedTuple):
    """How many events of which class begin in each bucket of a window."""

    bucket_ms: int
    counts: dict[tuple[CameraKey, str, int], int]


class EventLine:
    """`library.events`; awaited methods are safe on the event loop."""

    def __init__(self, store: LibraryContext) -> None:
        """Read from the store of a library."""
        self._store = store
        self._thread = Answering("vtrack-events")
        self._ids: dict[CameraKey, int] = {}

    def close(self, seconds: float) -> None:
        """End the thread; blocks for at most so long."""
        self._thread.close(seconds)

    async def marks(
        self, cameras: Sequence[CameraKey], window: TimeRange, classes: Sequence[str]
    ) -> list[tuple[CameraKey, MarkRow]] | None:
        """Return the events that touch a window; None: more than `MOST_EVENTS`."""
        return await self._thread.ask(self._events, cameras, window, classes)

    async def count(
        self, cameras: Sequence[CameraKey], window: TimeRange, classes: Sequence[str]
    ) -> EventCounts:
        """Return how many events of which class begin in each part of a window."""
        lanes = max(1, len(cameras) * len(classes))
        buckets = max(1, min(MOST_BUCKETS, MOST_COUNTS // lanes))
        bucket_ms = max(1, -(-window.duration_ms // buckets))
        counts: dict[tuple[CameraKey, str, int], int] = {}
        for camera in cameras:
            start_ms: int | None = window.start_ms
            while start_ms is not None:
                found, start_ms = await self._thread.ask(
                    self._count, camera, window, start_ms, bucket_ms
                )
                for (bucket, name), number in found.items():
                    if name in classes:
                        key = (camera, name, bucket)
                        counts[key] = counts.get(key, 0) + number
        return EventCounts(bucket_ms, counts)

    async def page(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange | None,
        classes: Sequence[str],
        limit: int,
        after: EventPlace | None,
    ) -> tuple[list[Event], EventPlace | None]:
        """Return a page of events, newest first, and where the next one begins."""
        return await self._thread.ask(
            self._event_page, cameras, window, classes, limit, after
        )

    async def classes_of(self, clips: Sequence[Clip]) -> list[tuple[str, ...]]:
        """Return the classes of the events that touch each clip."""
        return await self._thread.ask(lambda: [self._classes(clip) for clip in clips])

    # On the thread

    def _refresh(self) -> None:
        self._ids = self._store.read(time_line_rows.camera_ids)

    def _events(
        self, cameras: Sequence[CameraKey], window: TimeRange, classes: Sequence[str]
    ) -> list[tuple[CameraKey, MarkRow]] | None:
        self._refresh()
        found: list[tuple[CameraKey, MarkRow]] = []
        for camera in cameras:
            if (camera_id := self._ids.get(camera)) is None:
                continue
            most = MOST_EVENTS - len(found)
            some = self._store.read(
                time_line_rows.marks_touching,
                camera_id,
                classes,
                window.start_ms,
                window.end_ms,
                most,
            )
            if some is None:
                return None
            found += [(camera, row) for row in some]
        return found

    def _count(
        self, camera: CameraKey, window: TimeRange, start_ms: int, bucket_ms: int
    ) -> tuple[dict[tuple[int, str], int], int | None]:
        self._refresh()
        camera_id = self._ids.get(camera)
        if camera_id is None:
            return {}, None
        return self._store.read(
            time_line_rows.count_marks,
            camera_id,
            start_ms,
            window.end_ms,
            window.start_ms,
            bucket_ms,
        )

    def _event_page(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange | None,
        classes: Sequence[str],
        limit: int,
        after: EventPlace | None,
    ) -> tuple[list[Event], EventPlace | None]:
        self._refresh()
        # of classes that are rare more is looked at than is shown
        most = limit + 1 if len({*classes}) == len(ALL_CLASSES) else LOOKED_AT
        low_ms = None if window is None else window.start_ms
        top_ms = _FOREVER_MS if window is None else window.end_ms
        found: list[tuple[int, CameraKey, str, str, MarkRow]] = []
        floor: EventPlace | None = None
        for camera in cameras:
            if (camera_id := self._ids.get(camera)) is None:
                continue
            start = (top_ms, "", "")
            if after is not None and after[0] < top_ms:
                # of a camera that comes later in the order the same moment is still to come
                name = ("", "") if camera > after[1] else ("\U0010ffff", "")
                start = (after[0], *(after[2:] if camera == after[1] else name))
            rows, rest = self._store.read(
                time_line_rows.marks_from,
                camera_id,
                classes,
                start,
                is_next=False,
                until_ms=low_ms,
                most=most,
            )
            found += [
                (row.start_ms, camera, row.event_class, row.source, row) for row in rows
            ]
            if rest is not None:
                place = (rest[0], camera, rest[1], rest[2])
                floor = place if floor is None else max(floor, place)
        found.sort(reverse=True)
        if floor is not None:
            found = [item for item in found if item[:4] >= floor]
        page = found[:limit]
        following = page[-1][:4] if len(found) > limit else floor
        return [self._event(item[1], item[4]) for item in page], following

    def _event(self, camera: CameraKey, row: MarkRow) -> Event:
        clip_id = self._store.read(time_line_rows.clip_at, row.camera_id, row.start_ms)
        return Event(
            camera, row.event_class, row.start_ms, row.end_ms, row.source, clip_id
        )

    def _classes(self, clip: Clip) -> tuple[str, ...]:
        camera_id = self._ids.get(clip.camera)
        if camera_id is None:
            self._refresh()
            camera_id = self._ids.get(clip.camera, 0)
        window = clip.facts.range
        return self._store.read(
            time_line_rows.classes_touching, camera_id, window.start_ms, window.end_ms
        )
