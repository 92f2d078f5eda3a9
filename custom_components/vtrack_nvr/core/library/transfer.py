"""Moving and copying clips to another root, by age or on demand.

There is always one verified file the row names; the other one has a row in `transfer`
before its first byte and until after its last. Steps M1 to M6 of
`docs/design/library.md`. All blocks.
"""

from dataclasses import dataclass
import logging
from pathlib import Path
import sqlite3

from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..models import Clip, ClipState
from . import index_cameras, index_clips
from .guard import Root
from .journal import Fact, FactKind
from .naming import SUFFIX, part_path
from .rows import retention_of
from .sink import note_clip
from .store import Store, absolute, note
from .values import DAY_MS, LibraryEvent, LibraryEventKind

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A clip that is old enough to go to another root."""

    clip_id: int
    root_id: int
    is_copy: bool


class Mover:
    """Moves what is due, one clip after the other."""

    def __init__(self, store: Store) -> None:
        """Move within the roots of a library."""
        self._store = store

    def due(
        self,
        limit: int = 100,
        *,
        without: frozenset[int] = frozenset(),
        after: int = 0,
    ) -> list[Due]:
        """Return clips whose camera says that they belong elsewhere by now.

        None of those on their way to a root of `without`, nor with an id up to `after`.
        """
        store = self._store
        now_ms = store.clock.now_ms()
        cameras = store.read(
            lambda c: [row[0] for row in c.execute("select id from camera")]
        )
        found: list[Due] = []
        for camera_id in cameras:  # others get their turn at the index in between
            found += store.read(
                lambda c, n=camera_id: _due(c, n, now_ms, limit, without, after)  # type: ignore[misc]
            )
        return sorted(found, key=lambda item: item.clip_id)[:limit]

    def run(self, batch: int = 100) -> int:
        """Move or copy all that is due; returns how many.

        A root in trouble is left alone until the next run, a clip in trouble as well.
        """
        count = 0
        after = 0
        troubled: set[int] = set()
        while items := self.due(batch, without=frozenset(troubled), after=after):
            for item in items:
                if self._store.stopping.is_set():
                    return count
                after = item.clip_id
                if item.root_id in troubled:
                    continue
                try:
                    self.move(item.clip_id, item.root_id, is_copy=item.is_copy)
                except NvrError as error:
                    if error.kind in STORAGE_KINDS:
                        _LOGGER.info("Clip %s stays for now: %s", item.clip_id, error)
                        troubled |= self._troubled(item)
                    continue
                count += 1
        return count

    def _troubled(self, item: Due) -> set[int]:
        """Return the root a clip could not be moved to, where that is the root's fault."""
        root = self._store.guard.get(item.root_id)
        if root is None or self._store.guard.problem(root) is not None:
            return {item.root_id}
        return set()

    def move(self, clip_id: int, root_id: int, *, is_copy: bool = False) -> None:
        """Move (or copy) one clip; raises why not, and then the clip is where it was."""
        store = self._store
        clip = store.read(lambda c: index_clips.get(c, clip_id))
        if clip is None or clip.state is not ClipState.COMPLETE:
            raise NvrError(ErrorKind.GONE, "there is no such clip", where=str(clip_id))
        if clip.root_id == root_id:
            return
        source, target = store.root(clip.root_id), store.root(root_id)
        with store.on(target):
            store.guard.check_now(target)
        with store.reading(clip_id):
            transfer_id, path, part = self._begin(clip, target)
            try:
                self._copy(source, target, clip, path, part)
            except NvrError:
                self._give_up(target, transfer_id, path, part)
                raise
            store.write(  # M4
                lambda c: _switch(c, transfer_id, clip_id, is_copy=is_copy)
            )
        if not is_copy:
            _leave(store, source, transfer_id)
        store.tell(
            LibraryEvent(LibraryEventKind.CLIP_CHANGED, clip.camera, clip_id, target.id)
        )

    def _copy(
        self, source: Root, target: Root, clip: Clip, path: str, part: str
    ) -> None:
        store = self._store
        part_file = absolute(target, part)
        with store.on(target):
            store.files.make_folder(part_file.parent, target.folder)
        digest = store.files.copy(
            absolute(source, clip.path),
            part_file,
            lambda: not store.stopping.is_set(),
        )  # M2
        if digest != clip.facts.sha256:
            raise NvrError(ErrorKind.VERIFY_FAILED, "clip is damaged", where=clip.path)
        with store.on(target):
            if store.files.sha256(part_file) != digest:
                raise NvrError(ErrorKind.VERIFY_FAILED, "copy is damaged", where=part)
            try:
                store.files.rename_new(part_file, absolute(target, path))  # M3
            except FileExistsError as error:
                raise NvrError(
                    ErrorKind.VERIFY_FAILED, "name is taken", where=path
                ) from error
            store.files.sync_folder(part_file.parent)

    def _begin(self, clip: Clip, target: Root) -> tuple[int, str, str]:
        """Write the row of the file to be (step M1); returns id, name, unfinished name."""
        store = self._store
        number = 1
        while True:
            number, path = store.read(
                lambda c, n=number: _free_name(c, clip, target.id, n)  # type: ignore[misc]
            )
            with store.on(target):
                if not store.files.exists(absolute(target, path)):
                    break
            number += 1
        part = part_path(path, clip.id)
        now_ms = store.clock.now_ms()
        transfer_id = store.write(
            lambda c: _enter(c, clip.id, target.id, path, part, now_ms)
        )
        return transfer_id, path, part

    def _give_up(self, target: Root, transfer_id: int, path: str, part: str) -> None:
        """Take the copy back where that is possible; else the next settling does."""
        store = self._store
        try:
            had_part = store.files.exists(absolute(target, part))
            store.files.remove(absolute(target, part))
            if not had_part and store.files.exists(absolute(target, path)):
                return  # it has its name already
        except NvrError:
            return
        store.write(
            lambda c: c.execute("delete from transfer where id = ?", (transfer_id,))
        )


def _due(
    connection: sqlite3.Connection,
    camera_id: int,
    now_ms: int,
    limit: int,
    without: frozenset[int],
    after: int,
) -> list[Due]:
    row = connection.execute(
        "select retention from camera where id = ?", (camera_id,)
    ).fetchone()
    wanted = retention_of(row["retention"])
    root_id = wanted.move_to_root
    if wanted.move_after_days is None or root_id is None or root_id in without:
        return []
    before_ms = now_ms - wanted.move_after_days * DAY_MS
    rows = connection.execute(
        "select id from clip where state = 'complete' and camera_id = ?"
        " and start_ms < ? and end_ms < ? and root_id <> ? and id > ?"
        " and not exists (select 1 from transfer where clip_id = clip.id"
        " and transfer.root_id = ? and state in ('copy', 'copying'))"
        " order by id limit ?",
        (camera_id, before_ms, before_ms, root_id, after, root_id, limit),
    )
    return [Due(row["id"], root_id, wanted.is_copy) for row in rows]


def _free_name(
    connection: sqlite3.Connection, clip: Clip, root_id: int, number: int
) -> tuple[int, str]:
    """Return the first name from `number` on that no row owns on the other root."""
    stem = clip.path.removesuffix(SUFFIX)
    while True:
        path = clip.path if number == 1 else f"{stem}_{number}{SUFFIX}"
        if not index_clips.path_is_taken(connection, root_id, path):
            return number, path
        number += 1


def _enter(
    connection: sqlite3.Connection,
    clip_id: int,
    root_id: int,
    path: str,
    part: str,
    now_ms: int,
) -> int:
    if index_clips.path_is_taken(connection, root_id, path):
        raise NvrError(ErrorKind.VERIFY_FAILED, "name was taken meanwhile", where=path)
    cursor = connection.execute(
        "insert into transfer (clip_id, root_id, path, part, state, made_ms)"
        " values (?, ?, ?, ?, 'copying', ?)",
        (clip_id, root_id, path, part, now_ms),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _switch(
    connection: sqlite3.Connection, transfer_id: int, clip_id: int, *, is_copy: bool
) -> None:
    """Let the row name the new file; the old one is *leaving* (or the new a *copy*)."""
    new = connection.execute(
        "select * from transfer where id = ?", (transfer_id,)
    ).fetchone()
    clip = index_clips.get(connection, clip_id)
    if new is None or clip is None or clip.state is not ClipState.COMPLETE:
        raise NvrError(ErrorKind.GONE, "the clip went meanwhile", where=str(clip_id))
    if is_copy:
        connection.execute(
            "update transfer set state = 'copy', part = null where id = ?",
            (transfer_id,),
        )
        return
    camera_id = index_cameras.camera_id(connection, clip.camera)
    connection.execute(
        "update transfer set state = 'leaving', part = null, root_id = ?, path = ?"
        " where id = ?",
        (clip.root_id, clip.path, transfer_id),
    )
    connection.execute(
        "update clip set root_id = ?, path = ? where id = ?",
        (new["root_id"], new["path"], clip_id),
    )
    size = clip.facts.size_bytes
    index_clips.count_on_root(connection, clip.root_id, -1, -size)
    index_clips.count_on_root(connection, new["root_id"], 1, size)
    note(connection, camera_id, clip.root_id, Fact(FactKind.MOVED, {"path": clip.path}))
    note_clip(connection, clip_id)
    if clip.is_protected:
        values = {"path": new["path"], "on": True, "note": clip.note}
        note(connection, camera_id, new["root_id"], Fact(FactKind.PROTECT, values))


def _leave(store: Store, root: Root, transfer_id: int) -> bool:
    """Remove the file a clip has left (steps M5, M6); False where it has to wait."""
    row = store.read(
        lambda c: c.execute(
            "select transfer.*, clip.root_id as now_root, clip.path as now_path,"
            " clip.size_bytes as now_size from transfer join clip"
            " on clip.id = transfer.clip_id where transfer.id = ?",
            (transfer_id,),
        ).fetchone()
    )
    if row is None or store.is_read(row["clip_id"]):
        return False
    try:
        home = store.root(row["now_root"])
        if store.files.size(absolute(home, row["now_path"])) != row["now_size"]:
            return False  # never the last copy
        with store.on(root):
            store.guard.check_marker(root)
            old = absolute(root, row["path"])
            store.files.remove_durably(old)  # M5
    except NvrError:
        return False
    store.write(
        lambda c: c.execute("delete from transfer where id = ?", (row["id"],))
    )  # M6
    store.files.remove_empty_folder(old.parent)
    return True


def settle_transfers(store: Store, root: Root) -> None:
    """Finish or undo on a root what a crash left between two steps.

    An unfinished copy goes only while the clip's own file is there; where that is gone
    and the copy is whole, the copy becomes the clip's file.
    """
    rows = store.read(
        lambda c: c.execute(
            "select * from transfer where root_id = ? and state <> 'copy'", (root.id,)
        ).fetchall()
    )
    for row in rows:
        if row["state"] == "leaving":
            _leave(store, root, row["id"])
        elif not store.is_read(row["clip_id"]):
            _settle_copying(store, root, row)


def _settle_copying(store: Store, root: Root, row: sqlite3.Row) -> None:
    clip = store.read(lambda c: index_clips.get(c, row["clip_id"]))
    if clip is None:
        return
    try:
        home = store.root(clip.root_id)
    except NvrError:
        return
    target = absolute(root, row["path"])
    store.guard.check_marker(root)
    if store.files.size(absolute(home, clip.path)) == clip.facts.size_bytes:
        store.files.remove(absolute(root, row["part"]))
        if _is_file_of(store, target, clip):
            store.files.remove_durably(target)
        store.write(
            lambda c: c.execute("delete from transfer where id = ?", (row["id"],))
        )
    elif clip.state is ClipState.COMPLETE and _is_file_of(store, target, clip):
        store.write(lambda c: _switch(c, row["id"], clip.id, is_copy=False))


def _is_file_of(store: Store, path: Path, clip: Clip) -> bool:
    """Say whether a file is what the clip's row says, byte for byte."""
    return (
        store.files.size(path) == clip.facts.size_bytes
        and store.files.sha256(path) == clip.facts.sha256
    )


def promote_copies(store: Store) -> int:
    """Let second copies stand in for clips that are missing; returns how many do."""
    rows = store.read(
        lambda c: c.execute(
            "select transfer.*, clip.size_bytes as size, clip.sha256 from transfer join clip"
            " on clip.id = transfer.clip_id where transfer.state = 'copy'"
            " and clip.state = 'missing'"
        ).fetchall()
    )
    count = 0
    for row in rows:
        try:
            root = store.root(row["root_id"])
            copy = absolute(root, row["path"])
            if store.files.size(copy) != row["size"] or (
                store.files.sha256(copy) != row["sha256"]
            ):
                continue
        except NvrError:
            continue
        store.write(lambda c, r=row: _promote(store, c, r))  # type: ignore[misc]
        count += 1
    return count


def _promote(store: Store, connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    connection.execute("delete from transfer where id = ?", (row["id"],))
    connection.execute(
        "update clip set root_id = ?, path = ? where id = ?",
        (row["root_id"], row["path"], row["clip_id"]),
    )
    index_clips.complete(connection, row["clip_id"], store.clock.now_ms())
    note_clip(connection, row["clip_id"])
