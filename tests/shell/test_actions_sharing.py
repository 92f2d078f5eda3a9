"""Actions about links: what they show, who may make and end them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import Clip
from tests.shell.rig import MakeWhole, sync

CAMERA = "camera.first_live"


async def act(
    hass: HomeAssistant, name: str, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return dict(answer)


async def newest(hass: HomeAssistant) -> Clip:
    [clip, *_] = await hass.data[DOMAIN].library.browse.recent(1)
    found: Clip = clip
    return found


def text(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat()


def inside(clip: Clip) -> dict[str, str]:
    span = clip.facts.range
    return {"start": text(span.start_ms + 1000), "end": text(span.end_ms - 1000)}


async def test_a_clip_an_export_and_a_range_are_shared_until_revoked(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await newest(hass)
    export = await act(hass, "export", entity_id=CAMERA, **inside(clip))
    client = await hass_client_no_auth()
    for what in (
        {"clip_id": clip.id},
        {"export_id": export["export_id"]},
        {"entity_id": CAMERA, **inside(clip)},
    ):
        made = await act(hass, "share", hours=2, **what)
        assert made["url"].endswith(made["path"])
        assert (made["playlist"] is not None) is ("start" in what)
        left = datetime.fromisoformat(made["expires"]) - datetime.now(UTC)
        assert timedelta(hours=1.9) < left <= timedelta(hours=2)
        assert (await client.get(made["path"])).status == 200
        listed = (await act(hass, "list_shares"))["shares"]
        assert [item["share_id"] for item in listed] == [made["share_id"]]
        assert made["path"] not in str(listed), "the address is told once"
        ended = await act(hass, "revoke_share", share_id=made["share_id"])
        assert ended == {"revoked": made["share_id"]}
        assert (await client.get(made["path"])).status == 404


async def test_one_thing_is_shared_at_a_time(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole("mapping-video-source", mode="on_demand")
    entities = sorted(hass.states.async_entity_ids("camera"))
    hour = {"start": "2026-01-02 00:00:00", "end": "2026-01-02 01:00:00"}
    for data, key in (
        ({}, "share_one_thing"),
        ({"entity_id": entities[0]}, "share_one_thing"),
        ({"clip_id": 1, "export_id": 1}, "share_one_thing"),
        ({"clip_id": 1, **hour}, "share_one_thing"),
        ({"clip_id": 1, "entity_id": entities[0]}, "share_one_thing"),
        ({**hour}, "share_one_thing"),
        ({"entity_id": entities, **hour}, "share_one_thing"),
        ({"clip_id": 4711}, "clip_not_found"),
        ({"export_id": 4711}, "export_not_found"),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, "share", **data)
        assert raised.value.translation_key == key, data
        assert str(raised.value)
    for hours in (0, 721):
        with pytest.raises(vol.Invalid):
            await act(hass, "share", clip_id=1, hours=hours)


async def test_people_share_what_they_control_and_end_their_own_links(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    clip = await newest(hass)
    people = {}
    for name, rights in (
        ("maker", {POLICY_READ: True, POLICY_CONTROL: True}),
        ("reader", {POLICY_READ: True}),
    ):
        user = MockUser(name=name).add_to_hass(hass)
        user.mock_policy({"entities": {"entity_ids": {CAMERA: rights}}})
        people[name] = Context(user_id=user.id)
    for data in ({"clip_id": clip.id}, {"entity_id": CAMERA, **inside(clip)}):
        with pytest.raises(Unauthorized):
            await act(hass, "share", people["reader"], **data)
    made = await act(hass, "share", people["maker"], clip_id=clip.id)
    assert (await act(hass, "list_shares", people["reader"]))["shares"] == []
    assert len((await act(hass, "list_shares", people["maker"]))["shares"]) == 1
    with pytest.raises(Unauthorized):
        await act(hass, "revoke_share", people["reader"], share_id=made["share_id"])
    await act(hass, "revoke_share", people["maker"], share_id=made["share_id"])
    assert (await act(hass, "list_shares"))["shares"] == []
    with pytest.raises(ServiceValidationError):
        await act(hass, "revoke_share", share_id=4711)


async def test_a_saved_clip_comes_with_a_link_if_asked_for(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await newest(hass)
    data = {"entity_id": CAMERA, **inside(clip), "timeout": 60}
    [saved] = (await act(hass, "save_clip", **data))["saved"]
    assert saved["link"] is saved["link_expires"] is None
    [saved] = (await act(hass, "save_clip", link_hours=24, **data))["saved"]
    client = await hass_client_no_auth()
    path = saved["link"][saved["link"].index("/api/") :]
    assert (await client.get(path)).status == 200
    [share] = (await act(hass, "list_shares"))["shares"]
    assert share["kind"] == "export"
    assert share["item_id"] == saved["export"]["export_id"]
    assert share["expires"] == saved["link_expires"]


async def test_without_a_file_the_link_leads_to_the_first_clip(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    clip = await newest(hass)
    full = NvrError(ErrorKind.STORAGE_FULL)
    with patch.object(hass.data[DOMAIN].archive.exports, "make", side_effect=full):
        [saved] = (
            await act(
                hass,
                "save_clip",
                entity_id=CAMERA,
                **inside(clip),
                link_hours=1,
                timeout=60,
            )
        )["saved"]
    assert saved["export"] is None
    assert saved["link"]
    [share] = (await act(hass, "list_shares"))["shares"]
    assert (share["kind"], share["item_id"]) == ("clip", clip.id)


async def test_what_was_not_recorded_has_no_link(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    [saved] = (
        await act(
            hass,
            "save_clip",
            entity_id=CAMERA,
            start="2026-01-02 00:00:00",
            end="2026-01-02 00:01:00",
            link_hours=1,
            timeout=5,
        )
    )["saved"]
    assert saved["link"] is None
