"""Whether footage has one date only, and what the ledger says if not (decision 0033)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ErrorKind
from ..intervals import Ranges, TimeRange, difference, intersection, union
from ..ledger import LedgerReason
from ..models import CameraKey, ClockEra, CoverageSpan, CoverageState
from .clock_eras import EraMap, OtherDate, Reading
from .clock_keeper import ClockKeeper
from .engine_context import EngineContext
from .fetch_result import EDGE_MS
from .plan import PlannedFetch

NEVER_MS = 10**15
"""The next try of footage whose date can never be proven."""
_AGAIN_S = 3600.0
"""When footage without a date is looked at again: a host's clock may be right by then."""
_NOTHING_THERE = frozenset({LedgerReason.NOT_LISTED, LedgerReason.EDGE})


@dataclass(frozen=True, slots=True)
class DatedFetch:
    """The first part of a job, and how to read it; `reading` None: nothing dates it."""

    range: TimeRange
    reading: Reading | None
    has_doubt: bool = False
    """The device may call it by other times too, and those prove nothing: what does not come
    may be there all the same."""


class ProvenDates:
    """Judges dates of one NVR's footage by its clock eras and the ledger.

    A device whose clock was set back may hold two recordings of the same times and plays
    one, the other or both. Only what cannot be another has a date.
    """

    def __init__(self, keeper: ClockKeeper, rooms: EngineContext) -> None:
        """Judge by the eras of one NVR."""
        self._keeper = keeper
        self._rooms = rooms

    async def prove(
        self, job: PlannedFetch, pending: Sequence[CoverageSpan]
    ) -> DatedFetch:
        """Return the first part of a job that is dated, or that is not, as a whole."""
        never = union(
            span.range for span in pending if (span.next_try_ms or 0) >= NEVER_MS
        )
        readings = self._keeper.eras.readings(
            job.range, self._rooms.clock.now_ms(), job.attempts
        )
        whole = readings[0].piece.utc if readings else job.range
        next_ms = whole.end_ms
        found: list[tuple[Reading, Ranges]] = [
            (reading, difference(await self._proven(job.camera, reading), never))
            for reading in readings
        ]
        for reading, proven in found:
            if proven and proven[0].start_ms == whole.start_ms:
                part = proven[0]
                has_doubt = any(difference((part,), ranges) for _, ranges in found)
                return DatedFetch(part, reading.first(part), has_doubt)
            next_ms = min((next_ms, *(item.start_ms for item in proven)))
        return DatedFetch(TimeRange(whole.start_ms, next_ms), None)

    async def _proven(self, camera: CameraKey, reading: Reading) -> Ranges:
        """Return the parts (UTC) whose device times can mean nothing else."""
        library = self._rooms.library
        proven: Ranges = (reading.piece.utc,)
        if not reading.others:
            return proven
        earliest = await library.earliest_by_era(camera)
        for other in reading.others:
            if not other.is_sure:
                return ()
            spans = await library.coverage(camera, other.utc)
            empty = [span.range for span in spans if _is_empty(span)]
            held_ms = held_from_ms(self._keeper.eras, other.era, earliest)
            if held_ms is not None and held_ms > other.utc.start_ms:
                end_ms = min(held_ms, other.utc.end_ms)
                empty.append(TimeRange(other.utc.start_ms, end_ms))
            by_ms = reading.piece.utc.start_ms - other.utc.start_ms
            proven = intersection(proven, _inside(union(empty), other, by_ms))
        return proven


def held_from_ms(
    eras: EraMap, era: ClockEra, earliest: Mapping[int, int]
) -> int | None:
    """Return what all that the device holds of an era is newer than (UTC), if known.

    What it said since then counts: footage of an era that is over only goes.
    """
    since = [item.id for item in eras.eras[eras.eras.index(era) :]]
    known = [earliest[era_id] for era_id in since if era_id in earliest]
    return era.to_utc(max(known)) if known else None


async def leave_undated(
    rooms: EngineContext,
    camera: CameraKey,
    ranges: Ranges,
    *,
    is_for_good: bool = False,
) -> None:
    """Say in the ledger that nothing proves when footage was recorded.

    It counts as given up. `is_for_good`: it is never tried again.
    """
    if ranges:
        again_ms = rooms.clock.now_ms() + int(_AGAIN_S * 1000)
        await rooms.library.mark(
            camera,
            ranges,
            CoverageState.FAILED,
            str(ErrorKind.UNDATED),
            NEVER_MS if is_for_good else again_ms,
            rooms.limits.max_tries,
        )


def _is_empty(span: CoverageSpan) -> bool:
    """Return whether the device is proven to hold nothing of a stretch."""
    if span.state is CoverageState.LOST:
        return True
    return span.state is CoverageState.ABSENT and span.reason in _NOTHING_THERE


def _inside(empty: Ranges, other: OtherDate, by_ms: int) -> Ranges:
    """Return empty stretches at our date, without their borders inside the stretch.

    Listings speak in whole seconds, and a group of pictures may begin before them.
    """
    found: list[TimeRange] = []
    for item in empty:
        start_ms, end_ms = item.start_ms, item.end_ms
        if start_ms > other.utc.start_ms:
            start_ms += EDGE_MS
        if end_ms < other.utc.end_ms:
            end_ms -= EDGE_MS
        if start_ms < end_ms:
            found.append(TimeRange(start_ms + by_ms, end_ms + by_ms))
    return tuple(found)
