"""What the parts of the library share: index, files, guard, clock, and who is reading."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
import contextlib
from dataclasses import dataclass, field
import logging
from pathlib import Path
import sqlite3
import threading
from typing import Concatenate
from zoneinfo import ZoneInfo

from ..clip_sink import MediaProbe
from ..clock import HostClock
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..models import CameraKey
from .files import FileLayer
from .guard import Guard, Root
from .index import camera_rows
from .index.database import Database
from .naming import JOURNAL
from .troubles import Troubles
from .values import LibraryBounds, LibraryEvent

_LOGGER = logging.getLogger(__name__)

_REFUSED_S = 600.0
DAY_S = 86_400.0


@dataclass(slots=True, eq=False)
class LibraryContext:
    """Handed to every part of the library; made by `Library`."""

    clock: HostClock
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
    redated: set[int] = field(default_factory=set)
    """Clips being written that were filed at another time than their writer dated them."""
    left: set[int] = field(default_factory=set)
    """Roots on which a writer left a part behind."""
    on_left: Callable[[Root], None] = lambda _root: None
    """Called when a part was left behind on a root that can be used."""
    refused: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Clips whose files could not be removed: until when that is not tried, and the pause."""
    spared: dict[int, float] = field(default_factory=dict)
    """Clips that a person has just deleted: until when their files stay in any case."""
    require_room: Callable[[Root], None] = lambda _root: None
    """Makes room before a writer is refused; raises the storage error."""
    earliest_ms: Callable[[], int] = field(init=False)
    """Returns the time that has come even if the clock jumped and is wrong."""
    kept_from_ms: dict[CameraKey, int | None] = field(default_factory=dict)
    """From when on a camera's footage would stay if it came now; None: all of it."""
    troubles: Troubles = field(init=False)

    def __post_init__(self) -> None:
        """Know of no trouble, and of no jump of the clock."""
        self.troubles = Troubles(self.clock)
        self.earliest_ms = self.clock.now_ms

    def write[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write and wait for the commit; for worker threads."""
        return self.db.write(function, *args, **kwargs).result()

    def read[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read and wait; for worker threads."""
        return self.db.read(function, *args, **kwargs).result()

    async def async_write[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write and wait for the commit; for the event loop."""
        return await asyncio.wrap_future(self.db.write(function, *args, **kwargs))

    async def async_read[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read and wait; for the event loop."""
        return await asyncio.wrap_future(self.db.read(function, *args, **kwargs))

    def root(self, root_id: int) -> Root:
        """Return a root that may be used now; raises why not, from cached health."""
        root = self.guard.get(root_id)
        if root is None:
            raise NvrError(ErrorKind.STORAGE_MISSING, "storage is not configured")
        problem = self.guard.problem(root)
        if problem is not None and problem.kind is not ErrorKind.STORAGE_FULL:
            raise problem
        return root

    def may_remove(self, clip: sqlite3.Row) -> bool:
        """Return whether a clip's file may be removed now; being full is no hindrance.

        Not before its root was looked at, nor while its camera's journal cannot be read:
        that may say that somebody protected the clip.
        """
        try:
            root = self.root(clip["root_id"])
        except NvrError:
            return False
        folder = clip["path"].rsplit("/", 2)[0]
        is_read = not self.troubles.is_known(root.id, reading(f"{folder}/{JOURNAL}"))
        return root.id in self.settled and is_read

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
        """Find out whose a storage failure inside is: the root's, or one file's.

        It is handed on as the root's own problem where its marker shows one, and as
        `STORAGE_FAILED` (of that file) where it does not. A full disk stays `STORAGE_FULL`.
        """
        try:
            yield
        except NvrError as error:
            if error.kind not in STORAGE_KINDS or not self.guard.is_usable(root):
                raise
            self.guard.report(root, error)
            self.guard.check_thoroughly(root)
            if error.kind in {ErrorKind.STORAGE_FAILED, ErrorKind.STORAGE_FULL}:
                raise
            raise NvrError(
                ErrorKind.STORAGE_FAILED, error.detail, where=error.where
            ) from error

    def forgive(self, root: Root, error: NvrError) -> None:
        """Return where a failure is that of one file; raise it, or the root's, elsewhere.

        Only the marker says that a root is in trouble; what a journal, a part, a folder or
        a clip answers concerns that camera alone.
        """
        if error.kind not in STORAGE_KINDS or not self.guard.is_usable(root):
            raise error
        self.guard.report(root, error)
        self.guard.check_thoroughly(root)

    @contextlib.contextmanager
    def apart(self, root: Root, subject: str) -> Iterator[None]:
        """Let what fails inside be the trouble of `subject` alone; the others go on."""
        try:
            yield
        except NvrError as error:
            self.forgive(root, error)
            self.troubles.failed(root.id, subject, error)
        else:
            self.troubles.over(root.id, subject)

    def root_of(self, path: Path) -> Root:
        """Return the root a file lies on; raises `STORAGE_MISSING` without one."""
        for root in self.guard.roots():
            if path.is_relative_to(root.folder):
                return root
        raise NvrError(ErrorKind.STORAGE_MISSING, "storage is not configured")

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
        """Return whether somebody reads a clip's file now."""
        with self.lock:
            return clip_id in self.readers

    def refuse(self, clip_id: int) -> None:
        """Remember that a clip's file could not be removed; each time for longer."""
        pause = min(2 * self.refused.get(clip_id, (0.0, _REFUSED_S / 2))[1], DAY_S)
        self.refused[clip_id] = (self.clock.monotonic() + pause, pause)

    def spare(self, clip_ids: Iterable[int]) -> None:
        """Keep the files of clips for a moment, however full the storage is: undo."""
        now = self.clock.monotonic()
        with self.lock:
            self.spared = {n: until for n, until in self.spared.items() if now < until}
            self.spared |= dict.fromkeys(clip_ids, now + self.bounds.undo_least)

    def stuck(self) -> frozenset[int]:
        """Return the clips whose files cannot be removed now."""
        now = self.clock.monotonic()
        with self.lock:
            held = {*self.readers}
            held |= {n for n, until in self.spared.items() if now < until}
        return frozenset(
            held | {n for n, (until, _) in tuple(self.refused.items()) if now < until}
        )

    def is_stuck(self, clip_id: int) -> bool:
        """Return whether a clip's file cannot be removed now."""
        until, _pause = self.refused.get(clip_id, (0.0, 0.0))
        now = self.clock.monotonic()
        return (
            self.is_read(clip_id) or now < until or now < self.spared.get(clip_id, 0.0)
        )

    def submit[T](self, root: Root, function: Callable[[], T]) -> Future[T]:
        """Run something slow on the root's own worker thread."""
        return root.worker.submit(function)


def reading(path: str) -> str:
    """Return what trouble with reading a file below a root's folder is called."""
    return f"Reading {path}"


def root_for(store: LibraryContext, camera: CameraKey) -> Root:
    """Return the root for a camera's new clips; blocks for the index only."""
    row = store.read(camera_rows.camera_row, camera)
    return store.first_root(row["root_id"])


def absolute(root: Root, path: str) -> Path:
    """Return the file of a path below a root's folder."""
    return root.folder / path
