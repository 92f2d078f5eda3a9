"""Whether what a device plays is what it says it is, over the sessions of one fetch; pure.

A device that begins where it was asked to has shown that its dates are true. One that
begins elsewhere may have a gap there, may ignore the start, or its dates may be wrong (hours
off, local time). Then it is asked once more from another place: true dates stay with their
pictures, wrong ones move along with the question.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..clock import Clock
from ..intervals import TimeRange
from ..policy import Waits
from ..rtsp.habits import DeviceHabits

BEFORE_US = 120_000_000
"""Devices begin at most a long group of pictures before the start."""
_AFTER_US = 15_000_000
"""The first key picture behind it, and listings that speak roughly."""
_ASIDE_US = 60_000_000
"""How far from the start it is asked once more: further than a group of pictures."""
_SAME_US = 250_000


class Found(StrEnum):
    """What the first date of a session tells."""

    TRUE = "true"
    AGAIN = "again"
    """Play anew, from where `Dating.start_us` says."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class _Doubt:
    first_us: int
    probe_us: int


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

    def check(self, asked: TimeRange, first_us: int) -> Found:
        """Judge the date of the first picture that came for a range."""
        doubt, self._doubt = self._doubt, None
        if is_near(asked, first_us):
            self._believe()
            return Found.AGAIN if doubt else Found.TRUE
        if doubt:
            if abs(first_us - doubt.first_us) > _SAME_US:
                return Found.WRONG
            self._believe()
            return Found.AGAIN
        if self.is_believed:
            return Found.TRUE
        if self._is_refused:
            return Found.WRONG
        start_us = asked.start_ms * 1000
        aside_us = _ASIDE_US
        if first_us > start_us:
            aside_us = min(_ASIDE_US, (first_us - start_us) // 2)
        self._doubt = _Doubt(first_us, start_us + aside_us)
        return Found.AGAIN

    def drop(self) -> None:
        """Forget a doubt: the same is asked again in another way."""
        self._doubt = None

    def refused(self) -> None:
        """Take note that the device has nothing where it was asked once more.

        So it heeds the start that it was asked for, and its date belongs to another time.
        """
        self._doubt = None
        self._is_refused = True

    def _believe(self) -> None:
        self._is_shown = True
        self._habits.believed_until_s = self._clock.monotonic() + self._lasts_s


def is_near(asked: TimeRange, first_us: int) -> bool:
    """Return whether a picture of this time may be the first of what was asked for."""
    start_us = asked.start_ms * 1000
    return start_us - BEFORE_US <= first_us <= start_us + _AFTER_US
