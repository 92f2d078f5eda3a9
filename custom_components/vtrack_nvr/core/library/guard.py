"""Watches the storage roots: whether they are there, ours, and can be written to.

A root is ours while its marker file says so. Each root is looked at on a thread of its
own, because a dead mount holds whoever touches it for minutes; everybody else reads what
was found last. A look that has not come back counts as "does not answer".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
import json
import logging
from pathlib import Path
import threading
import uuid

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from .claims import Claims, ClaimWatch, refusal
from .disk_thread import DiskThread
from .files import FileLayer, Space
from .naming import MARKER, ROOT_FOLDER
from .upkeep.account import is_believable
from .upkeep_values import RoomTrouble
from .values import LibraryBounds

_LOGGER = logging.getLogger(__name__)

_SUSPICION_S = 0.5
"""The first pause between looks at a root that may be in trouble; it doubles."""
_FULL = ErrorKind.STORAGE_FULL


class NoRoomError(NvrError):
    """Too little is free for us to go on; nothing was tried now."""


@dataclass(slots=True, eq=False)
class Root:
    """A storage root and what is known of it now; only `Guard` and `RoomMaker` change it."""

    id: int
    path: Path
    name: str
    floor_bytes: int
    uuid: str
    is_marked: bool
    """We have seen our marker there; from then on its absence means "not mounted"."""
    is_current: bool = True
    position: int = 0
    applied_floor_bytes: int = 0
    """The floor that retention obeys: a higher one asks a person first."""
    problem: NvrError | None = None
    space: Space | None = None
    """What was last believed of its size."""
    read_at: float = 0.0
    doubted_since: float | None = None
    full: NvrError | None = None
    """What a write that found no room said; until room was made nothing is written."""
    was_full_at: float | None = None
    wanted_bytes: int = 0
    """How much is to be free, as far as the account knows."""
    soon_bytes: int = 0
    """What ten minutes bring."""
    open_clips: int = 0
    finished: int = 0
    """How many clips were completed on it by this process."""
    room: RoomTrouble | None = None
    checked_ms: int | None = None
    has_answered: bool = False
    needs_write_test: bool = True
    looking_since: float | None = None
    told: ErrorKind | None = None
    was_told: bool = False
    due: float = 0.0
    looked: float = 0.0
    """When the last look ended, on the steady clock."""
    failures: int = 0
    """How many looks in a row found it in trouble."""
    suspected: int = 0
    """How many looks in a row were made because somebody reported a failure."""
    is_reported: bool = False
    watch: ClaimWatch = field(default_factory=ClaimWatch)
    """Of the claim beside the marker."""
    check_lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while its files are compared with the rows."""
    journal_lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while its journals are read to be changed, and while they are changed."""
    looker: DiskThread = field(default_factory=lambda: DiskThread("vtrack-root-look"))
    worker: DiskThread = field(default_factory=lambda: DiskThread("vtrack-root-work"))
    roomer: DiskThread = field(default_factory=lambda: DiskThread("vtrack-root-room"))

    @property
    def workers(self) -> tuple[DiskThread, ...]:
        """Return its threads."""
        return (self.looker, self.worker, self.roomer)

    @property
    def free_bytes(self) -> int | None:
        """Return how much is free, None where the file system does not tell.

        Cloud mounts say "0 of 0"; unions of disks have said that nothing is free while
        everything can be written. What is really full says so when it is written to.
        """
        space = self.space
        if space is None or space.total_bytes <= 0 or space.free_bytes == 0:
            return None
        return space.free_bytes

    @property
    def floor_now(self) -> int:
        """Return how much stays free now."""
        return min(self.floor_bytes, self.applied_floor_bytes)

    @property
    def needs_room(self) -> bool:
        """Return whether room is to be made, or could not be made before."""
        free = self.free_bytes
        is_low = free is not None and free < max(self.wanted_bytes, self.floor_now)
        return is_low or self.full is not None or self.room is not None

    @property
    def folder(self) -> Path:
        """Return where our files are."""
        return self.path / ROOT_FOLDER

    @property
    def marker(self) -> Path:
        """Return the file that proves that this is the root we mean."""
        return self.folder / MARKER


def marker_text(root_uuid: str) -> bytes:
    """Return the content of a marker file."""
    note = "VTrack NVR knows its storage by this file. Without it nothing is written."
    return json.dumps({"uuid": root_uuid, "note": note}, indent=1).encode() + b"\n"


def marker_uuid(data: bytes) -> str:
    """Return what a marker file says; raises `STORAGE_MISSING` where it says nothing."""
    try:
        found = json.loads(data)["uuid"]
        return str(uuid.UUID(found))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NvrError(ErrorKind.STORAGE_MISSING, "marker is damaged") from error


class Guard:
    """Knows which root may be used; `problem` never blocks."""

    def __init__(
        self,
        clock: Clock,
        files: FileLayer,
        *,
        bounds: LibraryBounds,
        answer_seconds: float,
        on_attached: Callable[[Root, str], None],
        on_change: Callable[[Root], None],
        on_need: Callable[[Root], None],
    ) -> None:
        """Watch nothing yet.

        `on_attached` is called once per root with the id its marker bears, on the root's
        own thread, before it counts as usable; `on_change` whenever a root begins or
        ceases to have a problem, on some thread of ours; `on_need` whenever one needs
        room, on whatever thread found out.
        """
        self._clock = clock
        self._files = files
        self._bounds = bounds
        self._interval = bounds.guard_interval
        self._answer_seconds = answer_seconds
        self._on_attached = on_attached
        self._on_change = on_change
        self._on_need = on_need
        self._roots: dict[int, Root] = {}
        self.claims = Claims(clock, files)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, root: Root) -> None:
        """Watch a root from now on."""
        with self._lock:
            self._roots[root.id] = root
        self._wake.set()

    def drop(self, root_id: int) -> None:
        """Watch a root no longer."""
        with self._lock:
            root = self._roots.pop(root_id, None)
        if root is not None:
            for worker in root.workers:
                worker.close()

    def renumber(self, root: Root, new_id: int) -> None:
        """Say that a root turned out to be one the index knows by another id."""
        with self._lock:
            self._roots.pop(root.id, None)
            before = self._roots.get(new_id)
            root.id = new_id
            self._roots[new_id] = root
        if before is not None:
            for worker in before.workers:
                worker.close()

    def roots(self) -> tuple[Root, ...]:
        """Return all watched roots, the first choice first."""
        with self._lock:
            return tuple(sorted(self._roots.values(), key=lambda root: root.position))

    def get(self, root_id: int) -> Root | None:
        """Return a watched root."""
        with self._lock:
            return self._roots.get(root_id)

    def start(self) -> None:
        """Begin to look."""
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, name="vtrack-guard", daemon=True
        )
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End all threads; one that hangs in a dead mount is left to itself."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        for root in self.roots():
            for worker in root.workers:
                worker.close()
        deadline = self._clock.monotonic() + seconds
        for root in self.roots():
            for worker in root.workers:
                if not worker.join(max(0.0, deadline - self._clock.monotonic())):
                    _LOGGER.warning("A storage root still does not answer at the end")

    def wait_answered(self, seconds: float) -> bool:
        """Wait until each root was looked at once; False where one does not answer."""
        deadline = self._clock.monotonic() + seconds
        pause = threading.Event()
        while not all(root.has_answered for root in self.roots()):
            if self._clock.monotonic() >= deadline:
                return False
            pause.wait(0.005)
        return True

    def problem(self, root: Root) -> NvrError | None:
        """Return why a root may not be used now, from what was found last."""
        since = root.looking_since
        if since is not None:
            silent = self._clock.monotonic() - since
            if silent > self._answer_seconds:
                return NvrError(
                    ErrorKind.STORAGE_STALLED,
                    f"no answer for {silent:.0f} s",
                    where=root.name,
                )
        if not root.has_answered:
            return NvrError(ErrorKind.STORAGE_STALLED, "no answer yet", where=root.name)
        return root.problem

    def is_usable(self, root: Root) -> bool:
        """Return whether files may be read and removed now; being full is no hindrance."""
        problem = self.problem(root)
        return problem is None or problem.kind is ErrorKind.STORAGE_FULL

    def report(self, root: Root, error: NvrError) -> None:
        """Take note that using a root failed; it is looked at anew, thoroughly.

        The look decides: a failure of one file says nothing about the root. Where look
        after look finds nothing, the next ones come as seldom as the ordinary ones.

        A write that found no room says more than any reading of the free space.
        """
        if error.kind is _FULL and not isinstance(error, NoRoomError):
            root.full = error
            root.was_full_at = self._clock.monotonic()
            self._on_need(root)
        root.needs_write_test = True
        if error.kind is ErrorKind.STORAGE_FULL:
            root.problem = error
        root.is_reported = True
        pause = min(self._interval, _SUSPICION_S * (2.0 ** min(root.suspected, 10) - 1))
        root.due = min(root.due, root.looked + pause)
        self._wake.set()

    def check_now(self, root: Root) -> None:
        """Look at marker and space on the caller's thread; raises the storage error."""
        self.check_marker(root)
        if root.needs_room:
            self._on_need(root)
        self._require_room(root)

    def measure(self, root: Root) -> int | None:
        """Look at the free space anew, on the caller's thread; raises the storage error."""
        self.check_marker(root)
        return root.free_bytes

    def has_room(self, root: Root) -> None:
        """Take note that room was made: writing is tried again."""
        root.full = None
        root.due = 0.0
        self._wake.set()

    def check_marker(self, root: Root) -> None:
        """Look at marker and space on the caller's thread; raises the storage error."""
        if not root.is_marked:
            raise NvrError(
                ErrorKind.STORAGE_MISSING, "not attached yet", where=root.name
            )
        if root.watch.is_refused:
            raise refusal(root.watch, root.name)
        found = marker_uuid(self._files.read(root.marker, 4096))
        if found != root.uuid:
            raise NvrError(
                ErrorKind.STORAGE_MISSING, "another storage is here", where=root.name
            )
        space = self._files.space(root.folder)
        if space.is_read_only:
            raise NvrError(
                ErrorKind.STORAGE_READ_ONLY, "mounted read-only", where=root.name
            )
        self._take(root, space)

    def check_thoroughly(self, root: Root) -> None:
        """Do the same, and see whether the marker can be written to."""
        self.check_marker(root)
        self._files.touch(root.marker)

    def take_over(self, root: Root) -> None:
        """Use a storage from now on that another Home Assistant used: a person says so."""
        root.watch.takes_over = True
        root.due = 0.0
        self._wake.set()

    def give_up(self, root: Root) -> None:
        """Say on the storage that we use it no longer; blocks."""
        if self.problem(root) is None:
            self.claims.give_up(root.folder, root.watch)

    def look(self, root: Root) -> None:
        """Queue a look at once, if none is under way."""
        if root.looking_since is None:
            root.looking_since = self._clock.monotonic()
            root.looker.submit(self._visit, root)

    def _run(self) -> None:
        while not self._stop.is_set():
            now = self._clock.monotonic()
            for root in self.roots():
                if root.looking_since is None and now >= root.due:
                    self.look(root)
                self._tell(root)
            self._clock.wait(self._wake, min(1.0, self._interval))
            self._wake.clear()

    def _tell(self, root: Root) -> None:
        problem = self.problem(root)
        kind = problem.kind if problem else None
        since = root.looking_since
        if not root.has_answered and (
            since is None or self._clock.monotonic() - since <= self._answer_seconds
        ):
            return
        if kind is root.told and root.was_told:
            return
        root.was_told = True
        root.told = kind
        if problem:
            _LOGGER.warning("Storage %s: %s", root.name or root.path.name, problem)
        else:
            _LOGGER.info("Storage %s: usable", root.name or root.path.name)
        self._on_change(root)

    def _visit(self, root: Root) -> None:
        problem: NvrError | None = None
        try:
            self.claims.require(root.folder, root.watch, root.name)
            if not root.is_marked:
                self._attach(root)
            self.check_marker(root)
            if root.needs_write_test:
                self._files.touch(root.marker)
            if root.needs_room:
                self._on_need(root)
            self._require_room(root)
            root.needs_write_test = False
        except NvrError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is proven
            problem = NvrError(
                ErrorKind.STORAGE_FAILED, type(error).__name__, where=root.name
            )
        finally:
            root.problem = problem
            root.checked_ms = self._clock.now_ms()
            root.has_answered = True
            root.looking_since = None
            root.suspected = root.suspected + 1 if root.is_reported else 0
            root.is_reported = False
            is_away = problem is not None and problem.kind is not _FULL
            root.failures = root.failures + 1 if is_away else 0
            root.looked = self._clock.monotonic()
            root.due = root.looked + self._pause(root)
            self._wake.set()
        if problem is None:
            self.claims.renew(root.folder, root.watch)

    def _pause(self, root: Root) -> float:
        """Return when to look again: soon where it failed just now, it may be a hiccup."""
        if not root.failures:
            return self._interval
        return min(self._interval, _SUSPICION_S * 2.0 ** min(root.failures - 1, 10))

    def _take(self, root: Root, found: Space) -> None:
        """Take a reading of the space for the truth, or wait whether it lasts.

        What has fallen by far more than was written is a mount that lies more often than
        a disk that was filled: until it was read for a while, the last one counts.
        """
        now = self._clock.monotonic()
        before = root.free_bytes
        is_odd = (
            before is not None
            and found.total_bytes > 0
            and found.free_bytes > 0
            and not is_believable(
                before, found.free_bytes, now - root.read_at, root.soon_bytes
            )
        )
        if is_odd:
            if root.doubted_since is None:
                root.doubted_since = now
                _LOGGER.info("Storage %s: %s is not believed yet", root.name, found)
            if now - root.doubted_since < self._bounds.doubt_wait:
                return
        root.doubted_since = None
        root.space, root.read_at = found, now

    def _require_room(self, root: Root) -> None:
        full = root.full
        if full is not None:
            raise NoRoomError(full.kind, full.detail, where=root.name)
        free, limit = root.free_bytes, root.floor_now
        reserve = self._bounds.clip_reserve_bytes
        if limit >= reserve:  # all that are open write on until they look again
            limit = max(limit, reserve * root.open_clips)
        if free is not None and free < limit:
            raise NoRoomError(
                ErrorKind.STORAGE_FULL,
                f"{free // 1_000_000} MB are free, {limit // 1_000_000} MB are to stay so",
                where=root.name,
            )

    def _attach(self, root: Root) -> None:
        """Read the marker of a root seen for the first time, or put it there."""
        if not self._files.exists(root.path):
            raise NvrError(
                ErrorKind.STORAGE_MISSING, "folder does not exist", where=root.name
            )
        self._files.make_folder(root.folder, root.path)
        if not self._files.size(root.marker):
            # whole or not at all: half a marker would lock the root for good
            part = root.marker.with_name(f"{MARKER}.part")
            self._files.remove(part)
            self._files.write_new(part, marker_text(root.uuid))
            self._files.replace(part, root.marker)
            self._files.sync_folder(root.folder)
        found = marker_uuid(self._files.read(root.marker, 4096))
        self._on_attached(root, found)
        root.uuid = found
        root.is_marked = True
