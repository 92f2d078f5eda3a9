"""Moving clips to another root, by age or on demand.

There is always one verified file the row names; the other one has a row in `transfer`
before its first byte and until after its last. Steps M1 to M6 of
`docs/design/library.md`. All blocks.
"""

from concurrent.futures import Future
import logging
from pathlib import Path
import sqlite3

from ...errors import STORAGE_KINDS, ErrorKind, NvrError
from ...models import Clip, ClipState
from ..context import LibraryContext, absolute
from ..disk_thread import DiskThread
from ..guard import Root
from ..index import camera_rows, clip_rows, room_rows, transfer_rows
from ..index.transfer_rows import Due, due_of, enter_transfer, free_name, switch_over
from ..naming import part_path
from ..values import LibraryEvent, LibraryEventKind

_LOGGER = logging.getLogger(__name__)


class Mover:
    """Moves what is due, one clip after the other."""

    def __init__(self, store: LibraryContext) -> None:
        """Move within the roots of a library."""
        self._store = store
        self._failing_since: float | None = None
        self._worker = DiskThread("vtrack-move")
        self._running: Future[int] | None = None

    def start(self) -> Future[int]:
        """Move what is due on a thread of its own, if that is not done already."""
        if self._running is None or self._running.done():
            self._running = self._worker.submit(self.run)
        return self._running

    def stop(self, seconds: float) -> None:
        """End the thread; what is copied is asked to stop (`store.stopping`)."""
        self._worker.close()
        self._worker.join(seconds)

    def fails_for(self) -> float:
        """Return for how many seconds nothing that was due could be moved."""
        since = self._failing_since
        return 0.0 if since is None else self._store.clock.monotonic() - since

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
        cameras = store.read(camera_rows.ids)
        found: list[Due] = []
        for camera_id in cameras:  # others get their turn at the index in between
            found += store.read(due_of, camera_id, now_ms, limit, without, after)
        return sorted(found, key=lambda item: item.clip_id)[:limit]

    def run(self, batch: int = 100) -> int:
        """Move all that is due; returns how many.

        A root in trouble is left alone until the next run, a clip in trouble as well.
        """
        count = failures = 0
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
                    self.move(item.clip_id, item.root_id)
                except NvrError as error:
                    failures += 1
                    if error.kind in STORAGE_KINDS:
                        _LOGGER.info("Clip %s stays for now: %s", item.clip_id, error)
                        troubled |= self._troubled(item)
                    continue
                count += 1
                self._failing_since = None
        if failures and not count and self._failing_since is None:
            self._failing_since = self._store.clock.monotonic()
        return count

    def _troubled(self, item: Due) -> set[int]:
        """Return the root a clip could not be moved to, where that is the root's fault."""
        root = self._store.guard.get(item.root_id)
        if root is None or self._store.guard.problem(root) is not None:
            return {item.root_id}
        return set()

    def move(self, clip_id: int, root_id: int) -> None:
        """Move one clip; raises why not, and then the clip is where it was."""
        store = self._store
        clip = store.read(clip_rows.get_clip, clip_id)
        if clip is None or clip.state is not ClipState.COMPLETE:
            raise NvrError(ErrorKind.GONE, "there is no such clip", where=str(clip_id))
        if clip.root_id == root_id:
            return
        source, target = store.root(clip.root_id), store.root(root_id)
        with store.on(target):
            store.require_room(target)
        with store.reading(clip_id):
            transfer_id, path, part = self._begin(clip, target)
            try:
                self._copy(source, target, clip, path, part)
            except NvrError as error:
                if error.kind is ErrorKind.STORAGE_FULL:
                    store.guard.report(target, error)
                self._give_up(target, transfer_id, path, part)
                raise
            store.write(self._switch_over, transfer_id, clip)  # M4
            target.finished += 1
        _leave(store, source, transfer_id)
        store.tell(
            LibraryEvent(LibraryEventKind.CLIP_CHANGED, clip.camera, clip_id, target.id)
        )

    def _switch_over(
        self, connection: sqlite3.Connection, transfer_id: int, clip: Clip
    ) -> None:
        now_ms = self._store.clock.now_ms()
        root_id = switch_over(connection, transfer_id, clip.id, now_ms)
        room_rows.book(  # what comes by a move makes room for itself, as what is written
            connection, root_id, 0, -clip.facts.size_bytes, now_ms
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
            number, path = store.read(free_name, clip, target.id, number)
            with store.on(target):
                if not store.files.exists(absolute(target, path)):
                    break
            number += 1
        part = part_path(path, clip.id)
        now_ms = store.clock.now_ms()
        transfer_id = store.write(
            enter_transfer, clip.id, target.id, path, part, now_ms
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
        store.write(transfer_rows.delete_transfer, transfer_id)


def _leave(store: LibraryContext, root: Root, transfer_id: int) -> bool:
    """Remove the file a clip has left (steps M5, M6); False where it has to wait."""
    row = store.read(transfer_rows.with_clip, transfer_id)
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
    store.write(transfer_rows.delete_transfer, row["id"])  # M6
    store.files.remove_empty_folder(old.parent)
    return True


def settle_transfers(store: LibraryContext, root: Root) -> None:
    """Finish or undo on a root what a crash left between two steps.

    An unfinished copy goes only while the clip's own file is there; where that is gone
    and the copy is whole, the copy becomes the clip's file. What was left of a clip that
    was deleted goes.
    """
    rows = store.read(transfer_rows.on_root, root.id)
    for row in rows:
        if row["clip_id"] is None:
            _remove_rest(store, root, row)
        elif row["state"] == "leaving":
            _leave(store, root, row["id"])
        elif not store.is_read(row["clip_id"]):
            _settle_copying(store, root, row)


def _remove_rest(store: LibraryContext, root: Root, row: sqlite3.Row) -> None:
    """Remove what lies here of a clip that was deleted elsewhere."""
    store.guard.check_marker(root)
    if row["part"]:
        store.files.remove(absolute(root, row["part"]))
    store.files.remove_durably(absolute(root, row["path"]))
    store.write(transfer_rows.delete_transfer, row["id"])


def _settle_copying(store: LibraryContext, root: Root, row: sqlite3.Row) -> None:
    clip = store.read(clip_rows.get_clip, row["clip_id"])
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
        store.write(transfer_rows.delete_transfer, row["id"])
    elif clip.state in {ClipState.COMPLETE, ClipState.MISSING} and _is_file_of(
        store, target, clip
    ):
        # an index that is older may have found the clip's own file gone already
        now_ms = store.clock.now_ms()
        store.write(switch_over, row["id"], clip.id, now_ms)


def _is_file_of(store: LibraryContext, path: Path, clip: Clip) -> bool:
    """Return whether a file is what the clip's row says, byte for byte."""
    return (
        store.files.size(path) == clip.facts.size_bytes
        and store.files.sha256(path) == clip.facts.sha256
    )
