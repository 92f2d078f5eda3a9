"""Reads numbers, truth and times as devices write them; None where nothing fits."""

from datetime import UTC, date, datetime
import re

_TIME = re.compile(
    r"^(-?\d{1,5})-(\d{1,2})-(\d{1,2})"
    r"(?:[T \-]+(\d{1,3}):(\d{1,3})(?::(\d{1,3})(?:[.,](\d+))?)?)?"
    r"\s*(Z|z|[+-]\d{2}:?\d{2})?$"
)
_EPOCH = date(1970, 1, 1).toordinal()
_OLDEST_YEAR, _NEWEST_YEAR = 1970, 2200
_LARGEST_FIELD = 999


def parse_bool(text: str) -> bool | None:
    """Read true/false/1/0/on/off/yes/no in any case."""
    match text.strip().lower():
        case "true" | "1" | "on" | "yes" | "active":
            return True
        case "false" | "0" | "off" | "no" | "inactive":
            return False
    return None


def parse_int(text: str) -> int | None:
    """Read a whole number; "25.000000" is one."""
    value = parse_float(text)
    return round(value) if value is not None else None


def parse_float(text: str) -> float | None:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None  # NaN compares false


def civil_ms(
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> int | None:
    """Return ms since 1970; fields of the time may overflow (24:00:60), dates may not."""
    if not _OLDEST_YEAR <= year <= _NEWEST_YEAR:
        return None
    if not all(0 <= item <= _LARGEST_FIELD for item in (hour, minute, second)):
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError, OverflowError:
        return None
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000


def parse_time_ms(text: str) -> int | None:
    """Read xs:dateTime as ms since 1970; without zone it is UTC (RS 5.2.6).

    Minutes over 59, 24:00, second 60, blanks or hyphens instead of the T are read;
    impossible dates and years before 1970 are None.
    """
    found = _TIME.match(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[i] or 0) for i in range(1, 7))
    value = civil_ms(year, month, day, hour, minute, second)
    if value is None:
        return None
    if found[7]:
        value += int(found[7][:3].ljust(3, "0"))
    zone = found[8]
    if zone and zone not in "Zz":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        value += minutes * 60_000 * (1 if zone[0] == "-" else -1)
    return max(value, 0)


def to_datetime(ms: int) -> datetime:
    """Return an aware UTC datetime in whole seconds (rounded down)."""
    return datetime.fromtimestamp(ms // 1000, UTC)


def format_time(ms: int) -> str:
    """Return xs:dateTime in UTC with `Z` and whole seconds (rounded down)."""
    return to_datetime(ms).strftime("%Y-%m-%dT%H:%M:%SZ")
