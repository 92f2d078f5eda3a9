"""Which offset the device's clock had when: eras, and how a measurement changes them.

A device's time line is cut into clock eras. Each begins where our offset stopped being
true: at a jump, when drift has added up, or when the host's own clock was set right.
Nothing here is measured or stored; see onvif-profile-g §2.

A clock that was set back tells the same times twice. What may have been recorded in two
eras has no date by its time alone: `EraMap.readings` says so (decision 0033).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from ..intervals import TimeRange
from ..models import ClockEra, ClockReading
from ..policy import Bounds
from .era_lives import SLACK_MS, Life, lives_of


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
    device_seen_ms: int | None = None
    """Up to when (device's clock) the era before held; None: to what is written of it."""


def judge_reading(
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
        start_ms = max(device_now_ms, 1)
        return ClockVerdict(
            ClockCause.FIRST,
            offset_ms,
            (
                ClockEra(0, 0, offset_ms, is_uncertain=True, device_seen_ms=start_ms),
                ClockEra(0, start_ms, offset_ms, device_seen_ms=start_ms),
            ),
        )
    current = eras[-1]
    moved_ms = offset_ms - current.offset_ms
    tolerance_ms = bounds.clock_jump_ms + reading.round_trip_ms // 2
    if abs(moved_ms) <= tolerance_ms:
        return ClockVerdict(
            ClockCause.SAME, current.offset_ms, device_seen_ms=device_now_ms
        )
    if host_jump_ms and abs(moved_ms - host_jump_ms) <= tolerance_ms:
        start_ms = current.device_start_ms if is_own_era else device_now_ms
        era = ClockEra(
            0,
            start_ms,
            offset_ms,
            is_uncertain=current.is_uncertain,
            device_seen_ms=device_now_ms,
        )
        # An era that never held ends before it begins.
        end_ms = start_ms - 1 if is_own_era else start_ms
        return ClockVerdict(ClockCause.HOST, offset_ms, (era,), end_ms)
    era = ClockEra(0, device_now_ms, offset_ms, device_seen_ms=device_now_ms)
    has_drifted = (
        last is not None
        and abs(offset_ms - last.offset_ms - correction_ms) <= tolerance_ms
    )
    if has_drifted:
        return ClockVerdict(ClockCause.DRIFT, offset_ms, (era,), device_now_ms)
    seen_ms = current.device_seen_ms
    if seen_ms == device_now_ms:  # which would say that the clock went on
        seen_ms -= 1
    return ClockVerdict(ClockCause.JUMP, offset_ms, (era,), seen_ms)


@dataclass(frozen=True, slots=True)
class EraStretch:
    """A stretch inside one era, on both clocks."""

    era: ClockEra
    utc: TimeRange
    device: TimeRange
    is_dated: bool = True
    """False: no era is known in which the device's clock told these times."""


@dataclass(frozen=True, slots=True)
class OtherDate:
    """When footage of the same device times may have been recorded as well."""

    era: ClockEra
    utc: TimeRange
    is_sure: bool
    """The device's clock told those times then, for certain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device may call a stretch of UTC, and what else those times may mean."""

    piece: EraStretch
    others: tuple[OtherDate, ...] = ()
    until_ms: int | None = None
    """When (UTC) the device's clock comes by these times again; None: not in sight."""

    def first(self, utc: TimeRange) -> Reading:
        """Return the reading of a part at its beginning."""
        device = utc.shifted(-self.piece.era.offset_ms)
        return replace(self, piece=replace(self.piece, utc=utc, device=device))


class EraMap:
    """Translates between the device's clock and UTC; later eras win where they overlap."""

    def __init__(self, eras: Sequence[ClockEra]) -> None:
        """Take the eras of one NVR in the order in which they were found; at least one."""
        self._eras = tuple(eras)
        self._lives = lives_of(self._eras)
        self._utc_starts: list[tuple[int, ClockEra]] = []
        for life in self._lives:
            start_ms = life.era.to_utc(life.era.device_start_ms)
            while self._utc_starts and self._utc_starts[-1][0] >= start_ms:
                self._utc_starts.pop()
            self._utc_starts.append((start_ms, life.era))

    @property
    def current(self) -> ClockEra:
        """Return the era of now."""
        return self._eras[-1]

    @property
    def eras(self) -> tuple[ClockEra, ...]:
        """Return all eras, in the order in which they were found."""
        return self._eras

    def device_now_ms(self, now_ms: int) -> int:
        """Return what the device's clock reads now."""
        return self.current.to_device(now_ms)

    def is_repeating(self, now_ms: int) -> bool:
        """Return whether the device's clock tells times that it has told before."""
        device_now_ms = self.device_now_ms(now_ms)
        return any(
            not life.is_current and life.era.to_device(life.to_ms) > device_now_ms
            for life in self._lives
        )

    def to_utc(self, device: TimeRange, now_ms: int) -> tuple[EraStretch, ...]:
        """Translate what the device listed; cut at the borders of eras.

        Times that were told twice are taken for the newest; `older_dates` has the others.
        """
        pieces: list[EraStretch] = []
        for start_ms, end_ms in pairwise(self._cuts(device, now_ms)):
            era, is_dated = self._newest(start_ms, now_ms)
            if pieces and pieces[-1].era == era and pieces[-1].is_dated == is_dated:
                start_ms = pieces.pop().device.start_ms
            there = TimeRange(start_ms, end_ms)
            pieces.append(
                EraStretch(era, there.shifted(era.offset_ms), there, is_dated)
            )
        return tuple(pieces)

    def older_dates(self, device: TimeRange, now_ms: int) -> tuple[EraStretch, ...]:
        """Return what else times may mean that `to_utc` takes for the newest."""
        pieces: list[EraStretch] = []
        for start_ms, end_ms in pairwise(self._cuts(device, now_ms)):
            there = TimeRange(start_ms, end_ms)
            newest: Life | None = None
            for life in reversed(self._lives):
                if not life.may_hold(life.era.to_utc(start_ms), now_ms):
                    continue
                newest = newest or life
                if not life.is_near(newest):
                    utc = there.shifted(life.era.offset_ms)
                    pieces.append(EraStretch(life.era, utc, there))
        return tuple(pieces)

    def _cuts(self, device: TimeRange, now_ms: int) -> list[int]:
        """Return the ends of a stretch, and where inside times begin to mean something else."""
        cuts = {device.start_ms, device.end_ms}
        for life in self._lives:
            cuts |= {
                cut_ms
                for utc_ms in _borders(life, now_ms)
                if device.start_ms
                < (cut_ms := life.era.to_device(utc_ms))
                < device.end_ms
            }
        return sorted(cuts)

    def moment_to_utc(self, device_ms: int, now_ms: int) -> int:
        """Translate one moment of the device's clock; told twice, it is the newest."""
        return self._newest(device_ms, now_ms)[0].to_utc(device_ms)

    def oldest_to_utc(self, device_ms: int, now_ms: int) -> int:
        """Return the earliest moment that a moment of the device's clock may mean."""
        return min(
            (
                life.era.to_utc(device_ms)
                for life in self._lives
                if life.may_hold(life.era.to_utc(device_ms), now_ms)
            ),
            default=self.moment_to_utc(device_ms, now_ms),
        )

    def gone_before_ms(self, device_ms: int) -> int:
        """Return up to when (UTC) a device that begins at a moment of its clock has nothing.

        After its clock was set back, its earliest time is not its oldest footage.
        """
        utc_ms = self.current.to_utc(device_ms)
        for life in self._lives:
            utc_ms = life.era.to_utc(device_ms)
            if life.is_current or utc_ms < life.to_ms:
                return max(utc_ms, life.from_ms)
        return utc_ms

    def to_device(self, utc: TimeRange) -> tuple[EraStretch, ...]:
        """Translate a stretch of UTC; cut at the borders of eras."""
        pieces: list[EraStretch] = []
        for i, (start_ms, era) in enumerate(self._utc_starts):
            from_ms = utc.start_ms if i == 0 else max(start_ms, utc.start_ms)
            is_last = i + 1 == len(self._utc_starts)
            next_ms = utc.end_ms if is_last else self._utc_starts[i + 1][0]
            to_ms = min(next_ms, utc.end_ms)
            if from_ms >= to_ms:
                continue
            here = TimeRange(from_ms, to_ms)
            pieces.append(EraStretch(era, here, here.shifted(-era.offset_ms)))
        return tuple(pieces)

    def device_from_ms(self, utc: TimeRange, now_ms: int) -> int:
        """Return the earliest that the device's clock may have told in a stretch of UTC."""
        return min(
            (
                life.era.to_device(max(utc.start_ms, life.from_ms))
                for life in self._lives
                if life.from_ms < utc.end_ms and utc.start_ms < life.end_ms(now_ms)
            ),
            default=self.current.to_device(utc.start_ms),
        )

    def readings(
        self, utc: TimeRange, now_ms: int, attempt: int = 0
    ) -> tuple[Reading, ...]:
        """Return what the device may call the beginning of a stretch of UTC.

        All readings are of the same part of it, and nothing changes inside. There is more
        than one where it is not known when exactly the clock was set, none where the clock
        cannot have told the time; each `attempt` begins with the next.
        """
        usual = self.to_device(TimeRange(utc.start_ms, utc.start_ms + 1))[0].era
        chosen: list[Life] = []
        for life in reversed(self._lives):
            if life.may_hold(utc.start_ms, now_ms) and all(
                life.era.offset_ms != other.era.offset_ms for other in chosen
            ):
                chosen.append(life)
        chosen.sort(key=lambda life: life.era.offset_ms != usual.offset_ms)
        end_ms = min(
            (
                border_ms
                for life in chosen
                for other in self._lives
                for utc_ms in _borders(other, now_ms)
                if utc.start_ms
                < (border_ms := utc_ms + life.era.offset_ms - other.era.offset_ms)
                < utc.end_ms
            ),
            default=utc.end_ms,
        )
        part = TimeRange(utc.start_ms, end_ms)
        turn = attempt % len(chosen) if chosen else 0
        return tuple(
            self._reading(life, part, now_ms) for life in chosen[turn:] + chosen[:turn]
        )

    def _reading(self, life: Life, utc: TimeRange, now_ms: int) -> Reading:
        device = utc.shifted(-life.era.offset_ms)
        others: list[OtherDate] = []
        until_ms = None
        for other in self._lives:
            if other.is_near(life):
                continue
            there = device.shifted(other.era.offset_ms)
            if other.may_hold(there.start_ms, now_ms):
                is_sure = other.holds(there.start_ms, now_ms)
                others.append(OtherDate(other.era, there, is_sure))
            elif other.is_current and there.start_ms > now_ms:
                until_ms = there.start_ms - SLACK_MS
        return Reading(EraStretch(life.era, utc, device), tuple(others), until_ms)

    def _newest(self, device_ms: int, now_ms: int) -> tuple[ClockEra, bool]:
        """Return the newest era that may have told a time, and whether there is one."""
        found = [
            life
            for life in reversed(self._lives)
            if life.may_hold(life.era.to_utc(device_ms), now_ms)
        ]
        if found:
            near = [life for life in found if life.is_near(found[0])]
            begun = (life for life in near if life.era.device_start_ms <= device_ms)
            return next(begun, found[0]).era, True
        older = [era for era in self._eras if era.device_start_ms <= device_ms]
        return (older[-1] if older else self._eras[0]), False


def _borders(life: Life, now_ms: int) -> tuple[int, ...]:
    """Return the moments (UTC) at which an era begins or ends, or may do so."""
    return (
        life.from_ms,
        life.sure_from_ms,
        life.sure_end_ms(now_ms),
        life.end_ms(now_ms),
    )
