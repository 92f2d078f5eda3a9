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


class State(StrEnum):
    """Where a session is (RFC 2326 A.1)."""

    INIT = "init"
    READY = "ready"
    PLAYING = "playing"
    CLOSED = "closed"


_ALLOWED = {
    State.INIT: frozenset({"OPTIONS", "DESCRIBE", "SETUP"}),
    State.READY: frozenset(
        {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "TEARDOWN"}
    ),
    State.PLAYING: frozenset(
        {"OPTIONS", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "TEARDOWN"}
    ),
    State.CLOSED: frozenset(),
}
_AFTER = {"PLAY": State.PLAYING, "PAUSE": State.READY, "TEARDOWN": State.CLOSED}


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that has no answer yet. `first_cseq` names it across login retries."""

    request: Request
    cseq: int
    first_cseq: int
    authorization: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer found its request."""

    asked: OpenRequest
    response: Response


@dataclass(frozen=True, slots=True)
class Retry:
    """The device wants (other) credentials: send these bytes."""

    data: bytes


type Step = Answered | Retry | None


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
        self._open: dict[int, OpenRequest] = {}

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

    def receive(self, response: Response) -> Step:
        """Take a response; returns what it means, None for answers to nothing of ours.

        Without a CSeq of ours it belongs to the oldest open request (profile-g 5.9).
        Raises what `Authenticator.challenged` raises.
        """
        if response.status < 200:
            return None
        cseq = response.headers.number("CSeq")
        if cseq is None or not 0 < cseq <= self._cseq:
            cseq = next(iter(self._open), None)
        asked = None if cseq is None else self._open.pop(cseq, None)
        if asked is None:
            return None
        if response.status == 401:
            self.authenticator.challenged(
                response.headers.all("WWW-Authenticate"), asked.authorization
            )
            return Retry(self._send(asked.request, asked.first_cseq)[1])
        if asked.authorization is not None:
            self.authenticator.accepted()
        if response.status < 300:
            self._succeeded(asked.request.method, response)
        elif response.status == 454:
            self.state = State.CLOSED
            self.is_forgotten = True
        return Answered(asked, response)

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
        self._open[cseq] = OpenRequest(
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
