"""What all NVRs share: the library, the engine and the fetcher, one of each.

They are alive as long as Home Assistant, also when no NVR answers, so that the archive
can always be browsed.
"""

from collections.abc import Iterable
from datetime import datetime
import logging
from pathlib import Path
import re
import shutil
from typing import Any

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..clip_links import clip_media_id, clip_url
from ..const import CONF_STORAGE, DOMAIN, EVENT_CLIP
from ..core.archive.archive import Archive
from ..core.archive.live import LiveRecordings
from ..core.archive.playback import FOLDER as PLAYBACK_FOLDER
from ..core.clock import SystemClock
from ..core.errors import ErrorKind, NvrError
from ..core.library.library import Library
from ..core.library.thumbnail_records import FOLDER as THUMBNAIL_FOLDER
from ..core.library.values import Export, LibraryEvent, LibraryEventKind, RootConfig
from ..core.models import Clip, ClipSource, EventClass, NvrKey
from ..core.sync.engine import SyncEngine
from ..permissions import live_entity
from .camera_runtime import CameraRuntime
from .heartbeats import StoredHeartbeats
from .house import House, HouseStore
from .settings import camera_retention, second_storage
from .storage import async_storage_choices

_LOGGER = logging.getLogger(__name__)

TELLING = (
    EventClass.DOORBELL,
    EventClass.PERSON,
    EventClass.VEHICLE,
    EventClass.ANIMAL,
    EventClass.LINE,
    EventClass.MOTION,
    EventClass.OTHER,
)
"""What an automation would ask for first; that something is recorded is no event here."""

INDEX_FOLDER = DOMAIN
INDEX_FILE = "index.db"


class VtrackHub:
    """Library, engine and fetcher of the installation."""

    archive: Archive
    library: Library
    engine: SyncEngine
    live: LiveRecordings

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the parts; nothing is opened yet."""
        self._hass = hass
        self._house_store = HouseStore(hass)
        self.house = House()

    async def async_start(self) -> None:
        """Open the library, start the engine; raises INDEX_FAILED without an index."""
        folder = Path(self._hass.config.path(INDEX_FOLDER))
        cache = Path(self._hass.config.cache_path(DOMAIN))
        await self._hass.async_add_executor_job(_make, folder, cache)
        self.house = await self._house_store.async_load()
        self.archive = archive = Archive(
            folder / INDEX_FILE,
            cache,
            await self._root_configs(),
            clock=SystemClock(),
            time_zone=self._hass.config.time_zone,
            ffmpeg=get_ffmpeg_manager(self._hass).binary,
            heartbeats=StoredHeartbeats(self._hass),
        )
        self.library, self.engine = archive.library, archive.engine
        self.live = archive.live
        self.engine.set_total_sessions(self.house.sessions)
        await archive.open()
        self.library.subscribe(self._told)
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_config)

    async def _async_stop(self, _event: Event) -> None:
        """Finish or salvage everything within ten seconds."""
        await self.archive.close()

    def _told(self, event: LibraryEvent) -> None:
        """Pass on what the library tells on its own threads."""
        if event.kind is LibraryEventKind.STORAGE and event.problem is None:
            self._hass.loop.call_soon_threadsafe(self.live.storage_is_back)
        if event.kind is LibraryEventKind.CLIP_ADDED and event.clip_id is not None:
            self._hass.loop.call_soon_threadsafe(self._clip_added, event.clip_id)

    @callback
    def _clip_added(self, clip_id: int) -> None:
        self._hass.async_create_task(self._async_fire(clip_id), f"{DOMAIN} clip event")

    async def _async_fire(self, clip_id: int) -> None:
        """Tell automations about a clip that is newly kept."""
        try:
            clip = await self.library.browse.clip(clip_id)
        except NvrError as error:
            _LOGGER.debug("A new clip is not told: %s", error)
            return
        if clip is None:
            return
        facts = clip.facts
        if facts.source is ClipSource.LIVE:
            self._take_up(clip)
        classes = await self._event_classes(clip)
        entity_id = live_entity(self._hass, clip.camera)
        entity = er.async_get(self._hass).async_get(entity_id) if entity_id else None
        self._hass.bus.async_fire(
            EVENT_CLIP,
            {
                "camera": clip.camera,
                "entity_id": entity_id,
                "device_id": entity.device_id if entity else None,
                "clip_id": clip.id,
                "start": dt_util.utc_from_timestamp(
                    facts.range.start_ms / 1000
                ).isoformat(),
                "end": dt_util.utc_from_timestamp(
                    facts.range.end_ms / 1000
                ).isoformat(),
                "bytes": facts.size_bytes,
                "source": str(facts.source),
                "event_class": classes[0] if classes else None,
                "event_classes": classes,
                "path": await self._path_of(clip),
                "media_content_id": clip_media_id(clip.id),
                "url": clip_url(clip.id),
            },
        )

    async def _event_classes(self, clip: Clip) -> list[str]:
        """Return what the device told of while the clip was recorded, most telling first."""
        try:
            marks = await self.library.ledger.marks(clip.camera, clip.facts.range)
        except NvrError:
            return []
        told = {mark.event_class for mark in marks}
        return [str(each) for each in TELLING if each in told]

    async def _path_of(self, clip: Clip) -> str | None:
        """Return where the file lies; it may be moved to a second storage later."""
        try:
            with await self.library.browse.reader(clip.id) as reader:
                return str(reader.path)
        except NvrError:
            return None

    def _take_up(self, clip: Clip) -> None:
        """Let the engine know of footage that it did not fetch itself."""
        try:
            self.engine.notify_kept(clip.camera, clip.facts.range)
        except NvrError:
            _LOGGER.debug("A clip of %s, which is not attached", clip.camera)

    async def _async_config(self, event: Event) -> None:
        if "time_zone" in event.data:
            await self.library.set_time_zone(self._hass.config.time_zone)

    # Storage

    async def _root_configs(self, extra: Iterable[str] = ()) -> list[RootConfig]:
        """Return the roots that entries use, and the first media dir for a start.

        Second storages come last: the first root is where footage goes without a choice.
        """
        entries = self._hass.config_entries.async_entries(DOMAIN)
        paths = dict.fromkeys(
            [
                *(
                    entry.data[CONF_STORAGE]
                    for entry in entries
                    if CONF_STORAGE in entry.data
                ),
                *extra,
                *(
                    path
                    for entry in entries
                    for subentry in entry.subentries.values()
                    if (path := second_storage(subentry.data)) is not None
                ),
            ]
        )
        if not paths:
            choices = await async_storage_choices(self._hass)
            paths = dict.fromkeys([choice.path for choice in choices[:1]])
        return [
            RootConfig(
                Path(path),
                name=Path(path).name,
                floor_bytes=self.house.floor_bytes(path),
            )
            for path in paths
        ]

    async def async_set_house(self, house: House) -> None:
        """Change the settings of the whole installation; raises `NvrError`."""
        await self._house_store.async_save(house)
        self.house = house
        self.engine.set_total_sessions(house.sessions)
        await self.library.set_roots(await self._root_configs())

    async def _root_ids(self) -> dict[str, int]:
        roots = await self.library.roots()
        return {str(root.path): root.id for root in roots if root.is_current}

    async def async_register(
        self, nvr: NvrKey, name: str, storage: str, cameras: Iterable[CameraRuntime]
    ) -> None:
        """Make an NVR, its storages and its cameras known to the library."""
        configs = await self._root_configs([storage])
        if {str(config.path) for config in configs} != (await self._root_ids()).keys():
            await self.library.set_roots(configs)
        root_ids = await self._root_ids()
        await self.library.register_nvr(nvr, name)
        for camera in cameras:
            await self.library.register_camera(
                nvr, camera.key, camera.name, root_id=root_ids.get(storage)
            )
            second = root_ids.get(second_storage(camera.data) or "")
            await self.library.set_retention(
                camera.key, camera_retention(camera.data, second)
            )

    async def async_forget(self, entry: ConfigEntry[Any]) -> None:
        """Keep the clips of a removed entry; its cameras are former ones now."""
        await self.library.retire_nvr(NvrKey(str(entry.unique_id)))

    # Reading

    def download_name(self, clip: Clip) -> str:
        """Return a safe file name that tells camera and local time."""
        start = dt_util.as_local(
            datetime.fromtimestamp(clip.facts.range.start_ms / 1000, dt_util.UTC)
        )
        camera = re.sub(r"[^A-Za-z0-9]+", "_", clip.camera).strip("_")
        return f"{camera}_{start:%Y-%m-%d_%H-%M-%S}.mp4"

    def export_name(self, export: Export) -> str:
        """Return a safe file name for an export."""
        start = dt_util.as_local(
            datetime.fromtimestamp(export.range.start_ms / 1000, dt_util.UTC)
        )
        return f"{DOMAIN}_{start:%Y-%m-%d_%H-%M-%S}{export.path.suffix}"

    async def async_storage_summary(self) -> list[dict[str, Any]]:
        """Return the roots with their health, for diagnostics and system health."""
        return [
            {
                "path": str(root.path),
                "free_bytes": root.free_bytes,
                "total_bytes": root.total_bytes,
                "clips": root.clips,
                "clip_bytes": root.clip_bytes,
                "days_left": root.days_left,
                "problem": str(root.problem.kind) if root.problem else None,
            }
            for root in await self.library.roots()
        ]


def _make(folder: Path, cache: Path) -> None:
    """Make our folders; backups of Home Assistant leave the cache out.

    Pictures and converted clips of earlier versions lay beside the index.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NvrError(ErrorKind.INDEX_FAILED, "no folder", where="index") from error
    try:
        cache.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / PLAYBACK_FOLDER, ignore_errors=True)
        before, now = (place / THUMBNAIL_FOLDER for place in (folder, cache))
        if before.exists() and not now.exists():
            before.rename(now)
    except OSError as error:
        _LOGGER.warning("Pictures of clips are made anew: %s", error)


HUB: HassKey[VtrackHub] = HassKey(DOMAIN)
