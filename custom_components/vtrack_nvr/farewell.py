"""What a person is told when a device is removed: its recordings are not."""

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_STORAGE, DOMAIN
from .flow_report import Phrases
from .placeholders import placeholders


async def async_say_farewell(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say where the recordings of a removed device stay; deletes nothing."""
    phrases = await Phrases.async_load(hass)
    values = placeholders(name=entry.title, path=entry.data[CONF_STORAGE])
    message = phrases.get("removed_message", **values)
    if _was_the_last(hass, entry):
        message = f"{message}\n\n{phrases.get('removed_last', **values)}"
    persistent_notification.async_create(
        hass,
        message,
        phrases.get("removed_title", **values),
        f"{DOMAIN}_removed_{entry.entry_id}",
    )


def _was_the_last(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether Home Assistant has no reason left to start the integration."""
    others = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    return all(other.entry_id == entry.entry_id for other in others)
