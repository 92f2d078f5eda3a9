"""Segments of clips as H.264, for browsers that cannot show what a camera sends.

A segment is made when somebody wants to see it, from wherever in a clip, once for all who
want it. What is made is kept as long as there is room, and lost at a restart.
"""

import asyncio
from collections import OrderedDict
import logging
import os
from pathlib import Path
import shutil
from typing import Final

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..media.codec_names import joined_names
from ..media.convert import MOST_PIXELS
from ..media.fragment_index import FragmentIndex, Look
from ..media.h264_segment import (
    CODECS,
    SOFTWARE,
    Encoder,
    H264Segment,
    convert_segment,
    find_encoder,
    shown_size,
)
from ..models import Clip
from ..playback.footage import Footage
from ..playback.sent_pieces import SentPiece, open_segment
from .turns import Turns

_LOGGER = logging.getLogger(__name__)

FOLDER: Final = "h264"
MOST_BYTES: Final = 512 * 1024 * 1024
SPARE_BYTES: Final = 1024 * 1024 * 1024
"""Free space that is left on the disk of the cache."""
MOST_SOURCE_BYTES: Final = 128 * 1024 * 1024
"""A segment of more is none that a camera sends."""
MOST_INITS: Final = 512
MOST_OPEN: Final = 8
"""Segments that are being made, or wait for it, for one person."""
GRACE_S: Final = 10.0
FAILED_S: Final = 60.0
_COPIED: Final = 1024 * 1024
_FINAL: Final = frozenset({ErrorKind.FFMPEG_FAILED, ErrorKind.TIMEOUT})

type _Key = tuple[int, int, int]
"""A clip, and its first and last fragment."""


class ConvertedSegments:
    """Makes segments with ffmpeg, a few at a time; implements playback's `H264Maker`."""

    def __init__(
        self,
        footage: Footage,
        cache: Path,
        ffmpeg: str,
        *,
        most_bytes: int = MOST_BYTES,
        at_once: int | None = None,
    ) -> None:
        """Read clips through `footage`, and keep what is made below `cache`."""
        self._footage = footage
        self._folder = cache / FOLDER
        self._ffmpeg = ffmpeg
        self._most_bytes = most_bytes
        self._made: OrderedDict[_Key, tuple[Path, int]] = OrderedDict()
        """Files with their sizes, the one wanted last at the end."""
        self._inits: OrderedDict[int, bytes] = OrderedDict()
        self._encoder: asyncio.Task[Encoder] | None = None
        self._jobs: Turns[_Key, Path] = Turns(
            "conversion",
            at_once=at_once or max(1, (os.cpu_count() or 1) // 2),
            most_open=MOST_OPEN,
            grace_s=GRACE_S,
            failed_s=FAILED_S,
            final=_FINAL,
        )

    async def start(self) -> None:
        """Forget what an earlier run has left."""
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    async def stop(self) -> None:
        """End what is being made and remove everything."""
        await self._jobs.stop()
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    def can_make(self, look: Look) -> bool:
        """Return whether pictures of that size are converted."""
        return look.width * look.height <= MOST_PIXELS

    def look(self, look: Look) -> Look:
        """Return what becomes of footage: H.264 of `SHOWN_PIXELS` at most."""
        size = (look.width, look.height)
        return Look(
            joined_names([CODECS, look.sound]),
            CODECS,
            look.sound,
            *(shown_size(size) if all(size) else size),
        )

    async def init(self, clip: Clip, index: FragmentIndex, person: str) -> bytes:
        """Return the header that all converted segments of a clip are shown with.

        Raises as `segment`.
        """
        known = self._inits.get(clip.id)
        if known is None:
            await self.segment(clip, index, 0, 0, person)
            known = self._inits[clip.id]
        self._inits.move_to_end(clip.id)
        return known

    async def segment(
        self, clip: Clip, index: FragmentIndex, first: int, last: int, person: str
    ) -> Path:
        """Return a file of those fragments as H.264, made now or before.

        Raises `NvrError`: GONE, UNSUPPORTED_CODEC for a picture that is too large,
        FFMPEG_FAILED, TIMEOUT, CANCELLED, storage kinds, and LIMIT where `person` waits for
        too many already.
        """
        key = (clip.id, first, last)
        known = self._made.get(key)
        if known is not None:
            self._made.move_to_end(key)
            return known[0]
        if not self.can_make(index.look):
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "the picture is too large")

        async def make(cancel: CancelToken) -> Path:
            return await self._make(clip, index, key, person, cancel)

        with self._jobs.waiting(key, person, make) as job:
            return await job.result()

    async def _make(
        self,
        clip: Clip,
        index: FragmentIndex,
        key: _Key,
        person: str,
        cancel: CancelToken,
    ) -> Path:
        name = "-".join(str(part) for part in key)
        source, part = self._folder / f"{name}.source", self._folder / f"{name}.part"
        to = self._folder / f"{name}.m4s"
        size = (index.look.width, index.look.height)
        try:
            with await self._footage.of(clip.camera, clip.id, person) as found:
                start_ms = found.start_ms  # times stay as they are in the clip
            piece = await open_segment(
                self._footage, clip.camera, clip.id, key[1:], start_ms, person
            )
            with piece:
                await self._copy(piece, index.init, source)
            made = await self._convert(source, part, size, key[1], cancel)
            await asyncio.to_thread(to.write_bytes, made.media)
        except OSError as error:
            raise NvrError(
                ErrorKind.STORAGE_FAILED, "playback", where="cache"
            ) from error
        finally:
            for path in (source, part):
                await asyncio.to_thread(path.unlink, True)
        self._inits.setdefault(clip.id, made.init)
        while len(self._inits) > MOST_INITS:
            self._inits.popitem(last=False)
        self._made[key] = (to, len(made.media))
        await self._make_room()
        return to

    async def _copy(self, piece: SentPiece, init: bytes, to: Path) -> None:
        """Write the fragments with their header into a file of their own."""
        size = piece.state.size
        if size > MOST_SOURCE_BYTES:
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "the segment is too large")
        await asyncio.to_thread(_begin, to, init, size)
        at = 0
        while at < size:
            data = await piece.read(at, _COPIED)
            if not data:
                raise NvrError(ErrorKind.GONE, "the clip has become shorter")
            await asyncio.to_thread(_append, to, data)
            at += len(data)

    async def _convert(
        self,
        source: Path,
        part: Path,
        size: tuple[int, int],
        sequence: int,
        cancel: CancelToken,
    ) -> H264Segment:
        encoder = await self._found_encoder()

        def convert(encoder: Encoder) -> H264Segment:
            return convert_segment(
                self._ffmpeg,
                source,
                part,
                size,
                encoder,
                sequence=sequence,
                cancel=cancel,
            )

        try:
            return await asyncio.to_thread(convert, encoder)
        except NvrError as error:
            if encoder.is_software or error.kind not in _FINAL:
                raise
            _LOGGER.info("%s fails; footage is converted without it", encoder.name)
            self._encoder = asyncio.ensure_future(_software())
        return await asyncio.to_thread(convert, SOFTWARE)

    async def _found_encoder(self) -> Encoder:
        """Return what converts here; tried once."""
        if self._encoder is None:
            trying = asyncio.to_thread(find_encoder, self._ffmpeg, self._folder)
            self._encoder = asyncio.ensure_future(trying)
        return await asyncio.shield(self._encoder)

    async def _make_room(self) -> None:
        total = sum(size for _, size in self._made.values())
        while total > self._most_bytes and len(self._made) > 1:
            _, (old, size) = self._made.popitem(last=False)
            total -= size
            await asyncio.to_thread(old.unlink, True)


async def _software() -> Encoder:
    return SOFTWARE


def _begin(to: Path, init: bytes, size: int) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(to.parent).free < SPARE_BYTES + size:
        raise NvrError(ErrorKind.STORAGE_FULL, "no room to convert footage")
    to.write_bytes(init)


def _append(to: Path, data: bytes) -> None:
    with to.open("ab") as file:
        file.write(data)
