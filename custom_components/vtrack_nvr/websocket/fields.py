"""The fields of commands: strict, bounded, the same everywhere."""

from collections.abc import Callable
import datetime as dt
import json
from typing import Any

import voluptuous as vol

from ..core.intervals import DAY_MS, HOUR_MS, TimeRange
from ..core.models import CameraKey, EventClass, NvrKey
from .errors import BAD_RANGE, CommandError

MOST_MS = 253_402_300_799_999
"""The last moment of the year 9999."""
MOST_KEY = 255
MOST_TEXT = 100
MOST_NOTE = 200
MOST_ID = 2**53 - 1
CLASSES = [each.value for each in EventClass]


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Return what takes whole numbers in these bounds, and nothing that is like one."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            msg = f"expected a whole number from {low} to {high}"
            raise vol.Invalid(msg)
        return value

    return check


def bounded_text(most: int, *, least: int = 0) -> Callable[[Any], str]:
    """Return what takes texts of these lengths."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            msg = f"expected a text of {least} to {most} characters"
            raise vol.Invalid(msg)
        return value

    return check


def flag(value: Any) -> bool:
    """Take true and false, and nothing that is like one."""
    if not isinstance(value, bool):
        raise vol.Invalid("expected true or false")
    return value


def list_of(
    each: Callable[[Any], Any], most: int, least: int = 1
) -> Callable[[Any], Any]:
    """Return what takes a list of so many."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            msg = f"expected a list of {least} to {most}"
            raise vol.Invalid(msg)
        return [each(item) for item in value]

    return check


def tile(value: Any) -> tuple[CameraKey, int]:
    """Take the name of a tile: camera and number."""
    if not isinstance(value, list) or len(value) != 2:
        raise vol.Invalid("expected a camera and a number")
    return CameraKey(KEY(value[0])), whole(0, MOST_ID)(value[1])


def month(value: Any) -> dt.date:
    """Take a month as text, `2026-11`; of a year that clocks can tell."""
    written = bounded_text(7, least=7)(value)
    try:
        first = dt.datetime.strptime(written, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise vol.Invalid("expected a month like 2026-11") from error
    if not 1970 <= first.year < 9999:
        raise vol.Invalid("expected a month like 2026-11")
    return first


MS = whole(0, MOST_MS)
ID = whole(1, MOST_ID)
KEY = bounded_text(MOST_KEY, least=1)
CURSOR = bounded_text(2_000, least=1)
NOTE = bounded_text(MOST_NOTE)
CLASS = vol.All(bounded_text(20), vol.In(CLASSES))
CLASS_LIST = list_of(CLASS, len(CLASSES))


def camera_keys(most: int, least: int = 1) -> Callable[[Any], Any]:
    """Return what takes the keys of so many cameras."""
    return list_of(KEY, most, least)


def limit(most: int, default: int) -> dict[Any, Any]:
    """Return the field that bounds a page."""
    return {vol.Optional("limit", default=default): whole(1, most)}


CAMERA = {vol.Required("camera"): KEY}
RANGE = {vol.Required("from_ms"): MS, vol.Required("to_ms"): MS}
PAGE_AFTER = {vol.Optional("cursor"): CURSOR}


def range_of(msg: dict[str, Any], most_ms: int) -> TimeRange:
    """Return the range of a message; raises BAD_RANGE for one that is empty or too long."""
    start_ms, end_ms = msg["from_ms"], msg["to_ms"]
    if end_ms <= start_ms:
        raise CommandError(BAD_RANGE, "bad_range")
    if end_ms - start_ms > most_ms:
        if most_ms >= 2 * DAY_MS:
            days = f"{most_ms / DAY_MS:g}"
            raise CommandError(BAD_RANGE, "range_too_long_days", days=days)
        hours = f"{most_ms / HOUR_MS:g}"
        raise CommandError(BAD_RANGE, "range_too_long_hours", hours=hours)
    return TimeRange(start_ms, end_ms)


def camera_of(msg: dict[str, Any]) -> CameraKey:
    """Return the camera that a message names."""
    return CameraKey(msg["camera"])


def nvr_of(msg: dict[str, Any]) -> NvrKey | None:
    """Return the NVR that a message names, None where it names none."""
    return NvrKey(msg["nvr"]) if "nvr" in msg else None


def pack_cursor(*place: str | int) -> str:
    """Return where a list goes on, as clients hand it back."""
    return json.dumps(place, separators=(",", ":"))


def unpack_cursor(cursor: str | None, *kinds: type[str | int]) -> list[Any] | None:
    """Return what `pack_cursor` was given, None for None; raises `Invalid` for anything else."""
    if cursor is None:
        return None
    try:
        place = json.loads(cursor)
    except ValueError, RecursionError:
        place = None
    if (
        not isinstance(place, list)
        or [type(part) for part in place] != [*kinds]
        or any(isinstance(part, int) and abs(part) > MOST_ID for part in place)
    ):
        raise vol.Invalid("not a cursor of this list")
    return place
