"""Sends one HTTP request and classifies what can go wrong with it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from ..errors import ErrorKind, NvrError
from ..policy import Bounds, Waits
from .tls import TlsOptions


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer read to its end, whatever its status."""

    status: int
    content_type: str
    body: bytes
    challenges: tuple[str, ...] = ()
    location: str = ""


type OnAnswer = Callable[[str, HttpAnswer], None]


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
        self._bounds = bounds
        self._tls = tls

    async def request(
        self,
        method: str,
        url: str,
        *,
        where: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Send and read; raises UNREACHABLE, TIMEOUT, TLS, NOT_ONVIF or PROTOCOL.

        A connection that turns out closed before anything was answered is tried once
        more: devices drop idle connections at any moment.
        """
        try:
            async with asyncio.timeout(timeout or self._waits.soap_call):
                try:
                    answer = await self._once(method, url, headers, body, where)
                except (
                    aiohttp.ServerDisconnectedError,
                    aiohttp.ClientConnectionResetError,
                ):
                    answer = await self._once(method, url, headers, body, where)
        except NvrError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise classify(error, where) from error
        if self._on_answer:
            self._on_answer(where, answer)
        return answer

    async def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        where: str,
    ) -> HttpAnswer:
        async with self._session.request(
            method,
            # Encoded already: tokens in a query must go out byte for byte.
            URL(url, encoded=True),
            data=body,
            headers={"Accept-Encoding": "identity", **headers},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._waits.connect),
            ssl=self._tls.for_aiohttp(),
        ) as response:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.content.iter_chunked(64 * 1024):
                size += len(chunk)
                if size > self._bounds.soap_answer_bytes:
                    response.close()
                    raise NvrError(
                        ErrorKind.PROTOCOL,
                        f"the answer exceeds {self._bounds.soap_answer_bytes} bytes",
                        where=where,
                    )
                chunks.append(chunk)
            return HttpAnswer(
                response.status,
                response.content_type,
                b"".join(chunks),
                tuple(response.headers.getall("WWW-Authenticate", ())),
                response.headers.get("Location", ""),
            )


def classify(error: Exception, where: str) -> NvrError:
    """Turn what aiohttp raises into one of our kinds; never quotes a URL."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            kind, detail = ErrorKind.TLS, "the certificate is not acceptable"
        case aiohttp.ClientSSLError():
            kind, detail = ErrorKind.TLS, "no TLS could be agreed on"
        case aiohttp.ConnectionTimeoutError():
            kind, detail = ErrorKind.UNREACHABLE, "nothing answers"
        case TimeoutError():
            kind, detail = ErrorKind.TIMEOUT, "no answer in time"
        case aiohttp.ClientConnectorDNSError():
            kind, detail = ErrorKind.UNREACHABLE, "the name is not known"
        case aiohttp.ClientConnectorError():
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
    return NvrError(kind, detail, where=where)
