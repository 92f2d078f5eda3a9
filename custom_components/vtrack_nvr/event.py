"""Event entities: a clip was kept, a camera saw something."""

from typing import override

from homeassistant.components.event import (
    DoorbellEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, EVENT_CLIP
from .core.models import EventClass
from .core.sync.detections import Detection
from .entity import VtrackCameraEntity
from .runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime

PARALLEL_UPDATES = 0

KEPT = "kept"
DETECTED = "detected"

CLIP_KEPT = EventEntityDescription(
    key="clip_kept", translation_key="clip_kept", event_types=[KEPT]
)

DETECTIONS: dict[EventClass, EventEntityDescription] = {
    EventClass.MOTION: EventEntityDescription(
        key="motion_event",
        translation_key="motion",
        device_class=EventDeviceClass.MOTION,
        event_types=[DETECTED],
        # The binary sensor shows the same with its end.
        entity_registry_enabled_default=False,
    ),
    EventClass.PERSON: EventEntityDescription(
        key="person_event", translation_key="person", event_types=[DETECTED]
    ),
    EventClass.VEHICLE: EventEntityDescription(
        key="vehicle_event", translation_key="vehicle", event_types=[DETECTED]
    ),
    EventClass.ANIMAL: EventEntityDescription(
        key="animal_event", translation_key="animal", event_types=[DETECTED]
    ),
    EventClass.DOORBELL: EventEntityDescription(
        key="doorbell_event",
        translation_key="doorbell",
        device_class=EventDeviceClass.DOORBELL,
        event_types=[DoorbellEventType.RING],
    ),
    EventClass.LINE: EventEntityDescription(
        key="line_event", translation_key="line", event_types=[DETECTED]
    ),
    EventClass.OTHER: EventEntityDescription(
        key="other_event",
        translation_key="other",
        event_types=[DETECTED],
        entity_registry_enabled_default=False,
    ),
}
"""One for each class; a camera gets those that its device has told of."""

ABOUT_CLIP = ("clip_id", "start", "end", "event_class", "media_content_id", "url")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of each camera the NVR has or gets.

    Which classes a camera tells of is learned from its events and remembered by the
    registry, so that nobody has six entities of a camera that only ever sees motion.
    """
    runtime = entry.runtime_data
    registry = er.async_get(hass)

    def add_camera(camera: CameraRuntime) -> None:
        known = {
            event_class
            for event_class, item in DETECTIONS.items()
            if registry.async_get_entity_id("event", DOMAIN, f"{camera.key}_{item.key}")
        }

        def add(classes: set[EventClass], begun: Detection | None = None) -> None:
            async_add_entities(
                [
                    VtrackDetectionEvent(runtime, camera, event_class, begun)
                    for event_class in DETECTIONS
                    if event_class in classes
                ],
                config_subentry_id=camera.subentry_id,
            )

        @callback
        def learn(change: Detection | None) -> None:
            if change is None or change.event_class in known:
                return
            if change.event_class in DETECTIONS:
                known.add(change.event_class)
                add({change.event_class}, change)

        async_add_entities(
            [VtrackClipKeptEvent(runtime, camera, CLIP_KEPT)],
            config_subentry_id=camera.subentry_id,
        )
        add(known)
        entry.async_on_unload(runtime.news.detections.subscribe(camera.key, learn))

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackClipKeptEvent(VtrackCameraEntity, EventEntity):
    """A clip of a camera was kept; which one is in the attributes."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.hass.bus.async_listen(EVENT_CLIP, self._kept))

    @callback
    def _kept(self, event: Event) -> None:
        if event.data.get("camera") != self.camera.key:
            return
        self._trigger_event(KEPT, {key: event.data.get(key) for key in ABOUT_CLIP})
        self.async_write_ha_state()


class VtrackDetectionEvent(VtrackCameraEntity, EventEntity):
    """A camera saw something, as its device says."""

    entity_description: EventEntityDescription

    def __init__(
        self,
        runtime: VtrackRuntime,
        camera: CameraRuntime,
        event_class: EventClass,
        begun: Detection | None,
    ) -> None:
        """Tell of one class; `begun` is what it was made for, so that it is not lost."""
        super().__init__(runtime, camera, DETECTIONS[event_class])
        self._class = event_class
        self._begun = begun

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.runtime.news.detections.subscribe(self.camera.key, self._changed)
        )
        begun, self._begun = self._begun, None
        self._changed(begun)

    @callback
    def _changed(self, change: Detection | None) -> None:
        if change is None or change.event_class is not self._class or not change.is_new:
            return
        [event_type] = self.entity_description.event_types or [DETECTED]
        self._trigger_event(event_type, {"topic": change.topic})
        self.async_write_ha_state()
