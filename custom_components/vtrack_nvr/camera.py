"""The live picture of a camera: stream through Home Assistant, stills from the device."""

from typing import override

from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from webrtc_models import RTCIceCandidateInit

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
        self._webrtc_sessions: set[str] = set()

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
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.runtime.viewers.add(self._is_watched))

    def _is_watched(self) -> bool:
        """Return whether the stream is open for somebody; preloaded, it is open for nobody."""
        outputs = self.stream.outputs().values() if self.stream else ()
        return bool(self._webrtc_sessions) or any(not it.idle for it in outputs)

    @override
    async def async_on_webrtc_candidate(
        self, session_id: str, candidate: RTCIceCandidateInit
    ) -> None:
        self._webrtc_sessions.add(session_id)
        self.runtime.viewers.changed()
        await super().async_on_webrtc_candidate(session_id, candidate)

    @callback
    @override
    def close_webrtc_session(self, session_id: str) -> None:
        self._webrtc_sessions.discard(session_id)
        self.runtime.viewers.changed()
        super().close_webrtc_session(session_id)

    @override
    async def stream_source(self) -> str | None:
        self.runtime.viewers.changed()
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
