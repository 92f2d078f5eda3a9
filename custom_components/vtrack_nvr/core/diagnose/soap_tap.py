"""Listens to the web services of one device: requests, answers and what never came."""

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
import re
from typing import Any, Final, cast

import aiohttp
from yarl import URL

from ..clock import Clock
from ..digest import parse_challenges
from ..onvif.http_answer import HttpAnswer
from ..onvif.http_login import AuthMode
from ..onvif.lenient import parse_time_ms

_LONGEST: Final = 512 * 1024
"""Of an answer so many bytes are kept; long lists of recordings repeat themselves."""
_ALL: Final = 4 * 1024 * 1024
"""Of all answers together; of those that come later only the beginning is kept."""
_BEGINNING: Final = 2000
_MOST: Final = 400
_ACTION = re.compile(r'action="([^"]*)"')
_BODY = re.compile(r"<s:Body>(.*)</s:Body>", re.DOTALL)
_CREATED = re.compile(r"<(?:\w+:)?Created\b[^>]*>([^<]+)<")
_TEXT: Final = ("xml", "html", "text", "multipart")


@dataclass(slots=True)
class SoapExchange:
    """One request and what came of it.

    `body` is what stood inside the envelope's body; headers, which hold the login, are not
    kept. `created_off_ms` is how far the login's time was from the host's UTC. `status` is
    0 where nothing came, and `failure` then says what happened.
    """

    operation: str
    at_ms: int
    path: str = ""
    body: str = ""
    login: str = ""
    created_off_ms: int | None = None
    status: int = 0
    content_type: str = ""
    challenges: tuple[str, ...] = ()
    answer: str = ""
    took_ms: int = 0
    failure: str = ""


@dataclass
class SoapTap:
    """Give `session(…)` and `keep` to a device; `exchanges` is what was said, in order."""

    clock: Clock
    exchanges: list[SoapExchange] = field(default_factory=list)
    _kept: int = 0
    _open: defaultdict[str, deque[SoapExchange]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def session(self, session: aiohttp.ClientSession) -> aiohttp.ClientSession:
        """Return a session that tells us what is sent through it; `session` is borrowed."""
        return cast("aiohttp.ClientSession", _Tapped(session, self))

    def asked(
        self, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> SoapExchange:
        """Take note of a request."""
        action = _ACTION.search(headers.get("Content-Type", ""))
        operation = _operation(action[1].rpartition("/")[2] if action else "GET")
        exchange = SoapExchange(operation, self.clock.now_ms(), url.raw_path_qs)
        text = (body or b"").decode("utf-8", "replace")
        exchange.login = _login_of(headers.get("Authorization", ""), text)
        if exchange.login == AuthMode.WSS and (found := _CREATED.search(text)):
            created_ms = parse_time_ms(found[1])
            if created_ms is not None:
                exchange.created_off_ms = created_ms - exchange.at_ms
        if found := _BODY.search(text):
            exchange.body = found[1]
        if len(self.exchanges) < _MOST:
            self.exchanges.append(exchange)
            self._open[operation].append(exchange)
        return exchange

    def keep(self, operation: str, answer: HttpAnswer) -> None:
        """Take note of an answer; a device of ours calls it."""
        operation = _operation(operation)
        waiting = self._open[operation] or self._open["GET"]
        if waiting:
            exchange = waiting.popleft()
        elif len(self.exchanges) < _MOST:
            exchange = SoapExchange(operation, self.clock.now_ms())
            self.exchanges.append(exchange)
        else:
            return
        exchange.took_ms = self.clock.now_ms() - exchange.at_ms
        exchange.status = answer.status
        exchange.content_type = answer.content_type
        exchange.challenges = tuple(
            f"{item.scheme} algorithm={item.family} qop={item.qop or 'none'}"
            + (" stale" if item.is_stale else "")
            for item in parse_challenges(answer.challenges)
        )
        exchange.failure = ""
        is_text = any(word in answer.content_type for word in _TEXT)
        if is_text or b"<" in answer.body[:_BEGINNING]:
            limit = _LONGEST if self._kept < _ALL else _BEGINNING
            exchange.answer = _decoded(answer.body[:limit])
            self._kept += len(exchange.answer)
        elif answer.body:
            exchange.answer = f"({len(answer.body)} bytes)"

    def failed(self, exchange: SoapExchange, error: BaseException) -> None:
        """Take note that no answer came."""
        exchange.failure = type(error).__name__
        waiting = self._open[exchange.operation]
        if exchange in waiting:
            waiting.remove(exchange)


class _Tapped:
    """What the transport uses of a session."""

    def __init__(self, session: aiohttp.ClientSession, tap: SoapTap) -> None:
        self._session = session
        self._tap = tap

    @property
    def closed(self) -> bool:
        return self._session.closed

    def request(
        self, method: str, url: URL, **options: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._request(method, url, options)

    @asynccontextmanager
    async def _request(
        self, method: str, url: URL, options: dict[str, Any]
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        exchange = self._tap.asked(url, options["headers"], options.get("data"))
        try:
            async with self._session.request(method, url, **options) as response:
                exchange.status = response.status
                exchange.content_type = response.content_type
                yield response
        except BaseException as error:
            self._tap.failed(exchange, error)
            raise


def _operation(name: str) -> str:
    """Return the operation's name: actions of events (Core 9) say `…Request`."""
    return name.removesuffix("Request")


def _decoded(body: bytes) -> str:
    """Return text; old firmware writes Latin-1 whatever it says."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _login_of(authorization: str, body: str) -> str:
    if authorization:
        scheme = authorization.partition(" ")[0].lower()
        return scheme if scheme in set(AuthMode) else "other"
    if "UsernameToken" in body:
        return AuthMode.WSS.value
    return AuthMode.NONE.value
