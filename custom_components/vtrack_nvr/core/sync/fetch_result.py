"""What a fetch did, turned into what the ledger must say; pure.

The reached part is settled by what is kept in it. The rest goes back to *on device*, or
to *failed* with a next try. Silence never makes footage *lost*; footage is *absent* only
by the device's own word: the stream went past it, or ended right at its border, or the
device said at every try that there is nothing (457, 404 to PLAY, an end), and then only
where that is short.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import random

from ..errors import ErrorKind
from ..fetch_job import EndReason
from ..intervals import Ranges, TimeRange, difference
from ..models import CoverageState
from ..policy import Waits
from .backoff import pause_s
from .plan import PlannedFetch
from .settings import EngineLimits

EDGE_MS = 2_000
"""A hole up to this long is the border of a segment: listings speak in whole seconds."""
END_EDGE_MS = 1_000
"""Footage that ends this close to the wanted end has ended there (download-engine §8.3)."""
SHORT_MS = 60_000
"""Up to this long, footage that the device listed and never sent is taken as absent."""
FAULTY_MS = 300_000
"""How much is put off where a fetch breaks; what follows is tried without waiting."""

NOT_THE_STRETCH = frozenset(
    {
        ErrorKind.UNREACHABLE,
        ErrorKind.TLS,
        ErrorKind.NOT_ONVIF,
        ErrorKind.AUTH_REFUSED,
        ErrorKind.CLEARTEXT_LOGIN,
        ErrorKind.OTHER_DEVICE,
        ErrorKind.NO_PERMISSION,
        ErrorKind.BUSY,
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
        ErrorKind.UNDATED,
        ErrorKind.INDEX_FAILED,
        ErrorKind.STORAGE_MISSING,
        ErrorKind.STORAGE_FULL,
        ErrorKind.STORAGE_READ_ONLY,
        ErrorKind.STORAGE_STALLED,
        ErrorKind.STORAGE_IN_USE,
        ErrorKind.STORAGE_FAILED,
        ErrorKind.CANCELLED,
    }
)
"""Failures that say nothing about the footage; they do not count as tries of it."""

HOPELESS = frozenset(
    {ErrorKind.DAMAGED, ErrorKind.UNSUPPORTED_CODEC, ErrorKind.NO_PICTURES}
)
"""Failures after which a stretch goes into quarantine at once."""

EDGE = "edge"
NO_FOOTAGE = str(ErrorKind.NO_FOOTAGE)


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """One line for `EngineLedger.mark`."""

    state: CoverageState
    ranges: Ranges
    reason: str = ""
    next_try_ms: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A stretch that the stream went past without footage, in UTC."""

    range: TimeRange
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a fetch ended, in UTC: `kept` is what is in complete clips now."""

    reason: EndReason
    reached_ms: int
    kept: Ranges = ()
    gaps: tuple[Passed, ...] = ()
    error: ErrorKind | None = None


def ledger_entries_of(
    job: PlannedFetch,
    ended: Ended,
    now_ms: int,
    *,
    waits: Waits,
    limits: EngineLimits,
    rng: random.Random,
) -> tuple[LedgerMark, ...]:
    """Return the entries for the parts of the job that are not kept."""
    reached_ms = min(max(ended.reached_ms, job.range.start_ms), job.range.end_ms)
    if ended.reason is EndReason.REACHED:
        reached_ms = job.range.end_ms
    tries = _Tries(now_ms, waits, limits, rng)
    settled = TimeRange(job.range.start_ms, reached_ms)
    entries = [
        _hole(hole, ended.gaps, job.attempts, tries)
        for hole in difference((settled,), ended.kept)
    ]
    for rest in difference((TimeRange(reached_ms, job.range.end_ms),), ended.kept):
        has_moved = rest.start_ms - job.range.start_ms >= (
            waits.progress_resets_after * 1000
        )
        before = 0 if has_moved else job.attempts
        entries += _rest(rest, ended, before, tries)
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class _Tries:
    now_ms: int
    waits: Waits
    limits: EngineLimits
    rng: random.Random

    def is_last(self, attempts: int) -> bool:
        return attempts >= self.limits.max_tries

    def failed(self, hole: TimeRange, reason: str, attempts: int) -> LedgerMark:
        """Put off; after the last try there is one a day."""
        if self.is_last(attempts):
            pause = self.limits.quarantine_s * (1.0 - 0.1 * self.rng.random())
        else:
            pause = pause_s(self.waits.stretch_retry, attempts, self.rng)
        return LedgerMark(
            CoverageState.FAILED,
            (hole,),
            reason,
            self.now_ms + int(pause * 1000),
            attempts,
        )


def _hole(
    hole: TimeRange, gaps: Sequence[Passed], before: int, tries: _Tries
) -> LedgerMark:
    """Settle a hole in what the stream went past."""
    if hole.duration_ms <= EDGE_MS:
        return LedgerMark(CoverageState.ABSENT, (hole,), EDGE)
    reason = next((gap.reason for gap in gaps if gap.range.overlaps(hole)), NO_FOOTAGE)
    attempts = before + 1
    if reason in HOPELESS:
        return tries.failed(hole, reason, max(attempts, tries.limits.max_tries))
    if tries.is_last(attempts):
        return LedgerMark(CoverageState.ABSENT, (hole,), NO_FOOTAGE, attempts=attempts)
    return tries.failed(hole, reason, attempts)


def _rest(
    rest: TimeRange, ended: Ended, before: int, tries: _Tries
) -> list[LedgerMark]:
    """Settle what lies beyond the point that the fetch reached."""
    if ended.reason is EndReason.FAILED:
        return _failed(rest, ended.error or ErrorKind.PROTOCOL, before, tries)
    if ended.reason is EndReason.END_OF_FOOTAGE:
        return _ended_early(rest, before, tries)
    return [_back(rest, before)]


def _back(rest: TimeRange, attempts: int) -> LedgerMark:
    return LedgerMark(CoverageState.ON_DEVICE, (rest,), attempts=attempts)


def _ended_early(rest: TimeRange, before: int, tries: _Tries) -> list[LedgerMark]:
    """Settle what the device listed, and then said that it does not have."""
    if rest.duration_ms <= END_EDGE_MS:
        return [LedgerMark(CoverageState.ABSENT, (rest,), EDGE)]
    attempts = before + 1
    if tries.is_last(attempts):
        if rest.duration_ms <= SHORT_MS:
            return [
                LedgerMark(CoverageState.ABSENT, (rest,), NO_FOOTAGE, None, attempts)
            ]
        return [tries.failed(rest, NO_FOOTAGE, attempts)]
    put_off = tries.failed(rest, NO_FOOTAGE, attempts)
    return [
        LedgerMark(CoverageState.ON_DEVICE, (rest,), "", put_off.next_try_ms, attempts)
    ]


def _failed(
    rest: TimeRange, error: ErrorKind, before: int, tries: _Tries
) -> list[LedgerMark]:
    if error in NOT_THE_STRETCH:
        return [_back(rest, before)]
    attempts = before + 1
    if error in HOPELESS:
        attempts = max(attempts, tries.limits.max_tries)
    elif error is ErrorKind.NO_FOOTAGE and tries.is_last(attempts):
        return _ended_early(rest, before, tries)
    faulty = TimeRange(rest.start_ms, min(rest.end_ms, rest.start_ms + FAULTY_MS))
    entries = [tries.failed(faulty, str(error), attempts)]
    if faulty.end_ms < rest.end_ms:
        entries.append(_back(TimeRange(faulty.end_ms, rest.end_ms), 0))
    return entries
