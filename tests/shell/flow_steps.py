"""The steps of the config flow, as a person takes them."""

from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.onvif.probe_match import FoundDevice
from tests.shell.conftest import RemoteNvr


def found(nvr: RemoteNvr, **more: Any) -> FoundDevice:
    return FoundDevice("127.0.0.1", nvr.port, name=nvr.spec.name, **more)


async def through_progress(
    hass: HomeAssistant, result: ConfigFlowResult
) -> ConfigFlowResult:
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return result


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    return await through_progress(hass, result)


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, **values: Any
) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], values)
    return await through_progress(hass, result)


async def sign_in(
    hass: HomeAssistant, result: ConfigFlowResult, nvr: RemoteNvr, **more: Any
) -> ConfigFlowResult:
    return await submit(
        hass,
        result,
        username=nvr.spec.user,
        password=nvr.spec.password,
        advanced={},
        **more,
    )


async def to_login(hass: HomeAssistant, nvr: RemoteNvr) -> ConfigFlowResult:
    result = await begin(hass)
    return await submit(hass, result, host="127.0.0.1", port=str(nvr.port))


async def choose(
    hass: HomeAssistant, result: ConfigFlowResult, storage: Path, **values: Any
) -> ConfigFlowResult:
    assert result["step_id"] == "cameras", result
    schema = result["data_schema"]
    assert schema is not None
    return await submit(
        hass,
        result,
        **schema({"storage_section": {"storage": str(storage)}, **values}),
    )


async def change_camera(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str
) -> Any:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id},
    )


def suggested(result: Any, section: str = "") -> dict[str, Any]:
    """Return what a form, or one of its sections, begins with."""
    schema = result["data_schema"].schema
    if section:
        schema = schema[section].schema.schema
    return {
        str(key): key.description["suggested_value"]
        for key in schema
        if key.description
    }


def is_closed(result: Any, section: str) -> bool:
    """Return whether a section has to be opened to be read."""
    return bool(result["data_schema"].schema[section].options["collapsed"])


def read(placeholders: Any) -> dict[str, str]:
    """Return what a person reads of placeholders, after Markdown was rendered."""
    return {
        key: re.sub(r"\\([\W_])", r"\1", text)
        for key, text in (placeholders or {}).items()
        if not key.endswith("_plain")
    }
