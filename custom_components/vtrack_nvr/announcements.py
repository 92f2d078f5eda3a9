"""What happened to footage, as events on Home Assistant's bus.

The clip event itself is fired where clips are told of; here are the others. Each carries
`name`, `device_id` and `entity_id` where there is one, so that triggers and logbook know
what it is about.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import (
    DOMAIN,
    EVENT_FOOTAGE_LOST,
    EVENT_STORAGE_PROBLEM,
    EVENT_SYNC_FAILED,
    EVENT_SYNC_FINISHED,
)
from .core.ledger import RunKind
from .core.library.values import LibraryEvent, LibraryEventKind, RootInfo
from .core.models import CameraKey
from .core.sync.status import SyncReport
from .devices import storage_identifier
from .permissions import live_entity
from .runtime import HUB, VtrackConfigEntry, VtrackRuntime

LEAST_LOST_S = 1.0
"""Less is the rounding of device clocks."""


class LossWatch:
    """Tells when a camera's lost footage becomes more."""

    def __init__(self, hass: HomeAssistant, runtime: VtrackRuntime) -> None:
        """Know of nothing yet: what was lost before the start was told then."""
        self._hass = hass
        self._runtime = runtime
        self._known: dict[CameraKey, float] = {}

    @callback
    def async_look(self) -> None:
        """Compare with what was known; a camera that was not judged yet is not known."""
        for camera in self._runtime.cameras.values():
            status = self._runtime.coordinator.data.cameras.get(camera.key)
            if status is None or not status.is_judged:
                continue
            before = self._known.get(camera.key, status.lost_s)
            self._known[camera.key] = status.lost_s
            if status.lost_s - before < LEAST_LOST_S:
                continue
            self._hass.bus.async_fire(
                EVENT_FOOTAGE_LOST,
                {
                    **_about_camera(self._hass, camera.key),
                    "name": camera.name,
                    "camera": camera.key,
                    "seconds": round(status.lost_s - before),
                },
            )


def _about_camera(hass: HomeAssistant, camera: CameraKey) -> dict[str, Any]:
    entity_id = live_entity(hass, camera)
    entity = er.async_get(hass).async_get(entity_id) if entity_id else None
    return {
        "entity_id": entity_id,
        "device_id": entity.device_id if entity else None,
    }


class SyncWatch:
    """Tells what became of the syncs of an NVR.

    One that looked, found nothing and had nothing to do is no news, unless a person asked
    for it. A failure is told once: a device that is away fails every quarter of an hour.
    """

    def __init__(self, hass: HomeAssistant, runtime: VtrackRuntime) -> None:
        """Know of no failure."""
        self._hass = hass
        self._runtime = runtime
        self._reason = ""

    @callback
    def synced(self, kind: RunKind, report: SyncReport) -> None:
        """Fire what became of a sync."""
        is_asked = kind is RunKind.MANUAL
        reason = str(report.problem.kind) if report.problem else ""
        before, self._reason = self._reason, reason
        is_news = report.clips > 0 or report.errors > 0 or bool(before)
        if reason:
            is_news = reason != before
        if not (is_asked or is_news):
            return
        runtime = self._runtime
        data: dict[str, Any] = {
            "name": runtime.name,
            "nvr": runtime.key,
            "device_id": runtime.device_id,
            "kind": str(kind),
            "clips": report.clips,
            "bytes": report.bytes,
            "errors": report.errors,
            "backlog_seconds": round(report.backlog_s),
        }
        if reason:
            data["reason"] = reason
        self._hass.bus.async_fire(
            EVENT_SYNC_FAILED if reason else EVENT_SYNC_FINISHED, data
        )


class StorageWatch:
    """Tells when a storage begins to have a problem, or has another one."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know of no problem."""
        self._hass = hass
        self._hub = hass.data[HUB]
        self._known: Mapping[int, str] = {}

    @callback
    def async_start(self) -> None:
        """Begin; the library tells on its own threads."""
        self._hub.library.subscribe(self._told)

    def _told(self, event: LibraryEvent) -> None:
        if event.kind in {LibraryEventKind.STORAGE, LibraryEventKind.RETENTION}:
            self._hass.loop.call_soon_threadsafe(self._look)

    @callback
    def _look(self) -> None:
        self._hass.async_create_task(self.async_look(), f"{DOMAIN} storages")

    async def async_look(self) -> None:
        """Compare with what was known."""
        roots = await self._hub.library.roots()
        now = {
            root.id: _reason(root) for root in roots if root.is_current or root.clips
        }
        before, self._known = self._known, now
        for root in roots:
            reason = now.get(root.id, "")
            if reason and before.get(root.id) != reason:
                self._tell(root, reason)

    @callback
    def _tell(self, root: RootInfo, reason: str) -> None:
        self._hass.bus.async_fire(
            EVENT_STORAGE_PROBLEM,
            {
                "name": root.name or str(root.path),
                "device_id": _storage_device(self._hass, root),
                "path": str(root.path),
                "reason": reason,
            },
        )


def _reason(root: RootInfo) -> str:
    """Return why a storage cannot be used or gets no room, empty where all is well."""
    if root.problem is not None:
        return str(root.problem.kind)
    return str(root.room or "")


def _storage_device(hass: HomeAssistant, root: RootInfo) -> str | None:
    identifier = (DOMAIN, storage_identifier(root))
    for entry in hass.config_entries.async_entries(DOMAIN):
        device = dr.async_get(hass).async_get_device_by_identifier(
            identifier, entry.entry_id
        )
        if device is not None:
            return device.id
    return None


@callback
def async_setup_announcements(hass: HomeAssistant) -> None:
    """Announce what happens to storages, as long as Home Assistant runs."""
    StorageWatch(hass).async_start()


@callback
def async_announce_nvr(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Announce what happens to an NVR's footage while its entry is loaded."""
    runtime = entry.runtime_data
    losses = LossWatch(hass, runtime)
    losses.async_look()
    entry.async_on_unload(runtime.coordinator.async_add_listener(losses.async_look))
    entry.async_on_unload(runtime.news.on_synced(SyncWatch(hass, runtime).synced))
