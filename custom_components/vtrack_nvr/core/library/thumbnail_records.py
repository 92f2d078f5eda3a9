"""The book of thumbnails: where they are, which go when there are too many.

Who makes the pictures is outside; they are derived data, so losing one loses nothing.
"""

from pathlib import Path

from .context import LibraryContext
from .files import FileLayer
from .index import thumbnail_rows
from .values import Thumbnail

FOLDER = "vtrack_nvr_thumbnails"
_USED_STEP_MS = 3_600_000
"""When a picture was used last is known to the hour: looking is not writing."""


class ThumbnailBook:
    """`library.thumbnails`: find, enter, bound."""

    def __init__(self, store: LibraryContext, folder: Path) -> None:
        """Keep the pictures below a local folder ."""
        self._store = store
        self._folder = folder / FOLDER

    def target(self, clip_id: int, variant: str) -> Path:
        """Return where a picture has to be written before `add`; its folder may lack."""
        return self._folder / f"{clip_id % 256:02x}" / f"{clip_id}-{variant}.jpg"

    async def find(self, clip_id: int, variant: str) -> Thumbnail | None:
        """Return a picture that was made before; that it is wanted keeps it longer."""
        now_ms = self._store.clock.now_ms()

        row = await self._store.async_read(
            thumbnail_rows.find_thumbnail, clip_id, variant
        )
        if row is None:
            return None
        if abs(now_ms - row["used_ms"]) > _USED_STEP_MS:
            await self._store.async_write(
                thumbnail_rows.touch, clip_id, variant, now_ms
            )
        return Thumbnail(
            clip_id, variant, self._folder / row["path"], row["size_bytes"]
        )

    async def add(self, clip_id: int, variant: str, size_bytes: int) -> Thumbnail:
        """Enter a picture that was written to `target`."""
        path = self.target(clip_id, variant)
        now_ms = self._store.clock.now_ms()
        await self._store.async_write(
            thumbnail_rows.add_thumbnail,
            clip_id,
            variant,
            str(path.relative_to(self._folder)),
            size_bytes,
            now_ms,
        )
        return Thumbnail(clip_id, variant, path, size_bytes)

    def trim(self) -> int:
        """Remove the longest unused beyond the bounds, and those of clips that are gone.

        Blocks; returns how many went.
        """
        bounds = self._store.bounds
        gone = self._store.read(
            thumbnail_rows.superfluous, bounds.thumbnail_count, bounds.thumbnail_bytes
        )
        files: FileLayer = self._store.files
        for _clip_id, _variant, path in gone:
            files.remove(self._folder / path)
        self._store.write(thumbnail_rows.drop, gone)
        return len(gone)
