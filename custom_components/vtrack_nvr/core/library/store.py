"""What the parts of the library share: index, files, guard, clock, and who is reading."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
import contextlib
from dataclasses import dataclass, field
import logging
from pathlib import Path
import sqlite3
import threading
from typing import Any
from zoneinfo import ZoneInfo

from ..clips import MediaProbe
from ..clock import Clock
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..models import CameraKey
from . import index_cameras
from .database import Database
from .files import FileLayer
from .guard import Guard, Root
from .journal import Fact
from .values import LibraryBounds, LibraryEvent

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Store:
    """Handed to every part of the library; made by `Library`."""

    clock: Clock
    files: FileLayer
    probe: MediaProbe
    bounds: LibraryBounds
    zone: ZoneInfo
    db: Database
    guard: Guard
    listeners: list[Callable[[LibraryEvent], None]] = field(default_factory=list)
    live: set[int] = field(default_factory=set)
    """Clips being written by this process now; upkeep leaves them alone."""
    readers: dict[int, int] = field(default_factory=dict)
    """How many readers each clip has."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)
    chosen_roots: dict[CameraKey, int | None] = field(default_factory=dict)
    """The root each camera's new clips go to, beside its row."""
    settled: set[int] = field(default_factory=set)
    """Roots whose fast check is done; nothing is deleted elsewhere."""
    quiet_since: float | None = None
    """Since when the database file is kept still for a backup (monotonic clock)."""
    opened: set[int] = field(default_factory=set)
    """Roots whose files were looked at once in this process; nothing is written elsewhere."""
    adopting: set[int] = field(default_factory=set)
    """Roots whose files are being compared with an index that is older."""
    promised: dict[int, int] = field(default_factory=dict)
    """Bytes on a root that exports wait for: room is made for them beyond the floor."""

    def write[T](self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Write and wait for the commit; for worker threads."""
        return self.db.write(function).result()

    def read[T](self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Read and wait; for worker threads."""
        return self.db.read(function).result()

    def root(self, root_id: int) -> Root:
        """Return a root that may be used now; raises why not, from cached health."""
        root = self.guard.get(root_id)
        if root is None:
            raise NvrError(ErrorKind.STORAGE_MISSING, "storage is not configured")
        problem = self.guard.problem(root)
        if problem is not None and problem.kind is not ErrorKind.STORAGE_FULL:
            raise problem
        return root

    def readable(self, root_id: int) -> Root:
        """Return a root that may be read now: one mounted read-only as well."""
        try:
            return self.root(root_id)
        except NvrError as error:
            root = self.guard.get(root_id)
            if root is None or error.kind is not ErrorKind.STORAGE_READ_ONLY:
                raise
            return root

    def first_root(self, wanted: int | None) -> Root:
        """Return the wanted root, else the first configured one, usable or not."""
        if wanted is not None:
            found = self.guard.get(wanted)
            if found is not None and found.is_current:
                return found
        for root in self.guard.roots():
            if root.is_current:
                return root
        raise NvrError(ErrorKind.STORAGE_MISSING, "no storage is configured")

    @contextlib.contextmanager
    def on(self, root: Root) -> Iterator[None]:
        """Report a storage failure inside to the guard, and hand it on."""
        try:
            yield
        except NvrError as error:
            if error.kind in STORAGE_KINDS:
                self.guard.report(root, error)
            raise

    def tell(self, event: LibraryEvent) -> None:
        """Tell all listeners; called on whatever thread it happened on."""
        for listener in tuple(self.listeners):
            listener(event)

    def promise(self, root_id: int, size_bytes: int) -> None:
        """Let so much more (or less) room be made on a root than its floor asks for."""
        with self.lock:
            left = self.promised.get(root_id, 0) + size_bytes
            self.promised[root_id] = max(0, left)

    def floor_of(self, root: Root) -> int:
        """Return how many bytes are to be free on a root: its floor, and what is promised."""
        return root.floor_bytes + self.promised.get(root.id, 0)

    def hold(self, clip_id: int) -> None:
        """Begin to read a clip's file: it is not deleted until `let_go`."""
        with self.lock:
            self.readers[clip_id] = self.readers.get(clip_id, 0) + 1

    def let_go(self, clip_id: int) -> None:
        """End what `hold` began."""
        with self.lock:
            left = self.readers[clip_id] - 1
            if left:
                self.readers[clip_id] = left
            else:
                del self.readers[clip_id]

    @contextlib.contextmanager
    def reading(self, clip_id: int) -> Iterator[None]:
        """Hold a clip inside the block."""
        self.hold(clip_id)
        try:
            yield
        finally:
            self.let_go(clip_id)

    def is_read(self, clip_id: int) -> bool:
        """Say whether somebody reads a clip's file now."""
        with self.lock:
            return clip_id in self.readers

    def submit[T](self, root: Root, function: Callable[[], T]) -> Future[T]:
        """Run something slow on the root's own worker thread."""
        return root.worker.submit(function)


def note(
    connection: sqlite3.Connection, camera_id: int, root_id: int, fact: Fact
) -> None:
    """Queue a line for the camera's journal on a root, with what it tells."""
    connection.execute(
        "insert into outbox (camera_id, root_id, line) values (?, ?, ?)",
        (camera_id, root_id, fact.text()),
    )


def camera_folder(connection: sqlite3.Connection, camera_id: int) -> str:
    """Return a camera's folder below a root's, as `<nvr>/<camera>`."""
    row: Any = connection.execute(
        "select nvr.folder, camera.folder from camera join nvr"
        " on nvr.id = camera.nvr_id where camera.id = ?",
        (camera_id,),
    ).fetchone()
    return f"{row[0]}/{row[1]}"


def root_for(store: Store, camera: CameraKey) -> Root:
    """Return the root for a camera's new clips; blocks for the index only."""
    row = store.read(lambda c: index_cameras.camera_row(c, camera))
    return store.first_root(row["root_id"])


def absolute(root: Root, path: str) -> Path:
    """Return the file of a path below a root's folder."""
    return root.folder / path
