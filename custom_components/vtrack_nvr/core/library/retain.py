"""TEMP."""

from .store import Store
from .values import RetentionPlan


class Retainer:
    """TEMP."""

    braked: RetentionPlan | None = None
    full_roots: tuple[int, ...] = ()

    def __init__(self, store: Store) -> None:
        """TEMP."""
        self._store = store

    def plan(self) -> RetentionPlan:
        """TEMP."""
        return RetentionPlan(0, (), ())

    def run(self, confirm: str) -> RetentionPlan:
        """TEMP."""
        return RetentionPlan(0, (), ())
