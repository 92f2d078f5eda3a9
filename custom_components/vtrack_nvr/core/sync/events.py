"""From a device's event to a mark on the time line of the camera it is about; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..intervals import TimeRange
from ..models import CameraKey, DeviceEvent, EventMark
from .clocks import EraMap
from .spec import CameraSpec

FAR_OFF_MS = 3_600_000
"""An event dated further from now than this carries no usable time."""
SILENCE_MS = 1_800_000
"""An event of which nothing was heard for so long has ended unheard."""
REPEAT_MS = 10_000
"""How far an event has to go on before that is told again."""
MOST_OPEN = 1_000
"""So many events are open at once at most, over all devices."""


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


@dataclass(slots=True)
class _Open:
    """An event under way: when it began, was last said to go on, and was last told."""

    since_ms: int
    seen_ms: int
    told_ms: int


class OpenEvents:
    """Which events have begun and not ended.

    An event that its device neither repeats nor ends within `SILENCE_MS` is over: its end
    was lost, and an end that comes later belongs to another one.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._open: dict[tuple[CameraKey, str, str], _Open] = {}

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def mark(
        self, camera: CameraKey, event: DeviceEvent, moment_ms: int
    ) -> EventMark | None:
        """Return the mark an event makes: open at its begin, longer while it goes on.

        None if nothing new is told: an end without begin, a begin repeated at once.
        """
        if event.is_moment:
            return _mark_of(event, moment_ms, moment_ms)
        name = (camera, event.topic, event.source_token)
        known = self._open.get(name)
        if known is not None and abs(moment_ms - known.seen_ms) > SILENCE_MS:
            known = None
            del self._open[name]
        if not event.is_active:
            self._open.pop(name, None)
            return None if known is None else _mark_of(event, known.since_ms, moment_ms)
        if known is None:
            self._forget_old(moment_ms)
            self._open[name] = _Open(moment_ms, moment_ms, moment_ms)
            return _mark_of(event, moment_ms, moment_ms)
        known.seen_ms = max(known.seen_ms, moment_ms)
        if moment_ms - known.told_ms < REPEAT_MS:
            return None
        known.told_ms = moment_ms
        return _mark_of(event, known.since_ms, moment_ms)

    def _forget_old(self, now_ms: int) -> None:
        """Keep the number bounded: a device may name topics without end."""
        if len(self._open) >= MOST_OPEN:
            self._open = {
                name: known
                for name, known in self._open.items()
                if abs(now_ms - known.seen_ms) <= SILENCE_MS
            }
        while len(self._open) >= MOST_OPEN:
            del self._open[next(iter(self._open))]


def _mark_of(event: DeviceEvent, start_ms: int, end_ms: int) -> EventMark:
    stretch = TimeRange(start_ms, max(start_ms, end_ms))
    return EventMark(event.event_class, stretch, event.topic)
