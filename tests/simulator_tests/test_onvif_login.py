"""Who a simulated device lets in: WS-UsernameToken, HTTP digest, Basic, lock-out."""

import base64
from datetime import UTC, datetime, timedelta
import hashlib

import aiohttp
import pytest

from tests.simulator.faults import Faults
from tests.simulator.soap.auth import AuthMode
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator_tests.soap_client import envelope, talking_to, token

pytestmark = pytest.mark.usefixtures("socket_enabled")
_INFORMATION = "<tds:GetDeviceInformation/>"
_DATE = "<tds:GetSystemDateAndTime/>"
_PATH = "/onvif/device_service"


def _spec(mode: AuthMode = AuthMode.WSS, **fields: object) -> NvrSpec:
    return NvrSpec("Door", (CameraSpec("Door"),), auth=mode, **fields)


async def test_right_token_is_let_in_once() -> None:
    """The same nonce a second time is a replay."""
    async with talking_to(_spec()) as client:
        header = token(client.user, client.password)
        first = await client.call(_INFORMATION, header=header)
        second = await client.call(_INFORMATION, header=header)
    assert first.one("tds:Manufacturer") == "Simulated"
    assert second.subcodes == ["ter:NotAuthorized"]
    assert client.nvr.guard.failures == {"nonce": 1}


def test_token_vector() -> None:
    """The digest is the one of the specification's arithmetic."""
    header = token(
        "admin", "secret", created="2024-01-02T03:04:05Z", nonce=bytes(range(16))
    )
    assert "YId6ZSvXCBx4L1qbUT4Hsj1W4Lc=" in header


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"password": "wrong"}, "digest"),
        ({"user": "nobody"}, "user"),
        ({"offset_s": 400}, "created"),
        ({"offset_s": -400}, "created"),
        ({"created": "2026-01-01T00:00:00+00:00"}, "created"),
        ({"created": "yesterday"}, "created"),
    ],
)
async def test_wrong_tokens_are_refused_with_400(
    change: dict[str, object], cause: str
) -> None:
    """A device without HTTP digest answers 400 and NotAuthorized (C 5.9.5)."""
    async with talking_to(_spec()) as client:
        values = {"user": client.user, "password": client.password, **change}
        answer = await client.call(_INFORMATION, header=token(**values))
    assert answer.status == 400
    assert answer.subcodes == ["ter:NotAuthorized"]
    assert client.nvr.guard.failures == {cause: 1}


async def test_text_passwords_are_refused() -> None:
    """Only PasswordDigest is ONVIF."""
    async with talking_to(_spec()) as client:
        header = token(client.user, client.password).replace(
            "#PasswordDigest", "#PasswordText"
        )
        answer = await client.call(_INFORMATION, header=header)
    assert answer.subcodes == ["ter:NotAuthorized"]


async def test_created_is_compared_with_the_devices_clock() -> None:
    """Three years off: true UTC is refused, the device's UTC is accepted."""
    years = -3 * 365 * 86_400
    async with talking_to(_spec(clock_offset_ms=years * 1000)) as client:
        shown = await client.call(_DATE, header="")
        assert shown.one("tt:UTCDateTime/tt:Date/tt:Year") == str(
            (datetime.now(UTC) + timedelta(seconds=years)).year
        )
        true = await client.call(
            _INFORMATION, header=token(client.user, client.password)
        )
        own = await client.call(
            _INFORMATION, header=token(client.user, client.password, offset_s=years)
        )
    assert true.subcodes == ["ter:NotAuthorized"]
    assert own.status == 200


async def test_local_time_sold_as_utc_is_refused_by_its_own_device() -> None:
    """The token has to carry true UTC there."""
    spec = _spec(clock_offset_ms=3_600_000, faults=Faults(wss_true_time=True))
    async with talking_to(spec) as client:
        told = await client.call(
            _INFORMATION, header=token(client.user, client.password, offset_s=3600)
        )
        true = await client.call(
            _INFORMATION, header=token(client.user, client.password)
        )
    assert told.subcodes == ["ter:NotAuthorized"]
    assert true.status == 200


async def test_date_needs_no_login_and_the_rest_does() -> None:
    """PRE_AUTH operations are for everybody (C 5.9.4.3)."""
    async with talking_to(_spec()) as client:
        date = await client.call(_DATE, header="")
        services = await client.call(
            "<tds:GetServices><tds:IncludeCapability>0</tds:IncludeCapability>"
            "</tds:GetServices>",
            header="",
        )
        recordings = await client.call("<trc:GetRecordings/>", header="")
        client.nvr.faults.date_needs_login = True
        later = await client.call(_DATE, header="")
    assert date.status == services.status == 200
    assert recordings.subcodes == later.subcodes == ["ter:NotAuthorized"]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_http_digest(algorithm: str) -> None:
    """A stranger's client (aiohttp's) gets in; without login it is challenged."""
    spec = _spec(AuthMode.DIGEST, digest_algorithms=(algorithm,))
    async with talking_to(spec) as client:
        refused = await client.call(_INFORMATION, header="")
        challenges = [v for k, v in refused.headers if k == "WWW-Authenticate"]
        with_token = await client.call(_INFORMATION)
        digest = aiohttp.DigestAuthMiddleware(client.user, client.password)
        async with aiohttp.ClientSession(middlewares=(digest,)) as session:
            for _ in range(3):
                async with session.post(
                    client.url(_PATH),
                    data=envelope(_INFORMATION),
                    headers={"Content-Type": "application/soap+xml"},
                ) as answer:
                    assert answer.status == 200
    assert refused.status == with_token.status == 401
    assert len(challenges) == 1
    assert f"algorithm={algorithm}" in challenges[0]


async def test_digest_is_refused_when_stale_wrong_or_for_another_path() -> None:
    """Each refusal is a new challenge; only age is called stale."""
    async with talking_to(_spec(AuthMode.DIGEST)) as client:

        async def attempt(nonce: str, password: str, uri: str, nc: str) -> str:
            def md5(text: str) -> str:
                return hashlib.md5(text.encode()).hexdigest()

            response = md5(
                f"{md5(f'{client.user}:ONVIF:{password}')}:{nonce}:{nc}:c:auth:"
                f"{md5(f'POST:{uri}')}"
            )
            async with client.session.post(
                client.url(_PATH),
                data=envelope(_INFORMATION),
                headers={
                    "Content-Type": "application/soap+xml",
                    "Authorization": (
                        f'Digest username="{client.user}", realm="ONVIF", '
                        f'nonce="{nonce}", uri="{uri}", qop=auth, nc={nc}, '
                        f'cnonce="c", response="{response}"'
                    ),
                },
            ) as answer:
                if answer.status == 200:
                    return "in"
                challenge = answer.headers["WWW-Authenticate"]
                return "stale" if "stale=true" in challenge else "out"

        asked = await client.call(_INFORMATION, header="")
        challenge = dict(asked.headers)["WWW-Authenticate"]
        nonce = challenge.split('nonce="')[1].split('"')[0]
        right = client.password
        assert await attempt(nonce, right, _PATH, "00000001") == "in"
        assert await attempt(nonce, right, _PATH, "00000001") == "stale"
        assert await attempt(nonce, "wrong", _PATH, "00000002") == "out"
        assert await attempt(nonce, right, "/other", "00000003") == "out"
        assert await attempt("made-up", right, _PATH, "00000001") == "stale"
        client.nvr.faults.digest_nonce_s = 0
        assert await attempt(nonce, right, _PATH, "00000004") == "stale"


async def test_basic_over_tls() -> None:
    """Basic is all that such a device offers."""
    spec = _spec(AuthMode.BASIC, has_tls=True)
    async with talking_to(spec) as client:
        asked = await client.call(_INFORMATION, header="")
        pair = base64.b64encode(f"{client.user}:{client.password}".encode()).decode()
        async with client.session.post(
            client.url(_PATH),
            data=envelope(_INFORMATION),
            headers={
                "Content-Type": "application/soap+xml",
                "Authorization": f"Basic {pair}",
            },
            ssl=False,
        ) as answer:
            assert answer.status == 200
    assert dict(asked.headers)["WWW-Authenticate"] == 'Basic realm="ONVIF"'


async def test_bad_logins_lock_the_account_for_a_while() -> None:
    """The right password does not help before the time is over."""
    spec = _spec(faults=Faults(lockout_after=3, lockout_s=300))
    async with talking_to(spec) as client:
        for _ in range(3):
            await client.call(_INFORMATION, header=token(client.user, "wrong"))
        locked = await client.call(_INFORMATION)
        await client.nvr.reboot(0)
        after = await client.call(_INFORMATION)
    assert locked.subcodes == ["ter:NotAuthorized"]
    assert client.nvr.guard.failures == {"digest": 3, "locked": 1}
    assert after.status == 200


@pytest.mark.parametrize("mode", [AuthMode.WSS, AuthMode.BOTH])
async def test_html_401_where_tokens_are_refused_on_one_service(mode: AuthMode) -> None:
    """The page is a web page; the challenge in its header is real."""
    spec = _spec(mode, faults=Faults(wss_html_401=["tse:*"]))
    async with talking_to(spec) as client:
        refused = await client.call("<tse:GetRecordingSummary/>")
        assert (await client.call(_INFORMATION)).status == 200
        digest = aiohttp.DigestAuthMiddleware(client.user, client.password)
        async with (
            aiohttp.ClientSession(middlewares=(digest,)) as session,
            session.post(
                client.url("/onvif/search_service"),
                data=envelope("<tse:GetRecordingSummary/>"),
                headers={"Content-Type": "application/soap+xml"},
            ) as answer,
        ):
            assert answer.status == 200
    assert refused.status == 401
    assert refused.text.startswith("<!DOCTYPE html>")


async def test_password_can_be_changed_under_a_running_client() -> None:
    """The old one is wrong from the next request on."""
    async with talking_to(_spec()) as client:
        assert (await client.call(_INFORMATION)).status == 200
        client.nvr.set_password("new")
        assert (await client.call(_INFORMATION)).status == 400
        client.password = "new"
        assert (await client.call(_INFORMATION)).status == 200


async def test_snapshot_is_a_jpeg_behind_digest() -> None:
    """Without login 401; with it, a picture of the camera's size."""
    async with talking_to(_spec()) as client:
        uri = (
            await client.call(
                "<trt:GetSnapshotUri><trt:ProfileToken>Profile_1_main"
                "</trt:ProfileToken></trt:GetSnapshotUri>"
            )
        ).one("tt:Uri")
        async with client.session.get(uri) as refused:
            assert refused.status == 401
        digest = aiohttp.DigestAuthMiddleware(client.user, client.password)
        async with (
            aiohttp.ClientSession(middlewares=(digest,)) as session,
            session.get(uri) as answer,
        ):
            assert answer.content_type == "image/jpeg"
            picture = await answer.read()
    assert picture.startswith(b"\xff\xd8")
    assert picture.endswith(b"\xff\xd9")
