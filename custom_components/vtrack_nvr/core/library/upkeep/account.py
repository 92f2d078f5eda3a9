"""The account of a storage: what has to go, what may, and whether it helped.

Pure functions of values; `docs/design/library.md` tells the rules. Ageing is expected, and
never asks, however long nothing ran. All other deletion has a budget per root and day;
what goes beyond waits for a person, and meanwhile room is made within the budget.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
import hashlib
from zoneinfo import ZoneInfo

from ...intervals import DAY_MS, TimeRange
from ...models import CameraKey
from ..naming import local_day
from ..upkeep_values import (
    BrakeReason,
    CameraPlan,
    DayPlan,
    DeleteCause,
    PlannedDeletion,
    RetentionPlan,
)
from ..values import LibraryBounds, Retention


@dataclass(frozen=True, slots=True)
class ClipCase:
    """A complete clip as the account sees it; `kept_ms` is when it became complete.

    `is_stuck`: its file cannot be removed now. `leaves`: it is due for another storage that
    has room.
    """

    id: int
    camera: CameraKey
    root_id: int
    range: TimeRange
    size_bytes: int
    created_ms: int
    kept_ms: int
    is_protected: bool = False
    is_stuck: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class CameraCase:
    """One camera: its limits, those the last run obeyed, and what it has.

    `clips` are its oldest clips, in order: at least all that could be due. `bytes` is the
    size of all its clips.
    """

    camera: CameraKey
    wanted: Retention
    applied: Retention
    clips: Sequence[ClipCase]
    bytes: int


@dataclass(frozen=True, slots=True)
class RootCase:
    """A storage root. `free_bytes` None: it does not tell, and is full when a write says so.

    `promised_bytes`: what exports wait for. `soon_bytes`: what ten minutes write.
    `condemned_bytes`: of clips whose files go anyway.
    `written_bytes` and `spent_bytes` are those of the last day: what was kept and is there
    still, and what was deleted other than by ageing and not kept within that day.
    `is_resting`: nothing is deleted for room, because that did not help. `clips` are its
    oldest clips, in order, as far as they may be needed.
    """

    root_id: int
    free_bytes: int | None
    floor_bytes: int = 0
    applied_floor_bytes: int = 0
    promised_bytes: int = 0
    open_clips: int = 0
    soon_bytes: int = 0
    condemned_bytes: int = 0
    written_bytes: int = 0
    spent_bytes: int = 0
    is_full: bool = False
    is_resting: bool = False
    clips: Sequence[ClipCase] = ()


class ClockState(Enum):
    """How far the host's clock can be believed."""

    TRUSTED = auto()
    WAITING = auto()
    """It went on without us, or jumped by hours: ageing waits until it agrees for an hour."""
    JUMPED = auto()
    """By a day or more: a person is asked until NTP has kept it right for an hour."""


class DeletionVerdict(Enum):
    """What became of the space of deleted files."""

    GO_ON = auto()
    HELPED = auto()
    WAIT = auto()
    USELESS = auto()


# Room


def target_bytes(root: RootCase, bounds: LibraryBounds) -> int:
    """Return how much is to be free: the floor, a reserve per open clip, ten minutes."""
    floor = min(root.floor_bytes, root.applied_floor_bytes)
    floor += root.promised_bytes
    return floor + bounds.clip_reserve_bytes * root.open_clips + root.soon_bytes


def gap_bytes(root: RootCase, bounds: LibraryBounds) -> int:
    """Return how much has to become free, whatever is condemned already."""
    gap = 0
    if root.free_bytes is not None:
        gap = target_bytes(root, bounds) - root.free_bytes
    if root.is_full:
        reserve = bounds.clip_reserve_bytes * (root.open_clips + 1)
        gap = max(gap, reserve + root.soon_bytes)
    return max(0, gap)


def is_refusing(root: RootCase) -> bool:
    """Return whether nothing can be written to a root now."""
    floor = min(root.floor_bytes, root.applied_floor_bytes)
    return root.is_full or (root.free_bytes is not None and root.free_bytes < floor)


def budget_bytes(root: RootCase, bounds: LibraryBounds) -> int:
    """Return how much may still go today without anybody being asked."""
    slack = bounds.brake_slack_bytes + target_bytes(root, bounds)
    return max(0, root.written_bytes + slack - root.spent_bytes)


def may_go(clip: ClipCase, bounds: LibraryBounds, now_ms: int) -> bool:
    """Return whether a clip may be deleted at all, and can be now.

    What lies in the future was kept under another clock: it is not young.
    """
    age_ms = now_ms - max(clip.created_ms, clip.range.end_ms)
    is_young = -bounds.clock_jump_ms <= age_ms < bounds.minimum_age_ms
    return not (clip.is_protected or clip.is_stuck or is_young)


def choose(
    root: RootCase, needed_bytes: int, bounds: LibraryBounds, now_ms: int
) -> list[ClipCase]:
    """Return the oldest clips of a root whose deletion makes that much room."""
    chosen: list[ClipCase] = []
    for clip in root.clips:
        if needed_bytes <= 0:
            break
        if may_go(clip, bounds, now_ms) and not clip.leaves:
            chosen.append(clip)
            needed_bytes -= clip.size_bytes
    return chosen


def within(clips: Iterable[ClipCase], budget: int) -> list[ClipCase]:
    """Return the first of the clips, as far as a budget reaches."""
    found: list[ClipCase] = []
    for clip in clips:
        budget -= clip.size_bytes
        if budget < 0:
            break
        found.append(clip)
    return found


def judge_deletion(
    deleted_bytes: int,
    gained_bytes: int,
    waited_s: float,
    bounds: LibraryBounds,
    *,
    is_probe: bool = False,
) -> DeletionVerdict:
    """Return whether deleting has made room; file systems may take a moment for that.

    A little may be deleted before anything is proven; a probe has to prove itself.
    """
    if not deleted_bytes:
        return DeletionVerdict.GO_ON
    if 2 * gained_bytes >= deleted_bytes:
        return DeletionVerdict.HELPED
    if deleted_bytes < bounds.proof_bytes and not is_probe:
        return DeletionVerdict.GO_ON
    return (
        DeletionVerdict.WAIT if waited_s < bounds.free_wait else DeletionVerdict.USELESS
    )


def is_believable(
    before_bytes: int, now_bytes: int, waited_s: float, soon_bytes: int
) -> bool:
    """Return whether so much can have been written since the last look."""
    fallen = before_bytes - now_bytes
    return fallen <= 1_000_000_000 + 2 * soon_bytes * (1 + waited_s / 600)


# Limits


def aged(
    case: CameraCase, limits: Retention, bounds: LibraryBounds, now_ms: int
) -> list[ClipCase]:
    """Return the clips older than the days of `limits`."""
    if limits.days is None:
        return []
    before_ms = now_ms - limits.days * DAY_MS
    return [
        clip
        for clip in case.clips
        if clip.range.end_ms < before_ms and may_go(clip, bounds, now_ms)
    ]


def over_quota(
    case: CameraCase,
    limits: Retention,
    gone: Iterable[ClipCase],
    bounds: LibraryBounds,
    now_ms: int,
) -> list[ClipCase]:
    """Return the oldest clips beyond the GB of `limits`, besides those in `gone`."""
    if limits.max_bytes is None:
        return []
    skip = {clip.id: clip.size_bytes for clip in gone}
    excess = case.bytes - limits.max_bytes - sum(skip.values())
    found: list[ClipCase] = []
    for clip in case.clips:
        if excess <= 0:
            break
        if clip.id not in skip and may_go(clip, bounds, now_ms):
            found.append(clip)
            excess -= clip.size_bytes
    return found


def is_stricter(before: Retention, after: Retention) -> bool:
    """Return whether some clip may stay under `before` and not under `after`."""
    return _is_less(after.days, before.days) or _is_less(
        after.max_bytes, before.max_bytes
    )


def _is_less(new: float | None, old: float | None) -> bool:
    return new is not None and (old is None or new < old)


def has_aged(clip: ClipCase, limits: Retention) -> bool:
    """Return whether a clip became too old while it was kept.

    What was too old when it came (an archive that was put back) has not aged.
    """
    return (
        limits.days is not None
        and clip.kept_ms <= clip.range.end_ms + limits.days * DAY_MS
    )


# The plan


@dataclass(slots=True)
class _Draft:
    """What is planned so far: of each clip once, and what is left of each budget."""

    budgets: dict[int, int]
    due: dict[int, PlannedDeletion] = field(default_factory=dict)

    def add(
        self, clip: ClipCase, cause: DeleteCause, brake: BrakeReason | None
    ) -> None:
        self.due[clip.id] = PlannedDeletion(
            clip.id,
            clip.camera,
            clip.root_id,
            clip.size_bytes,
            clip.range,
            cause,
            brake,
        )

    def spend(self, clip: ClipCase, cause: DeleteCause) -> None:
        """Add a clip within the budget of its root, and hold it beyond."""
        left = self.budgets.get(clip.root_id, 0)
        is_held = clip.size_bytes > left
        self.budgets[clip.root_id] = 0 if is_held else left - clip.size_bytes
        self.add(clip, cause, BrakeReason.TOO_MUCH if is_held else None)


def plan_deletions(
    cameras: Sequence[CameraCase],
    roots: Sequence[RootCase],
    bounds: LibraryBounds,
    now_ms: int,
    clock: ClockState = ClockState.TRUSTED,
) -> RetentionPlan:
    """Return everything that is due, and what of it a person has to be asked about.

    Protected clips, those kept or filmed too recently, and those whose files cannot be
    removed now are never due.
    """
    draft = _Draft({root.root_id: budget_bytes(root, bounds) for root in roots})
    for case in cameras:
        _limit(draft, case, bounds, now_ms, clock)
    full = [
        root.root_id for root in roots if not _make_room(draft, root, bounds, now_ms)
    ]
    by_camera: dict[CameraKey, list[PlannedDeletion]] = {}
    for item in draft.due.values():
        by_camera.setdefault(item.camera, []).append(item)
    plans = tuple(
        _camera_plan(by_camera.get(case.camera, []), case, now_ms) for case in cameras
    )
    return RetentionPlan(
        made_ms=now_ms,
        cameras=plans,
        deletions=tuple(
            sorted(draft.due.values(), key=lambda due: (due.camera, due.range))
        ),
        full_roots=tuple(full),
        token=_token(draft, cameras, roots),
    )


def _limit(
    draft: _Draft,
    case: CameraCase,
    bounds: LibraryBounds,
    now_ms: int,
    clock: ClockState,
) -> None:
    """Plan what a camera's days and GB want to go."""
    old = aged(case, case.wanted, bounds, now_ms)
    extra = over_quota(case, case.wanted, old, bounds, now_ms)
    allowed: set[int] | None = None
    if is_stricter(case.applied, case.wanted):
        spared = aged(case, case.applied, bounds, now_ms)
        spared += over_quota(case, case.applied, spared, bounds, now_ms)
        allowed = {clip.id for clip in spared}
    for clip in old:
        if clock is ClockState.WAITING:
            continue
        if clock is ClockState.JUMPED:
            draft.add(clip, DeleteCause.AGE, BrakeReason.CLOCK_JUMP)
        elif allowed is not None and clip.id not in allowed:
            draft.add(clip, DeleteCause.AGE, BrakeReason.STRICTER)
        elif has_aged(clip, case.wanted):
            draft.add(clip, DeleteCause.AGE, None)
        else:
            draft.spend(clip, DeleteCause.AGE)
    for clip in extra:
        if allowed is not None and clip.id not in allowed:
            draft.add(clip, DeleteCause.QUOTA, BrakeReason.STRICTER)
        else:
            draft.spend(clip, DeleteCause.QUOTA)


def _make_room(
    draft: _Draft, root: RootCase, bounds: LibraryBounds, now_ms: int
) -> bool:
    """Plan the oldest clips of a root until it has its room; False: it cannot have it.

    What a limit wants to go and a person is asked about serves as well: recording goes on.
    """
    if root.is_resting:
        return True
    free = {
        item.clip_id: item.size_bytes
        for item in draft.due.values()
        if item.root_id == root.root_id and item.brake is None
    }
    coming = root.condemned_bytes + sum(free.values())
    needed = gap_bytes(root, bounds) - coming
    rest = replace(root, clips=[clip for clip in root.clips if clip.id not in free])
    chosen = choose(rest, needed, bounds, now_ms)
    for clip in chosen:
        draft.spend(clip, DeleteCause.FLOOR)
    made = sum(clip.size_bytes for clip in chosen)
    # a floor that was made higher takes more than that, and a person is asked about it
    raised = replace(root, applied_floor_bytes=root.floor_bytes, is_full=False)
    more = gap_bytes(raised, bounds) - coming
    known = {clip.id for clip in chosen}
    for clip in choose(rest, more, bounds, now_ms):
        if clip.id not in known:
            draft.add(clip, DeleteCause.FLOOR, BrakeReason.STRICTER)
    has_more = any(clip.leaves for clip in root.clips)
    return made >= needed or has_more or not is_refusing(root)


def _camera_plan(
    due: Sequence[PlannedDeletion], case: CameraCase, now_ms: int
) -> CameraPlan:
    causes: dict[DeleteCause, int] = {}
    for item in due:
        causes[item.cause] = causes.get(item.cause, 0) + 1
    protected = 0
    if case.wanted.days is not None:
        before_ms = now_ms - case.wanted.days * DAY_MS
        protected = sum(
            clip.is_protected and clip.range.end_ms < before_ms for clip in case.clips
        )
    return CameraPlan(
        camera=case.camera,
        clips=len(due),
        bytes=sum(item.size_bytes for item in due),
        oldest_ms=min((item.range.start_ms for item in due), default=None),
        newest_ms=max((item.range.end_ms for item in due), default=None),
        by_cause=causes,
        brake=next((item.brake for item in due if item.brake is not None), None),
        protected_clips=protected,
    )


def _token(
    draft: _Draft, cameras: Sequence[CameraCase], roots: Sequence[RootCase]
) -> str:
    """Return a name for what a person is asked about; "" where nobody is."""
    held = {(item.camera, item.brake) for item in draft.due.values() if item.brake}
    if not held:
        return ""
    limits = [
        *sorted(f"{camera} {brake}" for camera, brake in held),
        *(f"{case.camera} {case.wanted}" for case in cameras),
        *(f"{root.root_id} {root.floor_bytes}" for root in roots),
    ]
    return hashlib.sha256("\n".join(limits).encode()).hexdigest()[:16]


def days_of(made: RetentionPlan, zone: ZoneInfo) -> tuple[DayPlan, ...]:
    """Return a plan by camera and local day of the footage: the preview for people."""
    days: dict[tuple[CameraKey, int], list[PlannedDeletion]] = {}
    for item in made.deletions:
        day = local_day(item.range.start_ms, zone).toordinal()
        days.setdefault((item.camera, day), []).append(item)
    return tuple(
        DayPlan(
            camera=camera,
            day=local_day(items[0].range.start_ms, zone),
            clips=len(items),
            bytes=sum(item.size_bytes for item in items),
            held=sum(item.brake is not None for item in items),
        )
        for (camera, _day), items in sorted(days.items())
    )
