"""Whether the capture times a device sends are those of capture; pure.

Some devices put the time of *playback* into the extension, some answer a range without
footage with the live picture. Both begin with times close to now, and only one of them may
be dated otherwise: taking a live picture for old footage would be a lie for ever.
"""

from enum import StrEnum

from ..frames import AccessUnit
from ..intervals import TimeRange

_NOW_US = 30_000_000
_PROOF_S = 2
_FASTER = 1.5
_HOLD = 200
_BEFORE_US = 120_000_000
"""Devices begin at most a long group of pictures before the start."""


class Trust(StrEnum):
    """What was found out about a session's capture times."""

    UNDECIDED = "undecided"
    CAPTURE = "capture"
    NONE = "none"
    PLAYBACK = "playback"
    LIVE = "live"
    ELSEWHERE = "elsewhere"
    """The device plays from somewhere long before the start: it ignored the range."""


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
        self._first: AccessUnit | None = None
        self._seen = 0

    def judge(self, unit: AccessUnit) -> Trust:
        """Take the next picture; UNDECIDED: hold it back and go on."""
        if self._known:
            return self._known
        if unit.time_us is None:
            return Trust.NONE
        if self._first is None:
            self._first = unit
            if self._is_recent or abs(unit.time_us - self._now_us) > _NOW_US:
                is_before = unit.time_us < self._start_us - _BEFORE_US
                return Trust.ELSEWHERE if is_before else Trust.CAPTURE
            return Trust.UNDECIDED
        assert self._first.time_us is not None
        self._seen += 1
        ticks = (unit.rtp_time - self._first.rtp_time) & 0xFFFFFFFF
        by_rtp_s = ticks / self._rate
        by_stamp_s = (unit.time_us - self._first.time_us) / 1_000_000
        if by_rtp_s < _PROOF_S and self._seen < _HOLD:
            return Trust.UNDECIDED
        if by_rtp_s > _FASTER * max(by_stamp_s, 0.0) and by_rtp_s < 3600:
            return Trust.PLAYBACK
        return Trust.LIVE
