"""A redirect leads to another path of the same device, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.caller import Call, SoapCaller
from custom_components.vtrack_nvr.core.onvif.http_answer import HttpAnswer
from custom_components.vtrack_nvr.core.onvif.http_login import Credentials
from custom_components.vtrack_nvr.core.onvif.redirects import (
    RedirectedAway,
    redirected,
)
from custom_components.vtrack_nvr.core.onvif.tls import TlsOptions
from custom_components.vtrack_nvr.core.onvif.transport import HttpTransport
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer, soap


def answer(location: str) -> HttpAnswer:
    return HttpAnswer(302, "", b"", (), location)


@pytest.mark.parametrize(
    ("asked", "location", "expected"),
    [
        ("http://cam:80/onvif/a", "/onvif/b", "http://cam:80/onvif/b"),
        ("http://cam/onvif/a", "b?c=%20d", "http://cam/onvif/b?c=%20d"),
        ("http://cam:8080/a", "http://cam:8080/b", "http://cam:8080/b"),
        # Behind a forwarded port a device knows its inner one only, or none.
        ("http://cam:8080/a", "http://cam/b", "http://cam:8080/b"),
        ("http://cam:80/", "/b", "http://cam:80/b"),
        ("http://cam:80", "/b", "http://cam:80/b"),
        ("http://cam:80/a", "http://cam:80", "http://cam:80/"),
        ("http://[fe80::1]:81/a", "/b", "http://[fe80::1]:81/b"),
        ("http://cam:80/a", "http://user:pw@cam:80/b", "http://cam:80/b"),
        # What was asked stands in the host as well.
        ("http://127.0.0.1:80/1", "/127.0.0.2:81/x", "http://127.0.0.1:80/127.0.0.2:81/x"),
        ("http://cam/am", "/d", "http://cam/d"),
        ("http://cam/c", "/@other/d", "http://cam/@other/d"),
    ],
)  # fmt: skip
def test_a_redirect_keeps_the_place(asked: str, location: str, expected: str) -> None:
    assert redirected(asked, answer(location), "x") == expected


@pytest.mark.parametrize(
    ("location", "https_port"),
    [
        ("http://other/a", None),
        ("//other/a", None),
        ("http://cam:81/a", None),
        ("http://cam:80@other/a", None),
        ("https://cam/a", 443),
        ("https://cam:8443/a", 8443),
        ("https://other/a", None),
        ("ftp://cam/a", None),
        ("/a\nb: c" + "d" * 5000, None),
        ("", None),
    ],
)
def test_a_redirect_elsewhere_is_refused(location: str, https_port: int | None) -> None:
    with pytest.raises(RedirectedAway) as caught:
        redirected("http://cam:80/a", answer(location), "x")
    assert caught.value.kind is ErrorKind.NOT_ONVIF
    assert caught.value.https_port == https_port


_PIECES = st.text("/1.:@\\?#%[]a-x ", max_size=30)


@given(_PIECES, _PIECES)
def test_no_answer_leads_to_another_host(path: str, location: str) -> None:
    try:
        target = URL(
            redirected(f"http://127.0.0.1:80/{path}", answer(location), "x"),
            encoded=True,
        )
    except NvrError:
        return
    assert (target.scheme, target.host, target.port) == ("http", "127.0.0.1", 80)
    assert target.user is None


@dataclass
class Neighbour:
    """Another host of the network that takes connections."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)


@pytest.fixture
async def neighbour() -> AsyncIterator[Neighbour]:
    other = Neighbour()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other.heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.2", 0)
    other.port = server.sockets[0].getsockname()[1]
    async with server:
        yield other


async def _same_clock() -> bool:
    return False


@pytest.mark.parametrize("operation", ["Op", "GET"])
async def test_a_redirect_makes_nobody_ask_another_host(
    server: ScriptedServer,
    session: aiohttp.ClientSession,
    neighbour: Neighbour,
    operation: str,
) -> None:
    async def lead_away(request: web.Request, _body: str) -> web.Response:
        if request.path == "/1":
            there = f"/127.0.0.2:{neighbour.port}/reboot?now=1"
            return web.Response(status=307, headers={"Location": there})
        return soap("<done/>")

    server.answers[operation] = lead_away
    transport = HttpTransport(session, Waits(connect=5), Bounds(), TlsOptions())
    login = Credentials("admin", "s3cret")
    caller = SoapCaller(transport, login, LoginGuard(), QuickClock(), _same_clock)
    url = f"http://127.0.0.1:{server.port}/1"
    if operation == "GET":
        assert (await caller.get(url, where="snapshot")).status == 200
    else:
        assert (await caller.call(Call(url, "urn:x/Op", "<x/>"))).tag == "done"
    assert neighbour.heard == []
    assert server.seen[-1][1] == f"/127.0.0.2:{neighbour.port}/reboot?now=1"
