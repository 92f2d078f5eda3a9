"""Thumbnails of clips: made when first asked for, a few at a time, then remembered."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from homeassistant.core import HomeAssistant

from ..core.errors import ErrorKind, NvrError
from ..core.library.library import Library
from ..core.media.decode import key_strip, thumbnail

START = "start"
STRIP = "strip"
STRIP_PICTURES = 12
AT_ONCE = 2
"""Child processes that decode at the same time; more would be felt on small machines."""


class Pictures:
    """Makes pictures with `core.media`, keeps them with `core.library`."""

    def __init__(self, hass: HomeAssistant, library: Library) -> None:
        """Work for one library."""
        self._hass = hass
        self._library = library
        self._places = asyncio.Semaphore(AT_ONCE)

    async def picture(self, clip_id: int) -> bytes:
        """Return a JPEG from the start of a clip; raises as `_find_or_make`."""
        return await self._find_or_make(clip_id, START, _thumbnail)

    async def strip(self, clip_id: int) -> bytes:
        """Return key pictures of a clip side by side as one JPEG, for a timeline."""
        return await self._find_or_make(clip_id, STRIP, _strip)

    async def _find_or_make(
        self, clip_id: int, variant: str, make: Callable[[Path, int, Path], object]
    ) -> bytes:
        """Return a picture that was made before, or make it.

        Raises `NvrError`: GONE without such a clip, a storage kind while it is away,
        VERIFY_FAILED or TIMEOUT where nothing can be decoded.
        """
        known = await self._library.thumbnails.find(clip_id, variant)
        if known is not None:
            data = await self._hass.async_add_executor_job(_read, known.path)
            if data is not None:
                return data
        with await self._library.browse.reader(clip_id) as reader:
            async with self._places:
                duration_ms = reader.clip.facts.range.duration_ms
                target = self._library.thumbnails.target(clip_id, variant)
                data = await self._hass.async_add_executor_job(
                    _made, make, reader.path, duration_ms, target
                )
        await self._library.thumbnails.add(clip_id, variant, len(data))
        return data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _thumbnail(clip: Path, _duration_ms: int, target: Path) -> None:
    thumbnail(clip, 0, target)


def _strip(clip: Path, duration_ms: int, target: Path) -> None:
    step_ms = max(1, duration_ms // STRIP_PICTURES)
    key_strip(clip, range(0, step_ms * STRIP_PICTURES, step_ms), target)


def _made(
    make: Callable[[Path, int, Path], object],
    clip: Path,
    duration_ms: int,
    target: Path,
) -> bytes:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        make(clip, duration_ms, target)
        return target.read_bytes()
    except OSError as error:
        raise NvrError(ErrorKind.STORAGE_FAILED, "thumbnail", where="index") from error
