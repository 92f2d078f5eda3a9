"""Certificates that nobody signed: shown, pinned, changed."""

# Reads private members: an entry is put into a state without being set up.

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.flows.attempt import Attempt
from tests.shell.conftest import RemoteNvr, StartNvr
from tests.shell.flow_steps import begin, choose, read, sign_in, submit

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


async def test_a_certificate_nobody_signed_is_shown_and_pinned(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    assert result["step_id"] == "login", result
    result = await sign_in(hass, result, nvr)
    assert result["step_id"] == "certificate"
    assert ":" in result["description_placeholders"]["fingerprint"]
    result = await submit(hass, result)
    result = await choose(hass, result, media_dir)
    assert result["data"]["tls"] == "fingerprint"
    assert result["data"]["fingerprint"]


async def test_a_certificate_that_changes_or_goes_away_leads_back(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    with patch(
        "custom_components.vtrack_nvr.flows.certificate.async_certificate",
        side_effect=NvrError(ErrorKind.TLS),
    ):
        result = await sign_in(hass, result, nvr)
    assert result["step_id"] == "pick"
    assert result["errors"] == {"base": "tls"}
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(
        hass, result, username=nvr.spec.user, password="wrong", advanced={}
    )
    result = await submit(hass, result)  # trusted; only now the password is sent
    assert result["step_id"] == "login"
    assert result["errors"] == {"base": "auth_refused"}
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["data"]["tls"] == "fingerprint"


async def pinned(hass: HomeAssistant, nvr: RemoteNvr, storage: Path) -> MockConfigEntry:
    """Set a device up whose certificate a person has accepted."""
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(hass, await sign_in(hass, result, nvr))
    await choose(hass, result, storage)
    entry: Any = hass.config_entries.async_entries(DOMAIN)[0]
    return entry


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )


def reconfigured(nvr: RemoteNvr, **changes: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": nvr.port,
        "tls": "fingerprint",
        "username": nvr.spec.user,
        "advanced": {},
        **changes,
    }


def logins(nvr: RemoteNvr) -> int:
    """Return how often a device was asked what needs a login."""
    return int(nvr.counters.operations["tds:GetDeviceInformation"])


async def test_a_form_that_is_only_submitted_pins_nothing_anew(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    before = dict(entry.data)
    result = await submit(hass, await reconfigure(hass, entry), **reconfigured(nvr))
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == before


async def test_reconfigure_shows_a_changed_certificate_beside_the_known_one(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    known = entry.data["fingerprint"]
    await nvr.renew_certificate()
    heard = logins(nvr)
    result = await submit(hass, await reconfigure(hass, entry), **reconfigured(nvr))
    assert result["step_id"] == "certificate_changed"
    shown = read(result["description_placeholders"])
    assert shown["known"] == known
    assert shown["fingerprint"] != known
    assert shown["old_tls"] == ""
    assert logins(nvr) == heard
    assert entry.data["fingerprint"] == known
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == shown["fingerprint"]


async def test_a_certificate_that_changes_once_more_is_asked_about_once_more(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    await nvr.renew_certificate()
    result = await submit(hass, await reconfigure(hass, entry), **reconfigured(nvr))
    accepted = result["description_placeholders"]["fingerprint"]
    await nvr.renew_certificate()
    heard = logins(nvr)
    result = await submit(hass, result)
    assert result["step_id"] == "certificate_changed"
    assert result["description_placeholders"]["known"] == accepted
    assert logins(nvr) == heard


@pytest.mark.parametrize("expected_lingering_timers", [True])  # TLS says good-bye
async def test_a_device_runs_again_as_soon_as_its_new_certificate_is_trusted(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    await nvr.renew_certificate()
    entry._async_set_state(hass, ConfigEntryState.SETUP_ERROR, None)
    result = await submit(hass, await reconfigure(hass, entry), **reconfigured(nvr))
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_signing_in_again_shows_a_changed_certificate_before_the_login_goes_out(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    known = entry.data["fingerprint"]
    await nvr.renew_certificate()
    heard = logins(nvr)
    again = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "reauth", "entry_id": entry.entry_id},
        data=entry.data,
    )
    result = await sign_in(hass, again, nvr)
    assert result["step_id"] == "certificate_changed"
    assert read(result["description_placeholders"])["known"] == known
    assert logins(nvr) == heard
    wrong = await submit(hass, result)
    assert wrong["reason"] == "reauth_successful"
    assert entry.data["fingerprint"] not in {"", known}
    assert entry.data["tls"] == "fingerprint"


async def test_the_first_certificate_that_is_to_be_trusted_is_shown(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "tls": "verify", "fingerprint": ""}
    )
    heard = logins(nvr)
    refused = await submit(
        hass, await reconfigure(hass, entry), **reconfigured(nvr, port=9)
    )
    assert refused["errors"] == {"base": "unreachable"}
    result = await submit(hass, refused, **reconfigured(nvr))
    assert result["step_id"] == "certificate"
    assert logins(nvr) == heard
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert len(entry.data["fingerprint"]) > 32


async def test_a_wrong_password_after_trust_leads_back_to_the_form(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    known = entry.data["fingerprint"]
    await nvr.renew_certificate()
    values = reconfigured(nvr, password="wrong")
    result = await submit(hass, await reconfigure(hass, entry), **values)
    result = await submit(hass, result)
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "auth_refused"}
    assert entry.data["fingerprint"] == known


async def test_encryption_goes_only_where_a_person_switches_it_off(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    before = dict(entry.data)
    values = reconfigured(nvr, tls="off")
    result = await submit(hass, await reconfigure(hass, entry), **values)
    assert result["errors"]
    assert dict(entry.data) == before


async def test_outdated_encryption_is_named_where_it_is_accepted(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("old-tls"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await sign_in(hass, result, nvr)
    assert result["step_id"] == "certificate"
    assert "TLSv1" in result["description_placeholders"]["old_tls"]
    assert "outdated" in result["description_placeholders"]["old_tls"]
    result = await choose(hass, await submit(hass, result), media_dir)
    assert result["data"]["tls"] == "fingerprint"


async def test_encryption_that_fails_behind_the_known_certificate_is_an_error(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    entry = await pinned(hass, nvr, media_dir)
    broken = Attempt(error="tls", kind=ErrorKind.TLS)
    with patch(
        "custom_components.vtrack_nvr.flows.existing_entry.async_try",
        return_value=broken,
    ):
        result = await submit(hass, await reconfigure(hass, entry), **reconfigured(nvr))
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "tls"}
