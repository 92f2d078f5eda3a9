"""Links that need no login, made over the WebSocket by those who may act on a camera."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.permissions import live_entity
from tests.shell.asking import MINUTE, Socket, Stock, code_of, connect, stock
from tests.shell.rig import MakeWhole

HOUR = 60 * MINUTE


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


@pytest.fixture
async def socket(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> Socket:
    return await connect(hass, hass_ws_client)


async def test_links_are_made_listed_and_ended(socket: Socket, stocked: Stock) -> None:
    assert "share" in (await socket.ask("info"))["features"]
    window = {"from_ms": stocked.start_ms, "to_ms": stocked.start_ms + MINUTE}
    of_range = await socket.ask("share/create", camera=stocked.first, hours=2, **window)
    assert of_range["url"].endswith(of_range["path"])
    assert of_range["playlist"]
    of_clip = await socket.ask("share/create", clip=stocked.clips[0])
    picture = await socket.ask("share/create", clip=stocked.clips[0], is_picture=True)
    assert of_clip["playlist"] is None
    listed = (await socket.ask("share/list"))["shares"]
    assert {row["id"]: row["kind"] for row in listed} == {
        of_range["id"]: "range",
        of_clip["id"]: "clip",
        picture["id"]: "picture",
    }
    assert all(row["is_yours"] for row in listed)
    assert of_range["path"] not in str(listed)
    assert await socket.ask("share/revoke", share=of_clip["id"]) is None
    again = socket.ask("share/revoke", share=of_clip["id"])
    assert await code_of(again) == "not_found"
    assert len((await socket.ask("share/list"))["shares"]) == 2

    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "invalid_format"),
        ({"camera": stocked.first}, "invalid_format"),
        ({"clip": stocked.clips[0], "export": 1}, "invalid_format"),
        ({"clip": 99_999}, "not_found"),
        ({"export": 99_999}, "not_found"),
        ({"camera": "x/1", **window}, "not_found"),
        ({"camera": stocked.first, "from_ms": 5, "to_ms": 5}, "bad_range"),
        ({"camera": stocked.first, "from_ms": 0, "to_ms": 6 * HOUR + 1}, "bad_range"),
        ({"clip": stocked.clips[0], "hours": 721}, "invalid_format"),
    ]
    for fields, code in wrong:
        assert await code_of(socket.ask("share/create", **fields)) == code, fields


async def test_a_link_is_made_by_who_may_act_on_the_camera_and_ended_by_its_maker(
    hass: HomeAssistant,
    socket: Socket,
    stocked: Stock,
    hass_ws_client: WebSocketGenerator,
) -> None:
    entity_id = live_entity(hass, stocked.first)
    guests: dict[str, Socket] = {}
    for name, rights in (
        ("one camera", ("read", "control")),
        ("reader", ("read",)),
        ("stranger", ()),
    ):
        user = MockUser(name=name, groups=[]).add_to_hass(hass)
        policies = dict.fromkeys(rights, True)
        user.mock_policy({"entities": {"entity_ids": {entity_id: policies}}})
        refresh = await hass.auth.async_create_refresh_token(user, "http://localhost")
        token = hass.auth.async_create_access_token(refresh)
        guests[name] = await connect(hass, hass_ws_client, token)
    theirs = await socket.ask("share/create", clip=stocked.clips[0])
    for name, code in (
        ("one camera", ""),
        ("reader", "unauthorized"),
        ("stranger", "not_found"),
    ):
        guest = guests[name]
        asked = guest.ask("share/create", clip=stocked.clips[0])
        assert await code_of(asked) == code, name
        hidden = guest.ask("share/create", clip=stocked.others[0])
        assert await code_of(hidden) == "not_found", name
        ended = guest.ask("share/revoke", share=theirs["id"])
        assert await code_of(ended) == "not_found", name
    [own] = (await guests["one camera"].ask("share/list"))["shares"]
    assert own["is_yours"]
    assert (await guests["reader"].ask("share/list"))["shares"] == []
    listed = (await socket.ask("share/list"))["shares"]
    assert {row["is_yours"] for row in listed} == {True, False}
    assert await guests["one camera"].ask("share/revoke", share=own["id"]) is None
