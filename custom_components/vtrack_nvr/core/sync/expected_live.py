"""Since when footage of a live recording is missing; pure. All times are UTC."""

from collections.abc import Iterable

from ..intervals import Ranges, TimeRange, difference, intersection, total_ms, union
from ..ledger import LedgerReason
from ..models import EXPECTED_STATES, CoverageSpan, CoverageState
from .expected import missing_of
from .status import MissingCause, MissingFootage

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
