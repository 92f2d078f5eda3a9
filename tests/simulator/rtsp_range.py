"""Reading and writing the Range header (RFC 2326 §3.7, §12.29; ST §6.5.1)."""

from datetime import UTC, datetime
import re

from .rtsp_faults import RtspFaults
from .rtsp_state import Refused

CLOCK_TIME = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?Z", re.ASCII
)


def requested_range(
    text: str, resume_ms: int | None, earliest: int, faults: RtspFaults
) -> tuple[int, int | None]:
    """Return the start and end a PLAY asks for; raises `Refused`.

    Without Range, playing goes on where it was paused, or begins at `earliest`.
    """
    start, end = resume_ms or earliest, None
    if text.startswith("clock="):
        start, end = _clock_range(text, earliest, faults)
    elif text.startswith("npt="):
        first = text[4:].partition("-")[0]
        if first not in {"0", "0.0", "0.000", "now", ""}:
            raise Refused(457)
    elif text:
        raise Refused(457)
    if faults.ignore_range_start:
        start = earliest
    return start, end


def _clock_range(
    text: str, earliest: int, faults: RtspFaults
) -> tuple[int, int | None]:
    first, dash, last = text[len("clock=") :].partition(";")[0].partition("-")
    if not dash:
        raise Refused(457)
    if faults.refuse_fractions and "." in text:
        raise Refused(457)
    if faults.refuse_closed_range and last:
        raise Refused(457)
    start, end = parse_clock(first), parse_clock(last)
    if (first and start is None) or (last and end is None):
        raise Refused(457)
    if start is None:
        start = earliest
    if end is not None and end <= start:
        raise Refused(457)
    return start, end


def parse_clock(text: str) -> int | None:
    """Return a UTC time of RFC 2326 §3.7 in milliseconds, None for anything else."""
    found = CLOCK_TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        moment = datetime(*(int(part) for part in found.groups()[:6]), tzinfo=UTC)
    except ValueError:
        return None
    fraction = (found[7] or "0").ljust(3, "0")[:3]
    return int(moment.timestamp()) * 1000 + int(fraction)


def format_clock(time_ms: int) -> str:
    """Return a time as RFC 2326 §3.7 writes it."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{time_ms % 1000:03d}Z"
