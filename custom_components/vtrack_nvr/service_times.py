"""Times in actions and in their answers."""

from datetime import datetime

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.intervals import TimeRange
from .sensor import moment


def as_range(start: datetime, end: datetime) -> TimeRange:
    """Return a range in UTC; times without a zone are local."""
    zone = dt_util.get_default_time_zone()
    start_ms, end_ms = (
        round((time if time.tzinfo else time.replace(tzinfo=zone)).timestamp() * 1000)
        for time in (start, end)
    )
    if end_ms <= start_ms:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="bad_range"
        )
    return TimeRange(start_ms, end_ms)


def iso(utc_ms: int | None) -> str | None:
    """Return a moment as text, None where there is none."""
    time = moment(utc_ms)
    return time.isoformat() if time else None
