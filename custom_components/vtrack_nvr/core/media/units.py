"""Access units with their final times, and groups of them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ..frames import AccessUnit


class TimedUnit(NamedTuple):
    """A unit and when it was captured: microseconds since 1970 on the device's clock."""

    time_us: int
    unit: AccessUnit


@dataclass(slots=True)
class Gop:
    """A key frame with all that needs it, in decoding order, and the sound beside it.

    `end_us` is where the next picture begins: the next key frame, or the last picture's
    end where a gap or the end of the footage follows. A group never changes once its end
    is known.
    """

    video: list[TimedUnit]
    end_us: int = 0
    audio: list[TimedUnit] = field(default_factory=list)
    bytes: int = 0
    begins_with_key: bool = True
    """False for the rest of a group that was too long to hold in one piece."""
    is_whole: bool = True
    """False where the stream ended inside the group."""

    @property
    def start_us(self) -> int:
        """Return when its key frame was captured."""
        return self.video[0].time_us

    @property
    def last_us(self) -> int:
        """Return when its last picture was captured."""
        return max(item.time_us for item in self.video)
