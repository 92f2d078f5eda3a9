"""Live view by WebRTC, through Home Assistant's go2rtc."""

from collections.abc import AsyncIterator
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.shell.conftest import StartNvr, entry_for
from tests.shell.go2rtc_stand_in import ANSWER, Go2Rtc, go2rtc
from tests.shell.rig import MakeWhole, until

OFFER = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@pytest.fixture
async def server(hass: HomeAssistant, socket_enabled: None) -> AsyncIterator[Go2Rtc]:
    """Home Assistant's go2rtc integration with a server beside it."""
    async with go2rtc() as server:
        config = {"go2rtc": {"url": server.url}}
        assert await async_setup_component(hass, "go2rtc", config)
        await hass.async_block_till_done()
        yield server


def entity_of(hass: HomeAssistant) -> Any:
    [entity_id] = hass.states.async_entity_ids("camera")
    return hass.data["camera"].get_entity(entity_id)


async def offer(socket: Any, entity_id: str) -> tuple[int, list[dict[str, Any]]]:
    """Offer a session; return the command's id and what is told until the answer."""
    await socket.send_json_auto_id(
        {"type": "camera/webrtc/offer", "entity_id": entity_id, "offer": OFFER}
    )
    result = await socket.receive_json()
    assert result["success"], result
    told: list[dict[str, Any]] = []
    while not told or told[-1]["type"] not in {"answer", "error"}:
        told.append((await socket.receive_json())["event"])
    return result["id"], told


async def test_go2rtc_is_given_a_stream_that_plays_and_a_viewer_is_seen(
    hass: HomeAssistant,
    server: Go2Rtc,
    whole: MakeWhole,
    hass_ws_client: WebSocketGenerator,
) -> None:
    await whole(mode="on_demand")
    entity = entity_of(hass)
    socket = await hass_ws_client()
    await socket.send_json_auto_id(
        {"type": "camera/capabilities", "entity_id": entity.entity_id}
    )
    capabilities = (await socket.receive_json())["result"]
    assert set(capabilities["frontend_stream_types"]) == {"hls", "web_rtc"}
    number, told = await offer(socket, entity.entity_id)
    assert told[-1] == {"type": "answer", "answer": ANSWER}
    assert server.opened == ["h264"]
    assert not entity.runtime.viewers.is_watched()
    await socket.send_json_auto_id(
        {
            "type": "camera/webrtc/candidate",
            "entity_id": entity.entity_id,
            "session_id": told[0]["session_id"],
            "candidate": {"candidate": "candidate:1"},
        }
    )
    await until(hass, entity.runtime.viewers.is_watched)
    await socket.send_json_auto_id(
        {"type": "unsubscribe_events", "subscription": number}
    )
    await until(hass, lambda: not entity.runtime.viewers.is_watched())
    await until(hass, lambda: server.sessions == 0)


async def test_h265_is_handed_on_as_it_is(
    hass: HomeAssistant,
    server: Go2Rtc,
    media_dir: object,
    start_nvr: StartNvr,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Whether a browser plays it by WebRTC is the browser's: nothing here converts live."""
    nvr = (await start_nvr("h265-media2-only"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    entity_id = entity_of(hass).entity_id
    _, told = await offer(await hass_ws_client(), entity_id)
    assert told[-1]["type"] == "answer"
    assert server.opened == ["hevc"]


async def test_a_device_that_is_away_is_said_to_whoever_wants_to_look(
    hass: HomeAssistant,
    server: Go2Rtc,
    whole: MakeWhole,
    hass_ws_client: WebSocketGenerator,
) -> None:
    nvr, _ = await whole(mode="on_demand")
    entity_id = entity_of(hass).entity_id
    nvr.faults.rtsp.busy = True
    _, told = await offer(await hass_ws_client(), entity_id)
    assert told[-1]["type"] == "error"
    assert server.opened == []
