"""A year of a storage in memory: the real rooms, disks that lie, no threads, no files.

What is measured is what really happened: a disk knows what is on it whatever it says, and
the true time goes on whatever the clock says.
"""

# Reads private members: a year of upkeep runs on one thread.

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
import errno
from pathlib import Path
import random
import sqlite3
from typing import Any, override
from zoneinfo import ZoneInfo

from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.clock import HostClock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import HOUR_MS
from custom_components.vtrack_nvr.core.library.context import LibraryContext
from custom_components.vtrack_nvr.core.library.files import (
    FileLayer,
    Space,
    storage_error,
)
from custom_components.vtrack_nvr.core.library.guard import Guard, Root, marker_text
from custom_components.vtrack_nvr.core.library.index import (
    camera_rows,
    clip_rows,
    opening,
    root_rows,
)
from custom_components.vtrack_nvr.core.library.upkeep.account import budget_bytes
from custom_components.vtrack_nvr.core.library.upkeep.retention_run import Retainer
from custom_components.vtrack_nvr.core.library.upkeep.room import RoomMaker
from custom_components.vtrack_nvr.core.library.upkeep.transfer import Mover
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource

from .rig import CAMERA, DAY, HOUR, NOW, NVR, ManualClock, TextProbe, make_facts

GB = 10**9


class Inline:
    """A worker that does at once what it is given."""

    def submit(
        self, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  handed on to who asked
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is queued."""

    def join(self, _seconds: float) -> bool:
        return True


class Database:
    """The index in memory, on the caller's thread."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("pragma foreign_keys=on")
        opening.migrate(self.connection)

    def read(
        self, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(self.connection, *args, **kwargs))
        return future

    write = read


class SteadyClock(ManualClock):
    """Both clocks stand still until a test moves them."""

    @override
    def monotonic(self) -> float:
        return self.skipped


@dataclass
class Disk:
    """What is on a disk, and what it says of that."""

    total: int
    says: Callable[[Disk], tuple[int, int]] | None = None
    other: int = 0
    """What another program holds."""
    quota: int | None = None
    keeps_deleted: bool = False
    """A recycle bin, or snapshots."""
    refuses: Callable[[str], bool] = lambda _path: False
    is_read_only: bool = False
    is_away: bool = False
    files: dict[str, int] = field(default_factory=dict)
    binned: int = 0

    @property
    def used(self) -> int:
        return sum(self.files.values()) + self.binned + self.other

    @property
    def free(self) -> int:
        room = self.total - self.used
        if self.quota is not None:
            room = min(room, self.quota - sum(self.files.values()) - self.binned)
        return max(0, room)

    @property
    def is_honest(self) -> bool:
        return self.says is None and self.quota is None

    def space(self) -> Space:
        free, total = (
            self.says(self) if self.says else (self.total - self.used, self.total)
        )
        return Space(max(0, free), total, self.is_read_only)


class Disks(FileLayer):
    """File systems in memory; a path below a root's is that root's."""

    def __init__(self, disks: dict[Path, Disk]) -> None:
        self.disks = disks
        self.markers: dict[Path, bytes] = {}
        self.on_removed: Callable[[str, int], None] = lambda _path, _size: None

    def disk(self, path: Path) -> Disk:
        for folder, disk in self.disks.items():
            if path.is_relative_to(folder):
                if disk.is_away:
                    raise storage_error(OSError(errno.ENODEV, "gone"), path.name)
                return disk
        raise AssertionError(path)

    @override
    def exists(self, path: Path) -> bool:
        return str(path) in self.disk(path).files

    @override
    def size(self, path: Path) -> int | None:
        return self.disk(path).files.get(str(path))

    @override
    def space(self, folder: Path) -> Space:
        return self.disk(folder).space()

    @override
    def read(self, path: Path, limit: int = 0, offset: int = 0) -> bytes:
        self.disk(path)
        if path not in self.markers:
            raise storage_error(OSError(errno.ENOENT, "no such file"), path.name)
        return self.markers[path]

    @override
    def put(self, path: Path, data: bytes) -> None:
        self.disk(path)
        self.markers[path] = data

    def write_clip(self, path: Path, size: int) -> None:
        disk = self.disk(path)
        if size > disk.free:
            raise storage_error(OSError(errno.ENOSPC, "no space"), path.name)
        disk.files[str(path)] = size

    @override
    def make_folder(self, folder: Path, below: Path) -> None:
        self.disk(folder)

    @override
    def touch(self, path: Path) -> None:
        if self.disk(path).is_read_only:
            raise storage_error(OSError(errno.EROFS, "read-only"), path.name)

    @override
    def sync_folder(self, folder: Path) -> None:
        self.disk(folder)

    @override
    def remove(self, path: Path) -> None:
        disk = self.disk(path)
        if disk.is_read_only or disk.refuses(str(path)):
            raise storage_error(PermissionError(errno.EACCES, "denied"), path.name)
        size = disk.files.pop(str(path), 0)
        disk.binned += size if disk.keeps_deleted else 0
        if size and path.suffix == ".mp4":
            self.on_removed(str(path), size)

    @override
    def remove_durably(self, path: Path) -> None:
        self.remove(path)

    @override
    def remove_empty_folder(self, folder: Path) -> bool:
        return False

    @override
    def rename_new(self, source: Path, target: Path) -> None:
        files = self.disk(source).files
        files[str(target)] = files.pop(str(source))

    @override
    def copy(self, source: Path, target: Path, proceed: Callable[[], bool]) -> str:
        self.write_clip(target, self.disk(source).files[str(source)])
        return "hash"

    @override
    def sha256(self, path: Path) -> str:
        return "hash"


@dataclass
class Removal:
    """A clip that was removed: when in truth, how much, and whether it had aged."""

    at_h: float
    size: int
    root_id: int
    is_expected: bool


class YearRig:
    """A camera that records, clip after clip, to the first of some disks."""

    def __init__(
        self,
        disks: list[Disk],
        retention: Retention,
        *,
        step_h: float,
        mbit: float,
        floor: int = 5 * GB,
    ) -> None:
        folders = [Path(f"/disk{number}") for number in range(len(disks))]
        self.disks, self.step_h = disks, step_h
        self.size = int(mbit * 1e6 / 8 * step_h * 3600)
        self.clock = SteadyClock()
        self.clock.is_kept = True
        self.files = Disks(dict(zip(folders, disks, strict=True)))
        self.bounds = LibraryBounds(
            clip_reserve_bytes=self.size,
            proof_bytes=self.size,
            brake_slack_bytes=2 * self.size,
            move_patience=3 * step_h * 3600,
        )
        self.db = Database()
        self.guard = Guard(
            self.clock,
            self.files,
            bounds=self.bounds,
            answer_seconds=30,
            on_attached=lambda _root, _found: None,
            on_change=lambda _root: None,
            on_need=self._needed,
        )
        self.store = LibraryContext(
            clock=HostClock(self.clock),
            files=self.files,
            probe=TextProbe(),
            bounds=self.bounds,
            zone=ZoneInfo("UTC"),
            db=self.db,
            guard=self.guard,
        )
        self.configs = [
            RootConfig(folder, str(folder), floor if number == 0 else 0)
            for number, folder in enumerate(folders)
        ]
        self.true_h = 0.0
        self.next_id = 1
        self.removals: list[Removal] = []
        self.written: list[tuple[float, int, int]] = []
        self.refused: list[float] = []
        self.protected: set[int] = set()
        self.retention = retention
        self.begin()

    def begin(self) -> None:
        """Start, or start again: what is in memory is forgotten."""
        connection = self.db.connection
        for root in self.guard.roots():
            self.guard.drop(root.id)
        for row in root_rows.configure(connection, self.configs, self.clock.now_ms()):
            row.is_marked = True
            row.looker = row.worker = row.roomer = Inline()
            self.files.markers[row.marker] = marker_text(row.uuid)
            self.guard.add(row)
            self.store.settled.add(row.id)
        if not connection.execute("select 1 from camera").fetchone():
            camera_rows.register_nvr(connection, NVR, "Recorder")
            camera_rows.register_camera(connection, NVR, CAMERA, "Garden", "UTC")
            camera_rows.set_retention(
                connection, CAMERA, self.retention, self.clock.now_ms()
            )
        self.store.refused.clear()
        self.mover = Mover(self.store)
        self.mover._worker = Inline()
        self.room = RoomMaker(self.store, self.mover)
        self.retainer = Retainer(self.store, self.room)
        self.files.on_removed = self._removed
        self.look()

    @property
    def root(self) -> Root:
        return self.guard.roots()[0]

    def _needed(self, root: Root) -> None:
        self.woken = root  # a look never does the work itself

    def look(self) -> None:
        for root in self.guard.roots():
            root.looking_since = self.clock.monotonic()
            self.guard._visit(root)

    def _removed(self, path: str, size: int) -> None:
        row = self.db.connection.execute(
            "select clip.*, root.path as root_path from clip"
            " join root on root.id = clip.root_id"
            " where root.path || '/vtrack_nvr/' || clip.path = ?",
            (path,),
        ).fetchone()
        if row is None:
            return  # the old file of one that was moved
        assert row["state"] == "deleting", "nothing goes before its row says so"
        assert row["id"] not in self.protected, "a protected clip is gone"
        assert row["id"] not in self.store.readers, "a clip went that somebody reads"
        self.removals.append(
            Removal(self.true_h, size, row["root_id"], row["cause"] == "age")
        )

    def tick(self, *, clock_h: float | None = None, is_running: bool = True) -> None:
        """Let time pass, in truth and on the clock, and do upkeep."""
        self.true_h += self.step_h
        hours = self.step_h if clock_h is None else clock_h
        self.clock.utc_ms += int(hours * HOUR_MS)
        self.clock.skipped += self.step_h * 3600
        if is_running:
            self.look()
            if self.true_h % 24 < self.step_h:
                self.retainer.run()
            for root in self.guard.roots():
                self.room.wake(root)
            self.mover.start()
            self.look()

    def record(self) -> bool:
        """Write a clip as a writer does; False: refused."""
        now_ms = self.clock.now_ms()
        start_ms = now_ms - int(self.step_h * HOUR_MS)
        root = self.root
        try:
            self.store.require_room(root)
            self._write(root, start_ms)
        except NvrError as error:
            if error.kind is ErrorKind.STORAGE_FULL:
                self.guard.report(root, error)
                self.room.wake(root)
                try:
                    self.store.require_room(root)
                    self._write(root, start_ms)
                except NvrError:
                    self.refused.append(self.true_h)
                    return False
                return True
            self.refused.append(self.true_h)
            return False
        return True

    def _write(self, root: Root, start_ms: int) -> None:
        connection = self.db.connection
        number = self.next_id
        path = f"recorder/garden/{number}.mp4"
        self.files.write_clip(root.folder / path, self.size)
        start = ClipStart(CAMERA, start_ms, start_ms, 0, ClipSource.LIVE)
        now_ms = self.clock.now_ms()
        clip_id = clip_rows.insert_fetching(connection, start, 1, root.id, now_ms)
        duration = int(self.step_h * HOUR_MS) - 1000
        facts = make_facts(start_ms, duration)
        facts = facts.__class__(
            **{
                name: getattr(facts, name)
                for name in facts.__dataclass_fields__
                if name not in {"size_bytes", "sha256"}
            },
            size_bytes=self.size,
            sha256="hash",
        )
        clip_rows.set_facts(connection, clip_id, facts, path)
        clip_rows.complete(connection, clip_id, now_ms)
        root.finished += 1
        self.next_id += 1
        self.written.append((self.true_h, self.size, root.id))
        if number % 97 == 0:
            clip_rows.set_protected(connection, clip_id, is_protected=True)
            self.protected.add(clip_id)

    # What really was

    def may_still_delete(self) -> int:
        """Return what of the first disk could be deleted now without asking."""
        now_ms = self.clock.now_ms()
        stuck = self.store.stuck()
        leaving = self.room.leaving()
        found = 0
        for row in self.db.connection.execute(
            "select * from clip where state = 'complete' and is_protected = 0"
            " and root_id = ?",
            (self.root.id,),
        ):
            is_young = 0 <= now_ms - row["created_ms"] < self.bounds.minimum_age_ms
            before_ms, elsewhere = leaving.get(row["camera_id"], (0, 0))
            leaves = row["end_ms"] < before_ms and row["root_id"] != elsewhere
            path = str(self.root.folder / row["path"])
            if row["id"] in stuck or is_young or leaves or self.disks[0].refuses(path):
                continue
            found += row["size_bytes"]
        budget = budget_bytes(self.room.case(self.root, with_clips=False), self.bounds)
        return min(found, budget)

    def check_budget(self) -> None:
        """See that never more went in a day than was written in it, and the slack."""
        case = self.room.case(self.root, with_clips=False)
        slack = (
            self.bounds.brake_slack_bytes
            + case.floor_bytes
            + 3 * self.size
            + case.soon_bytes
        )
        for root in self.guard.roots():
            written = [(at, size) for at, size, r in self.written if r == root.id]
            gone = [
                item
                for item in self.removals
                if item.root_id == root.id and not item.is_expected
            ]
            first = oldest = newest = spent = came = 0
            for item in gone:
                spent += item.size
                while gone[first].at_h <= item.at_h - 23:
                    spent -= gone[first].size
                    first += 1
                while newest < len(written) and written[newest][0] <= item.at_h:
                    came += written[newest][1]
                    newest += 1
                while oldest < newest and written[oldest][0] < item.at_h - 26:
                    came -= written[oldest][1]
                    oldest += 1
                if root is self.root:
                    assert spent <= came + slack, (item.at_h, spent / GB, came / GB)


def rng(seed: int) -> random.Random:
    return random.Random(seed)


__all__ = ["DAY", "GB", "HOUR", "NOW", "CameraKey", "Disk", "YearRig", "rng"]
