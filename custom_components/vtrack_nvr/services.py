"""Actions: sync, status, save, record, export, protect. One function for each."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .const import DOMAIN
from .core.intervals import TimeRange
from .core.models import Clip
from .core.sync.status import CameraStatus, MissingFootage, SavedClip
from .exceptions import translated_errors
from .runtime import HUB, CameraRuntime
from .service_times import as_range, iso
from .services_exports import (
    DELETE_SCHEMA,
    EXPORT_SCHEMA,
    LIST_EXPORTS_SCHEMA,
    async_delete,
    async_export,
    async_film_of,
    async_list,
)
from .targets import Chosen, async_check, async_chosen_cameras, names_of

MOST_NOTE = 200
"""Characters of a note: it is kept for years."""
MOST_WAIT_S = 86_400.0
"""How long an action waits for a range; the request stays open after that."""

SYNC_SCHEMA = probatio.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        probatio.Optional("full", default=False): cv.boolean,
        probatio.Inclusive("start", "range"): cv.datetime,
        probatio.Inclusive("end", "range"): cv.datetime,
        probatio.Optional("wait", default=True): cv.boolean,
    }
)

STATUS_SCHEMA = probatio.Schema({**cv.ENTITY_SERVICE_FIELDS})

SAVE_CLIP_SCHEMA = probatio.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        probatio.Optional("start"): cv.datetime,
        probatio.Optional("end"): cv.datetime,
        probatio.Optional("before", default=10): probatio.All(
            probatio.Coerce(float), probatio.Range(0, 3600)
        ),
        probatio.Optional("after", default=20): probatio.All(
            probatio.Coerce(float), probatio.Range(0, 3600)
        ),
        probatio.Optional("note", default=""): probatio.All(
            cv.string, probatio.Length(max=MOST_NOTE)
        ),
        probatio.Optional("keep_days", default=30): probatio.All(
            probatio.Coerce(int), probatio.Range(1, 365)
        ),
        probatio.Optional("timeout", default=300): probatio.All(
            probatio.Coerce(float), probatio.Range(5, 86400)
        ),
    }
)

RECORD_SCHEMA = probatio.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        probatio.Optional("duration", default=60): probatio.All(
            probatio.Coerce(float), probatio.Range(1, 3600)
        ),
    }
)

VERIFY_SCHEMA = probatio.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        probatio.Inclusive("start", "range"): cv.datetime,
        probatio.Inclusive("end", "range"): cv.datetime,
    }
)

PROTECT_SCHEMA = probatio.Schema(
    {
        probatio.Required("clip_id"): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1)
        ),
        probatio.Optional("protected", default=True): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions of the integration."""
    for name, handler, schema, answers in (
        ("sync", async_sync, SYNC_SCHEMA, SupportsResponse.OPTIONAL),
        ("get_status", async_get_status, STATUS_SCHEMA, SupportsResponse.ONLY),
        ("save_clip", async_save_clip, SAVE_CLIP_SCHEMA, SupportsResponse.OPTIONAL),
        ("record", async_record, RECORD_SCHEMA, SupportsResponse.OPTIONAL),
        ("export", async_export, EXPORT_SCHEMA, SupportsResponse.OPTIONAL),
        ("list_exports", async_list, LIST_EXPORTS_SCHEMA, SupportsResponse.ONLY),
        ("delete_export", async_delete, DELETE_SCHEMA, SupportsResponse.NONE),
        ("verify", async_verify, VERIFY_SCHEMA, SupportsResponse.OPTIONAL),
        ("protect", async_protect, PROTECT_SCHEMA, SupportsResponse.NONE),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=answers
        )


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
        "url": f"/api/{DOMAIN}/clip/{clip.id}",
    }


def _camera_response(camera: CameraRuntime, status: CameraStatus) -> dict[str, Any]:
    return {
        "camera": camera.name,
        "state": str(status.state),
        "source": str(status.source),
        "clips": status.clips,
        "bytes": status.bytes,
        "kept_seconds": round(status.kept_s),
        "backlog_seconds": round(status.backlog_s),
        "failed_seconds": round(status.failed_s),
        "lost_seconds": round(status.lost_s),
        "coverage_percent": status.coverage_percent,
        "last_clip": iso(status.last_clip_start_ms),
        "last_clip_id": status.last_clip_id,
        "last_sync": iso(status.last_sync_ms),
        "progress": status.progress.done if status.progress else None,
        "problem": str(status.problem.kind) if status.problem else None,
        "missing": _missing_response(status.missing) if status.missing else None,
    }


def _missing_response(missing: MissingFootage) -> dict[str, Any]:
    return {
        "cause": str(missing.cause),
        "reason": missing.reason or None,
        "since": iso(missing.since_ms),
        "seconds": round(missing.seconds),
    }


async def _for_each[T](
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
            "clips": sum(await _for_each(chosen, fetch)),
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


async def async_get_status(call: ServiceCall) -> ServiceResponse:
    """Return the status of the chosen cameras, by the name of their NVR."""
    chosen = await async_chosen_cameras(call, default_all=True, policy=POLICY_READ)
    with translated_errors(names_of(chosen)):
        status = await call.hass.data[HUB].engine.fresh_status()
    nvrs: dict[str, Any] = {}
    for runtime, camera in chosen:
        nvr = status.nvrs.get(runtime.key)
        answer = nvrs.setdefault(
            runtime.entry.entry_id,
            {
                "name": runtime.name,
                "online": nvr.is_online if nvr else None,
                "last_sync": iso(nvr.last_sweep_ms) if nvr else None,
                "cameras": [],
            },
        )
        found = nvr.cameras.get(camera.key) if nvr else None
        if found is not None:
            answer["cameras"].append(
                {"key": camera.key, **_camera_response(camera, found)}
            )
    return {"nvrs": list(nvrs.values())}


def _saved_response(
    camera: CameraRuntime, saved: SavedClip, film: dict[str, Any]
) -> dict[str, Any]:
    return {
        **film,
        "camera": camera.name,
        "clips": [clip_response(clip) for clip in saved.clips],
        "complete": saved.is_whole,
        "missing_seconds": round(
            sum(item.duration_ms for item in saved.missing) / 1000
        ),
    }


async def async_save_clip(call: ServiceCall) -> ServiceResponse:
    """Fetch a stretch ahead of everything; waits until the device has it."""
    now = dt_util.utcnow()
    start = call.data.get("start", now - timedelta(seconds=call.data["before"]))
    end = call.data.get("end", now + timedelta(seconds=call.data["after"]))
    wanted = as_range(start, end)
    engine = call.hass.data[HUB].engine

    async def save(camera: CameraRuntime) -> dict[str, Any]:
        saved = await engine.save_clip(
            camera.key, wanted, call.data["timeout"], call.data["note"]
        )
        return _saved_response(camera, saved, await async_film_of(call, camera, saved))

    saved: list[JsonValueType] = [
        *await _for_each(await async_chosen_cameras(call), save)
    ]
    return {"saved": saved}


async def async_record(call: ServiceCall) -> ServiceResponse:
    """Record the live stream from now on, also where nothing else records it."""
    live = call.hass.data[HUB].live

    async def record(camera: CameraRuntime) -> dict[str, Any]:
        wanted = await live.async_record(camera.key, call.data["duration"])
        return {
            "camera": camera.name,
            "start": iso(wanted.start_ms),
            "end": iso(wanted.end_ms),
        }

    recording: list[JsonValueType] = [
        *await _for_each(await async_chosen_cameras(call), record)
    ]
    return {"recording": recording}


async def async_verify(call: ServiceCall) -> ServiceResponse:
    """Read kept clips back; what is damaged is put aside and fetched again."""
    wanted = (
        as_range(call.data["start"], call.data["end"])
        if "start" in call.data
        else TimeRange(0, round(dt_util.utcnow().timestamp() * 1000))
    )
    hub = call.hass.data[HUB]
    checked = unchecked = 0
    damaged: list[JsonValueType] = []
    for _, camera in await async_chosen_cameras(call):
        with translated_errors(camera.name):
            report = await hub.library.care.verify(camera.key, wanted)
            if report.damaged:
                hub.engine.notify_kept(camera.key, wanted)
        checked += report.checked
        unchecked += report.unchecked
        damaged += report.damaged
    return {"checked": checked, "unchecked": unchecked, "damaged": damaged}


async def async_protect(call: ServiceCall) -> None:
    """Protect a clip, or end its protection."""
    library = call.hass.data[HUB].library
    clip_id = call.data["clip_id"]
    with translated_errors(str(clip_id)):
        clip = await library.browse.clip(clip_id)
        if clip is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="clip_not_found",
                translation_placeholders={"clip": str(clip_id)},
            )
        await async_check(call, [clip.camera])
        if call.data["protected"]:
            await library.care.protect([clip_id])
        else:
            await library.care.unprotect([clip_id])
