"""What cameras see, as entities, from the events of a simulated device."""

# Reads private members: that memory is bounded is told to nobody.

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    DeviceEvent,
    DeviceNotice,
    EventClass,
)
from custom_components.vtrack_nvr.core.sync.detections import HOLD_S
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, until

MOTION = "binary_sensor.first_motion"


def event(event_class: EventClass, is_active: bool = True, **more: Any) -> DeviceEvent:
    return DeviceEvent(event_class, "Rule", "source", 0, is_active, **more)


def camera_of(entry: MockConfigEntry) -> CameraKey:
    [camera] = entry.runtime_data.cameras.values()
    return camera.key


def tell(entry: MockConfigEntry, told: DeviceEvent) -> None:
    runtime = entry.runtime_data
    runtime.hub.engine.news.heard(runtime.key, camera_of(entry), told)


async def test_motion_of_a_device_is_motion_here(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole()
    assert hass.states.get(MOTION).state == "unknown"

    def is_told(value: bool) -> bool:
        nvr.notify({"kind": "motion", "active": value})
        return hass.states.get(MOTION).state == ("on" if value else "off")

    await until(hass, lambda: is_told(True), 40)
    await until(hass, lambda: is_told(False), 40)


async def test_a_moment_ends_by_itself(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole()
    tell(entry, event(EventClass.MOTION, is_moment=True))
    assert hass.states.get(MOTION).state == "on"
    runtime = entry.runtime_data
    [known] = runtime.news.detections._detections._classes.values()
    known.ends = dict.fromkeys(known.ends, 0.0)  # as if the time had passed
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=HOLD_S + 1))
    await hass.async_block_till_done()
    assert hass.states.get(MOTION).state == "off"


async def test_a_class_gets_its_event_entity_when_it_is_first_told_of(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    assert hass.states.get("event.first_person_detected") is None
    tell(entry, event(EventClass.PERSON))
    await hass.async_block_till_done()
    first = hass.states.get("event.first_person_detected")
    assert first.attributes["event_type"] == "detected"
    assert first.attributes["topic"] == "Rule"
    tell(entry, event(EventClass.PERSON, is_active=False))
    tell(entry, event(EventClass.PERSON))
    await hass.async_block_till_done()
    assert hass.states.get("event.first_person_detected").state > first.state
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("event.first_person_detected") is not None


async def test_a_doorbell_rings(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole()
    tell(entry, event(EventClass.DOORBELL, is_moment=True))
    await hass.async_block_till_done()
    state = hass.states.get("event.first_doorbell")
    assert state.attributes["event_type"] == "ring"
    assert state.attributes["device_class"] == "doorbell"


async def test_what_was_so_before_anybody_listened_is_no_event(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    tell(entry, event(EventClass.PERSON, is_initial=True))
    await hass.async_block_till_done()
    assert hass.states.get("event.first_person_detected").state == "unknown"


async def test_nothing_is_known_once_the_device_is_no_longer_heard(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    runtime = entry.runtime_data
    signal = "binary_sensor.first_video_signal"
    await until(hass, lambda: hass.states.get(signal).state == "on")
    tell(entry, event(EventClass.MOTION))
    tell(entry, event(EventClass.OTHER, notice=DeviceNotice.VIDEO_LOSS))
    assert hass.states.get("binary_sensor.first_video_signal").state == "off"
    runtime.hub.engine.news.lost(runtime.key)
    assert hass.states.get(MOTION).state == "unknown"
    assert hass.states.get("binary_sensor.first_video_signal").state == "on"


async def test_a_lost_picture_and_a_failing_disk_are_told(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    signal, disk = (
        f"binary_sensor.first_{name}"
        for name in ("video_signal", "storage_of_the_device")
    )
    await until(hass, lambda: hass.states.get(signal).state == "on")
    assert hass.states.get(disk).state == "unknown"
    for is_on in (True, False):
        for notice in DeviceNotice:
            tell(entry, event(EventClass.OTHER, is_active=is_on, notice=notice))
        assert hass.states.get(signal).state == ("off" if is_on else "on")
        assert hass.states.get(disk).state == ("on" if is_on else "off")
    runtime = entry.runtime_data
    runtime.vanished = frozenset({camera_of(entry)})
    runtime.coordinator.async_update_listeners()
    assert hass.states.get(signal).state == "off"


async def test_a_camera_that_home_assistants_onvif_has_is_not_shown_twice(
    hass: HomeAssistant, media_dir: Any, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    theirs = MockConfigEntry(domain="onvif")
    theirs.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=theirs.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, nvr.spec.mac)},
    )
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    motion = er.async_get(hass).async_get(MOTION)
    assert motion is not None
    assert motion.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_recording_is_no_detection(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole()
    tell(entry, event(EventClass.RECORDING))
    entry.runtime_data.news.detections.note(
        camera_of(entry), event(EventClass.RECORDING)
    )
    await hass.async_block_till_done()
    assert [state.entity_id for state in hass.states.async_all("event")] == [
        "event.first_clip_kept"
    ]
