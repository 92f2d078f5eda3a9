"""The RTSP conversation as a pure state machine: bytes to send out, answers in.

Knows which requests are open, who the session is and how to log in; knows neither
sockets nor time. The table of what is allowed when is `_ALLOWED`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ..errors import ErrorKind, NvrError
from .auth import Authenticator
from .headers import DEFAULT_SESSION_TIMEOUT_S, parse_session, parse_tokens
from .messages import HeaderItems, Headers, Request, Response

USER_AGENT = "VTrack-NVR"
_OPEN_REQUESTS_ALLOWED = 64
_PARAMETERS = ("GET_PARAMETER", "SET_PARAMETER")
_ABOUT_THE_SESSION = frozenset({"PLAY", "PAUSE", "TEARDOWN"})
"""Only to these is 454 believed: devices answer it to a keep-alive of a live session, and
to SETUP at a URL they do not know."""


class State(StrEnum):
    """Where a session is (RFC 2326 A.1)."""

    INIT = "init"
    READY = "ready"
    PLAYING = "playing"
    CLOSED = "closed"


_ALLOWED = {
    State.INIT: frozenset({"OPTIONS", "DESCRIBE", "SETUP"}),
    State.READY: frozenset(
        {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", *_PARAMETERS}
    ),
    State.PLAYING: frozenset(
        {"OPTIONS", "SETUP", "PLAY", "PAUSE", "TEARDOWN", *_PARAMETERS}
    ),
    State.CLOSED: frozenset(),
}
_AFTER = {"PLAY": State.PLAYING, "PAUSE": State.READY, "TEARDOWN": State.CLOSED}


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A request that has no answer yet. `first_cseq` names it across login retries."""

    request: Request
    cseq: int
    first_cseq: int
    authorization: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer found its request."""

    asked: PendingRequest
    response: Response


@dataclass(frozen=True, slots=True)
class LoginRetry:
    """The device wants (other) credentials: send these bytes."""

    data: bytes


type Step = Answered | LoginRetry | None


class RtspConnection:
    """One connection: CSeq, session id, login, open requests."""

    def __init__(self, authenticator: Authenticator) -> None:
        """Begin without a session."""
        self.authenticator = authenticator
        self.state = State.INIT
        self.session_id = ""
        self.timeout_s = DEFAULT_SESSION_TIMEOUT_S
        self.public: frozenset[str] = frozenset()
        self.is_forgotten = False
        """The device said that it no longer knows the session (454)."""
        self._cseq = 0
        self._open: dict[int, PendingRequest] = {}
        self._answered: dict[int | None, int] = {}
        """What the latest answers looked like: the same again is a copy."""

    @property
    def cseq(self) -> int:
        """Return the number of the latest request."""
        return self._cseq

    def request(
        self, method: str, uri: str, headers: HeaderItems = ()
    ) -> tuple[int, bytes]:
        """Return the CSeq and bytes of a request.

        Raises `NvrError(INTERRUPTED)` where the session is in no state for it: it ended
        meanwhile.
        """
        if method not in _ALLOWED[self.state]:
            raise NvrError(
                ErrorKind.INTERRUPTED,
                f"{method} is impossible: session is {self.state}",
            )
        return self._send(Request(method, uri, Headers(headers)), None)

    def receive(self, response: Response, awaited: int | None = None) -> Step:
        """Take a response; returns what it means, None for answers to nothing of ours.

        With another CSeq than that of an open request it belongs to the one that is
        waited for (`awaited`, its first CSeq), else to the oldest (profile-g 5.9): devices
        leave it out, repeat one number, or are one behind. A copy of an answer is passed
        over. Raises what `Authenticator.challenged` raises.
        """
        if response.status < 200:
            return None
        cseq = response.headers.number("CSeq")
        look = hash((response.status, response.headers.items, response.body))
        named = cseq
        if cseq not in self._open:
            is_past = cseq is not None and 0 < cseq <= self._cseq
            if is_past and self._answered.get(cseq, look) == look:
                return None
            cseq = self._other(awaited)
        asked = None if cseq is None else self._open.pop(cseq, None)
        if asked is None:
            return None
        for number in (asked.cseq, named):
            self._answered.pop(number, None)
            self._answered[number] = look
        while len(self._answered) > _OPEN_REQUESTS_ALLOWED:
            del self._answered[next(iter(self._answered))]
        if response.status == 401:
            self.authenticator.challenged(
                response.headers.all("WWW-Authenticate"), asked.authorization
            )
            return LoginRetry(self._send(asked.request, asked.first_cseq)[1])
        if asked.authorization is not None:
            self.authenticator.accepted()
        if response.status < 300:
            self._succeeded(asked.request.method, response)
        elif response.status == 454 and asked.request.method in _ABOUT_THE_SESSION:
            self.forgotten()
        return Answered(asked, response)

    def forgotten(self) -> None:
        """Take note that the device no longer knows the session."""
        self.state = State.CLOSED
        self.is_forgotten = True

    def _other(self, awaited: int | None) -> int | None:
        """Return the CSeq of the open request that an unmarked answer belongs to."""
        for cseq, asked in self._open.items():
            if asked.first_cseq == awaited:
                return cseq
        return next(iter(self._open), None)

    def answer(self, request: Request) -> Response:
        """Return the answer to a request of the device (profile-g 5.9)."""
        headers = [("CSeq", request.headers.get("CSeq"))]
        if self.session_id:
            headers.append(("Session", self.session_id))
        if request.method == "OPTIONS":
            headers.append(
                ("Public", "OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE")
            )
        if request.method in {
            "OPTIONS",
            "GET_PARAMETER",
            "SET_PARAMETER",
            "ANNOUNCE",
            "PLAY_NOTIFY",
            "REDIRECT",
            "TEARDOWN",
        }:
            return Response(200, "OK", Headers(headers))
        return Response(501, "Not Implemented", Headers(headers))

    def _send(self, request: Request, first_cseq: int | None) -> tuple[int, bytes]:
        self._cseq += 1
        cseq = self._cseq
        authorization = self.authenticator.authorization(request.method, request.uri)
        lines: list[tuple[str, str]] = [("CSeq", str(cseq)), ("User-Agent", USER_AGENT)]
        if self.session_id:
            lines.append(("Session", self.session_id))
        if authorization:
            lines.append(("Authorization", authorization))
        while len(self._open) >= _OPEN_REQUESTS_ALLOWED:
            del self._open[next(iter(self._open))]
        self._open[cseq] = PendingRequest(
            request, cseq, cseq if first_cseq is None else first_cseq, authorization
        )
        whole = replace(request, headers=Headers((*lines, *request.headers.items)))
        return cseq, whole.encode()

    def _succeeded(self, method: str, response: Response) -> None:
        if method == "OPTIONS":
            self.public = frozenset(
                word.upper() for word in parse_tokens(response.headers.get("Public"))
            )
        if method == "SETUP":
            session = parse_session(response.headers.get("Session"))
            if session.id:
                self.session_id = session.id
                self.timeout_s = session.timeout_s or DEFAULT_SESSION_TIMEOUT_S
            if self.state is State.INIT:
                self.state = State.READY
        elif self.state is not State.CLOSED:
            self.state = _AFTER.get(method, self.state)
