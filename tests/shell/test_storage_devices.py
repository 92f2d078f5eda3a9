"""Each storage is a device, served by one entry of all."""

# Reads private members: the devices that stand for storages have no other list.

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.library.values import (
    LibraryEvent,
    LibraryEventKind,
)
from custom_components.vtrack_nvr.storage_devices import STORAGES
from tests.insides import store_of
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, sync, until


def storages(hass: HomeAssistant) -> list[dr.DeviceEntry]:
    return hass.data[STORAGES]._devices()


async def test_a_storage_is_a_device_with_its_figures(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    _, _ = await whole()
    await sync(hass)
    await hass.data[STORAGES].async_refresh()
    [device] = storages(hass)
    assert device.name == "Storage media"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert float(hass.states.get("sensor.storage_media_free_space").state) > 0
    assert float(hass.states.get("sensor.storage_media_footage").state) > 0
    assert hass.states.get("sensor.storage_media_days_left") is not None
    problem = hass.states.get("binary_sensor.storage_media_problem")
    assert problem.state == "off"
    assert problem.attributes["path"] == str(media_dir)
    assert problem.attributes["reason"] is None


async def test_a_storage_as_target_means_no_camera(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole("nvr16", mode="on_demand")
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN,
            "sync",
            {"entity_id": "sensor.storage_media_free_space"},
            blocking=True,
        )


async def test_another_entry_takes_over_with_all_that_was_made_of_it(
    hass: HomeAssistant, start_nvr: StartNvr, media_dir: Path
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entries = []
    for nvr in nvrs[:2]:
        entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
        entry.add_to_hass(hass)
        entries.append(entry)
    assert await hass.config_entries.async_setup(entries[0].entry_id)
    await hass.async_block_till_done()
    [device] = storages(hass)
    first, second = sorted(
        entries, key=lambda entry: entry.entry_id != device.config_entry_id
    )
    assert device.config_entry_id == first.entry_id
    registry = er.async_get(hass)
    registry.async_update_entity(
        "sensor.storage_media_free_space", new_entity_id="sensor.my_disk"
    )
    await hass.async_block_till_done()
    assert await hass.config_entries.async_remove(first.entry_id)
    await hass.async_block_till_done()
    [taken] = storages(hass)
    assert (taken.id, taken.config_entry_id) == (device.id, second.entry_id)
    assert hass.states.get("sensor.my_disk").state not in {"unavailable", "unknown"}
    owners = {
        entity.config_entry_id
        for entity in er.async_entries_for_device(registry, taken.id)
    }
    assert owners == {second.entry_id}


async def test_a_storage_that_is_away_has_a_problem(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    await whole()
    (media_dir / "vtrack_nvr").rename(media_dir / "elsewhere")
    hub = hass.data[DOMAIN]

    def is_told() -> bool:
        state = hass.states.get("binary_sensor.storage_media_problem")
        return state.state == "on"

    store_of(hub.library).tell(LibraryEvent(LibraryEventKind.STORAGE))
    await until(hass, is_told, 40)
    state = hass.states.get("binary_sensor.storage_media_problem")
    assert state.attributes["reason"] == "storage_missing"


async def test_the_device_of_a_storage_that_is_gone_goes(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    registry = dr.async_get(hass)
    registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "storage_of_before")}
    )
    assert len(storages(hass)) == 2
    await hass.data[STORAGES].async_refresh()
    assert len(storages(hass)) == 1
