"""From a device's event to a mark on the time line of the camera it is about; pure."""

from collections.abc import Mapping

from ..intervals import TimeRange
from ..models import CameraKey, DeviceEvent, EventMark
from .clocks import EraMap
from .spec import CameraSpec

FAR_OFF_MS = 3_600_000
"""An event dated further from now than this carries no usable time."""


def camera_of(
    cameras: Mapping[CameraKey, CameraSpec], event: DeviceEvent
) -> CameraKey | None:
    """Return the camera an event is about; the only camera of an NVR needs no name."""
    for key, spec in cameras.items():
        if event.source_token and (
            event.source_token in spec.source_tokens
            or event.source_token in spec.recording_tokens
        ):
            return key
    return next(iter(cameras)) if len(cameras) == 1 else None


def moment_of(event: DeviceEvent, eras: EraMap | None, now_ms: int) -> int:
    """Return when an event was, in UTC; now where its own time cannot be right."""
    if eras is None:
        return now_ms
    moment_ms = eras.current.to_utc(event.device_ms)
    return moment_ms if abs(moment_ms - now_ms) <= FAR_OFF_MS else now_ms


class OpenEvents:
    """Which events have begun and not ended."""

    def __init__(self) -> None:
        """Begin without any."""
        self._since: dict[tuple[CameraKey, str, str], int] = {}

    def mark(
        self, camera: CameraKey, event: DeviceEvent, moment_ms: int
    ) -> EventMark | None:
        """Return the mark an event makes: open at its begin, whole at its end.

        None where nothing new is told (an end without begin, a begin repeated).
        """
        name = (camera, event.topic, event.source_token)
        if event.is_active:
            if name in self._since:
                return None
            self._since[name] = moment_ms
            stretch = TimeRange(moment_ms, moment_ms)
        else:
            since_ms = self._since.pop(name, None)
            if since_ms is None:
                return None
            stretch = TimeRange(since_ms, max(moment_ms, since_ms))
        return EventMark(event.event_class, stretch, event.topic)
