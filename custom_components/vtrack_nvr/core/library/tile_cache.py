"""What is remembered of time lines that were drawn: pieces of tiles, and sums of days.

Not locked: it belongs to the one thread that draws.
"""

from collections import OrderedDict

from .coverage_tiles import CHUNK_LEVEL, CHUNK_MS, LEVELS, TileRuns, tile_ms

MOST_CACHED = 20_000
"""Pieces of time lines that are remembered, about a kilobyte each."""
MOST_DAYS = 1_000
"""Days of a camera that are remembered."""

type Sums = tuple[int, ...]


def piece_ms(level: int) -> int:
    """Return how long the pieces of a level are."""
    return tile_ms(level) if level < CHUNK_LEVEL else CHUNK_MS


class TileCache:
    """Remembers by camera, level and number; forgets what changed, and the least used."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._pieces: OrderedDict[tuple[int, int], dict[int, TileRuns]] = OrderedDict()
        """By camera and level, the least recently used first."""
        self._days: dict[int, dict[tuple[int, int], Sums]] = {}
        self.size = 0
        """How many pieces are remembered."""

    def pieces(self, camera_id: int, level: int) -> dict[int, TileRuns]:
        """Return the pieces of a camera and level; add to them by `keep` only."""
        known = self._pieces.setdefault((camera_id, level), {})
        self._pieces.move_to_end((camera_id, level))
        return known

    def keep(self, camera_id: int, level: int, number: int, runs: TileRuns) -> None:
        """Remember a piece."""
        known = self.pieces(camera_id, level)
        self.size += number not in known
        known[number] = runs
        while self.size > MOST_CACHED and len(self._pieces) > 1:
            _group, dropped = self._pieces.popitem(last=False)
            self.size -= len(dropped)

    def day(self, camera_id: int, start_ms: int, end_ms: int) -> Sums | None:
        """Return the sums of a day, None where they are not remembered."""
        return self._days.get(camera_id, {}).get((start_ms, end_ms))

    def keep_day(self, camera_id: int, start_ms: int, end_ms: int, sums: Sums) -> None:
        """Remember the sums of a day."""
        days = self._days.setdefault(camera_id, {})
        days[start_ms, end_ms] = sums
        while len(days) > MOST_DAYS:
            del days[next(iter(days))]

    def forget(self, camera_id: int, start_ms: int, end_ms: int) -> None:
        """Forget what touches a stretch of a camera's time line."""
        for level in range(LEVELS):
            group = self._pieces.get((camera_id, level), {})
            length_ms = piece_ms(level)
            numbers = range(start_ms // length_ms, -(-end_ms // length_ms))
            stale = (
                [number for number in group if number in numbers]
                if len(numbers) > len(group)
                else [number for number in numbers if number in group]
            )
            for number in stale:
                del group[number]
            self.size -= len(stale)
        days = self._days.get(camera_id, {})
        for day in [day for day in days if day[0] < end_ms and day[1] > start_ms]:
            del days[day]
