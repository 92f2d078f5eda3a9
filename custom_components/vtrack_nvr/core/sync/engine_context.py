"""What every part of the engine shares: the other rooms, clock, limits, sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
import random

from ..clock import Clock
from ..models import NvrKey
from ..policy import Bounds, Waits
from .news import News
from .ports import EngineLedger, Fetcher
from .settings import EngineLimits


class Slots:
    """A bounded number of sessions shared by all NVRs."""

    def __init__(self, total: int, wake: Callable[[], None]) -> None:
        """Allow `total` at once; `wake` is called when somebody waits or one is free."""
        self._total = total
        self._wake = wake
        self._taken = 0
        self._waiting: dict[NvrKey, bool] = {}

    def resize(self, total: int) -> None:
        """Allow another number from now on; what was taken goes on."""
        self._total = total
        self._wake()

    def try_take(self, nvr: NvrKey, *, is_request: bool) -> bool:
        """Take one, or begin to wait (keeping the place in the queue)."""
        if self._total - self._taken > self._ahead_of(nvr, is_request=is_request):
            self._waiting.pop(nvr, None)
            self._taken += 1
            return True
        if self._waiting.get(nvr) is not is_request:
            self._waiting[nvr] = is_request
            self._wake()
        return False

    def release(self) -> None:
        """Give one back."""
        self._taken -= 1
        self._wake()

    def withdraw(self, nvr: NvrKey) -> None:
        """Wait no longer."""
        if self._waiting.pop(nvr, None) is not None:
            self._wake()

    def has_other_waiting(self, nvr: NvrKey, *, requests_only: bool) -> bool:
        """Return whether another NVR waits for what this one holds."""
        return any(
            is_request or not requests_only
            for other, is_request in self._waiting.items()
            if other != nvr
        )

    def _ahead_of(self, nvr: NvrKey, *, is_request: bool) -> int:
        """Count the others that come before: requests first, then by time of waiting."""
        order = list(self._waiting)
        place = order.index(nvr) if nvr in self._waiting else len(order)
        return sum(
            other_is_request > is_request
            or (other_is_request == is_request and i < place)
            for i, (other, other_is_request) in enumerate(self._waiting.items())
            if other != nvr
        )


@dataclass(frozen=True, slots=True)
class EngineContext:
    """Handed to each worker; `changed` asks for a new status snapshot."""

    library: EngineLedger
    fetcher: Fetcher
    clock: Clock
    limits: EngineLimits
    waits: Waits
    bounds: Bounds
    rng: random.Random
    slots: Slots
    changed: Callable[[], None]
    news: News = field(default_factory=News)
