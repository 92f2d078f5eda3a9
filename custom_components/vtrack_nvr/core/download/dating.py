"""Whether what a device plays is what it says it is, over the sessions of one fetch; pure.

A device that begins where it was asked to has shown that its dates are true. One that
begins elsewhere may have a gap there, may ignore the start, or its dates may be wrong (hours
off, local time), or all of that together. Then it is asked once more from other places: true
dates stay with their pictures, wrong ones move along with the question, and who begins at
one place whatever is asked shows nothing about what it calls later than that.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ..clock import Clock
from ..device_habits import DeviceHabits
from ..intervals import TimeRange
from ..policy import Waits

BEFORE_US = 120_000_000
"""Devices begin at most a long group of pictures before the start."""
_AFTER_US = 15_000_000
"""The first key picture behind it, and listings that speak roughly."""
_ASIDE_US = 60_000_000
"""How far aside it is asked once more: further than a group of pictures."""
_LEAD_US = 14 * 60_000_000
"""How far before the start a beginning is believed: less than any zone is off."""
_SAME_US = 250_000


class FirstDate(StrEnum):
    """What the first date of a session tells."""

    TRUE = "true"
    AGAIN = "again"
    """Play anew, from where `Dating.start_us` says."""
    WRONG = "wrong"


class _Probe(StrEnum):
    """What is asked to resolve a doubt."""

    BEHIND = "behind"
    """Behind the first picture that came: does it heed the start at all?"""
    BETWEEN = "between"
    """Between the start and that picture: is there really nothing?"""
    AFTER = "after"
    """After the start: does the picture before it stay?"""
    ONCE_MORE = "once_more"
    """After the start: does a device that was wrong before get this right, too?"""


@dataclass(frozen=True, slots=True)
class _Doubt:
    kind: _Probe
    start_us: int
    first_us: int

    @property
    def probe_us(self) -> int:
        """Return where to play from."""
        match self.kind:
            case _Probe.BEHIND:
                return self.first_us + _ASIDE_US
            case _Probe.BETWEEN:
                gap_us = self.first_us - self.start_us
                return self.start_us + min(_ASIDE_US, gap_us // 2)
        return self.start_us + _ASIDE_US


class Dating:
    """Remembers a doubt until it is resolved."""

    def __init__(self, habits: DeviceHabits, clock: Clock, waits: Waits) -> None:
        """`habits` remembers across fetches what was shown."""
        self._habits = habits
        self._clock = clock
        self._lasts_s = waits.date_proof
        self._doubt: _Doubt | None = None
        self._is_shown = False
        self._is_refused = False
        self.is_wrong = False
        """Its capture times are not to be believed in this fetch."""

    @property
    def is_believed(self) -> bool:
        """Return whether the device has shown that its dates are true."""
        return self._is_shown or self._clock.monotonic() < self._habits.believed_until_s

    @property
    def is_probing(self) -> bool:
        """Return whether a doubt is open: play from elsewhere."""
        return self._doubt is not None

    def start_us(self, start_us: int) -> int:
        """Return where to play from: the start, or aside of it while there is a doubt."""
        return self._doubt.probe_us if self._doubt else start_us

    def check(
        self, asked: TimeRange, first_us: int, *, is_suspect: bool = False
    ) -> FirstDate:
        """Judge the date of the first picture that came for a range.

        `is_suspect`: it was wrong before; beginning at the start may be chance.
        """
        start_us = asked.start_ms * 1000
        doubt, self._doubt = self._doubt, None
        if doubt:
            return self._resolve(doubt, asked, first_us)
        is_at_start = is_near(asked, first_us)
        if self._is_shown or (not is_suspect and (is_at_start or self.is_believed)):
            if is_at_start:
                self._believe()
            return FirstDate.TRUE
        if self._is_refused or first_us < start_us - _LEAD_US:
            return FirstDate.WRONG
        kind = _Probe.BEHIND
        if is_at_start:
            kind = _Probe.ONCE_MORE
        elif first_us < start_us:
            kind = _Probe.AFTER
        self._doubt = _Doubt(kind, start_us, first_us)
        return FirstDate.AGAIN

    def _resolve(self, doubt: _Doubt, asked: TimeRange, first_us: int) -> FirstDate:
        if abs(first_us - doubt.first_us) <= _SAME_US:
            if doubt.kind not in {_Probe.BETWEEN, _Probe.AFTER}:
                return FirstDate.WRONG
        elif doubt.kind is _Probe.ONCE_MORE or is_near(asked, first_us):
            pass  # it heeds the start, and begins there
        elif doubt.kind is _Probe.BEHIND:
            self._doubt = replace(doubt, kind=_Probe.BETWEEN)
            return FirstDate.AGAIN
        else:
            return FirstDate.WRONG
        self._believe()
        return FirstDate.AGAIN

    def drop(self) -> None:
        """Forget a doubt: the same is asked again in another way."""
        self._doubt = None

    def refused(self) -> bool:
        """Take note that the device has nothing where it was asked once more.

        So it heeds the start that it was asked for. Returns whether that leaves a wrong
        date: behind a first picture there may be nothing.
        """
        doubt, self._doubt = self._doubt, None
        if doubt and doubt.kind is _Probe.BEHIND:
            self._doubt = replace(doubt, kind=_Probe.BETWEEN)
            return False
        if doubt and doubt.kind is _Probe.ONCE_MORE:
            self._believe()
            return False
        self._is_refused = True
        return True

    def _believe(self) -> None:
        self._is_shown = True
        self._habits.believed_until_s = self._clock.monotonic() + self._lasts_s


def is_near(asked: TimeRange, first_us: int) -> bool:
    """Return whether a picture of this time may be the first of what was asked for."""
    start_us = asked.start_ms * 1000
    return start_us - BEFORE_US <= first_us <= start_us + _AFTER_US
