"""When each access unit of a live stream was captured, in microseconds since 1970 (UTC).

Home Assistant's clock is the truth. A unit cannot arrive before it was captured, and some
units of each stretch travel with hardly any delay: the smallest distance between arrival
and RTP time carries the time. Sender reports know better, where they are sane.
"""

from typing import Final

from ..frames import AccessUnit
from .timeline import ClockStep, Placed, signed_distance

_SECOND: Final = 1_000_000
_WINDOW_US: Final = 10 * _SECOND
_STEP_US: Final = 500_000
"""Corrections beyond this are a step: a clock was set, or the stream paused."""
_RTP_JUMP_S: Final = 10
_REPORT_EARLY_US: Final = 200_000
_REPORT_LATE_US: Final = 2_000_000
"""A sane report lies this little after, and this much before its arrival."""
_REPORT_DRIFT_US: Final = 100_000


class LiveTimeline:
    """Places the units of one track of a live stream in host UTC.

    `uses_reports` says whether sender reports date the units at the moment: two of them
    must agree with each other and with the host. All times increase but at a `ClockStep`.
    """

    def __init__(self, clock_rate: int, *, device_offset_ms: int = 0) -> None:
        """`device_offset_ms` is added to sender reports (the device's clock era)."""
        self.uses_reports = False
        self._rate = clock_rate
        self._tick_us = max(1, _SECOND // clock_rate)
        self._device_offset_us = device_offset_ms * 1000
        self._has_begun = False
        self._rtp = 0
        """Unwrapped; so are all RTP times kept here."""
        self._offset_us = 0
        """UTC minus RTP time of what was placed last."""
        self._host_offset_us = 0
        self._window_offset_us: int | None = None
        self._window_end_us = 0
        self._report: tuple[int, int] | None = None
        self._report_offset_us: int | None = None
        self._latest_us = 0
        self._is_reordered = False

    def report(self, time_us: int, rtp_time: int, arrival_ms: int) -> None:
        """Take a sender report of this track into account; a zero or odd one stops that."""
        self.uses_reports = False
        previous, self._report = self._report, None
        self._report_offset_us = None
        utc_us = time_us + self._device_offset_us
        late_us = arrival_ms * 1000 - utc_us
        if not time_us or not -_REPORT_EARLY_US <= late_us <= _REPORT_LATE_US:
            return
        if not self._has_begun:
            return
        rtp = self._rtp + signed_distance(rtp_time, self._rtp)
        self._report = (utc_us, rtp)
        if previous:
            passed_us = utc_us - previous[0]
            drift_us = (rtp - previous[1]) * _SECOND // self._rate - passed_us
            if passed_us > 0 and abs(drift_us) <= _REPORT_DRIFT_US:
                self.uses_reports = True
                self._report_offset_us = utc_us - rtp * _SECOND // self._rate

    def place(self, unit: AccessUnit, arrival_ms: int) -> Placed:
        """Return when a unit was captured; `arrival_ms` is host UTC."""
        arrival_us = arrival_ms * 1000
        if not self._has_begun:
            self._has_begun = True
            self._rtp = unit.rtp_time
            self._restart(arrival_us)
            self._offset_us = self._host_offset_us
            self._latest_us = arrival_us
            return Placed(arrival_us)
        delta = signed_distance(unit.rtp_time, self._rtp)
        self._rtp += delta
        if -self._rate < delta < 0:
            self._is_reordered = True
        if abs(delta) > _RTP_JUMP_S * self._rate:
            self._report = self._report_offset_us = None
            self.uses_reports = False
            self._restart(arrival_us)
        media_us = self._rtp * _SECOND // self._rate
        self._watch(arrival_us - media_us, arrival_us)
        target_us = (
            self._host_offset_us
            if self._report_offset_us is None
            else self._report_offset_us
        )
        is_step = abs(target_us + media_us - self._latest_us) > _STEP_US and (
            abs(target_us - self._offset_us) > _STEP_US
        )
        self._offset_us = target_us
        time_us = media_us + target_us
        latest_us = self._latest_us
        if is_step:
            self._latest_us = time_us
            return Placed(time_us, ClockStep(latest_us, time_us))
        if time_us <= latest_us and not self._is_reordered:
            time_us = latest_us + self._tick_us
        self._latest_us = max(latest_us, time_us)
        return Placed(time_us)

    def _restart(self, arrival_us: int) -> None:
        """Begin again with the arrival of the present unit."""
        self._host_offset_us = arrival_us - self._rtp * _SECOND // self._rate
        self._window_offset_us = None
        self._window_end_us = arrival_us + _WINDOW_US

    def _watch(self, offset_us: int, arrival_us: int) -> None:
        """Let the earliest arrivals of each window carry the time."""
        if offset_us < self._host_offset_us:
            self._host_offset_us = offset_us
            self._window_offset_us = None
            self._window_end_us = arrival_us + _WINDOW_US
        elif self._window_offset_us is None or offset_us < self._window_offset_us:
            self._window_offset_us = offset_us
        if arrival_us >= self._window_end_us:
            if self._window_offset_us is not None:
                self._host_offset_us = self._window_offset_us
            self._window_offset_us = None
            self._window_end_us = arrival_us + _WINDOW_US
