"""Settings of the whole installation: they belong to no NVR."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..core.library.values import GIGABYTE, RootConfig
from ..core.sync.settings import EngineLimits

DEFAULT_FLOOR_GB = RootConfig(Path()).floor_bytes // GIGABYTE
DEFAULT_SESSIONS = EngineLimits().total_sessions


@dataclass(frozen=True, slots=True)
class House:
    """What a person chose: sessions over all NVRs, and how much of each storage stays free.

    `floors_gb` by the path of a storage; one that is not named has the default.
    """

    sessions: int = DEFAULT_SESSIONS
    floors_gb: dict[str, int] = field(default_factory=dict)

    def floor_bytes(self, path: str) -> int:
        """Return how much of a storage is to stay free."""
        return self.floors_gb.get(path, DEFAULT_FLOOR_GB) * GIGABYTE

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Self:
        """Read what was kept; what is missing is as it comes."""
        return cls(
            int(data.get("sessions", DEFAULT_SESSIONS)),
            {str(path): int(gb) for path, gb in data.get("floors_gb", {}).items()},
        )


class HouseStore:
    """Keeps them across restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know the file; nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(hass, 1, f"{DOMAIN}.house")

    async def async_load(self) -> House:
        """Return what was chosen."""
        return House.of_data(await self._store.async_load() or {})

    async def async_save(self, house: House) -> None:
        """Keep it."""
        await self._store.async_save(
            {"sessions": house.sessions, "floors_gb": house.floors_gb}
        )
