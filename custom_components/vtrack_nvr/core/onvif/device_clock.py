"""Reads a device's clock, and narrows it down below the second it is told in (Core 8.3.6).

A device tells whole seconds, so one answer leaves a second of doubt. Asking again
until its second changes takes most of it away.
"""

from dataclasses import dataclass
import re

from .lenient import civil_ms, parse_bool, parse_int
from .xml import Element, find, text

_POSIX_ZONE = re.compile(
    r"^\s*(?:<[^>]{1,12}>|[A-Za-z]{1,10})\s*([+-]?\d{1,2})(?::(\d{2}))?(?::\d{2})?"
    r"\s*(<[^>]{1,12}>|[A-Za-z]{3,10})?"
)
TICK_MS = 1000
QUARTER_MS = 15 * 60_000
LARGEST_ZONE_MS = 14 * 3_600_000


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What GetSystemDateAndTime said; `device_ms` is None where it told no time."""

    device_ms: int | None
    is_ntp: bool = False
    is_from_local: bool = False


def _moment(element: Element | None) -> int | None:
    numbers = [
        parse_int(text(element, path))
        for path in (
            "Date/Year",
            "Date/Month",
            "Date/Day",
            "Time/Hour",
            "Time/Minute",
            "Time/Second",
        )
    ]
    year, month, day, hour, minute, second = numbers
    if year is None or month is None or day is None:
        return None
    return civil_ms(year, month, day, hour or 0, minute or 0, second or 0)


def zone_ms(posix: str, *, is_summer: bool) -> int:
    """Return local − UTC of a POSIX time zone ("CET-1CEST"); 0 where it is unreadable."""
    found = _POSIX_ZONE.match(posix)
    if not found:
        return 0
    hours = int(found[1])
    minutes = abs(hours) * 60 + int(found[2] or 0)
    east = minutes if found[1].startswith("-") else -minutes
    if is_summer and found[3]:
        east += 60
    return east * 60_000


def read_time(answer: Element) -> DeviceTime:
    """Read GetSystemDateAndTimeResponse; LocalDateTime with its zone is second best."""
    system = find(answer, "SystemDateAndTime")
    is_ntp = text(system, "DateTimeType").upper() == "NTP"
    utc_ms = _moment(find(system, "UTCDateTime"))
    if utc_ms is not None:
        return DeviceTime(utc_ms, is_ntp)
    local_ms = _moment(find(system, "LocalDateTime"))
    if local_ms is None:
        return DeviceTime(None, is_ntp)
    is_summer = parse_bool(text(system, "DaylightSavings")) is True
    zone = zone_ms(text(system, "TimeZone/TZ"), is_summer=is_summer)
    return DeviceTime(local_ms - zone, is_ntp, is_from_local=True)


@dataclass(frozen=True, slots=True)
class OffsetBounds:
    """Where the true offset (UTC − device) lies: low_ms < offset ≤ high_ms."""

    low_ms: int
    high_ms: int

    @property
    def width_ms(self) -> int:
        """Return how much doubt is left."""
        return self.high_ms - self.low_ms

    @property
    def best_ms(self) -> int:
        """Return the likeliest offset: none at all or a time zone, where possible.

        Both clocks usually follow the same time servers, so that equal is more likely
        than any other value in the range; next comes local time sold as UTC.
        """
        middle_ms = (self.low_ms + self.high_ms) // 2
        zone_ms = round(middle_ms / QUARTER_MS) * QUARTER_MS
        if self.low_ms <= zone_ms <= self.high_ms and abs(zone_ms) <= LARGEST_ZONE_MS:
            return zone_ms
        return middle_ms

    def intersection(self, other: OffsetBounds) -> OffsetBounds | None:
        """Return what both allow; None where they contradict each other."""
        low_ms = max(self.low_ms, other.low_ms)
        high_ms = min(self.high_ms, other.high_ms)
        return OffsetBounds(low_ms, high_ms) if low_ms <= high_ms else None

    def widened(self, by_ms: int) -> OffsetBounds:
        """Return the range after both clocks may have drifted apart."""
        return OffsetBounds(self.low_ms - by_ms, self.high_ms + by_ms)


def bounds_of(device_ms: int, sent_ms: int, received_ms: int) -> OffsetBounds:
    """Return what one answer proves: the device's second was true in between."""
    return OffsetBounds(sent_ms - device_ms - TICK_MS, received_ms - device_ms)
