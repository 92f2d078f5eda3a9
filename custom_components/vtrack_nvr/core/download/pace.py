"""How fast footage comes: reading slower on purpose, and noticing real time."""

from ..clock import Clock
from ..policy import DevicePolicy, Quirk

_CHECK_S = 20.0
_REAL_TIME = 1.5
_FAST = 2.0
_LONGEST_PAUSE_S = 0.25


class Pace:
    """Counts bytes and footage of one session."""

    def __init__(self, clock: Clock, bytes_per_second: int | None) -> None:
        """Begin before the first byte."""
        self._clock = clock
        self._limit = bytes_per_second
        self._start = clock.monotonic()
        self._debt = 0.0
        self._last = self._start
        self._first_us: int | None = None
        self._first_at = 0.0

    def pause_after(self, size: int) -> float:
        """Return how long to wait before the next read; 0 without a limit."""
        if not self._limit:
            return 0.0
        now = self._clock.monotonic()
        self._debt = max(0.0, self._debt - (now - self._last)) + size / self._limit
        self._last = now
        return min(self._debt, _LONGEST_PAUSE_S) if self._debt > 0.01 else 0.0

    def learn(self, time_us: int, policy: DevicePolicy) -> DevicePolicy:
        """Return the policy with what the speed of footage tells.

        `time_us` is the newest picture's. Nothing is said before 20 s have passed, with a
        limit of ours, or where real time was asked for.
        """
        now = self._clock.monotonic()
        if self._first_us is None:
            self._first_us, self._first_at = time_us, now
            return policy
        passed = now - self._first_at
        if passed < _CHECK_S or self._limit or policy.has(Quirk.NO_RATE_CONTROL):
            return policy
        speed = (time_us - self._first_us) / 1_000_000 / passed
        if speed < _REAL_TIME and not policy.has(Quirk.REAL_TIME_ONLY):
            return policy.learn(Quirk.REAL_TIME_ONLY)
        if speed >= _FAST and policy.has(Quirk.REAL_TIME_ONLY):
            return policy.forget(Quirk.REAL_TIME_ONLY)
        return policy
