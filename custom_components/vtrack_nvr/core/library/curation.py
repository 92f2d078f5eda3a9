"""What changes the library on purpose: protect, delete, retain, move, check.

All awaited methods are safe on the event loop; the others block and belong to upkeep.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
import sqlite3
import threading

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..models import CameraKey, Clip, ClipState
from .context import LibraryContext
from .guard import Root
from .index import clip_rows, opening
from .upkeep import deletion
from .upkeep.check import Checker
from .upkeep.retention_run import Retainer
from .upkeep.room import RoomMaker
from .upkeep.transfer import Mover
from .upkeep.verify import Verifier
from .upkeep_values import (
    CheckReport,
    DayPlan,
    DeleteCause,
    RetentionPlan,
    VerifyReport,
)
from .values import LibraryEvent, LibraryEventKind

_LOOK = "Looking at what lies on the storage"


class Curation:
    """`library.care`."""

    def __init__(self, store: LibraryContext) -> None:
        """Take care of the store of a library."""
        self._store = store
        self.checker = Checker(store)
        self.mover = Mover(store)
        self.room = RoomMaker(store, self.mover)
        self.retainer = Retainer(store, self.room)
        self._verifier = Verifier(store)
        self._settling: dict[int, Future[object]] = {}
        self._lock = threading.Lock()
        store.on_left = self.settle_soon

    # --- protect ----------------------------------------------------------------------

    async def protect(self, clip_ids: Sequence[int], note_text: str = "") -> int:
        """Keep clips until `unprotect`, whatever retention says; returns how many.

        A clip in the trash is taken out of it.
        """
        return await self._protect(clip_ids, note_text, is_protected=True)

    async def unprotect(self, clip_ids: Sequence[int]) -> int:
        """Let retention have clips again; returns how many were protected."""
        return await self._protect(clip_ids, "", is_protected=False)

    async def _protect(
        self, clip_ids: Sequence[int], note_text: str, *, is_protected: bool
    ) -> int:
        now_ms = self._store.clock.now_ms()

        def change(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Clip]:
            if is_protected:
                deletion.restore(connection, ids, now_ms)
            return _set_protected(connection, ids, note_text, is_protected=is_protected)

        changed = await self._in_batches(clip_ids, change)
        self._tell(LibraryEventKind.CLIP_CHANGED, changed)
        return len(changed)

    # --- delete -----------------------------------------------------------------------

    @property
    def undo_ms(self) -> int:
        """Return how long a deleted clip can be restored."""
        return self._store.bounds.undo_ms

    async def delete(
        self,
        clip_ids: Sequence[int],
        *,
        with_protected: bool = False,
        cause: DeleteCause = DeleteCause.PERSON,
    ) -> tuple[Clip, ...]:
        """Put clips in the trash for `bounds.undo_ms`; returns those that went there.

        Where a storage needs room their files go earlier, after `bounds.undo_least`.
        Protected ones stay unless asked for. Their stretch is *removed* and will not be
        fetched again unless it is requested.
        """
        now_ms = self._store.clock.now_ms()
        self._store.spare(clip_ids)
        gone = await self._in_batches(
            clip_ids,
            lambda c, ids: deletion.trash(
                c, ids, cause, now_ms, with_protected=with_protected
            ),
        )
        self._tell(LibraryEventKind.CLIP_REMOVED, gone)
        return tuple(gone)

    async def restore(self, clip_ids: Sequence[int]) -> tuple[Clip, ...]:
        """Take clips out of the trash; returns those that came back."""
        now_ms = self._store.clock.now_ms()
        back = await self._in_batches(
            clip_ids, lambda c, ids: deletion.restore(c, ids, now_ms)
        )
        self._tell(LibraryEventKind.CLIP_ADDED, back)
        return tuple(back)

    async def _in_batches(
        self,
        clip_ids: Sequence[int],
        change: Callable[[sqlite3.Connection, Sequence[int]], list[Clip]],
    ) -> list[Clip]:
        """Change clips, some in each transaction, so that others get their turn."""
        step = self._store.bounds.delete_batch
        changed: list[Clip] = []
        for start in range(0, len(clip_ids), step):
            batch = clip_ids[start : start + step]
            changed += await self._store.async_write(change, batch)
        return changed

    async def empty_trash(self, *, at_once: bool = False) -> int:
        """Delete for good what is past its undo window (or all of it, at once)."""
        return await asyncio.to_thread(self.empty_trash_now, at_once=at_once)

    def empty_trash_now(self, *, at_once: bool = False) -> int:
        """Do the same; blocks."""
        if at_once:
            self._store.spared.clear()
            before_ms = self._store.clock.now_ms()
        else:
            before_ms = self._store.earliest_ms() - self._store.bounds.undo_ms
        return deletion.empty_trash(self._store, before_ms=before_ms)

    # --- retention --------------------------------------------------------------------

    async def preview_retention(self) -> tuple[DayPlan, ...]:
        """Return what retention would delete now, by camera and day; a dry run."""
        return await asyncio.to_thread(self.retainer.preview)

    async def run_retention(self, confirm: str = "") -> RetentionPlan:
        """Delete what is due and return the plan that was followed.

        What is held stays until a run confirms the `token` of the plan that said so.
        """
        return await asyncio.to_thread(self.retainer.run, confirm)

    @property
    def braked(self) -> RetentionPlan | None:
        """What the last run left for a person to decide, if anything."""
        return self.retainer.braked

    # --- check ------------------------------------------------------------------------

    async def verify(self, camera: CameraKey, window: TimeRange) -> VerifyReport:
        """Read the camera's clips of a window back and put aside what is damaged.

        A damaged stretch is *missing* and fetched again while the device has it.
        """
        stopping = self._store.stopping
        report = await asyncio.to_thread(
            self._verifier.verify, camera, window, lambda: not stopping.is_set()
        )
        for clip_id in report.damaged:
            self._store.tell(
                LibraryEvent(
                    LibraryEventKind.CLIP_CHANGED, camera=camera, clip_id=clip_id
                )
            )
        return report

    async def check(self) -> CheckReport:
        """Compare all files with all rows: adopt, report, note what is missing."""
        return await asyncio.to_thread(self.checker.full)

    def settle_soon(self, root: Root) -> None:
        """Queue the fast check of a root that can be used (again), on its thread.

        One that failed is not repeated before its pause, which grows, is over.
        """
        with self._lock:
            running = self._settling.get(root.id)
            if running is not None and not running.done():
                return
            if self._store.troubles.is_waiting(root.id, _LOOK):
                return
            self._settling[root.id] = root.worker.submit(self._settle, root)

    def _settle(self, root: Root) -> object:
        store = self._store
        try:
            report = self.checker.fast(root)
        except NvrError as error:
            store.troubles.failed(root.id, _LOOK, error)
        except Exception as error:  # noqa: BLE001 - told, and tried again ever more seldom
            # a fault of ours must not keep footage from being recorded
            store.opened.add(root.id)
            store.troubles.failed(root.id, _LOOK, error)
        else:
            store.troubles.over(root.id, _LOOK)
            return report
        return None

    def wait_settled(self, seconds: float) -> bool:
        """Wait for the fast check of all usable roots; blocks."""
        deadline = self._store.clock.monotonic() + seconds
        pause = threading.Event()
        while self._store.clock.monotonic() < deadline:
            usable = [
                root
                for root in self._store.guard.roots()
                if self._store.guard.is_usable(root)
            ]
            with self._lock:
                if all(
                    (found := self._settling.get(root.id)) is not None and found.done()
                    for root in usable
                ):
                    return True
            pause.wait(0.005)
        return False

    # --- the index --------------------------------------------------------------------

    def copy_index_now(self) -> None:
        """Do the same; blocks."""
        store = self._store
        try:
            opening.copy_beside(
                store.db.path, store.clock.now_ms(), store.bounds.copies, store.files
            )
        except sqlite3.Error as error:
            raise NvrError(
                ErrorKind.INDEX_FAILED, type(error).__name__, where="copy"
            ) from error

    def _tell(self, kind: LibraryEventKind, clips: Sequence[Clip]) -> None:
        for clip in clips:
            self._store.tell(LibraryEvent(kind, clip.camera, clip.id, clip.root_id))


def _set_protected(
    connection: sqlite3.Connection,
    clip_ids: Sequence[int],
    note_text: str,
    *,
    is_protected: bool,
) -> list[Clip]:
    """Change the protection of clips that are not on their way out; returns those."""
    changed: list[Clip] = []
    for clip_id in clip_ids:
        clip = clip_rows.get_clip(connection, clip_id)
        if clip is None or clip.state in {ClipState.TRASHED, ClipState.DELETING}:
            continue
        if deletion.change_protection(
            connection, clip, note_text, is_protected=is_protected
        ):
            changed.append(clip)
    return changed
