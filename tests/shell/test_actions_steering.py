"""Actions that steer copying: pause and resume."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.sync.status import SyncState
from tests.shell.rig import MakeWhole


async def act(hass: HomeAssistant, name: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True
    )
    assert answer is not None
    return dict(answer)


async def state(hass: HomeAssistant) -> SyncState:
    """Return what the engine does for the only NVR."""
    status = await hass.data[DOMAIN].engine.fresh_status()
    [nvr] = status.nvrs.values()
    found: SyncState = nvr.state
    return found


async def test_a_pause_has_an_end(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole(mode="on_demand")
    answer = await act(hass, "pause", duration=30)
    assert answer["paused"] == [entry.title]
    until = datetime.fromisoformat(answer["until"])
    left = until - datetime.now(UTC)
    assert timedelta(minutes=25) < left <= timedelta(minutes=30)
    assert await state(hass) is SyncState.PAUSED
    status = await hass.data[DOMAIN].engine.fresh_status()
    [nvr] = status.nvrs.values()
    told = datetime.fromtimestamp(nvr.paused_until_ms / 1000, UTC)
    assert abs(told - until) < timedelta(seconds=30)


async def test_a_pause_is_ended_by_hand(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole(mode="on_demand")
    runtime = entry.runtime_data
    await act(hass, "pause", device_id=runtime.device_id)
    assert await act(hass, "resume") == {"resumed": [entry.title]}
    assert await state(hass) is not SyncState.PAUSED
    assert await act(hass, "resume") == {"resumed": [entry.title]}, "as often as liked"


async def test_footage_is_saved_during_a_pause(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole(mode="on_demand")
    await act(hass, "pause")
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    answer = await act(
        hass,
        "save_clip",
        entity_id=hass.states.async_entity_ids("camera"),
        start=datetime.fromtimestamp((start_ms + 2000) / 1000, UTC),
        end=datetime.fromtimestamp((end_ms - 2000) / 1000, UTC),
        timeout=60,
    )
    assert answer["saved"][0]["complete"]


async def test_a_pause_is_of_whole_devices(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole("mapping-video-source", mode="on_demand")
    first, *_ = sorted(hass.states.async_entity_ids("camera"))
    for name in ("pause", "resume"):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, name, entity_id=first)
        assert raised.value.translation_key == "pause_in_part"
    for wrong in (0, 1441):
        with pytest.raises(vol.Invalid):
            await act(hass, "pause", duration=wrong)


async def test_what_is_under_way_is_cancelled(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    camera = hass.states.async_entity_ids("camera")
    now = datetime.now(UTC)
    waiting = hass.async_create_task(
        act(
            hass,
            "save_clip",
            entity_id=camera,
            start=now - timedelta(seconds=5),
            end=now + timedelta(minutes=30),
            timeout=3600,
        )
    )
    for _ in range(1000):
        if (answer := await act(hass, "cancel_sync"))["requests"]:
            break
        await asyncio.sleep(0.05)
    assert answer["cameras"] == 1
    async with asyncio.timeout(60):
        [saved] = (await waiting)["saved"]
    assert saved["outcome"] == "cancelled"
    assert not saved["complete"]
    assert await act(hass, "cancel_sync", entity_id=camera) == {
        "cameras": 1,
        "copies": 0,
        "requests": 0,
        "syncs": 0,
    }
