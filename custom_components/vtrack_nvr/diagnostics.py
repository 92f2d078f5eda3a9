"""What a user may hand out when something does not work: no secret, no identity."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .core.redact import redact
from .runtime import HUB, VtrackConfigEntry


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VtrackConfigEntry
) -> dict[str, Any]:
    """Return entry, cameras, status and storage, redacted."""
    runtime = entry.runtime_data
    hub = hass.data[HUB]
    answer: dict[str, Any] = redact(
        {
            "entry": {"data": dict(entry.data), "options": dict(entry.options)},
            "cameras": [
                {"name": camera.name, "data": camera.data}
                for camera in runtime.cameras.values()
            ],
            "status": asdict(runtime.coordinator.data),
            "policy": asdict(await hub.library.policy(runtime.key)),
            "storage": await hub.async_storage_summary(),
        }
    )
    return answer


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: VtrackConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return the same: a camera cannot be understood without its NVR."""
    return await async_get_config_entry_diagnostics(hass, entry)
