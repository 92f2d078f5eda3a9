"""Finding clips by what people filter for; counting what bulk work would touch.

Works on a thread of its own, in bounded steps: a page stops after a while and says where
to go on, so that a filter nothing matches never keeps anybody waiting.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
import secrets
import sqlite3

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..models import (
    CameraKey,
    Clip,
    ClipSource,
    ClipState,
    CoverageState,
    EventClass,
)
from .answering import Answering
from .context import LibraryContext
from .index import clip_rows, clip_search, finding_rows
from .index.clip_search import ClipPlace, EventSearch, Search
from .index.finding_rows import CameraLine, ClipLine, ListedStretch

BUDGET_S = 0.5
"""So long one page is looked for."""
STEP = 250
_FOREVER_MS = 2**62
MOST_PLANNED = 200_000
"""Clips of one plan."""
PLAN_S = 60.0
"""How long a plan holds."""
MOST_PLANS = 8
"""Plans of one person at a time."""


@dataclass(frozen=True, slots=True)
class ClipFilter:
    """Which clips are meant; what is None does not limit, all of it must hold.

    `window` is touched, or holds the clip whole (`is_inside`). Other states than *complete*
    come in the order in which clips came into them. `text` is in the note or in the name of
    the camera, in whatever case.
    """

    cameras: tuple[CameraKey, ...] | None = None
    window: TimeRange | None = None
    is_inside: bool = False
    event_class: EventClass | None = None
    sources: frozenset[ClipSource] | None = None
    is_protected: bool | None = None
    state: ClipState = ClipState.COMPLETE
    has_problem: bool | None = None
    text: str = ""


@dataclass(slots=True)
class BulkPlan:
    """Exactly the clips that were counted, for one person and once."""

    id: str
    user: str
    expires_s: float
    ids: array[int] = field(default_factory=lambda: array("q"))
    cameras: set[CameraKey] = field(default_factory=set)
    bytes: int = 0
    ms: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    protected: int = 0
    protected_bytes: int = 0
    protected_ms: int = 0

    def add(self, clip: ClipLine, camera: CameraKey) -> None:
        """Count a clip."""
        length_ms = clip.end_ms - clip.start_ms
        self.ids.append(clip.id)
        self.cameras.add(camera)
        self.bytes += clip.size_bytes
        self.ms += length_ms
        first_ms, last_ms = self.first_ms, self.last_ms
        self.first_ms = (
            clip.start_ms if first_ms is None else min(first_ms, clip.start_ms)
        )
        self.last_ms = clip.end_ms if last_ms is None else max(last_ms, clip.end_ms)
        if clip.is_protected:
            self.protected += 1
            self.protected_bytes += clip.size_bytes
            self.protected_ms += length_ms


class Finder:
    """`library.finder`; awaited methods are safe on the event loop."""

    def __init__(self, store: LibraryContext) -> None:
        """Look in the store of a library."""
        self._store = store
        self._thread = Answering("vtrack-finder")
        self._plans: dict[str, BulkPlan] = {}

    def close(self, seconds: float) -> None:
        """End the thread; blocks for at most so long."""
        self._thread.close(seconds)

    async def page(
        self,
        wanted: ClipFilter,
        *,
        is_newest: bool = True,
        limit: int = 50,
        after: ClipPlace | None = None,
    ) -> tuple[tuple[Clip, ...], ClipPlace | None]:
        """Return a page of clips, and the place to hand in for the next (None: the end).

        A page may be short, even empty, and still not be the last: what was looked at in
        `BUDGET_S` did not match. Raises `NvrError`.
        """
        return await self._thread.ask(self._page, wanted, is_newest, limit, after)

    async def cameras(self) -> list[CameraLine]:
        """Return all cameras that the library knows."""
        return await self._store.async_read(finding_rows.camera_lines)

    async def plan(
        self,
        wanted: ClipFilter | Sequence[int],
        user: str,
        visible: frozenset[CameraKey] | None = None,
    ) -> BulkPlan:
        """Count clips and remember which, for `PLAN_S` seconds and this user.

        Ids that are not complete (any more) are left out, and those of cameras that are not
        among `visible` (None: all are). Raises LIMIT beyond `MOST_PLANNED`.
        """
        plan = BulkPlan(
            secrets.token_urlsafe(12), user, self._store.clock.monotonic() + PLAN_S
        )
        await self._thread.ask(self._fill, plan, wanted, visible)
        self._keep(plan)
        return plan

    async def stretches(
        self,
        state: CoverageState,
        cameras: Sequence[CameraKey],
        limit: int,
        after: tuple[int, CameraKey] | None,
    ) -> tuple[list[ListedStretch], tuple[int, CameraKey] | None]:
        """Return a page of what is in a state, latest footage first, and its last place.

        Of stretches that begin at the same moment, those of the last camera come first.
        """
        return await self._thread.ask(self._stretches, state, cameras, limit, after)

    def take(self, plan_id: str, user: str) -> BulkPlan:
        """Return a plan and forget it; raises `GONE` where it is not this user's, or old."""
        plan = self._plans.get(plan_id)
        if plan is None or plan.user != user:
            raise NvrError(ErrorKind.GONE, "there is no such plan")
        del self._plans[plan_id]
        if plan.expires_s <= self._store.clock.monotonic():
            raise NvrError(ErrorKind.GONE, "the plan has expired")
        return plan

    def _keep(self, plan: BulkPlan) -> None:
        now_s = self._store.clock.monotonic()
        self._plans = {
            key: known for key, known in self._plans.items() if known.expires_s > now_s
        }
        mine = [key for key, known in self._plans.items() if known.user == plan.user]
        for key in mine[: max(0, len(mine) + 1 - MOST_PLANS)]:
            del self._plans[key]
        self._plans[plan.id] = plan

    # On the thread

    def _page(
        self, wanted: ClipFilter, is_newest: bool, limit: int, after: ClipPlace | None
    ) -> tuple[tuple[Clip, ...], ClipPlace | None]:
        clock = self._store.clock
        end_s = clock.monotonic() + BUDGET_S
        cameras = self._cameras(wanted.cameras)
        match = _Match(wanted, cameras.values())
        found: list[int] = []
        place: ClipPlace | None = None
        size = min(STEP, limit + 1)
        for step in self._steps(wanted, cameras, is_newest, after, size):
            for place, clip in step:
                if match(clip):
                    found.append(clip.id)
                if len(found) == limit:
                    return self._clips(found), place
            if clock.monotonic() >= end_s and place is not None:
                return self._clips(found), place
        return self._clips(found), None

    def _clips(self, ids: Sequence[int]) -> tuple[Clip, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Clip, ...]:
            clips = (clip_rows.get_clip(connection, clip_id) for clip_id in ids)
            return tuple(clip for clip in clips if clip is not None)

        return self._store.read(read)

    def _fill(
        self,
        plan: BulkPlan,
        wanted: ClipFilter | Sequence[int],
        visible: frozenset[CameraKey] | None,
    ) -> None:
        if not isinstance(wanted, ClipFilter):
            cameras = self._cameras(None if visible is None else [*visible])
            for start in range(0, len(wanted), STEP):
                some = wanted[start : start + STEP]
                lines = self._store.read(finding_rows.clip_lines, some)
                for clip_id in dict.fromkeys(some):
                    clip = lines.get(clip_id)
                    if clip is None or clip.state != ClipState.COMPLETE:
                        continue
                    if (camera := cameras.get(clip.camera_id)) is not None:
                        plan.add(clip, camera.key)
            return
        cameras = self._cameras(wanted.cameras)
        match = _Match(wanted, cameras.values())
        for (
            camera
        ) in cameras.values():  # one after the other: the order does not matter
            only = {camera.id: camera}
            for step in self._steps(wanted, only, is_newest=False, after=None):
                for _place, clip in step:
                    if match(clip):
                        plan.add(clip, camera.key)
                if len(plan.ids) > MOST_PLANNED:
                    raise NvrError(ErrorKind.LIMIT, f"more than {MOST_PLANNED} clips")

    def _stretches(
        self,
        state: CoverageState,
        cameras: Sequence[CameraKey],
        limit: int,
        after: tuple[int, CameraKey] | None,
    ) -> tuple[list[ListedStretch], tuple[int, CameraKey] | None]:
        found: list[ListedStretch] = []
        for camera in self._cameras(cameras).values():
            before_ms = _FOREVER_MS
            if after is not None:
                before_ms = after[0] + (camera.key < after[1])
            found += self._store.read(
                finding_rows.stretches, camera, state, before_ms, limit + 1
            )
        found.sort(key=lambda item: (item.start_ms, item.camera), reverse=True)
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        return page, None if last is None else (last.start_ms, last.camera)

    def _cameras(self, keys: Sequence[CameraKey] | None) -> dict[int, CameraLine]:
        lines = self._store.read(finding_rows.camera_lines)
        wanted = None if keys is None else frozenset(keys)
        return {line.id: line for line in lines if wanted is None or line.key in wanted}

    def _steps(
        self,
        wanted: ClipFilter,
        cameras: dict[int, CameraLine],
        is_newest: bool,
        after: ClipPlace | None,
        size: int = STEP,
    ) -> Iterator[list[tuple[ClipPlace, ClipLine]]]:
        """Return what may match in order, `size` at a time, then more and more."""
        if not cameras:
            return
        if wanted.state is not ClipState.COMPLETE:
            yield from self._unsettled(wanted.state, cameras, is_newest, after)
            return
        window = wanted.window
        if window is not None and not wanted.is_inside:
            longest_ms = max(camera.longest_ms for camera in cameras.values())
            window = TimeRange(window.start_ms - longest_ms, window.end_ms)
        while True:
            asked = Search(
                None if len(cameras) > 1 and wanted.cameras is None else [*cameras],
                window,
                is_newest,
                size,
                after,
                wanted.is_protected,
            )
            places = self._places(asked, wanted.event_class)[:size]
            lines = self._store.read(finding_rows.clip_lines, [n for _, n in places])
            yield [(place, lines[place[1]]) for place in places if place[1] in lines]
            if len(places) < size:
                return
            after = places[-1]
            size = min(STEP, 2 * size)

    def _places(
        self, wanted: Search, event_class: EventClass | None
    ) -> list[ClipPlace]:
        if event_class is None:
            return self._store.read(clip_search.places, wanted)
        events = EventSearch(wanted, event_class)
        while not self._store.read(events.step):
            pass  # others get their turn in between
        return events.places

    def _unsettled(
        self,
        state: ClipState,
        cameras: dict[int, CameraLine],
        is_newest: bool,
        after: ClipPlace | None,
    ) -> Iterator[list[tuple[ClipPlace, ClipLine]]]:
        while True:
            some = self._store.read(
                finding_rows.unsettled_lines,
                state,
                after,
                is_newest=is_newest,
                limit=STEP,
            )
            yield [item for item in some if item[1].camera_id in cameras]
            if len(some) < STEP:
                return
            after = some[-1][0]


class _Match:
    """Whether a clip is one of those that a filter means."""

    def __init__(self, wanted: ClipFilter, cameras: Iterable[CameraLine]) -> None:
        self._wanted = wanted
        self._text = wanted.text.casefold()
        self._named = frozenset(
            camera.id for camera in cameras if self._text in camera.name.casefold()
        )

    def __call__(self, clip: ClipLine) -> bool:
        wanted = self._wanted
        if clip.state != wanted.state:
            return False
        if wanted.is_protected not in {None, bool(clip.is_protected)}:
            return False
        if wanted.has_problem not in {None, bool(clip.problem)}:
            return False
        if wanted.sources is not None and clip.source not in wanted.sources:
            return False
        if (window := wanted.window) is not None:
            start_ms, end_ms = clip.start_ms, clip.end_ms
            if start_ms >= window.end_ms or end_ms <= window.start_ms:
                return False
            if wanted.is_inside and (
                start_ms < window.start_ms or end_ms > window.end_ms
            ):
                return False
        return (
            not self._text
            or clip.camera_id in self._named
            or self._text in clip.note.casefold()
        )
