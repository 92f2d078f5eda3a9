"""The library: clips and index, shared by all NVRs, alive even when none answers.

`ledger` is what the engine sees (`core.sync.ports.EngineLedger`), `browse` is for people,
`care` deletes, protects, moves and checks, `exports` and `thumbnails` keep the books of
derived files. Everything that is awaited is safe on the
event loop; what blocks says so.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import wait
import logging
from pathlib import Path
import sqlite3
from zoneinfo import ZoneInfo

from ..clip_sink import MediaProbe
from ..clock import Clock, HostClock
from ..errors import ErrorKind, NvrError
from ..models import (
    CameraKey,
    NvrKey,
)
from ..policy import Waits
from .browser import Browser
from .claims import owner_at
from .context import LibraryContext
from .coverage_ledger import CoverageLedger
from .curation import Curation
from .disk_thread import DiskThread
from .event_line import EventLine
from .export_records import ExportBook
from .files import FileLayer
from .finder import Finder
from .guard import Guard, Root
from .index import (
    camera_rows,
    day_sums,
    history_rows,
    root_rows,
    share_rows,
    span_rows,
)
from .index.database import Database
from .index.opening import check_beside, needs_check, open_database
from .index.outbox import note
from .root_info import root_info
from .shares import ShareBook
from .thumbnail_records import ThumbnailBook
from .time_line import TimeLine
from .upkeep.retention_run import was_clock_kept
from .upkeep.timetable import Timetable
from .values import (
    IndexEvent,
    IndexEventKind,
    LibraryBounds,
    LibraryEvent,
    LibraryEventKind,
    LibraryHealth,
    NvrInfo,
    Retention,
    RootConfig,
    RootInfo,
)

_LOGGER = logging.getLogger(__name__)

_AWAY = frozenset(
    {
        ErrorKind.STORAGE_MISSING,
        ErrorKind.STORAGE_STALLED,
        ErrorKind.STORAGE_IN_USE,
    }
)


class Library:
    """One per process; `open` first, `close` last."""

    def __init__(  # noqa: PLR0913 - what tests and the shell hand in, each by name
        self,
        index_path: Path,
        roots: Sequence[RootConfig],
        *,
        clock: Clock,
        probe: MediaProbe,
        time_zone: str = "UTC",
        waits: Waits | None = None,
        bounds: LibraryBounds | None = None,
        files: FileLayer | None = None,
        trace: Callable[[str], None] | None = None,
        with_keeper: bool = True,
        cache: Path | None = None,
        owner: str = "",
    ) -> None:
        """Name the parts; nothing is opened or touched yet.

        `index_path` is the database file (on a local disk). The first of `roots` takes
        new footage unless a camera names another. `time_zone` (IANA) names folders and
        counts days. `with_keeper` False leaves upkeep to whoever calls `care`. `cache` is
        a local folder for what can be made again, else the index's own. `owner`
        is who claims the roots, by default the index's folder on this machine.
        """
        bounds = bounds or LibraryBounds()
        waits = waits or Waits()
        self._configs = tuple(roots)
        self._index_path = index_path
        self._with_keeper = with_keeper
        self._owner = owner
        files = files or FileLayer()
        self.clock = HostClock(clock)
        clock = self.clock
        guard = Guard(
            clock,
            files,
            bounds=bounds,
            answer_seconds=waits.storage_answer,
            on_attached=self._on_attached,
            on_change=self._on_storage_change,
            on_need=self._on_need,
        )
        store = LibraryContext(
            clock=self.clock,
            files=files,
            probe=probe,
            bounds=bounds,
            zone=ZoneInfo(time_zone),
            db=Database(
                index_path,
                batch_writes=bounds.batch_writes,
                batch_seconds=bounds.batch_seconds,
                trace=trace,
            ),
            guard=guard,
        )
        self._store = store
        self.browse = Browser(store)
        self.ledger = CoverageLedger(store, self.browse)
        self.care = Curation(store)
        self.time_line = TimeLine(store)
        self.events = EventLine(store)
        self.finder = Finder(store)
        self.exports = ExportBook(self._store, index_path.parent)
        self.shares = ShareBook(self._store)
        self.thumbnails = ThumbnailBook(self._store, cache or index_path.parent)
        self._keeper = Timetable(self._store, self.care, self.exports, self.thumbnails)
        self._checker = DiskThread("vtrack-index-check")
        self._events: tuple[IndexEvent, ...] = ()
        self._is_open = False

    # --- life -------------------------------------------------------------------------

    async def open(self) -> tuple[IndexEvent, ...]:
        """Open the index and begin to watch the roots; returns what was special.

        A damaged index is set aside and rebuilt from files and journals (in the
        background; cameras of which files are being adopted say so through
        `storage_problem`). Roots that do not answer within a few seconds are not waited
        for. Raises `INDEX_FAILED` where no index can be opened at all.
        """
        await asyncio.to_thread(self._open)
        return self._events

    def _open(self) -> None:
        store = self._store
        connection, self._events = open_database(
            self._index_path, store.clock, store.bounds, store.files
        )
        store.db.start(connection)
        if any(event.kind is IndexEventKind.REBUILT for event in self._events):
            store.write(
                share_rows.remove_all
            )  # a copy does not know which links were revoked
        self._is_open = True
        self.clock.begin(
            store.read(history_rows.newest_seen_ms),
            was_kept=store.read(was_clock_kept),
        )
        if self.clock.lead_ms:
            _LOGGER.warning(
                "The clock is %d s behind what was recorded before; live footage is"
                " marked until it is right",
                self.clock.lead_ms // 1000,
            )
        store.write(self._end_broken, store.clock.now_ms())
        self.exports.fail_broken()
        store.chosen_roots = store.read(camera_rows.chosen_roots)
        store.guard.claims.begin(self._owner or owner_at(self._index_path.parent))
        self._take_roots(self._configs)
        store.guard.start()
        self._set_zone(store.zone)
        if store.guard.wait_answered(store.bounds.open_wait):
            self.care.wait_settled(store.bounds.open_wait)
            self._tidy_exports()
        if needs_check(self._index_path, store.bounds):
            self._checker.submit(self._check_index)
        if self._with_keeper:
            self._keeper.start()

    def _tidy_exports(self) -> None:
        """Remove what an earlier process left; a root that hangs is not waited for."""
        store = self._store
        tidying = [
            root.worker.submit(self.exports.tidy, root)
            for root in store.guard.roots()
            if store.guard.is_usable(root)
        ]
        wait(tidying, timeout=store.bounds.open_wait)

    def _check_index(self) -> None:
        """Check a large index beside its use; damage is told and remembered."""
        if check_beside(self._index_path):
            return
        now_ms = self._store.clock.now_ms()
        self._events = (*self._events, IndexEvent(IndexEventKind.DAMAGED, now_ms))
        self._store.tell(LibraryEvent(LibraryEventKind.INDEX))

    @staticmethod
    def _end_broken(connection: sqlite3.Connection, now_ms: int) -> None:
        """Close what a killed process left open: runs, and stretches being fetched."""
        history_rows.end_broken_runs(connection, now_ms)
        span_rows.end_fetching(connection, now_ms)

    async def close(self) -> None:
        """End upkeep and threads, write what is queued, close the index."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        store = self._store
        pending = [
            root.worker.submit(self._farewell, root)
            for root in store.guard.roots()
            if store.guard.problem(root) is None
        ]
        patience = store.bounds.stop_wait / 4
        for asked in (self.time_line, self.events, self.finder):
            asked.close(patience / 3)
        wait(pending, timeout=patience)
        store.stopping.set()
        self._keeper.stop(patience)
        self.care.mover.stop(patience)
        self._checker.close()
        self._checker.join(patience)
        store.guard.stop(patience)
        store.db.close()

    def _farewell(self, root: Root) -> None:
        """Do the last things on a root."""
        self._keeper.tend(root)
        self._store.guard.give_up(root)

    async def take_over(self, root_id: int) -> None:
        """Use a storage that another Home Assistant used until now; a person says so.

        The other one stops at its next look. Raises `GONE` without such a root, and
        `STORAGE_FAILED` where nobody else uses it.
        """
        store = self._store
        root = store.guard.get(root_id)
        if root is None:
            raise NvrError(ErrorKind.GONE, "there is no such storage")
        problem = store.guard.problem(root)
        if problem is None or problem.kind is not ErrorKind.STORAGE_IN_USE:
            raise NvrError(ErrorKind.STORAGE_FAILED, "it is ours", where=root.name)
        store.guard.take_over(root)

    async def set_roots(self, roots: Sequence[RootConfig]) -> None:
        """Use other roots from now on; clips on those left out stay readable."""
        self._configs = tuple(roots)
        await asyncio.to_thread(self._change_roots)

    def _change_roots(self) -> None:
        bounds = self._store.bounds
        self._take_roots(self._configs)
        if self._store.guard.wait_answered(bounds.open_wait):
            self.care.wait_settled(bounds.open_wait)

    async def replace_storage(self, root_id: int) -> None:
        """Begin anew at a root's path: a person says that another storage is there now.

        Clips of the old one are *missing*: fetched again while a device has them, kept
        again should it come back, under whatever path. Raises `GONE` without such a root,
        and `STORAGE_FAILED` where its storage is not missing at all.
        """
        await asyncio.to_thread(self._replace, root_id)

    def _replace(self, root_id: int) -> None:
        store = self._store
        root = store.guard.get(root_id)
        problem = self.root_problem(root_id)
        if root is None:
            raise NvrError(ErrorKind.GONE, "there is no such storage")
        if problem is None or problem.kind is not ErrorKind.STORAGE_MISSING:
            raise NvrError(ErrorKind.STORAGE_FAILED, "it is there", where=root.name)
        path = root.path
        store.write(root_rows.set_aside, root_id)
        after: str | None = ""
        while after is not None:  # some in each transaction: others get their turn
            now_ms = store.clock.now_ms()
            after = store.write(root_rows.lose_some, root_id, now_ms, after)
        self._change_roots()
        new_id, keys = store.write(root_rows.take_over_root, root_id, str(path))
        for key in keys:
            store.chosen_roots[CameraKey(key)] = new_id
        store.tell(LibraryEvent(LibraryEventKind.STORAGE, root_id=new_id))

    async def set_time_zone(self, time_zone: str) -> None:
        """Name folders and count days in another time zone; old folders stay."""
        await asyncio.to_thread(self._set_zone, ZoneInfo(time_zone))

    def _set_zone(self, zone: ZoneInfo) -> None:
        self._store.zone = zone
        store = self._store
        others = store.read(camera_rows.ids_outside_zone, zone.key)
        for camera_id in others:
            store.write(day_sums.begin_recount, camera_id, zone)
        for camera_id in store.read(day_sums.being_recounted):
            # some in each transaction: others get their turn in between
            while store.write(day_sums.recount_some, camera_id):
                pass

    def subscribe(self, listener: Callable[[LibraryEvent], None]) -> Callable[[], None]:
        """Call `listener` on some worker thread whenever something changes.

        Returns how to end that.
        """
        self._store.listeners.append(listener)

        def end() -> None:
            if listener in self._store.listeners:
                self._store.listeners.remove(listener)

        return end

    # --- roots ------------------------------------------------------------------------

    def _take_roots(self, configs: Sequence[RootConfig]) -> None:
        store = self._store
        wanted = store.write(root_rows.configure, configs, store.clock.now_ms())
        known = {root.id: root for root in store.guard.roots()}
        for row in wanted:
            root = known.pop(row.id, None)
            if root is None or root.path != row.path:
                if root is not None:
                    store.guard.drop(root.id)
                store.guard.add(row)
                store.settled.discard(row.id)
                store.opened.discard(row.id)
            else:
                root.name, root.floor_bytes = row.name, row.floor_bytes
                root.applied_floor_bytes = row.applied_floor_bytes
                root.position, root.is_current = row.position, row.is_current
        for root_id in known:
            store.guard.drop(root_id)

    def _on_attached(self, root: Root, found: str) -> None:
        store = self._store
        new_id = store.write(root_rows.attach, root.id, found)
        if new_id != root.id:
            for key, chosen in tuple(store.chosen_roots.items()):
                if chosen == root.id:
                    store.chosen_roots[key] = new_id
            store.settled.discard(new_id)
            store.opened.discard(new_id)
            store.guard.renumber(root, new_id)

    def _on_need(self, root: Root) -> None:
        self.care.room.wake(root)

    def _on_storage_change(self, root: Root) -> None:
        store = self._store
        problem = store.guard.problem(root)
        if problem is not None and problem.kind in _AWAY:
            store.settled.discard(root.id)  # nobody knows what is there when it is back
        if store.guard.is_usable(root):
            store.troubles.forget(root.id)
            self.care.settle_soon(root)
        store.tell(
            LibraryEvent(LibraryEventKind.STORAGE, root_id=root.id, problem=problem)
        )

    async def roots(self) -> tuple[RootInfo, ...]:
        """Return the roots with cached health and what lies on them."""
        return (await self.health()).roots

    async def health(self) -> LibraryHealth:
        """Return the state of roots, index and upkeep; touches no root."""
        store = self._store
        rows = await self._store.async_read(root_rows.usage, store.clock.now_ms())
        is_damaged = any(event.kind is IndexEventKind.DAMAGED for event in self._events)
        return LibraryHealth(
            roots=tuple(
                root_info(root, rows.get(root.id), store.guard.problem(root))
                for root in store.guard.roots()
            ),
            index_events=self._events,
            is_checking=self.care.checker.is_running,
            braked=self.care.braked,
            full_of_protected=self.care.retainer.full_roots,
            index_bytes=await asyncio.to_thread(
                lambda: store.files.size(self._index_path) or 0
            ),
            last_check=self.care.checker.last,
            problem=ErrorKind.INDEX_FAILED if is_damaged else None,
        )

    def root_problem(self, root_id: int) -> NvrError | None:
        """Return why a root cannot be read or written, from cached health."""
        root = self._store.guard.get(root_id)
        if root is None:
            return NvrError(ErrorKind.STORAGE_MISSING, "storage is not configured")
        return self._store.guard.problem(root)

    # --- NVRs and cameras -------------------------------------------------------------

    async def register_nvr(self, key: NvrKey, name: str) -> NvrInfo:
        """Add an NVR, or rename it; its folder is chosen once and stays."""
        return await self._store.async_write(camera_rows.register_nvr, key, name)

    async def register_camera(
        self, nvr: NvrKey, key: CameraKey, name: str, *, root_id: int | None = None
    ) -> None:
        """Add a camera of a registered NVR, or rename it; a former one comes back.

        Its folder is chosen once and stays. `root_id` is where new clips go, None the
        first root.
        """
        store = self._store

        def register(connection: sqlite3.Connection) -> None:
            row = camera_rows.register_camera(
                connection, nvr, key, name, store.zone.key
            )
            camera_rows.set_root(connection, row["id"], root_id)
            for root in store.guard.roots():
                if root.is_current:
                    fact = root_rows.camera_fact(connection, row["id"])
                    note(connection, row["id"], root.id, fact)

        await self._store.async_write(register)
        store.chosen_roots[key] = root_id

    async def retire_camera(self, key: CameraKey) -> None:
        """Say that a camera is no longer configured; its clips stay browsable."""
        await self._store.async_write(camera_rows.retire_camera, key)

    async def retire_nvr(self, key: NvrKey) -> None:
        """Say that an NVR and its cameras are no longer configured."""
        await self._store.async_write(camera_rows.retire_nvr, key)

    async def set_retention(self, camera: CameraKey, retention: Retention) -> None:
        """Set a camera's limits; making them stricter asks a person before it deletes."""
        now_ms = self._store.clock.now_ms()
        await self._store.async_write(
            camera_rows.set_retention, camera, retention, now_ms
        )

    # --- the index itself -------------------------------------------------------------

    async def pre_backup(self) -> bool:
        """Bring the database file up to date and keep it still until `post_backup`.

        Sync goes on in the write-ahead log. Should the end never be told, the quiet ends
        by itself after `bounds.backup_quiet` seconds. False where a checkpoint was not possible.
        """
        self._store.quiet_since = self._store.clock.monotonic()
        return await asyncio.wrap_future(self._store.db.checkpoint(automatic=False))

    async def post_backup(self) -> None:
        """End the quiet; the log is copied into the database again from now on."""
        self._store.quiet_since = None
        await asyncio.wrap_future(self._store.db.checkpoint(automatic=True))
