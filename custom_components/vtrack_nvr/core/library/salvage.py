"""After a crash: what became of clips that were being written, deleted or moved.

All blocks. Only rows are followed; a file no row names is left to the full check.
"""

from dataclasses import replace
import logging
from pathlib import Path
import sqlite3

from ..clips import ClipStart
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..models import CameraKey, ClipFacts, ClipSource, ClipState
from . import index_clips
from .guard import Root
from .rows import facts_of
from .sink import completed, settle
from .store import Store, absolute

_LOGGER = logging.getLogger(__name__)


def settle_writing(store: Store, root: Root) -> tuple[int, int]:
    """Finish or give up clips a killed process was writing; returns (kept, dropped).

    A part file that holds something playable becomes a clip; one that does not goes,
    and then its row. A file that had its name already is compared with what was measured.
    """
    kept = dropped = 0
    rows = store.read(lambda c: index_clips.in_state(c, ClipState.FETCHING))
    for row in rows:
        if row["root_id"] != root.id or row["id"] in store.live:
            continue
        try:
            is_kept = _settle_one(store, root, row)
        except NvrError as error:
            if error.kind is not ErrorKind.STORAGE_FAILED:
                raise
            store.guard.check_marker(root)
            _LOGGER.warning("An unfinished clip cannot be read and waits: %s", error)
            continue  # one bad sector never holds up the others
        if is_kept:
            kept += 1
        else:
            dropped += 1
    return kept, dropped


def _settle_one(store: Store, root: Root, row: sqlite3.Row) -> bool:
    clip_id = row["id"]
    has_facts = bool(row["sha256"])
    part = absolute(root, row["part"]) if row["part"] else None
    if part is not None and store.files.exists(part):
        facts = facts_of(row)
        # a share without sync may have the size and not the bytes
        if not (
            has_facts
            and store.files.size(part) == facts.size_bytes
            and store.files.sha256(part) == facts.sha256
        ):
            start = ClipStart(
                CameraKey(row["camera_key"]),
                row["start_ms"],
                row["device_start_ms"],
                row["era_id"],
                ClipSource(row["source"]),
            )
            found = _salvaged(store, part, start)
            if found is None:
                store.files.remove(part)
                store.write(lambda c: index_clips.delete_row(c, clip_id))
                return False
            facts = replace(found, era_id=row["era_id"], source=start.source)
        store.files.sync_file(part)
        settle(store, root, clip_id, facts, part.name)
        return True
    target = absolute(root, row["path"])
    if (
        has_facts
        and store.files.size(target) == row["size_bytes"]
        and store.files.sha256(target) == row["sha256"]
    ):
        store.files.sync_folder(target.parent)
        store.write(lambda c: completed(store, c, clip_id))
        return True
    store.write(lambda c: index_clips.delete_row(c, clip_id))
    return False


def _salvaged(store: Store, part: Path, start: ClipStart) -> ClipFacts | None:
    try:
        return store.probe.salvage(part, start)
    except NvrError as error:
        if error.kind in STORAGE_KINDS:
            raise
        return None
