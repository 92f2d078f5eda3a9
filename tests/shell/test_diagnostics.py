"""What a user may hand out: complete, and without secrets or identities."""

import json

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import ExtendedJSONEncoder, json_dumps

from custom_components.vtrack_nvr.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from tests.shell.rig import MakeWhole


async def test_diagnostics_can_be_written_and_hold_no_secret(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    found = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(found, cls=ExtendedJSONEncoder)
    for secret in (nvr.spec.password, nvr.spec.user, nvr.spec.serial, nvr.spec.mac):
        assert secret.lower() not in text.lower()
    assert found["entry"]["state"] == "loaded"
    assert found["cameras"][0]["data"]["mode"] == "on_demand"
    assert found["status"]["cameras"]
    assert found["storage"][0]["problem"] is None


async def test_those_of_a_device_are_those_of_its_entry(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        found = await async_get_device_diagnostics(hass, entry, device)
        assert found["entry"]["data"]["nvr_key"]
        assert len(found["cameras"]) == 1


async def test_an_entry_that_does_not_come_up_can_be_diagnosed(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    await nvr.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert json_dumps(found)
    assert found["entry"]["state"] == "setup_retry"
    assert found["entry"]["reason"]
    assert found["status"] is None
    assert found["policy"]
