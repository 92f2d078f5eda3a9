"""What the engine tells others beside its status: events, and what became of syncs."""

from collections.abc import Callable
from typing import NamedTuple

from ..ledger import RunKind
from ..models import CameraKey, DeviceEvent, NvrKey
from .status import SyncReport


class NvrListener(NamedTuple):
    """Who wants to know of one NVR; called on the event loop, must not raise.

    `heard`: its device told an event of a camera, or of none it names. `lost`: its events
    are no longer received. `synced`: a run ended.
    """

    nvr: NvrKey
    heard: Callable[[CameraKey | None, DeviceEvent], None]
    lost: Callable[[], None]
    synced: Callable[[RunKind, SyncReport], None]


class News:
    """Hands on what happens to whoever wants to know."""

    def __init__(self) -> None:
        """Know of nobody."""
        self._listeners: dict[object, NvrListener] = {}

    def subscribe(self, listener: NvrListener) -> Callable[[], None]:
        """Call back from now on; returns how to end that."""
        key = object()
        self._listeners[key] = listener

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def heard(self, nvr: NvrKey, camera: CameraKey | None, event: DeviceEvent) -> None:
        """Tell of a device's event."""
        for listener in self._of(nvr):
            listener.heard(camera, event)

    def lost(self, nvr: NvrKey) -> None:
        """Tell that a device's events are no longer received."""
        for listener in self._of(nvr):
            listener.lost()

    def synced(self, nvr: NvrKey, kind: RunKind, report: SyncReport) -> None:
        """Tell what became of a run."""
        for listener in self._of(nvr):
            listener.synced(kind, report)

    def _of(self, nvr: NvrKey) -> list[NvrListener]:
        return [each for each in self._listeners.values() if each.nvr == nvr]
