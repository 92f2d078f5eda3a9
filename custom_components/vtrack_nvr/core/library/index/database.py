"""One SQLite connection on one thread; everything that speaks SQL goes through it.

Queued writes share a transaction (group commit): each runs inside a savepoint, so that
one that fails takes only itself back, and each is told only after the commit has reached
the disk. Reads run between transactions and see only what is committed.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
import contextlib
import logging
from pathlib import Path
import sqlite3
import threading
import time
from typing import Concatenate, Literal, cast

from ...errors import ErrorKind, NvrError

_LOGGER = logging.getLogger(__name__)

CACHE_KIB = 16 * 1024
CHECKPOINT_PAGES = 1_000


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """Open the database file the way the index needs it; it is made if it is not there."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    try:
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "busy_timeout=5000",
            f"cache_size=-{CACHE_KIB}",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class _Work[T]:
    """A function waiting for its turn, with the place its answer goes."""

    __slots__ = ("args", "error", "function", "future", "kwargs", "result")

    def __init__(
        self,
        function: Callable[Concatenate[sqlite3.Connection, ...], T],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.future: Future[T] = Future()
        self.result: T | None = None
        self.error: BaseException | None = None


def index_error(error: sqlite3.Error, where: str = "") -> NvrError:
    """Classify what SQLite says; the text holds no data of ours."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    return NvrError(ErrorKind.INDEX_FAILED, f"{name}: {error}", where=where)


def _name_of(function: object) -> str:
    """Return the name of a function, or of the one that a partial calls."""
    inner = getattr(function, "func", function)
    return str(getattr(inner, "__qualname__", type(inner).__name__))


class Database:
    """The thread and its queues; `submit` from anywhere, never from the thread itself."""

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "FULL",
        batch_writes: int = 128,
        batch_seconds: float = 0.02,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        """Name the file; nothing is opened yet. `trace` hears of every commit (tests)."""
        self.path = path
        self._synchronous = synchronous
        self._batch_writes = batch_writes
        self._batch_seconds = batch_seconds
        self._trace = trace or (lambda _step: None)
        self._condition = threading.Condition()
        self._reads: deque[_Work[object]] = deque()
        self._writes: deque[_Work[object]] = deque()
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self.commits = 0
        self.longest = ("", 0.0)
        """What held the index longest, and for how many seconds."""

    def start(self, connection: sqlite3.Connection | None = None) -> None:
        """Open the file (or take an open connection) and start the thread."""
        self._connection = connection or connect(
            self.path, synchronous=self._synchronous
        )
        self._is_closing = False
        self._thread = threading.Thread(
            target=self._run, name="vtrack-index", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then close; blocks. What comes later is refused."""
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def read[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[T]:
        """Queue a function that only reads; it sees what is committed."""
        return self._submit(self._reads, _Work(function, args, kwargs))

    def write[T, **P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[T]:
        """Queue a function that writes; its answer comes after the commit.

        What it raises is handed on and what it wrote is taken back, without disturbing
        its neighbours. A transaction that cannot be committed fails all who took part.
        """
        return self._submit(self._writes, _Work(function, args, kwargs))

    def _submit[T](self, queue: deque[_Work[object]], work: _Work[T]) -> Future[T]:
        assert threading.current_thread() is not self._thread, "would wait for itself"
        with self._condition:
            if self._is_closing or self._thread is None:
                work.future.set_exception(
                    NvrError(ErrorKind.INDEX_FAILED, "the index is closed")
                )
                return work.future
            queue.append(cast("_Work[object]", work))
            self._condition.notify_all()
        return work.future

    def _run(self) -> None:
        assert self._connection is not None
        connection = self._connection
        while True:
            with self._condition:
                while not (self._reads or self._writes or self._is_closing):
                    self._condition.wait()
                if not (self._reads or self._writes):
                    break
                reads = [
                    self._reads.popleft()
                    for _ in range(min(len(self._reads), self._batch_writes))
                ]
            for work in reads:
                self._do_read(connection, work)
            if self._writes:
                self._write_group(connection)
        self._connection = None
        try:
            connection.close()
        except sqlite3.Error as error:
            _LOGGER.warning("Closing the index: %s", index_error(error))

    def _run_one(self, connection: sqlite3.Connection, work: _Work[object]) -> object:
        begun = time.monotonic()
        try:
            return work.function(connection, *work.args, **work.kwargs)
        finally:
            took = time.monotonic() - begun
            if took > self.longest[1]:
                self.longest = (_name_of(work.function), took)

    def _do_read(self, connection: sqlite3.Connection, work: _Work[object]) -> None:
        if not work.future.set_running_or_notify_cancel():
            return
        try:
            result = self._run_one(connection, work)
        except sqlite3.Error as error:
            failure = index_error(error)
            failure.__cause__ = error
            work.future.set_exception(failure)
        except BaseException as error:  # noqa: BLE001  handed on to who asked
            work.future.set_exception(error)
        else:
            work.future.set_result(result)

    def _write_group(self, connection: sqlite3.Connection) -> None:
        done: list[_Work[object]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            deadline = time.monotonic() + self._batch_seconds
            while len(done) < self._batch_writes:
                with self._condition:
                    if not self._writes:
                        break
                    work = self._writes.popleft()
                if not work.future.set_running_or_notify_cancel():
                    continue
                done.append(work)
                self._do_write(connection, work)
                if time.monotonic() >= deadline:
                    break
            self._trace("before commit")
            connection.execute("COMMIT")
            self.commits += 1
            self._trace("after commit")
        except sqlite3.Error as error:
            failure = index_error(error, "commit")
            failure.__cause__ = error
            self._fail(connection, done, failure)
        except BaseException as error:  # noqa: BLE001  a test's power cut
            self._fail(connection, done, error)
        else:
            for work in done:
                if work.error is not None:
                    work.future.set_exception(work.error)
                else:
                    work.future.set_result(work.result)

    def _fail(
        self,
        connection: sqlite3.Connection,
        done: list[_Work[object]],
        failure: BaseException,
    ) -> None:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        if not done:
            # BEGIN itself failed: whoever waits would wait for ever
            with self._condition:
                done = list(self._writes)
                self._writes.clear()
            done = [w for w in done if w.future.set_running_or_notify_cancel()]
        for work in done:
            work.future.set_exception(work.error or failure)

    def _do_write(self, connection: sqlite3.Connection, work: _Work[object]) -> None:
        connection.execute("SAVEPOINT work")
        try:
            work.result = self._run_one(connection, work)
        except sqlite3.Error as error:
            failure = index_error(error)
            failure.__cause__ = error
            work.error = failure
        except Exception as error:  # noqa: BLE001  handed on to who asked
            work.error = error
        if work.error is not None:
            if not connection.in_transaction:
                # SQLite took the whole transaction back (disk full, I/O error)
                raise work.error
            connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")

    def checkpoint(self, *, automatic: bool) -> Future[bool]:
        """Copy the log into the database and empty it; then checkpoint by itself or not.

        True when the log file is empty afterwards. Before a backup `automatic` is False,
        so that the database file stays still while it is read; writes go on in the log.
        """

        def run(connection: sqlite3.Connection) -> bool:
            connection.execute("PRAGMA wal_autocheckpoint=0")
            row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            pages = CHECKPOINT_PAGES if automatic else 0
            connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
            return bool(row[0] == 0)

        return self.read(run)


type Table = Literal["clip", "export"]

_EPOCH_MS = 1_704_067_200_000
"""2024-01-01: there were no ids before."""


def fresh(connection: sqlite3.Connection, table: Table) -> int:
    """Return an id that no row of the table has or had."""
    found: int = connection.execute(
        f"select max(coalesce((select max(id) from {table}), 0), coalesce((select"  # noqa: S608  one of two names
        " cast(value as integer) from meta where key = ?), 0))",
        (_key(table),),
    ).fetchone()[0]
    return found + 1


def retire(connection: sqlite3.Connection, table: Table, row_id: int) -> None:
    """Remember the id of a row that is about to go, where it would be given again."""
    highest = connection.execute(f"select max(id) from {table}").fetchone()[0]  # noqa: S608  one of two names
    if highest is not None and row_id >= highest:
        _raise_to(connection, table, row_id)


def leap(connection: sqlite3.Connection, table: Table, now_ms: int) -> None:
    """Leave out all ids an index that was lost or is older may have given meanwhile.

    Nobody makes a row a second for years: the seconds since 2024 are ahead of all.
    """
    _raise_to(connection, table, (now_ms - _EPOCH_MS) // 1000)


def _raise_to(connection: sqlite3.Connection, table: Table, row_id: int) -> None:
    connection.execute(
        "insert into meta (key, value) values (?1, ?2) on conflict do update set"
        " value = max(cast(value as integer), cast(excluded.value as integer))",
        (_key(table), str(row_id)),
    )


def _key(table: Table) -> str:
    return f"last-id-{table}"
