"""Journals on disk: bring what waits in the index there, read them, make them small.

All blocks. Steps J1 to J3 of `docs/design/library.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
import logging
from pathlib import Path
import sqlite3
from typing import Any

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..models import CoverageState
from .guard import Root
from .journal import (
    FactKind,
    Line,
    damaged_lines,
    decode,
    encode,
    living,
    repair_prefix,
)
from .naming import JOURNAL
from .store import Store, absolute, camera_folder

_LOGGER = logging.getLogger(__name__)

_BATCH = 500


@dataclass(slots=True)
class Told:
    """What a journal says is true, by path; later lines have replaced earlier ones."""

    camera: dict[str, Any] | None = None
    clips: dict[str, dict[str, Any]] = field(default_factory=dict)
    protected: dict[str, tuple[bool, str]] = field(default_factory=dict)
    trashed: dict[str, bool] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    spans: list[tuple[CoverageState, str, TimeRange]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def sequence(self) -> int:
        """Return the highest number."""
        return max((line.sequence for line in self.lines), default=0)


def told(lines: Sequence[Line]) -> Told:
    """Return what the lines of a journal say together; senseless ones are passed over."""
    found = Told(lines=list(lines))
    for line in lines:
        try:
            _tell(found, line.fact.kind, line.fact.values)
        except KeyError, TypeError, ValueError:
            continue
    return found


def _tell(found: Told, kind: FactKind, values: dict[str, Any]) -> None:
    if kind is FactKind.CAMERA:
        found.camera = values
        return
    if kind is FactKind.SPAN:
        state = CoverageState(values["state"])
        for start_ms, end_ms in values["ranges"]:
            found.spans.append(
                (state, str(values["reason"]), TimeRange(start_ms, end_ms))
            )
        return
    path = str(values["path"])
    if kind is FactKind.CLIP:
        found.clips[path] = values
        found.gone.discard(path)
        found.trashed[path] = False
    elif kind is FactKind.PROTECT:
        found.protected[path] = (bool(values["on"]), str(values["note"]))
    elif kind is FactKind.TRASH:
        found.trashed[path] = bool(values["is_trashed"])
    else:
        if kind is FactKind.GONE:
            start_ms, end_ms = values["range"]
            cause = str(values.get("cause", ""))
            found.spans.append(
                (CoverageState.REMOVED, cause, TimeRange(start_ms, end_ms))
            )
        found.gone.add(path)
        found.clips.pop(path, None)
        found.protected.pop(path, None)
        found.trashed.pop(path, None)


def read(store: Store, journal: Path) -> Told:
    """Return what a journal says; an empty answer where there is none, or none to read."""
    if not store.files.exists(journal):
        return Told()
    data = _bytes_of(store, journal)
    return Told() if data is None else told(list(decode(data)))


def _bytes_of(store: Store, journal: Path) -> bytes | None:
    """Return a journal's bytes; None where the disk cannot read it (a bad sector).

    One unreadable journal must not keep a whole root from being used: the files tell, too.
    """
    try:
        return store.files.read(journal, limit=2**31)
    except NvrError as error:
        if error.kind is not ErrorKind.STORAGE_FAILED:
            raise
        _LOGGER.warning("A journal cannot be read: %s", error)
        return None


def flush(store: Store, root: Root) -> int:
    """Append to the journals of a root what waits for them; returns how many lines.

    Lines are on the disk (J1) before the index forgets that they wait (J2). A crash in
    between writes them twice, under the same numbers.
    """
    with root.journal_lock:
        return _flush(store, root)


def _flush(store: Store, root: Root) -> int:
    count = 0
    while not store.stopping.is_set() or count == 0:
        waiting = store.read(
            lambda c: c.execute(
                "select id, camera_id, line from outbox where root_id = ?"
                " order by camera_id, id limit ?",
                (root.id, _BATCH),
            ).fetchall()
        )
        if not waiting:
            break
        by_camera: dict[int, list[sqlite3.Row]] = {}
        for row in waiting:
            by_camera.setdefault(row["camera_id"], []).append(row)
        for camera_id, rows in by_camera.items():
            _append(store, root, camera_id, rows)
        count += len(waiting)
    return count


def _append(
    store: Store, root: Root, camera_id: int, rows: Sequence[sqlite3.Row]
) -> None:
    folder, sequence = store.read(
        lambda c: (camera_folder(c, camera_id), known_sequence(c, camera_id, root.id))
    )
    journal = absolute(root, folder) / JOURNAL
    store.guard.check_marker(root)
    store.files.make_folder(journal.parent, root.folder)
    size = store.files.size(journal) or 0
    data = b""
    if size:
        try:
            data = repair_prefix(store.files.read(journal, 1, size - 1))
        except NvrError as error:
            if error.kind is not ErrorKind.STORAGE_FAILED:
                raise
            data = b"\n"  # whatever the last line is, it ends here
    for row in rows:
        sequence += 1
        data += encode(sequence, row["line"])
    store.files.append(journal, data)  # J1
    store.write(
        lambda c: _flushed(c, camera_id, root.id, rows, sequence, size + len(data))
    )  # J2


def _flushed(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    rows: Sequence[sqlite3.Row],
    sequence: int,
    size: int,
) -> None:
    connection.executemany(
        "delete from outbox where id = ?", [(row["id"],) for row in rows]
    )
    set_known(connection, camera_id, root_id, sequence, size)


def known_sequence(connection: sqlite3.Connection, camera_id: int, root_id: int) -> int:
    """Return up to which line the index knows a journal."""
    row = connection.execute(
        "select sequence from journal where camera_id = ? and root_id = ?",
        (camera_id, root_id),
    ).fetchone()
    return row[0] if row else 0


def _known(
    connection: sqlite3.Connection, camera_id: int, root_id: int
) -> tuple[int, int]:
    """Return up to which line and byte the index knows a journal."""
    row = connection.execute(
        "select sequence, bytes from journal where camera_id = ? and root_id = ?",
        (camera_id, root_id),
    ).fetchone()
    return (row["sequence"], row["bytes"]) if row else (0, 0)


def set_known(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    sequence: int,
    size: int,
) -> None:
    """Store up to which line and byte the index knows a journal."""
    connection.execute(
        "insert or replace into journal (camera_id, root_id, sequence, bytes)"
        " values (?, ?, ?, ?)",
        (camera_id, root_id, sequence, size),
    )


def is_ahead(store: Store, root: Root, camera_id: int, journal: Path) -> bool:
    """Say whether a journal tells what the index has never heard: it is older.

    Lines that a crash left both in the journal and waiting are taken off the wait.
    """
    with root.journal_lock:
        return _is_ahead(store, root, camera_id, journal)


def _is_ahead(store: Store, root: Root, camera_id: int, journal: Path) -> bool:
    size = store.files.size(journal) or 0
    known, known_size = store.read(lambda c: _known(c, camera_id, root.id))
    if size == known_size:
        return False
    news = [line for line in read(store, journal).lines if line.sequence > known]
    if not news:
        return False
    waiting = store.read(
        lambda c: c.execute(
            "select id, line from outbox where root_id = ? and camera_id = ?"
            " order by id limit ?",
            (root.id, camera_id, len(news)),
        ).fetchall()
    )
    if [line.fact.text() for line in news] != [row["line"] for row in waiting]:
        return True
    store.write(
        lambda c: _flushed(c, camera_id, root.id, waiting, news[-1].sequence, size)
    )
    return False


def is_whole(store: Store, root: Root, camera_id: int, journal: Path) -> bool:
    """Say whether a journal holds all lines the index has told it, undamaged."""
    if not store.files.exists(journal):
        return False
    _sequence, size = store.read(lambda c: _known(c, camera_id, root.id))
    data = _bytes_of(store, journal)
    return data is not None and len(data) >= size and damaged_lines(data) == 0


def compact(
    store: Store,
    root: Root,
    camera_id: int,
    journal: Path,
    *,
    is_forced: bool = False,
) -> bool:
    """Rewrite a journal without what no longer says anything, if that is worth it (J3).

    The new one is complete beside the old before it takes its place.
    """
    with root.journal_lock:
        lines = read(store, journal).lines
        left = living(lines)
        is_worth_it = len(lines) >= _BATCH and len(lines) >= (
            store.bounds.journal_ratio * len(left)
        )
        if not lines or not (is_worth_it or is_forced):
            return False
        data = b"".join(encode(line.sequence, line.fact.text()) for line in left)
        part = journal.with_name(f"{journal.name}.part")
        store.files.remove(part)
        store.files.write_new(part, data)
        store.files.replace(part, journal)
        store.files.sync_folder(journal.parent)
        sequence = max(line.sequence for line in lines)
        store.write(lambda c: set_known(c, camera_id, root.id, sequence, len(data)))
        return True
