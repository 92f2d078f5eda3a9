"""One clock for all tracks of a live session: pictures and sound dated alike.

Units are held back while it is not known how late they are: at the beginning (a camera
may send its last seconds at once), and when they come late (a network that stood still
sends soon what it owes; a device whose RTP times paused goes on at its usual pace).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ..frames import AccessUnit
from .live_timeline import STEP_US, LiveTimeline, Seen
from .timeline import Placed

_REAL_TIME_US: Final = 700_000
"""So long units must come at the pace of their times."""
_PACE_US: Final = 200_000
"""By how much they may catch up in that time: an RTP clock that is fast does, too."""
_LONGEST_US: Final = 12_000_000
_LIPS_US: Final = 100_000
"""How far sound may drift from the pictures before it is moved."""


_APART_US: Final = 3_000_000
"""So far before or behind its pictures sound may be sent, if reports of both say so."""
_NEAR_US: Final = 300_000
_SURE: Final = 2
"""Reports have to agree so often before they move sound by more than `_NEAR_US`: two that
agree by chance would tear it from its pictures."""


class Dated(NamedTuple):
    """A unit with its time; `by_report`: sender reports say so."""

    unit: AccessUnit
    placed: Placed
    by_report: bool


class _Trial:
    """Looks whether units come in real time."""

    def __init__(self, usual: Mapping[int, int]) -> None:
        self.usual = usual
        """The distance of arrival and media time of each track until then."""
        self.smallest: dict[int, int] = {}
        """The smallest since."""
        self._begun_us: int | None = None
        self._fallen: list[tuple[int, int]] = []
        """(arrival, smallest distance up to then) of pictures."""

    def is_over(self, track: int, seen: Seen, *, is_picture: bool) -> bool:
        """Take a unit; say whether it is known now how late units are."""
        arrival_us = seen.arrival_us
        if self._begun_us is None or arrival_us < self._begun_us - STEP_US:
            self._begun_us = arrival_us
            self._fallen.clear()
            self.smallest.clear()
        offset_us = min(seen.offset_us, self.smallest.get(track, seen.offset_us))
        self.smallest[track] = offset_us
        if arrival_us - self._begun_us > _LONGEST_US:
            return True
        if not is_picture or seen.is_reordered:
            return False
        self._fallen.append((arrival_us, offset_us))
        before = [
            smallest_us
            for at_us, smallest_us in self._fallen
            if at_us <= arrival_us - _REAL_TIME_US
        ]
        self._fallen = self._fallen[max(0, len(before) - 1) :]
        return bool(before) and before[-1] - offset_us <= _PACE_US


class LiveClock:
    """Units of a session in, in the order of sending; the same units out, dated.

    Holds at most `most_bytes` and what comes within twelve seconds.
    """

    def __init__(
        self,
        rates: Mapping[int, int],
        video: int,
        *,
        most_bytes: int,
        device_offset_ms: int = 0,
    ) -> None:
        """`rates` has the clock rate of each track, `video` is the one that leads."""
        self._timelines = {
            track: LiveTimeline(rate, device_offset_ms=device_offset_ms)
            for track, rate in rates.items()
        }
        self._video = video
        self._most_bytes = most_bytes
        self._held: list[tuple[AccessUnit, Seen]] = []
        self._held_bytes = 0
        self._lips: dict[int, int] = {}
        """How much larger the distances of a track are than those of the pictures."""
        self._trial: _Trial | None = _Trial({})
        for timeline in self._timelines.values():
            timeline.is_settled = False

    def report(self, track: int, time_us: int, rtp_time: int, arrival_ms: int) -> None:
        """Take a sender report into account."""
        if timeline := self._timelines.get(track):
            timeline.report(time_us, rtp_time, arrival_ms)

    def place(self, unit: AccessUnit, arrival_ms: int) -> list[Dated]:
        """Take a unit that was received then; return the units that are dated by it."""
        timeline = self._timelines.get(unit.track)
        if timeline is None:
            return []
        usual = self._usual if self._trial is None else {}
        seen = timeline.observe(unit, arrival_ms)
        if self._trial is None:
            late_us = seen.offset_us - usual.get(unit.track, seen.offset_us)
            if late_us <= STEP_US or seen.is_reordered:
                return [self._date(unit, seen)]
            self._trial = _Trial(usual)
        self._held.append((unit, seen))
        self._held_bytes += len(unit.data)
        is_picture = unit.track == self._video
        if (
            self._trial.is_over(unit.track, seen, is_picture=is_picture)
            or self._held_bytes > self._most_bytes
        ):
            return self.finish()
        return []

    @property
    def _usual(self) -> dict[int, int]:
        return {
            track: timeline.arrival_offset_us
            for track, timeline in self._timelines.items()
            if timeline.has_begun
        }

    def finish(self) -> list[Dated]:
        """Date what is held, by what is known now."""
        if self._trial:
            for track, usual_us in self._trial.usual.items():
                smallest_us = self._trial.smallest.get(track, usual_us)
                if smallest_us - usual_us > STEP_US:
                    self._timelines[track].begin_again(smallest_us)
            for timeline in self._timelines.values():
                timeline.is_settled = True
            self._trial = None
        held, self._held, self._held_bytes = self._held, [], 0
        return [self._date(unit, seen) for unit, seen in held]

    def _date(self, unit: AccessUnit, seen: Seen) -> Dated:
        timeline = self._timelines[unit.track]
        offset_us = None
        if unit.track != self._video:
            offset_us = self._sound_offset_us(unit.track, timeline)
        placed = timeline.date(seen, offset_us)
        return Dated(unit, placed, timeline.uses_reports)

    def _sound_offset_us(self, track: int, sound: LiveTimeline) -> int | None:
        """Return the offset of the pictures, moved to the times of another track."""
        video = self._timelines[self._video]
        if not video.has_begun or (video.uses_reports and sound.uses_reports):
            return None
        measured_us = sound.arrival_offset_us - video.arrival_offset_us
        if sound.told_offset_us is not None and video.told_offset_us is not None:
            told_us = sound.told_offset_us - video.told_offset_us
            is_sure = min(sound.agreements, video.agreements) >= _SURE
            if abs(told_us - measured_us) <= (_APART_US if is_sure else _NEAR_US):
                measured_us = told_us
        lips_us = self._lips.get(track, measured_us)
        lips_us = min(max(lips_us, measured_us - _LIPS_US), measured_us + _LIPS_US)
        self._lips[track] = lips_us
        return video.offset_us + lips_us
