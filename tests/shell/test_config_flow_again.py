"""A device that is set up already: a new password, another address."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.vtrack_nvr.placeholders import escaped
from tests.shell.conftest import StartNvr, address_of, entry_for, login_of
from tests.shell.flow_steps import sign_in, submit, to_login

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


async def test_a_device_that_is_set_up_already_follows_its_address(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr, an_empty_address: str
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": an_empty_address}
    )
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


async def test_a_new_password_is_taken_after_it_worked(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    nvr.accounts[nvr.spec.user] = "new-secret"
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await submit(
        hass, result, username=nvr.spec.user, password="wrong", advanced={}
    )
    assert result["errors"] == {"base": "auth_refused"}
    result = await submit(
        hass, result, username=nvr.spec.user, password="new-secret", advanced={}
    )
    assert result["reason"] == "reauth_successful"
    assert result["translation_domain"] == "homeassistant"  # which has the words
    assert entry.data["password"] == "new-secret"


async def test_the_same_login_frees_a_device_that_refused_for_a_while(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "rtsp_port": nvr.rtsp_port}
    )
    result = await entry.start_reauth_flow(hass)
    assert not result["data_schema"].schema["advanced"].options["collapsed"]
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        result = await submit(
            hass,
            result,
            username=nvr.spec.user,
            password=nvr.spec.password,
            advanced={"rtsp_port": nvr.rtsp_port},
        )
    assert result["reason"] == "reauth_successful"
    reload.assert_called_once_with(entry.entry_id)


async def test_reauth_refuses_another_device(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entry = await entry_for(hass, nvrs[0], media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "port": nvrs[1].port}
    )
    result = await entry.start_reauth_flow(hass)
    login = login_of(nvrs[1])
    result = await submit(
        hass, result, username=login.username, password=login.password, advanced={}
    )
    assert result["reason"] == "other_device"


async def test_reconfigure_changes_the_address_and_keeps_the_password(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": "192.0.2.7"}
    )
    result = await entry.start_reconfigure_flow(hass)
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": address_of(nvr).port,
        "tls": "off",
        "username": nvr.spec.user,
        "advanced": {},
    }
    refused = await submit(hass, result, **{**values, "port": nvr.rtsp_port})
    assert refused["errors"]
    result = await submit(hass, refused, **values)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["host"] == "127.0.0.1"
    assert entry.data["password"] == nvr.spec.password


async def test_a_person_says_whether_another_device_is_the_same(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entry = await entry_for(hass, nvrs[0], media_dir)
    entry.add_to_hass(hass)
    result = await submit(
        hass,
        await entry.start_reconfigure_flow(hass),
        host="127.0.0.1",
        port=nvrs[1].port,
        tls="off",
        username=nvrs[1].spec.user,
        password=nvrs[1].spec.password,
        advanced={},
    )
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "same_device")
    told = result["description_placeholders"]
    assert told["name"] == escaped(entry.title)
    assert escaped(nvrs[0].spec.serial) in told["differences"]
    assert escaped(nvrs[1].spec.serial) in told["differences"]
    # Nothing is stored before.
    assert entry.data["port"] == nvrs[0].port
    assert entry.data["identity"]["serial"] == nvrs[0].spec.serial
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["port"] == nvrs[1].port
    assert entry.data["identity"]["serial"] == nvrs[1].spec.serial
    # Searches know the former device by it.
    assert entry.data["endpoint_id"] == ""


async def test_a_device_that_tells_less_keeps_the_marks_it_had(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    known = {**entry.data["identity"], "mac": "", "macs": ()}
    data = {**entry.data, "identity": known, "endpoint_id": "urn:uuid:1"}
    hass.config_entries.async_update_entry(entry, data=data)
    nvr.faults.status_ops["GetDeviceInformation"] = 500
    result = await submit(
        hass,
        await entry.start_reconfigure_flow(hass),
        host="127.0.0.1",
        port=nvr.port,
        tls="off",
        username=nvr.spec.user,
        advanced={},
    )
    assert result["step_id"] == "same_device"
    assert "tell enough" in result["description_placeholders"]["differences"]
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["identity"]["serial"] == nvr.spec.serial
    assert entry.data["identity"]["macs"]
    assert entry.data["endpoint_id"] == "urn:uuid:1"


async def test_reconfigure_says_when_the_new_password_is_wrong(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": nvr.port,
        "tls": "off",
        "username": nvr.spec.user,
    }
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, **values, password="wrong", advanced={})
    assert result["errors"] == {"base": "auth_refused"}
    result = await submit(hass, result, **values, advanced={"rtsp_port": 9})
    assert result["errors"] == {"base": "rtsp_unreachable"}
    result = await submit(hass, result, **values, advanced={})
    assert result["reason"] == "reconfigure_successful"
