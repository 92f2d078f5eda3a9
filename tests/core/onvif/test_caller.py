"""Logging in the way a device asks."""

import asyncio

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.http_login import AuthMode, Credentials
from tests.core.onvif.rig import CallerRig, challenge, wants_wss
from tests.core.onvif.scripted import ScriptedServer, fault, soap

DIGEST = 'Digest realm="r", nonce="n{}", qop="auth"'


@pytest.fixture
def rig(server: ScriptedServer, session: aiohttp.ClientSession) -> CallerRig:
    return CallerRig(server, session)


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
