"""Thumbnails of clips: made when first asked for, a few at a time, then remembered."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..library.library import Library
from ..media.decode import key_strip, thumbnail
from .turns import Turns

START = "start"
STRIP = "strip"
FRAME = "frame"
STRIP_PICTURES = 12
AT_ONCE = 2
"""Child processes that decode at the same time; more would be felt on small machines."""
MOST_OPEN = 100
"""Pictures that one person waits for."""
FAILED_S = 600.0
"""How long a picture that could not be made is not tried again."""
_FINAL = frozenset({ErrorKind.VERIFY_FAILED, ErrorKind.TIMEOUT})

type _Make = Callable[[Path, int, Path, CancelToken], object]


class Pictures:
    """Makes pictures with `core.media`, keeps them with `core.library`."""

    def __init__(self, library: Library) -> None:
        """Work for one library."""
        self._library = library
        self._jobs: Turns[tuple[int, str], bytes] = Turns(
            "pictures",
            at_once=AT_ONCE,
            most_open=MOST_OPEN,
            failed_s=FAILED_S,
            final=_FINAL,
        )

    async def picture(self, clip_id: int, person: str = "") -> bytes:
        """Return a JPEG from the start of a clip; raises as `_find_or_make`."""
        return await self._find_or_make(clip_id, START, _thumbnail, person)

    async def strip(self, clip_id: int, person: str = "") -> bytes:
        """Return key pictures of a clip side by side as one JPEG, for a timeline."""
        return await self._find_or_make(clip_id, STRIP, _strip, person)

    async def frame(self, clip_id: int, at_ms: int, person: str = "") -> bytes:
        """Return a JPEG of exactly the second of a clip in which a moment lies."""
        second = at_ms // 1000

        def make(
            clip: Path, duration_ms: int, target: Path, cancel: CancelToken
        ) -> None:
            last_ms = max(0, duration_ms - 1)
            thumbnail(
                clip,
                min(second * 1000, last_ms),
                target,
                is_exact=True,
                cancel=cancel,
            )

        return await self._find_or_make(clip_id, f"{FRAME}{second}", make, person)

    async def stop(self) -> None:
        """End what is being made."""
        await self._jobs.stop()

    async def _find_or_make(
        self, clip_id: int, variant: str, make: _Make, person: str
    ) -> bytes:
        """Return a picture that was made before, or make it, once for all who ask.

        Raises `NvrError`: GONE without such a clip, a storage kind while it is away,
        VERIFY_FAILED or TIMEOUT where nothing can be decoded (also a moment ago), LIMIT
        where `person` waits for too many.
        """
        if (data := await self._find(clip_id, variant)) is not None:
            return data
        with self._jobs.waiting(
            (clip_id, variant),
            person,
            lambda cancel: self._make(clip_id, variant, make, cancel),
        ) as job:
            return await job.result()

    async def _find(self, clip_id: int, variant: str) -> bytes | None:
        known = await self._library.thumbnails.find(clip_id, variant)
        if known is None:
            return None
        return await asyncio.to_thread(_read, known.path)

    async def _make(
        self, clip_id: int, variant: str, make: _Make, cancel: CancelToken
    ) -> bytes:
        if (data := await self._find(clip_id, variant)) is not None:
            return data  # made while this one waited
        with await self._library.browse.reader(clip_id) as reader:
            duration_ms = reader.clip.facts.range.duration_ms
            target = self._library.thumbnails.target(clip_id, variant)
            data = await asyncio.to_thread(
                _made, make, reader.path, duration_ms, target, cancel
            )
        await self._library.thumbnails.add(clip_id, variant, len(data))
        return data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _thumbnail(
    clip: Path, _duration_ms: int, target: Path, cancel: CancelToken
) -> None:
    thumbnail(clip, 0, target, cancel=cancel)


def _strip(clip: Path, duration_ms: int, target: Path, cancel: CancelToken) -> None:
    step_ms = max(1, duration_ms // STRIP_PICTURES)
    places = range(0, step_ms * STRIP_PICTURES, step_ms)
    key_strip(clip, places, target, cancel=cancel)


def _made(
    make: _Make, clip: Path, duration_ms: int, target: Path, cancel: CancelToken
) -> bytes:
    """Write a picture under another name first: half of one is never seen."""
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            make(clip, duration_ms, part, cancel)
            data = part.read_bytes()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise NvrError(ErrorKind.STORAGE_FAILED, "thumbnail", where="index") from error
    return data
