"""Comparing the files of one camera's folder on a root with the rows, and adopting.

Nothing is deleted here, and no file the index does not know is touched. All blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
import sqlite3
from typing import Any

from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..intervals import TimeRange, difference
from ..models import CameraKey, ClipFacts, ClipState, ClockEra, CoverageState
from . import (
    deletion,
    index_browse,
    index_cameras,
    index_clips,
    index_ledger,
    journals,
    ledger,
)
from .guard import Root
from .journals import Told
from .ledger import Entry
from .naming import (
    DAMAGED_SUFFIX,
    JOURNAL,
    SUFFIX,
    is_day,
    is_leftover,
    is_part,
)
from .rows import facts_from_columns
from .sink import note_clip
from .store import Store

_BATCH = 200

DAMAGED = "damaged"
"""The cause of missing clips whose file was read and was not what had been written."""


@dataclass(slots=True)
class Result:
    """What one folder brought."""

    adopted: int = 0
    missing: int = 0
    returned: int = 0
    foreign: list[str] = field(default_factory=list)
    parts: list[tuple[str, int]] = field(default_factory=list)
    """Unfinished files of ours by their names, with the time of their last change."""
    leftovers: list[tuple[str, int]] = field(default_factory=list)
    """What a killed salvage left beside them."""


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    state: ClipState
    size: int
    sha256: str
    cause: str


@dataclass(frozen=True, slots=True)
class _New:
    path: str
    facts: ClipFacts
    era: ClockEra | None
    changed_ms: int
    is_noted: bool
    """The journal tells it already."""


def compare_folder(
    store: Store, root: Root, camera: CameraKey, folder: str, *, is_older: bool
) -> Result:
    """Bring rows and files of `<nvr>/<camera>` together.

    `is_older`: the index knows less than the journal, so that what the journal says about
    protection, trash, removed and lost is taken over as well.
    """
    result = Result()
    camera_id = store.read(lambda c: index_cameras.camera_id(c, camera))
    journal = root.folder / folder / JOURNAL
    said = journals.read(store, journal)
    now_ms = store.clock.now_ms()
    known = store.read(lambda c: _known(c, root.id, folder))
    others = store.read(lambda c: _other_files(c, root.id, folder))
    present: set[str] = set()
    back: list[int] = []
    batch: list[_New] = []
    for path, size, changed_ms in _files(store, root, folder, result):
        row = known.get(path)
        if (
            row is not None
            and is_older
            and _is_replaced(row, size, said.clips.get(path))
        ):
            store.write(lambda c, r=row: _forget(c, r.id, now_ms))  # type: ignore[misc]
            del known[path]
            row = None
        if row is None or row.state is not ClipState.COMPLETE or row.size == size:
            present.add(path)
        if row is not None:
            if row.state is ClipState.MISSING and _is_back(
                store, root.folder / path, row, size
            ):
                back.append(row.id)
            continue
        if path in others:
            continue
        new = _read_new(store, root, camera, path, size, changed_ms, said)
        if new is None:
            result.foreign.append(path)
            continue
        batch.append(new)
        if len(batch) >= _BATCH:
            result.adopted += _enter(store, root, camera_id, batch, said)
            batch = []
    result.adopted += _enter(store, root, camera_id, batch, said)
    if back:
        store.write(lambda c: _return(c, back, now_ms))
        result.returned += len(back)
    if is_older:
        _take_over(store, root, camera_id, known, present, said)
    result.missing = _note_missing(store, root, camera_id, folder, present, said)
    if is_older:
        size = store.files.size(journal) or 0
        store.write(
            lambda c: journals.set_known(c, camera_id, root.id, said.sequence, size)
        )
    return result


def _files(
    store: Store, root: Root, folder: str, result: Result
) -> Iterator[tuple[str, int, int]]:
    """Return our clip files as (path, size, time of change); everything else is told in `result`."""
    base = root.folder / folder
    if not store.files.exists(base):
        return
    for day in store.files.list(base):
        path = f"{folder}/{day.name}"
        if not day.is_folder:
            if not day.name.startswith(JOURNAL):
                result.foreign.append(path)
            continue
        if not is_day(day.name):
            result.foreign.append(path)
            continue
        for found in store.files.list(base / day.name):
            inner = f"{path}/{found.name}"
            if is_part(found.name):
                result.parts.append((inner, found.changed_ms))
            elif is_leftover(found.name):
                result.leftovers.append((inner, found.changed_ms))
            elif found.name.startswith(".") and found.name.endswith(
                f"{SUFFIX}{DAMAGED_SUFFIX}"
            ):
                continue  # put aside by us, for people
            elif found.is_folder or not found.name.endswith(SUFFIX):
                result.foreign.append(inner)
            else:
                yield inner, found.size_bytes, found.changed_ms


def _is_replaced(row: _Known, size: int, values: dict[str, Any] | None) -> bool:
    """Say whether a path holds a later clip than the one an older index knows there.

    The journal tells of another file under that name (the old one was deleted, its
    stretch was fetched anew), and what lies there has the size of that one.
    """
    if values is None or row.state is ClipState.FETCHING:
        return False
    return values.get("size_bytes") == size and values.get("sha256") != row.sha256


def _forget(connection: sqlite3.Connection, clip_id: int, now_ms: int) -> None:
    """Drop the row of a clip whose file another one has replaced."""
    clip = index_clips.get(connection, clip_id)
    if clip is not None and clip.state is ClipState.COMPLETE:
        index_clips.leave(
            connection, clip_id, ClipState.MISSING, now_ms, cause="replaced"
        )
    index_clips.delete_row(connection, clip_id)


def _is_back(store: Store, path: Path, row: _Known, size: int) -> bool:
    """Say whether a missing clip's file is there again; one found damaged is read."""
    if row.size != size:
        return False
    return row.cause != DAMAGED or store.files.sha256(path) == row.sha256


def _known(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> dict[str, _Known]:
    rows = connection.execute(
        "select id, path, state, size_bytes, sha256, cause from clip"
        " where root_id = ? and path >= ? and path < ?",
        (root_id, f"{folder}/", f"{folder}0"),
    )
    return {
        row["path"]: _Known(
            row["id"],
            ClipState(row["state"]),
            row["size_bytes"],
            row["sha256"],
            row["cause"] or "",
        )
        for row in rows
    }


def _other_files(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> frozenset[str]:
    rows = connection.execute(
        "select path from transfer where root_id = ? and path >= ? and path < ?",
        (root_id, f"{folder}/", f"{folder}0"),
    )
    return frozenset(row["path"] for row in rows)


def _read_new(
    store: Store,
    root: Root,
    camera: CameraKey,
    path: str,
    size: int,
    changed_ms: int,
    said: Told,
) -> _New | None:
    """Return what an unknown file is, by the journal or by itself; None: not ours."""
    values = said.clips.get(path)
    owner = camera if said.camera is None else said.camera.get("key")
    if values is not None and owner == camera:
        try:
            facts = facts_from_columns(values)
            if facts.size_bytes == size:
                return _New(path, facts, _era_of(values), changed_ms, is_noted=True)
        except KeyError, ValueError, TypeError:
            pass
    try:
        found = store.probe.read_clip(root.folder / path)
    except NvrError as error:
        if error.kind is ErrorKind.STORAGE_FAILED:
            # one bad sector, or gone since it was listed: the rest goes on
            store.guard.check_marker(root)
        elif error.kind in STORAGE_KINDS:
            raise
        return None
    if found is None or found.camera != camera:
        return None
    return _New(path, found.facts, None, changed_ms, is_noted=False)


def _era_of(values: dict[str, Any]) -> ClockEra | None:
    era = values.get("era")
    return ClockEra(0, int(era[0]), int(era[1]), bool(era[2])) if era else None


def _enter(
    store: Store, root: Root, camera_id: int, batch: Sequence[_New], said: Told
) -> int:
    """Write rows for files that are there; returns how many."""
    if not batch:
        return 0
    now_ms = store.clock.now_ms()

    def run(connection: sqlite3.Connection) -> int:
        count = 0
        for new in batch:
            if index_clips.path_is_taken(connection, root.id, new.path):
                continue  # a writer finished it after the rows were read
            count += 1
            era_id = find_era(connection, camera_id, new.facts, new.era)
            is_protected, text = said.protected.get(new.path, (False, ""))
            clip_id = index_clips.insert_found(
                connection,
                camera_id,
                root.id,
                new.path,
                replace(new.facts, era_id=era_id),
                min(now_ms, new.changed_ms),
                is_protected=is_protected,
                note=text,
            )
            index_clips.complete(connection, clip_id, now_ms)
            if not new.is_noted:
                note_clip(connection, clip_id)
        return count

    return store.write(run)


def find_era(
    connection: sqlite3.Connection,
    camera_id: int,
    facts: ClipFacts,
    era: ClockEra | None,
) -> int:
    """Return the row of the clip's clock era, made anew where there is none."""
    nvr_id = connection.execute(
        "select nvr_id from camera where id = ?", (camera_id,)
    ).fetchone()[0]
    offset_ms = facts.range.start_ms - facts.device_start_ms
    if era is None:
        era = ClockEra(0, facts.device_start_ms, offset_ms)
    row = connection.execute(
        "select id from era where nvr_id = ? and offset_ms = ? order by id desc",
        (nvr_id, era.offset_ms),
    ).fetchone()
    if row is not None:
        found: int = row["id"]
        return found
    cursor = connection.execute(
        "insert into era (nvr_id, device_start_ms, offset_ms, is_uncertain)"
        " values (?, ?, ?, ?)",
        (nvr_id, era.device_start_ms, era.offset_ms, int(era.is_uncertain)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _return(
    connection: sqlite3.Connection, clip_ids: Sequence[int], now_ms: int
) -> None:
    for clip_id in clip_ids:
        index_clips.complete(connection, clip_id, now_ms)


def _take_over(
    store: Store,
    root: Root,
    camera_id: int,
    known: dict[str, _Known],
    present: set[str],
    said: Told,
) -> None:
    """Bring an older index up to what the journal says; deletes nothing."""
    now_ms = store.clock.now_ms()

    def run(connection: sqlite3.Connection) -> None:
        for path, row in known.items():
            if path not in present:
                continue
            if row.state is ClipState.DELETING or (
                row.state is ClipState.TRASHED and not said.trashed.get(path, True)
            ):
                index_clips.complete(connection, row.id, now_ms)
            if path in said.protected:
                is_protected, text = said.protected[path]
                index_clips.set_protected(
                    connection, row.id, is_protected=is_protected, note=text
                )
        for state, reason, stretch in said.spans:
            free = difference(
                (stretch,), index_ledger.kept_ranges(connection, camera_id, stretch)
            )
            new = Entry(0, 0, state, reason, changed_ms=now_ms)
            index_ledger.repaint(
                connection,
                camera_id,
                free,
                ledger.becomes(new)
                if state is CoverageState.REMOVED
                else ledger.marked(new),
            )
        connection.execute(
            "delete from outbox where camera_id = ? and root_id = ?",
            (camera_id, root.id),
        )

    store.write(run)


def _note_missing(
    store: Store,
    root: Root,
    camera_id: int,
    folder: str,
    present: set[str],
    said: Told,
) -> int:
    """Say of complete rows without a file that they are missing (or known to be gone).

    Each is looked for once more, now that a list may be minutes old, and the marker has to
    be there still.
    """
    known = store.read(lambda c: _known(c, root.id, folder))
    absent = [
        (path, row)
        for path, row in known.items()
        if row.state in {ClipState.COMPLETE, ClipState.TRASHED} and path not in present
    ]
    count = 0
    for start in range(0, len(absent), _BATCH):
        batch = [
            (path, row)
            for path, row in absent[start : start + _BATCH]
            if _is_gone(store, root, path, row)
        ]
        store.guard.check_marker(root)
        now_ms = store.clock.now_ms()
        dropped = [row.id for _path, row in batch if row.state is ClipState.TRASHED]
        store.write(lambda c, d=dropped, n=now_ms: index_clips.set_deleting(c, d, n))  # type: ignore[misc]
        count += store.write(
            lambda c, b=batch, n=now_ms: _leave(c, root.id, b, said.gone, n)  # type: ignore[misc]
        )
    store.write(lambda c: drop_covered(c, camera_id))
    return count


def _is_gone(store: Store, root: Root, path: str, row: _Known) -> bool:
    """Say whether a row's file is gone, or is not the file that was written."""
    if row.state is ClipState.COMPLETE:
        return store.files.size(root.folder / path) != row.size
    return not store.files.exists(root.folder / path)


def _leave(
    connection: sqlite3.Connection,
    root_id: int,
    batch: Sequence[tuple[str, _Known]],
    gone: set[str],
    now_ms: int,
) -> int:
    """Take clips without a file out of what is kept; returns how many are *missing*.

    What was moved or deleted since the look is left alone.
    """
    count = 0
    for path, row in batch:
        clip = index_clips.get(connection, row.id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            continue
        if (clip.root_id, clip.path) != (root_id, path):
            continue
        if path in gone:
            index_clips.leave(
                connection, row.id, ClipState.DELETING, now_ms, cause="removed"
            )
            index_clips.delete_row(connection, row.id)
            continue
        index_clips.leave(
            connection, row.id, ClipState.MISSING, now_ms, cause="file_gone"
        )
        count += 1
    return count


def drop_covered(connection: sqlite3.Connection, camera_id: int) -> int:
    """Forget missing clips whose stretch is kept again in other files.

    Who protected such a clip meant the footage: the other files are protected then.
    """
    count = 0
    for row in index_clips.in_state(connection, ClipState.MISSING):
        if row["camera_id"] != camera_id:
            continue
        window = TimeRange(row["start_ms"], row["end_ms"])
        kept = index_ledger.kept_ranges(connection, camera_id, window)
        if difference((window,), kept):
            continue
        if row["is_protected"]:
            key = CameraKey(row["camera_key"])
            for clip in index_browse.clips_touching(connection, key, window):
                if not clip.is_protected:
                    deletion.change_protection(
                        connection, clip, row["note"], is_protected=True
                    )
        index_clips.delete_row(connection, row["id"])
        count += 1
    return count
