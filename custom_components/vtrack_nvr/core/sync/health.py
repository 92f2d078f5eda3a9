"""How one NVR is doing: offline, busy, refused; and what an error stands in the way of."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from .backoff import Backoff
from .engine_context import EngineContext
from .status import Problem


class Scope(StrEnum):
    """What an error stands in the way of."""

    NVR = "nvr"
    CAMERA = "camera"
    STORAGE = "storage"
    NOTHING = "nothing"


REFUSALS = 2
"""A login refused so often stops all attempts; the clock is measured in between."""
_OFFLINE = frozenset({ErrorKind.UNREACHABLE, ErrorKind.NOT_ONVIF, ErrorKind.TIMEOUT})
_WHOLE_NVR = frozenset(
    {
        ErrorKind.UNREACHABLE,
        ErrorKind.NOT_ONVIF,
        ErrorKind.TLS,
        ErrorKind.AUTH_REFUSED,
        ErrorKind.BUSY,
        ErrorKind.INDEX_FAILED,
        ErrorKind.HOST_CLOCK,
    }
)


def scope_of(error: NvrError, *, is_soap: bool) -> Scope:
    """Return what an error that one camera's work met stands in the way of."""
    if error.kind in STORAGE_KINDS:
        return Scope.STORAGE
    if error.kind is ErrorKind.CANCELLED:
        return Scope.NOTHING
    if error.kind in _WHOLE_NVR or (is_soap and error.kind is ErrorKind.TIMEOUT):
        return Scope.NVR
    return Scope.CAMERA


@dataclass(slots=True)
class NvrHealth:
    """Remembers what stands before the work of one NVR.

    Every failure has a pause that grows with each further one, whatever its kind.
    `asking` pauses everything that is asked of the device or the index, `sessions` only
    the RTSP sessions of a device that has none left. `is_blocked`: nothing is tried until
    a person acts. `session_cap` is how many sessions the device proved to bear.
    """

    rooms: EngineContext
    asking: Backoff = field(init=False)
    sessions: Backoff = field(init=False)
    is_online: bool | None = None
    is_blocked: bool = False
    session_cap: int | None = None
    problem: Problem | None = None
    refusals: dict[bool, int] = field(default_factory=dict)
    """Refused logins since the last accepted one, by SOAP (True) and RTSP."""

    def __post_init__(self) -> None:
        """Begin without any trouble."""
        waits, rng = self.rooms.waits, self.rooms.rng
        self.asking = Backoff(waits.offline, rng)
        self.sessions = Backoff(waits.busy, rng)

    def can_talk(self, now_s: float) -> bool:
        """Return whether the device may be asked anything now."""
        return not (self.is_blocked or self.asking.is_waiting(now_s))

    def can_fetch(self, now_s: float) -> bool:
        """Return whether a session may be opened now."""
        return self.can_talk(now_s) and not self.sessions.is_waiting(now_s)

    def next_s(self, now_s: float) -> float | None:
        """Return when the nearest pause ends."""
        ends = (self.asking.until_s, self.sessions.until_s)
        return min((end for end in ends if end > now_s), default=None)

    def failed(self, error: NvrError) -> None:
        """Take account of an error that ended work for the NVR as a whole."""
        self._note(error, is_soap=True)

    def react(self, error: NvrError, *, is_soap: bool, sessions: int = 1) -> Scope:
        """Take account of an error that one camera's work met; return its scope."""
        scope = scope_of(error, is_soap=is_soap)
        if scope is Scope.NVR:
            self._note(error, is_soap=is_soap, sessions=sessions)
        return scope

    def _note(self, error: NvrError, *, is_soap: bool, sessions: int = 1) -> None:
        now_s = self.rooms.clock.monotonic()
        kind = error.kind
        if kind is ErrorKind.BUSY and not is_soap:
            if sessions > 1:
                self.session_cap = sessions - 1
            self.sessions.failed(now_s)
        else:
            self.asking.failed(now_s)
        if kind is ErrorKind.TLS:
            self.is_blocked = True
        elif kind is ErrorKind.AUTH_REFUSED:
            self.refusals[is_soap] = self.refusals.get(is_soap, 0) + 1
            self.is_blocked = sum(self.refusals.values()) >= REFUSALS
        elif kind in _OFFLINE:
            self.is_online = False
        self._say(error)

    def answered(self) -> None:
        """Take note that the device answered a SOAP call."""
        self.is_online = True
        self.refusals.pop(True, None)
        if self.problem is not None and self.problem.kind in _OFFLINE:
            self._clear()

    def succeeded(self) -> None:
        """Take note that the device answered all that was asked of it."""
        self.answered()
        self.asking.succeeded()
        if not self.sessions.failures and not self.refusals:
            self._clear()

    def fetched(self) -> None:
        """Take note that a session delivered footage."""
        self.is_online = True
        self.sessions.succeeded()
        self.refusals.pop(False, None)
        if self.problem is not None and self.problem.kind in {
            ErrorKind.BUSY,
            ErrorKind.AUTH_REFUSED,
        }:
            self._clear()

    def unblock(self) -> None:
        """Try again from scratch: a person changed something."""
        self.is_blocked = False
        self.refusals.clear()
        self.problem = None
        self.asking.succeeded()
        self.sessions.succeeded()
        self.rooms.changed()

    def _say(self, error: NvrError) -> None:
        is_same = self.problem is not None and self.problem.kind is error.kind
        if not is_same:
            self.problem = Problem(error.kind, self.rooms.clock.now_ms(), error.detail)
        self.rooms.changed()

    def _clear(self) -> None:
        if self.problem is not None and not self.is_blocked:
            self.problem = None
            self.rooms.changed()
