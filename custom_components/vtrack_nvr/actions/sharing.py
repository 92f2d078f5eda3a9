"""Actions about links that open without signing in: make, list, end."""

from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import Unauthorized
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..core.library.share_values import ShareTarget
from ..core.sync.status import SavedClip
from ..exceptions import translated_errors
from ..runtime import HUB
from ..shares import (
    DEFAULT_HOURS,
    MOST_HOURS,
    as_dict,
    async_clip_target,
    async_create_share,
    async_export_target,
    async_list_shares,
    async_revoke_share,
    range_target,
)
from .answers import ID, RANGE, TARGET, action_error, as_range, iso
from .targets import async_check, async_chosen_cameras, async_user_of, has_target

LINK_HOURS = vol.All(vol.Coerce(float), vol.Range(0, MOST_HOURS))

SHARE_SCHEMA = vol.Schema(
    {
        **TARGET,
        **RANGE,
        vol.Optional("clip_id"): ID,
        vol.Optional("export_id"): ID,
        vol.Optional("hours", default=DEFAULT_HOURS): vol.All(
            vol.Coerce(float), vol.Range(1, MOST_HOURS)
        ),
    }
)
LIST_SHARES_SCHEMA = vol.Schema({})
REVOKE_SCHEMA = vol.Schema({vol.Required("share_id"): ID})


async def _target(call: ServiceCall) -> ShareTarget:
    """Return what a call shares: a clip, an export, or one camera and a range."""
    ways = [key for key in ("clip_id", "export_id", "start") if key in call.data]
    if len(ways) != 1 or has_target(call) is not (ways == ["start"]):
        raise action_error("share_one_thing")
    library = call.hass.data[HUB].library
    if ways == ["start"]:
        chosen = await async_chosen_cameras(call)
        if len(chosen) != 1:
            raise action_error("share_one_thing")
        [(_, camera)] = chosen
        wanted = as_range(call.data["start"], call.data["end"])
        return range_target(camera.key, wanted)
    if ways == ["clip_id"]:
        clip_id: int = call.data["clip_id"]
        with translated_errors(str(clip_id)):
            clip = await library.browse.clip(clip_id)
        if clip is None:
            raise action_error("clip_not_found", clip=clip_id)
        await async_check(call, [clip.camera])
        return await async_clip_target(call.hass, clip_id)
    export_id: int = call.data["export_id"]
    with translated_errors(str(export_id)):
        export = await library.exports.get(export_id)
    if export is None or not export.is_ready:
        raise action_error("export_not_found", export=export_id)
    await async_check(call, export.cameras)
    return await async_export_target(call.hass, export_id)


async def async_share(call: ServiceCall) -> ServiceResponse:
    """Make a link that opens without signing in; its address is told once."""
    target = await _target(call)
    made = await async_create_share(
        call.hass, await async_user_of(call), target, call.data["hours"]
    )
    return {
        "share_id": made.share.id,
        "url": made.url,
        "path": made.path,
        "playlist": made.playlist,
        "expires": iso(made.share.expires_ms),
    }


async def async_link_of(
    call: ServiceCall, saved: SavedClip, film: dict[str, Any]
) -> dict[str, Any]:
    """Return a link to the file of a saved clip, or to its first clip without a file."""
    hours: float = call.data["link_hours"]
    if not hours or not saved.clips:
        return {"link": None, "link_expires": None}
    if film["export"] is not None:
        target = await async_export_target(call.hass, film["export"]["export_id"])
    else:
        target = await async_clip_target(call.hass, saved.clips[0].id)
    user = await async_user_of(call)
    made = await async_create_share(call.hass, user, target, hours)
    return {"link": made.url, "link_expires": iso(made.share.expires_ms)}


async def async_list_all_shares(call: ServiceCall) -> ServiceResponse:
    """Return the caller's links; all of them for administrators and automations."""
    shares = await async_list_shares(call.hass, await async_user_of(call))
    listed: list[JsonValueType] = [as_dict(share) for share in shares]
    return {"shares": listed}


async def async_revoke(call: ServiceCall) -> ServiceResponse:
    """End a link at once; one's own, or any for administrators and automations."""
    share_id: int = call.data["share_id"]
    try:
        await async_revoke_share(call.hass, await async_user_of(call), share_id)
    except Unauthorized as error:
        raise Unauthorized(context=call.context) from error
    return {"revoked": share_id}
