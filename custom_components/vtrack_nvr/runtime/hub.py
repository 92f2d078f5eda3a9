"""What all NVRs share: the library, the engine and the fetcher, one of each.

They are alive as long as Home Assistant, also when no NVR answers, so that the archive
can always be browsed.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
import logging
from pathlib import Path
import re
import shutil
from typing import TYPE_CHECKING, Any

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_STORAGE, DOMAIN, EVENT_CLIP
from ..core.clock import SystemClock
from ..core.download.downloader import Downloader
from ..core.errors import ErrorKind, NvrError
from ..core.fetching import FetchJob
from ..core.library.library import Library
from ..core.library.thumbnails import FOLDER as THUMBNAIL_FOLDER
from ..core.library.values import Export, LibraryEvent, LibraryEventKind, RootConfig
from ..core.login_guard import LoginGuard
from ..core.media.probe import ClipProbe
from ..core.models import Clip, ClipSource, NvrKey
from ..core.rtsp.values import Endpoint
from ..core.sync.engine import SyncEngine
from ..permissions import live_entity
from .exporting import Exports
from .live import LiveDesk
from .pictures import Pictures
from .playback import FOLDER as PLAYBACK_FOLDER, Playback
from .settings import camera_retention, second_storage
from .storage import async_storage_choices

if TYPE_CHECKING:
    from .nvr import VtrackRuntime

_LOGGER = logging.getLogger(__name__)

INDEX_FOLDER = DOMAIN
INDEX_FILE = "index.db"


class VtrackHub:
    """Library, engine and fetcher of the installation."""

    library: Library
    engine: SyncEngine
    exports: Exports
    live: LiveDesk
    playback: Playback

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the parts; nothing is opened yet."""
        self._hass = hass
        self._nvrs: dict[NvrKey, VtrackRuntime] = {}
        self._task: asyncio.Task[None] | None = None

    async def async_start(self) -> None:
        """Open the library, start the engine; raises INDEX_FAILED without an index."""
        folder = Path(self._hass.config.path(INDEX_FOLDER))
        cache = Path(self._hass.config.cache_path(DOMAIN))
        await self._hass.async_add_executor_job(_make, folder, cache)
        self.library = Library(
            folder / INDEX_FILE,
            await self._root_configs(),
            clock=SystemClock(),
            probe=ClipProbe(),
            time_zone=self._hass.config.time_zone,
            cache=cache,
        )
        for event in await self.library.open():
            _LOGGER.info("Index: %s %s", event.kind, event.detail)
        self.exports = Exports(self.library, get_ffmpeg_manager(self._hass).binary)
        self._pictures = Pictures(self._hass, self.library)
        self.playback = Playback(self._hass, self.library, cache)
        await self.playback.async_start()
        clock = self.library.clock
        self._fetcher = Downloader(
            self._endpoint_for, guard_for=self._guard_for, clock=clock
        )
        self.engine = SyncEngine(self.library, self._fetcher, clock)
        self._task = self._hass.async_create_background_task(
            self.engine.run(), f"{DOMAIN} engine"
        )
        self.live = LiveDesk(self._hass, self.library, self.engine, clock)
        await self.live.async_start()
        self.library.subscribe(self._told)
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_config)

    async def _async_stop(self, _event: Event) -> None:
        """Finish or salvage everything within ten seconds."""
        async with AsyncExitStack() as closing:  # the last first, each in any case
            closing.push_async_callback(self.library.close)
            closing.push_async_callback(self.exports.close)
            closing.push_async_callback(self.playback.async_stop)
            closing.push_async_callback(self._pictures.stop)
            closing.push_async_callback(self._fetcher.close)
            await asyncio.gather(self.live.async_stop(), self.engine.stop())
        if self._task is not None:
            self._task.cancel()

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
                "media_content_id": f"media-source://{DOMAIN}/clip/{clip.id}",
                "url": f"/api/{DOMAIN}/clip/{clip.id}",
            },
        )

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
        return [RootConfig(Path(path), name=Path(path).name) for path in paths]

    async def _root_ids(self) -> dict[str, int]:
        roots = await self.library.roots()
        return {str(root.path): root.id for root in roots if root.is_current}

    async def async_register(self, runtime: VtrackRuntime) -> None:
        """Make an NVR, its storages and its cameras known to the library."""
        configs = await self._root_configs([runtime.storage])
        if {str(config.path) for config in configs} != (await self._root_ids()).keys():
            await self.library.set_roots(configs)
        root_ids = await self._root_ids()
        await self.library.register_nvr(runtime.key, runtime.name)
        for camera in runtime.cameras.values():
            await self.library.register_camera(
                runtime.key,
                camera.key,
                camera.name,
                root_id=root_ids.get(runtime.storage),
            )
            second = root_ids.get(second_storage(camera.data) or "")
            await self.library.set_retention(
                camera.key, camera_retention(camera.data, second)
            )

    async def async_forget(self, entry: ConfigEntry[Any]) -> None:
        """Keep the clips of a removed entry; its cameras are former ones now."""
        await self.library.retire_nvr(NvrKey(str(entry.unique_id)))

    # NVRs

    def attach(self, runtime: VtrackRuntime) -> None:
        """Know an NVR, for the addresses and logins of its fetches."""
        self._nvrs[runtime.key] = runtime

    def detach(self, runtime: VtrackRuntime) -> None:
        """Forget it."""
        self._nvrs.pop(runtime.key, None)

    def is_attached(self, runtime: VtrackRuntime) -> bool:
        """Say whether an NVR is being worked for."""
        return self._nvrs.get(runtime.key) is runtime

    def _nvr_of(self, job: FetchJob) -> VtrackRuntime:
        for runtime in self._nvrs.values():
            if any(camera.key == job.camera for camera in runtime.cameras.values()):
                return runtime
        raise LookupError(job.camera)

    def _endpoint_for(self, job: FetchJob) -> Endpoint:
        return self._nvr_of(job).endpoint(job.replay_uri)

    def _guard_for(self, job: FetchJob) -> LoginGuard:
        """Share the guard of the web services: refusals count together."""
        return self._nvr_of(job).guard

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

    async def async_thumbnail(self, clip_id: int, person: str = "") -> bytes:
        """Return a JPEG from the start of a clip; raises `NvrError`."""
        return await self._pictures.picture(clip_id, person)

    async def async_strip(self, clip_id: int, person: str = "") -> bytes:
        """Return key pictures of a clip side by side; raises `NvrError`."""
        return await self._pictures.strip(clip_id, person)

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
