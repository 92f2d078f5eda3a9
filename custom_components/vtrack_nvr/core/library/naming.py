"""How folders and files are called: names that last, local times that cannot clash."""

import datetime as dt
import hashlib
import re
import unicodedata
from zoneinfo import ZoneInfo

ROOT_FOLDER = "vtrack_nvr"
MARKER = ".vtrack_nvr_root"
JOURNAL = ".journal.jsonl"
EXPORT_FOLDER = ".exports"
SUFFIX = ".mp4"
PART_SUFFIX = ".part"
DAMAGED_SUFFIX = ".damaged"
MAX_NAME = 60

_UNSAFE = re.compile(r"[^a-z0-9]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PART = re.compile(r"\..+\.(\d+)\.part")
_LEFTOVER = re.compile(r"\..+\.(\d+)\.part\.[a-z]+")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10)}
)


def folder_name(name: str, key: str, taken: frozenset[str]) -> str:
    """Return a folder name for a new NVR or camera that no other one has.

    Only `a-z`, `0-9` and `_`, so that every file system and share keeps it as it is. A
    name that is taken or says nothing gets a short hash of the key behind it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = _UNSAFE.sub("_", plain.lower()).strip("_")[:MAX_NAME].strip("_")
    digest = hashlib.sha256(key.encode()).hexdigest()
    if not base:
        base = f"camera_{digest[:8]}"
    if base not in taken and base not in _RESERVED:
        return base
    length = 6
    while f"{base}_{digest[:length]}" in taken:
        length += 1
    return f"{base}_{digest[:length]}"


def zoned_time(utc_ms: int, zone: ZoneInfo) -> dt.datetime:
    """Return the moment as an aware local time; fractions of a second are kept."""
    return dt.datetime.fromtimestamp(utc_ms // 1000, zone).replace(
        microsecond=utc_ms % 1000 * 1000
    )


def local_day(utc_ms: int, zone: ZoneInfo) -> dt.date:
    """Return the local date on which a moment lies."""
    return zoned_time(utc_ms, zone).date()


def day_start_ms(day: dt.date, zone: ZoneInfo) -> int:
    """Return UTC of the first moment of a local day (midnight may not exist)."""
    moment = dt.datetime.combine(day, dt.time(), zone)
    return int(moment.timestamp()) * 1000


def clip_path(utc_start_ms: int, zone: ZoneInfo, number: int = 1) -> str:
    """Return `<YYYY-MM-DD>/<HH-MM-SS±ZZZZ>.mp4`; from `number` 2 on with `_<number>`.

    The offset makes the two hours that share a clock face at the end of summer time
    differ. Zones with seconds in their offset (before 1972) are rounded to the minute.
    """
    moment = zoned_time(utc_start_ms, zone)
    offset = moment.utcoffset() or dt.timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    zone_text = f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    again = f"_{number}" if number > 1 else ""
    return f"{moment:%Y-%m-%d}/{moment:%H-%M-%S}{zone_text}{again}{SUFFIX}"


def part_path(final_path: str, clip_id: int) -> str:
    """Return the hidden name of the unfinished file of a clip, in the same folder."""
    folder, _, name = final_path.rpartition("/")
    stem = name.removesuffix(SUFFIX)
    return f"{folder}/.{stem}.{clip_id}{PART_SUFFIX}"


def is_part(name: str) -> bool:
    """Return whether a file name is that of an unfinished file of ours."""
    return _PART.fullmatch(name) is not None


def is_leftover(name: str) -> bool:
    """Return whether a file is what a killed salvage left beside a part file of ours."""
    return _LEFTOVER.fullmatch(name) is not None


def is_day(name: str) -> bool:
    """Return whether a folder name is that of a day of ours."""
    return _DAY.fullmatch(name) is not None
