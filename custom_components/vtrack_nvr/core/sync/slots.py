"""Who may fetch now: the sessions that the whole installation allows itself at once.

Requests go first, then whoever waits longest. Taking never blocks: who is refused is
remembered and woken when a session is free.
"""

from collections.abc import Callable

from ..models import NvrKey


class Slots:
    """A bounded number of sessions shared by all NVRs."""

    def __init__(self, total: int, wake: Callable[[], None]) -> None:
        """Allow `total` at once; `wake` is called when somebody waits or one is free."""
        self._total = total
        self._wake = wake
        self._taken = 0
        self._waiting: dict[NvrKey, bool] = {}

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
        """Say whether another NVR waits for what this one holds."""
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
