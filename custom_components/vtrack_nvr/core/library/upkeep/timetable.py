"""Upkeep by the clock: trash, journals, retention, moves, copies, checks, expiry.

One small thread looks what is due and hands it to threads that may hang.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
import logging
import threading
from typing import Any

from ...errors import NvrError
from .. import journal_files
from ..context import LibraryContext
from ..curation import Curation
from ..disk_thread import DiskThread
from ..export_records import ExportBook
from ..guard import Root
from ..index import meta
from ..thumbnail_records import ThumbnailBook
from ..upkeep_values import RoomTrouble
from . import deletion, forget, transfer

_LOGGER = logging.getLogger(__name__)


_EVERY_ROOT = 0
"""No root has this number: what is not about one of them."""


class Timetable:
    """Started and stopped by `Library`."""

    def __init__(
        self,
        store: LibraryContext,
        care: Curation,
        exports: ExportBook,
        thumbnails: ThumbnailBook,
    ) -> None:
        """Look after a library."""
        self._store = store
        self._care = care
        self._exports = exports
        self._thumbnails = thumbnails
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._workers: dict[str, DiskThread] = {}
        self._running: dict[str, Future[Any]] = {}

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(
            target=self._run, name="vtrack-keeper", daemon=True
        )
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End; what runs is asked to stop (`store.stopping`) and waited for."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        for worker in self._workers.values():
            worker.close()
        deadline = self._store.clock.monotonic() + seconds
        for worker in self._workers.values():
            worker.join(max(0.0, deadline - self._store.clock.monotonic()))

    def tend(self, root: Root) -> None:
        """Do the small things of a root whose files were looked at; blocks."""
        store = self._store
        if root.id not in store.settled:
            return
        if root.id in store.left or store.troubles.take_due(root.id):
            self._care.settle_soon(root)
        try:
            deletion.finish_deletions(store, root_id=root.id)
            transfer.settle_transfers(store, root)
            with store.on(root):
                journal_files.flush(store, root)
            self._exports.tidy(root)
        except NvrError as error:
            _LOGGER.debug("Upkeep of %s: %s", root.name, error)

    def tick(self) -> None:
        """Start what is due and not running; never blocks on a root."""
        store = self._store
        now_ms = store.clock.now_ms()
        bounds = store.bounds
        quiet = store.quiet_since
        if quiet is not None and store.clock.monotonic() - quiet > bounds.backup_quiet:
            _LOGGER.warning("A backup was never said to be over; the log is emptied")
            store.quiet_since = None
            store.db.checkpoint(automatic=True)
        room = self._care.room
        for root in store.guard.roots():
            if not store.guard.is_usable(root):
                continue
            if root.id not in store.settled:
                self._care.settle_soon(root)
                continue
            self._start(f"root {root.id}", partial(self.tend, root), root.worker)
            self._running[f"room {root.id}"] = room.wake(root)
        self._start("limits", room.note_limits)
        asks = any(root.room is RoomTrouble.ASKS for root in store.guard.roots())
        is_asked = self._care.braked is not None
        if self._is_due("retention", bounds.retention_interval_ms, now_ms) or (
            asks and not is_asked
        ):
            self._start("retention", partial(self._retain, now_ms))
        if self._is_due("move", bounds.retention_interval_ms, now_ms):
            self._running["move"] = self._care.mover.start()
            self._done("move", now_ms)
        if self._is_due("copy", bounds.copy_interval_ms, now_ms):
            self._start("copy", partial(self._copy, now_ms))
        if self._is_due("check", bounds.check_interval_ms, now_ms):
            self._start("check", partial(self._check, now_ms))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._attempt("", self.tick)
            self._store.clock.wait(self._wake, self._store.bounds.keeper_interval)

    def _retain(self, now_ms: int) -> None:
        self._care.retainer.run()
        self._done("retention", now_ms)

    def _copy(self, now_ms: int) -> None:
        forget.forget_old(self._store)
        self._care.copy_index_now()
        self._exports.expire()
        self._thumbnails.trim()
        self._done("copy", now_ms)

    def _check(self, now_ms: int) -> None:
        self._care.checker.full()
        self._done("check", now_ms)

    def _start(
        self,
        name: str,
        function: Callable[[], object],
        worker: DiskThread | None = None,
    ) -> None:
        running = self._running.get(name)
        if running is not None and not running.done():
            return
        if worker is None:
            worker = self._workers.setdefault(name, DiskThread(f"vtrack-{name}"))
        self._running[name] = worker.submit(self._attempt, name, function)

    def _attempt(self, name: str, function: Callable[[], object]) -> None:
        """Do a part of upkeep; one that failed rests, for longer each time."""
        troubles, subject = self._store.troubles, f"Upkeep {name}".strip()
        if troubles.is_waiting(_EVERY_ROOT, subject):
            return
        try:
            function()
        except Exception as error:  # noqa: BLE001 - told; a fault must not end upkeep
            troubles.failed(_EVERY_ROOT, subject, error)
        else:
            troubles.over(_EVERY_ROOT, subject)

    def _is_due(self, name: str, interval_ms: int, now_ms: int) -> bool:
        """Return whether the last time is long enough ago; the first time only notes now."""
        last = self._store.read(meta.get, f"done-{name}")
        if last is None:
            self._done(name, now_ms)
            return False
        # a clock that went back far must not stop upkeep until it has caught up
        return not 0 <= now_ms - int(last) < interval_ms

    def _done(self, name: str, now_ms: int) -> None:
        self._store.write(meta.put, f"done-{name}", str(now_ms))
