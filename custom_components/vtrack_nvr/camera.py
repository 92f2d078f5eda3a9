"""The live picture of a camera: stream through Home Assistant, stills from the device."""

from typing import override

from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.errors import NvrError
from .core.sync.status import SyncState
from .entity import VtrackCameraEntity
from .exceptions import translated_errors
from .runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime

PARALLEL_UPDATES = 0

LIVE = CameraEntityDescription(key="live", translation_key="live")
LIVE_SUB = CameraEntityDescription(
    key="live_sub", translation_key="live_sub", entity_registry_enabled_default=False
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the live picture of each camera the NVR has or gets."""
    runtime = entry.runtime_data

    def add_camera(camera: CameraRuntime) -> None:
        entities = [VtrackCamera(runtime, camera, LIVE)]
        if camera.has_sub_stream:
            entities.append(VtrackCamera(runtime, camera, LIVE_SUB))
        async_add_entities(entities, config_subentry_id=camera.subentry_id)

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackCamera(VtrackCameraEntity, Camera):
    """A live stream, main or sub.

    Stills come from the device's snapshot address; where it has none, from the stream,
    decoded inside Home Assistant, so that no process is given the password.
    """

    _attr_supported_features = CameraEntityFeature.STREAM

    def __init__(
        self,
        runtime: VtrackRuntime,
        camera: CameraRuntime,
        description: CameraEntityDescription,
    ) -> None:
        """Show one stream of a camera."""
        VtrackCameraEntity.__init__(self, runtime, camera, description)
        Camera.__init__(self)
        self._is_sub = description is LIVE_SUB
        self._attr_brand = runtime.identity.manufacturer or None
        self._attr_model = runtime.identity.model or None

    @property
    @override
    def is_recording(self) -> bool:
        return self.status is not None and self.status.state is SyncState.RECORDING

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.data.is_online is not False

    @property
    @override
    def use_stream_for_stills(self) -> bool:
        return not self.runtime.has_snapshot(self.camera)

    @override
    async def stream_source(self) -> str | None:
        with translated_errors(self.camera.name):
            return await self.runtime.async_stream_url(self.camera, sub=self._is_sub)

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        try:
            return await self.runtime.async_snapshot(self.camera, sub=self._is_sub)
        except NvrError:
            return None
