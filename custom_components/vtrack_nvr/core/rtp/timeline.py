"""When each access unit was captured, in microseconds since 1970.

Three clocks meet here and each lies in its own way. *Capture time* (replay header
extension, `AccessUnit.time_us`) is right but coarse and may step when the device's clock
is set. *RTP time* is smooth but wraps, drifts and restarts at random in recordings.
*Arrival* means nothing in replay and is late by the network's mood when live.
"""

from dataclasses import dataclass
from typing import NamedTuple

from ..frames import AccessUnit


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
    as long as both agree within `reanchor_ms`. Without any, `estimate` anchors the RTP
    time (PLAY answer's Range and RTP-Info, else the requested start): then
    `is_estimated` is True.
    """

    def __init__(
        self, clock_rate: int, *, reanchor_ms: int, estimate: Anchor | None = None
    ) -> None:
        """Start without a unit; make a new one per connection and PLAY."""
        self.reanchors = 0
        self.is_estimated = False
        raise NotImplementedError

    def place(self, unit: AccessUnit) -> Placed:
        """Return when a unit was captured; units come in the order they were sent."""
        raise NotImplementedError


class LiveTimeline:
    """Places the units of one track of a live stream in host UTC.

    The earliest arrivals carry the time; sender reports replace them once two have agreed
    with each other and with the host within a few seconds.
    """

    def __init__(self, clock_rate: int, *, device_offset_ms: int = 0) -> None:
        """`device_offset_ms` is added to sender reports (the device's clock era)."""
        self.uses_reports = False
        raise NotImplementedError

    def report(self, time_us: int, rtp_time: int, arrival_ms: int) -> None:
        """Take a sender report of this track into account."""
        raise NotImplementedError

    def place(self, unit: AccessUnit, arrival_ms: int) -> Placed:
        """Return when a unit was captured; `arrival_ms` is host UTC."""
        raise NotImplementedError
