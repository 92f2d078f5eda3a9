"""RTSP with a port, a login or a certificate of its own."""

# Reads private members: words of the form are compared, not typed again.

import asyncio
from pathlib import Path
import ssl
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.tls import TlsMode
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from custom_components.vtrack_nvr.flows.attempt import async_try
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
    Login,
    async_certificate,
)
from custom_components.vtrack_nvr.runtime.rtsp import (
    WantedLogin,
    _describe,
    rtsp_endpoint,
    tls_context,
    wanted_login,
)
from tests.shell.conftest import (
    RemoteNvr,
    StartNvr,
    address_of,
    entry_for,
    login_of,
)
from tests.shell.flow_steps import begin, choose, sign_in, submit, to_login
from tests.shell.rig import clips_below, sync

OTHER_LOGIN = {"rtsp_username": "stream", "rtsp_password": "other-harbour-7"}


pytestmark = pytest.mark.usefixtures("found_by_multicast")


async def test_a_second_login_for_rtsp_is_asked_for_and_fetches(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("rtsp-login"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["step_id"] == "login"
    assert result["errors"] == {"base": "rtsp_auth_refused"}
    assert not result["data_schema"].schema["advanced"].options["collapsed"]
    result = await submit(
        hass,
        result,
        username=nvr.spec.user,
        password=nvr.spec.password,
        advanced=OTHER_LOGIN,
    )
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert (await sync(hass))["complete"]
    assert clips_below(media_dir)


async def test_a_forwarded_rtsp_port_is_asked_for_and_fetches(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    login = {"username": nvr.spec.user, "password": nvr.spec.password}
    result = await submit(
        hass, await to_login(hass, nvr), **login, advanced={"rtsp_port": 9}
    )
    assert result["errors"] == {"base": "rtsp_unreachable"}
    result = await submit(hass, result, **login, advanced={"rtsp_port": nvr.rtsp_port})
    result = await choose(hass, result, media_dir)
    assert result["data"]["rtsp_port"] == nvr.rtsp_port
    await hass.async_block_till_done()
    assert (await sync(hass))["complete"]


async def test_a_device_that_has_no_time_for_rtsp_is_no_reason_to_complain(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.faults.rtsp.busy = True
    nvr.faults.rtsp.busy_on_describe = True
    assert (await async_try(hass, address_of(nvr), login_of(nvr))).report
    with patch(
        "custom_components.vtrack_nvr.core.onvif.client.OnvifDevice.stream_uri",
        side_effect=NvrError(ErrorKind.BUSY),
    ):
        assert (await async_try(hass, address_of(nvr), login_of(nvr))).report


async def test_slow_rtsp_is_as_good_as_none(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    with patch(
        "custom_components.vtrack_nvr.runtime.rtsp._describe",
        side_effect=NvrError(ErrorKind.TIMEOUT),
    ):
        attempt = await async_try(hass, address_of(nvr), login_of(nvr))
    assert attempt.error == "rtsp_unreachable"


async def test_a_camera_that_takes_nothing_but_basic_is_copied_where_a_person_chose_it(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("rtsp-basic-only"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["errors"] == {"base": "rtsp_cleartext_login"}
    result = await sign_in(hass, result, nvr, cleartext=True)
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    assert (await sync(hass))["complete"]
    assert clips_below(media_dir)


@pytest.mark.parametrize("expected_lingering_timers", [True])  # TLS says good-bye
async def test_footage_of_a_device_with_a_pinned_certificate_comes_home(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await submit(hass, await begin(hass), host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(hass, await sign_in(hass, result, nvr))
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    assert (await sync(hass))["complete"]
    assert clips_below(media_dir)


@pytest.mark.parametrize("scenario", ["tls-self-signed", "old-tls"])
async def test_the_pinned_certificate_holds_for_rtsp_too(
    hass: HomeAssistant, start_nvr: StartNvr, scenario: str
) -> None:
    nvr = (await start_nvr(scenario))[0]
    plain = Address("127.0.0.1", nvr.port)
    good = plain.trusting((await async_certificate(plain)).fingerprint)
    url = f"rtsps://127.0.0.1:{nvr.rtsp_port}/live/1/main"
    for address in (good, plain):
        endpoint = rtsp_endpoint(url, address, login_of(nvr))
        await hass.async_add_executor_job(_describe, endpoint)
    other = Address("127.0.0.1", nvr.port, TlsMode.VERIFY)
    for address in (plain.trusting("AA" * 32), other):
        endpoint = rtsp_endpoint(url, address, login_of(nvr))
        with pytest.raises(NvrError) as refused:
            await hass.async_add_executor_job(_describe, endpoint)
        assert refused.value.kind is ErrorKind.TLS
    with patch(
        "custom_components.vtrack_nvr.runtime.rtsp._describe",
        side_effect=refused.value,
    ):
        attempt = await async_try(hass, good, login_of(nvr))
    assert attempt.error == "rtsp_tls"


def test_each_way_of_trusting_has_its_context() -> None:
    login = Login("viewer", "secret")
    address = Address("192.0.2.1", 8000, TlsMode.VERIFY)
    checked = rtsp_endpoint("rtsps://192.0.2.1/x", address, login)
    assert checked.tls is not None
    assert checked.tls.verify_mode is ssl.CERT_REQUIRED
    assert checked.tunnel_port == 8000
    believed = tls_context(Address("192.0.2.1", 80))
    assert believed.verify_mode is ssl.CERT_NONE
    assert "secret" not in repr(checked)


async def test_a_login_that_rtsp_refuses_ends_in_reauth(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("rtsp-login"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await sync(hass)
    await hass.async_block_till_done()
    guard = entry.runtime_data.guard
    assert not guard.is_locked  # one refusal, and a pause
    guard.refused("rtsp")
    await asyncio.sleep(0)
    await hass.async_block_till_done()
    assert guard.is_locked
    assert not clips_below(media_dir)
    [flow] = hass.config_entries.flow.async_progress()
    login = {"username": nvr.spec.user, "password": nvr.spec.password}
    result = await submit(hass, flow, **login, advanced={})
    assert result["errors"] == {"base": "rtsp_auth_refused"}
    result = await submit(hass, result, **login, advanced=OTHER_LOGIN)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert not entry.runtime_data.guard.is_locked
    assert (await sync(hass))["complete"]
    assert clips_below(media_dir)


def scout(nvr: RemoteNvr) -> WantedLogin:
    url = f"rtsp://127.0.0.1:{nvr.rtsp_port}/live/1/main"
    return wanted_login(rtsp_endpoint(url, address_of(nvr), login_of(nvr)))


@pytest.mark.usefixtures("not_set_up")
async def test_what_rtsp_asks_for_is_found_out_without_a_login(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    for challenges, wanted in (
        (("md5",), WantedLogin.DIGEST),
        (("basic", "sha256"), WantedLogin.DIGEST),
        (("basic",), WantedLogin.BASIC),
    ):
        nvr.faults.rtsp.challenges = challenges
        assert await hass.async_add_executor_job(scout, nvr) is wanted
    await nvr.stop()
    with pytest.raises(NvrError) as caught:
        await hass.async_add_executor_job(scout, nvr)
    assert caught.value.kind is ErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, ErrorKind.NOT_RTSP), (301, ErrorKind.NOT_RTSP), (404, None)],
)
@pytest.mark.usefixtures("not_set_up")
async def test_a_device_that_points_elsewhere_is_not_followed(
    hass: HomeAssistant, start_nvr: StartNvr, status: int, kind: ErrorKind | None
) -> None:
    nvr = (await start_nvr("demo"))[0]
    refused = RtspRefused(status, "elsewhere", "DESCRIBE")
    with patch(
        "custom_components.vtrack_nvr.runtime.rtsp._describe", side_effect=refused
    ):
        if kind is None:
            assert await hass.async_add_executor_job(scout, nvr) is WantedLogin.NONE
            return
        with pytest.raises(NvrError) as caught:
            await hass.async_add_executor_job(scout, nvr)
    assert caught.value.kind is kind
