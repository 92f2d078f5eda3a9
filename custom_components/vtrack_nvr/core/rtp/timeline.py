"""When each access unit was captured, in microseconds since 1970.

Three clocks meet here and each lies in its own way. *Capture time* (replay header
extension, `AccessUnit.time_us`) is right but coarse and may step when the device's clock
is set. *RTP time* is smooth but wraps, drifts and restarts at random in recordings.
*Arrival* means nothing in replay and is late by the network's mood when live.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from ..frames import AccessUnit

_SECOND: Final = 1_000_000
_DEAD_BAND_US: Final = 20_000
"""Devices round capture times; below this nothing is corrected."""
_SLEW: Final = 200
"""Corrections are at most 1/200 of the time that passed: faster than any quartz drifts."""
_REORDER_US: Final = 1_000_000
"""B-frames step back less than this; a clock that is set back, more."""
_RTP_JUMP_S: Final = 600
"""Without capture times: a longer distance is a restarted RTP clock, not a gap."""
_ESTIMATE_REACH_S: Final = 120
"""How far the first unit may lie from RTP-Info's time: a long group of pictures."""


class ClockStep(NamedTuple):
    """The device's clock was set back (or, live, any jump): capture time went on elsewhere.

    `before_us` is the last time placed before the step, `after_us` the first after it.
    """

    before_us: int
    after_us: int


class Placed(NamedTuple):
    """Where a unit lies. Times of one track increase, but for B-frames and steps."""

    time_us: int
    step: ClockStep | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A known point: `rtp_time` None means the RTP time of the first unit placed."""

    time_us: int
    rtp_time: int | None = None


class ReplayTimeline:
    """Places the units of one track of a replay (download-engine §8.4, profile-g 5.4-5.5).

    With capture times these rule; RTP time only spaces the frames between them, and wins
    as long as both agree within `reanchor_ms`; small disagreement is slewed away, so that
    a drifting RTP clock never adds up. Without capture times `estimate` anchors the RTP
    time (PLAY answer's Range and RTP-Info, else the requested start): then
    `is_estimated` is True. `reanchors` counts how often RTP time was given up.
    """

    def __init__(
        self,
        clock_rate: int,
        *,
        reanchor_ms: int = 500,
        estimate: Anchor | None = None,
    ) -> None:
        """Start without a unit; make a new one per connection and PLAY."""
        self.reanchors = 0
        self.is_estimated = False
        self._rate = clock_rate
        self._reanchor_us = reanchor_ms * 1000
        self._tick_us = max(1, _SECOND // clock_rate)
        self._estimate = estimate or Anchor(0)
        self._has_begun = False
        self._anchor_us = 0
        self._anchor_rtp = 0
        """Unwrapped, like `_rtp`."""
        self._rtp = 0
        self._latest_us = 0
        self._step_us = 0
        """The latest distance between two units: the best guess of the next."""
        self._is_reordered = False

    def place(self, unit: AccessUnit) -> Placed:
        """Return when a unit was captured; units come in the order they were sent."""
        capture_us = unit.time_us
        if not self._has_begun:
            return self._begin(unit)
        delta = signed_distance(unit.rtp_time, self._rtp)
        delta_us = delta * _SECOND // self._rate
        self._rtp += delta
        time_us = (
            self._anchor_us + (self._rtp - self._anchor_rtp) * _SECOND // self._rate
        )
        if -_REORDER_US < delta_us < 0:
            self._is_reordered = True
        if capture_us is None:
            if not -_REORDER_US < delta_us <= _RTP_JUMP_S * _SECOND:
                self.reanchors += 1
                time_us = self._latest_us + max(self._step_us, self._tick_us)
                self._anchor(time_us)
        else:
            self.is_estimated = False
            time_us = self._correct(time_us, capture_us, delta_us)
        return self._in_order(time_us)

    def _begin(self, unit: AccessUnit) -> Placed:
        self._has_begun = True
        self._rtp = unit.rtp_time
        time_us = unit.time_us
        if time_us is None:
            self.is_estimated = True
            time_us = self._estimate.time_us
            if self._estimate.rtp_time is not None:
                ahead = signed_distance(unit.rtp_time, self._estimate.rtp_time)
                if abs(ahead) <= _ESTIMATE_REACH_S * self._rate:
                    time_us += ahead * _SECOND // self._rate
        self._anchor(time_us)
        self._latest_us = time_us
        return Placed(time_us)

    def _correct(self, time_us: int, capture_us: int, delta_us: int) -> int:
        """Return the time by RTP where it agrees with the capture time, else the latter."""
        error_us = capture_us - time_us
        if abs(error_us) <= _DEAD_BAND_US:
            return time_us
        is_spaced = -_REORDER_US < delta_us < _REORDER_US
        if abs(error_us) <= self._reanchor_us or (
            is_spaced and -_REORDER_US < error_us < 0
        ):
            slew_us = min(abs(delta_us) // _SLEW, abs(error_us))
            slew_us = slew_us if error_us > 0 else -slew_us
            self._anchor_us += slew_us
            return time_us + slew_us
        self.reanchors += 1
        self._anchor(capture_us)
        return capture_us

    def _anchor(self, time_us: int) -> None:
        self._anchor_us = time_us
        self._anchor_rtp = self._rtp

    def _in_order(self, time_us: int) -> Placed:
        """Keep time going forward, but for B-frames and real steps of the clock."""
        latest_us = self._latest_us
        if time_us > latest_us:
            if time_us - latest_us < _REORDER_US:
                self._step_us = time_us - latest_us
            self._latest_us = time_us
            return Placed(time_us)
        if latest_us - time_us >= _REORDER_US:
            self._latest_us = time_us
            return Placed(time_us, ClockStep(latest_us, time_us))
        if not self._is_reordered:
            time_us = self._latest_us = latest_us + self._tick_us
            self._anchor(time_us)
        return Placed(time_us)


def signed_distance(rtp_time: int, before: int) -> int:
    """Return how far a 32-bit RTP time lies after another, shortest way round."""
    distance = (rtp_time - before) & 0xFFFFFFFF
    return distance - 0x1_0000_0000 if distance > 0x7FFFFFFF else distance
