"""The guard by itself: how often it looks, what it believes, how it ends."""

# Reads private members: a look at a storage begins now instead of in a minute; threads are counted.

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import threading
import time
from typing import override

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.guard import Guard, Root
from custom_components.vtrack_nvr.core.library.naming import MARKER
from custom_components.vtrack_nvr.core.library.values import LibraryBounds

UUID = "12345678-1234-5678-1234-567812345678"
NO = NvrError(ErrorKind.STORAGE_READ_ONLY, "permission denied", where="one file")


class Counting(FileLayer):
    """Real files; how often the marker was read and touched, and what hangs."""

    def __init__(self) -> None:
        self.reads = self.touches = 0
        self.answers = threading.Event()
        self.answers.set()
        self.touch_error: NvrError | None = None

    @override
    def read(self, path: Path, limit: int = 2**20, offset: int = 0) -> bytes:
        if path.name == MARKER:
            self.answers.wait(30)
            self.reads += 1
        return super().read(path, limit, offset)

    @override
    def touch(self, path: Path) -> None:
        self.touches += 1
        if self.touch_error:
            raise self.touch_error
        super().touch(path)


class Watched:
    """A guard with one root and all that it told."""

    def __init__(self, folder: Path, *, interval: float, answer: float = 30.0) -> None:
        self.files = Counting()
        self.told: list[ErrorKind | None] = []
        self.guard = Guard(
            SystemClock(),
            self.files,
            bounds=LibraryBounds(guard_interval=interval),
            answer_seconds=answer,
            on_attached=lambda _root, _found: None,
            on_change=self._change,
            on_need=lambda _root: None,
        )
        self.root = self.make_root(folder, 1)
        self.guard.add(self.root)

    @staticmethod
    def make_root(folder: Path, number: int) -> Root:
        folder.mkdir(exist_ok=True)
        return Root(
            id=number,
            path=folder,
            name=folder.name,
            floor_bytes=0,
            uuid=UUID,
            is_marked=False,
        )

    def _change(self, root: Root) -> None:
        problem = self.guard.problem(root)
        self.told.append(problem.kind if problem else None)

    def wait(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline, self.told
            time.sleep(0.005)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path / "media", interval=3600.0)
    found.guard.start()
    found.wait(lambda: found.told)
    yield found
    found.files.answers.set()
    found.guard.stop(5)


def test_a_root_is_looked_at_once_per_interval(watched: Watched) -> None:
    reads = watched.files.reads
    for _ in range(20):
        watched.guard._wake.set()
        time.sleep(0.005)
    assert watched.files.reads == reads
    watched.root.due = 0.0
    watched.guard._wake.set()
    watched.wait(lambda: watched.files.reads > reads)


def test_whether_it_can_be_written_to_is_tried_at_first_and_after_a_report(
    watched: Watched,
) -> None:
    assert watched.files.touches == 1
    for _ in range(3):
        looked = watched.root.looked
        watched.root.due = 0.0
        watched.guard._wake.set()
        watched.wait(lambda since=looked: watched.root.looked > since)
    assert watched.files.touches == 1
    watched.guard.report(watched.root, NO)
    watched.wait(lambda: watched.files.touches == 2)


def test_what_one_file_answers_is_no_verdict_on_the_root(watched: Watched) -> None:
    for kind in ErrorKind:
        if not kind.startswith("storage_") or kind is ErrorKind.STORAGE_FULL:
            continue
        watched.guard.report(watched.root, NvrError(kind, "no"))
        assert watched.guard.problem(watched.root) is None
        assert watched.guard.is_usable(watched.root)
    watched.wait(lambda: watched.root.suspected)
    assert watched.told == [None]


def test_what_the_marker_answers_is_the_verdict(watched: Watched) -> None:
    watched.files.touch_error = NO
    watched.guard.report(watched.root, NvrError(ErrorKind.STORAGE_FAILED, "no"))
    watched.wait(lambda: watched.told == [None, ErrorKind.STORAGE_READ_ONLY])
    with pytest.raises(NvrError):
        watched.guard.check_thoroughly(watched.root)
    watched.guard.check_marker(watched.root)
    watched.files.touch_error = None
    watched.guard.report(watched.root, NO)
    watched.wait(lambda: watched.told[-1] is None)
    watched.guard.check_thoroughly(watched.root)


def test_reports_that_show_nothing_cause_ever_fewer_looks(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "media", interval=3600.0)
    watched.guard.start()
    watched.wait(lambda: watched.told)
    looks: list[float] = []
    until = time.monotonic() + 4
    seen = watched.root.looked
    while time.monotonic() < until:
        watched.guard.report(watched.root, NO)
        if watched.root.looked != seen:
            seen = watched.root.looked
            looks.append(seen)
        time.sleep(0.001)
    # one at once, then 0.5 s, 1.5 s, 3.5 s after the one before
    assert 2 <= len(looks) <= 5
    assert watched.told == [None]
    watched.guard.stop(5)


def test_looks_that_nobody_asked_for_end_the_suspicion(watched: Watched) -> None:
    watched.guard.report(watched.root, NO)
    watched.wait(lambda: watched.root.suspected == 1)
    watched.root.due = 0.0
    watched.guard._wake.set()
    watched.wait(lambda: watched.root.suspected == 0)


def test_a_storage_that_has_never_answered_is_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "media", interval=0.05, answer=0.1)
    watched.files.answers.clear()
    watched.guard.start()
    watched.wait(lambda: watched.told == [ErrorKind.STORAGE_STALLED])
    problem = watched.guard.problem(watched.root)
    assert problem is not None
    assert problem.where == "media"
    watched.files.answers.set()
    watched.wait(lambda: watched.told[-1] is None)
    watched.guard.stop(5)


def test_nothing_is_told_before_the_first_answer_is_late(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "media", interval=0.02, answer=30.0)
    watched.files.answers.clear()
    watched.guard.start()
    time.sleep(0.2)
    assert watched.told == []
    assert watched.guard.problem(watched.root) is not None
    assert not watched.guard.wait_answered(0.01)
    watched.files.answers.set()
    assert watched.guard.wait_answered(10)
    watched.wait(lambda: watched.told == [None])
    watched.guard.stop(5)


def alive(root: Root) -> bool:
    return any(
        worker._thread is not None and worker._thread.is_alive()
        for worker in (root.looker, root.worker)
    )


def test_a_root_that_is_dropped_or_replaced_ends_its_threads(
    watched: Watched, tmp_path: Path
) -> None:
    root = watched.root
    root.worker.submit(lambda: None).result(5)
    watched.guard.drop(root.id)
    watched.wait(lambda: not alive(root))
    watched.guard.drop(root.id)  # a second time changes nothing
    old = watched.make_root(tmp_path / "old", 2)
    new = watched.make_root(tmp_path / "new", 3)
    for added in (old, new):
        watched.guard.add(added)
        added.worker.submit(lambda: None).result(5)
    watched.guard.renumber(new, 2)
    assert watched.guard.get(2) is new
    assert watched.guard.get(3) is None
    watched.wait(lambda: not alive(old))
    assert new.worker.submit(lambda: 7).result(5) == 7
    watched.guard.renumber(new, 4)
    assert [found.id for found in watched.guard.roots()] == [4]


def test_stopping_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "media", interval=0.02, answer=0.05)
    watched.guard.start()
    watched.wait(lambda: watched.told)
    watched.files.answers.clear()
    watched.wait(lambda: watched.told[-1] is ErrorKind.STORAGE_STALLED)
    done = threading.Event()

    def stop() -> None:
        watched.guard.stop(0.2)
        done.set()

    threading.Thread(target=stop, daemon=True).start()
    assert done.wait(20), "a root that hangs holds up nobody"
    watched.files.answers.set()
    watched.wait(lambda: not alive(watched.root))


def test_a_claim_is_renewed_only_where_there_is_no_problem(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "media", interval=0.02)
    watched.root.path.rmdir()
    watched.guard.claims.begin("me")
    watched.guard.start()
    watched.wait(lambda: watched.told == [ErrorKind.STORAGE_MISSING])
    assert not os.path.lexists(watched.root.path)
    watched.root.path.mkdir()
    watched.wait(lambda: watched.root.watch.renewed_s is not None)
    watched.guard.stop(5)


def test_a_look_that_fails_in_a_way_nobody_thought_of_proves_nothing(
    tmp_path: Path,
) -> None:
    watched = Watched(tmp_path / "media", interval=0.02)
    faults = [ZeroDivisionError("a"), KeyError("b")]

    def attached(_root: Root, _found: str) -> None:
        if faults:
            raise faults.pop()

    watched.guard._on_attached = attached
    watched.guard.start()
    watched.wait(lambda: watched.told[-2:] == [ErrorKind.STORAGE_FAILED, None])
    assert watched.guard.is_usable(watched.root)
    watched.guard.stop(5)
