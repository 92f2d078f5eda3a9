"""The values in which the coverage ledger is spoken of: findings, wants, runs, totals.

The engine says them, the library keeps them; both import them from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .intervals import Ranges, TimeRange
from .models import CameraKey, CoverageState

ABSENT_NOT_LISTED = "not_listed"
"""Reason of *absent* where a complete listing does not name it; a later one may. Any
other reason of *absent* (a fetch went past and nothing came) stays for good."""
LOST_OVERWRITTEN = "overwritten"
"""Reason of *lost*: the device's earliest footage moved past it."""


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

    @property
    def coverage_percent(self) -> float | None:
        """Return kept / expected × 100 (design §2), None where nothing is expected."""
        expected = self.kept_ms + sum(
            self.by_state_ms.get(state, 0)
            for state in (
                CoverageState.ON_DEVICE,
                CoverageState.FETCHING,
                CoverageState.FAILED,
                CoverageState.LOST,
                CoverageState.MISSING,
            )
        )
        return 100.0 * self.kept_ms / expected if expected else None
