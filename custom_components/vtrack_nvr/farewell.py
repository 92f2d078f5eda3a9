"""What a person is told when a device is removed: its recordings are not."""

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_STORAGE, DOMAIN
from .flow_report import Phrases


async def async_say_farewell(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say where the recordings of a removed device stay; deletes nothing."""
    phrases = await Phrases.async_load(hass)
    values = {"name": entry.title, "path": entry.data[CONF_STORAGE]}
    persistent_notification.async_create(
        hass,
        phrases.get("removed_message", **values),
        phrases.get("removed_title", **values),
        f"{DOMAIN}_removed_{entry.entry_id}",
    )
