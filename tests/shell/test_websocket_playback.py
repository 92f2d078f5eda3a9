"""Playing over the WebSocket: a stretch is opened for those who may see it."""

from http import HTTPStatus

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.vtrack_nvr.permissions import live_entity
from tests.shell.asking import code_of, connect
from tests.shell.rig import MakeWhole, sync

HOUR = 3_600_000


async def test_a_stretch_is_opened_played_and_closed(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await whole("mapping-video-source")
    await sync(hass)
    socket = await connect(hass, hass_ws_client)
    assert "playback" in (await socket.ask("info"))["features"]
    clip = (await socket.ask("clips/list", limit=1))["clips"][0]
    span = {"from": clip["start_ms"], "to": clip["end_ms"]}
    opened = await socket.ask("playback/open", camera=clip["camera"], **span)
    assert opened["codecs"]
    client = await hass_client_no_auth()
    assert (await client.get(opened["url"])).status == HTTPStatus.OK
    assert await socket.ask("playback/close", token=opened["token"]) is None
    assert (await client.get(opened["url"])).status == HTTPStatus.NOT_FOUND

    errors = {
        "unknown_camera": {"camera": "x/1", **span},
        "bad_range": {"camera": clip["camera"], "from": 5, "to": 5},
        "no_footage": {"camera": clip["camera"], "from": 5, "to": 6},
        "invalid_format": {"camera": clip["camera"], "from": 5},
    }
    for code, fields in errors.items():
        assert await code_of(socket.ask("playback/open", **fields)) == code
    long = {"from": clip["start_ms"], "to": clip["start_ms"] + 6 * HOUR + 1}
    asked = socket.ask("playback/open", camera=clip["camera"], **long)
    assert await code_of(asked) == "bad_range"

    user = MockUser(name="Guest", groups=[]).add_to_hass(hass)
    refresh = await hass.auth.async_create_refresh_token(user, "http://localhost")
    token = hass.auth.async_create_access_token(refresh)
    guest = await connect(hass, hass_ws_client, token)
    for camera in (clip["camera"], "x/1"):
        asked = guest.ask("playback/open", camera=camera, **span)
        assert await code_of(asked) == "no_rights"
    entity_id = live_entity(hass, clip["camera"])
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True}}}})
    assert await guest.ask("playback/open", camera=clip["camera"], **span)
    fetched = guest.ask("playback/open", camera=clip["camera"], fetch=True, **span)
    assert await code_of(fetched) == "no_rights"
