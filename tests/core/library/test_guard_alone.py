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


class GuardRig:
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
def rig(tmp_path: Path) -> Iterator[GuardRig]:
    found = GuardRig(tmp_path / "media", interval=3600.0)
    found.guard.start()
    found.wait(lambda: found.told)
    yield found
    found.files.answers.set()
    found.guard.stop(5)


def test_a_root_is_looked_at_once_per_interval(rig: GuardRig) -> None:
    reads = rig.files.reads
    for _ in range(20):
        rig.guard._wake.set()
        time.sleep(0.005)
    assert rig.files.reads == reads
    rig.root.due = 0.0
    rig.guard._wake.set()
    rig.wait(lambda: rig.files.reads > reads)


def test_whether_it_can_be_written_to_is_tried_at_first_and_after_a_report(
    rig: GuardRig,
) -> None:
    assert rig.files.touches == 1
    for _ in range(3):
        looked = rig.root.looked
        rig.root.due = 0.0
        rig.guard._wake.set()
        rig.wait(lambda since=looked: rig.root.looked > since)
    assert rig.files.touches == 1
    rig.guard.report(rig.root, NO)
    rig.wait(lambda: rig.files.touches == 2)


def test_what_one_file_answers_is_no_verdict_on_the_root(rig: GuardRig) -> None:
    for kind in ErrorKind:
        if not kind.startswith("storage_") or kind is ErrorKind.STORAGE_FULL:
            continue
        rig.guard.report(rig.root, NvrError(kind, "no"))
        assert rig.guard.problem(rig.root) is None
        assert rig.guard.is_usable(rig.root)
    rig.wait(lambda: rig.root.suspected)
    assert rig.told == [None]


def test_what_the_marker_answers_is_the_verdict(rig: GuardRig) -> None:
    rig.files.touch_error = NO
    rig.guard.report(rig.root, NvrError(ErrorKind.STORAGE_FAILED, "no"))
    rig.wait(lambda: rig.told == [None, ErrorKind.STORAGE_READ_ONLY])
    with pytest.raises(NvrError):
        rig.guard.check_thoroughly(rig.root)
    rig.guard.check_marker(rig.root)
    rig.files.touch_error = None
    rig.guard.report(rig.root, NO)
    rig.wait(lambda: rig.told[-1] is None)
    rig.guard.check_thoroughly(rig.root)


def test_reports_that_show_nothing_cause_ever_fewer_looks(tmp_path: Path) -> None:
    rig = GuardRig(tmp_path / "media", interval=3600.0)
    rig.guard.start()
    rig.wait(lambda: rig.told)
    looks: list[float] = []
    until = time.monotonic() + 4
    seen = rig.root.looked
    while time.monotonic() < until:
        rig.guard.report(rig.root, NO)
        if rig.root.looked != seen:
            seen = rig.root.looked
            looks.append(seen)
        time.sleep(0.001)
    # one at once, then 0.5 s, 1.5 s, 3.5 s after the one before
    assert 2 <= len(looks) <= 5
    assert rig.told == [None]
    rig.guard.stop(5)


def test_looks_that_nobody_asked_for_end_the_suspicion(rig: GuardRig) -> None:
    rig.guard.report(rig.root, NO)
    rig.wait(lambda: rig.root.suspected == 1)
    rig.root.due = 0.0
    rig.guard._wake.set()
    rig.wait(lambda: rig.root.suspected == 0)


def test_a_storage_that_has_never_answered_is_told(tmp_path: Path) -> None:
    rig = GuardRig(tmp_path / "media", interval=0.05, answer=0.1)
    rig.files.answers.clear()
    rig.guard.start()
    rig.wait(lambda: rig.told == [ErrorKind.STORAGE_STALLED])
    problem = rig.guard.problem(rig.root)
    assert problem is not None
    assert problem.where == "media"
    rig.files.answers.set()
    rig.wait(lambda: rig.told[-1] is None)
    rig.guard.stop(5)


def test_nothing_is_told_before_the_first_answer_is_late(tmp_path: Path) -> None:
    rig = GuardRig(tmp_path / "media", interval=0.02, answer=30.0)
    rig.files.answers.clear()
    rig.guard.start()
    time.sleep(0.2)
    assert rig.told == []
    assert rig.guard.problem(rig.root) is not None
    assert not rig.guard.wait_answered(0.01)
    rig.files.answers.set()
    assert rig.guard.wait_answered(10)
    rig.wait(lambda: rig.told == [None])
    rig.guard.stop(5)


def alive(root: Root) -> bool:
    return any(
        worker._thread is not None and worker._thread.is_alive()
        for worker in (root.looker, root.worker)
    )


def test_a_root_that_is_dropped_or_replaced_ends_its_threads(
    rig: GuardRig, tmp_path: Path
) -> None:
    root = rig.root
    root.worker.submit(lambda: None).result(5)
    rig.guard.drop(root.id)
    rig.wait(lambda: not alive(root))
    rig.guard.drop(root.id)  # a second time changes nothing
    old = rig.make_root(tmp_path / "old", 2)
    new = rig.make_root(tmp_path / "new", 3)
    for added in (old, new):
        rig.guard.add(added)
        added.worker.submit(lambda: None).result(5)
    rig.guard.renumber(new, 2)
    assert rig.guard.get(2) is new
    assert rig.guard.get(3) is None
    rig.wait(lambda: not alive(old))
    assert new.worker.submit(lambda: 7).result(5) == 7
    rig.guard.renumber(new, 4)
    assert [found.id for found in rig.guard.roots()] == [4]


def test_stopping_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    rig = GuardRig(tmp_path / "media", interval=0.02, answer=0.05)
    rig.guard.start()
    rig.wait(lambda: rig.told)
    rig.files.answers.clear()
    rig.wait(lambda: rig.told[-1] is ErrorKind.STORAGE_STALLED)
    done = threading.Event()

    def stop() -> None:
        rig.guard.stop(0.2)
        done.set()

    threading.Thread(target=stop, daemon=True).start()
    assert done.wait(20), "a root that hangs holds up nobody"
    rig.files.answers.set()
    rig.wait(lambda: not alive(rig.root))


def test_a_claim_is_renewed_only_where_there_is_no_problem(tmp_path: Path) -> None:
    rig = GuardRig(tmp_path / "media", interval=0.02)
    rig.root.path.rmdir()
    rig.guard.claims.begin("me")
    rig.guard.start()
    rig.wait(lambda: rig.told == [ErrorKind.STORAGE_MISSING])
    assert not os.path.lexists(rig.root.path)
    rig.root.path.mkdir()
    rig.wait(lambda: rig.root.watch.renewed_s is not None)
    rig.guard.stop(5)


def test_a_look_that_fails_in_a_way_nobody_thought_of_proves_nothing(
    tmp_path: Path,
) -> None:
    rig = GuardRig(tmp_path / "media", interval=0.02)
    faults = [ZeroDivisionError("a"), KeyError("b")]

    def attached(_root: Root, _found: str) -> None:
        if faults:
            raise faults.pop()

    rig.guard._on_attached = attached
    rig.guard.start()
    rig.wait(lambda: rig.told[-2:] == [ErrorKind.STORAGE_FAILED, None])
    assert rig.guard.is_usable(rig.root)
    rig.guard.stop(5)
