"""When each camera was last being recorded, kept by Home Assistant's storage."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN


class StoredHeartbeats:
    """Implements `core.archive.live.Heartbeats`."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the file; it is read by `load`."""
        self._store: Store[dict[str, int]] = Store(hass, 1, f"{DOMAIN}.live")

    async def load(self) -> dict[str, int]:
        """Return milliseconds of UTC by camera."""
        return await self._store.async_load() or {}

    async def save(self, moments: Mapping[str, int]) -> None:
        """Store them."""
        await self._store.async_save(dict(moments))
