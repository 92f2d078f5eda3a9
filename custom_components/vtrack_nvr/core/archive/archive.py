"""The core put together: one library, engine and fetcher, and what is made of footage."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
import logging
from pathlib import Path

from ..clock import Clock
from ..download.downloader import Downloader
from ..library.file_reader import read_file
from ..library.library import Library
from ..library.values import LibraryBounds, RootConfig
from ..media.clip_probe import ClipProbe
from ..playback.desk import ViewingDesk
from ..playback.footage import Footage
from ..policy import Waits
from ..sync.engine import SyncEngine
from .converted import ConvertedSegments
from .exports import Exports
from .live import LiveRecordings
from .live_devices import Heartbeats
from .pictures import Pictures
from .playback import ConvertedClips
from .watching import WatchedWindows

_LOGGER = logging.getLogger(__name__)


class Archive:
    """Serves all NVRs; it lives also if none of them answers, so that footage is shown."""

    def __init__(
        self,
        index: Path,
        cache: Path,
        roots: Sequence[RootConfig],
        *,
        clock: Clock,
        time_zone: str,
        ffmpeg: str,
        heartbeats: Heartbeats,
        waits: Waits | None = None,
        bounds: LibraryBounds | None = None,
    ) -> None:
        """Name the parts; nothing is opened yet.

        `index` is the file of the index and `cache` a folder for what can be made again,
        both on a local disk. `ffmpeg` is the program's path. `waits` and `bounds` take
        the place of the product's own.
        """
        self.library = Library(
            index,
            roots,
            clock=clock,
            probe=ClipProbe(),
            time_zone=time_zone,
            waits=waits,
            bounds=bounds,
            cache=cache,
        )
        self.exports = Exports(self.library, ffmpeg)
        self.pictures = Pictures(self.library)
        self.playback = ConvertedClips(self.library, cache, ffmpeg)
        self.clock = self.library.clock
        browse = self.library.browse
        footage = Footage(browse, read_file)
        self.desk = ViewingDesk(browse, footage, self.clock, read_file)
        self.desk.h264 = self._converted = ConvertedSegments(footage, cache, ffmpeg)
        self._fetcher = Downloader(clock=self.clock, waits=waits)
        self.engine = SyncEngine(
            self.library.ledger, self._fetcher, self.clock, waits=waits
        )
        self.desk.watching = self._watching = WatchedWindows(
            self.engine, self.library.ledger, self.clock
        )
        self.live = LiveRecordings(
            self.library, self.engine, self.clock, heartbeats, ffmpeg, waits
        )
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the library and start the engine; raises `INDEX_FAILED` without an index."""
        for event in await self.library.open():
            _LOGGER.info("Index: %s %s", event.kind, event.detail)
        await self.playback.start()
        await self._converted.start()
        self._task = asyncio.get_running_loop().create_task(
            self.engine.run(), name="vtrack_nvr engine"
        )
        await self.live.start()

    async def close(self) -> None:
        """Finish or salvage everything within ten seconds."""
        async with AsyncExitStack() as closing:  # the last first, each in any case
            closing.push_async_callback(self.library.close)
            closing.push_async_callback(self.exports.close)
            closing.push_async_callback(self.playback.stop)
            closing.push_async_callback(self._converted.stop)
            closing.push_async_callback(self.pictures.stop)
            closing.push_async_callback(self._fetcher.close)
            closing.push_async_callback(self._watching.stop)
            closing.callback(self.desk.stop)
            await asyncio.gather(self.live.stop(), self.engine.stop())
        if self._task is not None:
            self._task.cancel()
