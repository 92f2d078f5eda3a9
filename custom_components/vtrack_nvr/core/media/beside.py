"""Which sound lies beside which pictures; pure, and the store of sound that waits."""

from collections import deque
from dataclasses import replace
from typing import Final, NamedTuple

from ..frames import AccessUnit, TrackFormat
from .units import Gop, TimedUnit

_UNIT_BYTES: Final = 200
"""What a unit costs in memory beyond its bytes."""
_MOST_BYTES: Final = 4 * 1024 * 1024
_USUAL_US: Final = 300_000
"""Units further apart than this say nothing about how long one lasts."""


class Shares(NamedTuple):
    """Sound, parted by a group of pictures; each part in the order of its times."""

    earlier: list[TimedUnit]
    beside: list[TimedUnit]
    later: list[TimedUnit]


def share(sound: list[TimedUnit], start_us: int, end_us: int) -> Shares:
    """Part sound by the times of a group's pictures: it belongs where it was heard.

    `start_us` is included, `end_us` is not.
    """
    shares = Shares([], [], [])
    for item in sorted(sound, key=_time):
        if item.time_us < start_us:
            shares.earlier.append(item)
        elif item.time_us < end_us:
            shares.beside.append(item)
        else:
            shares.later.append(item)
    return shares


def lost_notice(lost_us: int) -> str:
    """Return the sentence about sound that is in no clip, "" if all is."""
    if not lost_us:
        return ""
    seconds = max(lost_us / 1_000_000, 0.1)
    return f"{seconds:.1f} s of sound came too late or without pictures; it is left out"


class WaitingSound:
    """Sound until its pictures are there, whichever of both was sent first.

    Bounded by bytes: the oldest goes. `lost` counts units that no group took, for that
    reason or because their pictures had gone before; `lost_us` is about how long they are.
    """

    def __init__(self, most_bytes: int) -> None:
        """Hold `most_bytes` at most, and never more than some megabytes."""
        self._most_bytes = min(most_bytes, _MOST_BYTES)
        self._held: deque[TimedUnit] = deque()
        self.bytes = 0
        """What is in memory, about."""
        self.newest_us: int | None = None
        """When the unit that came last was heard, None before the first."""
        self.step_us = 0
        """How long a unit lasts, by the distance of two."""
        self.lost = 0
        self._has_pictures = False

    @property
    def lost_us(self) -> int:
        """Return how long the lost sound is, about."""
        return self.lost * self.step_us

    def add(self, item: TimedUnit) -> None:
        """Take a unit in the order of sending."""
        if self.newest_us is not None:
            distance_us = item.time_us - self.newest_us
            if 0 < distance_us <= _USUAL_US or not self.step_us:
                self.step_us = min(max(distance_us, 0), _USUAL_US)
        self.newest_us = item.time_us
        self._held.append(item)
        self.bytes += _cost(item)
        while self.bytes > self._most_bytes and self._held:
            self.bytes -= _cost(self._held.popleft())
            self.lost += 1

    def take(
        self, start_us: int, end_us: int, *, is_first: bool, is_set_back: bool = False
    ) -> list[TimedUnit]:
        """Return the sound beside a group.

        `is_first`: no pictures were before it, so what was heard earlier is not missed.
        `is_set_back`: the clock was, behind this group; what was heard later has no
        pictures, and what seems earlier belongs to the next one.
        """
        shares = share(list(self._held), start_us, end_us)
        stays, goes = shares.later, [] if is_first else shares.earlier
        if is_set_back:
            stays, goes = shares.earlier, shares.later
        self._held = deque(stays)
        self.bytes = sum(map(_cost, stays))
        self.lost += len(goes)
        return shares.beside

    def clear(self) -> None:
        """Let go of what lies after the last pictures: it is not missed."""
        self._held.clear()
        self.bytes = 0


def _time(item: TimedUnit) -> int:
    return item.time_us


def _cost(item: TimedUnit) -> int:
    return len(item.unit.data) + _UNIT_BYTES


class HeardFormat:
    """The format of a track's sound: as described, until its units tell another one."""

    def __init__(self, described: TrackFormat) -> None:
        """Make a new one per connection."""
        self._described = self._base = self._format = described

    def of(self, gop: Gop) -> TrackFormat:
        """Return the format of a group's sound; groups come in order."""
        if not gop.audio:
            return self._format
        base = gop.audio[0].unit.format or self._described
        if base != self._base:
            self._base = self._format = base
        told = next((each.unit.config for each in gop.audio if each.unit.config), b"")
        if told and told != self._format.config:
            self._format = replace(self._base, config=told)
        return self._format


def is_of(unit: AccessUnit, track_format: TrackFormat) -> bool:
    """Return whether a unit of sound is coded so; if not, the next clip takes its kind."""
    own = unit.format
    if unit.config and unit.config != track_format.config:
        return False
    return own is None or (own.codec, own.clock_rate, own.channels) == (
        track_format.codec,
        track_format.clock_rate,
        track_format.channels,
    )
