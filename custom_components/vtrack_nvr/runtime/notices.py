"""What a device tells of itself: a channel without picture, a disk that fails."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback

from ..core.models import CameraKey, DeviceEvent, DeviceNotice

MOST_SOURCES = 64
"""So many sources of one kind and camera are told apart."""


class NoticeBoard:
    """The notices of one NVR that hold now, by source.

    A source is the camera where the device names one; a disk has no camera.
    """

    def __init__(self) -> None:
        """Know of none."""
        self._sources: dict[tuple[DeviceNotice, CameraKey | None], dict[str, bool]] = {}
        self._listeners: dict[DeviceNotice, list[Callable[[], None]]] = {}

    def is_on(
        self, notice: DeviceNotice, camera: CameraKey | None = None
    ) -> bool | None:
        """Return whether the device says so now, None if it never spoke of it."""
        known = self._sources.get((notice, camera))
        return None if known is None else any(known.values())

    @callback
    def note(self, camera: CameraKey | None, event: DeviceEvent) -> None:
        """Take in what the device told."""
        notice = event.notice
        if notice is None:
            return
        if notice is DeviceNotice.STORAGE_FAILURE:
            camera = None  # some devices name a channel although a disk is meant
        known = self._sources.setdefault((notice, camera), {})
        name = f"{event.topic} {event.source_token}"
        if known.get(name) is event.is_active:
            return
        known[name] = event.is_active
        while len(known) > MOST_SOURCES:
            del known[next(iter(known))]
        self._tell(notice)

    @callback
    def lose(self) -> None:
        """Forget all: the device is no longer heard."""
        lost = {notice for notice, _ in self._sources}
        self._sources.clear()
        for notice in lost:
            self._tell(notice)

    @callback
    def subscribe(
        self, notice: DeviceNotice, listener: Callable[[], None]
    ) -> CALLBACK_TYPE:
        """Call back when something of this kind changes; returns how to end that."""
        self._listeners.setdefault(notice, []).append(listener)

        def unsubscribe() -> None:
            self._listeners[notice].remove(listener)

        return unsubscribe

    def _tell(self, notice: DeviceNotice) -> None:
        for listener in [*self._listeners.get(notice, ())]:
            listener()
