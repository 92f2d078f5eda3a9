"""Searching: when it is worth it, over which windows, and what the answers mean; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..intervals import Ranges, TimeRange, intersection, union
from ..ledger import SweepFindings
from ..models import CameraKey, Recording, SegmentListing
from .clock_eras import EraMap
from .era_lives import AHEAD_MS
from .wanted import EPOCH_2000_MS


def has_news(before: Mapping[str, Recording], after: Mapping[str, Recording]) -> bool:
    """Return whether a search can find anything that the last one did not.

    A recording that does not say how far it reaches always might.
    """
    if before.keys() != after.keys():
        return True
    return any(
        new.device_latest_ms is None
        or (new.device_earliest_ms, new.device_latest_ms, new.tracks)
        != (
            before[token].device_earliest_ms,
            before[token].device_latest_ms,
            before[token].tracks,
        )
        for token, new in after.items()
    )


def earliest_of(recordings: Mapping[str, Recording]) -> int | None:
    """Return where the footage of all these recordings begins (device clock).

    None where one of them does not say. A recording dated before 2000 comes from a clock
    that was not set.
    """
    moments = [item.device_earliest_ms for item in recordings.values()]
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None


def latest_of(recordings: Mapping[str, Recording]) -> int | None:
    """Return where the footage of all these recordings ends, None where one is silent."""
    moments = [item.device_latest_ms for item in recordings.values()]
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def search_windows(whole: TimeRange, longest_ms: int) -> tuple[TimeRange, ...]:
    """Cut a stretch of device time into windows to search, newest first.

    They end at whole multiples of `longest_ms`, where searches are cut anyway: any other
    window would cost two searches.
    """
    windows: list[TimeRange] = []
    end_ms = whole.end_ms
    while end_ms > whole.start_ms:
        start_ms = max(whole.start_ms, (end_ms - 1) // longest_ms * longest_ms)
        windows.append(TimeRange(start_ms, end_ms))
        end_ms = start_ms
    return tuple(windows)


def is_sane(earliest_ms: int | None, stretch: TimeRange) -> bool:
    """Return whether footage can begin when a device says, before a stretch to search ends."""
    return earliest_ms is not None and EPOCH_2000_MS < earliest_ms < stretch.end_ms


def full_stretch(
    recordings: Mapping[str, Recording], oldest_device_ms: int, device_now_ms: int
) -> TimeRange | None:
    """Return the whole stretch worth searching on the device's clock.

    Footage dated in the device's own future (its clock was set back) is included.
    """
    start_ms = max(earliest_of(recordings) or 0, oldest_device_ms, EPOCH_2000_MS)
    end_ms = max(device_now_ms, (latest_of(recordings) or 0) + 1000)
    return TimeRange(start_ms, end_ms) if start_ms < end_ms else None


def listed_in(listings: Sequence[SegmentListing]) -> Ranges:
    """Return what was listed, on the device's clock."""
    return union(
        segment.device_range for listing in listings for segment in listing.segments
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the recordings of a camera say they reach, on the device's clock."""

    earliest_ms: int | None
    latest_ms: int | None
    is_same: bool
    """The same recordings as in the search before."""


def to_findings(
    camera: CameraKey,
    window: TimeRange,
    listings: Sequence[SegmentListing],
    reach: Reach,
    eras: EraMap,
    now_ms: int,
    settle_ms: int,
) -> tuple[SweepFindings, ...]:
    """Turn what was listed (device clock) into findings (UTC), one per clock era.

    Times that the device's clock told twice are found at the newest of their dates only:
    what was found at the older ones, while they had one date, stays as it is.

    Nothing is proof about the last `settle_ms`: the device may still be writing it into
    its index.
    """
    listed = listed_in(listings)
    earliest_ms = (
        None if reach.earliest_ms is None else eras.gone_before_ms(reach.earliest_ms)
    )
    settled_ms = now_ms - settle_ms
    latest_ms = (
        settled_ms
        if reach.latest_ms is None
        else min(eras.moment_to_utc(reach.latest_ms, now_ms), settled_ms)
    )
    is_proof = reach.is_same and all(listing.is_complete for listing in listings)
    found: list[SweepFindings] = []
    for piece in eras.to_utc(window, now_ms):
        if not piece.is_dated:
            continue
        present: Ranges = tuple(
            item.shifted(piece.era.offset_ms)
            for item in intersection(listed, (piece.device,))
        )
        found.append(
            SweepFindings(
                camera=camera,
                window=piece.utc,
                present=present,
                is_proof=is_proof,
                device_earliest_ms=earliest_ms,
                device_latest_ms=latest_ms,
            )
        )
    return tuple(found)


def of_no_era(
    window: TimeRange,
    listings: Sequence[SegmentListing],
    eras: EraMap,
    now_ms: int,
) -> Ranges:
    """Return when the device's clock will tell the times of footage of an unknown era (UTC).

    The device holds footage of times that its clock has not come to, in no era that was
    measured: it was set forward and back again unseen. Once the clock comes to them, they
    look like any others. A segment that only ends in the future is one that grows.
    """
    listed = listed_in(listings)
    return tuple(
        item.shifted(eras.current.offset_ms)
        for item in listed
        if item.start_ms > max(window.start_ms, eras.device_now_ms(now_ms) + AHEAD_MS)
        and not any(piece.is_dated for piece in eras.to_utc(item, now_ms))
    )
