"""Clips in codecs that browsers cannot show, converted when somebody wants to see them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from pathlib import Path
import shutil
from typing import BinaryIO

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..core.cancel import CancelToken
from ..core.errors import ErrorKind, NvrError
from ..core.library.library import Library
from ..core.media.ffmpeg import is_playable, to_h264, with_table
from ..core.models import Clip

FOLDER = "playback"
MOST_BYTES = 1024 * 1024 * 1024
CHUNK = 512 * 1024
POLL_S = 0.2
SPARE_BYTES = 1024 * 1024 * 1024
"""Free space that is left on the disk of the index."""


class Playback:
    """Converts one clip at a time, in the background, and keeps the latest ones.

    What it keeps is lost at a restart: it can be made again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        library: Library,
        folder: Path,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Work for one library, in a folder on a local disk."""
        self._hass = hass
        self._library = library
        self._folder = folder / FOLDER
        self._most_bytes = most_bytes
        self._made: OrderedDict[int, tuple[Path, int]] = OrderedDict()
        """Files with their sizes, the one wanted last at the end."""
        self._jobs: dict[int, asyncio.Task[Path]] = {}
        self._place = asyncio.Lock()
        self._cancel = CancelToken()

    async def async_start(self) -> None:
        """Forget what an earlier run has left."""
        await self._hass.async_add_executor_job(shutil.rmtree, self._folder, True)

    async def async_stop(self) -> None:
        """End what is being converted and remove everything."""
        self._cancel.cancel("stopping")
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)
        await self._hass.async_add_executor_job(shutil.rmtree, self._folder, True)

    @staticmethod
    def is_needed(clip: Clip) -> bool:
        """Say whether a clip has to be converted before a browser can show it."""
        return not is_playable(clip.facts.video_codec)

    async def file(self, clip: Clip) -> Path:
        """Return the clip as H.264, converted now or before.

        Raises `NvrError`: GONE, FFMPEG_FAILED, TIMEOUT, CANCELLED, storage kinds. Who
        stops waiting does not stop the work: they usually ask again.
        """
        known = self._made.get(clip.id)
        if known is not None:
            self._made.move_to_end(clip.id)
            return known[0]
        return await asyncio.shield(self._job(clip))

    def is_ready(self, clip: Clip) -> bool:
        """Say whether `file` returns at once."""
        return clip.id in self._made

    async def growing(self, clip: Clip) -> AsyncGenerator[bytes]:
        """Yield the clip as H.264 while it is being converted; raises as `file`."""
        job = self._job(clip)
        part, whole = self._part(clip), self._whole(clip)
        run = self._hass.async_add_executor_job
        file: BinaryIO | None = None
        try:
            while True:
                is_over = job.done()
                if is_over:
                    whole = await job
                file = file or await run(_open, part, whole if is_over else None)
                data = await run(file.read, CHUNK) if file else b""
                if data:
                    yield data
                elif is_over:
                    return
                else:
                    await asyncio.wait([job], timeout=POLL_S)
        finally:
            if file:
                await run(file.close)

    def _whole(self, clip: Clip) -> Path:
        return self._folder / f"{clip.id}.mp4"

    def _part(self, clip: Clip) -> Path:
        return self._folder / f"{clip.id}.part"

    def _job(self, clip: Clip) -> asyncio.Task[Path]:
        job = self._jobs.get(clip.id)
        if job is None:
            job = self._hass.async_create_background_task(
                self._make(clip), f"{DOMAIN} playback"
            )
            self._jobs[clip.id] = job
            job.add_done_callback(lambda done: self._ended(clip.id, done))
        return job

    def _ended(self, clip_id: int, job: asyncio.Task[Path]) -> None:
        self._jobs.pop(clip_id, None)
        if not job.cancelled():
            job.exception()  # whoever still waits is told; nobody has to

    async def _make(self, clip: Clip) -> Path:
        async with self._place:
            with await self._library.browse.reader(clip.id) as reader:
                to = self._whole(clip)
                size = await self._hass.async_add_executor_job(
                    _convert,
                    get_ffmpeg_manager(self._hass).binary,
                    reader.path,
                    self._part(clip),
                    to,
                    self._cancel,
                )
        self._made[clip.id] = (to, size)
        total = sum(size for _, size in self._made.values())
        while total > self._most_bytes and len(self._made) > 1:
            _, (old, size) = self._made.popitem(last=False)
            total -= size
            await self._hass.async_add_executor_job(old.unlink, True)
        return to


def _open(part: Path, whole: Path | None) -> BinaryIO | None:
    """Open what is there of a clip, None before its first byte."""
    for path in (part, whole):
        try:
            return path.open("rb") if path else None
        except FileNotFoundError:
            continue
    return None


def _convert(
    binary: str, source: Path, part: Path, to: Path, cancel: CancelToken
) -> int:
    """Write a part that grows, then the whole; return its size."""
    fresh = to.with_suffix(".fresh")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(to.parent).free < SPARE_BYTES + source.stat().st_size:
            raise NvrError(ErrorKind.STORAGE_FULL, "no room to convert the clip")
        try:
            to_h264(binary, source, part, grows=True, cancel=cancel)
            with_table(binary, part, fresh, cancel=cancel)
            fresh.replace(to)
        finally:
            part.unlink(missing_ok=True)
            fresh.unlink(missing_ok=True)
        return to.stat().st_size
    except OSError as error:
        raise NvrError(ErrorKind.STORAGE_FAILED, "playback", where="index") from error
