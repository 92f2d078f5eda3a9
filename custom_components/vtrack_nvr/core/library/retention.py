"""What retention would delete, and where it has to ask: pure functions of values.

Ageing is steady: what is due now and was not due at the last run is what has aged since.
The brake is for everything else (design §8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import hashlib

from ..intervals import TimeRange
from ..models import CameraKey
from .values import (
    DAY_MS,
    BrakeReason,
    CameraPlan,
    DeleteCause,
    LibraryBounds,
    PlannedDeletion,
    Retention,
    RetentionPlan,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A complete clip as retention sees it."""

    id: int
    camera: CameraKey
    root_id: int
    range: TimeRange
    size_bytes: int
    created_ms: int
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class CameraCase:
    """One camera: its limits, those the last run obeyed, and what it has.

    `clips` are its oldest clips, in order: at least all that could be due. `bytes` is the
    size of all its clips, `written_bytes` of those kept since the last run.
    """

    camera: CameraKey
    wanted: Retention
    applied: Retention
    last_run_ms: int | None
    clips: Sequence[Candidate]
    bytes: int
    written_bytes: int


@dataclass(frozen=True, slots=True)
class RootCase:
    """A root that has too little space: what has to be freed, what was written lately."""

    root_id: int
    needed_bytes: int
    written_bytes: int
    floor_bytes: int = 0
    applied_floor_bytes: int = 0


@dataclass(slots=True)
class _Draft:
    """What is planned for one camera so far."""

    case: CameraCase
    due: dict[int, PlannedDeletion] = field(default_factory=dict)
    brake: BrakeReason | None = None
    protected: int = 0


def plan(
    cameras: Sequence[CameraCase],
    roots: Sequence[RootCase],
    bounds: LibraryBounds,
    now_ms: int,
    *,
    clock_jumped: bool = False,
) -> RetentionPlan:
    """Return everything that is due, and for which cameras a person has to be asked.

    Protected clips, and those kept or filmed too recently, are never due.
    """
    drafts = [_draft(case, bounds, now_ms) for case in cameras]
    for draft in drafts:
        draft.brake = _brake(draft, bounds, now_ms, clock_jumped=clock_jumped)
    full = [
        root.root_id
        for root in roots
        if not _make_room(root, drafts, bounds, now_ms, clock_jumped=clock_jumped)
    ]
    deletions = tuple(
        item
        for draft in drafts
        for item in sorted(draft.due.values(), key=lambda due: due.range)
    )
    return RetentionPlan(
        made_ms=now_ms,
        cameras=tuple(_camera_plan(draft) for draft in drafts),
        deletions=deletions,
        full_roots=tuple(full),
        token=_token(drafts),
    )


def aged(
    case: CameraCase, limits: Retention, bounds: LibraryBounds, now_ms: int
) -> list[Candidate]:
    """Return the clips older than the days of `limits`."""
    if limits.days is None:
        return []
    before_ms = now_ms - limits.days * DAY_MS
    return [
        clip
        for clip in case.clips
        if clip.range.end_ms < before_ms and _may_go(clip, bounds, now_ms)
    ]


def over_quota(
    case: CameraCase,
    limits: Retention,
    gone: Iterable[Candidate],
    bounds: LibraryBounds,
    now_ms: int,
) -> list[Candidate]:
    """Return the oldest clips beyond the GB of `limits`, besides those in `gone`."""
    if limits.max_bytes is None:
        return []
    skip = {clip.id for clip in gone}
    excess = (
        case.bytes
        - limits.max_bytes
        - sum(clip.size_bytes for clip in case.clips if clip.id in skip)
    )
    found: list[Candidate] = []
    for clip in case.clips:
        if excess <= 0:
            break
        if clip.id not in skip and _may_go(clip, bounds, now_ms):
            found.append(clip)
            excess -= clip.size_bytes
    return found


def _may_go(clip: Candidate, bounds: LibraryBounds, now_ms: int) -> bool:
    newest_ms = max(clip.created_ms, clip.range.end_ms)
    return not clip.is_protected and newest_ms <= now_ms - bounds.minimum_age_ms


def _draft(case: CameraCase, bounds: LibraryBounds, now_ms: int) -> _Draft:
    draft = _Draft(case)
    old = aged(case, case.wanted, bounds, now_ms)
    extra = over_quota(case, case.wanted, old, bounds, now_ms)
    for clips, cause in ((old, DeleteCause.AGE), (extra, DeleteCause.QUOTA)):
        for clip in clips:
            draft.due[clip.id] = _planned(clip, cause)
    if case.wanted.days is not None:
        before_ms = now_ms - case.wanted.days * DAY_MS
        draft.protected = sum(
            1
            for clip in case.clips
            if clip.is_protected and clip.range.end_ms < before_ms
        )
    return draft


def _brake(
    draft: _Draft, bounds: LibraryBounds, now_ms: int, *, clock_jumped: bool
) -> BrakeReason | None:
    """Return why a camera's deletions are unexpected, None where they are steady."""
    case = draft.case
    if not draft.due:
        return None
    if clock_jumped:
        return BrakeReason.CLOCK_JUMP
    if is_stricter(case.applied, case.wanted):
        spared = aged(case, case.applied, bounds, now_ms)
        spared += over_quota(case, case.applied, spared, bounds, now_ms)
        allowed = {clip.id for clip in spared}
        if not draft.due.keys() <= allowed:
            return BrakeReason.STRICTER
    if case.last_run_ms is None or now_ms < case.last_run_ms:
        expected: set[int] = set()
    else:
        expected = _aged_since(case, bounds, now_ms)
    due_bytes = sum(item.size_bytes for item in draft.due.values())
    old_bytes = sum(
        item.size_bytes
        for item in draft.due.values()
        if item.clip_id in expected and item.cause is DeleteCause.AGE
    )
    usual_bytes = old_bytes + (
        0 if case.wanted.max_bytes is None else case.written_bytes
    )
    unusual_bytes = due_bytes - usual_bytes
    if due_bytes > 2 * usual_bytes and unusual_bytes > bounds.brake_slack_bytes:
        return BrakeReason.TOO_MUCH
    is_steady = (
        case.last_run_ms is not None
        and 0 <= now_ms - case.last_run_ms <= bounds.brake_steady_ms
    )
    counted = unusual_bytes if is_steady else due_bytes
    if counted > bounds.brake_share * case.bytes and counted > bounds.brake_slack_bytes:
        return BrakeReason.LARGE_SHARE
    return None


def _aged_since(case: CameraCase, bounds: LibraryBounds, now_ms: int) -> set[int]:
    """Return the clips that have become due by age since the last run.

    Those that were due then already but too fresh to go count as well: they were kept or
    filmed within the minimum age, so they became deletable since.
    """
    if case.wanted.days is None or case.last_run_ms is None:
        return set()
    length_ms = case.wanted.days * DAY_MS
    since_ms, before_ms = case.last_run_ms - length_ms, now_ms - length_ms
    fresh_ms = case.last_run_ms - bounds.minimum_age_ms
    return {
        clip.id
        for clip in case.clips
        if since_ms <= clip.range.end_ms < before_ms
        or (clip.range.end_ms < since_ms and clip.created_ms >= fresh_ms)
    }


def is_stricter(before: Retention, after: Retention) -> bool:
    """Say whether some clip may stay under `before` and not under `after`."""
    return _is_less(after.days, before.days) or _is_less(
        after.max_bytes, before.max_bytes
    )


def _is_less(new: float | None, old: float | None) -> bool:
    return new is not None and (old is None or new < old)


def _make_room(
    root: RootCase,
    drafts: Sequence[_Draft],
    bounds: LibraryBounds,
    now_ms: int,
    *,
    clock_jumped: bool,
) -> bool:
    """Add the oldest clips of a root until it has its floor again; False: impossible.

    Cameras held by the brake give nothing. Where much more would go than was written
    since the last run, all cameras concerned are held.
    """
    freed = sum(
        item.size_bytes
        for draft in drafts
        for item in draft.due.values()
        if item.root_id == root.root_id and draft.brake is None
    )
    needed = root.needed_bytes - freed
    chosen: list[tuple[_Draft, Candidate]] = []
    oldest = sorted(
        (
            (draft, clip)
            for draft in drafts
            for clip in draft.case.clips
            if clip.root_id == root.root_id
            and draft.brake is None
            and clip.id not in draft.due
            and _may_go(clip, bounds, now_ms)
        ),
        key=lambda item: item[1].range,
    )
    for draft, clip in oldest:
        if needed <= 0:
            break
        chosen.append((draft, clip))
        needed -= clip.size_bytes
    total = sum(clip.size_bytes for _draft, clip in chosen)
    brake: BrakeReason | None = None
    if clock_jumped:
        brake = BrakeReason.CLOCK_JUMP
    elif root.floor_bytes > root.applied_floor_bytes:
        brake = BrakeReason.STRICTER
    elif total > 2 * root.written_bytes + bounds.brake_slack_bytes + (
        bounds.floor_margin_bytes
    ):
        brake = BrakeReason.TOO_MUCH
    for draft, clip in chosen:
        draft.due.setdefault(clip.id, _planned(clip, DeleteCause.FLOOR))
        draft.brake = draft.brake or brake
    return needed <= 0 and not any(draft.brake for draft, _clip in chosen)


def _planned(clip: Candidate, cause: DeleteCause) -> PlannedDeletion:
    return PlannedDeletion(
        clip.id, clip.camera, clip.root_id, clip.size_bytes, clip.range, cause
    )


def _camera_plan(draft: _Draft) -> CameraPlan:
    due = draft.due.values()
    causes: dict[DeleteCause, int] = {}
    for item in due:
        causes[item.cause] = causes.get(item.cause, 0) + 1
    return CameraPlan(
        camera=draft.case.camera,
        clips=len(due),
        bytes=sum(item.size_bytes for item in due),
        oldest_ms=min((item.range.start_ms for item in due), default=None),
        newest_ms=max((item.range.end_ms for item in due), default=None),
        by_cause=causes,
        brake=draft.brake,
        protected_clips=draft.protected,
    )


def _token(drafts: Sequence[_Draft]) -> str:
    """Return a name for what a person is asked about; "" where nobody is."""
    held = [draft for draft in drafts if draft.brake is not None]
    if not held:
        return ""
    digest = hashlib.sha256()
    for draft in held:
        wanted = draft.case.wanted
        digest.update(f"{draft.case.camera} {draft.brake} {wanted}\n".encode())
    return digest.hexdigest()[:16]
