"""Storages as devices: they belong to the whole installation, and a device needs an entry.

Whichever of our entries was loaded first serves them; if it is unloaded, another takes
over, and devices and entities move along with all that a person made of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
    UpdateFailed,
)
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .core.errors import NvrError
from .core.library.values import LibraryEvent, LibraryEventKind, RootInfo
from .devices import storage_device_info, storage_identifier
from .runtime import HUB, VtrackConfigEntry, VtrackHub

_LOGGER = logging.getLogger(__name__)

UPDATE_INTERVAL = timedelta(minutes=1)

type MakeEntities = Callable[["StorageCoordinator", RootInfo], Iterable[Entity]]


@dataclass(frozen=True, slots=True)
class _Platform:
    """How one platform of an entry adds the entities of a storage."""

    entry: VtrackConfigEntry
    make: MakeEntities
    add: AddConfigEntryEntitiesCallback


class StorageCoordinator(DataUpdateCoordinator[dict[str, RootInfo]]):
    """The storages by their names in the registries, from cached health."""

    def __init__(self, hass: HomeAssistant, hub: VtrackHub) -> None:
        """Watch the library of the installation."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=None,
            name=f"{DOMAIN} storages",
            update_interval=UPDATE_INTERVAL,
        )
        self._hub = hub
        self._platforms: list[_Platform] = []
        self._added: set[tuple[str, int]] = set()
        self.server: VtrackConfigEntry | None = None
        self._is_read = False
        self._watch: CALLBACK_TYPE | None = None
        hub.library.subscribe(self._told)

    def _told(self, event: LibraryEvent) -> None:
        if event.kind is LibraryEventKind.STORAGE:
            self.hass.loop.call_soon_threadsafe(self._look)

    @callback
    def _look(self) -> None:
        if self._platforms:
            self.hass.async_create_task(self.async_refresh(), f"{DOMAIN} storages")

    @override
    async def _async_update_data(self) -> dict[str, RootInfo]:
        try:
            roots = await self._hub.library.roots()
        except NvrError as error:
            raise UpdateFailed(str(error)) from error
        found = {
            storage_identifier(root): root
            for root in roots
            if root.uuid and (root.is_current or root.clips)
        }
        self._remove_others(found.keys())
        return found

    @callback
    def _async_add_new(self) -> None:
        """Add the entities of storages that are new; the others are there already."""
        self._is_read = self._is_read or self.last_update_success
        if self._is_read:
            self._add(self.data)

    async def async_join(self, platform: _Platform) -> None:
        """Let one more platform show the storages, if its entry is to serve them."""
        self._platforms.append(platform)
        platform.entry.async_on_unload(lambda: self._leave(platform))
        if self.server is None:
            self._serve(platform.entry)
        if self._watch is None:
            self._watch = self.async_add_listener(self._async_add_new)
        if self._is_read:
            self._add(self.data)
        else:
            await self.async_refresh()

    @callback
    def _leave(self, platform: _Platform) -> None:
        """Take a platform of an entry that is unloaded away; another entry takes over."""
        self._platforms.remove(platform)
        if not self._platforms and self._watch is not None:
            self._watch()
            self._watch = None
        if self.server is not platform.entry:
            return
        if any(other.entry is self.server for other in self._platforms):
            return  # its last platform hands over
        self.server = None
        if self._platforms:
            self._serve(self._platforms[0].entry)
            self._add(self.data)

    def _serve(self, entry: VtrackConfigEntry) -> None:
        """Move all devices and entities of storages to an entry; entities go first."""
        self.server = entry
        self._added = set()
        devices, entities = dr.async_get(self.hass), er.async_get(self.hass)
        for device in self._devices():
            if device.config_entry_id == entry.entry_id:
                continue
            for entity in er.async_entries_for_device(
                entities, device.id, include_disabled_entities=True
            ):
                entities.async_update_entity(
                    entity.entity_id, config_entry_id=entry.entry_id
                )
            devices.async_update_device(
                device.id,
                new_config_entry_id=entry.entry_id,
                new_config_subentry_id=None,
            )

    def _devices(self) -> list[dr.DeviceEntry]:
        """Return the devices of storages, whichever of our entries they belong to."""
        registry = dr.async_get(self.hass)
        return [
            device
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
            if isinstance(device, dr.DeviceEntry)
            and any(name.startswith("storage_") for _, name in device.identifiers)
        ]

    def _remove_others(self, names: Iterable[str]) -> None:
        """Remove devices of storages that are neither in use nor hold any clips."""
        kept = {(DOMAIN, name) for name in names}
        for device in self._devices():
            if not device.identifiers & kept:
                dr.async_get(self.hass).async_remove_device(device.id)

    def _add(self, found: dict[str, RootInfo]) -> None:
        for platform in self._platforms:
            if platform.entry is not self.server:
                continue
            news = {
                name: root
                for name, root in found.items()
                if (name, id(platform)) not in self._added
            }
            self._added |= {(name, id(platform)) for name in news}
            for root in news.values():
                platform.add(platform.make(self, root))


STORAGES: HassKey[StorageCoordinator] = HassKey(f"{DOMAIN}_storages")


async def async_add_storages(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    make: MakeEntities,
) -> None:
    """Add a platform's entities of each storage there is or comes, with one entry of all."""
    if (coordinator := hass.data.get(STORAGES)) is None:
        coordinator = StorageCoordinator(hass, hass.data[HUB])
        hass.data[STORAGES] = coordinator
    await coordinator.async_join(_Platform(entry, make, add))


class VtrackStorageEntity(CoordinatorEntity[StorageCoordinator]):
    """An entity of a storage."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: StorageCoordinator,
        root: RootInfo,
        description: EntityDescription,
    ) -> None:
        """Belong to the storage's device."""
        super().__init__(coordinator)
        self.entity_description = description
        self._name = storage_identifier(root)
        self._attr_unique_id = f"{self._name}_{description.key}"
        self._attr_device_info = storage_device_info(root)

    @property
    def root(self) -> RootInfo | None:
        """Return the storage as it was last seen, None if it is no longer used."""
        return self.coordinator.data.get(self._name)

    @property
    @override
    def available(self) -> bool:
        return super().available and self.root is not None
