"""Set-up, changes while loaded, removal: what is left behind, and what is not."""

# Reads private members: gates, and what the hub calls, have no public face; each is exchanged or asked for once.

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr import (
    _async_updated,
    async_migrate_entry,
    async_remove_config_entry_device,
    async_remove_entry,
)
from custom_components.vtrack_nvr.const import (
    CONF_GATE,
    CONF_LIVE_GATE,
    CONF_STORAGE,
    DOMAIN,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.runtime import CameraRuntime
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.flow_steps import read
from tests.shell.rig import MakeWhole, clips_below, until

GATE = "input_boolean.copy"


async def sync_range(hass: HomeAssistant, nvr: Any) -> None:
    """Fetch the first stretch that the device holds."""
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    times = {
        "start": datetime.fromtimestamp(start_ms / 1000, UTC),
        "end": datetime.fromtimestamp(end_ms / 1000, UTC),
    }
    await hass.services.async_call(DOMAIN, "sync", times, blocking=True)


def gate_issues(hass: HomeAssistant) -> list[str]:
    return [
        read(issue.translation_placeholders)["entity"]
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "gate_missing"
    ]


# The index


async def test_without_an_index_the_integration_is_not_set_up_and_says_so(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    broken = NvrError(ErrorKind.INDEX_FAILED, "the disk is full")
    with patch.object(Library, "open", side_effect=broken):
        assert not await async_setup_component(hass, DOMAIN, {})
    assert "the disk is full" in caplog.text
    assert DOMAIN not in hass.data


async def test_a_configuration_folder_that_cannot_be_written_is_an_index_that_failed(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = Path(hass.config.path(DOMAIN))
    await hass.async_add_executor_job(in_the_way.write_text, "a file")
    assert not await async_setup_component(hass, DOMAIN, {})
    assert "index_failed" in caplog.text


async def test_pictures_that_have_no_folder_keep_nothing_else_from_starting(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = Path(hass.config.cache_path(DOMAIN))

    def put() -> None:
        in_the_way.parent.mkdir(parents=True, exist_ok=True)
        in_the_way.write_text("a file", encoding="utf-8")

    await hass.async_add_executor_job(put)
    assert await async_setup_component(hass, DOMAIN, {})
    assert "Pictures of clips are made anew" in caplog.text


async def test_the_index_follows_the_time_zone_of_the_house(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    library = hass.data[DOMAIN].library
    with patch.object(library, "set_time_zone", AsyncMock()) as told:
        await hass.config.async_update(elevation=5)
        await hass.async_block_till_done()
        told.assert_not_awaited()
        await hass.config.async_update(time_zone="Asia/Kathmandu")
        await hass.async_block_till_done()
    told.assert_awaited_once_with("Asia/Kathmandu")


async def test_one_part_that_does_not_stop_keeps_none_of_the_others(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    hub = hass.data[DOMAIN]
    closed: list[str] = []

    async def fail() -> None:
        closed.append("fetcher")
        raise OSError

    close = hub.library.close

    async def close_library() -> None:
        closed.append("library")
        await close()

    fetcher = hub.archive._fetcher
    stop_fetcher = fetcher.close
    with (
        patch.object(fetcher, "close", fail),
        patch.object(hub.library, "close", close_library),
        pytest.raises(OSError),  # noqa: PT011 - the one of above, which has no text
    ):
        await hub._async_stop(None)
    assert closed == ["fetcher", "library"]
    await stop_fetcher()


# Set-up


async def test_a_set_up_that_fails_half_way_leaves_nothing_attached(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "homeassistant", {})
    with patch(
        "custom_components.vtrack_nvr.core.archive.live.LiveRecordings.update",
        side_effect=NvrError(ErrorKind.INDEX_FAILED),
    ):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    hub = hass.data[DOMAIN]
    assert hub.live._cameras == {}
    assert not (await hub.engine.fresh_status()).nvrs


# Another device at the address


async def test_footage_of_another_device_is_never_filed_under_this_one(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    mine, stranger = (await start_nvr("three-on-one-host"))[:2]
    entry = await entry_for(hass, mine, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "port": stranger.port}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "other_device"
    assert stranger.counts()["operations"].get("tse:FindRecordings", 0) == 0


async def test_another_device_that_comes_back_instead_of_this_one_is_noticed(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    coordinator = entry.runtime_data.coordinator
    await nvr.stop()
    await hass.services.async_call(DOMAIN, "sync", {"wait": True}, blocking=True)
    await coordinator.async_refresh()
    assert coordinator.data.is_online is False
    nvr.set_identity({"serial": "SN-of-another", "mac": "02:00:5e:99:00:01"})
    await nvr.start()
    await hass.services.async_call(DOMAIN, "sync", {"wait": True}, blocking=True)
    await until(hass, lambda: entry.state is ConfigEntryState.SETUP_RETRY, 60)
    assert entry.error_reason_translation_key == "other_device"


async def test_a_new_firmware_that_tells_less_is_still_this_device(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    nvr.set_identity({"firmware": "9", "hardware_id": "", "mac": ""})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


# Changes while loaded


async def test_a_change_that_cannot_be_applied_is_applied_by_a_new_start(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    first = entry.runtime_data
    library = hass.data[DOMAIN].library
    with patch.object(
        library, "register_nvr", side_effect=NvrError(ErrorKind.INDEX_FAILED)
    ):
        hass.config_entries.async_update_entry(entry, options={"interval": 30})
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not first


async def test_a_camera_added_and_removed_in_one_breath_is_gone(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("mapping-video-source", mode="on_demand")
    subentries = [*entry.subentries.values()]
    for subentry in subentries[1:]:
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    hass.config_entries.async_add_subentry(entry, subentries[1])
    hass.config_entries.async_remove_subentry(entry, subentries[1].subentry_id)
    await hass.async_block_till_done()
    runtime = entry.runtime_data
    assert [*runtime.cameras] == [subentries[0].subentry_id]
    status = await hass.data[DOMAIN].engine.fresh_status()
    assert len(status.nvrs[runtime.key].cameras) == 1


async def test_another_gate_holds_without_a_new_start(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()
    assert runtime._gate.is_open(camera.key)
    hass.states.async_set(GATE, "off")
    hass.config_entries.async_update_entry(entry, options={CONF_GATE: GATE})
    await hass.async_block_till_done()
    assert entry.runtime_data is runtime
    assert not runtime._gate.is_open(camera.key)
    [subentry] = entry.subentries.values()
    hass.config_entries.async_update_entry(entry, options={})
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, CONF_GATE: GATE}
    )
    await hass.async_block_till_done()
    assert not runtime._gate.is_open(camera.key)
    hass.states.async_set(GATE, STATE_ON)
    assert runtime._gate.is_open(camera.key)


async def test_a_gate_that_is_gone_is_an_issue_until_it_is_back_or_given_up(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()

    async def look() -> list[str]:
        runtime._gate.is_open(camera.key)
        return gate_issues(hass)

    hass.config_entries.async_update_entry(entry, options={CONF_GATE: GATE})
    await hass.async_block_till_done()
    assert await look() == [GATE]
    hass.states.async_set(GATE, STATE_ON)
    assert await look() == []
    hass.states.async_remove(GATE)
    assert await look() == [GATE]
    hass.config_entries.async_update_entry(entry, options={})
    await hass.async_block_till_done()
    assert gate_issues(hass) == []
    hass.config_entries.async_update_entry(entry, options={CONF_GATE: GATE})
    await hass.async_block_till_done()
    assert await look() == [GATE]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert gate_issues(hass) == []


async def test_an_entity_that_two_miss_is_missed_until_both_have_it(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    runtime = entry.runtime_data
    runtime.on_gate_missing(GATE, is_missing=True)
    runtime.on_gate_missing(GATE, is_missing=True)
    runtime.on_gate_missing(GATE, is_missing=False)
    assert gate_issues(hass) == [GATE]
    runtime.on_gate_missing(GATE, is_missing=False)
    assert gate_issues(hass) == []


async def test_a_live_gate_that_is_gone_is_forgotten_with_its_camera(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("no-profile-g", live_gate=GATE)
    assert entry.subentries
    [subentry] = entry.subentries.values()
    assert subentry.data[CONF_LIVE_GATE] == GATE
    await until(hass, lambda: gate_issues(hass) == [GATE])
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert gate_issues(hass) == []


async def test_a_switch_of_an_nvr_that_is_not_attached_says_so(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    [switch] = hass.states.async_entity_ids("switch")
    engine = hass.data[DOMAIN].engine
    with (
        patch.object(engine, "set_enabled", side_effect=NvrError(ErrorKind.GONE)),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await hass.services.async_call(
            "switch", "turn_off", {"entity_id": switch}, blocking=True
        )
    assert raised.value.translation_key == "gone"


async def test_another_folder_is_used_from_the_next_clip_on(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path, tmp_path: Path
) -> None:
    nvr, entry = await whole(mode="on_demand")
    other = tmp_path / "other"
    await hass.async_add_executor_job(other.mkdir)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_STORAGE: str(other)}
    )
    await hass.async_block_till_done()
    await sync_range(hass, nvr)
    assert clips_below(other)
    assert not clips_below(media_dir)


async def test_what_changes_while_an_entry_is_not_loaded_waits_for_its_start(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    await hass.config_entries.async_unload(entry.entry_id)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        await _async_updated(hass, entry)
    reload.assert_not_called()


async def test_entries_of_newer_versions_are_refused_and_of_newer_details_kept(
    hass: HomeAssistant,
) -> None:
    newer = MockConfigEntry(domain=DOMAIN, version=2)
    assert not await async_migrate_entry(hass, newer)
    detailed = MockConfigEntry(domain=DOMAIN, version=1, minor_version=4, data={})
    assert await async_migrate_entry(hass, detailed)
    assert detailed.minor_version == 4


# Removal


async def test_devices_in_use_are_not_deleted_nor_those_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert len(devices) == 2
    for _ in range(2):
        for device in devices:
            assert not await async_remove_config_entry_device(hass, entry, device)
        await hass.config_entries.async_unload(entry.entry_id)
    old = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "nobody's")}
    )
    assert await async_remove_config_entry_device(hass, entry, old)


async def test_an_entry_can_be_removed_when_the_integration_never_came_up(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    await async_remove_entry(hass, entry)


# Cameras as their subentries say


def test_a_camera_without_a_stream_says_that_it_has_none() -> None:
    camera = CameraRuntime("n/1", "sub", "Porch", "token", (), {})
    assert not camera.has_sub_stream
    with pytest.raises(NvrError) as raised:
        camera.profile()
    assert raised.value.kind is ErrorKind.UNSUPPORTED


async def test_a_fetch_shares_address_and_guard_with_the_rest(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    device = entry.runtime_data.device
    [recording] = await device.recordings()
    replay = await device.replay(recording.token)
    assert replay.endpoint.url.startswith("rtsp://127.0.0.1")
    assert replay.endpoint.username
    assert replay.endpoint.habits is entry.runtime_data.habits
    assert replay.guard is entry.runtime_data.guard


async def test_clips_that_cannot_be_looked_up_are_not_told(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    hub = hass.data[DOMAIN]
    hub._take_up(AsyncMock(camera="nobody"))
    heard: list[Any] = []
    hass.bus.async_listen("vtrack_nvr_clip", heard.append)
    await hub._async_fire(4711)
    with patch.object(
        hub.library.browse, "clip", side_effect=NvrError(ErrorKind.INDEX_FAILED)
    ):
        await hub._async_fire(1)
    await hass.async_block_till_done()
    assert not heard
