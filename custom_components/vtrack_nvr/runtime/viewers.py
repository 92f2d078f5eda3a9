"""Who watches a device live: its streams that are open in Home Assistant."""

from collections.abc import Callable

type IsWatched = Callable[[], bool]


class LiveViewers:
    """The live pictures of one NVR; implements the engine's `Viewers`."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Call `changed` where somebody may have begun to watch, or ended it."""
        self.changed = changed
        self._pictures: set[IsWatched] = set()

    def add(self, is_watched: IsWatched) -> Callable[[], None]:
        """Ask a live picture from now on; returns how to end that."""
        self._pictures.add(is_watched)

        def remove() -> None:
            self._pictures.discard(is_watched)
            self.changed()

        return remove

    def is_watched(self) -> bool:
        """Return whether somebody watches one of the device's live streams now."""
        return any(is_watched() for is_watched in self._pictures)
