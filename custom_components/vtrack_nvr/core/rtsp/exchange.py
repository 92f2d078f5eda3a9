"""Asking and being answered over a wire, while media flows past. Blocking.

Joins the pure parts: bytes from `wire.py` go through `parser.py`, messages through
`conversation.py`. Knows nothing of what the requests mean; that is `session.py`.
"""

from typing import Final

from ..cancel import CancelToken
from ..clock import Clock
from ..device_habits import KeepAlive
from ..endpoint import Endpoint
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from .auth import Authenticator
from .conversation import Answered, LoginRetry, RtspConnection, State
from .headers import parse_notice, parse_tokens
from .keep_alive import KeepAlives
from .messages import HeaderItems, Request, Response, RtspMessage
from .parser import DiscardingSink, FrameSink, StreamParser
from .refusals import RtspRefused
from .session_values import Notice
from .urls import parse_url
from .wire import Wire, open_wire

_GUARDED = "rtsp"
_NOTICES: Final = {int(notice): notice for notice in Notice}


class Exchange:
    """One connection from opening to closing.

    `notice` is the latest word of the device, `is_closed` that it closed the connection
    in order, `received` counts its bytes. `control` is the URL that keep-alives and TEARDOWN go to.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        waits: Waits,
        bounds: Bounds,
        cancel: CancelToken,
        guard: LoginGuard,
    ) -> None:
        """Keep the settings; nothing is opened."""
        url = parse_url(endpoint.url)
        self.where = f"{url.host}:{url.port_or_default()}"
        self.notice: Notice | None = None
        self.is_closed = False
        self.received = 0
        self.control = ""
        self.receiver_reports: list[tuple[int, bytes]] = []
        self.connection = RtspConnection(
            Authenticator(
                endpoint.username,
                endpoint.password,
                allow_basic=endpoint.allow_basic,
            )
        )
        self._endpoint = endpoint
        self._clock = clock
        self._waits = waits
        self._bounds = bounds
        self._cancel = cancel
        self._guard = guard
        self._parser = StreamParser(bounds, DiscardingSink())
        self._wire: Wire | None = None
        self._answers: dict[int, Response] = {}
        self._awaited: int | None = None
        self._is_ending = False
        self._keep_alives = KeepAlives(endpoint.habits, waits)
        self._doubted_at: float | None = None
        """When a keep-alive was answered with 454, until media shows that it is not so."""

    @property
    def channels(self) -> set[int]:
        """Return the channels that were set up; add to it after SETUP."""
        return self._parser.channels

    def open(self) -> None:
        """Connect, unless that was done; raises what `open_wire` raises."""
        if self._wire is None:
            self._guard.check()
            self._wire = open_wire(
                self._endpoint, self._waits, self._bounds, self._cancel
            )

    def reopen(self) -> None:
        """Connect anew before there is a session; what the device wants of a login is kept."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self.connection = RtspConnection(self.connection.authenticator)
        self._parser = StreamParser(self._bounds, DiscardingSink())
        self._answers.clear()
        self._awaited = None
        self.is_closed = False
        self.open()

    @property
    def stumbles(self) -> int:
        """Return how often bytes came that made no sense."""
        return self._parser.stumbles

    def deliver_to(self, sink: FrameSink) -> None:
        """Send frames to `sink` from now on; of nonsense amid them less may be accepted."""
        self._parser.sink = sink
        self._parser.patience = self._bounds.media_resync_bytes

    def ask(self, method: str, url: str, headers: HeaderItems = ()) -> Response:
        """Send a request and wait for its answer; return it if it is 2xx.

        Raises `RtspRefused` for other answers, TIMEOUT, INTERRUPTED, AUTH_REFUSED,
        PROTOCOL, CANCELLED.
        """
        response = self.ask_for_media(method, url, headers)
        if response is None:
            raise NvrError(
                ErrorKind.INTERRUPTED, f"{method}: only media came", where=self.where
            )
        return response

    def ask_for_media(
        self, method: str, url: str, headers: HeaderItems = ()
    ) -> Response | None:
        """Ask; return None after `Bounds.gop_bytes` of media without an answer."""
        self._guard.check()
        cseq, data = self.connection.request(method, url, headers)
        self._awaited = cseq
        self._send(data)
        deadline = self._clock.monotonic() + self._waits.reply
        received = 0
        while cseq not in self._answers:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise NvrError(
                    ErrorKind.TIMEOUT, f"{method}: no answer", where=self.where
                )
            received += self._read_answer(left)
            if self.is_closed and cseq not in self._answers:
                raise NvrError(
                    ErrorKind.INTERRUPTED,
                    f"{method}: the device closed the connection",
                    where=self.where,
                )
            if received > self._bounds.gop_bytes and cseq not in self._answers:
                break
        response = self._answers.pop(cseq, None)
        self._awaited = None
        if response is not None and not 200 <= response.status < 300:
            raise RtspRefused(
                response.status,
                response.reason,
                method,
                unsupported=tuple(
                    sorted(parse_tokens(response.headers.get("Unsupported")))
                ),
                location=response.headers.get("Location"),
                where=self.where,
            )
        return response

    def _read_answer(self, left: float) -> int:
        """Read once; a description without a true length ends where silence begins."""
        parser = self._parser
        if not parser.has_open_body:
            return self.read(left)
        count = self.read(min(left, self._waits.body_quiet))
        if not count and (message := parser.end_body()) is not None:
            self._take(message)
        return count

    def read(self, timeout_s: float) -> int:
        """Read once; return how many bytes came, 0 for silence or the end."""
        if self._wire is None or self.is_closed:
            return 0
        if self._doubted_at is not None:
            left = self._doubted_at + self._waits.forgotten - self._clock.monotonic()
            timeout_s = min(timeout_s, max(0.0, left))
        try:
            count = self._wire.receive_into(self._parser.space(), timeout_s)
        except NvrError as error:
            if error.kind is ErrorKind.INTERRUPTED:
                self._note_end()
            raise
        if count == 0:
            self.is_closed = True
            self._note_end()
            if self._doubted_at is not None:
                self.connection.forgotten()
            return 0
        messages = self._parser.feed(count) if count else []
        self.received += count or 0
        for message in messages:
            self._take(message)
        if self._doubted_at is not None:
            self._resolve_doubt(is_media=bool(count and not messages))
        return count or 0

    def _resolve_doubt(self, *, is_media: bool) -> None:
        """Believe media rather than a 454 that stands against it, and silence with it."""
        now = self._clock.monotonic()
        if is_media:
            self._doubted_at = None
        elif now - (self._doubted_at or now) >= self._waits.forgotten:
            self.connection.forgotten()
            raise RtspRefused(454, "no media either", "keep-alive", where=self.where)

    def _note_end(self) -> None:
        """Learn from a session that the device ended while it played."""
        if self.connection.state is State.PLAYING and not self._is_ending:
            self._keep_alives.ended(self._clock.monotonic())

    def plan_keep_alive(self) -> None:
        """Put the next keep-alive half a session timeout away (ST 5.2.2.2)."""
        self._keep_alives.plan(
            self._clock.monotonic(), self.connection.timeout_s, self.connection.public
        )

    def keep_alive(self) -> None:
        """Send what is due; the answer may be stuck behind media and is not awaited."""
        keep_alives = self._keep_alives
        now = self._clock.monotonic()
        if self.is_closed or now < keep_alives.due:
            return
        way = keep_alives.begin(now)
        for channel, packet in self.receiver_reports:
            self._send(b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet)
        if way is not KeepAlive.REPORTS:
            cseq, data = self.connection.request(way, self.control)
            keep_alives.sent(cseq)
            self._send(data)

    def close(self) -> None:
        """TEARDOWN, wait a little for its answer, close. Never raises; idempotent."""
        if self._wire is None:
            return
        try:
            if not (self._cancel.is_cancelled or self.is_closed):
                self._tear_down()
        except NvrError:
            pass
        finally:
            self._wire.close()
            self._wire = None
            self.is_closed = True

    def _tear_down(self) -> None:
        if self.connection.state not in {State.READY, State.PLAYING}:
            return
        self._is_ending = True
        self._doubted_at = None
        self._parser.sink = DiscardingSink()
        self._parser.patience = self._bounds.resync_bytes
        cseq, data = self.connection.request("TEARDOWN", self.control)
        self._awaited = cseq
        self._send(data)
        deadline = self._clock.monotonic() + self._waits.teardown
        while cseq not in self._answers and not self.is_closed:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return
            self.read(left)

    def _send(self, data: bytes) -> None:
        if self._wire is None:
            raise NvrError(ErrorKind.INTERRUPTED, "not connected", where=self.where)
        self._wire.send(data)

    def _take(self, message: RtspMessage) -> None:
        if isinstance(message, Request):
            self._take_request(message)
            return
        if message.protocol != "RTSP" and not message.headers.get("CSeq"):
            raise NvrError(
                ErrorKind.PROTOCOL, "a web server answers, not RTSP", where=self.where
            )
        try:
            step = self.connection.receive(message, self._awaited)
        except NvrError as error:
            if error.kind is ErrorKind.AUTH_REFUSED and self._endpoint.username:
                self._guard.refused(_GUARDED)
            raise
        if isinstance(step, LoginRetry):
            self._send(step.data)
        elif step is not None:
            self._take_answer(step)

    def _take_answer(self, step: Answered) -> None:
        if step.asked.authorization is not None:
            self._guard.accepted(_GUARDED)
        asked, status = step.asked, step.response.status
        if asked.first_cseq == self._awaited:
            self._answers[asked.first_cseq] = step.response
        elif (
            self._keep_alives.answered(
                asked.first_cseq,
                self._clock.monotonic(),
                is_refused=not 200 <= status < 300,
            )
            and status == 454
        ):
            self._doubted_at = self._clock.monotonic()

    def _take_request(self, request: Request) -> None:
        """Answer the device; keep what it announces (profile-g 5.6)."""
        text = request.headers.get("x-notice") or request.headers.get("Notice")
        number = parse_notice(text)
        if request.method == "TEARDOWN":
            self.notice = Notice.TERMINATED
        elif number in _NOTICES:
            self.notice = _NOTICES[number]
        self._send(self.connection.answer(request).encode())
