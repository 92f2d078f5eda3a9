"""What of the wanted time has no footage, and why; pure."""

from ..intervals import TimeRange
from .live_values import STARTING, LiveGap


class Losses:
    """Follows the end of the footage; every stretch behind it is told once.

    A stretch without footage of up to `least_ms` is no loss: the picture stands still.
    Longer ones are told piece by piece, while they last, without holes between.
    """

    def __init__(self, least_ms: int) -> None:
        """Expect nothing yet."""
        self._least_ms = least_ms
        self._since_ms: int | None = None
        self._reason = STARTING
        self._is_telling = False

    def expect(self, now_ms: int) -> None:
        """Footage is expected from now on, where it was not before."""
        if self._since_ms is None:
            self._since_ms = now_ms
            self._reason = STARTING
            self._is_telling = False

    def failed(self, now_ms: int, reason: str) -> LiveGap | None:
        """Take a failure; return what is missing since the footage or failure before."""
        since_ms = self._since_ms
        if since_ms is None:
            return None
        self._reason = reason
        if now_ms < since_ms:  # the host's clock was set back
            self._since_ms = now_ms
        return self._tell(now_ms)

    def came(self, footage: TimeRange) -> LiveGap | None:
        """Take footage; return what is missing before it."""
        gap = self._tell(footage.start_ms, is_over=True)
        self._since_ms = footage.end_ms
        self._reason = STARTING
        self._is_telling = False
        return gap

    def ended(self, now_ms: int) -> LiveGap | None:
        """Expect nothing any more; return what is missing at the end."""
        gap = self._tell(now_ms)
        self._since_ms = None
        return gap

    def _tell(self, until_ms: int, *, is_over: bool = False) -> LiveGap | None:
        since_ms = self._since_ms
        if since_ms is None:
            return None
        least_ms = 0 if self._is_telling else self._least_ms
        if until_ms - since_ms <= least_ms:
            return None
        self._since_ms = until_ms
        self._is_telling = True
        return LiveGap(TimeRange(since_ms, until_ms), self._reason, is_over)
