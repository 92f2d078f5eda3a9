"""Which offset the device's clock had when: eras, and how a measurement changes them.

A device's time line is cut into clock eras. Each begins where our offset stopped being
true: at a jump, when drift has added up, or when the host's own clock was set right.
Nothing here is measured or stored; see onvif-profile-g §2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from ..intervals import TimeRange
from ..models import ClockEra, ClockReading
from ..policy import Bounds

UNSEEN_MS = 3_600_000
"""How long an era may have gone on after we last saw it: the time between measurements."""


class ClockCause(StrEnum):
    """What a measurement told."""

    SAME = "same"
    FIRST = "first"
    JUMP = "jump"
    DRIFT = "drift"
    HOST = "host"
    """It was the host's clock that moved; the device's did not."""


@dataclass(frozen=True, slots=True)
class ClockVerdict:
    """What a measurement means: the eras to store, in order (none when *same*)."""

    cause: ClockCause
    offset_ms: int
    eras: tuple[ClockEra, ...] = ()


def judge(
    eras: Sequence[ClockEra],
    last: ClockReading | None,
    reading: ClockReading,
    *,
    correction_ms: int = 0,
    host_jump_ms: int = 0,
    is_own_era: bool = False,
    bounds: Bounds | None = None,
) -> ClockVerdict:
    """Compare a measurement with the current era.

    `last` is the measurement before this one (None after a start). `host_jump_ms`: how far
    the host's clock moved against its monotonic clock since then. `is_own_era`: the
    current era was opened after that same start, so a wrong host clock can be its cause.
    """
    bounds = bounds or Bounds()
    offset_ms = reading.offset_ms + correction_ms
    device_now_ms = reading.measured_ms - offset_ms
    if not eras:
        return ClockVerdict(
            ClockCause.FIRST,
            offset_ms,
            (
                ClockEra(0, 0, offset_ms, is_uncertain=True),
                ClockEra(0, max(device_now_ms, 1), offset_ms),
            ),
        )
    current = eras[-1]
    moved_ms = offset_ms - current.offset_ms
    tolerance_ms = bounds.clock_jump_ms + reading.round_trip_ms // 2
    if abs(moved_ms) <= tolerance_ms:
        return ClockVerdict(ClockCause.SAME, current.offset_ms)
    if host_jump_ms and abs(moved_ms - host_jump_ms) <= tolerance_ms:
        start_ms = current.device_start_ms if is_own_era else device_now_ms
        era = ClockEra(0, start_ms, offset_ms, is_uncertain=current.is_uncertain)
        return ClockVerdict(ClockCause.HOST, offset_ms, (era,))
    start_ms = device_now_ms
    cause = ClockCause.JUMP
    if last is not None:
        unseen_ms = reading.measured_ms - last.measured_ms
        if abs(offset_ms - last.offset_ms - correction_ms) <= tolerance_ms:
            cause = ClockCause.DRIFT
        elif -moved_ms >= unseen_ms >= 0:
            # Forward by more than the time unseen: the new era's times cannot be
            # confused with the old one's, so it may begin where it first could have.
            start_ms = last.measured_ms - offset_ms
    return ClockVerdict(cause, offset_ms, (ClockEra(0, start_ms, offset_ms),))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch inside one era, on both clocks."""

    era: ClockEra
    utc: TimeRange
    device: TimeRange


class EraMap:
    """Translates between the device's clock and UTC; later eras win where they overlap."""

    def __init__(self, eras: Sequence[ClockEra]) -> None:
        """Take the eras of one NVR, oldest first; at least one."""
        self._eras = tuple(eras)
        self._utc_starts: list[tuple[int, ClockEra]] = []
        for era in self._eras:
            start_ms = era.to_utc(era.device_start_ms)
            while self._utc_starts and self._utc_starts[-1][0] >= start_ms:
                self._utc_starts.pop()
            self._utc_starts.append((start_ms, era))

    @property
    def current(self) -> ClockEra:
        """Return the era of now."""
        return self._eras[-1]

    @property
    def eras(self) -> tuple[ClockEra, ...]:
        """Return all eras, oldest first."""
        return self._eras

    def device_now_ms(self, now_ms: int) -> int:
        """Return what the device's clock reads now."""
        return self.current.to_device(now_ms)

    def to_utc(self, device: TimeRange, now_ms: int) -> tuple[Piece, ...]:
        """Translate what the device listed; cut at the borders of eras."""
        borders = {device.start_ms, device.end_ms}
        for i, era in enumerate(self._eras):
            start_ms, end_ms = self._device_life(i, now_ms)
            borders |= {
                b
                for b in (era.device_start_ms, start_ms, end_ms)
                if device.start_ms < b < device.end_ms
            }
        pieces: list[Piece] = []
        ordered = sorted(borders)
        for start_ms, end_ms in pairwise(ordered):
            era = self._era_of(start_ms, now_ms)
            if pieces and pieces[-1].era == era:
                start_ms = pieces.pop().device.start_ms
            there = TimeRange(start_ms, end_ms)
            pieces.append(Piece(era, there.shifted(era.offset_ms), there))
        return tuple(pieces)

    def moment_to_utc(self, device_ms: int, now_ms: int) -> int:
        """Translate one moment of the device's clock."""
        return self._era_of(device_ms, now_ms).to_utc(device_ms)

    def to_device(self, utc: TimeRange, attempt: int = 0) -> tuple[Piece, ...]:
        """Translate a stretch of UTC; cut at the borders of eras.

        Where exactly a clock jumped is not known: just after the border of two eras every
        other `attempt` takes the older one.
        """
        pieces: list[Piece] = []
        for i, (start_ms, era) in enumerate(self._utc_starts):
            from_ms = utc.start_ms if i == 0 else max(start_ms, utc.start_ms)
            is_last = i + 1 == len(self._utc_starts)
            next_ms = utc.end_ms if is_last else self._utc_starts[i + 1][0]
            to_ms = min(next_ms, utc.end_ms)
            if from_ms >= to_ms:
                continue
            if i > 0 and attempt % 2 and from_ms - start_ms < UNSEEN_MS:
                era = self._utc_starts[i - 1][1]
            here = TimeRange(from_ms, to_ms)
            pieces.append(Piece(era, here, here.shifted(-era.offset_ms)))
        return tuple(pieces)

    def _era_of(self, device_ms: int, now_ms: int) -> ClockEra:
        for i in range(len(self._eras) - 1, -1, -1):
            start_ms, end_ms = self._device_life(i, now_ms)
            if start_ms <= device_ms < end_ms:
                return self._eras[i]
        older = [era for era in self._eras if era.device_start_ms <= device_ms]
        return older[-1] if older else self._eras[0]

    def _device_life(self, i: int, now_ms: int) -> tuple[int, int]:
        """Return from when to when (device clock) an era's footage can be dated."""
        era = self._eras[i]
        end_utc_ms = now_ms
        if i + 1 < len(self._eras):
            later = self._eras[i + 1]
            end_utc_ms = later.to_utc(later.device_start_ms)
        return era.device_start_ms, max(
            era.to_device(end_utc_ms) + UNSEEN_MS, era.device_start_ms
        )
