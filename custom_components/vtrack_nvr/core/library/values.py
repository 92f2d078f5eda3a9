"""What callers hand to the library and get back from it: frozen values.

Times are integer milliseconds of UTC since 1970; sizes are bytes. Texts are for logs and
lists; where a person needs a sentence, the value carries an enum to translate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import datetime as dt
from enum import StrEnum
from pathlib import Path

from ..errors import ErrorKind, NvrError
from ..intervals import DAY_MS, HOUR_MS, TimeRange
from ..ledger import CameraTotals, RunKind, RunResult
from ..models import CameraKey, Clip, CoverageState, NvrKey
from .upkeep_values import CheckReport, RetentionPlan, RoomTrouble

GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RootConfig:
    """A place footage may be kept: the media folder or a mounted share below it.

    Everything of ours lives in `path / "vtrack_nvr"`. Nothing is written while less than
    `floor_bytes` would stay free.
    """

    path: Path
    name: str = ""
    floor_bytes: int = 5 * GIGABYTE


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a camera's clips stay; None is no limit.

    `days` counts from the end of the footage, `max_bytes` is all of the camera's complete
    clips. Clips older than `move_after_days` go to the root `move_to_root` (an id).
    """

    days: float | None = None
    max_bytes: int | None = None
    move_after_days: float | None = None
    move_to_root: int | None = None


@dataclass(frozen=True, slots=True)
class LibraryBounds:
    """Every length and wait of the library, so that tests can shorten them."""

    batch_writes: int = 128
    """How many queued writes share one transaction at most."""
    batch_seconds: float = 0.02
    """How long one transaction collects writes before it is committed."""
    guard_interval: float = 10.0
    """Pause between looks at a storage root."""
    keeper_interval: float = 30.0
    """Pause between looks for due maintenance."""
    retention_interval_ms: int = HOUR_MS
    check_interval_ms: int = 7 * DAY_MS
    """Pause between full comparisons of files and rows."""
    copy_interval_ms: int = DAY_MS
    """Pause between checked copies of the index."""
    copies: int = 3
    """How many checked copies of the index are kept."""
    minimum_age_ms: int = HOUR_MS
    """Clips kept for less than this, or with footage younger than it, are never deleted
    by retention."""
    undo_ms: int = HOUR_MS
    """How long a clip that a person deleted can be brought back."""
    undo_least: float = 10.0
    """So many seconds at least, even where room is needed meanwhile."""
    clip_reserve_bytes: int = 64 * 1024 * 1024
    """What a clip may grow by before its writer looks at the free space again."""
    brake_slack_bytes: int = 1 * GIGABYTE
    """So much more than was written in a day, and than the room that is to be free, may be
    deleted in a day without asking."""
    proof_bytes: int = GIGABYTE // 2
    """So much is deleted for room before it is asked whether that made room."""
    free_wait: float = 10.0
    """How long a file system may take to show the space of deleted files, in seconds."""
    useless_pause: float = 3600.0
    """After so many seconds deleting is tried again where it did not help; it doubles."""
    doubt_wait: float = 60.0
    """How long a reading of the free space that cannot be right must last to be believed."""
    room_wait: float = 5.0
    """How long a writer waits for room before it is refused."""
    move_patience: float = 3600.0
    """After so many seconds in which moving does not make the room, deleting does."""
    clock_jump_ms: int = HOUR_MS
    clock_ask_ms: int = DAY_MS
    """After a jump of the clock by this much a person is asked, unless NTP keeps it."""
    clock_wait: float = 3600.0
    """After so many seconds of agreement the clock is believed again."""
    era_slack_ms: int = 60_000
    """How far the UTC of a clip may be from its era's offset."""
    delete_batch: int = 25
    check_at_once_bytes: int = 64_000_000
    """Up to this size the index is checked before it is used, beyond beside its use."""
    page: int = 200
    """The largest page of clips a query returns."""
    stale_part_ms: int = DAY_MS
    """Unfinished files of ours that no row knows and nothing can be made of go then."""
    fresh_part_ms: int = HOUR_MS
    """Unfinished files no row knows are left alone for so long after their last change."""
    backup_quiet: float = 6 * 3600.0
    """After so many seconds a backup that nobody ended counts as over."""
    open_wait: float = 5.0
    """How long `open` waits for the fast check of the roots."""
    stop_wait: float = 10.0
    run_history: int = 5_000
    """How many finished sync runs are remembered."""
    mark_history_ms: int = 400 * DAY_MS
    want_history_ms: int = 30 * DAY_MS
    """How long a closed request is remembered."""
    export_bytes: int = 2_000 * GIGABYTE
    """Exports of all people, and those of automations, take at most so much of a root."""
    export_share: float = 0.3
    """The same as a share of the whole root; the smaller one counts."""
    export_person_share: float = 1 / 3
    """What one person may have of that."""
    export_person_count: int = 500
    """How many exports of one person there are at most, small ones included."""
    export_count: int = 20_000
    """How many of automations there are."""
    export_ms: int = 48 * HOUR_MS
    """The longest range of one export."""
    export_room_wait: float = 180.0
    """How long an export waits until room was made for it."""
    export_life_ms: int = 7 * DAY_MS
    thumbnail_count: int = 50_000
    thumbnail_bytes: int = 1 * GIGABYTE
    journal_ratio: int = 2
    """A journal with this many lines for each that says something is rewritten."""


@dataclass(frozen=True, slots=True)
class RootInfo:
    """A storage root with its cached health; `problem` None means it may be used.

    `checked_ms` is when it last answered. `is_current` False: clips lie on it, but it is no
    longer configured.
    """

    id: int
    path: Path
    name: str
    floor_bytes: int
    uuid: str
    is_current: bool = True
    free_bytes: int | None = None
    total_bytes: int | None = None
    clip_bytes: int = 0
    clips: int = 0
    problem: NvrError | None = None
    checked_ms: int | None = None
    bytes_per_day: float | None = None
    """What was written per day lately."""
    days_left: float | None = None
    """How long the free space above the floor lasts at that rate."""
    room: RoomTrouble | None = None
    """Why it does not get the room it needs."""


@dataclass(frozen=True, slots=True)
class NvrInfo:
    """An NVR as the library knows it; `is_former`: no longer configured."""

    key: NvrKey
    name: str
    folder: str
    is_former: bool = False


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera with its sums; `is_former`: no longer configured, still browsable."""

    key: CameraKey
    nvr: NvrKey
    name: str
    nvr_name: str
    folder: str
    is_former: bool = False
    totals: CameraTotals = field(default_factory=CameraTotals)
    retention: Retention = field(default_factory=Retention)
    root_id: int | None = None
    """The root chosen for new clips; None is the first one."""


@dataclass(frozen=True, slots=True)
class DayInfo:
    """A local day of one camera: clips that begin on it; `percent` as in design §2."""

    day: dt.date
    clips: int
    bytes: int
    kept_ms: int
    protected: int = 0


@dataclass(frozen=True, slots=True)
class ClipPage:
    """A page of clips in order; `next_after` is handed in for the next page, or None."""

    clips: tuple[Clip, ...]
    next_after: int | None = None


class SearchOrder(StrEnum):
    """In which order a search answers."""

    OLDEST = "oldest"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class CoverageSummary:
    """Milliseconds per state inside a window; `percent` None where nothing is expected."""

    window: TimeRange
    by_state_ms: Mapping[CoverageState, int]
    percent: float | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A line of the history of sync runs; `ended_ms` None while it is running."""

    id: int
    nvr: NvrKey
    kind: RunKind
    started_ms: int
    ended_ms: int | None
    result: RunResult


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A stretch that was removed, lost, failed or is missing, with cause and moment."""

    camera: CameraKey
    state: CoverageState
    range: TimeRange
    reason: str
    changed_ms: int
    run_id: int | None = None


class IndexEventKind(StrEnum):
    """What happened to the index itself."""

    CREATED = "created"
    REBUILT = "rebuilt"
    """The database was damaged, was set aside, and is rebuilt from files and journals."""
    OLDER = "older"
    """The index is older than the library (a backup was restored); files are adopted."""
    MIGRATED = "migrated"
    DAMAGED = "damaged"
    """Damage was found while in use; the next start sets the database aside."""


@dataclass(frozen=True, slots=True)
class IndexEvent:
    """What happened to the index when it was opened; `set_aside` keeps the damaged one."""

    kind: IndexEventKind
    at_ms: int
    detail: str = ""
    set_aside: Path | None = None


class ExportState(StrEnum):
    """Where an export is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Export:
    """An export: one MP4 of one camera, or a zip of several; kept until `expires_ms`.

    `path` is absolute and exists only when `state` is READY. `progress` is 0 to 1.
    """

    id: int
    cameras: tuple[CameraKey, ...]
    range: TimeRange
    state: ExportState
    path: Path
    made_ms: int
    expires_ms: int
    size_bytes: int = 0
    progress: float = 0.0
    detail: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    root_id: int | None = None
    """The storage it lies on; None: beside the index, where earlier versions put them."""
    user: str = ""
    """Whose it is; Home Assistant's own where empty."""
    reserved_bytes: int = 0
    """How much of the storage is kept for it while it is being made."""

    @property
    def is_ready(self) -> bool:
        """Return whether the file is there."""
        return self.state is ExportState.READY

    @property
    def is_failed(self) -> bool:
        """Return whether there is no file and none will come."""
        return self.state is ExportState.FAILED


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of a clip; `variant` names moment and size, as its maker likes."""

    clip_id: int
    variant: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LibraryHealth:
    """The library at one moment, from caches only; never blocks."""

    roots: tuple[RootInfo, ...]
    index_events: tuple[IndexEvent, ...]
    is_checking: bool
    """Files are being adopted or compared right now."""
    braked: RetentionPlan | None
    """The plan that waits for a person, if any."""
    full_of_protected: tuple[int, ...] = ()
    """Roots at their floor on which nothing may be deleted."""
    index_bytes: int = 0
    last_check: CheckReport | None = None
    problem: ErrorKind | None = None


class LibraryEventKind(StrEnum):
    """What listeners are told."""

    CLIP_ADDED = "clip_added"
    CLIP_REMOVED = "clip_removed"
    CLIP_CHANGED = "clip_changed"
    """Protected, unprotected, moved, missing or back."""
    STORAGE = "storage"
    """A root began or ceased to have a problem."""
    RETENTION = "retention"
    """Retention ran, or waits for a person."""
    INDEX = "index"
    """Files were adopted or compared."""


@dataclass(frozen=True, slots=True)
class LibraryEvent:
    """Something changed; told on a worker thread, so listeners hand it to their own."""

    kind: LibraryEventKind
    camera: CameraKey | None = None
    clip_id: int | None = None
    root_id: int | None = None
    problem: NvrError | None = None
