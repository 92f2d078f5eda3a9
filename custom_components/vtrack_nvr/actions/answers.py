"""What actions share: their times, the form of their answers, several cameras at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..clip_links import CLIP_URL, THUMBNAIL_URL
from ..const import DOMAIN
from ..core.intervals import TimeRange
from ..core.models import Clip, CoverageSpan
from ..exceptions import translated_errors
from ..issues.footage import async_reason_text
from ..runtime import CameraRuntime
from ..times import moment
from .targets import Chosen

MOST_IDS = 1000
"""Clips that one call may name."""
DAY_MS = 86_400_000
_FIRST_MS = round(datetime.min.replace(tzinfo=UTC).timestamp() * 1000) + DAY_MS
_LAST_MS = round(datetime.max.replace(tzinfo=UTC).timestamp() * 1000) - DAY_MS

TARGET: VolDictType = {**cv.ENTITY_SERVICE_FIELDS}
RANGE: VolDictType = {
    vol.Inclusive("start", "range"): cv.datetime,
    vol.Inclusive("end", "range"): cv.datetime,
}
MOST_ID = 2**63 - 1
"""What the index can hold."""

ID = vol.All(vol.Coerce(int), vol.Range(1, MOST_ID))
IDS = vol.All(cv.ensure_list, [ID], vol.Length(min=1, max=MOST_IDS))
KEEP_DAYS = vol.All(vol.Coerce(int), vol.Range(1, 365))


def action_error(key: str, **placeholders: object) -> ServiceValidationError:
    """Return the error of a call that cannot be carried out as it was made."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            name: str(value) for name, value in placeholders.items()
        },
    )


def utc_ms(time: datetime) -> int:
    """Return a moment; without a zone it is local.

    The first and the last day of the calendar cannot be shown in every zone: a moment in
    them is that at their border.
    """
    zone = dt_util.get_default_time_zone()
    aware = time if time.tzinfo else time.replace(tzinfo=zone)
    return min(max(round(aware.timestamp() * 1000), _FIRST_MS), _LAST_MS)


def as_range(start: datetime, end: datetime) -> TimeRange:
    """Return a range in UTC; times without a zone are local."""
    return checked_range(utc_ms(start), utc_ms(end))


def checked_range(start_ms: int, end_ms: int) -> TimeRange:
    """Return a range, if it is one."""
    if end_ms <= start_ms:
        raise action_error("bad_range")
    return TimeRange(start_ms, end_ms)


def iso(time_ms: int | None) -> str | None:
    """Return a moment as text, None if there is none."""
    time = moment(time_ms)
    return time.isoformat() if time else None


def clip_response(clip: Clip) -> dict[str, Any]:
    """Return a clip as actions describe it."""
    return {
        "clip_id": clip.id,
        "start": iso(clip.facts.range.start_ms),
        "end": iso(clip.facts.range.end_ms),
        "bytes": clip.facts.size_bytes,
        "protected": clip.is_protected,
        "problem": clip.facts.problem or None,
        "media_content_id": f"media-source://{DOMAIN}/clip/{clip.id}",
        "url": CLIP_URL.format(clip_id=clip.id),
        "thumbnail": THUMBNAIL_URL.format(clip_id=clip.id),
    }


async def async_stretch_response(
    hass: HomeAssistant, span: CoverageSpan
) -> dict[str, Any]:
    """Return a stretch that is not kept, with the reason as a word and in words."""
    return {
        "state": str(span.state),
        "start": iso(span.range.start_ms),
        "end": iso(span.range.end_ms),
        "seconds": round(span.range.duration_ms / 1000, 1),
        "reason": span.reason or None,
        "reason_text": (
            await async_reason_text(hass, span.reason) if span.reason else None
        ),
        "next_try": iso(span.next_try_ms),
    }


def total_seconds(ranges: Iterable[TimeRange]) -> float:
    """Return how long stretches are together."""
    return round(sum(item.duration_ms for item in ranges) / 1000, 1)


async def for_each_camera[T](
    chosen: Chosen, work: Callable[[CameraRuntime], Awaitable[T]]
) -> list[T]:
    """Do the same for all cameras at once; raises the first error when all are done."""

    async def of(camera: CameraRuntime) -> T:
        with translated_errors(camera.name):
            return await work(camera)

    done = await asyncio.gather(
        *(of(camera) for _, camera in chosen), return_exceptions=True
    )
    answers: list[T] = []
    for answer in done:
        if isinstance(answer, BaseException):
            raise answer
        answers.append(answer)
    return answers
