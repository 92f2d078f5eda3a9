"""Reads kept clips back and compares them with their hash, as the disk gives them now.

A clip that is not what was written is put aside, not deleted: its stretch becomes
*missing*, so that it is fetched again while the device still has it, and its file stays
beside its place as `.<name>.damaged` for whoever can still use a part of it.
"""

from collections.abc import Callable
import logging
from pathlib import Path
import sqlite3

from ...errors import STORAGE_KINDS, ErrorKind, NvrError
from ...intervals import TimeRange
from ...models import CameraKey, Clip, ClipSource, ClipState
from ..browser import clips_between
from ..context import LibraryContext, absolute
from ..index import clip_rows
from ..naming import DAMAGED_SUFFIX
from ..upkeep_values import VerifyReport
from .adopt import DAMAGED

_LOGGER = logging.getLogger(__name__)


def aside(path: Path) -> Path:
    """Return where the file of a damaged clip is put."""
    return path.with_name(f".{path.name}{DAMAGED_SUFFIX}")


class Verifier:
    """Checks clips one after the other; blocks, on a thread of the caller."""

    def __init__(self, store: LibraryContext) -> None:
        """Check clips of the store of a library."""
        self._store = store

    def verify(
        self, camera: CameraKey, window: TimeRange, proceed: Callable[[], bool]
    ) -> VerifyReport:
        """Read all complete clips that touch the window (UTC) back.

        `proceed` is asked before each clip; False ends it early. Clips whose storage is
        away are counted as not checked: that proves nothing.
        """
        checked = unchecked = 0
        damaged: list[int] = []
        for clip in clips_between(self._store, camera, window):
            if not proceed():
                break
            try:
                is_good = self._is_good(clip)
            except NvrError as error:
                if error.kind not in STORAGE_KINDS:
                    raise
                unchecked += 1
                continue
            checked += 1
            if not is_good and self._put_aside(clip):
                damaged.append(clip.id)
        return VerifyReport(checked, unchecked, tuple(damaged))

    def _is_good(self, clip: Clip) -> bool:
        """Compare a clip with its row; raises where its storage is away.

        That a file is not there, or is another, proves something only while the marker
        of its root is there too.
        """
        store = self._store
        with store.reading(clip.id):
            root = store.readable(clip.root_id)
            path = absolute(root, clip.path)
            if self._is_same(path, clip):
                return True
            store.guard.check_marker(root)
            # once more: what failed for a moment is no damage
            return self._is_same(path, clip)

    def _is_same(self, path: Path, clip: Clip) -> bool:
        files = self._store.files
        if files.size(path) != clip.facts.size_bytes:
            return False
        try:
            return files.sha256(path) == clip.facts.sha256
        except NvrError as error:
            if (
                error.kind is ErrorKind.STORAGE_FAILED
                and clip.facts.source is not ClipSource.LIVE
            ):
                return False  # a bad sector: the device may have it still
            raise

    def _put_aside(self, clip: Clip) -> bool:
        """Row first, then the file: a cut in between leaves a file that is looked at again."""
        now_ms = self._store.clock.now_ms()

        def leave(connection: sqlite3.Connection) -> bool:
            found = clip_rows.get_clip(connection, clip.id)
            if found is None or found.state is not ClipState.COMPLETE:
                return False  # deleted or moved while it was read
            if (found.root_id, found.path) != (clip.root_id, clip.path):
                return False
            clip_rows.leave(
                connection, clip.id, ClipState.MISSING, now_ms, cause=DAMAGED
            )
            return True

        if not self._store.write(leave):
            return False
        try:
            path = absolute(self._store.root(clip.root_id), clip.path)
            if self._store.files.size(path) is not None:
                self._store.files.replace(path, aside(path))
                self._store.files.sync_folder(path.parent)
        except NvrError as error:
            # the row says "missing, damaged": the file is never taken for the clip again
            _LOGGER.warning("Clip %s stays in its place: %s", clip.id, error)
        _LOGGER.warning("Clip %s is damaged and was put aside", clip.id)
        return True
