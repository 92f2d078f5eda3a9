"""When each access unit of one live track was captured, in microseconds since 1970 (UTC).

Home Assistant's clock is the truth. A unit cannot arrive before it was captured, and some
units of each stretch travel with hardly any delay: the smallest distance between arrival
and RTP time carries the time. Sender reports know better, where they are sane.

RTP times of real devices jump, stand still and run at the wrong speed. So they are not
used as they are: `observe` turns them into *media time*, which goes on where they break
off, and `date` into UTC. `LiveClock` joins the tracks of a session.
"""

from collections import deque
from typing import Final, NamedTuple

from ..frames import AccessUnit
from .timeline import ClockStep, Placed, signed_distance

_SECOND: Final = 1_000_000
STEP_US: Final = 500_000
"""No unit is dated further from its arrival; a correction beyond it is a step."""
_LONG_US: Final = 10 * _SECOND
_SHORT_US: Final = 700_000
_BAND_US: Final = 100_000
"""How much later than over the long stretch all units of the short one may come before
they are believed: ordinary jitter is less, an RTP clock that is slow soon more."""
_USUAL_STEPS: Final = 2
_UNKNOWN_STEP_US: Final = 700_000
"""Until two units have shown their distance: the longest that is likely."""
_REPORT_EARLY_US: Final = 200_000
_REPORT_LATE_US: Final = 2_000_000
"""A sane report lies this little after, and this much before its arrival."""
_REPORT_DRIFT_US: Final = 100_000


class Seen(NamedTuple):
    """A unit as `observe` understood it.

    `is_reordered`: a picture shown between the two before it that go forward (B-frame).
    `is_set_back`: the host's clock was, before it came.
    """

    media_us: int
    arrival_us: int
    is_key: bool
    is_reordered: bool = False
    is_set_back: bool = False

    @property
    def offset_us(self) -> int:
        """Return its distance between arrival and media time."""
        return self.arrival_us - self.media_us


class _Offsets:
    """Distances between arrival and media time over the latest stretch of *flow*.

    Flow passes only while units come and their times advance: neither a network that
    stands still nor the burst after it wears the stretch out.
    """

    def __init__(self) -> None:
        self._flow_us = 0
        self._held: deque[tuple[int, int]] = deque()
        """(flow, distance), both increasing: each is the smallest from there on."""

    def add(self, offset_us: int, passed_us: int) -> None:
        """Take the distance of the next unit, `passed_us` of flow after the one before."""
        held = self._held
        self._flow_us += min(max(0, passed_us), _LONG_US)
        while held and held[-1][1] >= offset_us:
            held.pop()
        held.append((self._flow_us, offset_us))
        while held[0][0] < self._flow_us - _LONG_US:
            held.popleft()

    def clear(self) -> None:
        """Forget the past; `add` comes next."""
        self._held.clear()

    def smallest_us(self) -> int:
        """Return the smallest distance, or nearly that of the short stretch if later."""
        short_us = self._held[-1][1]
        for flow_us, offset_us in reversed(self._held):
            if flow_us < self._flow_us - _SHORT_US:
                break
            short_us = offset_us
        return max(self._held[0][1], short_us - _BAND_US)


class LiveTimeline:
    """Places the units of one track of a live stream in host UTC.

    `uses_reports` says whether sender reports date the units at the moment: two of them
    must agree with each other and with the host. Times increase in the order of sending,
    but for B-frames, which lie between their neighbours, and at a `ClockStep`. No picture
    lies before its key picture. While `is_settled` is False (the beginning of a session),
    many units at once are the past of a device that kept it, and no jump of RTP time.
    """

    def __init__(self, clock_rate: int, *, device_offset_ms: int = 0) -> None:
        """`device_offset_ms` is added to sender reports (the device's clock era)."""
        self.is_settled = True
        self.has_begun = self._is_dated = False
        self._rate = clock_rate
        self._tick_us = max(1, _SECOND // clock_rate)
        self._device_offset_us = device_offset_ms * 1000
        self._rtp = 0
        """Unwrapped."""
        self._added_us = 0
        """Media time minus RTP time: what was added where RTP times broke off."""
        self._arrival_us = 0
        self._front_arrival_us = 0
        self._is_set_back = False
        """The host's clock was, since the latest unit that went forward."""
        self._front_us = self._behind_us = 0
        """The latest media time, and the one that was latest before it."""
        self._step_us = 0
        """The latest distance of two units."""
        self._offsets = _Offsets()
        self._report: tuple[int, int] | None = None
        self._report_offset_us: int | None = None
        self.told_offset_us: int | None = None
        """What two reports that agree say, even if they date units before they came."""
        self.agreements = 0
        """How often in a row a report has agreed with the one before it."""
        self._dated_front = self._dated_behind = (0, 0)
        """(media time, UTC) of units that went forward."""
        self._taken_us: set[int] = set()
        """Times of B-frames between these two."""
        self._key_us = 0
        self._key_followers = 0

    @property
    def uses_reports(self) -> bool:
        """Return whether sender reports date the units."""
        return self._report_offset_us is not None

    @property
    def offset_us(self) -> int:
        """Return UTC minus media time, by what is known now."""
        if self._report_offset_us is not None:
            return self._report_offset_us
        return self.arrival_offset_us

    @property
    def arrival_offset_us(self) -> int:
        """Return the same by arrivals alone."""
        return self._offsets.smallest_us()

    def report(self, time_us: int, rtp_time: int, arrival_ms: int) -> None:
        """Take a sender report of this track into account; a zero or odd one stops that."""
        previous, self._report = self._report, None
        agreements, self.agreements = self.agreements, 0
        self._report_offset_us = self.told_offset_us = None
        utc_us = time_us + self._device_offset_us
        late_us = arrival_ms * 1000 - utc_us
        if not time_us or not -_REPORT_EARLY_US <= late_us <= _REPORT_LATE_US:
            return
        if not self.has_begun:
            return
        media_us = self._media_us(self._rtp + signed_distance(rtp_time, self._rtp))
        self._report = utc_us, media_us
        if previous:
            passed_us = utc_us - previous[0]
            drift_us = media_us - previous[1] - passed_us
            if passed_us > 0 and abs(drift_us) <= _REPORT_DRIFT_US:
                self._report_offset_us = self.told_offset_us = utc_us - media_us
                self.agreements = agreements + 1
                self._doubt_reports()

    def place(self, unit: AccessUnit, arrival_ms: int) -> Placed:
        """Return when a unit was captured; `arrival_ms` is host UTC."""
        return self.date(self.observe(unit, arrival_ms))

    def observe(self, unit: AccessUnit, arrival_ms: int) -> Seen:
        """Learn from a unit, in the order of sending."""
        arrival_us = arrival_ms * 1000
        if not self.has_begun:
            self.has_begun = True
            self._rtp = unit.rtp_time
            media_us = self._front_us = self._behind_us = self._media_us(self._rtp)
            self._arrival_us = self._front_arrival_us = arrival_us
            self._offsets.add(arrival_us - media_us, 0)
            return Seen(media_us, arrival_us, unit.is_key)
        self._rtp += signed_distance(unit.rtp_time, self._rtp)
        media_us = self._media_us(self._rtp)
        if arrival_us < self._arrival_us - STEP_US:
            self._is_set_back = True
            self._break_off()
            self._offsets.clear()
            self._offsets.add(arrival_us - media_us, 0)
            self._front_arrival_us = arrival_us
        self._arrival_us = arrival_us
        is_reordered = self._behind_us < media_us < self._front_us and not unit.is_key
        if is_reordered:
            return Seen(media_us, arrival_us, is_key=False, is_reordered=True)
        is_set_back, self._is_set_back = self._is_set_back, False
        passed_us = arrival_us - self._front_arrival_us
        ahead_us = media_us - self._front_us
        usual_us = self._ahead(ahead_us, passed_us, arrival_us, is_set_back=is_set_back)
        if usual_us != ahead_us:
            self._added_us += usual_us - ahead_us
            media_us = self._front_us + usual_us
            if ahead_us:
                self._break_off()
        elif ahead_us > 0:
            self._step_us = min(ahead_us, 2 * _SECOND)
        self._behind_us, self._front_us = self._front_us, media_us
        self._front_arrival_us = arrival_us
        self._offsets.add(arrival_us - media_us, min(passed_us, usual_us))
        self._doubt_reports()
        return Seen(media_us, arrival_us, unit.is_key, is_set_back=is_set_back)

    def _ahead(
        self, ahead_us: int, passed_us: int, arrival_us: int, *, is_set_back: bool
    ) -> int:
        """Return by how much media time goes on: as RTP time, or as time passed."""
        if ahead_us == 0:
            return max(0, passed_us)
        if ahead_us < 0:
            return max(self._step_us, passed_us, self._tick_us)
        if is_set_back:
            return ahead_us
        if self.is_settled:
            due_us = arrival_us - self._offsets.smallest_us() - self._front_us
            if ahead_us - due_us > STEP_US:
                return max(due_us, min(self._step_us, ahead_us))
        elif ahead_us - passed_us > STEP_US:
            usual_us = self._step_us or _UNKNOWN_STEP_US
            if ahead_us > _USUAL_STEPS * usual_us:
                return max(self._step_us, passed_us, self._tick_us)
        return ahead_us

    def begin_again(self, offset_us: int) -> None:
        """Forget earlier distances: this is how late units have been of late."""
        self._offsets.clear()
        self._offsets.add(offset_us, 0)
        self._doubt_reports()

    def date(self, seen: Seen, offset_us: int | None = None) -> Placed:
        """Return when a unit was captured; units come in the order they were observed.

        `offset_us` is another track's word instead of this one's `offset_us`.
        """
        if offset_us is None:
            offset_us = self.offset_us
        time_us = seen.media_us + offset_us
        step = None
        if not self._is_dated:
            self._is_dated = True
            self._dated_front = self._dated_behind = seen.media_us, time_us
        elif seen.is_reordered:
            time_us = self._between(seen.media_us)
            while time_us in self._taken_us:
                time_us += 1
            self._taken_us.add(time_us)
        else:
            media_us, latest_us = self._dated_front
            ahead_us = seen.media_us - media_us
            error_us = time_us - latest_us - ahead_us
            if error_us > STEP_US or (seen.is_set_back and error_us < -STEP_US):
                step = ClockStep(latest_us, time_us)
            else:
                half_us = max(self._tick_us, ahead_us // 2)
                time_us = max(time_us, latest_us + half_us)
                time_us = min(time_us, latest_us + ahead_us + half_us)
                # whatever its times say, it was captured before it came
                last_us = max(seen.arrival_us + STEP_US, latest_us + self._tick_us)
                time_us = min(time_us, last_us)
            self._taken_us.clear()
            self._dated_behind = self._dated_front
            self._dated_front = seen.media_us, time_us
        if seen.is_key:
            self._key_us, self._key_followers = time_us, 0
        elif seen.is_reordered and time_us <= self._key_us:
            self._key_followers += 1
            time_us = self._key_us + self._key_followers * self._tick_us
        return Placed(time_us, step)

    def _between(self, media_us: int) -> int:
        """Return the time of a picture that is shown between its two neighbours."""
        (from_us, first_us), (to_us, last_us) = self._dated_behind, self._dated_front
        inside_us, whole_us = media_us - from_us, max(1, to_us - from_us)
        return first_us + min(inside_us, inside_us * (last_us - first_us) // whole_us)

    def _media_us(self, rtp: int) -> int:
        return rtp * _SECOND // self._rate + self._added_us

    def _break_off(self) -> None:
        """Drop what sender reports said: it was said of times that are over."""
        self._report = self._report_offset_us = self.told_offset_us = None

    def _doubt_reports(self) -> None:
        """Drop reports that date units long before, or after, they came."""
        if self._report_offset_us is not None:
            late_us = self.arrival_offset_us - self._report_offset_us
            if not -_REPORT_EARLY_US <= late_us <= STEP_US:
                self._report_offset_us = None
