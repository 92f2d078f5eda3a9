"""Footage, people, and links to share it by."""

from aiohttp.test_utils import TestClient
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.library.share_values import ShareTarget
from custom_components.vtrack_nvr.core.models import Clip
from custom_components.vtrack_nvr.shares import (
    NewShare,
    async_clip_target,
    async_create_share,
    async_export_target,
    range_target,
)
from tests.shell.rig import MakeWhole, sync

CLOSED = "This link no longer works"


async def kept(hass: HomeAssistant, whole: MakeWhole) -> Clip:
    await whole()
    await sync(hass)
    [clip, *_] = await hass.data[DOMAIN].library.browse.recent(1)
    return clip


def allow(hass: HomeAssistant, user: MockUser, *, is_allowed: bool = True) -> None:
    """Let a person see the camera and nothing else, or nothing."""
    [entity] = hass.states.async_entity_ids("camera")
    user.groups = []
    user.is_owner = False
    entities = {entity: {POLICY_READ: True}} if is_allowed else {}
    user.mock_policy({"entities": {"entity_ids": entities}})


async def link(
    hass: HomeAssistant, target: ShareTarget, user: MockUser | None = None
) -> NewShare:
    return await async_create_share(hass, user, target)


async def is_closed(client: TestClient, path: str) -> bool:
    answer = await client.get(path)
    return answer.status == 404 and CLOSED in await answer.text()


async def targets(hass: HomeAssistant, clip: Clip) -> dict[str, ShareTarget]:
    hub = hass.data[DOMAIN]
    export = await hub.archive.exports.make(
        {clip.camera: "a"}, clip.facts.range, keep_gaps=True
    )
    return {
        "video/mp4": await async_clip_target(hass, clip.id),
        "image/jpeg": await async_clip_target(hass, clip.id, is_picture=True),
        "attachment": await async_export_target(hass, export.id),
        "text/html": range_target(clip.camera, clip.facts.range),
    }
