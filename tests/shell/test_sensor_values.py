"""How the sensors read their values; pure."""

# Reads private members: that memory is bounded is told to nobody.

from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import async_update_entity
from homeassistant.setup import async_setup_component
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.upkeep_values import RoomTrouble
from custom_components.vtrack_nvr.core.library.values import RootInfo
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    DeviceEvent,
    DeviceNotice,
    EventClass,
    NvrKey,
)
from custom_components.vtrack_nvr.core.sync.status import (
    CameraStatus,
    NvrStatus,
    Progress,
)
from custom_components.vtrack_nvr.runtime.notices import MOST_SOURCES, NoticeBoard
from custom_components.vtrack_nvr.sensor_tables import (
    CAMERA_SENSORS,
    NVR_SENSORS,
    throughput,
)
from custom_components.vtrack_nvr.storage_devices import STORAGES
from tests.shell.rig import MakeWhole, sync

CAM, NVR = CameraKey("nvr/1"), NvrKey("nvr")
NOW = 1_800_000_000_000


def status(**values: Any) -> CameraStatus:
    return CameraStatus(CAM, **values)


def value(key: str, of: CameraStatus) -> Any:
    [found] = [item for item in CAMERA_SENSORS if item.key == key]
    return found.value_fn(of)


def test_how_fast_footage_is_copied() -> None:
    # 30 of 60 s of footage, 15 MB, at ten times its speed: 15 MB in 3 s.
    progress = Progress(NOW, NOW + 60_000, 0.5, 15_000_000, 10.0, None)
    begun = Progress(NOW, NOW + 60_000, 0.0, 0, 0.0, None)
    cameras = {
        CameraKey("a"): status(progress=progress),
        CameraKey("b"): status(progress=begun),
        CameraKey("c"): status(),
    }
    assert throughput(NvrStatus(NVR, cameras=cameras)) == 40.0
    assert throughput(NvrStatus(NVR)) == 0


def test_progress_and_speed_are_those_of_the_copy_under_way() -> None:
    progress = Progress(NOW, NOW + 60_000, 0.253, 1, 3.14, None)
    assert value("progress", status(progress=progress)) == 25
    assert value("speed", status(progress=progress)) == 3.1
    assert value("progress", status()) is None
    assert value("speed", status()) is None


def test_times_that_are_estimated_anew_stand_still() -> None:
    [next_sync] = [item for item in NVR_SENSORS if item.key == "next_sync"]
    minute = NOW // 60_000 * 60_000
    texts = {
        str(next_sync.value_fn(NvrStatus(NVR, next_sweep_ms=minute + jitter)))
        for jitter in (-20_000, 0, 20_000)
    }
    assert len(texts) == 1
    assert next_sync.value_fn(NvrStatus(NVR)) is None


def test_no_last_clip_has_no_attributes() -> None:
    [last] = [item for item in CAMERA_SENSORS if item.key == "last_clip"]
    assert last.attributes_fn is not None
    assert last.attributes_fn(status()) == {}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_is_read_from_the_index(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await hass.config.async_set_time_zone("UTC")  # simulated footage lies by its days
    _, entry = await whole()
    await sync(hass)
    sensors = [
        f"sensor.first_{name}"
        for name in ("days_held", "coverage_today", "failures_in_24_hours")
    ]
    for sensor in sensors:
        await async_update_entity(hass, sensor)
    held, today, failures = (hass.states.get(sensor) for sensor in sensors)
    assert 0 < float(held.state) < 3
    assert held.attributes["promised_days"] == 30
    assert today.state == "unknown"  # what the device holds is of yesterday
    assert failures.state == "0"
    browse = entry.runtime_data.hub.library.browse
    failed = AsyncMock(side_effect=NvrError(ErrorKind.INDEX_FAILED))
    with patch.object(browse, "totals", failed):
        await async_update_entity(hass, sensors[0])
    assert hass.states.get(sensors[0]).state == held.state


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_nothing_kept_is_no_days(hass: HomeAssistant, whole: MakeWhole) -> None:
    await whole(mode="on_demand")
    assert hass.states.get("sensor.first_days_held").state == "unknown"


async def test_storages_without_an_index_are_unavailable(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    await whole(mode="on_demand")
    coordinator = hass.data[STORAGES]
    library = hass.data[DOMAIN].library
    failed = AsyncMock(side_effect=NvrError(ErrorKind.INDEX_FAILED))
    with patch.object(library, "roots", failed):
        await coordinator.async_refresh()
    await hass.async_block_till_done()
    sensor = "sensor.storage_media_free_space"
    assert hass.states.get(sensor).state == "unavailable"
    crowded = RootInfo(
        1, media_dir, "media", 0, "other", clips=1, room=RoomTrouble.NOT_FREED
    )
    [known] = await library.roots()
    names = [RootInfo(1, media_dir, "media", 0, known.uuid, room=RoomTrouble.REFUSED)]
    with patch.object(library, "roots", AsyncMock(return_value=(*names, crowded))):
        await coordinator.async_refresh()
    await hass.async_block_till_done()
    problem = hass.states.get("binary_sensor.storage_media_problem")
    assert (problem.state, problem.attributes["reason"]) == ("on", "refused")
    assert hass.states.get("binary_sensor.storage_media_problem_2").state == "on"
    free = hass.states.get(sensor)
    assert free.state == "unknown"
    with patch.object(library, "roots", AsyncMock(return_value=())):
        await coordinator.async_refresh()
    await hass.async_block_till_done()
    assert hass.states.get(sensor) is None


def notice(kind: DeviceNotice, topic: str, is_active: bool = True) -> DeviceEvent:
    return DeviceEvent(EventClass.OTHER, topic, "", 0, is_active, notice=kind)


def test_a_notice_holds_while_any_source_says_so() -> None:
    board = NoticeBoard()
    told: list[int] = []
    end = board.subscribe(DeviceNotice.STORAGE_FAILURE, lambda: told.append(1))
    assert board.is_on(DeviceNotice.STORAGE_FAILURE) is None
    board.note(CAM, notice(DeviceNotice.STORAGE_FAILURE, "disk 1"))
    board.note(CAM, notice(DeviceNotice.STORAGE_FAILURE, "disk 1"))
    board.note(None, notice(DeviceNotice.STORAGE_FAILURE, "disk 2"))
    board.note(None, notice(DeviceNotice.STORAGE_FAILURE, "disk 1", is_active=False))
    assert board.is_on(DeviceNotice.STORAGE_FAILURE) is True
    board.note(None, notice(DeviceNotice.STORAGE_FAILURE, "disk 2", is_active=False))
    assert board.is_on(DeviceNotice.STORAGE_FAILURE) is False
    assert len(told) == 4
    end()
    board.lose()
    assert board.is_on(DeviceNotice.STORAGE_FAILURE) is None
    assert len(told) == 4


def test_what_is_no_notice_is_none_and_topics_cost_bounded_memory() -> None:
    board = NoticeBoard()
    board.note(CAM, DeviceEvent(EventClass.MOTION, "Motion", "", 0, is_active=True))
    for number in range(3 * MOST_SOURCES):
        board.note(CAM, notice(DeviceNotice.VIDEO_LOSS, f"topic {number}"))
    [known] = board._sources.values()
    assert len(known) == MOST_SOURCES


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_recorder_tells_which_cameras_it_records(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole("mapping-video-source", mode="on_demand")
    [sensor] = [
        each.entity_id
        for each in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if each.unique_id == f"{entry.unique_id}_device_recording"
    ]
    first, *others = sorted(
        camera.name for camera in entry.runtime_data.cameras.values()
    )

    def told() -> tuple[str, list[str], list[str], list[str]]:
        state = hass.states.get(sensor)
        assert state is not None
        names = state.attributes
        return (
            state.state,
            names["recording"],
            names["not_recording"],
            names["unknown"],
        )

    async def look() -> None:
        await sync(hass)
        await entry.runtime_data.coordinator.async_refresh()
        await hass.async_block_till_done()

    await look()
    assert told() == ("off", [], [first, *others], [])
    nvr.record(is_on=True, camera=first)
    await look()
    assert told() == ("on", [first], others, [])
    nvr.record(is_on=False)
    nvr.faults.no_status = True
    await look()
    assert told() == ("unknown", [], [], [first, *others])


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_the_device_holds_and_the_last_clip_are_shown(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    await sync(hass)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    [held] = nvr.ledger().values()
    expected = {
        "oldest_footage_on_device": min(start for start, _ in held["segments"]),
        "newest_footage_on_device": max(end for _, end in held["segments"]),
        "last_clip": (await hass.data[DOMAIN].library.browse.recent(1))[
            0
        ].facts.range.start_ms,
    }
    for name, utc_ms in expected.items():
        state = hass.states.get(f"sensor.first_{name}")
        assert state is not None, name
        told = datetime.fromisoformat(state.state).timestamp() * 1000
        assert abs(told - utc_ms) <= 1000, name
    last = hass.states.get("sensor.first_last_clip").attributes
    assert await async_setup_component(hass, "media_source", {})
    playable = await async_resolve_media(hass, last["media_content_id"], None)
    assert playable.mime_type.startswith("video/mp4")


async def test_how_far_a_devices_clock_is_ahead_is_shown(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole("clock-3-years-off", mode="on_demand")
    [sensor] = [
        each
        for each in hass.states.async_entity_ids("sensor")
        if each.endswith("_clock_offset")
    ]
    await sync(hass)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    ahead_s = nvr.spec.clock_offset_ms / 1000
    assert abs(float(hass.states.get(sensor).state) - ahead_s) <= 5
