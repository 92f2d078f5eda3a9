"""From the engine's status to `coordinator.data`; no decisions.

The engine pushes a snapshot up to once a second. Entities get it when something a person
or an automation acts on has changed, else at most once a minute, so that the recorder's
database stays small.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import DOMAIN
from .core.models import NvrKey
from .core.sync.engine import SyncEngine
from .core.sync.status import CameraStatus, NvrStatus, SyncStatus

_LOGGER = logging.getLogger(__name__)

UPDATE_INTERVAL = timedelta(minutes=1)


def essence(status: NvrStatus) -> NvrStatus:
    """Return the status without what moves all the time (progress, backlog, sums)."""
    return replace(
        status,
        clock_offset_ms=None,
        next_sweep_ms=None,
        cameras={
            key: CameraStatus(
                key=camera.key,
                state=camera.state,
                source=camera.source,
                source_reason=camera.source_reason,
                is_enabled=camera.is_enabled,
                last_clip_id=camera.last_clip_id,
                problem=camera.problem,
                missing=camera.missing and replace(camera.missing, seconds=0),
                is_judged=camera.is_judged,
            )
            for key, camera in status.cameras.items()
        },
    )


class VtrackCoordinator(DataUpdateCoordinator[NvrStatus]):
    """The status of one NVR."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        engine: SyncEngine,
        nvr: NvrKey,
        on_answer: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Watch one NVR of the engine; `on_answer` runs when it answers again."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {entry.title}",
            update_interval=UPDATE_INTERVAL,
            always_update=False,
        )
        self._engine = engine
        self._on_answer = on_answer
        self._nvr = nvr
        self._essence: NvrStatus | None = None
        self._is_away = False

    @callback
    def async_start(self) -> None:
        """Listen to the engine until the entry is unloaded."""
        self.config_entry.async_on_unload(self._engine.subscribe(self._async_pushed))

    @callback
    def _async_pushed(self, status: SyncStatus) -> None:
        nvr = status.nvrs.get(self._nvr)
        if nvr is None or essence(nvr) == self._essence:
            return
        self._note(nvr)
        self.async_set_updated_data(nvr)

    @override
    async def _async_update_data(self) -> NvrStatus:
        status = await self._engine.fresh_status()
        nvr = status.nvrs.get(self._nvr, NvrStatus(self._nvr))
        self._note(nvr)
        return nvr

    def _note(self, nvr: NvrStatus) -> None:
        """Remember what was handed on; say once that the device is away, and once back."""
        self._essence = essence(nvr)
        if nvr.is_online is None or nvr.is_online is not self._is_away:
            return
        self._is_away = not nvr.is_online
        _LOGGER.info(
            "%s %s",
            self.config_entry.title,
            "is unavailable; retrying" if self._is_away else "is available again",
        )
        if nvr.is_online:
            self.config_entry.async_create_background_task(
                self.hass,
                self._on_answer(),
                f"{DOMAIN} who answers as {self.config_entry.title}",
            )
