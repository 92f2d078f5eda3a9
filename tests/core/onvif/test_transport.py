"""How answers, and the lack of one, are classified."""

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.caller import Call
from custom_components.vtrack_nvr.core.onvif.tls import TlsMode, TlsOptions
from custom_components.vtrack_nvr.core.onvif.transport import (
    HttpTransport,
    transport_error,
)
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.onvif.rig import CallerRig
from tests.core.onvif.scripted import ScriptedServer, fault, soap

KEY = ConnectionKey("x", 80, False, True, None, None, None)


@pytest.fixture
def rig(server: ScriptedServer, session: aiohttp.ClientSession) -> CallerRig:
    return CallerRig(server, session)


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (web.Response(text="<html>Login</html>"), ErrorKind.NOT_ONVIF, "html page"),
        (web.Response(status=404, text="x"), ErrorKind.NOT_ONVIF, "http 404"),
        (web.Response(status=400, text="x"), ErrorKind.NOT_ONVIF, "http 400"),
        (web.Response(status=503, text="x"), ErrorKind.BUSY, "http 503"),
        (web.Response(status=403, text="x"), ErrorKind.NO_PERMISSION, "http 403"),
        (web.Response(status=502, text="x"), ErrorKind.PROTOCOL, "http 502"),
        (web.Response(status=301, headers={"Location": "https://x/?secret=1"}),
         ErrorKind.NOT_ONVIF, "redirects to https"),
        (web.Response(body=b"x" * 300_000), ErrorKind.PROTOCOL, "exceeds"),
        (web.Response(text="<!DOCTYPE a []><a/>"), ErrorKind.PROTOCOL, "refused"),
        (fault("NoProfile"), ErrorKind.GONE, "NoProfile"),
    ],
)  # fmt: skip
async def test_answers_are_classified(
    rig: CallerRig, answer: web.Response, kind: ErrorKind, detail: str
) -> None:
    rig.server.answers["Op"] = answer
    error = await rig.error()
    assert error.kind is kind
    assert detail in error.detail
    assert error.where == "Op"
    assert "secret" not in str(error)


async def test_large_answers_are_parsed_off_the_loop(rig: CallerRig) -> None:
    rig.server.answers["Op"] = f"<done>{'x' * 100_000}</done>"
    assert len((await rig.caller.call(rig.call())).text or "") == 100_000


async def test_silence_and_addresses_that_are_none(rig: CallerRig) -> None:
    async def hang(request: web.Request, body: str) -> web.Response:
        await asyncio.sleep(0.15)
        return soap("<late/>")

    rig.server.answers["Op"] = hang
    call = Call(rig.call().url, "urn:x/Op", "<x/>", timeout=0.05)
    assert (await rig.error(call)).kind is ErrorKind.TIMEOUT
    odd = Call("http://127.0.0.1:notaport/", "urn:x/Op", "<x/>")
    assert (await rig.error(odd)).kind is ErrorKind.PROTOCOL
    closed = Call("http://127.0.0.1:1/", "urn:x/Op", "<x/>")
    assert (await rig.error(closed)).kind is ErrorKind.UNREACHABLE
    await asyncio.sleep(0.15)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ConnectionTimeoutError(), ErrorKind.UNREACHABLE),
        (aiohttp.ServerTimeoutError(), ErrorKind.TIMEOUT),
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")),
            ErrorKind.UNREACHABLE,
        ),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "")), ErrorKind.UNREACHABLE),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "x")), ErrorKind.TLS),
        (aiohttp.InvalidURL("http://u:secret@x"), ErrorKind.PROTOCOL),
        (aiohttp.ClientConnectionError("secret"), ErrorKind.UNREACHABLE),
    ],
)
def test_what_aiohttp_raises(error: Exception, kind: ErrorKind) -> None:
    found = transport_error(error, "Op")
    assert found.kind is kind
    assert "secret" not in str(found)


async def raw_server(answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", ErrorKind.UNREACHABLE),
        (b"SSH-2.0-OpenSSH\r\n\r\n", ErrorKind.NOT_ONVIF),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<a", ErrorKind.PROTOCOL),
    ],
)
async def test_servers_that_are_none(
    rig: CallerRig, answer: bytes, kind: ErrorKind
) -> None:
    async with await raw_server(answer) as server:
        port = server.sockets[0].getsockname()[1]
        call = Call(f"http://127.0.0.1:{port}/", "urn:x/Op", "<x/>")
        assert (await rig.error(call)).kind is kind


async def test_a_connection_that_was_closed_meanwhile_is_opened_anew(
    rig: CallerRig,
) -> None:
    hits = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hits
        hits += 1
        await reader.readuntil(b"</s:Envelope>")
        if hits == 2:
            body = soap("<done/>").body
            assert isinstance(body, bytes)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        call = Call(f"http://127.0.0.1:{port}/", "urn:x/Op", "<x/>")
        assert (await rig.caller.call(call)).tag == "done"
    assert hits == 2


async def test_plain_text_behind_https_is_a_tls_error(
    session: aiohttp.ClientSession,
) -> None:
    transport = HttpTransport(
        session, Waits(connect=1, soap_call=1), Bounds(), TlsOptions(TlsMode.ANY)
    )
    async with await raw_server(b"HTTP/1.1 400 Bad\r\n\r\n") as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NvrError) as caught:
            await transport.request(
                "GET", f"https://127.0.0.1:{port}/", where="x", headers={}
            )
    assert caught.value.kind in {ErrorKind.TLS, ErrorKind.UNREACHABLE}


async def test_a_session_that_was_closed_is_no_fault_and_no_answer() -> None:
    session = aiohttp.ClientSession()
    await session.close()
    transport = HttpTransport(session, Waits(), Bounds(), TlsOptions())
    with pytest.raises(NvrError) as caught:
        await transport.request("GET", "http://127.0.0.1:9/", where="x", headers={})
    assert caught.value.kind is ErrorKind.CANCELLED
