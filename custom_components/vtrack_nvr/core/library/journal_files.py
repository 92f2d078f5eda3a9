"""Journals on disk: bring what waits in the index there, and read them, line by line.

All blocks. Steps J1 and J2 of `docs/design/library.md`; `tidy` has J3.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
import sqlite3
from typing import Any

from ..errors import NvrError
from .context import LibraryContext, absolute, reading
from .files import CHUNK
from .guard import Root
from .index import outbox
from .index.camera_rows import camera_folder
from .index.outbox import end_flush, known_of, known_sequence
from .index.told import Told
from .journal import (
    FactKind,
    Line,
    decode_line,
    encode_line,
    repair_prefix,
    sequence_of,
    split_lines,
)
from .naming import JOURNAL

_BATCH = 500
_CAMERA_MARK = b'"t":"camera"'


@dataclass(frozen=True, slots=True)
class Scan:
    """What the lines of a journal are, without what they tell."""

    lines: int = 0
    damaged: int = 0
    sequence: int = 0
    """The highest number."""
    size: int = 0


def raw_lines(store: LibraryContext, journal: Path) -> Iterator[bytes]:
    """Return the lines of a journal piece by piece; raises a storage error."""
    return split_lines(_chunks(store, journal))


def _chunks(store: LibraryContext, journal: Path) -> Iterator[bytes]:
    offset = 0
    while chunk := store.files.read(journal, CHUNK, offset):
        yield chunk
        offset += len(chunk)


def read(store: LibraryContext, journal: Path) -> Told:
    """Return what a journal says; an empty answer where there is none, or none to read.

    One that the disk cannot read (a bad sector) must not keep a whole root from being
    used: the files tell, too.
    """
    if not store.files.exists(journal):
        return Told()
    found: list[Told] = []
    with _apart(store, journal):
        found.append(Told(filter(None, map(decode_line, raw_lines(store, journal)))))
    return found[0] if found else Told()


def _apart(store: LibraryContext, journal: Path) -> AbstractContextManager[None]:
    """Let what fails while a journal is read be the trouble of that journal alone."""
    root = store.root_of(journal)
    return store.apart(root, _subject(root, journal))


def _subject(root: Root, journal: Path) -> str:
    return reading(journal.relative_to(root.folder).as_posix())


def camera_of_journal(store: LibraryContext, journal: Path) -> dict[str, Any] | None:
    """Return keys and names of the camera whose journal it is, None where it tells none."""
    if not store.files.exists(journal):
        return None
    found: dict[str, Any] | None = None
    with _apart(store, journal):
        for raw in raw_lines(store, journal):
            if _CAMERA_MARK in raw and (line := decode_line(raw)) is not None:
                found = line.fact.values if _is_camera(line) else found
    return found


def _is_camera(line: Line) -> bool:
    return line.fact.kind is FactKind.CAMERA


def scan(store: LibraryContext, journal: Path) -> Scan | None:
    """Return how many lines a journal has, and how many are damaged (a torn last one counts).

    None where the disk cannot read it.
    """
    lines = damaged = highest = 0
    found: list[Scan] = []
    with _apart(store, journal):
        for raw in raw_lines(store, journal):
            lines += 1
            sequence = sequence_of(raw)
            damaged += not sequence
            highest = max(highest, sequence)
        found.append(Scan(lines, damaged, highest, store.files.size(journal) or 0))
    return found[0] if found else None


def flush(store: LibraryContext, root: Root) -> int:
    """Append to the journals of a root what waits for them; returns how many lines.

    Lines are on the disk (J1) before the index forgets that they wait (J2). A crash in
    between writes them twice, under the same numbers.
    """
    with root.journal_lock:
        return _flush(store, root)


def _flush(store: LibraryContext, root: Root) -> int:
    count = 0
    cameras = store.read(outbox.waiting_folders, root.id)
    for camera_id, folder in cameras:
        subject = f"The journal of {folder}"
        if store.troubles.is_waiting(root.id, subject) or store.troubles.is_known(
            root.id, reading(f"{folder}/{JOURNAL}")
        ):
            continue  # what cannot be read may be ahead of the index: lines wait
        with store.apart(root, subject):
            count += _flush_camera(store, root, camera_id)
    return count


def _flush_camera(store: LibraryContext, root: Root, camera_id: int) -> int:
    count = 0
    while not store.stopping.is_set() or count == 0:
        rows = store.read(outbox.waiting, camera_id, root.id, _BATCH)
        if not rows:
            break
        _append(store, root, camera_id, rows)
        count += len(rows)
    return count


def _append(
    store: LibraryContext, root: Root, camera_id: int, rows: Sequence[sqlite3.Row]
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
            store.forgive(root, error)
            data = b"\n"  # whatever the last line is, it ends here
    for row in rows:
        sequence += 1
        data += encode_line(sequence, row["line"])
    store.files.append(journal, data)  # J1
    store.write(end_flush, camera_id, root.id, rows, sequence, size + len(data))  # J2


def is_ahead(store: LibraryContext, root: Root, camera_id: int, journal: Path) -> bool:
    """Return whether a journal tells what the index has never heard: it is older.

    Lines that a crash left both in the journal and waiting are taken off the wait.
    """
    with root.journal_lock:
        return _is_ahead(store, root, camera_id, journal)


def _is_ahead(store: LibraryContext, root: Root, camera_id: int, journal: Path) -> bool:
    size = store.files.size(journal)
    known, known_size = store.read(known_of, camera_id, root.id)
    is_unread = store.troubles.is_known(root.id, _subject(root, journal))
    if not size or (size == known_size and not is_unread):
        return False
    told: list[sqlite3.Row] = []
    highest = known
    waiting = _waiting(store, root, camera_id)
    is_read = False
    with _apart(store, journal):
        for raw in raw_lines(store, journal):
            if sequence_of(raw) <= known or (line := decode_line(raw)) is None:
                continue
            row = next(waiting, None)
            if row is None or row["line"] != line.fact.text():
                return True
            told.append(row)
            highest = max(highest, line.sequence)
        is_read = True
    if told and is_read:
        store.write(end_flush, camera_id, root.id, told, highest, size)
    return False


def _waiting(
    store: LibraryContext, root: Root, camera_id: int
) -> Iterator[sqlite3.Row]:
    """Return the lines that wait for a journal, in order."""
    after = 0
    while rows := store.read(
        partial(
            outbox.waiting,
            camera_id=camera_id,
            root_id=root.id,
            limit=_BATCH,
            after=after,
        )
    ):
        yield from rows
        after = rows[-1]["id"]
