"""What is learned of a device while sessions with it run; shared by all of them."""

from collections.abc import Callable
from enum import StrEnum
import threading
from typing import Final

from .policy import DevicePolicy, Quirk

_CLOSED_OFTEN: Final = 2
_EARLY, _LATE = 0.75, 1.5
"""A session that ended so many timeouts after its last honoured request timed out."""
_AT_ONCE_S: Final = 1.0
"""A connection that ends this soon after a keep-alive was ended by it."""


class KeepAlive(StrEnum):
    """How a session is kept alive, in the order in which ways are tried."""

    GET_PARAMETER = "GET_PARAMETER"
    OPTIONS = "OPTIONS"
    SET_PARAMETER = "SET_PARAMETER"
    REPORTS = "reports"
    """RTCP receiver reports only; they go along with the others as well."""

    @property
    def next(self) -> KeepAlive:
        """Return the way to try after this one."""
        ways = tuple(KeepAlive)
        return ways[(ways.index(self) + 1) % len(ways)]


_QUIRKS: Final = {
    KeepAlive.OPTIONS: Quirk.OPTIONS_KEEP_ALIVE,
    KeepAlive.SET_PARAMETER: Quirk.SET_PARAMETER_KEEP_ALIVE,
    KeepAlive.REPORTS: Quirk.RTCP_KEEP_ALIVE,
}


class DeviceHabits:
    """How one NVR wants its sessions begun and kept alive, at which port it answers, and
    until when the dates of its replay are believed. Thread-safe.

    `on_change` is called, on the session's thread, when another keep-alive was learned.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Know nothing yet."""
        self._on_change = on_change
        self._lock = threading.Lock()
        self._keep_alive: KeepAlive | None = None
        self._closed = 0
        self.skips_options = False
        """OPTIONS was answered by silence or by the end of the connection."""
        self.port: int | None = None
        """Where RTSP answered."""
        self.believed_until_s = 0.0
        """Monotonic time: so long the dates of its replay need no proof."""

    @property
    def keep_alive(self) -> KeepAlive | None:
        """Return the way that the device is known to honour, None: none is known."""
        with self._lock:
            return self._keep_alive

    def know(self, policy: DevicePolicy) -> None:
        """Take what was learned in earlier runs, unless more is known."""
        with self._lock:
            for way, quirk in _QUIRKS.items():
                if self._keep_alive is None and policy.has(quirk):
                    self._keep_alive = way

    def taught(self, policy: DevicePolicy) -> DevicePolicy:
        """Return the policy with the keep-alive that is known by now."""
        way = self.keep_alive
        if way is None:
            return policy
        policy = policy.forget(*_QUIRKS.values())
        return policy.learn(_QUIRKS[way]) if way in _QUIRKS else policy

    def learn(self, way: KeepAlive) -> None:
        """Take note that the device honours a way where it did not honour another."""
        with self._lock:
            is_news = way is not (self._keep_alive or KeepAlive.GET_PARAMETER)
            self._keep_alive = way
            self._closed = 0
        if is_news:
            self._on_change()

    def ended(
        self, way: KeepAlive, *, silent_s: float, alive_s: float, timeout_s: float
    ) -> bool:
        """Take note that the device ended a playing session.

        `silent_s` is how long ago the latest keep-alive was sent, `alive_s` how long ago
        the latest request that surely counted, PLAY. Twice at the timeout, or twice at
        once after a keep-alive, shows that this way does not count. Returns whether it
        looked like either.
        """
        is_timed_out = _EARLY * timeout_s <= alive_s <= _LATE * timeout_s
        if not (is_timed_out or silent_s <= _AT_ONCE_S):
            return False
        with self._lock:
            self._closed += 1
            is_proof = self._closed >= _CLOSED_OFTEN
        if is_proof:
            self.learn(way.next)
        return True
