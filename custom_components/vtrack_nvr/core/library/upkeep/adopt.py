"""Rows for files that are there, and the end of rows whose files are not.

Nothing is deleted here, and no file the index does not know is touched. What takes a
store blocks; the others take the index's connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import itertools
import sqlite3
from typing import Any

from ...errors import STORAGE_KINDS, NvrError
from ...intervals import TimeRange, difference
from ...models import CameraKey, ClipFacts, ClipState, ClockEra, CoverageState
from ..context import LibraryContext
from ..guard import Root
from ..index import clip_rows, clip_search, outbox, span_rows, span_rules
from ..index.camera_rows import find_era
from ..index.journal_facts import note_clip
from ..index.rows import facts_from_columns
from ..index.span_rules import Entry
from ..index.told import Told
from . import deletion

_BATCH = 200
_SPANS = 100

DAMAGED = "damaged"
"""The cause of missing clips whose file was read and was not what had been written."""


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row, as far as a comparison needs it."""

    id: int
    state: ClipState
    size: int
    sha256: str
    cause: str
    stretch: TimeRange


@dataclass(frozen=True, slots=True)
class New:
    """A file of ours that no row knows."""

    path: str
    facts: ClipFacts
    era: ClockEra | None
    changed_ms: int
    is_noted: bool
    """The journal tells it already."""


def is_replaced(row: KnownRow, size: int, values: dict[str, Any] | None) -> bool:
    """Return whether a path holds a later clip than the one an older index knows there.

    The journal tells of another file under that name (the old one was deleted, its
    stretch was fetched anew), and what lies there has the size of that one.
    """
    if values is None or row.state is ClipState.FETCHING:
        return False
    return values.get("size_bytes") == size and values.get("sha256") != row.sha256


def forget_clip(connection: sqlite3.Connection, clip_id: int, now_ms: int) -> None:
    """Drop the row of a clip whose file another one has replaced."""
    clip = clip_rows.get_clip(connection, clip_id)
    if clip is not None and clip.state is ClipState.COMPLETE:
        clip_rows.leave(
            connection, clip_id, ClipState.MISSING, now_ms, cause="replaced"
        )
    clip_rows.delete_row(connection, clip_id)


def is_back(
    store: LibraryContext, root: Root, path: str, row: KnownRow, size: int
) -> bool:
    """Return whether a missing clip's file is there again; one found damaged is read."""
    if row.size != size:
        return False
    if row.cause != DAMAGED:
        return True
    try:
        return store.files.sha256(root.folder / path) == row.sha256
    except NvrError as error:
        store.forgive(root, error)
        return False


def known_files(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> dict[str, KnownRow]:
    """Return the rows of the files in a folder, by path."""
    rows = clip_rows.in_folder(connection, root_id, folder)
    return {
        row["path"]: KnownRow(
            row["id"],
            ClipState(row["state"]),
            row["size_bytes"],
            row["sha256"],
            row["cause"] or "",
            TimeRange(row["start_ms"], row["end_ms"]),
        )
        for row in rows
    }


def read_new(
    store: LibraryContext,
    root: Root,
    camera: CameraKey,
    path: str,
    size: int,
    changed_ms: int,
    said: Told,
) -> New | None:
    """Return what an unknown file is, by the journal or by itself; None: not ours."""
    new = told_clip(said, path, camera, changed_ms)
    if new is not None and new.facts.size_bytes == size:
        return new
    try:
        found = store.probe.read_clip(root.folder / path)
    except NvrError as error:
        if error.kind in STORAGE_KINDS:
            # one bad sector, or gone since it was listed: the rest goes on
            store.forgive(root, error)
        return None
    if found is None or found.camera != camera:
        return None
    return New(path, found.facts, None, changed_ms, is_noted=False)


def told_clip(
    said: Told, path: str, camera: CameraKey, changed_ms: int = 0
) -> New | None:
    """Return what the journal tells of a clip, None where that is nothing of use."""
    values = said.facts(path)
    owner = camera if said.camera is None else said.camera.get("key")
    if values is None or owner != camera:
        return None
    try:
        facts = facts_from_columns(values)
        return New(path, facts, _era_of(values), changed_ms, is_noted=True)
    except KeyError, ValueError, TypeError:
        return None


def _era_of(values: dict[str, Any]) -> ClockEra | None:
    era = values.get("era")
    return ClockEra(0, int(era[0]), int(era[1]), bool(era[2])) if era else None


def enter_clips(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    batch: Sequence[New],
    marks: Sequence[tuple[bool, str]],
    now_ms: int,
) -> int:
    """Write rows for files that are there; returns how many."""
    count = 0
    for new, (is_protected, text) in zip(batch, marks, strict=True):
        if clip_rows.path_is_taken(connection, root_id, new.path):
            continue  # a writer finished it after the rows were read
        count += 1
        era_id = find_era(connection, camera_id, new.facts, new.era)
        clip_id = clip_rows.insert_found(
            connection,
            camera_id,
            root_id,
            new.path,
            replace(new.facts, era_id=era_id),
            min(now_ms, new.changed_ms),
            is_protected=is_protected,
            note=text,
        )
        clip_rows.complete(connection, clip_id, now_ms)
        if not new.is_noted:
            note_clip(connection, clip_id)
    return count


def enter_missing(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    news: Sequence[tuple[New, tuple[bool, str]]],
    now_ms: int,
) -> int:
    """Write rows for clips whose files are not there; returns how many."""
    count = 0
    for new, (is_protected, text) in news:
        if clip_rows.path_is_taken(connection, root_id, new.path):
            continue
        count += 1
        era_id = find_era(connection, camera_id, new.facts, new.era)
        facts = replace(new.facts, era_id=era_id)
        clip_id = clip_rows.insert_found(
            connection,
            camera_id,
            root_id,
            new.path,
            facts,
            now_ms,
            is_protected=is_protected,
            note=text,
        )
        clip_rows.complete(connection, clip_id, now_ms)
        clip_rows.leave(
            connection, clip_id, ClipState.MISSING, now_ms, cause="file_gone"
        )
    return count


def return_clips(
    connection: sqlite3.Connection, clip_ids: Sequence[int], now_ms: int
) -> None:
    """Make clips complete whose files are there (again)."""
    for clip_id in clip_ids:
        clip_rows.complete(connection, clip_id, now_ms)


def bring_up(
    connection: sqlite3.Connection,
    back: Sequence[int],
    marks: Sequence[tuple[int, tuple[bool, str]]],
    now_ms: int,
) -> None:
    """Take clips back, and over what the journal says of their protection."""
    return_clips(connection, back, now_ms)
    for clip_id, (is_protected, text) in marks:
        clip_rows.set_protected(
            connection, clip_id, is_protected=is_protected, note=text
        )


def take_over_journal(
    store: LibraryContext, root: Root, camera_id: int, told: Told
) -> None:
    """Enter what the journal says of time without files, under what is kept.

    Lines of an older index that wait for this journal are in it, or no longer true.
    """
    store.write(outbox.clear, camera_id, root.id)
    now_ms = store.clock.now_ms()
    for state, reason, ranges in told.spans():
        new = Entry(0, 0, state, reason, changed_ms=now_ms)
        is_removed = state is CoverageState.REMOVED
        rule = span_rules.becomes(new) if is_removed else span_rules.marked(new)
        for some in itertools.batched(ranges, _SPANS, strict=False):
            store.write(span_rows.repaint_free, camera_id, some, rule)


def is_gone(store: LibraryContext, root: Root, path: str, row: KnownRow) -> bool:
    """Return whether a row's file is gone, or is not the file that was written.

    One that may not be looked at is not gone.
    """
    try:
        if row.state is ClipState.COMPLETE:
            return store.files.size(root.folder / path) != row.size
        return not store.files.exists(root.folder / path)
    except NvrError as error:
        store.forgive(root, error)
        return False


def leave_missing(
    connection: sqlite3.Connection,
    root_id: int,
    batch: Sequence[tuple[str, KnownRow]],
    gone: dict[str, str],
    now_ms: int,
) -> int:
    """Take clips without a file out of what is kept; returns how many are *missing*.

    What was moved or deleted since the look is left alone. `gone`: what went on purpose,
    and why.
    """
    count = 0
    for path, row in batch:
        clip = clip_rows.get_clip(connection, row.id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            continue
        if (clip.root_id, clip.path) != (root_id, path):
            continue
        if path in gone:
            cause = gone[path] or "removed"
            clip_rows.leave(connection, row.id, ClipState.DELETING, now_ms, cause=cause)
            clip_rows.delete_row(connection, row.id)
            continue
        clip_rows.leave(
            connection, row.id, ClipState.MISSING, now_ms, cause="file_gone"
        )
        count += 1
    return count


def drop_covered(store: LibraryContext, camera_id: int) -> None:
    """Forget missing clips whose stretch is kept again in other files.

    Who protected such a clip meant the footage: the other files are protected then.
    """
    after: int | None = 0
    while after is not None:
        after = store.write(_drop_covered, camera_id, after)


def _drop_covered(
    connection: sqlite3.Connection, camera_id: int, after: int
) -> int | None:
    """Do so with some; returns where to go on."""
    rows = clip_rows.missing_after(connection, camera_id, after, _BATCH)
    for row in rows:
        window = TimeRange(row["start_ms"], row["end_ms"])
        kept = span_rows.kept_ranges(connection, camera_id, window)
        if difference((window,), kept):
            continue
        if row["is_protected"]:
            key = CameraKey(row["camera_key"])
            for clip in clip_search.clips_touching(connection, key, window):
                if not clip.is_protected:
                    deletion.change_protection(
                        connection, clip, row["note"], is_protected=True
                    )
        clip_rows.delete_row(connection, row["id"])
    return rows[-1]["id"] if len(rows) == _BATCH else None
