"""Devices that were found in the background, and devices that moved."""

from pathlib import Path

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.flow_steps import choose, found, sign_in

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


async def test_a_device_found_in_the_background_is_offered(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, endpoint_id=nvr.spec.uuid)},
    )
    assert result["step_id"] == "login"
    flows = hass.config_entries.flow.async_progress()
    assert flows[0]["context"]["title_placeholders"] == {"name": "Porch"}
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_ignored_device_stays_ignored(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": nvr.spec.uuid, "title": "Porch"},
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, endpoint_id=nvr.spec.uuid)},
    )
    assert result["reason"] == "already_configured"


async def test_dhcp_leaves_other_devices_and_known_addresses_alone(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entries = []
    for nvr in nvrs[:2]:
        entries.append(await entry_for(hass, nvr, media_dir))
        entries[-1].add_to_hass(hass)
    before = [dict(entry.data) for entry in entries]
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(
            ip="127.0.0.1",
            hostname="first",
            macaddress=nvrs[0].spec.mac.replace(":", "").lower(),
        ),
    )
    assert result["reason"] == "already_configured"
    assert [dict(entry.data) for entry in entries] == before
