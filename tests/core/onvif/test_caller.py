"""Logging in the way a device asks, and classifying what it answers."""

import asyncio
from collections.abc import Callable

import aiohttp
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
import pytest

from custom_components.vtrack_nvr.core.digest import parse_challenges
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.caller import Call, SoapCaller
from custom_components.vtrack_nvr.core.onvif.http_login import (
    AuthMode,
    Credentials,
    Refusal,
    rungs,
)
from custom_components.vtrack_nvr.core.onvif.tls import TlsMode, TlsOptions
from custom_components.vtrack_nvr.core.onvif.transport import (
    HttpAnswer,
    HttpTransport,
    transport_error,
)
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer, fault, soap

KEY = ConnectionKey("x", 80, False, True, None, None, None)
DIGEST = 'Digest realm="r", nonce="n{}", qop="auth"'


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


@pytest.fixture
def rig(server: ScriptedServer, session: aiohttp.ClientSession) -> CallerRig:
    return CallerRig(server, session)


def challenge(*headers: str, text: str = "no") -> web.Response:
    response = web.Response(status=401, text=text)
    for header in headers:
        response.headers.add("WWW-Authenticate", header)
    return response


def wants_wss(answer: Callable[[], web.Response]) -> object:
    async def handle(request: web.Request, body: str) -> web.Response:
        return answer() if "UsernameToken" in body else fault("NotAuthorized")

    return handle


@pytest.mark.parametrize(
    ("headers", "allows_cleartext", "expected"),
    [
        ([DIGEST], False, [AuthMode.DIGEST, AuthMode.WSS]),
        ([DIGEST, "Basic realm=x"], True, [AuthMode.DIGEST, AuthMode.WSS]),
        (["Basic realm=x"], True, [AuthMode.BASIC, AuthMode.WSS]),
        (["Basic realm=x"], False, [AuthMode.WSS]),
        ([], True, [AuthMode.WSS, AuthMode.WSS_TEXT]),
        ([], False, [AuthMode.WSS]),
    ],
)
def test_the_ladder(
    headers: list[str], allows_cleartext: bool, expected: list[AuthMode]
) -> None:
    refusal = Refusal(parse_challenges(headers))
    found = rungs(refusal, allows_cleartext=allows_cleartext)
    assert [rung.mode for rung in found] == expected


def test_the_next_weaker_digest_is_the_second_rung() -> None:
    headers = [
        f'Digest realm="x", nonce="n", algorithm={family}'
        for family in ("MD5", "SHA-256", "md5-sess", "SHA-3")
    ]
    for allows_cleartext in (False, True):
        found = rungs(
            Refusal(parse_challenges(headers)), allows_cleartext=allows_cleartext
        )
        assert [rung.family for rung in found] == ["SHA-256", "MD5"]


async def test_nothing_is_sent_where_nothing_is_asked(rig: CallerRig) -> None:
    rig.server.answers["Op"] = "<done/>"
    assert (await rig.caller.call(rig.call())).tag == "done"
    assert rig.caller.default_mode is None
    assert [name for name, _ in rig.heard] == ["Op"]


async def test_the_password_is_never_in_a_repr(rig: CallerRig) -> None:
    assert "secret" not in repr(Credentials("u", "secret"))


async def test_wss_where_no_challenge_comes(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    await rig.caller.call(rig.call())
    assert rig.caller.default_mode is AuthMode.WSS
    await rig.caller.call(rig.call())
    assert rig.server.count("Op") == 3


async def test_digest_is_used_again_with_a_counter(rig: CallerRig) -> None:
    async def handle(request: web.Request, body: str) -> web.Response:
        if "Digest" in request.headers.get("Authorization", ""):
            return soap("<done/>")
        return challenge(DIGEST.format(1))

    rig.server.answers["Op"] = handle
    for _ in range(3):
        await rig.caller.call(rig.call(path="/a?x=%20y"))
    sent = [auth for _, _, auth in rig.server.seen]
    assert sent[0] == ""
    for number, auth in enumerate(sent[1:], 1):
        assert f"nc={number:08x}" in auth
        assert 'uri="/a?x=%20y"' in auth


async def test_a_fresh_challenge_refused_counts_once_and_wss_is_next(
    rig: CallerRig,
) -> None:
    rig.server.answers["Op"] = challenge(DIGEST.format(1))
    assert (await rig.error()).kind is ErrorKind.AUTH_REFUSED
    assert rig.guard.is_locked
    # Unauthenticated, digest, WSS: and nothing more, ever.
    assert rig.server.count("Op") == 3
    assert (await rig.error()).kind is ErrorKind.AUTH_REFUSED
    assert rig.server.count("Op") == 3


async def test_digest_that_does_not_work_is_given_up_for_wss(rig: CallerRig) -> None:
    async def handle(request: web.Request, body: str) -> web.Response:
        return (
            soap("<done/>") if "UsernameToken" in body else challenge(DIGEST.format(1))
        )

    rig.server.answers["Op"] = handle
    await rig.caller.call(rig.call())
    assert rig.caller.default_mode is AuthMode.WSS
    assert not rig.guard.is_locked
    assert not rig.guard.refused("soap")


async def test_a_stale_nonce_is_no_refusal(rig: CallerRig) -> None:
    count = 0

    async def handle(request: web.Request, body: str) -> web.Response:
        nonlocal count
        count += 1
        auth = request.headers.get("Authorization", "")
        if 'nonce="n2"' in auth:
            return soap("<done/>")
        return challenge(DIGEST.format(2 if auth else 1) + ", stale=true")

    rig.server.answers["Op"] = handle
    await rig.caller.call(rig.call())
    assert rig.caller.default_mode is AuthMode.DIGEST
    assert count == 3


async def test_nonces_that_are_always_stale_end_the_attempt(rig: CallerRig) -> None:
    rig.server.answers["Op"] = challenge(DIGEST.format(1) + ", stale=true")
    assert (await rig.error()).kind is ErrorKind.AUTH_REFUSED
    assert rig.server.count("Op") <= 6


async def test_local_time_sold_as_utc_is_tried_against_true_utc_once(
    rig: CallerRig,
) -> None:
    created: list[str] = []

    async def handle(request: web.Request, body: str) -> web.Response:
        if "Created" not in body:
            return fault("NotAuthorized")
        created.append(body.partition("Created>")[2][:20])
        return soap("<done/>") if len(created) > 1 else fault("NotAuthorized")

    rig.server.answers["Op"] = handle
    rig.caller.offset_ms = -8 * 3_600_000
    await rig.caller.call(rig.call())
    assert created[0] > created[1]
    assert not rig.guard.refused("soap")


async def test_a_refusal_after_the_clock_moved_is_tried_again(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    await rig.caller.call(rig.call())
    rig.server.answers["Op"] = [fault("NotAuthorized"), soap("<done/>")]
    rig.clock_moves = True
    await rig.caller.call(rig.call())
    assert rig.refreshed == 1
    assert not rig.guard.is_locked


async def test_a_device_that_changes_its_ways_is_followed(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    await rig.caller.call(rig.call())

    async def digest_now(request: web.Request, body: str) -> web.Response:
        if "Digest" in request.headers.get("Authorization", ""):
            return soap("<done/>")
        return challenge(DIGEST.format(1))

    rig.server.answers["Op"] = digest_now
    await rig.caller.call(rig.call())
    await rig.caller.call(rig.call())
    assert not rig.guard.is_locked


async def test_a_changed_way_with_a_changed_password_is_refused(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    await rig.caller.call(rig.call())
    rig.server.answers["Op"] = challenge(DIGEST.format(1))
    assert (await rig.error()).kind is ErrorKind.AUTH_REFUSED
    assert rig.guard.is_locked


async def test_nonces_good_for_one_use_are_not_taken_for_a_bad_login(
    rig: CallerRig,
) -> None:
    """Some devices refuse a nonce they have seen without calling it stale."""
    used: set[str] = set()
    issued = 0

    async def handle(request: web.Request, body: str) -> web.Response:
        nonlocal issued
        auth = request.headers.get("Authorization", "")
        nonce = auth.partition('nonce="')[2].partition('"')[0]
        if nonce and nonce not in used:
            used.add(nonce)
            return soap("<done/>")
        issued += 1
        return challenge(DIGEST.format(issued))

    rig.server.answers["*"] = handle
    for name in ("Op", "Op", "Other", "Op", "Other"):
        assert (await rig.caller.call(rig.call(name))).tag == "done"
    assert not rig.guard.is_locked
    assert not rig.guard.refused("soap")


async def test_an_aged_nonce_on_another_operation_is_no_missing_right(
    rig: CallerRig,
) -> None:
    good = "n1"

    async def handle(request: web.Request, body: str) -> web.Response:
        if f'nonce="{good}"' in request.headers.get("Authorization", ""):
            return soap("<done/>")
        return challenge(DIGEST.format(good[1:]))

    rig.server.answers["*"] = handle
    await rig.caller.call(rig.call("Op"))
    good = "n2"
    assert (await rig.caller.call(rig.call("Other"))).tag == "done"
    assert not rig.guard.is_locked


async def test_no_permission_is_told_by_a_witness(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    rig.server.answers["Other"] = fault("NotAuthorized")
    await rig.caller.call(rig.call())
    # Twice in a row is no accident.
    for _ in range(2):
        error = await rig.error(rig.call("Other"))
        assert error.kind is ErrorKind.NO_PERMISSION
    # It is not asked for again until somebody may have changed something.
    rig.server.answers["Op"] = fault("NotAuthorized")
    count = len(rig.heard)
    error = await rig.error(rig.call("Other"))
    assert error.kind is ErrorKind.NO_PERMISSION
    assert len(rig.heard) == count
    rig.caller.forget_denials()
    error = await rig.error(rig.call("Other"))
    assert error.kind is ErrorKind.AUTH_REFUSED


async def test_a_refusal_by_accident_denies_nothing(rig: CallerRig) -> None:
    rig.server.answers["Op"] = wants_wss(lambda: soap("<done/>"))
    await rig.caller.call(rig.call())
    for _ in range(3):
        rig.server.answers["Other"] = fault("NotAuthorized")
        error = await rig.error(rig.call("Other"))
        assert error.kind is ErrorKind.NO_PERMISSION
        rig.server.answers["Other"] = wants_wss(lambda: soap("<done/>"))
        assert (await rig.caller.call(rig.call("Other"))).tag == "done"
    assert not rig.guard.is_locked


async def test_many_calls_at_once_with_a_wrong_password_try_twice(
    rig: CallerRig,
) -> None:
    rig.server.answers["*"] = fault("NotAuthorized")
    results = await asyncio.gather(
        *(rig.caller.call(rig.call(f"Op{n}")) for n in range(8)),
        return_exceptions=True,
    )
    assert all(
        isinstance(r, NvrError) and r.kind is ErrorKind.AUTH_REFUSED for r in results
    )
    tokens = sum(1 for name, answer in rig.heard if answer.status == 400)
    assert rig.guard.is_locked
    # Each try is one request without and one with the login.
    assert tokens <= 4


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


async def test_pictures_log_in_by_http(rig: CallerRig) -> None:
    async def picture(request: web.Request, body: str) -> web.Response:
        if "Digest" in request.headers.get("Authorization", ""):
            return web.Response(body=b"jpeg", content_type="image/jpeg")
        return challenge(DIGEST.format(1))

    rig.server.answers["GET"] = picture
    url = f"http://127.0.0.1:{rig.server.port}/still"
    assert (await rig.caller.get(url, where="still")).body == b"jpeg"
    rig.server.answers["GET"] = challenge(DIGEST.format(1))
    with pytest.raises(NvrError) as caught:
        await rig.caller.get(url, where="still")
    assert caught.value.kind is ErrorKind.NO_PERMISSION
    # Refused once, it is not asked again: the account might be locked.
    asked = rig.server.count("GET")
    with pytest.raises(NvrError) as caught:
        await rig.caller.get(url, where="still")
    assert caught.value.kind is ErrorKind.NO_PERMISSION
    assert rig.server.count("GET") == asked


async def test_pictures_that_want_the_password_readable_are_not_fetched(
    rig: CallerRig,
) -> None:
    rig.server.answers["GET"] = challenge("Basic realm=x")
    url = f"http://127.0.0.1:{rig.server.port}/still"
    with pytest.raises(NvrError) as caught:
        await rig.caller.get(url, where="still")
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert all(not auth for _, _, auth in rig.server.seen)
    anonymous = rig.make("", "")
    with pytest.raises(NvrError) as caught:
        await anonymous.get(url, where="still")
    assert caught.value.kind is ErrorKind.NO_PERMISSION
