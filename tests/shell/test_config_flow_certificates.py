"""Certificates that nobody signed: shown, pinned, changed."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from tests.shell.conftest import StartNvr
from tests.shell.flow_steps import begin, choose, sign_in, submit

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
        "custom_components.vtrack_nvr.config_flow.async_fingerprint",
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


async def test_reconfigure_pins_the_certificate_shown_now(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(hass, await sign_in(hass, result, nvr))
    await choose(hass, result, media_dir)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "fingerprint": "00"}
    )
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "tls": "fingerprint",
        "username": nvr.spec.user,
        "password": nvr.spec.password,
        "advanced": {},
    }
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    refused = await submit(hass, result, **values, port=9)
    assert refused["errors"] == {"base": "unreachable"}
    refused = await submit(hass, refused, **values, port=nvr.rtsp_port)
    assert refused["errors"]
    result = await submit(hass, refused, **values, port=nvr.port)
    assert result["reason"] == "reconfigure_successful"
    assert len(entry.data["fingerprint"]) > 32
