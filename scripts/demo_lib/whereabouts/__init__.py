"""Tells from within Home Assistant which files an integration was loaded from."""

from pathlib import Path
import sys

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers.typing import ConfigType

DOMAIN = "whereabouts"


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the action `whereabouts.files`."""

    def resolved(names: list[str]) -> list[str]:
        return sorted(str(Path(name).resolve()) for name in names)

    async def files(call: ServiceCall) -> ServiceResponse:
        package = f"custom_components.{call.data['domain']}"
        found = [
            module.__file__
            for name, module in list(sys.modules.items())
            if f"{name}.".startswith(f"{package}.") and module.__file__
        ]
        return {"files": await hass.async_add_executor_job(resolved, found)}  # type: ignore[dict-item]  # a list of texts is JSON

    hass.services.async_register(
        DOMAIN, "files", files, supports_response=SupportsResponse.ONLY
    )
    return True
