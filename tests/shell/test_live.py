"""A camera without Profile G, from the live stream into the library."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
import math
from pathlib import Path
import time
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest
import voluptuous as vol

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    CoverageState,
    DeviceEvent,
    EventClass,
)
from custom_components.vtrack_nvr.core.sync.status import FootageSource, SourceReason
from tests.lateness import Lateness
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole as Make, clips_below, until
from tests.simulator.footage import read_frame_numbers
from tests.simulator.timeline import frame_number

pytestmark = pytest.mark.long

GATE = "input_boolean.recording"
UNCUT = {"clip_minutes": 10**8}
"""No wall-clock border of a clip this long lies near: files are cut by events only."""


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


@pytest.fixture
def lateness() -> Iterator[Lateness]:
    with Lateness() as measured:
        yield measured


async def test_a_clip_of_a_camera_without_profile_g_is_saved(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    _, entry = await whole("no-profile-g", **UNCUT)
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
    status = await hass.data[DOMAIN].engine.fresh_status()
    [told] = status.nvrs[entry.runtime_data.key].cameras.values()
    assert told.source is FootageSource.LIVE
    assert told.source_reason is SourceReason.NO_PROFILE_G
    library = hass.data[DOMAIN].library
    kept = await library.browse.clip(saved["clips"][0]["clip_id"])
    assert kept.facts.source is ClipSource.LIVE


async def test_a_recording_is_started_by_hand(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    await whole("no-profile-g", mode="on_demand", **UNCUT)
    camera = hass.states.async_entity_ids("camera")[0]
    answer = await hass.services.async_call(
        DOMAIN,
        "record",
        {"entity_id": camera, "duration": 2},
        blocking=True,
        return_response=True,
    )
    [told] = answer["recording"]
    assert told["start"] < told["end"]
    await until(hass, lambda: len(clips_below(media_dir)) == 1)
    assert len(read_frame_numbers(clips_below(media_dir)[0])) >= 10
    with pytest.raises(vol.Invalid):
        await hass.services.async_call(
            DOMAIN, "record", {"entity_id": camera, "duration": 3601}, blocking=True
        )


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_recording_by_hand_goes_on_and_is_stopped(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    _, entry = await whole("no-profile-g", mode="on_demand", **UNCUT)
    camera = hass.states.async_entity_ids("camera")[0]
    [sensor] = [
        each
        for each in hass.states.async_entity_ids("binary_sensor")
        if each.endswith("_recording_live")
    ]
    assert hass.states.get(sensor).state == "off"

    async def act(name: str, **data: Any) -> dict[str, Any]:
        answer = await hass.services.async_call(
            DOMAIN,
            name,
            {"entity_id": camera, **data},
            blocking=True,
            return_response=True,
        )
        [[told]] = answer.values()
        return told

    assert await act("stop_recording") == {
        "camera": "Live only",
        "stopped": False,
        "start": None,
        "end": None,
    }
    first = await act("record", duration=1800)
    await act("record", duration=3600)  # the same recording, longer
    await recording(hass, entry)
    await until(hass, lambda: hass.states.get(sensor).state == "on")
    await asyncio.sleep(2)
    stopped = await act("stop_recording")
    assert stopped["stopped"]
    assert stopped["start"] == first["start"]
    length = datetime.fromisoformat(stopped["end"]) - datetime.fromisoformat(
        stopped["start"]
    )
    assert 1 < length.total_seconds() < 1800
    await until(hass, lambda: len(clips_below(media_dir)) == 1)
    await until(hass, lambda: hass.states.get(sensor).state == "off")
    assert not (await act("stop_recording"))["stopped"]
    await asyncio.sleep(2)
    assert len(clips_below(media_dir)) == 1, "what began together is one clip"


async def test_a_recording_of_a_camera_that_is_gone_cannot_be_stopped(
    hass: HomeAssistant, whole: Make
) -> None:
    await whole("no-profile-g", mode="on_demand")
    with pytest.raises(NvrError) as raised:
        await hass.data[DOMAIN].live.stop_recording(CameraKey("gone/1"))
    assert raised.value.kind is ErrorKind.GONE


async def test_a_camera_with_recordings_is_recorded_live_on_request(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    await whole(mode="on_demand", **UNCUT)
    camera = hass.states.async_entity_ids("camera")[0]
    await hass.services.async_call(
        DOMAIN, "record", {"entity_id": camera, "duration": 2}, blocking=True
    )
    await until(hass, lambda: len(clips_below(media_dir)) == 1)


async def test_a_gate_starts_and_ends_the_recording(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    hass.states.async_set(GATE, "off")
    _, entry = await whole("no-profile-g", **UNCUT)
    [subentry] = entry.subentries.values()
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "live_gate": GATE}
    )
    await hass.async_block_till_done()
    live = hass.data[DOMAIN].live
    [camera] = entry.runtime_data.cameras.values()
    await until(hass, lambda: live.state(camera.key) is LiveState.IDLE)
    await asyncio.sleep(0.5)
    before = len(clips_below(media_dir))
    hass.states.async_set(GATE, "on")
    await until(hass, lambda: live.state(camera.key) is LiveState.RECORDING)
    await asyncio.sleep(1.0)
    hass.states.async_set(GATE, "off")
    await until(hass, lambda: len(clips_below(media_dir)) == before + 1)
    await until(hass, lambda: live.state(camera.key) is LiveState.IDLE)


async def test_an_event_is_recorded_with_what_came_before(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    nvr, entry = await whole(
        "no-profile-g", mode="events", pre_roll=3, post_roll=2, **UNCUT
    )
    live = hass.data[DOMAIN].live
    engine = hass.data[DOMAIN].engine
    [camera] = entry.runtime_data.cameras.values()
    await until(hass, lambda: live.state(camera.key) is LiveState.WATCHING)
    await asyncio.sleep(3.0)
    begun = time.time_ns() // 1_000_000

    def event(is_active: bool) -> DeviceEvent:
        now_ms = time.time_ns() // 1_000_000
        token = nvr.channels[0].source_token
        return DeviceEvent(EventClass.MOTION, "motion", token, now_ms, is_active)

    engine.notify_event(entry.runtime_data.key, event(True))
    await asyncio.sleep(3.0)
    ended = time.time_ns() // 1_000_000
    engine.notify_event(entry.runtime_data.key, event(False))
    await until(hass, lambda: len(clips_below(media_dir)) == 1)
    times = [moment for _, moment in read_frame_numbers(clips_below(media_dir)[0])]
    assert times[0] <= begun - 2_000
    assert times[-1] >= ended + 1_500
    assert times[-1] < ended + 6_000
    await until(hass, lambda: live.state(camera.key) is LiveState.WATCHING)


async def test_what_was_missed_is_in_the_ledger(
    hass: HomeAssistant, whole: Make, media_dir: Path
) -> None:
    nvr, entry = await whole("no-profile-g", **UNCUT)
    await recording(hass, entry)
    [camera] = entry.runtime_data.cameras.values()
    library = hass.data[DOMAIN].library
    begun = time.time_ns() // 1_000_000
    await nvr.stop()
    live = hass.data[DOMAIN].live
    await until(hass, lambda: live.state(camera.key) is LiveState.WAITING)
    await asyncio.sleep(1.5)
    await nvr.start()
    await recording(hass, entry)
    spans = await library.ledger.coverage(
        camera.key, TimeRange(begun, begun + 3_600_000)
    )
    lost = [span for span in spans if span.state is CoverageState.LOST]
    assert lost
    assert {span.reason for span in lost} <= {"interrupted", "unreachable", "starting"}
    status = await hass.data[DOMAIN].engine.fresh_status()
    assert status.camera(entry.runtime_data.key, camera.key).lost_s > 0


async def test_the_time_home_assistant_did_not_run_is_a_gap(
    hass: HomeAssistant,
    start_nvr: StartNvr,
    media_dir: Path,
    hass_storage: dict[str, Any],
) -> None:
    nvr = (await start_nvr("no-profile-g"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    [subentry] = entry.subentries.values()
    camera = CameraKey(subentry.unique_id)
    store = f"{DOMAIN}.live"
    since = time.time_ns() // 1_000_000 - 60_000
    hass_storage[store] = {"version": 1, "key": store, "data": {camera: since}}
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await recording(hass, entry)
    library = hass.data[DOMAIN].library
    spans = await library.ledger.coverage(camera, TimeRange(since, since + 3_600_000))
    assert spans[0].state is CoverageState.LOST
    assert spans[0].reason == "not_running"
    assert spans[0].range.start_ms == since
    assert spans[0].range.duration_ms >= 60_000
    assert hass_storage[store]["data"][camera] > since
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[store]["data"] == {}


async def test_holes_of_a_live_recording_are_filled_from_the_device(
    hass: HomeAssistant, whole: Make, media_dir: Path, lateness: Lateness
) -> None:
    folder = media_dir / "vtrack_nvr"
    nvr, entry = await whole("demo", source="live", settle=0)
    await recording(hass, entry)
    live = hass.data[DOMAIN].live
    [camera] = entry.runtime_data.cameras.values()
    await asyncio.sleep(2.0)
    begun = time.time_ns() // 1_000_000
    nvr.rtsp.faults.not_found = True
    await asyncio.to_thread(nvr.rtsp.drop_connections)
    await until(hass, lambda: live.state(camera.key) is LiveState.WAITING)
    await asyncio.sleep(3.0)
    nvr.rtsp.faults.not_found = False
    await recording(hass, entry)
    await until(hass, lambda: live.state(camera.key) is LiveState.RECORDING)
    ended = time.time_ns() // 1_000_000
    library = hass.data[DOMAIN].library
    window = TimeRange(begun, ended)
    spans = await library.ledger.coverage(camera.key, window)
    missed = [span for span in spans if span.state is CoverageState.ON_DEVICE]
    assert {span.reason for span in missed} >= {"gone"}
    await asyncio.sleep(7.0)  # footage younger than this goes over into live
    await hass.services.async_call(
        DOMAIN,
        "sync",
        {
            "entity_id": hass.states.async_entity_ids("camera")[0],
            "start": datetime.fromtimestamp(missed[0].range.start_ms / 1000, UTC),
            "end": datetime.fromtimestamp(missed[-1].range.end_ms / 1000, UTC),
        },
        blocking=True,
    )
    clips = await library.ledger.clips(camera.key, window)
    filled = [clip for clip in clips if clip.facts.source is ClipSource.BACKFILL]
    assert filled
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    numbers = [
        number
        for clip in clips_below(media_dir)
        for number, moment in read_frame_numbers(clip)
        if moment > begun - 2_000
    ]
    shown = sorted(set(numbers))
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    # Footage is replayed in whole groups, and the groups of live and of recorded footage
    # begin at moments of their own: up to a group is there twice at either end. The hole
    # ends where the first live picture is dated by its arrival: a few milliseconds late,
    # or as much as this machine is.
    end = 20 + 3 + math.ceil(lateness.allowance_ms / 100)
    seams: set[int] = set()
    for clip in filled:
        replayed = sorted(n for n, _ in read_frame_numbers(folder / clip.path))
        seams |= {*replayed[:20], *replayed[-end:]}
    times = Counter(numbers)
    assert {number for number, count in times.items() if count > 1} <= seams
    assert max(times.values()) <= 2
