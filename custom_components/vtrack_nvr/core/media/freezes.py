"""Stretches of a clip in which the picture stands still because there was none."""

from .units import Gop

_LEAST_US = 2_000_000
_TIMES_USUAL = 3


class Freezes:
    """Collects pauses of more than 2 s that are three times what is usual."""

    def __init__(self) -> None:
        """Start with the first picture of a clip."""
        self._found: list[tuple[int, int]] = []
        self._last: int | None = None
        self._usual = 0

    @property
    def found(self) -> tuple[tuple[int, int], ...]:
        """Return (last picture's end, next picture) of each, in microseconds."""
        return tuple(self._found)

    def add(self, gop: Gop) -> None:
        """Look at the next group."""
        self.add_times(sorted(item.time_us for item in gop.video))

    def add_times(self, times: list[int]) -> None:
        """Look at the next pictures, in the order they are shown."""
        last = self._last
        usual = self._usual
        for time in times:
            if last is not None:
                step = time - last
                if step > _LEAST_US and usual and step > _TIMES_USUAL * usual:
                    self._found.append((last + usual, time))
                elif step > 0:
                    usual = step
            last = time
        self._last = last
        self._usual = usual
