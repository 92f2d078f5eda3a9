"""What the shell shows: everything here is answered by the index, never by a disk."""

from collections.abc import Callable, Iterator, Sequence
import datetime as dt
from functools import partial
from pathlib import Path
import sqlite3
from typing import Self

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..ledger import CameraTotals
from ..models import (
    CameraKey,
    Clip,
    ClipState,
    CoverageSpan,
    CoverageState,
    EventClass,
    NvrKey,
)
from .context import LibraryContext, absolute
from .coverage_tiles import told_spans
from .growing import GrowingClip, growing_clips
from .index import camera_rows, clip_rows, clip_search, history_rows
from .index.clip_search import ClipPlace, EventSearch
from .naming import day_start_ms
from .values import (
    CameraInfo,
    ClipPage,
    CoverageSummary,
    DayInfo,
    LedgerEntry,
    NvrInfo,
    RunInfo,
    SearchOrder,
)


class Reader:
    """A clip's file while somebody reads it; not deleted under the reader.

    Use as a context manager, or call `release` (once or more often) when done.
    """

    def __init__(self, store: LibraryContext, clip: Clip, path: Path) -> None:
        """Hold the clip; made by `Browser.reader`."""
        self.clip = clip
        self.path = path
        self._store = store
        self._is_held = True

    def release(self) -> None:
        """Let go; may be called from any thread."""
        if self._is_held:
            self._is_held = False
            self._store.let_go(self.clip.id)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Let go."""
        self.release()


def clips_between(
    store: LibraryContext, camera: CameraKey, window: TimeRange
) -> Iterator[Clip]:
    """Return the complete clips that touch a window, in order, read by pages; blocks."""
    after: ClipPlace | None = None
    while True:
        found = store.read(_page_of(camera, window, after, store.bounds.page))
        yield from found
        if len(found) < store.bounds.page:
            return
        after = (found[-1].facts.range.start_ms, found[-1].id)


def _page_of(
    camera: CameraKey, window: TimeRange, after: ClipPlace | None, limit: int
) -> Callable[[sqlite3.Connection], tuple[Clip, ...]]:
    return partial(
        clip_search.clips_touching,
        camera=camera,
        window=window,
        after=after,
        limit=limit,
    )


class Browser:
    """Cameras, days, clips, coverage: `library.browse`. All methods await the index."""

    def __init__(self, store: LibraryContext) -> None:
        """Read from the store of a library."""
        self._store = store

    async def cameras(self) -> tuple[CameraInfo, ...]:
        """Return all cameras with totals, former ones last; by NVR, then name."""
        return await self._store.async_read(camera_rows.cameras)

    async def nvrs(self) -> tuple[NvrInfo, ...]:
        """Return all NVRs, former ones last."""
        return await self._store.async_read(camera_rows.nvrs)

    async def days(self, camera: CameraKey) -> tuple[DayInfo, ...]:
        """Return the local days on which the camera's clips begin, newest first."""
        return await self._store.async_read(clip_search.days, camera)

    def day_range(self, day: dt.date) -> TimeRange:
        """Return a local day in UTC; 23, 24 or 25 hours long. Does not block."""
        zone = self._store.zone
        return TimeRange(
            day_start_ms(day, zone), day_start_ms(day + dt.timedelta(days=1), zone)
        )

    async def clips_of_day(
        self,
        camera: CameraKey,
        day: dt.date,
        *,
        limit: int | None = None,
        after: int | None = None,
        order: SearchOrder = SearchOrder.OLDEST,
    ) -> ClipPage:
        """Return a page of the clips that begin on a local day."""
        return await self.search(
            cameras=(camera,),
            window=self.day_range(day),
            limit=limit,
            after=after,
            order=order,
        )

    async def search(
        self,
        *,
        cameras: Sequence[CameraKey] | None = None,
        window: TimeRange | None = None,
        event_class: EventClass | None = None,
        is_protected: bool | None = None,
        order: SearchOrder = SearchOrder.NEWEST,
        limit: int | None = None,
        after: int | None = None,
    ) -> ClipPage:
        """Return a page of complete clips; what is None does not limit.

        `window` is about where clips begin. `event_class`: an event of that class touches
        the clip. `after` is the `next_after` of the page before. `limit` is at most
        `bounds.page`, and that where it is None.
        """
        most = self._store.bounds.page
        count = most if limit is None else max(1, min(limit, most))
        wanted = await self._store.async_read(
            clip_search.begin_page,
            cameras,
            window,
            order,
            count,
            after,
            is_protected=is_protected,
        )
        if wanted is None:
            return ClipPage(())
        if event_class is None:
            return await self._store.async_read(
                lambda c: clip_search.clip_page(
                    c, wanted, clip_search.places(c, wanted)
                )
            )
        events = EventSearch(wanted, event_class)
        while not await self._store.async_read(events.step):
            pass  # others get their turn in between
        return await self._store.async_read(
            clip_search.clip_page, wanted, events.places
        )

    async def recent(
        self, limit: int = 20, camera: CameraKey | None = None
    ) -> tuple[Clip, ...]:
        """Return the clips with the newest footage, newest first."""
        cameras = None if camera is None else (camera,)
        return (await self.search(cameras=cameras, limit=limit)).clips

    async def clip(self, clip_id: int) -> Clip | None:
        """Return a clip in whatever state, None where there is none of that id."""
        return await self._store.async_read(clip_rows.get_clip, clip_id)

    async def clips_at(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        """Return all complete clips that touch the window, in order, not in pages."""
        clips: list[Clip] = []
        step = self._store.bounds.page
        after: ClipPlace | None = None
        while True:
            found = await self._store.async_read(_page_of(camera, window, after, step))
            clips += found
            if len(found) < step:
                return tuple(clips)
            after = (found[-1].facts.range.start_ms, found[-1].id)

    async def growing(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[GrowingClip, ...]:
        """Return the clips that are being written and begin before the window ends."""
        return await growing_clips(self._store, camera, window)

    async def trash(self) -> tuple[Clip, ...]:
        """Return the clips that can be brought back, oldest deletion first."""
        clips: list[Clip] = []
        step = self._store.bounds.page
        after = (-(2**62), 0)
        while True:
            found = await self._store.async_read(clip_rows.trashed, after, step)
            clips += [clip for _place, clip in found]
            if len(found) < step:
                return tuple(clips)
            after = found[-1][0]

    async def reader(self, clip_id: int) -> Reader:
        """Return a lease on a clip's file; nothing deletes it until it is released.

        Does not touch the disk: the path is absolute, and whoever opens it does so off
        the loop. Raises `GONE` where there is no such clip to read, or the storage
        problem of its root from cached health.
        """
        clip = await self.clip(clip_id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            raise NvrError(ErrorKind.GONE, "there is no such clip", where=str(clip_id))
        root = self._store.readable(clip.root_id)
        self._store.hold(clip_id)
        reader = Reader(self._store, clip, absolute(root, clip.path))
        try:
            # the clip may have gone or moved between the look and the lease
            again = await self.clip(clip_id)
            if again is None or again.state is not ClipState.COMPLETE:
                raise NvrError(
                    ErrorKind.GONE, "there is no such clip", where=str(clip_id)
                )
            reader.clip = again
            reader.path = absolute(self._store.readable(again.root_id), again.path)
        except BaseException:
            reader.release()
            raise
        return reader

    async def coverage_summary(
        self, camera: CameraKey, window: TimeRange
    ) -> CoverageSummary:
        """Return the time per state inside the window, and the percentage."""
        return clip_search.summary(await self.coverage(camera, window), window)

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        """Return the spans that touch the window, cut to it, *kept* among them, in order.

        A long window is read in parts; what changes meanwhile may be in it or not.
        """
        spans: list[CoverageSpan] = []
        rest: TimeRange | None = window
        while rest is not None:
            more, rest = await self._store.async_read(
                clip_search.coverage_part, camera, rest
            )
            clip_search.join_spans(spans, more)
        return tuple(spans)

    async def told(
        self, camera: CameraKey, window: TimeRange
    ) -> list[tuple[str, CoverageSpan]]:
        """Return the same spans in the states that people see (`coverage_tiles.STATES`)."""
        row = await self._store.async_read(camera_rows.camera_row, camera)
        spans = await self.coverage(camera, window)
        return list(told_spans(spans, row["device_oldest_ms"]))

    async def totals(self, camera: CameraKey) -> CameraTotals:
        """Return a camera's sums over its whole time line."""
        return await self._store.async_read(
            lambda c: camera_rows.totals(c, camera_rows.camera_row(c, camera))
        )

    async def runs(
        self, nvr: NvrKey | None = None, limit: int = 50, before_id: int = 2**62
    ) -> tuple[RunInfo, ...]:
        """Return the history of sync runs, newest first."""
        return await self._store.async_read(
            history_rows.past_runs, nvr, limit, before_id
        )

    async def ledger(
        self,
        state: CoverageState,
        cameras: Sequence[CameraKey] | None = None,
        limit: int = 100,
    ) -> tuple[LedgerEntry, ...]:
        """Return stretches that are removed, lost, failed, missing …, latest first."""
        return await self._store.async_read(
            clip_search.ledger_entries, cameras, state, limit
        )
