"""Pictures as a device replays them, and a clock that tests move."""

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.intervals import TimeRange

S = 1_000_000


def unit(time_us: int | None, *, rtp: int = 0, key: bool = False, **flags: bool):
    return AccessUnit(0, b"", rtp, time_us, key, **flags)


DAY_MS = 86_400_000
RANGE = TimeRange(20_500 * DAY_MS, 20_500 * DAY_MS + 1_000_000)
START_US = RANGE.start_ms * 1000
NOW_MS = 20_501 * DAY_MS
NOW_US = NOW_MS * 1000


class Hands(SystemClock):
    """A clock that the test moves."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at
