"""The latest groups of pictures of a stream, kept in memory for the pre-roll."""

from collections import deque

from ..media.units import Gop


class Ring:
    """Bounded in time and bytes; the oldest groups fall out."""

    def __init__(self, length_ms: int, most_bytes: int) -> None:
        """Begin empty; length 0 keeps nothing."""
        self._length_us = length_ms * 1000
        self._most_bytes = most_bytes
        self._groups: deque[Gop] = deque()
        self.bytes = 0

    def add(self, gop: Gop) -> None:
        """Take the newest group."""
        if not self._length_us:
            return
        self._groups.append(gop)
        self.bytes += gop.bytes
        oldest_us = gop.end_us - self._length_us
        while self._groups and (
            self._groups[0].end_us <= oldest_us or self.bytes > self._most_bytes
        ):
            self.bytes -= self._groups.popleft().bytes

    def take(self) -> list[Gop]:
        """Return all groups in order and keep none."""
        groups = list(self._groups)
        self._groups.clear()
        self.bytes = 0
        return groups
