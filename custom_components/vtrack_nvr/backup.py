"""Around a backup of Home Assistant: the index is one file, and holds still."""

from homeassistant.core import HomeAssistant

from .runtime import HUB


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Bring the index file up to date; sync goes on beside it."""
    if hub := hass.data.get(HUB):
        await hub.library.pre_backup()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the index file change again."""
    if hub := hass.data.get(HUB):
        await hub.library.post_backup()
