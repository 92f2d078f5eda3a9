"""Links that show footage without a login: who makes them, and when they end."""

from datetime import timedelta
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr import shares
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.shares import (
    as_dict,
    async_clip_target,
    async_create_share,
    async_export_target,
    async_list_shares,
    async_revoke_share,
    range_target,
)
from tests.shell.rig import MakeWhole
from tests.shell.sharing import allow, is_closed, kept, link, targets

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    "wrong",
    ["a", "A" * 43, "../clip/1", "%00", "é", "A" * 5000, "A" * 43 + "/index.m3u8"],
)
async def test_what_is_no_link_looks_like_one_that_ended(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    wrong: str,
) -> None:
    await whole(mode="on_demand")
    client = await hass_client_no_auth()
    answer = await client.get(f"/api/{DOMAIN}/shared/{wrong}")
    assert answer.status in {404, 401}
    assert "Traceback" not in await answer.text()


async def test_a_link_ends_with_what_it_showed(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    found = await targets(hass, clip)
    made = {kind: await link(hass, target) for kind, target in found.items()}
    hub = hass.data[DOMAIN]
    await hub.library.care.delete([clip.id])
    await hub.library.exports.remove(found["attachment"].item_id)
    assert await is_closed(client, made["video/mp4"].path)
    assert await is_closed(client, made["image/jpeg"].path)
    assert await is_closed(client, made["attachment"].path)
    assert await is_closed(client, f"{made['text/html'].path}/index.m3u8")


async def test_a_link_ends_with_the_rights_of_who_made_it(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    target = await async_clip_target(hass, clip.id)
    allow(hass, hass_admin_user, is_allowed=False)
    with pytest.raises(Unauthorized):
        await link(hass, target, hass_admin_user)
    allow(hass, hass_admin_user)
    made = await link(hass, target, hass_admin_user)
    playlist = await link(
        hass, range_target(clip.camera, clip.facts.range), hass_admin_user
    )
    opened = await client.get(f"{playlist.path}/index.m3u8", allow_redirects=False)
    allow(hass, hass_admin_user, is_allowed=False)
    assert await is_closed(client, made.path)
    assert (await client.get(opened.headers["Location"])).status == 404
    allow(hass, hass_admin_user)
    assert (await client.get(made.path)).status == 200
    await hass.auth.async_deactivate_user(hass_admin_user)
    assert await is_closed(client, made.path)
    await hass.auth.async_activate_user(hass_admin_user)
    await hass.auth.async_remove_user(hass_admin_user)
    assert await is_closed(client, made.path)


async def test_an_expired_link_is_said_to_be_one(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    made = await async_create_share(
        hass, None, await async_clip_target(hass, clip.id), hours=1
    )
    library = hass.data[DOMAIN].library
    now_ms = library.clock.now_ms()
    later = now_ms + round(timedelta(hours=1).total_seconds() * 1000) + 60_000
    with patch.object(library.clock, "now_ms", return_value=later):
        assert await is_closed(client, made.path)
    assert (await client.get(made.path)).status == 200


async def test_one_sees_and_ends_ones_own_links_administrators_all(
    hass: HomeAssistant, whole: MakeWhole, hass_admin_user: MockUser
) -> None:
    clip = await kept(hass, whole)
    target = await async_clip_target(hass, clip.id)
    others = await link(hass, target)
    mine = await link(hass, target, hass_admin_user)
    assert len(await async_list_shares(hass, hass_admin_user)) == 2
    allow(hass, hass_admin_user)
    [listed] = await async_list_shares(hass, hass_admin_user)
    assert listed == mine.share
    told = as_dict(listed)
    assert told["kind"] == "clip"
    assert told["user_id"] == hass_admin_user.id
    assert mine.path.rpartition("/")[2] not in str(told)
    with pytest.raises(Unauthorized):
        await async_revoke_share(hass, hass_admin_user, others.share.id)
    await async_revoke_share(hass, hass_admin_user, mine.share.id)
    with pytest.raises(ServiceValidationError):
        await async_revoke_share(hass, hass_admin_user, mine.share.id)
    await async_revoke_share(hass, None, others.share.id)
    assert await async_list_shares(hass, None) == ()


async def test_there_is_no_link_to_what_is_not_there(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    clip = await kept(hass, whole)
    with pytest.raises(ServiceValidationError):
        await async_clip_target(hass, 4711)
    with pytest.raises(ServiceValidationError):
        await async_export_target(hass, 4711)
    start_ms = clip.facts.range.start_ms
    with pytest.raises(ServiceValidationError) as raised:
        range_target(clip.camera, TimeRange(start_ms, start_ms + 7 * 3_600_000))
    assert raised.value.translation_key == "share_too_long"


async def test_too_many_links_are_refused_in_words(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    clip = await kept(hass, whole)
    target = await async_clip_target(hass, clip.id)
    book = "custom_components.vtrack_nvr.core.library.shares"
    with patch(f"{book}.MOST_OF_ONE", 1):
        await link(hass, target)
        with pytest.raises(ServiceValidationError) as raised:
            await link(hass, target)
    assert raised.value.translation_key == "limit_shares"


async def test_links_tell_the_address_that_is_reached_from_outside(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    clip = await kept(hass, whole)
    target = range_target(clip.camera, clip.facts.range)
    made = await link(hass, target)
    assert made.url == made.path or made.url.endswith(made.path)
    await hass.config.async_update(external_url="https://home.example")
    made = await link(hass, target)
    assert made.url == f"https://home.example{made.path}"
    assert made.playlist == f"{made.url}/index.m3u8"
    assert shares.PLAYLIST_URL.format(token="x", name="index").endswith("x/index.m3u8")
