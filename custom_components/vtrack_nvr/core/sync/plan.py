"""What to fetch next: a pure function of what is known, what is wanted, and now.

Order (design §7): what somebody watches now; requests, oldest first; then footage about to be overwritten, the most
endangered first; then the rest, the cameras taking turns, each newest or oldest first by
choice with a share reserved for the old. A job is one PLAY over one contiguous stretch.
Background work takes closed windows only (a window is the length of a clip).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice

from ..intervals import Ranges, TimeRange, difference, intersection
from ..models import CameraKey
from .backlog import Backlog, BacklogStretch
from .settings import CameraSettings, EngineLimits, SyncMode, SyncOrder
from .wanted import oldest_wanted_ms


class Urgency(IntEnum):
    """How soon a job must run; smaller is sooner."""

    WATCHED = 0
    """Somebody looks at it, and sees it as it comes."""
    REQUEST = 1
    ENDANGERED = 2
    BACKGROUND = 3

    @property
    def is_background(self) -> bool:
        """Return whether nobody asked for it."""
        return self >= Urgency.ENDANGERED

    def goes_before(self, other: Urgency) -> bool:
        """Return whether a running job of the other urgency makes way for this one."""
        return self < other and not self.is_background


@dataclass(frozen=True, slots=True)
class PlannedFetch:
    """A stretch to fetch, in UTC; `attempts` is how often it was tried in vain."""

    camera: CameraKey
    range: TimeRange
    urgency: Urgency = Urgency.BACKGROUND
    want_id: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class OpenWant:
    """A request as the planner sees it: what of it can be fetched now."""

    id: int
    made_ms: int
    open: Ranges
    is_watched: bool = False

    @property
    def urgency(self) -> Urgency:
        """Return how soon it is to be fetched."""
        return Urgency.WATCHED if self.is_watched else Urgency.REQUEST


@dataclass(frozen=True, slots=True)
class CameraView:
    """All that the planner knows of a camera; times in UTC.

    `wanted`: the wanted stretches in mode *events*, unused otherwise. `in_flight` is
    being fetched now, `in_request` the part of it that somebody asked for, `in_watch` that
    which somebody watches: a request does not wait for background work on the same stretch,
    nor a viewer for a request. `device_earliest_ms`: nothing older can be had from it.
    `endangered_until_ms`: footage before it is about to be overwritten. `turn` counts the
    background jobs so far: whose turn it is, old or new. `settle_ms`: footage younger
    than this is left alone.
    """

    key: CameraKey
    settings: CameraSettings
    backlog: Backlog
    settle_ms: int
    wants: tuple[OpenWant, ...] = ()
    wanted: Ranges = ()
    in_flight: Ranges = ()
    in_request: Ranges = ()
    in_watch: Ranges = ()
    device_earliest_ms: int | None = None
    endangered_until_ms: int | None = None
    kept_from_ms: int | None = None
    turn: int = 0
    is_background_allowed: bool = True
    is_request_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs in the order they should run; more may be known than were asked for."""

    jobs: tuple[PlannedFetch, ...] = field(default=())

    def __bool__(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.jobs)


def plan(
    cameras: Sequence[CameraView],
    limits: EngineLimits,
    now_ms: int,
    per_camera: int = 4,
) -> Plan:
    """Return the next jobs of these cameras, at most `per_camera` background jobs each.

    The work is proportional to the number of jobs, not to the backlog.
    """
    requests: list[tuple[Urgency, int, int, PlannedFetch]] = []
    endangered: list[tuple[int, PlannedFetch]] = []
    rest: list[tuple[int, int, CameraKey, PlannedFetch]] = []
    for view in cameras:
        requests += _requests(view, limits)
        if not is_in_background(view):
            continue
        soon = _endangered(view, limits, now_ms, per_camera)
        endangered += [(_margin(view, job), job) for job in soon]
        for rank, job in enumerate(_rest(view, limits, now_ms, per_camera)):
            rest.append((rank, _by_age(view, job), view.key, job))
    requests.sort(key=lambda item: item[:3])
    endangered.sort(key=lambda item: item[0])
    rest.sort(key=lambda item: item[:3])
    return Plan(
        tuple(
            [item[-1] for item in requests]
            + [item[-1] for item in endangered]
            + [item[-1] for item in rest]
        )
    )


def is_in_background(view: CameraView) -> bool:
    """Return whether anything is fetched for this camera that nobody asked for."""
    return (
        view.is_background_allowed
        and view.settings.is_enabled
        and view.settings.mode is not SyncMode.ON_DEMAND
    )


def background_window(view: CameraView, now_ms: int) -> TimeRange | None:
    """Return the stretch background work may touch: wanted, on the device, closed."""
    from_ms = oldest_wanted_ms(view.settings, now_ms)
    if view.device_earliest_ms is not None:
        from_ms = max(from_ms, view.device_earliest_ms)
    if view.kept_from_ms is not None:
        from_ms = max(from_ms, view.kept_from_ms)
    clip_ms = view.settings.clip_ms
    to_ms = (now_ms - view.settle_ms) // clip_ms * clip_ms
    return TimeRange(from_ms, to_ms) if from_ms < to_ms else None


def _requests(
    view: CameraView, limits: EngineLimits
) -> Iterator[tuple[Urgency, int, int, PlannedFetch]]:
    if not view.is_request_allowed:
        return
    for want in view.wants:
        # of two viewers the one that came last has nothing to look at yet
        made_ms = -want.made_ms if want.is_watched else want.made_ms
        under_way = view.in_watch if want.is_watched else view.in_request
        for stretch in difference(want.open, under_way):
            for piece in _pieces(stretch, view.settings.clip_ms, limits.job_ms):
                yield (
                    want.urgency,
                    made_ms,
                    piece.start_ms,
                    PlannedFetch(view.key, piece, want.urgency, want_id=want.id),
                )


def _endangered(
    view: CameraView, limits: EngineLimits, now_ms: int, count: int
) -> list[PlannedFetch]:
    window = background_window(view, now_ms)
    border_ms = view.endangered_until_ms
    if window is None or border_ms is None or border_ms <= window.start_ms:
        return []
    jobs: list[PlannedFetch] = []
    border_ms = min(border_ms, window.end_ms)
    for stretch in view.backlog.oldest(window.start_ms, border_ms, now_ms):
        for piece in _free(view, stretch):
            for part in _pieces(piece, view.settings.clip_ms, limits.job_ms):
                jobs.append(
                    PlannedFetch(
                        view.key, part, Urgency.ENDANGERED, attempts=stretch.attempts
                    )
                )
                if len(jobs) == count:
                    return jobs
    return jobs


def _rest(
    view: CameraView, limits: EngineLimits, now_ms: int, count: int
) -> list[PlannedFetch]:
    window = background_window(view, now_ms)
    if window is None:
        return []
    from_ms = max(window.start_ms, view.endangered_until_ms or window.start_ms)
    if from_ms >= window.end_ms:
        return []
    old = _from_old(view, limits, from_ms, window.end_ms, now_ms)
    if view.settings.order is SyncOrder.OLDEST_FIRST:
        return list(islice(old, count))
    new = _from_new(view, limits, from_ms, window.end_ms, now_ms)
    return _mixed(view, limits, old, new, count)


def _mixed(
    view: CameraView,
    limits: EngineLimits,
    old: Iterator[PlannedFetch],
    new: Iterator[PlannedFetch],
    count: int,
) -> list[PlannedFetch]:
    """Take from both ends by turns until they meet."""
    jobs: list[PlannedFetch] = []
    for turn in range(view.turn, view.turn + count):
        job = next(old if _is_turn_of_old(turn, limits.old_share) else new, None)
        if job is None:
            break
        left = difference((job.range,), [taken.range for taken in jobs])
        if left != (job.range,):
            # The two ends met: what is left between them is one last job.
            jobs += [
                PlannedFetch(view.key, piece, attempts=job.attempts) for piece in left
            ]
            break
        jobs.append(job)
    return jobs


def _is_turn_of_old(turn: int, share: float) -> bool:
    return int((turn + 1) * share) > int(turn * share)


def _from_old(
    view: CameraView, limits: EngineLimits, from_ms: int, to_ms: int, now_ms: int
) -> Iterator[PlannedFetch]:
    for stretch in view.backlog.oldest(from_ms, to_ms, now_ms):
        for piece in _free(view, stretch):
            for part in _pieces(piece, view.settings.clip_ms, limits.job_ms):
                yield PlannedFetch(view.key, part, attempts=stretch.attempts)


def _from_new(
    view: CameraView, limits: EngineLimits, from_ms: int, to_ms: int, now_ms: int
) -> Iterator[PlannedFetch]:
    for stretch in view.backlog.newest(from_ms, to_ms, now_ms):
        for piece in reversed(_free(view, stretch)):
            for part in _pieces_back(piece, view.settings.clip_ms, limits.job_ms):
                yield PlannedFetch(view.key, part, attempts=stretch.attempts)


def _free(view: CameraView, stretch: BacklogStretch) -> Ranges:
    """Return what of a stretch is wanted and not being fetched already."""
    whole: Ranges = (TimeRange(stretch.start_ms, stretch.end_ms),)
    if view.settings.mode is SyncMode.EVENTS:
        first = bisect_right(view.wanted, stretch.start_ms, key=lambda r: r.end_ms)
        last = bisect_left(view.wanted, stretch.end_ms, key=lambda r: r.start_ms)
        whole = intersection(whole, view.wanted[first:last])
    return difference(whole, view.in_flight) if view.in_flight else whole


def _pieces(whole: TimeRange, clip_ms: int, job_ms: int) -> Iterator[TimeRange]:
    """Cut from the front into jobs that end on the border of a clip."""
    start_ms = whole.start_ms
    while start_ms < whole.end_ms:
        border_ms = (start_ms + max(job_ms, clip_ms)) // clip_ms * clip_ms
        end_ms = min(whole.end_ms, border_ms)
        yield TimeRange(start_ms, end_ms)
        start_ms = end_ms


def _pieces_back(whole: TimeRange, clip_ms: int, job_ms: int) -> Iterator[TimeRange]:
    """Cut from the back into jobs that begin on the border of a clip."""
    end_ms = whole.end_ms
    while end_ms > whole.start_ms:
        border_ms = -((max(job_ms, clip_ms) - end_ms) // clip_ms) * clip_ms
        start_ms = max(whole.start_ms, border_ms)
        yield TimeRange(start_ms, end_ms)
        end_ms = start_ms


def _margin(view: CameraView, job: PlannedFetch) -> int:
    return job.range.start_ms - (view.device_earliest_ms or 0)


def _by_age(view: CameraView, job: PlannedFetch) -> int:
    if view.settings.order is SyncOrder.OLDEST_FIRST:
        return job.range.start_ms
    return -job.range.end_ms


def backlog_ms(cameras: Iterable[CameraView]) -> int:
    """Return how much footage is still to be fetched."""
    return sum(view.backlog.total_ms for view in cameras)
