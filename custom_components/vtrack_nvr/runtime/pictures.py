"""Thumbnails of clips: made when first asked for, a few at a time, then remembered."""

import asyncio
from pathlib import Path

from homeassistant.core import HomeAssistant

from ..core.errors import ErrorKind, NvrError
from ..core.library.library import Library
from ..core.media.decode import thumbnail

VARIANT = "start"
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
        """Return a JPEG from the start of a clip.

        Raises `NvrError`: GONE without such a clip, a storage kind while it is away,
        VERIFY_FAILED or TIMEOUT where nothing can be decoded.
        """
        known = await self._library.thumbnails.find(clip_id, VARIANT)
        if known is not None:
            data = await self._hass.async_add_executor_job(_read, known.path)
            if data is not None:
                return data
        with await self._library.browse.reader(clip_id) as reader:
            async with self._places:
                return await self._make(clip_id, reader.path)

    async def _make(self, clip_id: int, clip: Path) -> bytes:
        target = self._library.thumbnails.target(clip_id, VARIANT)
        data = await self._hass.async_add_executor_job(_make, clip, target)
        await self._library.thumbnails.add(clip_id, VARIANT, len(data))
        return data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _make(clip: Path, target: Path) -> bytes:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        thumbnail(clip, 0, target)
        return target.read_bytes()
    except OSError as error:
        raise NvrError(ErrorKind.STORAGE_FAILED, "thumbnail", where="index") from error
