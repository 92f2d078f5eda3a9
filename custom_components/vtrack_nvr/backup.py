"""Around a backup of Home Assistant: the index is one file, and holds still.

Trouble with the index never stops a backup: it can be rebuilt from the clips.
"""

import logging

from homeassistant.core import HomeAssistant

from .core.errors import NvrError
from .runtime import HUB

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Bring the index file up to date; sync goes on beside it."""
    if hub := hass.data.get(HUB):
        try:
            await hub.library.pre_backup()
        except NvrError as error:
            _LOGGER.warning("The backup holds an index that may be older: %s", error)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the index file change again."""
    if hub := hass.data.get(HUB):
        try:
            await hub.library.post_backup()
        except NvrError as error:
            _LOGGER.warning("The index is not looked after for now: %s", error)
