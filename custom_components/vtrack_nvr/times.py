"""Times as Home Assistant shows and stores them, from milliseconds of UTC."""

from datetime import UTC, datetime

from homeassistant.util import dt as dt_util


def local_time(utc_ms: int) -> datetime:
    """Return a moment in the user's time zone."""
    return dt_util.as_local(datetime.fromtimestamp(utc_ms / 1000, UTC))


def moment(utc_ms: int | None) -> datetime | None:
    """Return an aware time for milliseconds of UTC."""
    return None if utc_ms is None else datetime.fromtimestamp(utc_ms / 1000, UTC)
