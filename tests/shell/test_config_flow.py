"""From "Add integration" to an entry, against simulated devices."""

from pathlib import Path
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.vtrack_nvr.const import DOMAIN

from tests.shell.conftest import StartNvr


@pytest.fixture(autouse=True)
def no_network(hass: HomeAssistant) -> object:
    """Let the search by multicast find nothing: tests stay on loopback."""
    with patch(
        "custom_components.vtrack_nvr.config_flow.async_discover", return_value=()
    ) as found:
        yield found


async def begin(hass: HomeAssistant) -> dict:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    return await through_progress(hass, result)


async def through_progress(hass: HomeAssistant, result: dict) -> dict:
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return result


async def submit(hass: HomeAssistant, result: dict, values: dict) -> dict:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], values)
    return await through_progress(hass, result)


async def test_three_submits_add_a_camera(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await begin(hass)
    assert result["step_id"] == "pick"
    result = await submit(hass, result, {"host": "127.0.0.1", "port": str(nvr.port)})
    assert result["step_id"] == "login", result
    result = await submit(
        hass,
        result,
        {"username": nvr.spec.user, "password": nvr.spec.password, "advanced": {}},
    )
    assert result["step_id"] == "cameras", result
    print(result["description_placeholders"]["report"])
    schema = result["data_schema"]
    with (
        patch("custom_components.vtrack_nvr.async_setup_entry", return_value=True),
        patch("custom_components.vtrack_nvr.async_setup", return_value=True),
    ):
        result = await submit(
            hass,
            result,
            schema({"storage_section": {"storage": str(media_dir)}}),
        )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Porch"
