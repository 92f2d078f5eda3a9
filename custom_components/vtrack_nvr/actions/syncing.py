"""Actions that steer copying: sync, pause, resume, cancel, rescan."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..core.sync.status import CancelledWork
from ..exceptions import translated_errors
from ..runtime import HUB, CameraRuntime, VtrackRuntime
from .answers import RANGE, TARGET, action_error, as_range, for_each_camera
from .targets import Chosen, async_check_admin, async_chosen_cameras, names_of

MOST_WAIT_S = 86_400.0
"""How long an action waits for a range; the request stays open after that."""

SYNC_SCHEMA = vol.Schema(
    {
        **TARGET,
        **RANGE,
        vol.Optional("full", default=False): cv.boolean,
        vol.Optional("wait", default=True): cv.boolean,
    }
)
PAUSE_SCHEMA = vol.Schema(
    {
        **TARGET,
        vol.Optional("duration", default=60): vol.All(
            vol.Coerce(float), vol.Range(1, 1440)
        ),
    }
)
RESUME_SCHEMA = vol.Schema({**TARGET})
CANCEL_SCHEMA = vol.Schema({**TARGET})
RESCAN_SCHEMA = vol.Schema({})


async def async_sync(call: ServiceCall) -> ServiceResponse:
    """Look for news now, or fetch a range; returns counts when it waited."""
    chosen = await async_chosen_cameras(call, default_all=True)
    hub = call.hass.data[HUB]
    if "start" in call.data:
        wanted = as_range(call.data["start"], call.data["end"])

        async def fetch(camera: CameraRuntime) -> int:
            want = await hub.engine.request(camera.key, wanted)
            if not call.data["wait"]:
                return 0
            return len((await hub.engine.wait_for(want, MOST_WAIT_S)).clips)

        return {
            "cameras": len(chosen),
            "clips": sum(await for_each_camera(chosen, fetch)),
        }
    with translated_errors(names_of(chosen)):
        report = await hub.engine.sync_now(
            [camera.key for _, camera in chosen],
            full=call.data["full"],
            wait=call.data["wait"],
        )
    return {
        "cameras": len(chosen),
        "clips": report.clips,
        "bytes": report.bytes,
        "seconds": round((report.ended_ms - report.started_ms) / 1000, 1),
        "complete": report.is_complete,
        "backlog_seconds": round(report.backlog_s),
        "problem": str(report.problem.kind) if report.problem else None,
        "errors": report.errors,
    }


def _whole_devices(chosen: Chosen) -> list[VtrackRuntime]:
    """Return the NVRs of the cameras; raises if one is chosen in part only."""
    runtimes = {runtime.key: runtime for runtime, _ in chosen}
    picked = {camera.key for _, camera in chosen}
    for runtime in runtimes.values():
        if any(camera.key not in picked for camera in runtime.cameras.values()):
            raise action_error("pause_in_part", name=runtime.name)
    return [*runtimes.values()]


def _names(runtimes: Iterable[VtrackRuntime]) -> list[JsonValueType]:
    return [runtime.name for runtime in runtimes]


async def async_pause(call: ServiceCall) -> ServiceResponse:
    """Hold background copying back for a while; requests are still served."""
    await async_check_admin(call)
    runtimes = _whole_devices(await async_chosen_cameras(call, default_all=True))
    seconds = call.data["duration"] * 60
    for runtime in runtimes:
        call.hass.data[HUB].engine.pause(runtime.key, seconds)
    until = dt_util.utcnow() + timedelta(seconds=seconds)
    return {"paused": _names(runtimes), "until": until.isoformat()}


async def async_resume(call: ServiceCall) -> ServiceResponse:
    """End a pause before its time."""
    await async_check_admin(call)
    runtimes = _whole_devices(await async_chosen_cameras(call, default_all=True))
    for runtime in runtimes:
        call.hass.data[HUB].engine.resume(runtime.key)
    return {"resumed": _names(runtimes)}


async def async_cancel_sync(call: ServiceCall) -> ServiceResponse:
    """End all that is being done for cameras; background work goes on later."""
    chosen = await async_chosen_cameras(call, default_all=True)
    engine = call.hass.data[HUB].engine

    async def cancel(camera: CameraRuntime) -> CancelledWork:
        return await engine.cancel_work(camera.key)

    ended = await for_each_camera(chosen, cancel)
    return {
        "cameras": len(chosen),
        "copies": sum(item.fetches for item in ended),
        "requests": sum(item.requests for item in ended),
        "syncs": sum(item.runs for item in ended),
    }


async def async_rescan(call: ServiceCall) -> ServiceResponse:
    """Compare all files of the library with the index, and return what was found."""
    await async_check_admin(call)
    with translated_errors(DOMAIN):
        report = await call.hass.data[HUB].library.care.check()
    foreign: list[JsonValueType] = [*report.foreign]
    answer: dict[str, Any] = {
        "adopted": report.adopted,
        "salvaged": report.salvaged,
        "missing": report.missing,
        "returned": report.returned,
        "foreign": foreign,
        "foreign_count": report.foreign_count,
        "skipped_storages": len(report.skipped_roots),
    }
    return answer
