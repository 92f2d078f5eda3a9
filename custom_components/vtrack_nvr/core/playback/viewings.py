"""Who watches what: a viewing is a range of a camera that somebody was let see once.

Its token is the key to everything below its address: 256 random bits that nobody but the
asker is told, in memory only. It ends after six hours without use, when whoever asked has
lost the right to see the camera, and at every restart.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
import secrets

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..media.silence import Silence
from ..models import CameraKey
from .media_segments import Timeline
from .ports import Watch

LIFE_S = 6 * 3600.0
MOST = 256
MOST_OF_ONE = 32
LONGEST_MS = 6 * 3_600_000
LEAD_MS = 24 * 3_600_000
"""Times in segments count from so long before the range: clips that began before it, too."""
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 64

type AccessCheck = Callable[[], Awaitable[bool]]
"""Return whether whoever opened a viewing may still see its camera."""


@dataclass(slots=True, eq=False)
class Viewing:
    """One range of one camera, for one person (or one link)."""

    token: str
    owner: str
    camera: CameraKey
    window: TimeRange
    check: AccessCheck
    used_s: float
    timeline: Timeline = field(init=False)
    watch: Watch | None = None
    """Set where footage that is still on the device is fetched for it."""
    silence: Silence | None = None
    """What clips without sound are given, where others of the range have some."""
    has_grown: bool = False
    """Its playlist was told without an end once."""
    target: int = 0
    """The longest duration that was promised, once it was; in seconds."""

    def __post_init__(self) -> None:
        """List nothing yet."""
        self.timeline = Timeline(self.window)

    @property
    def origin_ms(self) -> int:
        """Return the moment (UTC) that times in its segments count from."""
        return self.window.start_ms - LEAD_MS

    @property
    def key(self) -> tuple[str, CameraKey, TimeRange, bool]:
        """Return what is alike in viewings that can be one."""
        return self.owner, self.camera, self.window, self.watch is not None


class Viewings:
    """All viewings; for the event loop. The clock counts seconds and never jumps."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Know of none."""
        self._monotonic = monotonic
        self._open: dict[bytes, Viewing] = {}
        """By a hash of the token, the one used last at the end: comparing tells nothing."""

    def __len__(self) -> int:
        """Return how many are open."""
        return sum(1 for _ in self._alive())

    def find(
        self, owner: str, camera: CameraKey, window: TimeRange, *, is_fetched: bool
    ) -> Viewing | None:
        """Return an open viewing of the same thing."""
        wanted = (owner, camera, window, is_fetched)
        for viewing in self._alive():
            if viewing.key == wanted:
                return self.use(viewing.token)
        return None

    def open(
        self,
        owner: str,
        camera: CameraKey,
        window: TimeRange,
        check: AccessCheck,
        watch: Watch | None = None,
    ) -> Viewing:
        """Begin a viewing; the one its owner has not used for longest may end for it.

        Raises `ValueError` for an empty or too long range, `LIMIT` where there are too many
        of all owners.
        """
        if not 0 < window.duration_ms <= LONGEST_MS:
            msg = "a viewing is of up to six hours"
            raise ValueError(msg)
        alive = [*self._alive()]
        mine = [viewing for viewing in alive if viewing.owner == owner]
        if len(mine) >= MOST_OF_ONE:
            self.end(mine[0].token)
        elif len(alive) >= MOST:
            raise NvrError(ErrorKind.LIMIT, "too many watch at once")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        viewing = Viewing(token, owner, camera, window, check, self._monotonic())
        viewing.watch = watch
        self._open[_name(token)] = viewing
        return viewing

    def use(self, token: str) -> Viewing | None:
        """Return the viewing of a token, which lives on from now; None without one."""
        viewing = self._open.get(_name(token))
        if viewing is None:
            return None
        if self._is_over(viewing):
            self.end(token)
            return None
        viewing.used_s = self._monotonic()
        self._open[_name(token)] = self._open.pop(_name(token))
        return viewing

    def end(self, token: str) -> None:
        """End a viewing, if there is one."""
        viewing = self._open.pop(_name(token), None)
        if viewing is not None and viewing.watch is not None:
            viewing.watch.close()

    def end_all(self, owner: str | None = None) -> None:
        """End all viewings, or all of one owner."""
        for viewing in [*self._open.values()]:
            if owner is None or viewing.owner == owner:
                self.end(viewing.token)

    def _is_over(self, viewing: Viewing) -> bool:
        return self._monotonic() - viewing.used_s > LIFE_S

    def _alive(self) -> Iterator[Viewing]:
        """Yield the open ones, the one used last at the end; those not used any more end."""
        for viewing in [*self._open.values()]:
            if self._is_over(viewing):
                self.end(viewing.token)
            else:
                yield viewing


def _name(token: str) -> bytes:
    return sha256(token[:_LONGEST_TOKEN].encode("utf-8", "replace")).digest()
