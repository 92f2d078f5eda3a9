"""When each clock era may have lived, and when it did for certain; pure.

A clock that was set jumped at some moment between two measurements. Until the first of
them the old offset is certain, from the second on the new one; between them either may
hold. Host and drift move no device's clock: there one era ends where the next begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..models import ClockEra

UNSEEN_MS = 3_600_000
"""How long before an era was found its clock may have been set, if that was not written
down: the time between measurements."""
SLACK_MS = 5_000
"""How far a moment may be from what eras say: measurements are whole seconds, and an
offset may be two seconds off before a new era begins."""
AHEAD_MS = 60_000
"""How far a device's newest footage may lie ahead of its clock."""
NEAR_MS = 60_000
"""Offsets this near each other give the same date. Less than a minute is what clocks that are
kept right are set by; whatever was recorded before it was seen is off by no more."""
DRIFT_SHARE = 10_000
"""A clock that nobody sets may be off by another millisecond for so many that pass."""
_EVER_MS = 10**17


@dataclass(frozen=True, slots=True)
class Life:
    """When an era's footage was recorded: UTC, by the era's own offset.

    It may lie between `from_ms` and `to_ms`, and does for certain between `sure_from_ms`
    and `sure_to_ms`. The era of now ends at now (`is_current`).
    """

    era: ClockEra
    from_ms: int
    sure_from_ms: int
    sure_to_ms: int = _EVER_MS
    to_ms: int = _EVER_MS
    unseen_ms: int = 0
    """How long nobody had looked at the clock when the era was found."""

    @property
    def is_current(self) -> bool:
        """Return whether the device's clock goes on in this era."""
        return self.to_ms == _EVER_MS

    def end_ms(self, now_ms: int) -> int:
        """Return when the last footage of the era may have been recorded."""
        return now_ms + AHEAD_MS if self.is_current else self.to_ms

    def sure_end_ms(self, now_ms: int) -> int:
        """Return up to when the era's offset is certain."""
        return now_ms if self.is_current else self.sure_to_ms

    def may_hold(self, utc_ms: int, now_ms: int) -> bool:
        """Return whether footage of a moment can have been dated by this era's clock."""
        return self.from_ms <= utc_ms < self.end_ms(now_ms)

    def holds(self, utc_ms: int, now_ms: int) -> bool:
        """Return whether footage of a moment was dated by this era's clock for certain."""
        return self.sure_from_ms <= utc_ms < self.sure_end_ms(now_ms)

    def is_near(self, other: Life) -> bool:
        """Return whether two eras give the same date, as nearly as clocks are kept."""
        drift_ms = max(self.unseen_ms, other.unseen_ms) // DRIFT_SHARE
        apart_ms = abs(self.era.offset_ms - other.era.offset_ms)
        return apart_ms <= NEAR_MS + drift_ms


def lives_of(eras: Sequence[ClockEra]) -> tuple[Life, ...]:
    """Return the lives of eras, in the order in which they were found."""
    found = _found(eras)
    starts = sorted(era.to_utc(era.device_start_ms) for era in found)
    borders = [_Border.between(old, new, starts) for old, new in pairwise(found)]
    return tuple(
        Life(
            era,
            before.new_from_ms if before else -_EVER_MS,
            before.new_sure_from_ms if before else -_EVER_MS,
            after.old_sure_to_ms if after else _EVER_MS,
            after.old_to_ms if after else _EVER_MS,
            before.unseen_ms if before else 0,
        )
        for era, before, after in zip(
            found, [None, *borders], [*borders, None], strict=True
        )
    )


def _found(eras: Sequence[ClockEra]) -> list[ClockEra]:
    """Leave out eras of a wrong host clock that was put right: no footage lies in them."""
    last = {era.device_start_ms: era for era in eras}
    return [
        era
        for era in eras
        if last[era.device_start_ms] is era
        or (
            era.device_seen_ms is not None and era.device_seen_ms >= era.device_start_ms
        )
    ]


@dataclass(frozen=True, slots=True)
class _Border:
    """Where one era ends (UTC by the old offset) and the next begins (by the new one)."""

    old_sure_to_ms: int
    old_to_ms: int
    new_from_ms: int
    new_sure_from_ms: int
    unseen_ms: int = 0

    @staticmethod
    def between(old: ClockEra, new: ClockEra, starts: Sequence[int]) -> _Border:
        """Return the border of two eras; `starts` are those of all, in order."""
        seen_ms, border_ms = old.device_seen_ms, new.device_start_ms
        start_ms = new.to_utc(border_ms)
        if seen_ms == border_ms or old.offset_ms == new.offset_ms:
            end_ms = old.to_utc(border_ms)
            return _Border(end_ms, end_ms, start_ms, start_ms)
        if seen_ms is None:
            from_ms, sure_to_ms = start_ms - UNSEEN_MS, start_ms - UNSEEN_MS
            to_ms = start_ms + UNSEEN_MS
        else:
            from_ms = sure_to_ms = old.to_utc(seen_ms)
            to_ms = start_ms
        if from_ms > start_ms:
            # The host's clock went back while nobody looked: device or host was set.
            to_ms = max(from_ms, old.to_utc(border_ms))
            from_ms = min(start_ms, new.to_utc(seen_ms or border_ms))
            sure_to_ms = start_ms
        own_ms = old.to_utc(old.device_start_ms)
        if start_ms < own_ms:
            # Found in another order than they lived in (after the index was lost).
            to_ms = max(to_ms, next((ms for ms in starts if ms > own_ms), _EVER_MS - 1))
        return _Border(
            sure_to_ms,
            to_ms + SLACK_MS,
            from_ms - SLACK_MS,
            start_ms,
            max(0, start_ms - from_ms),
        )
