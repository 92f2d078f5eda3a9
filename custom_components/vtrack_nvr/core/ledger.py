"""The values in which the coverage ledger is spoken of: findings, wants, runs, totals.

The engine says them, the library keeps them; both import them from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .errors import ErrorKind
from .intervals import Ranges, TimeRange
from .models import EXPECTED_STATES, CameraKey, CoverageState


class LedgerReason(StrEnum):
    """Why a stretch is in its state, besides the kinds of failure."""

    NOT_LISTED = "not_listed"
    """*Absent*: a complete listing does not name it; a later one may. Any other reason of
    *absent* (a fetch went past and nothing came) stays for good."""
    EDGE = "edge"
    """*Absent*: the border of a segment; listings speak in whole seconds."""
    OVERWRITTEN = "overwritten"
    """*Lost*: the device's earliest footage moved past it."""
    STARTING = "starting"
    """Not recorded live: the stream was being opened, or its first picture waited for."""
    NOT_RUNNING = "not_running"
    """Not recorded live: Home Assistant was not running."""
    REQUESTED = "requested"
    """*On device*: it was removed, and somebody asked for it again."""
    FILE_GONE = "file_gone"
    """*Missing*: the file is not where it was."""
    REPLACED = "replaced"
    """*Missing*: another file is where it was."""
    AGE = "age"
    """*Removed*, this and the following: why retention or a person deleted the clip."""
    QUOTA = "quota"
    FLOOR = "floor"
    PERSON = "person"
    PURGE = "purge"
    REMOVED = "removed"
    """The journal knows that it was removed, and no more."""
    LEFT_OUT = "left_out"
    """A person decided to do without footage that could not be had."""


REASONS = frozenset(
    {str(kind) for kind in ErrorKind if kind is not ErrorKind.LIMIT}
    | {str(reason) for reason in LedgerReason}
)
"""Every reason that can stand in the ledger; each has a text in the translations."""

ABSENT_NOT_LISTED = LedgerReason.NOT_LISTED
LOST_OVERWRITTEN = LedgerReason.OVERWRITTEN


class RunKind(StrEnum):
    """Why a sync run was started."""

    LIGHT = "light"
    FULL = "full"
    MANUAL = "manual"
    EVENT = "event"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The history line of one run."""

    clips: int = 0
    bytes: int = 0
    seconds: float = 0.0
    errors: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """A request by a person or an automation, kept across restarts; times in UTC."""

    id: int
    camera: CameraKey
    range: TimeRange
    made_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class SweepFindings:
    """What a search told about a camera's time line, in UTC.

    `present`: what the device holds inside `window`. `is_proof`: the listing is complete,
    the clock is known and the recording is the same as before, so that what is not
    present is truly not there. `device_earliest_ms`: where its footage begins (UTC), the
    proof for *lost*; None where it did not say.
    """

    camera: CameraKey
    window: TimeRange
    present: Ranges
    is_proof: bool
    device_earliest_ms: int | None = None
    device_latest_ms: int | None = None
    wanted: Ranges | None = None
    """The wanted part of the window; None: all of it."""


@dataclass(frozen=True, slots=True)
class HoleSum:
    """How much is expected and not kept, for one reason; times in UTC.

    `first_ms`: where the oldest of it begins. `changed_ms`: when the first of it came
    into its state. `is_given_up`: tried so often that it is tried once a day only.
    """

    state: CoverageState
    reason: str
    is_given_up: bool
    ms: int
    first_ms: int
    changed_ms: int


@dataclass(frozen=True, slots=True)
class CameraTotals:
    """Incrementally kept sums; times in UTC."""

    clips: int = 0
    bytes: int = 0
    kept_ms: int = 0
    by_state_ms: Mapping[CoverageState, int] = field(default_factory=dict)
    first_start_ms: int | None = None
    last_clip_id: int | None = None
    last_start_ms: int | None = None
    last_end_ms: int | None = None
    device_oldest_ms: int | None = None
    device_newest_ms: int | None = None
    last_added_ms: int | None = None
    """When a clip was last added, whatever time it shows."""

    @property
    def coverage_percent(self) -> float | None:
        """Return kept / expected × 100 (design §2), None where nothing is expected."""
        expected = self.kept_ms + sum(
            ms
            for state, ms in self.by_state_ms.items()
            if state in EXPECTED_STATES and state is not CoverageState.KEPT
        )
        return 100.0 * self.kept_ms / expected if expected else None
