"""The blueprints we offer, run by Home Assistant's own automations."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.vtrack_nvr.const import DOMAIN

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / DOMAIN
SAVED = {
    "camera": "Porch",
    "complete": True,
    "clips": [
        {"clip_id": 7, "media_content_id": "media-source://x", "url": "/api/clip/7"}
    ],
}


@pytest.fixture
def offered(hass: HomeAssistant) -> None:
    """Put our blueprints where Home Assistant keeps those it imported."""
    folder = Path(hass.config.path("blueprints", "automation", DOMAIN))
    shutil.copytree(BLUEPRINTS, folder)


async def automate(hass: HomeAssistant, blueprint: str, given: dict[str, Any]) -> None:
    use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": given}
    assert await async_setup_component(
        hass, "automation", {"automation": {"use_blueprint": use}}
    )
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("automation")


@pytest.mark.parametrize("has_clip", [True, False])
async def test_what_happened_is_fetched_and_handed_to_the_actions(
    hass: HomeAssistant, offered: None, has_clip: bool
) -> None:
    asked: list[ServiceCall] = []

    async def save_clip(call: ServiceCall) -> dict[str, Any]:
        asked.append(call)
        return {"saved": [SAVED if has_clip else {**SAVED, "clips": []}]}

    hass.services.async_register(
        DOMAIN, "save_clip", save_clip, supports_response=SupportsResponse.OPTIONAL
    )
    told = async_mock_service(hass, "notify", "phone")
    await automate(
        hass,
        "clip_of_what_happened",
        {
            "happened": [{"trigger": "event", "event_type": "bell"}],
            "camera": "camera.porch_live",
            "after": 5,
            "what_to_do": [
                {
                    "action": "notify.phone",
                    "data": {
                        "message": "{{ camera }} {{ video }} {{ is_complete }}",
                        "data": {"image": "{{ image }}"},
                    },
                }
            ],
        },
    )
    hass.bus.async_fire("bell")
    await hass.async_block_till_done()
    assert [call.data for call in asked] == [
        {"entity_id": ["camera.porch_live"], "before": 10, "after": 5}
    ]
    expected = [
        {
            "message": "Porch /api/clip/7 True",
            "data": {"image": "/api/vtrack_nvr/thumbnail/7"},
        }
    ]
    assert [call.data for call in told] == (expected if has_clip else [])


async def test_missing_footage_is_told_with_the_name_of_its_entity(
    hass: HomeAssistant, offered: None
) -> None:
    told = async_mock_service(hass, "notify", "phone")
    entity_id = "binary_sensor.porch_footage_missing"
    hass.states.async_set(entity_id, "off", {"friendly_name": "Porch Footage missing"})
    await automate(
        hass,
        "footage_missing",
        {
            "sensors": [entity_id],
            "patience": {"seconds": 0},
            "what_to_do": [
                {"action": "notify.phone", "data": {"message": "{{ name }}"}}
            ],
        },
    )
    hass.states.async_set(entity_id, "on", {"friendly_name": "Porch Footage missing"})
    await hass.async_block_till_done()
    assert [call.data for call in told] == [{"message": "Porch Footage missing"}]
