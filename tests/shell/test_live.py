"""A camera without Profile G, from the live stream into the library."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.models import ClipSource
from tests.shell.test_whole import Whole, clips_below, until, whole
from tests.simulator.footage import read_frame_numbers
from tests.simulator.timeline import frame_number

__all__ = ["whole"]

GATE = "input_boolean.recording"
type Make = Callable[..., Awaitable[Whole]]


def source_state(hass: HomeAssistant) -> str:
    [state] = [
        state
        for state in hass.states.async_all("sensor")
        if state.entity_id.endswith("_sync_state")
    ]
    return state.state


async def recording(hass: HomeAssistant, entry: Any) -> None:
    """Wait until the camera is being recorded."""

    def is_recording() -> bool:
        status = hass.data[DOMAIN].engine.status()
        [camera] = status.nvrs[entry.runtime_data.key].cameras.values()
        return camera.state == "recording"

    await until(hass, is_recording)


@pytest.fixture(autouse=True)
async def _end(hass: HomeAssistant) -> Any:
    """Stop as Home Assistant does: whatever records ends there."""
    yield
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await asyncio.sleep(0.1)


async def test_a_clip_of_a_camera_without_profile_g_is_saved(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    _, entry = await whole("no-profile-g")
    await recording(hass, entry)
    camera = hass.states.async_entity_ids("camera")[0]
    answer = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {"entity_id": camera, "before": 0, "after": 3, "timeout": 20},
        blocking=True,
        return_response=True,
    )
    [saved] = answer["saved"]
    assert saved["complete"], saved
    [clip] = clips_below(media_dir)
    shown = read_frame_numbers(clip)
    assert [number for number, _ in shown] == list(
        range(shown[0][0], shown[0][0] + len(shown))
    )
    assert all(number == frame_number(moment) for number, moment in shown)
    await entry.runtime_data.coordinator.async_refresh()
    states = {
        state.entity_id.rpartition(".")[2]: state
        for state in hass.states.async_all("sensor")
    }
    [source] = [s for k, s in states.items() if k.endswith("footage_source")]
    assert source.state == "live"
    assert source.attributes["reason"] == "no_profile_g"
    library = hass.data[DOMAIN].library
    kept = await library.browse.clip(saved["clips"][0]["clip_id"])
    assert kept.facts.source is ClipSource.LIVE
