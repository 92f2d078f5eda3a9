"""Rows and files, compared: fast whenever a root comes (back), full every week.

All blocks; a file that is not ours is reported and never touched.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
import logging
import sqlite3
import threading

from ...clip_sink import ClipStart
from ...errors import NvrError
from ...models import CameraKey, ClipFacts, ClipSource, ClipState
from .. import journal_files
from ..context import LibraryContext
from ..files import FolderEntry
from ..guard import Root
from ..index import camera_rows, clip_rows, database, folder_rows, meta, transfer_rows
from ..index.camera_rows import find_era
from ..naming import JOURNAL
from ..sink import settle
from ..upkeep_values import CheckReport
from ..values import LibraryEvent, LibraryEventKind
from . import deletion, folder_owner, forget, journal_tidy, salvage, transfer
from .compare import Result, compare_folder

_LOGGER = logging.getLogger(__name__)

_NAMED_FOREIGN = 100


class Checker:
    """Does both comparisons, one at a time."""

    def __init__(self, store: LibraryContext) -> None:
        """Compare the roots of a library with its index."""
        self._store = store
        self._lock = threading.Lock()
        self._running = 0
        self.last: CheckReport | None = None

    @property
    def is_running(self) -> bool:
        """Files are being compared or adopted right now."""
        return self._running > 0

    @contextmanager
    def _shown(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def fast(self, root: Root) -> CheckReport:
        """Settle what a crash left, and see whether the index is as new as the root.

        Cameras whose journal knows more (or that the index does not know at all) are
        compared file by file; meanwhile `storage_problem` says so. Raises a storage error
        where the root goes away in between; what was done stays done.
        """
        store = self._store
        with root.check_lock, store.on(root):
            store.guard.check_marker(root)
            older = self._older(root)
            report = CheckReport()
            if older:
                _LOGGER.warning(
                    "The index is older than storage %s: adopting %d camera(s)",
                    root.name,
                    len(older),
                )
                store.adopting.add(root.id)
                store.write(database.leap, "clip", store.clock.now_ms())
                store.write(database.leap, "export", store.clock.now_ms())
                try:
                    with self._shown():
                        for camera, folder in older:
                            with store.apart(root, folder):
                                found = self._compare(
                                    root, camera, folder, is_older=True
                                )
                                report = _added(report, found)
                finally:
                    store.adopting.discard(root.id)
            store.settled.add(root.id)
            store.opened.add(root.id)
            kept, dropped = salvage.settle_writing(store, root)
            finished = deletion.finish_deletions(store, root_id=root.id)
            with store.apart(root, "Moves"):
                transfer.settle_transfers(store, root)
            journal_files.flush(store, root)
        if older:
            store.tell(LibraryEvent(LibraryEventKind.INDEX, root_id=root.id))
        return replace(
            report,
            salvaged=report.salvaged + kept,
            stale_parts=report.stale_parts + dropped,
            deletions_finished=finished,
        )

    def full(self) -> CheckReport:
        """Compare every file of every root that can be used with the rows."""
        store = self._store
        report = CheckReport()
        skipped: list[int] = []
        with self._shown():
            for root in store.guard.roots():
                try:
                    store.root(root.id)
                    self.fast(root)
                    with root.check_lock, store.on(root):
                        report = self._full(root, report)
                except NvrError as error:
                    _LOGGER.warning("Storage %s was not checked: %s", root.name, error)
                    skipped.append(root.id)
                if store.stopping.is_set():
                    break
            deletion.finish_deletions(store)
        self.last = replace(report, skipped_roots=tuple(skipped))
        store.tell(LibraryEvent(LibraryEventKind.INDEX))
        return self.last

    def _full(self, root: Root, report: CheckReport) -> CheckReport:
        store = self._store
        folders, foreign = self._folders(root)
        report = replace(
            report,
            foreign=(*report.foreign, *foreign)[:_NAMED_FOREIGN],
            foreign_count=report.foreign_count + len(foreign),
        )
        vanished = store.read(folder_rows.folders_with_clips, root.id)
        for folder in sorted({*folders, *vanished}):
            if store.stopping.is_set():
                break
            store.guard.check_marker(root)
            with store.apart(root, folder):
                report = self._full_folder(root, folder, report)
        return report

    def _full_folder(self, root: Root, folder: str, report: CheckReport) -> CheckReport:
        store = self._store
        camera = folder_owner.owner_of(store, root, folder)
        if camera is None:
            return replace(
                report,
                foreign=(*report.foreign, folder)[:_NAMED_FOREIGN],
                foreign_count=report.foreign_count + 1,
            )
        report = _added(report, self._compare(root, camera, folder, is_older=False))
        camera_id = store.read(camera_rows.camera_id, camera)
        forget.condense_past(store, camera_id)
        journal_tidy.tidy(store, root, camera_id)
        return report

    def _compare(
        self, root: Root, camera: CameraKey, folder: str, *, is_older: bool
    ) -> CheckReport:
        result = compare_folder(self._store, root, camera, folder, is_older=is_older)
        salvaged, stale = self._settle_parts(root, camera, result)
        return CheckReport(
            adopted=result.adopted,
            missing=result.missing,
            returned=result.returned,
            salvaged=salvaged,
            stale_parts=stale,
            foreign=tuple(result.foreign[:_NAMED_FOREIGN]),
            foreign_count=len(result.foreign),
        )

    def _folders(self, root: Root) -> tuple[list[str], list[str]]:
        """Return `<nvr>/<camera>` of all camera folders, and what else lies there."""
        store, files = self._store, self._store.files
        cameras: list[str] = []
        foreign: list[str] = []
        entries: list[FolderEntry] = []
        with store.apart(root, "The folder of all recordings"):
            entries = files.list(root.folder)
        for nvr in entries:
            if nvr.name.startswith("."):
                continue  # the marker, and exports
            if not nvr.is_folder:
                foreign.append(nvr.name)
                continue
            with store.apart(root, nvr.name):
                for camera in files.list(root.folder / nvr.name):
                    path = f"{nvr.name}/{camera.name}"
                    (cameras if camera.is_folder else foreign).append(path)
        return cameras, foreign

    def _older(self, root: Root) -> list[tuple[CameraKey, str]]:
        """Return the cameras of which the root knows more than the index."""
        store = self._store
        found: list[tuple[CameraKey, str]] = []
        known = store.read(folder_rows.known_folders)
        for folder in self._folders(root)[0]:
            with store.apart(root, f"{folder} (whose it is)"):
                if folder in known:
                    journal = root.folder / folder / JOURNAL
                    camera_id, _key = known[folder]
                    if not journal_files.is_ahead(store, root, camera_id, journal):
                        continue
                elif store.read(
                    partial(folder_rows.has_clips, folder=folder, root_id=root.id)
                ):
                    continue
                camera = folder_owner.owner_of(store, root, folder)
                if camera is not None:
                    found.append((camera, folder))
        return found

    def _settle_parts(
        self, root: Root, camera: CameraKey, result: Result
    ) -> tuple[int, int]:
        """Turn unfinished files no row knows into clips; returns (salvaged, removed).

        One that changed within the hour may be written by another Home Assistant, and is
        left alone. One that holds nothing playable goes when it has not changed for a day.
        """
        store = self._store
        rows = store.read(clip_rows.in_state, ClipState.FETCHING)
        known = {row["part"] for row in rows} | store.read(transfer_rows.part_paths)
        salvaged = removed = 0
        now_ms = store.clock.now_ms()
        before_ms = now_ms - store.bounds.stale_part_ms
        is_fresh = self._freshness(root, now_ms)
        for path, changed_ms in result.leftovers:
            if changed_ms < before_ms:
                store.files.remove(root.folder / path)
                removed += 1
        for path, changed_ms in result.parts:
            if path in known:
                continue
            if is_fresh(changed_ms):
                self._check_again_soon(now_ms)
                continue
            start = ClipStart(camera, 0, 0, 0, ClipSource.REPLAY)
            try:
                facts = store.probe.salvage(root.folder / path, start)
            except NvrError as error:
                store.forgive(root, error)
                continue  # finished or removed meanwhile, or on a bad sector
            if facts is None:
                if changed_ms < before_ms:
                    store.files.remove(root.folder / path)
                    removed += 1
                continue
            self._enter_part(root, start, facts, path)
            salvaged += 1
        return salvaged, removed

    def _freshness(self, root: Root, now_ms: int) -> Callable[[int], bool]:
        """Return whether a change lies so near that another may be writing.

        By our clock or by the storage's. Where nobody else was, it is not asked.
        """
        if root.watch.was_ours:
            return lambda _changed_ms: False
        store = self._store
        store.guard.check_thoroughly(root)
        there_ms = store.files.changed_ms(root.marker) or now_ms
        near_ms = store.bounds.fresh_part_ms
        return lambda changed_ms: (
            min(abs(now_ms - changed_ms), abs(there_ms - changed_ms)) < near_ms
        )

    def _check_again_soon(self, now_ms: int) -> None:
        """Let the next full comparison come when the parts are no longer fresh."""
        bounds = self._store.bounds
        done_ms = now_ms - bounds.check_interval_ms + 2 * bounds.fresh_part_ms
        self._store.write(meta.put, "done-check", str(done_ms))

    def _enter_part(
        self, root: Root, start: ClipStart, facts: ClipFacts, path: str
    ) -> None:
        store = self._store

        def enter(connection: sqlite3.Connection) -> tuple[int, int]:
            camera_id = camera_rows.camera_id(connection, start.camera)
            era_id = find_era(connection, camera_id, facts, None)
            begun = replace(
                start,
                utc_start_ms=facts.range.start_ms,
                device_start_ms=facts.device_start_ms,
                era_id=era_id,
            )
            clip_id = clip_rows.insert_fetching(
                connection, begun, camera_id, root.id, store.clock.now_ms()
            )
            clip_rows.set_part(connection, clip_id, path)
            return clip_id, era_id

        clip_id, era_id = store.write(enter)
        store.files.sync_file(root.folder / path)
        name = path.rpartition("/")[2]
        settle(store, root, clip_id, replace(facts, era_id=era_id), name)


def _added(left: CheckReport, right: CheckReport) -> CheckReport:
    return CheckReport(
        adopted=left.adopted + right.adopted,
        salvaged=left.salvaged + right.salvaged,
        missing=left.missing + right.missing,
        returned=left.returned + right.returned,
        stale_parts=left.stale_parts + right.stale_parts,
        foreign=(*left.foreign, *right.foreign)[:_NAMED_FOREIGN],
        foreign_count=left.foreign_count + right.foreign_count,
        deletions_finished=left.deletions_finished + right.deletions_finished,
    )
