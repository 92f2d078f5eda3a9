"""Binary sensors: does it answer, what does it see, is footage missing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, format_mac
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .core.models import DeviceNotice, EventClass
from .core.sync.detections import Detection
from .core.sync.status import CameraStatus, NvrStatus, SyncState
from .entity import VtrackCameraEntity, VtrackNvrEntity
from .runtime import (
    CameraRuntime,
    VtrackConfigEntry,
    VtrackRuntime,
)
from .storage_devices import VtrackStorageEntity, async_add_storages

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class NvrBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor that reads an NVR's status."""

    is_on_fn: Callable[[NvrStatus], bool | None]


@dataclass(frozen=True, kw_only=True)
class CameraBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor that reads a camera's status."""

    is_on_fn: Callable[[CameraStatus], bool | None]
    attributes_fn: Callable[[CameraStatus], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class DetectionDescription(BinarySensorEntityDescription):
    """A binary sensor that shows whether a camera sees something now."""

    event_class: EventClass


@dataclass(frozen=True, kw_only=True)
class NoticeDescription(BinarySensorEntityDescription):
    """A binary sensor that shows what a device tells of itself."""

    notice: DeviceNotice


def _missing_attributes(status: CameraStatus) -> dict[str, Any]:
    missing = status.missing
    if missing is None:
        return {}
    return {
        "cause": str(missing.cause),
        "reason": missing.reason or None,
        "since": datetime.fromtimestamp(missing.since_ms / 1000, UTC),
        "minutes": round(missing.seconds / 60),
    }


NVR_BINARY_SENSORS = (
    NvrBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda status: status.is_online,
    ),
)

NVR_RECORDING = BinarySensorEntityDescription(
    key="device_recording",
    translation_key="device_recording",
    device_class=BinarySensorDeviceClass.RUNNING,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

CAMERA_BINARY_SENSORS = (
    CameraBinarySensorDescription(
        key="sync_problem",
        translation_key="sync_problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_on_fn=lambda status: (
            status.problem is not None or status.state is SyncState.BLOCKED
        ),
    ),
    CameraBinarySensorDescription(
        key="live_recording",
        translation_key="live_recording",
        device_class=BinarySensorDeviceClass.RUNNING,
        entity_registry_enabled_default=False,
        is_on_fn=lambda status: status.state is SyncState.RECORDING,
    ),
    CameraBinarySensorDescription(
        key="device_recording",
        translation_key="device_recording",
        device_class=BinarySensorDeviceClass.RUNNING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_on_fn=lambda status: status.is_recording_on_device,
    ),
    CameraBinarySensorDescription(
        key="footage_missing",
        translation_key="footage_missing",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda status: (
            status.missing is not None if status.is_judged else None
        ),
        attributes_fn=_missing_attributes,
    ),
)


MOTION = DetectionDescription(
    key="motion",
    device_class=BinarySensorDeviceClass.MOTION,
    event_class=EventClass.MOTION,
)
DETECTIONS = (
    MOTION,
    DetectionDescription(
        key="person",
        translation_key="person",
        event_class=EventClass.PERSON,
        entity_registry_enabled_default=False,
    ),
    DetectionDescription(
        key="vehicle",
        translation_key="vehicle",
        event_class=EventClass.VEHICLE,
        entity_registry_enabled_default=False,
    ),
    DetectionDescription(
        key="animal",
        translation_key="animal",
        event_class=EventClass.ANIMAL,
        entity_registry_enabled_default=False,
    ),
)

VIDEO_SIGNAL = NoticeDescription(
    key="video_signal",
    translation_key="video_signal",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    notice=DeviceNotice.VIDEO_LOSS,
)
DEVICE_STORAGE = NoticeDescription(
    key="device_storage",
    translation_key="device_storage",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
    notice=DeviceNotice.STORAGE_FAILURE,
)

STORAGE_PROBLEM = BinarySensorEntityDescription(
    key="problem",
    translation_key="storage_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
)


def is_known_to_onvif(hass: HomeAssistant, runtime: VtrackRuntime) -> bool:
    """Return whether Home Assistant's ONVIF integration shows this device's events."""
    mac = runtime.identity.mac
    if not mac:
        return False
    wanted = (CONNECTION_NETWORK_MAC, format_mac(mac))
    registry = dr.async_get(hass)
    return any(
        wanted in device.connections
        for entry in hass.config_entries.async_entries("onvif")
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if isinstance(device, dr.DeviceEntry)
    )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the NVR, of each camera it has or gets, of storages."""
    runtime = entry.runtime_data
    only = runtime.only_camera
    async_add_entities(
        [
            *(VtrackNvrBinarySensor(runtime, item) for item in NVR_BINARY_SENSORS),
            VtrackDeviceStorageSensor(runtime, DEVICE_STORAGE),
        ],
        config_subentry_id=only,
    )
    if only is None:
        async_add_entities([VtrackNvrRecordingSensor(runtime, NVR_RECORDING)])
    else:
        _forget_recorder(hass, runtime)
    detections = DETECTIONS
    if is_known_to_onvif(hass, runtime):
        motion = replace(MOTION, entity_registry_enabled_default=False)
        detections = (motion, *DETECTIONS[1:])

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [
                *(
                    VtrackCameraBinarySensor(runtime, camera, item)
                    for item in CAMERA_BINARY_SENSORS
                ),
                *(VtrackDetectionSensor(runtime, camera, item) for item in detections),
                VtrackVideoSignalSensor(runtime, camera, VIDEO_SIGNAL),
            ],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))
    await async_add_storages(
        hass,
        entry,
        async_add_entities,
        lambda coordinator, root: [
            VtrackStorageProblemSensor(coordinator, root, STORAGE_PROBLEM)
        ],
    )


def _forget_recorder(hass: HomeAssistant, runtime: VtrackRuntime) -> None:
    """Remove what only a recorder has: of one camera, the camera's own sensor says it."""
    registry = er.async_get(hass)
    unique_id = f"{runtime.key}_{NVR_RECORDING.key}"
    if entity_id := registry.async_get_entity_id("binary_sensor", DOMAIN, unique_id):
        registry.async_remove(entity_id)


class VtrackNvrBinarySensor(VtrackNvrEntity, BinarySensorEntity):
    """A binary sensor of an NVR."""

    entity_description: NvrBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on_fn(self.status)


class VtrackNvrRecordingSensor(VtrackNvrEntity, BinarySensorEntity):
    """Whether a device with several cameras records any of them by itself, and which.

    Unknown if the device tells it of none.
    """

    @property
    @override
    def is_on(self) -> bool | None:
        told = {
            camera.is_recording_on_device for camera in self.status.cameras.values()
        } - {None}
        return any(told) if told else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        names: dict[bool | None, list[str]] = {True: [], False: [], None: []}
        for camera in self.runtime.cameras.values():
            status = self.status.cameras.get(camera.key)
            is_recorded = status.is_recording_on_device if status else None
            names[is_recorded].append(camera.name)
        return {
            "recording": sorted(names[True]),
            "not_recording": sorted(names[False]),
            "unknown": sorted(names[None]),
        }


class VtrackCameraBinarySensor(VtrackCameraEntity, BinarySensorEntity):
    """A binary sensor of a camera."""

    _unrecorded_attributes = frozenset({"minutes"})
    """It moves every minute while nothing happens."""

    entity_description: CameraBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on_fn(self.status) if self.status else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        if self.status is None or self.entity_description.attributes_fn is None:
            return None
        return self.entity_description.attributes_fn(self.status)


class VtrackDetectionSensor(VtrackCameraEntity, BinarySensorEntity):
    """Whether a camera sees something now, as its device says."""

    entity_description: DetectionDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.runtime.news.detections.subscribe(self.camera.key, self._changed)
        )

    @callback
    def _changed(self, change: Detection | None) -> None:
        wanted = self.entity_description.event_class
        if change is None or change.event_class is wanted:
            self.async_write_ha_state()

    @property
    @override
    def is_on(self) -> bool | None:
        return self.runtime.news.detections.is_on(
            self.camera.key, self.entity_description.event_class
        )


class VtrackVideoSignalSensor(VtrackCameraEntity, BinarySensorEntity):
    """Whether a channel has its picture: the camera behind a recorder may be away.

    A device that tells nothing of it counts as having it as long as it answers.
    """

    entity_description: NoticeDescription

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.last_update_success and self.status is not None

    @property
    @override
    def is_on(self) -> bool | None:
        if self.camera.key in self.runtime.vanished:
            return False
        if not self.coordinator.data.is_online:
            return self.coordinator.data.is_online
        return not self.runtime.news.notices.is_on(
            self.entity_description.notice, self.camera.key
        )

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.runtime.news.notices.subscribe(
                self.entity_description.notice, self.async_write_ha_state
            )
        )


class VtrackDeviceStorageSensor(VtrackNvrEntity, BinarySensorEntity):
    """Whether the device says that one of its own disks or cards fails.

    Unknown where the device never said anything about it.
    """

    entity_description: NoticeDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.runtime.news.notices.is_on(self.entity_description.notice)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.runtime.news.notices.subscribe(
                self.entity_description.notice, self.async_write_ha_state
            )
        )


class VtrackStorageProblemSensor(VtrackStorageEntity, BinarySensorEntity):
    """Whether a storage cannot be used, or does not get the room it needs."""

    _unrecorded_attributes = frozenset({"path"})

    @property
    @override
    def is_on(self) -> bool | None:
        root = self.root
        if root is None:
            return None
        return root.problem is not None or root.room is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        root = self.root
        if root is None:
            return None
        reason = str(root.problem.kind) if root.problem else None
        if reason is None and root.room is not None:
            reason = str(root.room)
        return {"reason": reason, "path": str(root.path)}
