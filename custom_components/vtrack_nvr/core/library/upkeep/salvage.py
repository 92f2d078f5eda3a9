"""After a crash: what became of clips that were being written, deleted or moved.

All blocks. Only rows are followed; a file no row names is left to the full check.
"""

from dataclasses import replace
from pathlib import Path
import sqlite3

from ...clip_sink import ClipStart
from ...errors import STORAGE_KINDS, ErrorKind, NvrError
from ...intervals import TimeRange, difference
from ...models import CameraKey, ClipFacts, ClipSource, ClipState, CoverageState
from ..context import LibraryContext, absolute
from ..guard import Root
from ..index import clip_rows, span_rows, span_rules
from ..index.rows import facts_of
from ..sink import completed, settle

_LONGEST_MS = 3_600_000
"""A part that changed later than this after its start is not believed about its end."""


def settle_writing(store: LibraryContext, root: Root) -> tuple[int, int]:
    """Finish or give up clips a killed process was writing; returns (kept, dropped).

    A part file that holds something playable becomes a clip; one that does not goes,
    and then its row. A file that had its name already is compared with what was measured.
    """
    kept = dropped = 0
    store.left.discard(root.id)
    rows = store.read(clip_rows.in_state, ClipState.FETCHING)
    for row in rows:
        if row["root_id"] != root.id or row["id"] in store.live:
            continue
        subject = f"Unfinished clip {row['id']}"
        with store.apart(root, subject):  # one bad sector never holds up the others
            if _settle_one(store, root, row):
                kept += 1
            else:
                dropped += 1
    return kept, dropped


def _settle_one(store: LibraryContext, root: Root, row: sqlite3.Row) -> bool:
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
            if found is None or _is_kept(store, row["camera_id"], found):
                _drop(store, row, part)
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
        store.write(completed, clip_id, store.clock.now_ms())
        return True
    store.guard.check_marker(root)  # a share that went just now holds its parts still
    _drop(store, row, None)
    return False


def _is_kept(store: LibraryContext, camera_id: int, facts: ClipFacts) -> bool:
    """Return whether footage was fetched again before its part could be salvaged."""
    if facts.source is ClipSource.LIVE:
        return False
    kept = store.read(span_rows.kept_ranges, camera_id, facts.range)
    return not difference((facts.range,), kept)


def _drop(store: LibraryContext, row: sqlite3.Row, part: Path | None) -> None:
    """Remove a part of no use, then its row; live footage that was in it is *lost*.

    Its writer, killed, could not say so. A device that has it all the same lists it.
    """
    until_ms = row["start_ms"]
    if part is not None:
        until_ms = max(until_ms, store.files.changed_ms(part) or 0)
        store.files.remove(part)
    is_live = row["source"] == ClipSource.LIVE
    lost = TimeRange(row["start_ms"], min(until_ms, row["start_ms"] + _LONGEST_MS))

    def drop(connection: sqlite3.Connection) -> None:
        clip_rows.delete_row(connection, row["id"])
        if is_live and lost.duration_ms:
            camera_id = row["camera_id"]
            new = span_rules.Entry(
                0,
                0,
                CoverageState.LOST,
                str(ErrorKind.INTERRUPTED),
                changed_ms=store.clock.now_ms(),
            )
            free = difference(
                (lost,), span_rows.kept_ranges(connection, camera_id, lost)
            )
            span_rows.repaint_rows(connection, camera_id, free, _where_unknown(new))

    store.write(drop)


def _where_unknown(new: span_rules.Entry) -> span_rules.Rule:
    """Return the rule that says of time of which nothing is said: lost."""
    becomes = span_rules.becomes(new)
    return lambda old: becomes(old) if old is None else old


def _salvaged(store: LibraryContext, part: Path, start: ClipStart) -> ClipFacts | None:
    try:
        return store.probe.salvage(part, start)
    except NvrError as error:
        if error.kind in STORAGE_KINDS:
            raise
        return None
