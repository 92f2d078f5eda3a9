"""What a dashboard asks first, in a real Home Assistant with a simulated NVR."""

from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import (
    ErrorKind,
    Limit,
    LimitError,
    NvrError,
)
from custom_components.vtrack_nvr.websocket import COMMANDS, info as info_commands
from tests.shell.asking import AnsweredError, Socket, code_of, connect, stock
from tests.shell.rig import MakeWhole


@pytest.fixture
async def socket(
    hass: HomeAssistant, whole: MakeWhole, hass_ws_client: WebSocketGenerator
) -> Socket:
    await whole("mapping-video-source", mode="on_demand")
    await stock(hass)
    return await connect(hass, hass_ws_client)


async def test_info_names_what_is_there_and_how_it_is_told(
    hass: HomeAssistant, socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = await socket.ask("info")
    assert info["api"] == 1
    assert info["version"]
    assert info["user"]["is_admin"]
    assert info["states"][0] == "unknown"
    assert len(info["states"]) == 11
    [nvr] = info["nvrs"]
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert nvr["entry_id"] == entry.entry_id
    assert entry.entry_id in nvr["configure_url"]
    assert not nvr["is_former"]
    cameras = info["cameras"]
    assert len(cameras) == 4
    for camera in cameras:
        assert camera["nvr"] == nvr["key"]
        assert hass.states.get(camera["entity_id"]) is not None
        assert camera["may_control"]
        assert camera["has_recordings"]
    assert cameras[0]["first_ms"] is not None
    assert info["next"] is None
    assert info["urls"]["clip"] == "/api/vtrack_nvr/clip/{id}"
    assert max(socket.sizes) < 256 * 1024

    monkeypatch.setattr(info_commands, "PAGE", 3)
    first = await socket.ask("info")
    second = await socket.ask("info", cursor=first["next"])
    assert [*first["cameras"], *second["cameras"]] == cameras
    assert second["next"] is None
    assert await code_of(socket.ask("info", cursor="nobody")) == "invalid_format"


async def test_what_is_not_in_the_contract_is_refused(socket: Socket) -> None:
    with pytest.raises(AnsweredError) as raised:
        await socket.ask("info", surprise=1)
    assert raised.value.code == "invalid_format"
    for name in COMMANDS:
        code = await code_of(socket.ask(name, surprise=1))
        assert code == "invalid_format", name


async def test_whatever_is_raised_is_answered_by_the_codes_of_the_contract(
    hass: HomeAssistant, socket: Socket
) -> None:
    [row] = (await socket.ask("clips/list", limit=1))["clips"]
    library = hass.data[DOMAIN].library
    for error, code, key in (
        (NvrError(ErrorKind.INDEX_FAILED), "failed", "index_failed"),
        (LimitError(Limit.REQUESTS, {"most": "5"}), "failed", "limit_requests"),
        (NvrError(ErrorKind.LIMIT), "too_many", "too_many"),
        (Unauthorized(), "unauthorized", "not_allowed"),
        (HomeAssistantError("no"), "failed", None),
    ):
        with (
            patch.object(library.browse, "clip", side_effect=error),
            pytest.raises(AnsweredError) as raised,
        ):
            await socket.ask("clips/get", clip=row["id"])
        assert (raised.value.code, raised.value.key) == (code, key)
        assert raised.value.message


async def test_a_former_camera_is_told_to_administrators(
    hass: HomeAssistant, socket: Socket
) -> None:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    info = await socket.ask("info")
    assert {camera["is_former"] for camera in info["cameras"]} == {True}
    assert info["nvrs"][0]["is_former"]
    key = info["cameras"][0]["key"]
    at = info["cameras"][0]["first_ms"]
    found = await socket.ask("coverage/at", camera=key, t_ms=at)
    assert found["state"] == "kept"
    code = await code_of(socket.ask("fetch", camera=key, from_ms=at, to_ms=at + 1000))
    assert code == "not_found"
