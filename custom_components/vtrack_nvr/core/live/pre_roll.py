"""The latest groups of pictures of a stream, kept in memory for the pre-roll."""

from collections import deque
from dataclasses import dataclass

from ..frames import TrackFormat
from ..media.units import Gop
from ..models import TimeSource


@dataclass(frozen=True, slots=True)
class Group:
    """A group of pictures with the formats it came in, and how it is dated."""

    gop: Gop
    video: TrackFormat
    sound: TrackFormat | None
    time_source: TimeSource = TimeSource.HOST


class PreRoll:
    """Bounded in time and bytes; the oldest groups fall out."""

    def __init__(self, length_ms: int, most_bytes: int) -> None:
        """Begin empty; length 0 keeps nothing."""
        self._length_us = length_ms * 1000
        self._most_bytes = most_bytes
        self._groups: deque[Group] = deque()
        self.bytes = 0

    def add(self, group: Group) -> None:
        """Take the newest group."""
        if not self._length_us:
            return
        self._groups.append(group)
        self.bytes += group.gop.bytes
        oldest_us = group.gop.end_us - self._length_us
        while self._groups and (
            self._groups[0].gop.end_us <= oldest_us or self.bytes > self._most_bytes
        ):
            self.bytes -= self._groups.popleft().gop.bytes

    def take(self) -> list[Group]:
        """Return all groups in order and keep none."""
        groups = list(self._groups)
        self._groups.clear()
        self.bytes = 0
        return groups
