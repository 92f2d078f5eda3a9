"""What a dashboard asks first: who am I, what is there, how is it told."""

from typing import Any

from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration
import voluptuous as vol

from ..clip_links import (
    CLIP_URL,
    EXPORT_URL,
    FRAME_URL,
    STRIP_URL,
    THUMBNAIL_URL,
)
from ..const import CONF_MODE, CONF_NUMBER, DOMAIN
from ..core.archive.exports import MOST_OPEN
from ..core.library import coverage_tiles as tiles
from ..core.library.values import CameraInfo
from ..core.models import CameraKey, EventClass
from ..core.texts import clean
from ..permissions import live_entity
from ..runtime import CameraRuntime, VtrackRuntime
from ..shares import LONGEST_RANGE_MS, MOST_HOURS
from .caller import Caller
from .command import COMMANDS, command
from .fields import PAGE_AFTER
from .limits import (
    LONGEST_FETCH_MS,
    MOST_CLIPS,
    MOST_EXPORTED,
    MOST_MONTH_CAMERAS,
    MOST_NOTE,
    MOST_PAGE,
    MOST_TILES,
    PLAN_S,
    UNDO_MS,
)
from .rows import INTEGRATION

API = 1
"""The version of the API; within one, commands and fields are only added."""
PAGE = 500
"""Cameras in one answer."""
STRIP_PICTURES = 12


@command("info", PAGE_AFTER)
async def info(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return what does not change while one looks, and the NVRs and cameras."""
    cameras = await caller.infos()
    first = 0
    if (after := msg.get("cursor")) is not None:
        keys = [str(camera.key) for camera in cameras]
        if after not in keys:
            raise vol.Invalid("not a cursor of this list")
        first = keys.index(after) + 1
    page = cameras[first : first + PAGE]
    runtimes = {runtime.key: runtime for runtime in caller.runtimes()}
    integration = await async_get_integration(caller.hass, DOMAIN)
    return {
        "api": API,
        "version": str(integration.version),
        "now_ms": caller.hub.library.clock.now_ms(),
        "time_zone": caller.hass.config.time_zone,
        "user": {"id": caller.user.id, "is_admin": caller.is_admin},
        "states": list(tiles.STATES),
        "event_classes": [each.value for each in EventClass],
        "tiles": {
            "buckets": tiles.BUCKETS,
            "base_ms": tiles.BASE_MS,
            "factor": tiles.FACTOR,
            "levels": tiles.LEVELS,
            "most": MOST_TILES,
        },
        "limits": {
            "range_ms": LONGEST_FETCH_MS,
            "export_ms": caller.hub.library.exports.longest_ms,
            "export_cameras": MOST_EXPORTED,
            "exports": MOST_OPEN,
            "share_ms": LONGEST_RANGE_MS,
            "share_hours": MOST_HOURS,
            "clips": MOST_CLIPS,
            "page": MOST_PAGE,
            "month_cameras": MOST_MONTH_CAMERAS,
            "undo_ms": UNDO_MS,
            "plan_s": PLAN_S,
            "note": MOST_NOTE,
        },
        "urls": {
            "clip": CLIP_URL.format(clip_id="{id}"),
            "original": CLIP_URL.format(clip_id="{id}") + "?original",
            "thumbnail": THUMBNAIL_URL.format(clip_id="{id}"),
            "frame": FRAME_URL.format(clip_id="{id}", at_ms="{ms}"),
            "strip": STRIP_URL.format(clip_id="{id}"),
            "export": EXPORT_URL.format(export_id="{id}"),
        },
        "strip_pictures": STRIP_PICTURES,
        "features": sorted(
            {name.partition("/")[0] for name in COMMANDS} & {"playback", "share"}
        ),
        "nvrs": _nvrs(caller, cameras, runtimes) if not first else [],
        "cameras": [_camera(caller, camera, runtimes) for camera in page],
        "next": str(page[-1].key) if first + PAGE < len(cameras) else None,
    }


def _nvrs(
    caller: Caller, cameras: list[CameraInfo], runtimes: dict[Any, VtrackRuntime]
) -> list[dict[str, Any]]:
    """Return the NVRs of which the user sees a camera; administrators see all."""
    found: dict[str, dict[str, Any]] = {}
    for camera in cameras:
        found.setdefault(
            camera.nvr, {"key": camera.nvr, "name": clean(camera.nvr_name)}
        )
    if caller.is_admin:
        for key, runtime in runtimes.items():
            found.setdefault(key, {"key": key, "name": clean(runtime.name)})
    for key, row in found.items():
        of = runtimes.get(key)
        row |= {
            "entry_id": of.entry.entry_id if of else None,
            "device_id": of.device_id if of else None,
            "is_former": of is None,
            "manufacturer": clean(of.identity.manufacturer) if of else "",
            "model": clean(of.identity.model) if of else "",
            "firmware": clean(of.identity.firmware) if of else "",
            "configure_url": (
                f"{INTEGRATION}#config_entry={of.entry.entry_id}"
                if of and caller.is_admin
                else None
            ),
        }
    return list(found.values())


def _camera(
    caller: Caller, camera: CameraInfo, runtimes: dict[Any, VtrackRuntime]
) -> dict[str, Any]:
    runtime = runtimes.get(camera.nvr)
    of = _of(runtime, camera.key)
    entity_id = live_entity(caller.hass, camera.key)
    entity = er.async_get(caller.hass).async_get(entity_id) if entity_id else None
    return {
        "key": camera.key,
        "name": clean(camera.name),
        "nvr": camera.nvr,
        "nvr_name": clean(camera.nvr_name),
        "number": of.data.get(CONF_NUMBER) if of else None,
        "entity_id": entity_id,
        "device_id": entity.device_id if entity else None,
        "is_former": camera.is_former,
        "may_control": caller.may(camera.key, control=True),
        "has_recordings": bool(runtime and of and runtime.has_recordings(of)),
        "mode": str(of.data[CONF_MODE]) if of else None,
        "first_ms": camera.totals.first_start_ms,
        "promised_days": camera.retention.days,
        "promised_bytes": camera.retention.max_bytes,
    }


def _of(runtime: VtrackRuntime | None, key: CameraKey) -> CameraRuntime | None:
    if runtime is None:
        return None
    return next((each for each in runtime.cameras.values() if each.key == key), None)
