"""A weekly plan in local time, and what of a stretch of UTC lies inside it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
import datetime as dt
from zoneinfo import ZoneInfo

from ..intervals import Ranges, TimeRange, add_ranges, intersection

DAY_S = 86_400


@dataclass(frozen=True, slots=True, order=True)
class WeekBlock:
    """A block of one weekday (0 is Monday), in seconds of its local day; 86 400 ends it."""

    weekday: int
    from_s: int
    to_s: int


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """What of a week is wanted. `zone` is an IANA name; without blocks nothing is wanted."""

    blocks: tuple[WeekBlock, ...]
    zone: str

    def inside(self, window: TimeRange) -> Ranges:
        """Return what of a window is wanted, in UTC and in order.

        A block means what a clock on the wall shows. Where the clocks are changed, a time
        of day comes twice or never: then more is wanted rather than less.
        """
        zone = ZoneInfo(self.zone)
        day = _local(window.start_ms, zone).date() - dt.timedelta(days=1)
        last = _local(window.end_ms, zone).date() + dt.timedelta(days=1)
        found: Ranges = ()
        while day <= last:
            blocks = (b for b in self.blocks if b.weekday == day.weekday())
            found = add_ranges(found, _of_day(day, blocks, zone), from_ms=0)
            day += dt.timedelta(days=1)
        return intersection(found, (window,))


def _of_day(
    day: dt.date, blocks: Iterable[WeekBlock], zone: ZoneInfo
) -> list[TimeRange]:
    ranges = []
    for block in blocks:
        start_ms = min(_utc_ms(day, block.from_s, zone))
        end_ms = max(_utc_ms(day, block.to_s, zone))
        if start_ms < end_ms:
            ranges.append(TimeRange(start_ms, end_ms))
    return sorted(ranges, key=lambda item: item.start_ms)


def _local(utc_ms: int, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.fromtimestamp(utc_ms / 1000, zone)


def _utc_ms(day: dt.date, second: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the UTC of a local time of day by both readings; they seldom differ."""
    days, second = divmod(second, DAY_S)
    naive = dt.datetime.combine(day + dt.timedelta(days=days), dt.time())
    naive += dt.timedelta(seconds=second)
    first, other = (
        round(naive.replace(tzinfo=zone, fold=fold).timestamp() * 1000)
        for fold in (0, 1)
    )
    return first, other
