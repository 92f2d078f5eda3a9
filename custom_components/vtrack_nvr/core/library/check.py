"""Rows and files, compared: fast whenever a root comes (back), full every week.

All blocks; a file that is not ours is reported and never touched.
"""

from dataclasses import replace
import logging
import sqlite3
import threading

from ..clips import ClipStart
from ..errors import NvrError
from ..ledger import ABSENT_NOT_LISTED
from ..models import CameraKey, ClipFacts, ClipSource, ClipState, NvrKey
from . import deletion, index_cameras, index_clips, journals, salvage, transfer
from .adopt import Result, compare_folder, find_era
from .guard import Root
from .journal import Fact, FactKind
from .naming import JOURNAL, SUFFIX, is_day
from .roots import camera_fact
from .sink import note_clip, settle
from .store import Store, note
from .values import CheckReport, LibraryEvent, LibraryEventKind

_LOGGER = logging.getLogger(__name__)

_NAMED_FOREIGN = 100


class Checker:
    """Does both comparisons, one at a time."""

    def __init__(self, store: Store) -> None:
        """Compare the roots of a library with its index."""
        self._store = store
        self._lock = threading.Lock()
        self.last: CheckReport | None = None
        self.is_running = False

    def fast(self, root: Root) -> CheckReport:
        """Settle what a crash left, and see whether the index is as new as the root.

        Cameras whose journal knows more (or that the index does not know at all) are
        compared file by file; meanwhile `storage_problem` says so. Raises a storage error
        where the root goes away in between; what was done stays done.
        """
        store = self._store
        with self._lock, store.on(root):
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
                self.is_running = True
                try:
                    for camera, folder in older:
                        report = _added(
                            report, self._compare(root, camera, folder, is_older=True)
                        )
                finally:
                    self.is_running = False
                    store.adopting.discard(root.id)
            store.settled.add(root.id)
            kept, dropped = salvage.settle_writing(store, root)
            finished = deletion.finish_deletions(store, root_id=root.id)
            transfer.settle_transfers(store, root)
            journals.flush(store, root)
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
        self.is_running = True
        try:
            for root in store.guard.roots():
                try:
                    store.root(root.id)
                    self.fast(root)
                    with self._lock, store.on(root):
                        report = self._full(root, report)
                except NvrError as error:
                    _LOGGER.warning("Storage %s was not checked: %s", root.name, error)
                    skipped.append(root.id)
                if store.stopping.is_set():
                    break
            transfer.promote_copies(store)
            deletion.finish_deletions(store)
        finally:
            self.is_running = False
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
        for folder in folders:
            if store.stopping.is_set():
                break
            store.guard.check_marker(root)
            camera = self._camera_of(root, folder)
            if camera is None:
                report = replace(
                    report,
                    foreign=(*report.foreign, folder)[:_NAMED_FOREIGN],
                    foreign_count=report.foreign_count + 1,
                )
                continue
            report = _added(report, self._compare(root, camera, folder, is_older=False))
            camera_id = store.read(lambda c, k=camera: index_cameras.camera_id(c, k))  # type: ignore[misc]
            journal = root.folder / folder / JOURNAL
            if store.files.exists(journal):
                journals.compact(store, root, camera_id, journal)
            else:
                store.write(lambda c, n=camera_id: _tell_again(c, n, root.id))  # type: ignore[misc]
                journals.flush(store, root)
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
        files = self._store.files
        cameras: list[str] = []
        foreign: list[str] = []
        for nvr in files.list(root.folder):
            if not nvr.is_folder:
                if not nvr.name.startswith("."):
                    foreign.append(nvr.name)
                continue
            for camera in files.list(root.folder / nvr.name):
                path = f"{nvr.name}/{camera.name}"
                (cameras if camera.is_folder else foreign).append(path)
        return cameras, foreign

    def _older(self, root: Root) -> list[tuple[CameraKey, str]]:
        """Return the cameras of which the root knows more than the index."""
        store = self._store
        found: list[tuple[CameraKey, str]] = []
        known = store.read(
            lambda c: {
                f"{row[0]}/{row[1]}": (row[2], CameraKey(row[3]))
                for row in c.execute(
                    "select nvr.folder, camera.folder, camera.id, camera.key"
                    " from camera join nvr on nvr.id = camera.nvr_id"
                )
            }
        )
        for folder in self._folders(root)[0]:
            journal = root.folder / folder / JOURNAL
            if folder in known:
                camera_id, key = known[folder]
                if journals.is_ahead(store, root, camera_id, journal):
                    found.append((key, folder))
                continue
            camera = self._camera_of(root, folder)
            if camera is not None and not self._has_rows(root, folder):
                found.append((camera, folder))
        return found

    def _has_rows(self, root: Root, folder: str) -> bool:
        return self._store.read(
            lambda c: (
                c.execute(
                    "select 1 from clip where root_id = ? and path >= ? and path < ?",
                    (root.id, f"{folder}/", f"{folder}0"),
                ).fetchone()
                is not None
            )
        )

    def _camera_of(self, root: Root, folder: str) -> CameraKey | None:
        """Return whose folder it is, by index, journal or its files; None: nobody's.

        A camera the index does not know is registered as a former one.
        """
        store = self._store
        nvr_folder, camera_folder = folder.split("/")
        row = store.read(
            lambda c: c.execute(
                "select camera.key from camera join nvr on nvr.id = camera.nvr_id"
                " where nvr.folder = ? and camera.folder = ?",
                (nvr_folder, camera_folder),
            ).fetchone()
        )
        if row is not None:
            return CameraKey(row["key"])
        said = journals.read(store, root.folder / folder / JOURNAL).camera
        if said is not None:
            key, name = CameraKey(str(said["key"])), str(said["name"])
            nvr, nvr_name = NvrKey(str(said["nvr"])), str(said["nvr_name"])
        else:
            found = self._camera_in_files(root, folder)
            if found is None:
                return None
            key, name = found, camera_folder
            nvr, nvr_name = NvrKey(str(found).rpartition("/")[0]), nvr_folder

        def register(connection: sqlite3.Connection) -> None:
            if connection.execute(
                "select 1 from camera where key = ?", (key,)
            ).fetchone():
                return
            is_new = not connection.execute(
                "select 1 from nvr where key = ?", (nvr,)
            ).fetchone()
            if is_new:
                index_cameras.register_nvr(connection, nvr, nvr_name, nvr_folder)
                connection.execute("update nvr set is_former = 1 where key = ?", (nvr,))
            index_cameras.register_camera(
                connection, nvr, key, name, store.zone.key, camera_folder
            )
            index_cameras.retire_camera(connection, key)

        store.write(register)
        return key

    def _camera_in_files(self, root: Root, folder: str) -> CameraKey | None:
        files = self._store.files
        for day in files.list(root.folder / folder):
            if not (day.is_folder and is_day(day.name)):
                continue
            for found in files.list(root.folder / folder / day.name):
                if found.name.endswith(SUFFIX) and not found.name.startswith("."):
                    clip = self._store.probe.read_clip(
                        root.folder / folder / day.name / found.name
                    )
                    if clip is not None:
                        return clip.camera
        return None

    def _settle_parts(
        self, root: Root, camera: CameraKey, result: Result
    ) -> tuple[int, int]:
        """Turn unfinished files no row knows into clips; returns (salvaged, removed).

        One that holds nothing playable goes when it has not changed for a day.
        """
        store = self._store
        rows = store.read(lambda c: index_clips.in_state(c, ClipState.FETCHING))
        known = {row["part"] for row in rows} | {
            row[0]
            for row in store.read(
                lambda c: c.execute(
                    "select part from transfer where part is not null"
                ).fetchall()
            )
        }
        salvaged = removed = 0
        before_ms = store.clock.now_ms() - store.bounds.stale_part_ms
        for path, changed_ms in result.leftovers:
            if changed_ms < before_ms:
                store.files.remove(root.folder / path)
                removed += 1
        for path, changed_ms in result.parts:
            if path in known:
                continue
            start = ClipStart(camera, 0, 0, 0, ClipSource.REPLAY)
            facts = store.probe.salvage(root.folder / path, start)
            if facts is None:
                if changed_ms < before_ms:
                    store.files.remove(root.folder / path)
                    removed += 1
                continue
            self._enter_part(root, start, facts, path)
            salvaged += 1
        return salvaged, removed

    def _enter_part(
        self, root: Root, start: ClipStart, facts: ClipFacts, path: str
    ) -> None:
        store = self._store

        def enter(connection: sqlite3.Connection) -> tuple[int, int]:
            camera_id = index_cameras.camera_id(connection, start.camera)
            era_id = find_era(connection, camera_id, facts, None)
            begun = replace(
                start,
                utc_start_ms=facts.range.start_ms,
                device_start_ms=facts.device_start_ms,
                era_id=era_id,
            )
            clip_id = index_clips.insert_fetching(
                connection, begun, camera_id, root.id, store.clock.now_ms()
            )
            index_clips.set_part(connection, clip_id, path)
            return clip_id, era_id

        clip_id, era_id = store.write(enter)
        store.files.sync_file(root.folder / path)
        name = path.rpartition("/")[2]
        settle(store, root, clip_id, replace(facts, era_id=era_id), name)


def _tell_again(connection: sqlite3.Connection, camera_id: int, root_id: int) -> None:
    """Queue for a journal that somebody deleted all that the index can tell."""
    connection.execute(
        "delete from outbox where camera_id = ? and root_id = ?", (camera_id, root_id)
    )
    journals.set_known(
        connection,
        camera_id,
        root_id,
        journals.known_sequence(connection, camera_id, root_id),
        0,
    )
    note(connection, camera_id, root_id, camera_fact(connection, camera_id))
    for row in connection.execute(
        "select id, path, is_protected, note from clip where camera_id = ?"
        " and root_id = ? and state = 'complete' order by start_ms, id",
        (camera_id, root_id),
    ).fetchall():
        note_clip(connection, row["id"])
        if row["is_protected"]:
            values = {"path": row["path"], "on": True, "note": row["note"]}
            note(connection, camera_id, root_id, Fact(FactKind.PROTECT, values))
    for row in connection.execute(
        "select start_ms, end_ms, state, reason from coverage where camera_id = ?"
        " and (state in ('lost', 'removed') or (state = 'absent' and reason <> ?))",
        (camera_id, ABSENT_NOT_LISTED),
    ).fetchall():
        values = {
            "state": row["state"],
            "reason": row["reason"],
            "ranges": [[row["start_ms"], row["end_ms"]]],
        }
        note(connection, camera_id, root_id, Fact(FactKind.SPAN, values))


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
