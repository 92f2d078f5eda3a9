"""What upkeep found, does and would do: checks, deletions and their causes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import datetime as dt
from enum import StrEnum

from ..intervals import TimeRange
from ..models import CameraKey


class DeleteCause(StrEnum):
    """Why a clip is deleted; the reason of the *removed* stretch it leaves."""

    AGE = "age"
    """Older than its camera's days."""
    QUOTA = "quota"
    """Its camera has more than its GB."""
    FLOOR = "floor"
    """The storage root has less free space than its floor."""
    PERSON = "person"
    PURGE = "purge"
    """A person removed the whole camera's footage."""


LIMIT_CAUSES = frozenset({DeleteCause.QUOTA, DeleteCause.FLOOR})
"""What these removed is wanted again when there is room for it."""


class BrakeReason(StrEnum):
    """Why retention asks a person before it goes on."""

    STRICTER = "stricter"
    """A policy was made stricter and would delete what was to stay."""
    TOO_MUCH = "too_much"
    """More than a day's budget, and it has not aged."""
    CLOCK_JUMP = "clock_jump"
    """The host's clock moved by a day or more."""


class RoomTrouble(StrEnum):
    """Why a storage does not get the room it needs."""

    NOT_FREED = "not_freed"
    """Deleted files do not free space: a recycle bin, snapshots, another program, a quota."""
    REFUSED = "refused"
    """Files cannot be removed."""
    NOT_MOVED = "not_moved"
    """Moving to the second storage does not make the room; clips are deleted instead."""
    PROTECTED = "protected"
    """All that is there is protected or too fresh."""
    ASKS = "asks"
    """The budget of the day is spent: a person is asked."""


@dataclass(frozen=True, slots=True)
class PlannedDeletion:
    """A clip that retention would delete, and why."""

    clip_id: int
    camera: CameraKey
    root_id: int
    size_bytes: int
    range: TimeRange
    cause: DeleteCause
    brake: BrakeReason | None = None
    """Why it stays until a person says so."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What retention would do to one camera's clips of one local day."""

    camera: CameraKey
    day: dt.date
    clips: int
    bytes: int
    held: int
    """Clips of these that a person is asked about."""


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What retention would do to one camera."""

    camera: CameraKey
    clips: int
    bytes: int
    oldest_ms: int | None
    newest_ms: int | None
    by_cause: Mapping[DeleteCause, int] = field(default_factory=dict)
    """Clips per cause."""
    brake: BrakeReason | None = None
    protected_clips: int = 0
    """Clips that are due, and stay because they are protected."""


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """The whole plan; a dry run returns it, a run returns what it did.

    `full_roots`: at their floor, and nothing on them may be deleted, so that sync has to
    pause. `token` confirms what of this plan is held.
    """

    made_ms: int
    cameras: tuple[CameraPlan, ...]
    deletions: tuple[PlannedDeletion, ...]
    full_roots: tuple[int, ...] = ()
    token: str = ""

    @property
    def clips(self) -> int:
        """Return how many clips would go."""
        return len(self.deletions)

    @property
    def bytes(self) -> int:
        """Return how much space that frees."""
        return sum(item.size_bytes for item in self.deletions)

    @property
    def held(self) -> tuple[PlannedDeletion, ...]:
        """Return what stays until a person says so."""
        return tuple(item for item in self.deletions if item.brake is not None)

    @property
    def braked(self) -> tuple[CameraPlan, ...]:
        """Return the cameras for which a person has to be asked."""
        return tuple(item for item in self.cameras if item.brake is not None)

    @property
    def is_clock_doubted(self) -> bool:
        """Return whether something stays only because the host's clock jumped."""
        return any(item.brake is BrakeReason.CLOCK_JUMP for item in self.deletions)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a comparison of files and rows found and did; nothing unknown is touched."""

    adopted: int = 0
    salvaged: int = 0
    missing: int = 0
    returned: int = 0
    """Missing clips whose file is back."""
    stale_parts: int = 0
    foreign: tuple[str, ...] = ()
    """Files that are not ours, relative to the root; at most 100 are named."""
    foreign_count: int = 0
    deletions_finished: int = 0
    skipped_roots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What reading kept clips back found; `damaged` are ids of clips put aside.

    `unchecked`: clips whose storage is away.
    """

    checked: int
    unchecked: int
    damaged: tuple[int, ...] = ()
