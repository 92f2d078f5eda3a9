"""Which footage is expected of a camera, and since when it is missing; pure.

`docs/design/sync.md` says what is expected when. Here nothing is asked or kept: values
in, values out. All times are UTC.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
import json
from typing import Any

from ..errors import ErrorKind
from ..intervals import (
    HOUR_MS,
    Ranges,
    TimeRange,
    difference,
    intersection,
    total_ms,
    union,
)
from ..ledger import CameraTotals, HoleSum, LedgerReason
from ..models import EXPECTED_STATES, CoverageSpan, CoverageState
from .settings import CameraSettings, NvrSettings
from .status import MissingCause, MissingFootage

HABIT_MS = 72 * HOUR_MS
"""How much of the past says whether a device records without a break."""
HABIT_LEAST_MS = 24 * HOUR_MS
"""Less of a past says nothing."""
CONTINUOUS_SHARE = 0.95
FILE_GONE_MS = 26 * HOUR_MS
"""Files that vanish come back with the nightly search, where the device has them still."""


def usual_ms(nvr: NvrSettings, camera: CameraSettings, settle_s: float) -> int:
    """Return how long footage usually takes to be kept, without any fault.

    Two looks at the device, the delay before what it lists is trusted, and a clip that
    has to end first.
    """
    usual_s = 2 * nvr.interval_s + settle_s + camera.clip_ms / 1000
    return int(usual_s * 1000)


def patience_ms(
    nvr: NvrSettings, camera: CameraSettings, settle_s: float
) -> int | None:
    """Return after which time expected footage counts as missing, None: never."""
    if nvr.missing_after_s <= 0:
        return None
    return max(int(nvr.missing_after_s * 1000), usual_ms(nvr, camera, settle_s))


def coverage_percent(
    totals: CameraTotals, recording_ms: int = 0, listed_ms: int = 0
) -> float | None:
    """Return the kept share of what is expected, 0 to 100, None where nothing is.

    `recording_ms` is what is being written now: it counts as kept, otherwise a recording
    that has just begun would be nothing but the second it took to begin. `listed_ms` of
    it the device holds as well, so that it is among the totals already.
    """
    expected_ms = totals.kept_ms + recording_ms - listed_ms
    expected_ms += sum(
        ms
        for state, ms in totals.by_state_ms.items()
        if state in EXPECTED_STATES and state is not CoverageState.KEPT
    )
    if expected_ms <= 0:
        return None
    return min(100.0 * (totals.kept_ms + recording_ms) / expected_ms, 100.0)


@dataclass(frozen=True, slots=True)
class MissingMemory:
    """What is remembered of a camera between two looks and across restarts.

    `looked_ms`: when the device last said what it holds of the camera. `waiting_since_ms`:
    since when footage waits on the device and none was kept. `missing`: what was told.
    """

    looked_ms: int | None = None
    waiting_since_ms: int | None = None
    missing: MissingFootage | None = None

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> MissingMemory:
        """Read it back; an empty memory where the text is none of ours."""
        try:
            values: dict[str, Any] = json.loads(text) if text else {}
            found = values.get("missing")
            if found:
                found = MissingFootage(
                    **found | {"cause": MissingCause(found["cause"])}
                )
            return cls(values.get("looked_ms"), values.get("waiting_since_ms"), found)
        except ValueError, TypeError, KeyError, AttributeError:
            return cls()


@dataclass(frozen=True, slots=True)
class Habit:
    """How a device recorded a camera: the share of its time, and the longest silence."""

    share: float
    longest_ms: int

    @property
    def is_continuous(self) -> bool:
        """Return whether it recorded practically without a break."""
        return self.share >= CONTINUOUS_SHARE


def habit(spans: Iterable[CoverageSpan], end_ms: int) -> Habit | None:
    """Return how a device recorded up to `end_ms`, None where too little is known.

    Whatever the ledger says of a stretch but *absent* was recorded once.
    """
    window = TimeRange(end_ms - HABIT_MS, end_ms)
    recorded = intersection(
        (span.range for span in spans if span.state is not CoverageState.ABSENT),
        (window,),
    )
    if not recorded or end_ms - recorded[0].start_ms < HABIT_LEAST_MS:
        return None
    known = TimeRange(recorded[0].start_ms, end_ms)
    silences = difference((known,), recorded)
    return Habit(
        total_ms(recorded) / known.duration_ms,
        max((item.duration_ms for item in silences), default=0),
    )


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a camera's footage at one moment.

    `is_expected`: background work may go on (switched on, gate open, not on demand).
    `looked_ms`: when the device last answered, in this run. `added_ms`: when a clip was
    last kept. `newest_ms`, `habit`: where what the device recorded ends, and how it used
    to record; None where that is not known. `obstacle`: what stands in the way, a kind of
    failure or empty.
    """

    now_ms: int
    patience_ms: int
    is_expected: bool
    relies_on_replay: bool = True
    looked_ms: int | None = None
    added_ms: int | None = None
    holes: tuple[HoleSum, ...] = ()
    newest_ms: int | None = None
    habit: Habit | None = None
    obstacle: str = ""

    @property
    def waiting(self) -> tuple[HoleSum, ...]:
        """Return what is to be had from the device and was not given up."""
        return tuple(
            hole
            for hole in self.holes
            if not hole.is_given_up and hole.state is not CoverageState.MISSING
        )


def remember(memory: MissingMemory, sight: Observation) -> MissingMemory:
    """Return the memory after a look; while nothing is expected no time counts."""
    now_ms = sight.now_ms
    if not sight.is_expected:
        return MissingMemory(looked_ms=now_ms)
    seen = (memory.looked_ms, sight.looked_ms)
    looked_ms = max((ms for ms in seen if ms is not None), default=now_ms)
    if not sight.relies_on_replay:
        looked_ms = now_ms
    waiting_ms = None
    if sight.waiting:
        since_ms = memory.waiting_since_ms
        waiting_ms = max(now_ms if since_ms is None else since_ms, sight.added_ms or 0)
        waiting_ms = min(waiting_ms, now_ms)
    return MissingMemory(min(looked_ms, now_ms), waiting_ms, memory.missing)


def find_missing(memory: MissingMemory, sight: Observation) -> MissingFootage | None:
    """Return what footage of the device is missing, the gravest cause first."""
    if not sight.is_expected:
        return None
    now_ms, overdue_ms = sight.now_ms, sight.now_ms - sight.patience_ms
    looked_ms, waiting_ms = memory.looked_ms, memory.waiting_since_ms
    relies = sight.relies_on_replay
    if relies and looked_ms is not None and looked_ms <= overdue_ms:
        reason = sight.obstacle or str(ErrorKind.UNREACHABLE)
        return missing_of(MissingCause.NOT_SEEN, looked_ms, now_ms - looked_ms, reason)
    if waiting_ms is not None and waiting_ms <= overdue_ms:
        waiting = sight.waiting
        reasons = (sight.obstacle, *(hole.reason for hole in waiting))
        return missing_of(
            MissingCause.NOT_COPIED,
            waiting_ms,
            sum(hole.ms for hole in waiting),
            next((reason for reason in reasons if reason), ""),
        )
    if relies and (silent := _silent(looked_ms, sight)) is not None:
        return silent
    given_up = [
        hole for hole in sight.holes if hole.is_given_up and hole.first_ms <= overdue_ms
    ]
    if given_up:
        return _of_holes(MissingCause.GIVEN_UP, given_up)
    gone = [
        hole
        for hole in sight.holes
        if hole.state is CoverageState.MISSING
        and hole.changed_ms <= now_ms - max(sight.patience_ms, FILE_GONE_MS)
    ]
    return _of_holes(MissingCause.FILE_GONE, gone) if gone else None


def _silent(looked_ms: int | None, sight: Observation) -> MissingFootage | None:
    """Return whether a device that never paused has recorded nothing new.

    A device that records by events, or by hours of the day, is silent for days without
    any fault: its silence says nothing.
    """
    newest_ms, past = sight.newest_ms, sight.habit
    if looked_ms is None or newest_ms is None or past is None or not past.is_continuous:
        return None
    silent_ms = looked_ms - newest_ms
    if silent_ms <= max(sight.patience_ms, 2 * past.longest_ms):
        return None
    return missing_of(MissingCause.NO_NEW_FOOTAGE, newest_ms, silent_ms)


def missing_of(
    cause: MissingCause, since_ms: int, missing_ms: int, reason: str = ""
) -> MissingFootage:
    """Return what is told of so much missing footage."""
    return MissingFootage(cause, since_ms, missing_ms / 1000, reason)


def _of_holes(cause: MissingCause, holes: list[HoleSum]) -> MissingFootage:
    first = min(holes, key=lambda hole: hole.first_ms)
    return missing_of(
        cause, first.first_ms, sum(hole.ms for hole in holes), first.reason
    )


RECOVERED_MS = 900_000
"""So much recorded since the last loss: the live recording works again."""
TAIL_MS = 300_000
"""Live footage is written at most this much behind the present, or it is missing."""


def judge_live(
    spans: Iterable[CoverageSpan],
    window: TimeRange,
    patience: int,
    *,
    is_continuous: bool,
    open_clip: TimeRange | None = None,
    obstacle: str = "",
) -> MissingFootage | None:
    """Return what a live recording that is expected now has missed, if it is failing.

    `window` ends now and reaches back twice the patience, or to the last thing that was
    kept. Missing is told when at least as much was missed as recorded, the first of it
    longer ago than the patience, and the recording has not recovered since. What was
    missed while Home Assistant did not run is in the ledger, and no fault to mend.
    """
    spans = tuple(spans)
    open_now: Ranges = (open_clip,) if open_clip else ()
    recorded = intersection(
        (*(s.range for s in spans if s.state is CoverageState.KEPT), *open_now),
        (window,),
    )
    lost = [span for span in spans if _is_missed(span)]
    missed = difference(
        intersection((span.range for span in lost), (window,)), recorded
    )
    excused = intersection(
        (s.range for s in spans if s.reason == LedgerReason.NOT_RUNNING), (window,)
    )
    told_ms = max((item.end_ms for item in (*recorded, *missed, *excused)), default=0)
    tail = TimeRange(max(told_ms, window.start_ms), window.end_ms)
    if is_continuous and tail.duration_ms > TAIL_MS:
        missed = union((*missed, tail))
    if not missed or missed[0].start_ms > window.end_ms - patience:
        return None
    missed_ms, recorded_ms = total_ms(missed), total_ms(recorded)
    last_ms = missed[-1].end_ms
    since_ms = sum(
        max(item.end_ms - max(item.start_ms, last_ms), 0) for item in recorded
    )
    if missed_ms < recorded_ms or since_ms >= min(RECOVERED_MS, missed_ms):
        return None
    reason = obstacle or next((s.reason for s in reversed(lost) if s.reason), "")
    return missing_of(MissingCause.NOT_RECORDED, missed[0].start_ms, missed_ms, reason)


def _is_missed(span: CoverageSpan) -> bool:
    return (
        span.state in EXPECTED_STATES
        and span.state not in {CoverageState.KEPT, CoverageState.MISSING}
        and span.reason not in {LedgerReason.NOT_RUNNING, LedgerReason.OVERWRITTEN}
    )
