"""Decoding times for pictures that come in decoding order with capture times only."""


class DecodeTimes:
    """Gives each picture of a stream a decoding time; ticks, one instance per file.

    Pictures are given out at the times of the sorted capture times, late by as many
    places as the deepest reordering of the first group. So decoding times increase, never
    lie after the capture time, and equal it where nothing is reordered.
    """

    def __init__(self) -> None:
        """Start with the first group of a file."""
        self._depth: int | None = None
        self._recent: list[int] = []
        self._last: int | None = None

    def of(self, shown: list[int], step: int) -> list[tuple[int, int]]:
        """Return (shown, decoded) for one group; `step` is the usual distance.

        Shown times come back as they went in, but where a device gives equal or
        impossible ones: those move by the least that makes them possible.
        """
        shown = _distinct(shown)
        order = sorted(shown)
        depth = 0
        if order != shown:
            rank = {time: place for place, time in enumerate(order)}
            depth = max(place - rank[time] for place, time in enumerate(shown))
        if self._depth is None:
            self._depth = depth
            self._recent = [order[0] - step * (depth - i) for i in range(depth)]
        given = self._recent + order
        result: list[tuple[int, int]] = []
        for time, decoded in zip(shown, given, strict=False):
            decoded = min(decoded, time)
            if self._last is not None and decoded <= self._last:
                decoded = self._last + 1
                time = max(time, decoded)
            self._last = decoded
            result.append((time, decoded))
        self._recent = given[len(given) - self._depth :]
        return result


def _distinct(shown: list[int]) -> list[int]:
    """Return the times with repeated ones moved on by a tick each."""
    if len(set(shown)) == len(shown):
        return shown
    seen: set[int] = set()
    fixed: list[int] = []
    for time in shown:
        while time in seen:
            time += 1
        seen.add(time)
        fixed.append(time)
    return fixed
