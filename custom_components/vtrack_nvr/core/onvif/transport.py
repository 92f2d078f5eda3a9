"""Sends one HTTP request and classifies what can go wrong with it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
import errno
import ssl

import aiohttp
from yarl import URL

from ..errors import ErrorKind, NvrError, Treatment
from ..policy import Bounds, Waits
from . import raw_http
from .http_answer import HttpAnswer, OnAnswer, has_end, is_cut, is_whole, unpack_body
from .tls import TlsOptions

_DROPPED = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_LIES_ENOUGH = 2


class NoConnection(NvrError):  # noqa: N818 - what it is, not that it is an error
    """Nothing could be connected to, so that no other request would fare better."""


class AskAgain(NvrError):  # noqa: N818 - what to do about it
    """One more try may fare better: on a new connection, or read by ourselves."""


async def once_more[T](send: Callable[[], Awaitable[T]]) -> T:
    """Send, and once more where the transport asks for it.

    Not within the transport: a login that was sent must not be sent a second time, for
    devices take the same nonce or counter for an attack.
    """
    try:
        return await send()
    except AskAgain:
        return await send()


def ends_talk(error: NvrError) -> bool:
    """Return whether an error is everything's and not one operation's.

    That is a refused login and a device that is not there; whatever else an optional
    operation fails with says only that the device does not have it.
    """
    return isinstance(error, NoConnection) or error.treatment is Treatment.STOP


class HttpTransport:
    """Borrows a session; bounded in time and size, never follows redirects."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        waits: Waits,
        bounds: Bounds,
        tls: TlsOptions,
        on_answer: OnAnswer | None = None,
    ) -> None:
        """Keep the session; nothing is sent yet. `on_answer` sees what comes."""
        self._on_answer = on_answer
        self._session = session
        self._waits = waits
        self.bounds = bounds
        self._tls = tls
        self._lies = 0
        self._reads_next = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        where: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float | None = None,
        limit: int | None = None,
    ) -> HttpAnswer:
        """Send and read; raises UNREACHABLE, TIMEOUT, TLS, NOT_ONVIF or PROTOCOL.

        CANCELLED where the session is closed, as at the end of Home Assistant.

        An envelope or a picture that has come to its end is the answer, however its
        length was told. `AskAgain` is raised for a connection that turns out closed before
        anything was answered, as devices drop idle ones at any moment, and for what is no
        HTTP to aiohttp: the next request is then read by ourselves. `limit` is the
        largest body in bytes, of what was unpacked, too.
        """
        size = limit or self.bounds.soap_answer_bytes
        # Encoded already: tokens in a query must go out byte for byte.
        sent = {"Accept-Encoding": "identity", **headers}
        is_raw = self._lies >= _LIES_ENOUGH or self._reads_next
        self._reads_next = False
        ask = self._raw if is_raw else self._once
        try:
            async with asyncio.timeout(timeout or self._waits.soap_call):
                answer = await ask(method, URL(url, encoded=True), sent, body, size)
        except NvrError as error:
            raise type(error)(error.kind, error.detail, where=where) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            found = transport_error(error, where)
            if is_raw or not (_is_unreadable(error) or _is_dropped(error)):
                raise found from error
            self._reads_next = _is_unreadable(error)
            raise AskAgain(found.kind, found.detail, where=where) from error
        if len(answer.body) > size:
            raise NvrError(
                ErrorKind.PROTOCOL, f"the answer exceeds {size} bytes", where=where
            )
        if self._on_answer:
            self._on_answer(where, answer)
        return answer

    async def _raw(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
    ) -> HttpAnswer:
        answer = await raw_http.exchange(
            method,
            url,
            headers,
            body or b"",
            self._tls,
            limit=limit,
            quiet=self._waits.soap_quiet,
        )
        if answer is None:
            raise NvrError(ErrorKind.NOT_ONVIF, "the answer is not http")
        answer = _unpacked(answer, limit)
        has_come = answer.is_complete or has_end(answer.body)
        is_broken = is_cut(answer.body, is_complete=answer.is_complete)
        # Elsewhere the body says no more than the status.
        if answer.status == 200 and (is_broken or not has_come):
            raise NvrError(ErrorKind.PROTOCOL, "the answer broke off")
        self._lies += 1
        return answer

    async def _once(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
    ) -> HttpAnswer:
        if self._session.closed:
            # whoever lends it is going: that is no answer of the device, nor a fault
            raise NvrError(ErrorKind.CANCELLED, "the HTTP session is closed")
        async with self._session.request(
            method,
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._waits.connect),
            ssl=self._tls.for_aiohttp(),
        ) as response:
            body, is_complete = await self._body(response, limit)
            answer = HttpAnswer(
                response.status,
                response.content_type,
                body,
                tuple(response.headers.getall("WWW-Authenticate", ())),
                response.headers.get("Location", ""),
                is_complete,
            )
        answer = _unpacked(answer, limit)
        is_broken = is_cut(answer.body, is_complete=is_complete)
        if is_broken and len(answer.body) <= limit:
            raise aiohttp.ClientPayloadError
        return answer

    async def _body(
        self, response: aiohttp.ClientResponse, limit: int
    ) -> tuple[bytes, bool]:
        """Read to the end that was told, or to the body's own; return whether it was told."""
        is_endless = response.content_type == "multipart/x-mixed-replace"
        body = bytearray()
        while len(body) <= limit:
            wait = self._waits.soap_quiet if is_whole(body) else None
            try:
                async with asyncio.timeout(wait):
                    chunk = await response.content.read(64 * 1024)
            except TimeoutError:
                break
            except aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, OSError:
                # Nothing more will come.
                if not has_end(body):
                    raise
                break
            if not chunk:
                is_told = response.content_length is not None or (
                    "chunked" in response.headers.get("Transfer-Encoding", "").lower()
                )
                return bytes(body), is_told
            body += chunk
            if is_endless and b"\xff\xd9" in chunk:
                break
        response.close()
        return bytes(body), False


def _unpacked(answer: HttpAnswer, limit: int) -> HttpAnswer:
    return replace(answer, body=unpack_body(answer.body, limit))


def _is_unreadable(error: Exception) -> bool:
    """Return whether something came that aiohttp does not take for an answer."""
    return isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError)


def _is_dropped(error: Exception) -> bool:
    """Return whether a connection that had been made was closed by the device."""
    match error:
        case aiohttp.ClientConnectorError():
            return False
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionResetError():
            return True
        case aiohttp.ClientOSError():
            return error.errno in _DROPPED
    return False


def transport_error(error: Exception, where: str) -> NvrError:
    """Turn what aiohttp raises into one of our kinds; never quotes a URL."""
    make: type[NvrError] = NvrError
    match error:
        case aiohttp.ClientConnectorCertificateError():
            kind, detail = ErrorKind.TLS, "the certificate is not acceptable"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            kind, detail = ErrorKind.TLS, "no TLS could be agreed on"
        case aiohttp.ConnectionTimeoutError():
            make, kind, detail = NoConnection, ErrorKind.UNREACHABLE, "nothing answers"
        case TimeoutError():
            kind, detail = ErrorKind.TIMEOUT, "no answer in time"
        case aiohttp.ClientConnectorDNSError():
            make = NoConnection
            kind, detail = ErrorKind.UNREACHABLE, "the name is not known"
        case aiohttp.ClientConnectorError():
            make = NoConnection
            kind, detail = ErrorKind.UNREACHABLE, error.os_error.strerror or "refused"
        case aiohttp.ServerDisconnectedError():
            kind, detail = ErrorKind.UNREACHABLE, "closed without an answer"
        case aiohttp.ClientResponseError():
            kind, detail = ErrorKind.NOT_ONVIF, "the answer is not http"
        case aiohttp.ClientPayloadError():
            kind, detail = ErrorKind.PROTOCOL, "the answer broke off"
        case aiohttp.InvalidURL() | ValueError():
            kind, detail = ErrorKind.PROTOCOL, "an address that is no URL"
        case _:
            kind, detail = ErrorKind.UNREACHABLE, type(error).__name__
    return make(kind, detail, where=where)
