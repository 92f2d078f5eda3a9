"""Hands on what cameras see to the entities that show it, and ends it in time."""

from collections.abc import Callable, Iterable
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..core.models import CameraKey, DeviceEvent, EventClass
from ..core.sync.detections import Detection, Detections

type Listener = Callable[[Detection | None], None]
"""Told of a camera's changes; None: nothing is known of it any more."""


class DetectionDesk:
    """What the cameras of one NVR see now."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know of nothing."""
        self._hass = hass
        self._detections = Detections()
        self._listeners: dict[CameraKey, list[Listener]] = {}
        self._end: CALLBACK_TYPE | None = None

    def is_on(self, camera: CameraKey, event_class: EventClass) -> bool | None:
        """Return whether a camera sees this now, None if its device never told of it."""
        return self._detections.is_on(camera, event_class)

    @callback
    def subscribe(self, camera: CameraKey, listener: Listener) -> CALLBACK_TYPE:
        """Call back with each change of a camera; returns how to end that."""
        self._listeners.setdefault(camera, []).append(listener)

        def unsubscribe() -> None:
            self._listeners[camera].remove(listener)

        return unsubscribe

    @callback
    def note(self, camera: CameraKey, event: DeviceEvent) -> None:
        """Take in what the device told."""
        if event.event_class is EventClass.RECORDING:
            return  # that the device records is told by its recordings
        change = self._detections.note(camera, event, self._hass.loop.time())
        if change is not None:
            self._tell(camera, change)
        self._expect_end()

    @callback
    def lose(self, cameras: Iterable[CameraKey]) -> None:
        """Forget what cameras see: their device is no longer heard."""
        for camera in self._detections.lose(cameras):
            self._tell(camera, None)

    @callback
    def close(self) -> None:
        """Tell nothing any more."""
        self._listeners.clear()
        if self._end is not None:
            self._end()
            self._end = None

    def _tell(self, camera: CameraKey, change: Detection | None) -> None:
        for listener in [*self._listeners.get(camera, ())]:
            listener(change)

    def _expect_end(self) -> None:
        """Look again when something ends unless it is told of again."""
        if self._end is not None:
            self._end()
            self._end = None
        end_s = self._detections.next_s()
        if end_s is not None:
            wait_s = max(0.0, end_s - self._hass.loop.time())
            self._end = async_call_later(self._hass, wait_s, self._ended)

    @callback
    def _ended(self, _now: datetime) -> None:
        self._end = None
        # A timer may fire a moment before its time.
        for change in self._detections.expire(self._hass.loop.time() + 0.1):
            self._tell(change.camera, change)
        self._expect_end()
