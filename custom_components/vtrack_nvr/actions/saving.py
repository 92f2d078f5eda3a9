"""Actions that get footage: save a stretch around a moment, record the live stream."""

from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..core.intervals import TimeRange
from ..core.models import CoverageState
from ..core.sync.status import SavedClip
from ..permissions import live_entity
from ..runtime import HUB, CameraRuntime
from .answers import (
    KEEP_DAYS,
    TARGET,
    action_error,
    async_stretch_response,
    checked_range,
    clip_response,
    for_each_camera,
    iso,
    total_seconds,
    utc_ms,
)
from .curation import NOTE
from .exports import async_film_of
from .sharing import LINK_HOURS, async_link_of
from .targets import async_chosen_cameras

MOST_STRETCHES = 50
"""Missing stretches that an answer lists; the seconds are of all."""

_ROLL = vol.All(vol.Coerce(float), vol.Range(0, 3600))

SAVE_CLIP_SCHEMA = vol.Schema(
    {
        **TARGET,
        vol.Optional("at"): cv.datetime,
        vol.Optional("start"): cv.datetime,
        vol.Optional("end"): cv.datetime,
        vol.Optional("before", default=10): _ROLL,
        vol.Optional("after", default=20): _ROLL,
        vol.Optional("note", default=""): NOTE,
        vol.Optional("keep_days", default=30): KEEP_DAYS,
        vol.Optional("link_hours", default=0): LINK_HOURS,
        vol.Optional("timeout", default=300): vol.All(
            vol.Coerce(float), vol.Range(5, 86400)
        ),
    }
)
RECORD_SCHEMA = vol.Schema(
    {
        **TARGET,
        vol.Optional("duration", default=60): vol.All(
            vol.Coerce(float), vol.Range(1, 3600)
        ),
    }
)
STOP_SCHEMA = vol.Schema({**TARGET})


def _wanted(call: ServiceCall) -> TimeRange:
    """Return the stretch a call asks for: around a moment, or from start to end."""
    if "at" in call.data and not call.data.keys().isdisjoint({"start", "end"}):
        raise action_error("moment_or_range")
    # Numbers: the first and the last moment of all have none before and behind them.
    at_ms = utc_ms(call.data.get("at", dt_util.utcnow()))
    start_ms = at_ms - round(call.data["before"] * 1000)
    end_ms = at_ms + round(call.data["after"] * 1000)
    return checked_range(
        utc_ms(call.data["start"]) if "start" in call.data else start_ms,
        utc_ms(call.data["end"]) if "end" in call.data else end_ms,
    )


async def async_save_clip(call: ServiceCall) -> ServiceResponse:
    """Fetch a stretch ahead of everything; waits until the device has it."""
    wanted = _wanted(call)
    engine = call.hass.data[HUB].engine

    async def save(camera: CameraRuntime) -> dict[str, Any]:
        saved = await engine.save_clip(
            camera.key, wanted, call.data["timeout"], call.data["note"]
        )
        film = await async_film_of(call, camera, saved)
        return {
            **await _saved_response(call, camera, saved),
            **film,
            **await async_link_of(call, saved, film),
        }

    saved: list[JsonValueType] = [
        *await for_each_camera(await async_chosen_cameras(call), save)
    ]
    return {"saved": saved}


async def _saved_response(
    call: ServiceCall, camera: CameraRuntime, saved: SavedClip
) -> dict[str, Any]:
    """Return what was had of what was asked for, and why the rest was not."""
    spans = [
        span
        for span in await call.hass.data[HUB].library.browse.coverage(
            camera.key, saved.range
        )
        if span.state is not CoverageState.KEPT
    ]
    clips = [clip_response(clip) for clip in saved.clips]
    return {
        "camera": camera.name,
        "key": camera.key,
        "entity_id": live_entity(call.hass, camera.key),
        "outcome": saved.outcome,
        "complete": saved.is_whole,
        "asked_start": iso(saved.range.start_ms),
        "asked_end": iso(saved.range.end_ms),
        "start": iso(saved.kept[0].start_ms) if saved.kept else None,
        "end": iso(saved.kept[-1].end_ms) if saved.kept else None,
        "seconds": total_seconds(saved.kept),
        "missing_seconds": total_seconds(saved.missing),
        "missing": [
            await async_stretch_response(call.hass, span)
            for span in spans[:MOST_STRETCHES]
        ],
        "clips": clips,
        "media_content_id": clips[0]["media_content_id"] if clips else None,
        "thumbnail": clips[0]["thumbnail"] if clips else None,
        "url": clips[0]["url"] if clips else None,
    }


async def async_record(call: ServiceCall) -> ServiceResponse:
    """Record the live stream from now on, also of cameras that nothing else records."""
    live = call.hass.data[HUB].live

    async def record(camera: CameraRuntime) -> dict[str, Any]:
        wanted = await live.record(camera.key, call.data["duration"])
        return {
            "camera": camera.name,
            "start": iso(wanted.start_ms),
            "end": iso(wanted.end_ms),
        }

    recording: list[JsonValueType] = [
        *await for_each_camera(await async_chosen_cameras(call), record)
    ]
    return {"recording": recording}


async def async_stop_recording(call: ServiceCall) -> ServiceResponse:
    """End what `record` began; what was recorded is kept."""
    live = call.hass.data[HUB].live

    async def stop(camera: CameraRuntime) -> dict[str, Any]:
        recorded = await live.stop_recording(camera.key)
        return {
            "camera": camera.name,
            "stopped": recorded is not None,
            "start": iso(recorded.start_ms) if recorded else None,
            "end": iso(recorded.end_ms) if recorded else None,
        }

    stopped: list[JsonValueType] = [
        *await for_each_camera(await async_chosen_cameras(call), stop)
    ]
    return {"stopped": stopped}
