"""Making a journal small, or whole again: all that the index can tell is told anew.

All blocks. Step J3 of `docs/design/library.md`.
"""

from collections.abc import Iterator
from pathlib import Path

from .. import journal_files
from ..context import LibraryContext
from ..guard import Root
from ..index import journal_facts, outbox
from ..index.camera_rows import camera_folder
from ..index.root_rows import camera_fact
from ..journal import Fact, encode_line
from ..naming import JOURNAL

_BATCH = 500
"""Clips or stretches that are read at a time."""


def tidy(store: LibraryContext, root: Root, camera_id: int) -> bool:
    """Rewrite a camera's journal where lines of it were lost, or most say nothing new.

    True where it was. One that tells what the index has never heard is left alone: it is
    taken over first.
    """
    folder = store.read(camera_folder, camera_id)
    journal = root.folder / folder / JOURNAL
    with root.journal_lock:
        sequence, size = store.read(outbox.known_of, camera_id, root.id)
        found: journal_files.Scan | None = journal_files.Scan()
        if store.files.exists(journal):
            found = journal_files.scan(store, journal)
        if found is None:
            if not sequence:
                return False  # what it says is known to nobody
        elif found.sequence > sequence:
            return False
        elif found.lines and found.size >= size and not found.damaged:
            facts = store.read(journal_facts.count_lines, camera_id)
            least = max(_BATCH, store.bounds.journal_ratio * facts)
            if found.lines < least:
                return False
        _rewrite(store, root, camera_id, folder, journal, sequence)
        return True


def _rewrite(
    store: LibraryContext,
    root: Root,
    camera_id: int,
    folder: str,
    journal: Path,
    sequence: int,
) -> None:
    """Write a journal anew beside the old one, then put it in its place.

    What changes meanwhile waits in the index and is appended afterwards. The numbers go on, so
    that an index of before sees that it is older.
    """
    part = journal.with_name(f"{journal.name}.part")
    store.guard.check_marker(root)
    store.files.make_folder(journal.parent, root.folder)
    store.files.remove(part)
    size = 0
    for facts in _all(store, root, camera_id, folder):
        data = b""
        for fact in facts:
            sequence += 1
            data += encode_line(sequence, fact.text())
        if data:
            store.files.append(part, data)
        size += len(data)
    store.guard.check_marker(root)
    # first the index: a journal with numbers it does not know would look newer than it is
    store.write(outbox.set_known, camera_id, root.id, sequence, size)
    store.files.replace(part, journal)
    store.files.sync_folder(journal.parent)


def _all(
    store: LibraryContext, root: Root, camera_id: int, folder: str
) -> Iterator[list[Fact]]:
    yield [store.read(camera_fact, camera_id)]
    moment: int | None = -(2**62)
    while moment is not None:
        facts, moment = store.read(journal_facts.span_facts, camera_id, moment, _BATCH)
        yield facts
    path: str | None = ""
    while path is not None:
        facts, path = store.read(
            journal_facts.clip_facts, root.id, folder, path, _BATCH
        )
        yield facts
