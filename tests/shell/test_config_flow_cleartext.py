"""Devices that take the password only unencrypted: a person chooses, for each."""

# Reads private members: words of the form are compared, not typed again.

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
    Login,
    Way,
    async_certificate,
)
from custom_components.vtrack_nvr.runtime.rtsp import _describe, rtsp_endpoint
from tests.shell.conftest import RemoteNvr, StartNvr, login_of
from tests.shell.flow_steps import choose, sign_in, submit, suggested, to_login
from tests.shell.rig import MakeWhole

pytestmark = pytest.mark.usefixtures("found_by_multicast")

FIELD = "cleartext"


def fields(result: Any) -> set[str]:
    return {str(key) for key in result["data_schema"].schema}


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize(
    ("scenario", "error", "kept"),
    [
        ("basic-only", "cleartext_login", ["onvif", "rtsp"]),
        ("rtsp-basic-only", "rtsp_cleartext_login", ["rtsp"]),
        ("token-text-only", "token_refused", ["onvif"]),
    ],
)
async def test_the_choice_is_offered_where_it_is_needed_and_kept_where_it_was(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    scenario: str,
    error: str,
    kept: list[str],
) -> None:
    nvr = (await start_nvr(scenario))[0]
    result = await to_login(hass, nvr)
    assert FIELD not in fields(result)
    result = await sign_in(hass, result, nvr)
    assert result["errors"] == {"base": error}
    assert FIELD in fields(result)
    assert nvr.guard.failures["user"] == 0
    again = await sign_in(hass, result, nvr, cleartext=False)
    assert again["errors"] == {"base": error}
    result = await sign_in(hass, again, nvr, cleartext=True)
    assert "unencrypted" not in str(result["errors"])
    result = await choose(hass, result, media_dir)
    assert result["data"]["cleartext"] == kept


@pytest.mark.usefixtures("not_set_up")
async def test_the_choice_is_not_kept_for_a_device_that_needs_none(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("wss-only"))[0]
    result = await submit(
        hass,
        await to_login(hass, nvr),
        username=nvr.spec.user,
        password="wrong",
        advanced={},
    )
    assert result["errors"] == {"base": "token_refused"}
    result = await sign_in(hass, result, nvr, cleartext=True)
    result = await choose(hass, result, media_dir)
    assert result["data"]["cleartext"] == []


@pytest.mark.usefixtures("not_set_up")
async def test_a_wrong_password_is_no_reason_to_offer_it(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("digest-only"))[0]
    result = await submit(
        hass,
        await to_login(hass, nvr),
        username=nvr.spec.user,
        password="wrong",
        advanced={},
    )
    assert result["errors"] == {"base": "auth_refused"}
    assert FIELD not in fields(result)


@pytest.mark.usefixtures("not_set_up")
async def test_the_choice_can_be_taken_back(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("rtsp-basic-only"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    result = await sign_in(hass, result, nvr, cleartext=True)
    entry = (await choose(hass, result, media_dir))["result"]
    address = {"host": "127.0.0.1", "port": nvr.port, "tls": "off"}
    result = await entry_flow(hass, entry)
    [box] = [key for key in result["data_schema"].schema if key == FIELD]
    assert box.default() is True
    result = await sign_in(hass, result, nvr, **address, cleartext=False)
    assert result["errors"] == {"base": "rtsp_cleartext_login"}
    nvr.faults.rtsp.challenges = ("md5", "basic")
    result = await sign_in(hass, result, nvr, **address, cleartext=True)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["cleartext"] == []
    assert FIELD not in fields(await entry_flow(hass, entry))
    assert "cleartext" not in suggested(await entry_flow(hass, entry))


async def entry_flow(hass: HomeAssistant, entry: Any) -> Any:
    return await hass.config_entries.flow.async_init(
        entry.domain, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize("way", ["onvif", "rtsp"])
async def test_a_device_that_took_a_digest_is_never_asked_about_less(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr, way: str
) -> None:
    nvr = (await start_nvr("digest-only"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    entry = (await choose(hass, result, media_dir))["result"]
    assert entry.data["digest"] == ["onvif", "rtsp"]
    if way == "rtsp":
        nvr.faults.rtsp.challenges = ("basic",)
    else:
        nvr.guard.mode = type(nvr.guard.mode).BASIC
    result = await hass.config_entries.flow.async_init(
        entry.domain,
        context={"source": "reauth", "entry_id": entry.entry_id},
        data=entry.data,
    )
    result = await sign_in(hass, result, nvr)
    assert result["errors"] == {"base": "step_back"}
    assert FIELD not in fields(result)
    assert nvr.guard.failures["user"] == 0


@pytest.mark.usefixtures("not_set_up")
async def test_signing_in_again_asks_where_nothing_better_was_ever_taken(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.faults.rtsp.busy_on_describe = nvr.faults.rtsp.busy = True
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    entry = (await choose(hass, result, media_dir))["result"]
    assert entry.data["digest"] == ["onvif"]
    nvr.faults.rtsp.busy_on_describe = nvr.faults.rtsp.busy = False
    nvr.faults.rtsp.challenges = ("basic",)
    result = await hass.config_entries.flow.async_init(
        entry.domain,
        context={"source": "reauth", "entry_id": entry.entry_id},
        data=entry.data,
    )
    assert FIELD not in fields(result)
    result = await sign_in(hass, result, nvr)
    assert result["errors"] == {"base": "rtsp_cleartext_login"}
    result = await sign_in(hass, result, nvr, cleartext=True)
    assert result["reason"] == "reauth_successful"
    assert entry.data["cleartext"] == ["rtsp"]


async def described(
    hass: HomeAssistant, address: Address, nvr: RemoteNvr, login: Login | None = None
) -> ErrorKind | None:
    """Ask for a description over RTSPS; return why there is none."""
    url = f"rtsps://127.0.0.1:{nvr.rtsp_port}/live/1/main"
    endpoint = rtsp_endpoint(url, address, login or login_of(nvr))
    try:
        await hass.async_add_executor_job(_describe, endpoint)
    except NvrError as error:
        return error.kind
    return None


@pytest.mark.usefixtures("not_set_up")
async def test_encryption_alone_does_not_let_the_password_be_read(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    """Between us and a device of plain http, anybody can offer RTSPS and ask for Basic."""
    nvr = (await start_nvr("tls-self-signed"))[0]
    nvr.faults.rtsp.challenges = ("basic",)
    plain = Address("127.0.0.1", nvr.port)
    assert await described(hass, plain, nvr) is ErrorKind.CLEARTEXT_LOGIN
    pinned = plain.trusting((await async_certificate(plain)).fingerprint)
    assert await described(hass, pinned, nvr) is None
    assert await described(hass, plain.trusting("AB" * 32), nvr) is ErrorKind.TLS
    chosen = login_of(nvr).with_cleartext(True)
    assert await described(hass, plain, nvr, chosen) is None
    # Known by its certificate on the web, and streaming without one.
    url = f"rtsp://127.0.0.1:{nvr.rtsp_port}/live/1/main"
    assert not rtsp_endpoint(url, pinned, login_of(nvr)).allow_basic


async def test_what_takes_a_digest_again_is_not_sent_the_password_any_more(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("demo")
    await hass.config_entries.async_unload(entry.entry_id)
    both = sorted(Way)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "cleartext": both}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["cleartext"] == []
    assert entry.data["digest"] == both
    assert not entry.runtime_data.login.cleartext
    assert not entry.runtime_data.needs_reload()


async def test_a_device_that_is_a_step_back_asks_for_a_person(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole("digest-only")
    await hass.config_entries.async_unload(entry.entry_id)
    nvr.guard.mode = type(nvr.guard.mode).BASIC
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
