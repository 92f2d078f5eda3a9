"""Live view beside the copying of recordings: the picture on a screen goes first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from homeassistant.components.camera import async_request_stream
from homeassistant.components.stream import Stream
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.runtime.viewers import LiveViewers
from tests.insides import workers_of
from tests.shell.rig import MakeWhole, until


def running(hass: HomeAssistant) -> int:
    """Return how many fetches the engine has under way."""
    status = workers_of(hass.data[DOMAIN].engine)
    return sum(len(worker.state.fetches) for worker in status.values())


def camera(hass: HomeAssistant) -> tuple[str, Any]:
    [entity_id] = hass.states.async_entity_ids("camera")
    return entity_id, hass.data["camera"].get_entity(entity_id)


async def slow_device(whole: MakeWhole, **settings: Any) -> Any:
    """Return a device that serves two sessions and plays in real time."""
    nvr, _ = await whole(**settings)
    nvr.faults.rtsp.ignore_rate_control = True
    nvr.faults.rtsp.max_sessions = 2
    return nvr


async def begin_copying(hass: HomeAssistant) -> None:
    await hass.services.async_call(DOMAIN, "sync", {"wait": False}, blocking=True)
    await until(hass, lambda: running(hass) == 1)


@pytest.fixture(autouse=True)
async def _end(hass: HomeAssistant) -> AsyncIterator[None]:
    """Stop as Home Assistant does: streams and fetches end there."""
    yield
    for stream in tuple(hass.data.get("stream", {}).get("streams", ())):
        for output in tuple(stream.outputs().values()):
            await stream.remove_provider(output)
        await stream.stop()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()


async def test_a_viewer_of_a_device_with_two_sessions_is_never_refused(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    """Replay rests while Home Assistant's stream is open, and goes on afterwards."""
    nvr = await slow_device(whole)
    await begin_copying(hass)
    entity_id, entity = camera(hass)
    await async_request_stream(hass, entity_id, "hls")
    stream: Stream = entity.stream
    await until(hass, lambda: running(hass) == 0)
    await until(hass, lambda: bool(stream.outputs()["hls"].sequences), 60)
    assert entity.runtime.viewers.is_watched()
    assert nvr.rtsp.counters.sessions_most <= 2
    for _ in range(20):
        await asyncio.sleep(0.05)
        assert running(hass) == 0
    await stream.remove_provider(stream.outputs()["hls"])
    await until(hass, lambda: running(hass) == 1)


async def test_a_stream_that_is_preloaded_for_nobody_holds_back_nothing(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await slow_device(whole)
    entity_id, entity = camera(hass)
    await async_request_stream(hass, entity_id, "hls")
    output = entity.stream.outputs()["hls"]
    assert entity.runtime.viewers.is_watched()
    output.idle_timer.idle = True  # as after five minutes without a request
    assert not entity.runtime.viewers.is_watched()
    await begin_copying(hass)


async def test_a_person_who_asks_is_served_beside_a_viewer(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr = await slow_device(whole, mode="on_demand")
    entity_id, entity = camera(hass)
    await async_request_stream(hass, entity_id, "hls")
    timeline = nvr.channels[0].timeline
    start_ms = timeline.segments(nvr.clock.now_ms())[0][0] + 2_000
    times = [datetime.fromtimestamp((start_ms + add) / 1000, UTC) for add in (0, 3_000)]
    saved = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {"entity_id": entity_id, "start": times[0], "end": times[1]},
        blocking=True,
        return_response=True,
    )
    assert saved
    assert nvr.rtsp.counters.sessions_most == 2
    assert entity.runtime.viewers.is_watched()


def test_pictures_come_and_go_and_tell_of_it() -> None:
    told = []
    viewers = LiveViewers(lambda: told.append(1))
    assert not viewers.is_watched()
    seen = {"one": False, "two": True}
    first = viewers.add(lambda: seen["one"])
    second = viewers.add(lambda: seen["two"])
    assert viewers.is_watched()
    second()
    assert not viewers.is_watched()
    seen["one"] = True
    assert viewers.is_watched()
    first()
    first()
    assert not viewers.is_watched()
    assert told == [1, 1, 1]
