"""A caller of web services and a scripted server that answers it."""

from collections.abc import Callable

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.caller import Call, SoapCaller
from custom_components.vtrack_nvr.core.onvif.http_answer import HttpAnswer
from custom_components.vtrack_nvr.core.onvif.http_login import Credentials
from custom_components.vtrack_nvr.core.onvif.tls import TlsOptions
from custom_components.vtrack_nvr.core.onvif.transport import HttpTransport
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer, fault


class CallerRig:
    def __init__(self, server: ScriptedServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.guard = LoginGuard()
        self.clock_moves = False
        self.refreshed = 0
        self.heard: list[tuple[str, HttpAnswer]] = []
        self.transport = HttpTransport(
            session,
            Waits(connect=1, soap_call=1),
            Bounds(soap_answer_bytes=200_000),
            TlsOptions(),
            lambda name, answer: self.heard.append((name, answer)),
        )
        self.caller = self.make()

    def make(self, user: str = "u", password: str = "p") -> SoapCaller:
        async def refresh() -> bool:
            self.refreshed += 1
            return self.clock_moves

        return SoapCaller(
            self.transport,
            Credentials(user, password),
            self.guard,
            QuickClock(),
            refresh,
        )

    def call(self, name: str = "Op", path: str = "/a") -> Call:
        return Call(
            f"http://127.0.0.1:{self.server.port}{path}", f"urn:x/{name}", "<x/>"
        )

    async def error(self, call: Call | None = None, **options: bool) -> NvrError:
        with pytest.raises(NvrError) as caught:
            await self.caller.call(call or self.call(), **options)
        return caught.value


def challenge(*headers: str, text: str = "no") -> web.Response:
    response = web.Response(status=401, text=text)
    for header in headers:
        response.headers.add("WWW-Authenticate", header)
    return response


def wants_wss(answer: Callable[[], web.Response]) -> object:
    async def handle(request: web.Request, body: str) -> web.Response:
        return answer() if "UsernameToken" in body else fault("NotAuthorized")

    return handle
