"""TEMP."""

from .store import Store


class Mover:
    """TEMP."""

    def __init__(self, store: Store) -> None:
        """TEMP."""
        self._store = store
