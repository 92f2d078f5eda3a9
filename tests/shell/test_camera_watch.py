"""Cameras that a device gets or loses, and entries of other versions."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.vtrack_nvr import async_remove_config_entry_device
from custom_components.vtrack_nvr.const import CONF_SEEN, DOMAIN
from custom_components.vtrack_nvr.core.models import Channel
from custom_components.vtrack_nvr.issues.cameras import (
    INTERVAL,
    async_look,
    channel_news,
)
from tests.shell.conftest import RemoteNvr, StartNvr, entry_for
from tests.shell.rig import until

type WatchRig = tuple[RemoteNvr, MockConfigEntry]

A, B, C = (Channel(token, number, token) for number, token in enumerate("ABC"))


@pytest.fixture
async def make_rig(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> Callable[..., Awaitable[WatchRig]]:
    """Set up a four-channel NVR, some of which are not there yet."""

    async def make(without: tuple[str, ...] = (), **changes: Any) -> WatchRig:
        nvr = (await start_nvr("demo"))[3]
        nvr.faults.vanished_channels = list(without)
        entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
        entry.add_to_hass(hass)
        if changes:
            hass.config_entries.async_update_entry(
                entry, data={**entry.data, **changes}
            )
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=False)
        await async_look(hass, entry)
        return nvr, entry

    return make


def issues(hass: HomeAssistant, prefix: str) -> list[str]:
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    ]


@pytest.mark.parametrize(
    ("present", "seen", "kept", "new", "vanished"),
    [
        ((A, B), "AB", "AB", "", ""),
        ((A, B, C), "AB", "AB", "C", ""),
        ((A, B, C), "ABC", "A", "", ""),  # left out at set-up
        ((A,), "AB", "AB", "", "B"),
        ((C,), "AB", "AB", "C", "AB"),
        ((), "AB", "AB", "", ""),  # a device that lists nothing proves nothing
        ((A, B), "A", "AB", "", ""),  # added by hand
    ],
)
def test_news_are_what_nobody_decided_about(
    present: tuple[Channel, ...], seen: str, kept: str, new: str, vanished: str
) -> None:
    news = channel_news(present, seen, kept)
    assert "".join(channel.token for channel in news.new) == new
    assert news.vanished == frozenset(vanished)


async def fix(hass: HomeAssistant, issue_id: str) -> Any:
    assert await async_setup_component(hass, REPAIRS, {})
    manager = hass.data[REPAIRS]["flow_manager"]
    return await manager.async_init(
        DOMAIN, context={"issue_id": issue_id}, data={"issue_id": issue_id}
    )


async def test_new_cameras_are_offered_and_added(
    hass: HomeAssistant, make_rig: Callable[..., Awaitable[WatchRig]]
) -> None:
    nvr, entry = await make_rig(("Cellar", "Attic"))
    assert len(entry.subentries) == 2
    assert not issues(hass, "new_cameras")
    nvr.faults.vanished_channels = []
    async_fire_time_changed(hass, dt_util.utcnow() + INTERVAL * 1.1)
    await async_look(hass, entry)
    [issue] = issues(hass, "new_cameras")
    result = await fix(hass, issue)
    assert result["step_id"] == "cameras"
    preselected = result["data_schema"]({})["cameras"]
    assert len(preselected) == 2
    manager = hass.data[REPAIRS]["flow_manager"]
    result = await manager.async_configure(
        result["flow_id"], {"cameras": preselected[:1]}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {sub.title for sub in entry.subentries.values()} == {
        "Hall",
        "Stairs",
        "Cellar",
    }
    assert len(entry.runtime_data.cameras) == 3
    await async_look(hass, entry)
    assert not issues(hass, "new_cameras")  # the one left out is not offered again


async def test_the_offer_ends_when_there_is_nothing_to_add(
    hass: HomeAssistant, make_rig: Callable[..., Awaitable[WatchRig]]
) -> None:
    nvr, entry = await make_rig(("Attic",))
    nvr.faults.vanished_channels = []
    await async_look(hass, entry)
    [issue] = issues(hass, "new_cameras")
    flow = await fix(hass, issue)
    hass.config_entries.async_update_entry(
        entry,
        data={
            **entry.data,
            CONF_SEEN: [channel.token for channel in entry.runtime_data.present],
        },
    )
    manager = hass.data[REPAIRS]["flow_manager"]
    result = await manager.async_configure(flow["flow_id"], {"cameras": []})
    assert result["reason"] == "no_new_cameras"
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_SEEN: []})
    hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await hass.async_block_till_done()
    [issue] = issues(hass, "new_cameras")
    flow = await fix(hass, issue)
    await hass.config_entries.async_unload(entry.entry_id)
    result = await manager.async_configure(flow["flow_id"], {"cameras": []})
    assert result["reason"] == "not_loaded"
    assert not issues(hass, "new_cameras")


async def test_a_vanished_camera_is_unavailable_and_comes_back(
    hass: HomeAssistant, make_rig: Callable[..., Awaitable[WatchRig]]
) -> None:
    nvr, entry = await make_rig()
    assert hass.states.get("camera.attic_live").state != STATE_UNAVAILABLE
    nvr.faults.vanished_channels = ["Attic"]
    await async_look(hass, entry)
    assert hass.states.get("camera.attic_live").state == STATE_UNAVAILABLE
    assert hass.states.get("camera.hall_live").state != STATE_UNAVAILABLE
    assert len(issues(hass, "camera_vanished")) == 1
    await nvr.stop()
    await async_look(hass, entry)  # silence changes nothing
    assert len(issues(hass, "camera_vanished")) == 1
    await nvr.start()
    nvr.faults.vanished_channels = []
    await async_look(hass, entry)
    assert not issues(hass, "camera_vanished")
    # the engine may have met the silence, too
    await hass.services.async_call(DOMAIN, "sync", {}, blocking=True)

    def is_back() -> bool:
        return hass.states.get("camera.attic_live").state != STATE_UNAVAILABLE

    await until(hass, is_back, 60)


def device_of(hass: HomeAssistant, entry: MockConfigEntry, title: str) -> Any:
    return next(
        device
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        if device.name == title
    )


async def test_only_the_device_of_a_vanished_camera_can_be_deleted(
    hass: HomeAssistant, make_rig: Callable[..., Awaitable[WatchRig]]
) -> None:
    nvr, entry = await make_rig()
    attic = device_of(hass, entry, "Attic")
    assert not await async_remove_config_entry_device(hass, entry, attic)
    house = device_of(hass, entry, "House")
    assert not await async_remove_config_entry_device(hass, entry, house)
    nvr.faults.vanished_channels = ["Attic"]
    await async_look(hass, entry)
    assert issues(hass, "camera_vanished")
    assert await async_remove_config_entry_device(hass, entry, attic)
    await hass.async_block_till_done()
    assert not issues(hass, "camera_vanished")
    assert {sub.title for sub in entry.subentries.values()} == {
        "Hall",
        "Stairs",
        "Cellar",
    }
    assert hass.states.get("camera.attic_live") is None
    cameras = await entry.runtime_data.hub.library.browse.cameras()
    assert "Attic" in {camera.name for camera in cameras}  # as a former camera
    assert await async_remove_config_entry_device(hass, entry, attic)
    nvr.faults.vanished_channels = []
    await async_look(hass, entry)
    assert issues(hass, "new_cameras")  # it is back and is offered again


async def test_an_entry_of_before_is_migrated_and_nobody_is_nagged(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[3]
    made = await entry_for(hass, nvr, media_dir, mode="on_demand")
    data = {key: value for key, value in made.data.items() if key != CONF_SEEN}
    entry = MockConfigEntry(
        domain=DOMAIN, data=data, unique_id=made.unique_id, version=1, minor_version=1
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.version, entry.minor_version) == (1, 3)
    await async_look(hass, entry)
    assert len(entry.data[CONF_SEEN]) == 4
    assert not issues(hass, "new_cameras")


async def test_an_entry_of_a_newer_version_is_left_alone(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    made = await entry_for(hass, nvr, media_dir)
    entry = MockConfigEntry(
        domain=DOMAIN, data=made.data, unique_id=made.unique_id, version=2
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert dict(entry.data) == dict(made.data)
