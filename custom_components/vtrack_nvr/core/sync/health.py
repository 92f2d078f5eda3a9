"""How one NVR is doing: offline, busy, refused; and whose fault an error is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from .backoff import Backoff
from .rooms import Rooms
from .status import Problem


class Scope(StrEnum):
    """What an error stands in the way of."""

    NVR = "nvr"
    CAMERA = "camera"
    STORAGE = "storage"
    NOTHING = "nothing"


REFUSALS = 2
"""A login refused so often stops all attempts; the clock is measured in between."""
_OFFLINE = frozenset({ErrorKind.UNREACHABLE, ErrorKind.NOT_ONVIF})


@dataclass(slots=True)
class NvrHealth:
    """Remembers what stands before the work of one NVR.

    `is_blocked`: nothing is tried until a person acts. `session_cap` is how many sessions
    the device proved to bear.
    """

    rooms: Rooms
    offline: Backoff = field(init=False)
    busy: Backoff = field(init=False)
    index: Backoff = field(init=False)
    is_online: bool | None = None
    is_blocked: bool = False
    session_cap: int | None = None
    problem: Problem | None = None
    refusals: dict[bool, int] = field(default_factory=dict)
    """Refused logins since the last accepted one, by SOAP (True) and RTSP."""

    def __post_init__(self) -> None:
        """Begin without any trouble."""
        waits, rng = self.rooms.waits, self.rooms.rng
        self.offline = Backoff(waits.offline, rng)
        self.busy = Backoff(waits.busy, rng)
        self.index = Backoff(waits.offline, rng)

    def can_talk(self, now_s: float) -> bool:
        """Say whether the device may be asked anything now."""
        return not (
            self.is_blocked
            or self.offline.is_waiting(now_s)
            or self.index.is_waiting(now_s)
        )

    def can_fetch(self, now_s: float) -> bool:
        """Say whether a session may be opened now."""
        return self.can_talk(now_s) and not self.busy.is_waiting(now_s)

    def next_s(self, now_s: float) -> float | None:
        """Return when the nearest pause ends."""
        ends = (self.offline.until_s, self.busy.until_s, self.index.until_s)
        return min((end for end in ends if end > now_s), default=None)

    def react(self, error: NvrError, *, is_soap: bool, sessions: int = 1) -> Scope:
        """Take an error into account; return what it stands in the way of."""
        now_s = self.rooms.clock.monotonic()
        kind = error.kind
        if kind in STORAGE_KINDS:
            return Scope.STORAGE
        if kind is ErrorKind.CANCELLED:
            return Scope.NOTHING
        if kind is ErrorKind.TLS:
            self.is_blocked = True
        elif kind is ErrorKind.AUTH_REFUSED:
            self.refusals[is_soap] = self.refusals.get(is_soap, 0) + 1
            self.is_blocked = sum(self.refusals.values()) >= REFUSALS
            self.offline.until_s = now_s + self.rooms.waits.offline[0]
        elif kind in _OFFLINE or (kind is ErrorKind.TIMEOUT and is_soap):
            self.is_online = False
            self.offline.failed(now_s)
        elif kind is ErrorKind.BUSY:
            if sessions > 1:
                self.session_cap = sessions - 1
            self.busy.failed(now_s)
        elif kind is ErrorKind.INDEX_FAILED:
            self.index.failed(now_s)
        else:
            return Scope.CAMERA
        self._say(error)
        return Scope.NVR

    def answered(self) -> None:
        """Take note that the device answered a SOAP call."""
        self.is_online = True
        self.offline.succeeded()
        self.index.succeeded()
        self.refusals.pop(True, None)
        kept = {ErrorKind.BUSY} | ({ErrorKind.AUTH_REFUSED} if self.refusals else set())
        self._clear(lambda kind: kind not in kept)

    def fetched(self) -> None:
        """Take note that a session delivered footage."""
        self.is_online = True
        self.busy.succeeded()
        self.refusals.pop(False, None)
        self._clear(lambda kind: kind in {ErrorKind.BUSY, ErrorKind.AUTH_REFUSED})

    def unblock(self) -> None:
        """Try again from scratch: a person changed something."""
        self.is_blocked = False
        self.refusals.clear()
        self.problem = None
        for pause in (self.offline, self.busy, self.index):
            pause.succeeded()
        self.rooms.changed()

    def _say(self, error: NvrError) -> None:
        is_same = self.problem is not None and self.problem.kind is error.kind
        if not is_same:
            self.problem = Problem(error.kind, self.rooms.clock.now_ms(), error.detail)
        self.rooms.changed()

    def _clear(self, concerns: Callable[[ErrorKind], bool]) -> None:
        if (
            self.problem is not None
            and concerns(self.problem.kind)
            and not self.is_blocked
        ):
            self.problem = None
            self.rooms.changed()
