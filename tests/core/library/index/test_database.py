"""One thread, one connection, shared transactions."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
import sqlite3
import threading

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.index.database import Database, connect


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "a.db", batch_seconds=0.2)
    database.start()
    database.write(
        lambda c: c.execute("create table t (n integer unique) strict")
    ).result()
    yield database
    database.close()


def count(connection: sqlite3.Connection) -> int:
    return connection.execute("select count(*) from t").fetchone()[0]


def insert(number: int):
    return lambda c: c.execute("insert into t values (?)", (number,)).rowcount


def test_many_writers_share_commits_and_all_are_kept(db: Database) -> None:
    before = db.commits
    gate = threading.Event()
    db.read(lambda _c: gate.wait(5))
    futures = [db.write(insert(n)) for n in range(100)]
    gate.set()
    assert [f.result(5) for f in futures] == [1] * 100
    assert db.read(count).result(5) == 100
    assert db.commits - before <= 3


def test_a_write_that_fails_takes_only_itself_back(db: Database) -> None:
    gate = threading.Event()
    db.read(lambda _c: gate.wait(5))

    def bad(connection: sqlite3.Connection) -> None:
        connection.execute("insert into t values (500)")
        raise KeyError("no")

    good = db.write(insert(1))
    broken = db.write(bad)
    twice = db.write(insert(1))
    last = db.write(insert(2))
    gate.set()
    assert (good.result(5), last.result(5)) == (1, 1)
    with pytest.raises(KeyError):
        broken.result(5)
    with pytest.raises(NvrError, match="UNIQUE") as caught:
        twice.result(5)
    assert caught.value.kind is ErrorKind.INDEX_FAILED
    assert db.read(count).result(5) == 2


def test_a_commit_that_fails_fails_all_who_took_part(tmp_path: Path) -> None:
    def trace(step: str) -> None:
        if step == "before commit" and trouble.is_set():
            raise sqlite3.OperationalError("disk I/O error")

    trouble = threading.Event()
    db = Database(tmp_path / "a.db", trace=trace)
    db.start()
    db.write(lambda c: c.execute("create table t (n integer) strict")).result(5)
    trouble.set()
    with pytest.raises(NvrError, match="disk I/O"):
        db.write(insert(1)).result(5)
    trouble.clear()
    assert db.read(count).result(5) == 0
    assert db.write(insert(2)).result(5) == 1
    db.close()


def test_a_failing_read_tells_only_its_reader(db: Database) -> None:
    with pytest.raises(NvrError) as caught:
        db.read(lambda c: c.execute("select * from nowhere")).result(5)
    assert caught.value.kind is ErrorKind.INDEX_FAILED
    with pytest.raises(ZeroDivisionError):
        db.read(lambda _c: 1 // 0).result(5)
    assert db.read(count).result(5) == 0


def test_a_cancelled_write_is_not_done(db: Database) -> None:
    gate = threading.Event()
    db.read(lambda _c: gate.wait(5))
    cancelled = db.write(insert(1))
    unread = db.read(count)
    assert cancelled.cancel()
    assert unread.cancel()
    gate.set()
    assert db.read(count).result(5) == 0


async def test_a_write_can_be_awaited(db: Database) -> None:
    assert await asyncio.wrap_future(db.write(insert(7))) == 1


def test_a_closed_database_refuses(tmp_path: Path) -> None:
    db = Database(tmp_path / "a.db")
    db.start()
    late = db.write(lambda c: c.execute("create table t (n integer) strict"))
    db.close()
    assert late.done()
    with pytest.raises(NvrError, match="closed"):
        db.read(count).result(5)


def test_what_is_awaited_has_reached_the_log_with_full_sync(db: Database) -> None:
    assert (
        db.read(lambda c: c.execute("pragma synchronous").fetchone()[0]).result() == 2
    )
    assert (
        db.read(lambda c: c.execute("pragma journal_mode").fetchone()[0]).result()
        == "wal"
    )


def test_before_a_backup_the_file_is_whole_and_stays_still(
    db: Database, tmp_path: Path
) -> None:
    db.write(insert(1)).result(5)
    assert db.checkpoint(automatic=False).result(5)
    still = (tmp_path / "a.db").read_bytes()
    assert (tmp_path / "a.db-wal").stat().st_size == 0
    for start in range(100, 3_000, 100):
        db.write(
            lambda c, s=start: c.executemany(
                "insert into t values (?)", [(n,) for n in range(s, s + 100)]
            )
        ).result(5)
    assert (tmp_path / "a.db").read_bytes() == still
    copy = tmp_path / "copy.db"
    copy.write_bytes(still)
    restored = connect(copy)
    assert count(restored) == 1
    restored.close()
    assert db.checkpoint(automatic=True).result(5)
    assert (tmp_path / "a.db").read_bytes() != still


def test_a_lock_held_by_a_stranger_fails_writers_and_goes_by(
    db: Database, tmp_path: Path
) -> None:
    db.read(lambda c: c.execute("pragma busy_timeout = 1")).result(5)
    stranger = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    stranger.execute("begin immediate")
    with pytest.raises(NvrError, match="locked"):
        db.write(insert(1)).result(5)
    assert db.read(count).result(5) == 0
    stranger.execute("rollback")
    stranger.close()
    assert db.write(insert(1)).result(5) == 1


def test_a_transaction_that_sqlite_took_back_fails_all_who_took_part(
    db: Database,
) -> None:
    gate = threading.Event()
    db.read(lambda _c: gate.wait(5))
    first = db.write(insert(1))

    def lose(connection: sqlite3.Connection) -> None:
        connection.execute("rollback")
        raise sqlite3.OperationalError("disk I/O error")

    second = db.write(lose)
    gate.set()
    for future in (first, second):
        with pytest.raises(NvrError, match="disk I/O"):
            future.result(5)
    assert db.read(count).result(5) == 0
    assert db.write(insert(2)).result(5) == 1


def test_what_held_the_index_longest_is_remembered(db: Database) -> None:
    def wait_a_little(_connection: sqlite3.Connection) -> None:
        threading.Event().wait(0.2)

    def fail(_connection: sqlite3.Connection) -> None:
        threading.Event().wait(0.3)
        raise KeyError("no")

    db.read(wait_a_little).result()
    db.read(count).result()
    name, seconds = db.longest
    assert name.endswith("wait_a_little")
    assert seconds >= 0.2
    with pytest.raises(KeyError):
        db.write(partial(fail)).result()
    assert db.longest[0].endswith("fail"), "also what fails, also through a partial"
