"""Deleting clips in two phases, bringing them back, and who may not be deleted.

A clip is *trashed* first (hidden, its stretch *removed*, the file untouched), then
*deleting* (no way back), then the file goes, then the row. Each phase is committed before
the next begins. Steps D1 to D6 of `docs/design/library.md`.
"""

from collections.abc import Sequence
import sqlite3

from ..errors import NvrError
from ..models import CameraKey, Clip, ClipState
from . import index_cameras, index_clips
from .guard import Root
from .journal import Fact, FactKind
from .naming import is_day
from .roots import is_replaced
from .store import Store, absolute, note
from .values import DeleteCause, LibraryEvent, LibraryEventKind


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
        clip = index_clips.get(connection, clip_id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            continue
        if clip.is_protected and not with_protected:
            continue
        index_clips.leave(
            connection, clip_id, ClipState.TRASHED, now_ms, cause=cause.value
        )
        fact = Fact(
            FactKind.TRASH,
            {"path": clip.path, "is_trashed": True, "cause": cause.value},
        )
        camera_id = index_cameras.camera_id(connection, clip.camera)
        note(connection, camera_id, clip.root_id, fact)
        gone.append(clip)
    return gone


def restore(
    connection: sqlite3.Connection, clip_ids: Sequence[int], now_ms: int
) -> list[Clip]:
    """Take clips out of the trash again; returns those that came back."""
    back: list[Clip] = []
    for clip_id in clip_ids:
        clip = index_clips.get(connection, clip_id)
        if clip is None or clip.state is not ClipState.TRASHED:
            continue
        index_clips.complete(connection, clip_id, now_ms)
        fact = Fact(FactKind.TRASH, {"path": clip.path, "is_trashed": False})
        camera_id = index_cameras.camera_id(connection, clip.camera)
        note(connection, camera_id, clip.root_id, fact)
        back.append(clip)
    return back


def change_protection(
    connection: sqlite3.Connection, clip: Clip, text: str, *, is_protected: bool
) -> bool:
    """Protect a clip or stop doing so, and tell the journal; True when that is news."""
    if not index_clips.set_protected(
        connection, clip.id, is_protected=is_protected, note=text
    ):
        return False
    values = {"path": clip.path, "on": is_protected, "note": text}
    camera_id = index_cameras.camera_id(connection, clip.camera)
    note(connection, camera_id, clip.root_id, Fact(FactKind.PROTECT, values))
    return True


def empty_trash(
    store: Store,
    *,
    before_ms: int,
    causes: frozenset[DeleteCause] | None = None,
    root_id: int | None = None,
) -> int:
    """Delete for good what was trashed up to a moment; blocks; returns how many went.

    Clips somebody reads wait, and so do those on a root that may not be written to.
    """
    count = 0
    seen: set[int] = set()
    while not store.stopping.is_set():
        rows = [
            row
            for row in store.read(lambda c: index_clips.in_state(c, ClipState.TRASHED))
            if row["id"] not in seen
            and row["state_ms"] <= before_ms
            and (causes is None or row["cause"] in causes)
            and (root_id is None or row["root_id"] == root_id)
        ][: store.bounds.delete_batch]
        if not rows:
            break
        seen.update(row["id"] for row in rows)
        due = [
            row
            for row in rows
            if not store.is_read(row["id"]) and store.may_remove(row)
        ]
        ids = [row["id"] for row in due]
        _go(store, ids)
        count += finish_deletions(store, ids)
    return count


def _go(store: Store, clip_ids: Sequence[int]) -> None:
    """Say of trashed clips that there is no way back (step D2)."""
    now_ms = store.clock.now_ms()
    store.write(lambda c: index_clips.set_deleting(c, clip_ids, now_ms))  # D2


def finish_deletions(
    store: Store,
    clip_ids: Sequence[int] | None = None,
    root_id: int | None = None,
) -> int:
    """Remove the files of *deleting* clips, then their rows; blocks.

    Returns how many went. A file that cannot be removed leaves its row for later.
    """
    rows = store.read(lambda c: index_clips.in_state(c, ClipState.DELETING))
    wanted = None if clip_ids is None else set(clip_ids)
    gone: list[sqlite3.Row] = []
    for row in rows:
        if wanted is not None and row["id"] not in wanted:
            continue
        if root_id is not None and row["root_id"] != root_id:
            continue
        if store.is_read(row["id"]) or not store.may_remove(row):
            continue
        root = store.guard.get(row["root_id"])
        assert root is not None
        try:
            remove_copies(store, row["id"])  # trouble there is no trouble of this root
            with store.on(root):
                store.guard.check_marker(root)
                path = absolute(root, row["path"])
                store.files.remove_durably(path)  # D3, D4
        except NvrError:
            continue
        gone.append(row)

    def drop(connection: sqlite3.Connection) -> None:
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
            index_clips.delete_row(connection, row["id"])

    if gone:
        store.write(drop)  # D5
    for row in gone:
        root = store.guard.get(row["root_id"])
        if root is not None:
            remove_empty_day(store, root, row["path"])  # D6
        store.tell(
            LibraryEvent(
                LibraryEventKind.CLIP_REMOVED,
                CameraKey(row["camera_key"]),
                row["id"],
                row["root_id"],
            )
        )
    return len(gone)


def remove_copies(store: Store, clip_id: int) -> None:
    """Remove the second copies of a clip that goes; raises a storage error."""
    rows = store.read(
        lambda c: c.execute(
            "select * from transfer where clip_id = ?", (clip_id,)
        ).fetchall()
    )
    for row in rows:
        known = store.guard.get(row["root_id"])
        if known is not None and is_replaced(known):
            continue  # nobody waits for a disk that is gone for good
        root = store.root(row["root_id"])
        with store.on(root):
            store.guard.check_marker(root)
            if row["part"]:
                store.files.remove(absolute(root, row["part"]))
            store.files.remove(absolute(root, row["path"]))
        store.write(
            lambda c, n=row["id"]: c.execute("delete from transfer where id = ?", (n,))  # type: ignore[misc]
        )


def remove_empty_day(store: Store, root: Root, path: str) -> None:
    """Remove the folder of a day that has become empty."""
    folder = absolute(root, path).parent
    if is_day(folder.name):
        store.files.remove_empty_folder(folder)
