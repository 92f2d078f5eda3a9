"""When a range has been replayed to its end (download-engine §8.3, profile-g §5.6); pure."""

from enum import StrEnum

from ..frames import AccessUnit
from ..policy import Waits
from ..stream.unit_stream import EndSignal


class SessionVerdict(StrEnum):
    """What a session came to."""

    REACHED = "reached"
    END_OF_FOOTAGE = "end_of_footage"
    SECTION_END = "section_end"
    """A section ended by the device's word, then silence: what follows is to be asked for."""
    INTERRUPTED = "interrupted"
    DATE_DOUBTED = "date_doubted"
    """Nothing was kept: it is played anew, to find out whether its dates are true."""


_ORDERLY = frozenset({EndSignal.BYE, EndSignal.NOTICE})


class EndOfRange:
    """Fed with pictures, signals and silence of one session; the first match wins.

    Only a key picture at or after the end, or footage up to a picture and a half before
    it, counts as reached. Whatever the device says earlier never completes the rest.
    """

    def __init__(self, end_us: int, waits: Waits) -> None:
        """`end_us` is the wanted end on the device's clock."""
        self._end_us = end_us
        self._waits = waits
        self._last_us: int | None = None
        self._step_us = 0
        self._is_terminal = False
        self.is_last = False
        """Whether the newest picture was marked as the last before a gap (E)."""

    @property
    def has_pictures(self) -> bool:
        """Return whether any picture came."""
        return self._last_us is not None

    def picture(
        self, time_us: int, unit: AccessUnit, step_us: int
    ) -> SessionVerdict | None:
        """Take the next picture; REACHED means that it is no longer wanted itself."""
        if unit.is_key and time_us >= self._end_us:
            return SessionVerdict.REACHED
        if self._last_us is None or time_us > self._last_us:
            self._last_us = time_us
        self._step_us = step_us
        self._is_terminal = unit.is_terminal
        self.is_last = unit.is_last
        return None

    def signal(self, signal: EndSignal) -> SessionVerdict:
        """Take the device's word that nothing more will come."""
        if self._is_near:
            return SessionVerdict.REACHED
        if signal in _ORDERLY and self.has_pictures:
            return SessionVerdict.END_OF_FOOTAGE
        return SessionVerdict.INTERRUPTED

    def is_orderly(self, signal: EndSignal) -> bool:
        """Return whether the device ended by its word what had no picture at all."""
        return signal in _ORDERLY and not self.has_pictures

    def quiet(self, seconds: float) -> SessionVerdict | None:
        """Judge a silence that has lasted for so long."""
        waits = self._waits
        if not self.has_pictures:
            return SessionVerdict.INTERRUPTED if seconds >= waits.first_packet else None
        if self._is_terminal and seconds >= waits.terminal_quiet:
            return (
                SessionVerdict.REACHED
                if self._is_near
                else SessionVerdict.END_OF_FOOTAGE
            )
        if self._is_near and seconds >= waits.end_quiet:
            return SessionVerdict.REACHED
        if self.is_last and seconds >= waits.last_unit_quiet:
            return SessionVerdict.SECTION_END
        return SessionVerdict.INTERRUPTED if seconds >= waits.idle else None

    def patience(self, quiet_s: float) -> float:
        """Return how long to wait at most until `quiet` is worth asking again."""
        waits = self._waits
        if not self.has_pictures:
            limits = [waits.first_packet]
        else:
            limits = [waits.idle]
            if self._is_terminal:
                limits.append(waits.terminal_quiet)
            if self._is_near:
                limits.append(waits.end_quiet)
            if self.is_last:
                limits.append(waits.last_unit_quiet)
        return max(0.0, min(limits) - quiet_s)

    @property
    def _is_near(self) -> bool:
        return (
            self._last_us is not None
            and self._last_us + self._step_us * 3 // 2 >= self._end_us
        )
