"""Whether the capture times a device sends are those of capture; pure.

Some devices put the time of *playback* into the extension, some a time that stands still
or lies in 1900, some answer a range without footage with the live picture. What is no
time of capture must not date anything: a wrong date would be a lie for ever.
"""

from enum import StrEnum

from ..frames import AccessUnit
from ..intervals import TimeRange

_NOW_US = 30_000_000
_PROOF_S = 2
_FASTER = 1.5
_STANDS = 4
"""Times that advance by less than a quarter of the footage stand still; whole seconds do
not."""
_SHOWS_S = 0.3
"""Footage shorter than this does not show whether its times stand still."""
_HOLD = 200
_JUMP_S = 3600
_NEAR_US = 120_000_000
OLDEST_US = 946_684_800_000_000
"""2000: no device with replay is older; what says so has no clock."""
_FUTURE_US = 3_600_000_000


class Trust(StrEnum):
    """What was found out about a session's capture times."""

    UNDECIDED = "undecided"
    CAPTURE = "capture"
    NONE = "none"
    NONSENSE = "nonsense"
    """They cannot be times of capture: impossible, or standing still."""
    PLAYBACK = "playback"
    LIVE = "live"


class CaptureJudge:
    """Looks at the first pictures of a session until it knows."""

    def __init__(
        self,
        wanted: TimeRange,
        device_now_ms: int,
        clock_rate: int,
        *,
        is_known_playback: bool = False,
    ) -> None:
        """`wanted` is what was asked for, on the device's clock."""
        self._start_us = wanted.start_ms * 1000
        self._is_recent = wanted.end_ms * 1000 > device_now_ms * 1000 - 2 * _NOW_US
        self._now_us = device_now_ms * 1000
        self._rate = clock_rate
        self._known = Trust.PLAYBACK if is_known_playback else None
        self.first: AccessUnit | None = None
        """The first picture with a time."""
        self._begin: AccessUnit | None = None
        self._latest: AccessUnit | None = None
        self._seen = 0
        self._keys = 0

    def judge(self, unit: AccessUnit) -> Trust:
        """Take the next picture; UNDECIDED: hold it back and go on."""
        if self._known:
            return self._known
        self._seen += 1
        self._keys += unit.is_key
        self._begin = self._begin or unit
        if unit.time_us is not None:
            if self._is_impossible(unit.time_us):
                return Trust.NONSENSE
            self.first = self.first or unit
            self._latest = unit
        elif self.first is None and self._keys > 1:
            return Trust.NONE
        is_shown = self._passed_s(self.first or self._begin, unit) >= _PROOF_S
        if not is_shown and self._seen < _HOLD:
            return Trust.UNDECIDED
        if self.first and self.first is self._latest and self._keys < 2:
            # Devices that mark key pictures only: the next one will show.
            return Trust.UNDECIDED if self._seen < _HOLD else self.conclude()
        return self.conclude()

    def conclude(self) -> Trust:
        """Return what the pictures so far say: there are no more to wait for.

        Times close to now are left UNDECIDED without proof.
        """
        if self._known:
            return self._known
        first, latest = self.first, self._latest
        if first is None or latest is None:
            return Trust.NONE
        assert first.time_us is not None
        assert latest.time_us is not None
        by_rtp_s = self._passed_s(first, latest)
        by_stamp_s = (latest.time_us - first.time_us) / 1_000_000
        is_comparable = _SHOWS_S <= by_rtp_s < _JUMP_S
        if not self._is_recent and abs(first.time_us - self._now_us) <= _NOW_US:
            if by_rtp_s < _PROOF_S and self._seen < _HOLD:
                return Trust.UNDECIDED
            is_faster = by_rtp_s > _FASTER * max(by_stamp_s, 0.0)
            return Trust.PLAYBACK if is_faster and is_comparable else Trust.LIVE
        if is_comparable and 0 <= by_stamp_s * _STANDS < by_rtp_s:
            return Trust.NONSENSE
        return Trust.CAPTURE

    def _passed_s(self, before: AccessUnit, after: AccessUnit) -> float:
        ticks = (after.rtp_time - before.rtp_time) & 0xFFFFFFFF
        return ticks / self._rate

    def _is_impossible(self, time_us: int) -> bool:
        is_sane = OLDEST_US <= time_us <= self._now_us + _FUTURE_US
        return not is_sane and abs(time_us - self._start_us) > _NEAR_US
