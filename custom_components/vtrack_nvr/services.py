"""Actions: sync, status, save, record, export, protect. One function for each."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import DOMAIN
from .core.errors import ErrorKind, NvrError
from .core.intervals import TimeRange
from .core.models import Clip
from .core.sync.status import CameraStatus, SavedClip
from .exceptions import translated_errors
from .runtime import HUB, CameraRuntime, Export, VtrackConfigEntry, VtrackRuntime
from .sensor import moment
from .views import EXPORT_URL

DAY_MS = 86_400_000

SYNC_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Optional("full", default=False): cv.boolean,
        vol.Inclusive("start", "range"): cv.datetime,
        vol.Inclusive("end", "range"): cv.datetime,
        vol.Optional("wait", default=True): cv.boolean,
    }
)

STATUS_SCHEMA = vol.Schema({**cv.ENTITY_SERVICE_FIELDS})

SAVE_CLIP_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Optional("start"): cv.datetime,
        vol.Optional("end"): cv.datetime,
        vol.Optional("before", default=10): vol.All(
            vol.Coerce(float), vol.Range(0, 3600)
        ),
        vol.Optional("after", default=20): vol.All(
            vol.Coerce(float), vol.Range(0, 3600)
        ),
        vol.Optional("note", default=""): cv.string,
        vol.Optional("keep_days", default=30): vol.All(
            vol.Coerce(int), vol.Range(1, 365)
        ),
        vol.Optional("timeout", default=300): vol.All(
            vol.Coerce(float), vol.Range(5, 86400)
        ),
    }
)

RECORD_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Optional("duration", default=60): vol.All(
            vol.Coerce(float), vol.Range(1, 3600)
        ),
    }
)

EXPORT_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Required("start"): cv.datetime,
        vol.Required("end"): cv.datetime,
        vol.Optional("keep_gaps", default=True): cv.boolean,
        vol.Optional("keep_days", default=7): vol.All(
            vol.Coerce(int), vol.Range(1, 365)
        ),
    }
)

VERIFY_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Inclusive("start", "range"): cv.datetime,
        vol.Inclusive("end", "range"): cv.datetime,
    }
)

PROTECT_SCHEMA = vol.Schema(
    {
        vol.Required("clip_id"): vol.All(vol.Coerce(int), vol.Range(min=1)),
        vol.Optional("protected", default=True): cv.boolean,
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
        ("verify", async_verify, VERIFY_SCHEMA, SupportsResponse.OPTIONAL),
        ("protect", async_protect, PROTECT_SCHEMA, SupportsResponse.NONE),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=answers
        )


type Chosen = list[tuple[VtrackRuntime, CameraRuntime]]


def _loaded(hass: HomeAssistant) -> Iterable[VtrackRuntime]:
    entries: list[VtrackConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return (entry.runtime_data for entry in entries)


def chosen_cameras(call: ServiceCall, *, default_all: bool) -> Chosen:
    """Return the cameras behind the target; all of them where nothing is targeted."""
    everything = [
        (runtime, camera)
        for runtime in _loaded(call.hass)
        for camera in runtime.cameras.values()
    ]
    selection = TargetSelection(call.data)
    if not selection.has_any_target:
        if default_all:
            return everything
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_cameras_selected"
        )
    selected = async_extract_referenced_entity_ids(call.hass, selection)
    registry = er.async_get(call.hass)
    nvrs: set[str] = set()
    subentries: set[str] = set()
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entity = registry.async_get(entity_id)
        if entity is None or entity.platform != DOMAIN:
            continue
        if entity.config_subentry_id:
            subentries.add(entity.config_subentry_id)
        elif entity_id in selected.referenced and entity.config_entry_id:
            nvrs.add(entity.config_entry_id)
    found = [
        (runtime, camera)
        for runtime, camera in everything
        if camera.subentry_id in subentries or runtime.entry.entry_id in nvrs
    ]
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_cameras_selected"
        )
    return found


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


def _iso(utc_ms: int | None) -> str | None:
    time = moment(utc_ms)
    return time.isoformat() if time else None


def clip_response(clip: Clip) -> dict[str, Any]:
    """Return a clip as actions describe it."""
    return {
        "clip_id": clip.id,
        "start": _iso(clip.facts.range.start_ms),
        "end": _iso(clip.facts.range.end_ms),
        "bytes": clip.facts.size_bytes,
        "protected": clip.is_protected,
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
        "last_clip": _iso(status.last_clip_start_ms),
        "last_clip_id": status.last_clip_id,
        "last_sync": _iso(status.last_sync_ms),
        "progress": status.progress.done if status.progress else None,
        "problem": str(status.problem.kind) if status.problem else None,
    }


async def async_sync(call: ServiceCall) -> ServiceResponse:
    """Look for news now, or fetch a range; returns counts when it waited."""
    chosen = chosen_cameras(call, default_all=True)
    hub = call.hass.data[HUB]
    if "start" in call.data:
        wanted = as_range(call.data["start"], call.data["end"])
        saved = []
        for _, camera in chosen:
            with translated_errors(camera.name):
                want = await hub.engine.request(camera.key, wanted)
                if call.data["wait"]:
                    saved.append(await hub.engine.wait_for(want))
        return {
            "clips": sum(len(item.clips) for item in saved),
            "cameras": len(chosen),
        }
    with translated_errors(DOMAIN):
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
    status = await call.hass.data[HUB].engine.fresh_status()
    nvrs: dict[str, Any] = {}
    for runtime, camera in chosen_cameras(call, default_all=True):
        nvr = status.nvrs.get(runtime.key)
        answer = nvrs.setdefault(
            runtime.entry.entry_id,
            {
                "name": runtime.name,
                "online": nvr.is_online if nvr else None,
                "last_sync": _iso(nvr.last_sweep_ms) if nvr else None,
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
    camera: CameraRuntime, saved: SavedClip, export: Export | None
) -> dict[str, Any]:
    return {
        "export": _export_response(export) if export else None,
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
    hub = call.hass.data[HUB]
    answers: list[JsonValueType] = []
    for _, camera in chosen_cameras(call, default_all=False):
        with translated_errors(camera.name):
            saved = await hub.engine.save_clip(
                camera.key, wanted, call.data["timeout"], call.data["note"]
            )
            export = await _async_file_of(call, camera, saved)
        answers.append(_saved_response(camera, saved, export))
    return {"saved": answers}


async def _async_file_of(
    call: ServiceCall, camera: CameraRuntime, saved: SavedClip
) -> Export | None:
    """Make the file that outlives retention; None where one film cannot hold it."""
    if not saved.clips:
        return None
    try:
        return await call.hass.data[HUB].exports.make(
            {camera.key: slugify(camera.name)},
            saved.range,
            keep_gaps=True,
            life_ms=call.data["keep_days"] * DAY_MS,
        )
    except NvrError as error:
        if error.kind is ErrorKind.UNSUPPORTED_CODEC:
            return (
                None  # the picture changes its format: the clips themselves are there
            )
        raise


def _export_response(export: Export) -> dict[str, Any]:
    return {
        "export_id": export.id,
        "url": EXPORT_URL.format(export_id=export.id),
        "bytes": export.size_bytes,
        "expires": _iso(export.expires_ms),
    }


async def async_export(call: ServiceCall) -> ServiceResponse:
    """Make one file of the kept footage of a range: an MP4, or a zip of several cameras."""
    wanted = as_range(call.data["start"], call.data["end"])
    chosen = chosen_cameras(call, default_all=False)
    names = Counter(slugify(camera.name) for _, camera in chosen)
    cameras = {
        camera.key: (
            slugify(camera.name)
            if names[slugify(camera.name)] == 1
            else slugify(f"{runtime.name} {camera.name} {camera.channel}")
        )
        for runtime, camera in chosen
    }
    with translated_errors(", ".join(camera.name for _, camera in chosen)):
        export = await call.hass.data[HUB].exports.make(
            cameras,
            wanted,
            keep_gaps=call.data["keep_gaps"],
            life_ms=call.data["keep_days"] * DAY_MS,
        )
    return _export_response(export)


async def async_record(call: ServiceCall) -> ServiceResponse:
    """Record the live stream from now on, also where nothing else records it."""
    hub = call.hass.data[HUB]
    answers: list[JsonValueType] = []
    for _, camera in chosen_cameras(call, default_all=False):
        with translated_errors(camera.name):
            wanted = await hub.live.async_record(camera.key, call.data["duration"])
        answers.append(
            {
                "camera": camera.name,
                "start": _iso(wanted.start_ms),
                "end": _iso(wanted.end_ms),
            }
        )
    return {"recording": answers}


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
    for _, camera in chosen_cameras(call, default_all=False):
        with translated_errors(camera.name):
            report = await hub.library.care.verify(camera.key, wanted)
        checked += report.checked
        unchecked += report.unchecked
        damaged += report.damaged
        if report.damaged:
            hub.engine.notify_kept(camera.key, wanted)
    return {"checked": checked, "unchecked": unchecked, "damaged": damaged}


async def async_protect(call: ServiceCall) -> None:
    """Protect a clip, or end its protection."""
    library = call.hass.data[HUB].library
    clip_id = call.data["clip_id"]
    with translated_errors(str(clip_id)):
        if await library.browse.clip(clip_id) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="clip_not_found",
                translation_placeholders={"clip": str(clip_id)},
            )
        if call.data["protected"]:
            await library.care.protect([clip_id])
        else:
            await library.care.unprotect([clip_id])
