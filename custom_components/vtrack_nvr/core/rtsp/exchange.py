"""Asking and being answered over a wire, while media flows past. Blocking.

Joins the pure parts: bytes from `wire.py` go through `parser.py`, messages through
`connection.py`. Knows nothing of what the requests mean; that is `session.py`.
"""

from typing import Final

from ..cancel import CancelToken
from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from .auth import Authenticator
from .connection import Answered, Retry, RtspConnection, State
from .errors import RtspRefused
from .headers import parse_notice, parse_tokens
from .messages import HeaderItems, Message, Request, Response
from .parser import DiscardingSink, FrameSink, StreamParser
from .urls import parse_url
from .values import Endpoint, Notice
from .wire import Wire, open_wire

_GUARDED = "rtsp"
_NOTICES: Final = {int(notice): notice for notice in Notice}
_METHOD_REFUSED: Final = frozenset({400, 405, 451, 501, 551})


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
                allow_basic=endpoint.allow_basic or url.is_tls,
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
        self._keep_alive_due = float("inf")
        self._keep_alive_method = "GET_PARAMETER"

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
            received += self.read(left)
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
                where=self.where,
            )
        return response

    def read(self, timeout_s: float) -> int:
        """Read once; return how many bytes came, 0 for silence or the end."""
        if self._wire is None or self.is_closed:
            return 0
        count = self._wire.receive_into(self._parser.space(), timeout_s)
        if count is None:
            return 0
        if count == 0:
            self.is_closed = True
            return 0
        self.received += count
        for message in self._parser.feed(count):
            self._take(message)
        return count

    def plan_keep_alive(self) -> None:
        """Put the next keep-alive half a session timeout away (ST 5.2.2.2)."""
        public = self.connection.public
        if public and "GET_PARAMETER" not in public:
            self._keep_alive_method = "OPTIONS"
        self._keep_alive_due = self._clock.monotonic() + max(
            self._waits.shortest_keep_alive, self.connection.timeout_s / 2
        )

    def keep_alive(self) -> None:
        """Send what is due; the answer may be stuck behind media and is not awaited."""
        if self.is_closed or self._clock.monotonic() < self._keep_alive_due:
            return
        self.plan_keep_alive()
        for channel, packet in self.receiver_reports:
            self._send(b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet)
        if not self._endpoint.receiver_reports_only:
            _, data = self.connection.request(self._keep_alive_method, self.control)
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

    def _take(self, message: Message) -> None:
        if isinstance(message, Request):
            self._take_request(message)
            return
        if message.protocol != "RTSP":
            raise NvrError(
                ErrorKind.PROTOCOL, "a web server answers, not RTSP", where=self.where
            )
        try:
            step = self.connection.receive(message)
        except NvrError as error:
            if error.kind is ErrorKind.AUTH_REFUSED and self._endpoint.username:
                self._guard.refused(_GUARDED)
            raise
        if isinstance(step, Retry):
            self._send(step.data)
        elif step is not None:
            self._take_answer(step)

    def _take_answer(self, step: Answered) -> None:
        if step.asked.authorization is not None:
            self._guard.accepted(_GUARDED)
        if step.asked.first_cseq == self._awaited:
            self._answers[step.asked.first_cseq] = step.response
        elif step.response.status == 454:
            raise RtspRefused(
                454, step.response.reason, step.asked.request.method, where=self.where
            )
        elif (
            step.asked.request.method == self._keep_alive_method
            and step.response.status in _METHOD_REFUSED
        ):
            self._keep_alive_method = "OPTIONS"

    def _take_request(self, request: Request) -> None:
        """Answer the device; keep what it announces (profile-g 5.6)."""
        text = request.headers.get("x-notice") or request.headers.get("Notice")
        number = parse_notice(text)
        if request.method == "TEARDOWN":
            self.notice = Notice.TERMINATED
        elif number in _NOTICES:
            self.notice = _NOTICES[number]
        self._send(self.connection.answer(request).encode())
