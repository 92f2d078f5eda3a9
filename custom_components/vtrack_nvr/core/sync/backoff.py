"""Growing, jittered pauses; pure but for the random source that is handed in."""

from collections.abc import Sequence
import random

JITTER = 0.25
"""Pauses are shortened by up to this share, so that many do not try at once."""


def pause_s(pauses: Sequence[float], failures: int, rng: random.Random) -> float:
    """Return the pause after the n-th failure in a row (1 is the first), jittered."""
    pause = pauses[min(max(failures, 1), len(pauses)) - 1]
    return pause * (1.0 - JITTER * rng.random())


class Backoff:
    """Counts failures in a row and says until when to keep still (monotonic seconds)."""

    def __init__(self, pauses: Sequence[float], rng: random.Random) -> None:
        """Start without a failure."""
        self._pauses = pauses
        self._rng = rng
        self.failures = 0
        self.until_s = 0.0

    def failed(self, now_s: float) -> float:
        """Count a failure; return the pause in seconds."""
        self.failures += 1
        pause = pause_s(self._pauses, self.failures, self._rng)
        self.until_s = now_s + pause
        return pause

    def succeeded(self) -> None:
        """Forget all failures."""
        self.failures = 0
        self.until_s = 0.0

    def is_waiting(self, now_s: float) -> bool:
        """Return whether it is too early to try again."""
        return now_s < self.until_s
