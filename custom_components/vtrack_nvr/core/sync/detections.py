"""What cameras see at this moment, from the events of their devices; pure but for memory.

An entity shows a state, and a device tells changes. Between the two lie devices that
tell moments without an end, repeat beginnings, or lose an end: here each of these becomes
*on* for a while and then *off*. Times are monotonic seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..models import CameraKey, DeviceEvent, EventClass

HOLD_S = 10.0
"""How long an event without an end is shown."""
SILENCE_S = 1_800.0
"""An event of which nothing was heard for so long has ended unheard."""
MOST_SOURCES = 64
"""So many topics and sources of one class and camera are told apart."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A camera began or ceased to see something; `topic` is what the device called it.

    `is_new`: something began now; a state that was on already when it was first told of
    may have begun at any time.
    """

    camera: CameraKey
    event_class: EventClass
    is_on: bool
    is_new: bool
    topic: str = ""


@dataclass(slots=True)
class _Class:
    """One class of one camera: which sources are on, and until when that is believed."""

    ends: dict[tuple[str, str], float]

    @property
    def is_on(self) -> bool:
        return bool(self.ends)


class Detections:
    """What is seen now, by camera and class. A class that was never told of is unknown."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._classes: dict[tuple[CameraKey, EventClass], _Class] = {}

    def is_on(self, camera: CameraKey, event_class: EventClass) -> bool | None:
        """Return whether a camera sees this now, None if its device never told of it."""
        known = self._classes.get((camera, event_class))
        return None if known is None else known.is_on

    def note(
        self, camera: CameraKey, event: DeviceEvent, now_s: float
    ) -> Detection | None:
        """Take an event in; returns what changed.

        Several rules of a device are one class: it is on while any of them is. A rule
        that says again what it said before is no news; a bell that rings again is.
        """
        name = (camera, event.event_class)
        known = self._classes.get(name)
        before = None if known is None else known.is_on
        if known is None:
            known = self._classes[name] = _Class({})
        source = (event.topic, event.source_token)
        was_open = source in known.ends
        if event.is_active:
            lasts_s = HOLD_S if event.is_moment else SILENCE_S
            known.ends[source] = max(now_s + lasts_s, known.ends.pop(source, now_s))
            while len(known.ends) > MOST_SOURCES:
                del known.ends[next(iter(known.ends))]
        else:
            known.ends.pop(source, None)
        is_ring = event.is_moment and event.event_class is EventClass.DOORBELL
        is_new = event.is_active and not event.is_initial and (not was_open or is_ring)
        if known.is_on is before and not is_new:
            return None
        return Detection(camera, event.event_class, known.is_on, is_new, event.topic)

    def expire(self, now_s: float) -> tuple[Detection, ...]:
        """End what nobody ended; returns what is off now."""
        over = []
        for (camera, event_class), known in self._classes.items():
            left = {
                source: end_s for source, end_s in known.ends.items() if end_s > now_s
            }
            was_on, known.ends = known.is_on, left
            if was_on and not left:
                over.append(Detection(camera, event_class, is_on=False, is_new=False))
        return tuple(over)

    def next_s(self) -> float | None:
        """Return when something ends unless it is told of again, None: nothing is on."""
        return min(
            (
                end_s
                for known in self._classes.values()
                for end_s in known.ends.values()
            ),
            default=None,
        )

    def lose(self, cameras: Iterable[CameraKey]) -> frozenset[CameraKey]:
        """Forget cameras whose device is no longer heard; returns those of any state."""
        gone = frozenset(cameras)
        lost = {key for key in self._classes if key[0] in gone}
        for key in lost:
            del self._classes[key]
        return frozenset(camera for camera, _ in lost)
