"""Stops logging in where a login was refused, before the device locks us out.

Many devices block an address or an account after five to seven bad logins. One guard per
NVR is shared by everything that logs in there: SOAP on the event loop, RTSP on threads.
"""

from collections.abc import Callable
import threading

from .errors import ErrorKind, NvrError

REFUSALS_ALLOWED = 2
"""The second refusal stops all attempts (design §3.8)."""


class LoginGuard:
    """Counts refused logins of one NVR; thread-safe.

    Only a refusal that proves something counts: the answered challenge was fresh and the
    clock was measured just before. A stale nonce or a wrong clock is no refusal.
    """

    def __init__(self, on_locked: Callable[[], None] | None = None) -> None:
        """Start unlocked; `on_locked` is called once per lock, on the refused thread."""
        self._lock = threading.Lock()
        self._on_locked = on_locked
        self._refusals: dict[str, int] = {}
        self._is_locked = False

    @property
    def is_locked(self) -> bool:
        """Return whether no login may be tried any more."""
        return self._is_locked

    def check(self) -> None:
        """Raise `NvrError(AUTH_REFUSED)` if no login may be tried any more."""
        if self._is_locked:
            raise NvrError(
                ErrorKind.AUTH_REFUSED, "not tried: the login was refused before"
            )

    def refused(self, where: str = "") -> bool:
        """Count a refusal; return whether logins are stopped now.

        `where` names what refused ("soap", "rtsp"): a login that SOAP accepts again and
        again does not excuse the one that RTSP refuses.
        """
        with self._lock:
            self._refusals[where] = self._refusals.get(where, 0) + 1
            becomes_locked = (
                not self._is_locked and sum(self._refusals.values()) >= REFUSALS_ALLOWED
            )
            self._is_locked = self._is_locked or becomes_locked
            is_locked = self._is_locked
        if becomes_locked and self._on_locked:
            self._on_locked()
        return is_locked

    def accepted(self, where: str = "") -> None:
        """Forget the refusals of `where`; a lock stays until `reset`."""
        if self._refusals.get(where):
            with self._lock:
                self._refusals.pop(where, None)

    def reset(self) -> None:
        """Allow logins again, because a person changed the credentials."""
        with self._lock:
            self._refusals.clear()
            self._is_locked = False
