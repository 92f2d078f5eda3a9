"""A few facts for the system information page."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .runtime import HUB


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Offer the facts."""
    register.async_register_info(async_info)


async def async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is kept and whether storage and index are well."""
    hub = hass.data[HUB]
    health = await hub.library.health()
    return {
        "clips": sum(root.clips for root in health.roots),
        "gigabytes": round(sum(root.clip_bytes for root in health.roots) / 1e9, 2),
        "storage_problems": sum(root.problem is not None for root in health.roots),
        "index_megabytes": round(health.index_bytes / 1e6, 1),
        "devices": len(hub.engine.status().nvrs),
    }
