"""Actions about exports: make, list, delete; and the film of a saved clip."""

from collections import Counter
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.util import slugify
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..clip_links import EXPORT_URL
from ..const import DOMAIN
from ..core.errors import NvrError
from ..core.library.values import Export
from ..core.sync.status import SavedClip
from ..exceptions import as_home_assistant_error, translated_errors
from ..permissions import may_see
from ..runtime import HUB, CameraRuntime
from .answers import DAY_MS, ID, KEEP_DAYS, TARGET, action_error, as_range, iso
from .targets import async_chosen_cameras, async_user_of, has_target, names_of

EXPORT_SCHEMA = vol.Schema(
    {
        **TARGET,
        vol.Required("start"): cv.datetime,
        vol.Required("end"): cv.datetime,
        vol.Optional("keep_gaps", default=True): cv.boolean,
        vol.Optional("keep_days", default=7): KEEP_DAYS,
    }
)
LIST_EXPORTS_SCHEMA = vol.Schema({**TARGET})
DELETE_EXPORT_SCHEMA = vol.Schema({vol.Required("export_id"): ID})


def _response(export: Export) -> dict[str, Any]:
    return {
        "export_id": export.id,
        "url": EXPORT_URL.format(export_id=export.id),
        "bytes": export.size_bytes,
        "expires": iso(export.expires_ms),
    }


def _owner(call: ServiceCall) -> str:
    """Return whose an export is; Home Assistant's own where no person asks."""
    return call.context.user_id or ""


async def async_export(call: ServiceCall) -> ServiceResponse:
    """Make one file of the kept footage of a range: an MP4, or a zip of several cameras."""
    wanted = as_range(call.data["start"], call.data["end"])
    chosen = await async_chosen_cameras(call)
    names = Counter(slugify(camera.name) for _, camera in chosen)
    cameras = {
        camera.key: (
            slugify(camera.name)
            if names[slugify(camera.name)] == 1
            else slugify(f"{runtime.name} {camera.name} {camera.channel}")
        )
        for runtime, camera in chosen
    }
    with translated_errors(names_of(chosen)):
        export = await call.hass.data[HUB].archive.exports.make(
            cameras,
            wanted,
            keep_gaps=call.data["keep_gaps"],
            life_ms=call.data["keep_days"] * DAY_MS,
            user=_owner(call),
        )
    return _response(export)


async def async_film_of(
    call: ServiceCall, camera: CameraRuntime, saved: SavedClip
) -> dict[str, Any]:
    """Make the file that outlives retention, or tell why there is none.

    The clips themselves are kept either way, so that it is no failure of the action.
    """
    answer: dict[str, Any] = {
        "export": None,
        "export_problem": None,
        "export_message": None,
    }
    if not saved.clips:
        return answer
    try:
        export = await call.hass.data[HUB].archive.exports.make(
            {camera.key: slugify(camera.name)},
            saved.range,
            keep_gaps=True,
            life_ms=call.data["keep_days"] * DAY_MS,
            user=_owner(call),
            is_saved=True,
        )
    except NvrError as error:
        told = as_home_assistant_error(error, camera.name)
        answer["export_problem"] = told.translation_key
        answer["export_message"] = str(told)
    else:
        answer["export"] = _response(export)
    return answer


async def async_list_exports(call: ServiceCall) -> ServiceResponse:
    """Return the exports of cameras that the caller may see, the newest first.

    With a target, those of these cameras only.
    """
    user = await async_user_of(call)
    targeted = None
    if has_target(call):
        chosen = await async_chosen_cameras(call, policy=POLICY_READ)
        targeted = {camera.key for _, camera in chosen}
    with translated_errors(DOMAIN):
        exports = await call.hass.data[HUB].library.exports.all()
    found: list[JsonValueType] = [
        {
            **_response(export),
            "state": str(export.state),
            "progress": round(export.progress, 2),
            "cameras": [str(key) for key in export.cameras],
            "start": iso(export.range.start_ms),
            "end": iso(export.range.end_ms),
            "made": iso(export.made_ms),
            "yours": export.user == (user.id if user else ""),
            "problem": export.detail or None,
        }
        for export in exports
        if (targeted is None or targeted.issuperset(export.cameras))
        and all(may_see(call.hass, user, camera) for camera in export.cameras)
    ]
    return {"exports": found}


async def async_delete_export(call: ServiceCall) -> ServiceResponse:
    """Delete an export: one's own; administrators and automations may delete all."""
    user = await async_user_of(call)
    book = call.hass.data[HUB].library.exports
    export_id = call.data["export_id"]
    with translated_errors(str(export_id)):
        export = await book.get(export_id)
        if export is None or not all(
            may_see(call.hass, user, camera) for camera in export.cameras
        ):
            raise action_error("export_not_found", export=export_id)
        if user is not None and not user.is_admin and export.user != user.id:
            raise Unauthorized(context=call.context)
        if not export.is_ready and not export.is_failed:
            raise action_error("export_being_made")
        await book.remove(export_id)
    return {"deleted": export_id}
