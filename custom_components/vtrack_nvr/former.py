"""The marks of devices whose entries were removed: added again, they get their old names.

Their clips are kept under those names. A look-alike must get another one, or its footage
would be filed among theirs.
"""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import CONF_ENDPOINT_ID, CONF_IDENTITY, DOMAIN
from .core.onvif.identity import Marks
from .runtime.connect import marks_of_entry

_VERSION: Final = 1
_MOST: Final = 500


def _store(hass: HomeAssistant) -> Store[dict[str, dict[str, Any]]]:
    return Store(hass, _VERSION, f"{DOMAIN}.former_devices", private=True)


async def async_remember(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remember the marks of an entry that is removed; the oldest are forgotten at last."""
    store = _store(hass)
    kept = await store.async_load() or {}
    kept.pop(str(entry.unique_id), None)
    kept[str(entry.unique_id)] = {
        CONF_IDENTITY: entry.data[CONF_IDENTITY],
        CONF_ENDPOINT_ID: entry.data.get(CONF_ENDPOINT_ID, ""),
    }
    await store.async_save(dict(list(kept.items())[-_MOST:]))


async def async_former(hass: HomeAssistant) -> dict[str, Marks]:
    """Return the marks of removed devices by their names."""
    kept = await _store(hass).async_load() or {}
    return {key: marks_of_entry(data) for key, data in kept.items()}
