"""A way to stop blocking work from another thread, at once."""

from collections.abc import Callable
import threading

from .errors import ErrorKind, NvrError


class CancelToken:
    """Set once; wakes whatever registered a waker (for example a socket's shutdown)."""

    def __init__(self) -> None:
        """Start not cancelled."""
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wakers: dict[object, Callable[[], None]] = {}
        self.reason = ""

    @property
    def event(self) -> threading.Event:
        """The event to wait on between attempts."""
        return self._event

    @property
    def is_cancelled(self) -> bool:
        """Return whether somebody asked to stop."""
        return self._event.is_set()

    def cancel(self, reason: str = "") -> None:
        """Ask to stop; returns at once, may be called from any thread and repeatedly."""
        with self._lock:
            if self._event.is_set():
                return
            self.reason = reason
            self._event.set()
            wakers = tuple(self._wakers.values())
        for wake in wakers:
            wake()

    def add_waker(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` on cancel (at once if that was before); return how to unregister."""
        key = object()
        with self._lock:
            self._wakers[key] = wake
            is_late = self._event.is_set()
        if is_late:
            wake()

        def remove() -> None:
            with self._lock:
                self._wakers.pop(key, None)

        return remove

    def check(self) -> None:
        """Raise `NvrError(CANCELLED)` if somebody asked to stop."""
        if self._event.is_set():
            raise NvrError(ErrorKind.CANCELLED, self.reason)
