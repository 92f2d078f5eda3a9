"""Commands about links that show footage without a login: make, list, end."""

from typing import Any

import voluptuous as vol

from ..core.library.share_values import Share, ShareTarget
from ..shares import (
    LONGEST_RANGE_MS,
    MOST_HOURS,
    async_clip_target,
    async_create_share,
    async_export_target,
    async_list_shares,
    async_revoke_share,
    range_target,
)
from .caller import Caller
from .clips import visible_clip
from .command import command
from .errors import NOT_FOUND, CommandError
from .export_commands import may_see_export
from .fields import ID, KEY, MS, flag, range_of, whole
from .sizes import fitting

MOST_LISTED = 500
_RANGE = {"camera", "from_ms", "to_ms"}


@command(
    "share/create",
    {
        vol.Optional("camera"): KEY,
        vol.Optional("from_ms"): MS,
        vol.Optional("to_ms"): MS,
        vol.Optional("clip"): ID,
        vol.Optional("is_picture", default=False): flag,
        vol.Optional("export"): ID,
        vol.Optional("hours", default=24): whole(1, MOST_HOURS),
    },
)
async def share_create(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return a link that shows this to whoever has it, until it expires."""
    target = await _target(caller, msg)
    caller.require_control(target.cameras)
    made = await async_create_share(caller.hass, caller.user, target, msg["hours"])
    return {
        "id": made.share.id,
        "url": made.url,
        "path": made.path,
        "playlist": made.playlist,
        "expires_ms": made.share.expires_ms,
    }


async def _target(caller: Caller, msg: dict[str, Any]) -> ShareTarget:
    """Return what is to be shown; raises NOT_FOUND where the user may not see it."""
    named = {"clip", "export", *_RANGE} & msg.keys()
    if named == {"clip"}:
        clip = await visible_clip(caller, msg["clip"])
        return await async_clip_target(
            caller.hass, clip.id, is_picture=msg["is_picture"]
        )
    if named == {"export"}:
        export = await caller.hub.library.exports.get(msg["export"])
        if export is None or not may_see_export(caller, export):
            raise CommandError(NOT_FOUND, "export_not_found", export=msg["export"])
        return await async_export_target(caller.hass, export.id)
    if named == _RANGE:
        (camera,) = await caller.seen([msg["camera"]])
        return range_target(camera, range_of(msg, LONGEST_RANGE_MS))
    raise vol.Invalid("expected a range of a camera, a clip or an export")


@command("share/list")
async def share_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return one's own links, newest first; administrators see all."""
    del msg
    shares = await async_list_shares(caller.hass, caller.user)
    rows = [_row(share, caller.user.id) for share in shares[:MOST_LISTED]]
    return {"shares": rows[: fitting(rows)]}


def _row(share: Share, user_id: str) -> dict[str, Any]:
    target = share.target
    return {
        "id": share.id,
        "kind": str(target.kind),
        "cameras": list(target.cameras),
        "item_id": target.item_id,
        "from_ms": target.range.start_ms,
        "to_ms": target.range.end_ms,
        "made_ms": share.made_ms,
        "expires_ms": share.expires_ms,
        "is_yours": share.user == user_id,
    }


@command("share/revoke", {vol.Required("share"): ID})
async def share_revoke(caller: Caller, msg: dict[str, Any]) -> None:
    """End a link at once: its maker may, and administrators."""
    share = await caller.hub.library.shares.get(msg["share"])
    if share is None or not (caller.is_admin or share.user == caller.user.id):
        raise CommandError(NOT_FOUND, "share_not_found", share=msg["share"])
    await async_revoke_share(caller.hass, caller.user, share.id)
