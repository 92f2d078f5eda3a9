"""TEMP."""

from .guard import Root
from .store import Store
from .values import CheckReport


class Checker:
    """TEMP."""

    is_running = False
    last: CheckReport | None = None

    def __init__(self, store: Store) -> None:
        """TEMP."""
        self._store = store

    def fast(self, root: Root) -> CheckReport:
        """TEMP."""
        return CheckReport()

    def full(self) -> CheckReport:
        """TEMP."""
        return CheckReport()
