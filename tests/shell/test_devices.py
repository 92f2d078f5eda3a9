"""One device for a device with one camera, whatever the registry held before."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import CONF_SEEN, DOMAIN
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, until


def devices_of(hass: HomeAssistant, entry: MockConfigEntry) -> list[dr.DeviceEntry]:
    """Return the devices of an entry but for the storages."""
    return [
        device
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        if not any(name.startswith("storage_") for _, name in device.identifiers)
    ]


async def test_a_device_with_one_camera_is_one_device(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    [subentry] = entry.subentries.values()
    [device] = devices_of(hass, entry)
    assert device.identifiers == {
        (DOMAIN, entry.unique_id),
        (DOMAIN, subentry.unique_id),
    }
    assert device.config_subentry_id == subentry.subentry_id
    assert device.via_device_id is None
    entities = er.async_entries_for_device(
        er.async_get(hass), device.id, include_disabled_entities=True
    )
    assert {entity.config_subentry_id for entity in entities} == {subentry.subentry_id}
    assert not [entity for entity in entities if entity.entity_id.endswith("_2")]


async def test_two_devices_of_before_become_one_with_all_that_was_made_of_them(
    hass: HomeAssistant, media_dir: object, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    [subentry] = entry.subentries.values()
    devices, entities = dr.async_get(hass), er.async_get(hass)
    area = ar.async_get(hass).async_create("Yard")
    label = lr.async_get(hass).async_create("Outside")
    recorder = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, str(entry.unique_id))}
    )
    camera = devices.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        identifiers={(DOMAIN, str(subentry.unique_id))},
        via_device_id=recorder.id,
    )
    devices.async_update_device(
        recorder.id, area_id=area.id, labels={label.label_id}, name_by_user="Old name"
    )
    button = entities.async_get_or_create(
        "button",
        DOMAIN,
        f"{entry.unique_id}_sync_now",
        config_entry=entry,
        device_id=recorder.id,
        suggested_object_id="my_own_button",
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    [device] = devices_of(hass, entry)
    assert device.id == camera.id
    assert device.area_id == area.id
    assert device.name_by_user == "Old name"
    assert device.labels == {label.label_id}
    assert device.via_device_id is None
    moved = entities.async_get(button.entity_id)
    assert moved is not None
    assert moved.device_id == device.id
    assert hass.states.get(button.entity_id) is not None


async def test_only_a_recorder_of_before_becomes_the_camera_as_well(
    hass: HomeAssistant, media_dir: object, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    devices, entities = dr.async_get(hass), er.async_get(hass)
    recorder = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, str(entry.unique_id))}
    )
    sensor = entities.async_get_or_create(
        "sensor",
        DOMAIN,
        f"{entry.unique_id}_last_sync",
        config_entry=entry,
        device_id=recorder.id,
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    [device] = devices_of(hass, entry)
    assert device.id == recorder.id
    assert entities.async_get(sensor.entity_id) is not None


async def test_a_device_that_gets_more_channels_becomes_a_recorder(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    [subentry] = entry.subentries.values()
    [before] = devices_of(hass, entry)
    ids = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
    }
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_SEEN: [*entry.data[CONF_SEEN], "another"]}
    )
    await until(
        hass,
        lambda: (
            entry.state is ConfigEntryState.LOADED and len(devices_of(hass, entry)) == 2
        ),
    )
    by_owner = {device.config_subentry_id: device for device in devices_of(hass, entry)}
    assert by_owner[subentry.subentry_id].id == before.id
    assert by_owner[None].identifiers == {(DOMAIN, entry.unique_id)}
    assert by_owner[subentry.subentry_id].via_device_id == by_owner[None].id
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert ids <= {entity.entity_id for entity in entities}
    of_recorder = {
        entity.unique_id.removeprefix(f"{entry.unique_id}_")
        for entity in entities
        if entity.device_id == by_owner[None].id
    }
    assert {"connectivity", "last_sync", "clock_offset"} <= of_recorder
    recording = f"{entry.unique_id}_device_recording"
    assert "device_recording" in of_recorder
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_SEEN: entry.data[CONF_SEEN][:-1]}
    )
    await until(
        hass,
        lambda: (
            entry.state is ConfigEntryState.LOADED and len(devices_of(hass, entry)) == 1
        ),
    )
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert recording not in {entity.unique_id for entity in entities}


async def test_a_recorder_of_which_one_channel_is_kept_stays_a_recorder(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("nvr16")
    assert len(devices_of(hass, entry)) == 17
