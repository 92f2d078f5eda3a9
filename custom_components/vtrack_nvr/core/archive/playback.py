"""Clips in codecs that browsers cannot show, converted when somebody wants to see them.

What is made is for whoever waits for it: a conversion that nobody waits for any more is not
begun, and one that runs is ended after a while. Each person has a few of them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
from typing import BinaryIO

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..library.library import Library
from ..media.convert import MOST_PIXELS, is_playable, to_h264, with_table
from ..models import Clip
from .turns import SharedWork, Turns

FOLDER = "playback"
MOST_BYTES = 1024 * 1024 * 1024
CHUNK = 512 * 1024
POLL_S = 0.2
SPARE_BYTES = 1024 * 1024 * 1024
"""Free space that is left on the disk of the index."""
MOST_OPEN = 4
"""Clips that are being converted, or wait for it, for one person."""
GRACE_S = 10.0
"""How long a conversion goes on for nobody: players ask, hang up and ask again."""
FAILED_S = 300.0
"""How long a clip that could not be converted is not tried again."""
_FINAL = frozenset({ErrorKind.FFMPEG_FAILED, ErrorKind.TIMEOUT})


class ConvertedClips:
    """Converts one clip at a time, in the background, and keeps the latest ones.

    What it keeps is lost at a restart: it can be made again.
    """

    def __init__(
        self,
        library: Library,
        folder: Path,
        ffmpeg: str,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Work for one library, in a folder on a local disk, with an ffmpeg."""
        self._library = library
        self._ffmpeg = ffmpeg
        self._folder = folder / FOLDER
        self._most_bytes = most_bytes
        self._made: OrderedDict[int, tuple[Path, int]] = OrderedDict()
        """Files with their sizes, the one wanted last at the end."""
        self._jobs: Turns[int, Path] = Turns(
            "playback",
            at_once=1,
            most_open=MOST_OPEN,
            grace_s=GRACE_S,
            failed_s=FAILED_S,
            final=_FINAL,
        )

    async def start(self) -> None:
        """Forget what an earlier run has left."""
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    async def stop(self) -> None:
        """End what is being converted and remove everything."""
        await self._jobs.stop()
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    @staticmethod
    def is_needed(clip: Clip) -> bool:
        """Return whether a clip has to be converted before a browser can show it."""
        return not is_playable(clip.facts.video_codec)

    async def file(self, clip: Clip, person: str = "") -> Path:
        """Return the clip as H.264, converted now or before.

        Raises `NvrError`: GONE, FFMPEG_FAILED, UNSUPPORTED_CODEC for a picture that is too
        large, TIMEOUT, CANCELLED, storage kinds, and LIMIT where `person` waits for too
        many already.
        """
        known = self._made.get(clip.id)
        if known is not None:
            self._made.move_to_end(clip.id)
            return known[0]
        with self._waiting(clip, person) as job:
            return await job.result()

    def is_ready(self, clip: Clip) -> bool:
        """Return whether `file` returns at once."""
        return clip.id in self._made

    async def growing(self, clip: Clip, person: str = "") -> AsyncGenerator[bytes]:
        """Yield the clip as H.264 while it is being converted; raises as `file`."""
        run = asyncio.to_thread
        file: BinaryIO | None = None
        with self._waiting(clip, person) as job:
            part, whole = self._part(clip), self._whole(clip)
            try:
                while True:
                    is_over = job.task.done()
                    if is_over:
                        whole = await job.task
                    file = file or await run(_open, part, whole if is_over else None)
                    data = await run(file.read, CHUNK) if file else b""
                    if data:
                        yield data
                    elif is_over:
                        return
                    else:
                        await asyncio.wait([job.task], timeout=POLL_S)
            finally:
                if file:
                    await run(file.close)

    def _whole(self, clip: Clip) -> Path:
        return self._folder / f"{clip.id}.mp4"

    def _part(self, clip: Clip) -> Path:
        return self._folder / f"{clip.id}.part"

    @contextmanager
    def _waiting(self, clip: Clip, person: str) -> Iterator[SharedWork[Path]]:
        if clip.facts.width * clip.facts.height > MOST_PIXELS:
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "the picture is too large")
        with self._jobs.waiting(
            clip.id, person, lambda cancel: self._make(clip, cancel)
        ) as job:
            yield job

    async def _make(self, clip: Clip, cancel: CancelToken) -> Path:
        with await self._library.browse.reader(clip.id) as reader:
            to = self._whole(clip)
            size = await asyncio.to_thread(
                _convert,
                self._ffmpeg,
                reader.path,
                self._part(clip),
                to,
                cancel,
            )
        self._made[clip.id] = (to, size)
        total = sum(size for _, size in self._made.values())
        while total > self._most_bytes and len(self._made) > 1:
            _, (old, size) = self._made.popitem(last=False)
            total -= size
            await asyncio.to_thread(old.unlink, True)
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
