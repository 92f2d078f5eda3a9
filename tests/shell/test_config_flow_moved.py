"""Devices that have moved: who is asked, who has to prove what, and what stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.onvif.tls import TlsMode
from custom_components.vtrack_nvr.flows.known_device import Followed, async_follow
from tests.shell.conftest import RemoteNvr, StartNvr, entry_for
from tests.shell.flow_steps import choose, found, read, sign_in, submit, to_login

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


async def entry_of_nvr(
    hass: HomeAssistant, nvr: RemoteNvr, storage: Path, **data: Any
) -> MockConfigEntry:
    entry = await entry_for(hass, nvr, storage)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    return entry


def logins_at(nvr: RemoteNvr) -> int:
    """Return how many requests a device heard that it asks a login for."""
    return int(nvr.counters.operations["tds:GetDeviceInformation"])


type Claim = Callable[[HomeAssistant, RemoteNvr], Any]


async def by_discovery(hass: HomeAssistant, nvr: RemoteNvr) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, endpoint_id=nvr.spec.uuid)},
    )


async def by_dhcp(hass: HomeAssistant, nvr: RemoteNvr) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(
            ip="127.0.0.1",
            hostname="porch",
            macaddress=nvr.spec.mac.replace(":", "").lower(),
        ),
    )


@pytest.mark.parametrize("claim", [by_discovery, by_dhcp])
async def test_a_device_without_tls_is_asked_about_before_it_hears_a_login(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
    claim: Claim,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_of_nvr(
        hass, nvr, media_dir, host=an_empty_address, endpoint_id=nvr.spec.uuid
    )
    heard = logins_at(nvr)
    result = await claim(hass, nvr)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "moved"
    assert result["description_placeholders"]["name"] == entry.title
    assert logins_at(nvr) == heard
    assert entry.data["host"] == an_empty_address
    result = await submit(hass, result, next_step_id="follow")
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


@pytest.mark.parametrize("claim", [by_discovery, by_dhcp])
async def test_another_device_is_signed_in_to_instead(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
    claim: Claim,
) -> None:
    one, clone = await start_nvr("duplicate-uuid")
    clone.set_identity({"mac": one.spec.mac})
    entry = await entry_of_nvr(
        hass,
        one,
        media_dir,
        host=an_empty_address,
        port=clone.port,
        endpoint_id=one.spec.uuid,
    )
    result = await claim(hass, clone)
    other = await submit(hass, result, next_step_id="other")
    assert other["step_id"] == "login"
    assert entry.data["host"] == an_empty_address


async def test_whoever_claims_to_be_it_must_prove_it_also_when_a_person_agreed(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    one, clone = await start_nvr("duplicate-uuid")
    entry = await entry_of_nvr(
        hass, one, media_dir, host=an_empty_address, endpoint_id=one.spec.uuid
    )
    result = await by_discovery(hass, clone)
    result = await submit(hass, result, next_step_id="follow")
    assert result["reason"] == "same_marks"
    assert read(result["description_placeholders"]) == {"name": entry.title}
    assert entry.data["host"] == an_empty_address


async def test_nothing_moves_while_somebody_answers_at_the_old_address(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second, third = await start_nvr("three-on-one-host")
    entry = await entry_of_nvr(hass, first, media_dir, port=third.port)
    before = dict(entry.data)
    # With the password of all three, and with one that the other refuses.
    for password in (first.spec.password, "another"):
        third.set_password(password)
        followed = await async_follow(
            hass, entry, "127.0.0.1", first.port, is_agreed=True
        )
        assert followed is Followed.UNPROVEN
        result = await sign_in(hass, await to_login(hass, first), first)
        assert result["reason"] == "same_marks"
    assert dict(entry.data) == before
    assert second.counters.http_requests == 0


async def test_a_pinned_device_is_followed_without_asking_and_stays_pinned(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned_entry(hass, nvr, media_dir)
    before = dict(entry.data)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": an_empty_address}
    )
    result = await by_dhcp(hass, nvr)
    assert result["reason"] == "already_configured"
    assert dict(entry.data) == before


async def pinned_entry(
    hass: HomeAssistant, nvr: RemoteNvr, storage: Path
) -> MockConfigEntry:
    """Return the entry of a device with TLS, as set-up makes it."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, is_https=True)},
    )
    result = await submit(hass, await sign_in(hass, result, nvr))
    created = await choose(hass, result, storage)
    assert created["data"]["tls"] == TlsMode.FINGERPRINT
    return created["result"]


async def test_a_stranger_without_tls_never_gets_a_pinned_entry_or_its_login(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    secure = (await start_nvr("tls-self-signed"))[0]
    stranger = (await start_nvr("demo"))[0]
    marks = ("manufacturer", "model", "serial", "hardware_id", "mac")
    stranger.set_identity({name: getattr(secure.spec, name) for name in marks})
    entry = await pinned_entry(hass, secure, media_dir)
    pinned = dict(entry.data)
    # It answers where it was: the other one is another device.
    result = await sign_in(hass, await to_login(hass, stranger), stranger)
    assert result["step_id"] == "look_alike"
    assert dict(entry.data) == pinned
    # It is silent: the other one would have to show its certificate.
    silent = {**pinned, "host": an_empty_address}
    hass.config_entries.async_update_entry(entry, data=silent)
    result = await sign_in(hass, await to_login(hass, stranger), stranger)
    assert result["reason"] == "same_marks"
    assert dict(entry.data) == silent


async def test_another_login_than_the_stored_one_moves_nothing_by_itself(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_of_nvr(hass, nvr, media_dir, host=an_empty_address)
    nvr.accounts["second"] = "harbour-77"
    result = await submit(
        hass,
        await to_login(hass, nvr),
        username="second",
        password="harbour-77",
        advanced={},
    )
    assert result["step_id"] == "moved"
    assert entry.data["host"] == an_empty_address
    again = await submit(hass, result, next_step_id="follow")
    assert again["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"
    assert entry.data["username"] == nvr.spec.user


async def test_an_entry_that_waits_for_its_device_starts_at_the_new_address(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_of_nvr(hass, nvr, media_dir, host=an_empty_address)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    followed = await async_follow(hass, entry, "127.0.0.1", nvr.port, is_agreed=True)
    assert followed is Followed.MOVED
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
