"""Whether a device that is set up has moved to another address."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .flow_connect import async_try
from .runtime.connect import Address, Login


async def async_follow(
    hass: HomeAssistant, entry: ConfigEntry[Any], **address: Any
) -> bool:
    """Store another address of an entry if its device answers there, and no longer here.

    True where the device was met at either. A device with two addresses, or one that is
    known by name, stays as it is. Clones that share an endpoint id or a MAC address
    answer with another identity and are not it.
    """
    if await _is_at(hass, entry, entry.data):
        return True
    moved = {**entry.data, **address}
    if not await _is_at(hass, entry, moved):
        return False
    hass.config_entries.async_update_entry(entry, data=moved)
    return True


async def _is_at(
    hass: HomeAssistant, entry: ConfigEntry[Any], data: Mapping[str, Any]
) -> bool:
    attempt = await async_try(
        hass, Address.of_entry(data), Login.of_entry(data), with_rtsp=False
    )
    return attempt.report is not None and attempt.report.key == entry.unique_id
