"""Deleting clips in two phases, bringing them back, and who may not be deleted.

A clip is *trashed* first (hidden, its stretch *removed*, the file untouched), then
*deleting* (no way back), then the file goes, then the row. Each phase is committed before
the next begins. Steps D1 to D6 of `docs/design/library.md`.
"""

from collections.abc import Iterator, Sequence
import logging
from pathlib import Path
import sqlite3

from ...errors import NvrError
from ...models import CameraKey, Clip, ClipState
from ..context import LibraryContext, absolute
from ..guard import Root
from ..index import camera_rows, clip_rows, room_rows, transfer_rows
from ..index.outbox import note
from ..journal import Fact, FactKind
from ..naming import is_day
from ..upkeep_values import LIMIT_CAUSES, DeleteCause
from ..values import LibraryEvent, LibraryEventKind

_LOGGER = logging.getLogger(__name__)

_OURS = frozenset({DeleteCause.AGE, DeleteCause.QUOTA, DeleteCause.FLOOR})
"""Causes for which nobody asked for just this clip to go."""


def trash(
    connection: sqlite3.Connection,
    clip_ids: Sequence[int],
    cause: DeleteCause,
    now_ms: int,
    *,
    with_protected: bool = False,
) -> list[Clip]:
    """Put complete clips in the trash; returns those that went there (step D1)."""
    gone: list[Clip] = []
    for clip_id in clip_ids:
        clip = clip_rows.get_clip(connection, clip_id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            continue
        if clip.is_protected and not with_protected:
            continue
        clip_rows.leave(
            connection, clip_id, ClipState.TRASHED, now_ms, cause=cause.value
        )
        fact = Fact(
            FactKind.TRASH,
            {"path": clip.path, "is_trashed": True, "cause": cause.value},
        )
        camera_id = camera_rows.camera_id(connection, clip.camera)
        note(connection, camera_id, clip.root_id, fact)
        gone.append(clip)
    return gone


def restore(
    connection: sqlite3.Connection, clip_ids: Sequence[int], now_ms: int
) -> list[Clip]:
    """Take clips out of the trash again; returns those that came back."""
    back: list[Clip] = []
    for clip_id in clip_ids:
        clip = clip_rows.get_clip(connection, clip_id)
        if clip is None or clip.state is not ClipState.TRASHED:
            continue
        clip_rows.complete(connection, clip_id, now_ms)
        fact = Fact(FactKind.TRASH, {"path": clip.path, "is_trashed": False})
        camera_id = camera_rows.camera_id(connection, clip.camera)
        note(connection, camera_id, clip.root_id, fact)
        back.append(clip)
    return back


def change_protection(
    connection: sqlite3.Connection, clip: Clip, text: str, *, is_protected: bool
) -> bool:
    """Protect a clip or stop doing so, and tell the journal; True when that is news."""
    if not clip_rows.set_protected(
        connection, clip.id, is_protected=is_protected, note=text
    ):
        return False
    values = {"path": clip.path, "on": is_protected, "note": text}
    camera_id = camera_rows.camera_id(connection, clip.camera)
    note(connection, camera_id, clip.root_id, Fact(FactKind.PROTECT, values))
    return True


def take_back(
    connection: sqlite3.Connection, rows: Sequence[sqlite3.Row], now_ms: int
) -> None:
    """Keep clips after all whose files cannot be removed: nobody asked for that."""
    for row in rows:
        clip = clip_rows.get_clip(connection, row["id"])
        if clip is None or clip.state is not ClipState.DELETING:
            continue
        clip_rows.complete(connection, clip.id, now_ms)
        if row["cause"] in LIMIT_CAUSES:
            room_rows.book(
                connection,
                row["root_id"],
                row["created_ms"],
                -row["size_bytes"],
                now_ms,
            )
        fact = Fact(FactKind.TRASH, {"path": clip.path, "is_trashed": False})
        note(connection, row["camera_id"], row["root_id"], fact)


def empty_trash(
    store: LibraryContext,
    *,
    before_ms: int,
    root_id: int | None = None,
) -> int:
    """Delete for good what was trashed up to a moment; blocks; returns how many went.

    Clips somebody reads wait, and so do those on a root that may not be written to.
    """
    roots = [root.id for root in store.guard.roots()] if root_id is None else [root_id]
    return sum(
        len(batch) for root in roots for batch in _emptied(store, root, before_ms)
    )


def _emptied(
    store: LibraryContext, root_id: int, before_ms: int
) -> Iterator[Sequence[sqlite3.Row]]:
    after = 0
    while not store.stopping.is_set() and is_usable(store, root_id):
        rows = store.read(
            room_rows.on_root_in_state,
            root_id,
            ClipState.TRASHED,
            after,
            store.bounds.delete_batch,
        )
        if not rows:
            return
        after = rows[-1]["id"]
        yield remove_trashed(
            store, root_id, [r for r in rows if r["state_ms"] <= before_ms]
        )


def condemned_on(
    connection: sqlite3.Connection, root_id: int, limit: int
) -> list[sqlite3.Row]:
    """Return some rows of a root whose files are to go."""
    return [
        row
        for state in (ClipState.DELETING, ClipState.TRASHED)
        for row in room_rows.on_root_in_state(connection, root_id, state, 0, limit)
    ][:limit]


def remove_trashed(
    store: LibraryContext, root_id: int, rows: Sequence[sqlite3.Row]
) -> list[sqlite3.Row]:
    """Delete trashed clips of a root for good, and their files; returns which went."""
    due = [
        row for row in rows if not store.is_stuck(row["id"]) and store.may_remove(row)
    ]
    now_ms = store.clock.now_ms()
    ids = [row["id"] for row in due]
    if ids:
        store.write(clip_rows.set_deleting, ids, now_ms)  # D2
    return _finish(store, root_id, due)


def finish_deletions(store: LibraryContext, root_id: int | None = None) -> int:
    """Remove the files of *deleting* clips, then their rows; blocks.

    Returns how many went. A file that cannot be removed leaves its row for later.
    """
    roots = [root.id for root in store.guard.roots()] if root_id is None else [root_id]
    count = 0
    for root in roots:
        after = 0
        while not store.stopping.is_set() and is_usable(store, root):
            rows = store.read(
                room_rows.on_root_in_state,
                root,
                ClipState.DELETING,
                after,
                store.bounds.delete_batch,
            )
            if not rows:
                break
            after = rows[-1]["id"]
            due = [row for row in rows if not store.is_stuck(row["id"])]
            count += len(_finish(store, root, due))
    return count


def _finish(
    store: LibraryContext, root_id: int, rows: Sequence[sqlite3.Row]
) -> list[sqlite3.Row]:
    """Remove files, then rows. What retention chose and cannot be removed stays kept."""
    gone: list[sqlite3.Row] = []
    refused: list[sqlite3.Row] = []
    root = store.guard.get(root_id)
    for row in rows:
        if root is None or not is_usable(store, root_id):
            break
        if not store.may_remove(row):
            continue
        path = absolute(root, row["path"])
        try:
            store.guard.check_marker(root)
            store.files.remove_durably(path)  # D3, D4
        except NvrError as error:
            if not _is_whole(store, root):
                store.guard.report(root, error)
                break  # the trouble of the root says nothing of the file
            store.refuse(row["id"])
            _LOGGER.info("A file cannot be removed now: %s", error)
            if row["cause"] in _OURS and _is_there(store, path):
                refused.append(row)
        else:
            store.refused.pop(row["id"], None)
            gone.append(row)

    def drop(connection: sqlite3.Connection) -> None:
        take_back(connection, refused, store.clock.now_ms())
        for row in gone:
            fact = Fact(
                FactKind.GONE,
                {
                    "path": row["path"],
                    "range": [row["start_ms"], row["end_ms"]],
                    "cause": row["cause"] or "",
                },
            )
            note(connection, row["camera_id"], row["root_id"], fact)
            transfer_rows.let_go(connection, row["id"])
            clip_rows.delete_row(connection, row["id"])

    if gone or refused:
        store.write(drop)  # D5
    for row in gone:
        if root is not None:
            remove_empty_day(store, root, row["path"])  # D6
        _tell(store, LibraryEventKind.CLIP_REMOVED, row)
    for row in refused:
        _tell(store, LibraryEventKind.CLIP_ADDED, row)
    return gone


def _tell(store: LibraryContext, kind: LibraryEventKind, row: sqlite3.Row) -> None:
    key = CameraKey(row["camera_key"])
    store.tell(LibraryEvent(kind, key, row["id"], row["root_id"]))


def _is_whole(store: LibraryContext, root: Root) -> bool:
    """Return whether a root can still be used."""
    try:
        store.guard.check_marker(root)
    except NvrError:
        return False
    return True


def _is_there(store: LibraryContext, path: Path) -> bool:
    """Return whether a file is certainly still there."""
    try:
        return store.files.exists(path)
    except NvrError:
        return False


def remove_empty_day(store: LibraryContext, root: Root, path: str) -> None:
    """Remove the folder of a day that has become empty."""
    folder = absolute(root, path).parent
    if is_day(folder.name):
        store.files.remove_empty_folder(folder)


def is_usable(store: LibraryContext, root_id: int) -> bool:
    """Return whether files on a root may be removed now; being full is no hindrance."""
    try:
        store.root(root_id)
    except NvrError:
        return False
    return root_id in store.settled
