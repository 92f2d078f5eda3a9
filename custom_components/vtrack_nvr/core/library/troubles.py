"""What went wrong with single files: told once, and tried again ever more seldom."""

from dataclasses import dataclass
import logging
import random
import threading

from ..clock import Clock
from ..errors import NvrError

_LOGGER = logging.getLogger(__name__)

_FIRST_S = 5.0
_LONGEST_S = 3600.0
_JITTER = 0.2


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    until_s: float = 0.0
    said: str = ""
    asked_until_s: float = 0.0
    """It is being tried again; should nobody do so, it is asked for once more then."""

    @property
    def pause_s(self) -> float:
        """Return how long to wait after so many failures."""
        return min(_LONGEST_S, _FIRST_S * 2.0 ** min(self.failures, 20))


class Troubles:
    """Remembers what fails on each root; may be asked from any thread.

    A subject is a file, a folder or a job, named as the log names it. Pauses double with
    each failure, up to an hour, whatever the failure is.
    """

    def __init__(self, clock: Clock, rng: random.Random | None = None) -> None:
        """Know of no trouble."""
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._lock = threading.Lock()
        self._all: dict[tuple[int, str], _Trouble] = {}

    def failed(self, root_id: int, subject: str, error: Exception) -> None:
        """Take note of a failure; the log hears of each kind once."""
        kind = str(error.kind) if isinstance(error, NvrError) else type(error).__name__
        with self._lock:
            found = self._all.setdefault((root_id, subject), _Trouble())
            pause_s = found.pause_s * (1.0 + _JITTER * self._rng.random())
            found.failures += 1
            found.until_s = self._clock.monotonic() + pause_s
            is_news, found.said = found.said != kind, kind
        if not is_news:
            return
        if isinstance(error, NvrError):
            _LOGGER.warning("%s: %s; tried again later", subject, error)
        else:
            _LOGGER.error("%s failed; tried again later", subject, exc_info=error)

    def over(self, root_id: int, subject: str) -> None:
        """Take note that something works (again)."""
        with self._lock:
            if self._all.pop((root_id, subject), None):
                _LOGGER.info("%s: works again", subject)

    def forget(self, root_id: int) -> None:
        """Try everything on a root again at once: it was away, or is new."""
        with self._lock:
            for key in [key for key in self._all if key[0] == root_id]:
                self._all[key].until_s = 0.0

    def is_known(self, root_id: int, subject: str) -> bool:
        """Return whether a subject is in trouble."""
        with self._lock:
            return (root_id, subject) in self._all

    def is_waiting(self, root_id: int, subject: str) -> bool:
        """Return whether a subject is not to be tried yet."""
        with self._lock:
            found = self._all.get((root_id, subject))
            return found is not None and self._clock.monotonic() < found.until_s

    def take_due(self, root_id: int) -> bool:
        """Return whether something on a root may be tried again; once per pause."""
        now_s = self._clock.monotonic()
        is_due = False
        with self._lock:
            for (root, _subject), found in self._all.items():
                if root == root_id and now_s >= max(found.until_s, found.asked_until_s):
                    found.asked_until_s = now_s + found.pause_s
                    is_due = True
        return is_due
