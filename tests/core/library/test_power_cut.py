"""The power goes before every step of a library's life; afterwards design §3 holds."""

# Reads private members: the check of files runs here on the thread that the power leaves.

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.models import (
    ClipSource,
    ClipState,
    CoverageState,
)
from tests.insides import close_here, keeper_of, open_here, store_of

from . import invariants
from .power import DyingFiles, Images, Power, PowerCutError
from .rig import (
    CAMERA,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    TextProbe,
    clip_bytes,
    make_facts,
    measured,
)

pytestmark = pytest.mark.long

MIDNIGHT = 1_800_054_000_000
"""2027-01-16 00:00 in Berlin."""

BOUNDS = LibraryBounds(
    guard_interval=30.0,
    open_wait=5.0,
    stop_wait=1.0,
    batch_seconds=0.001,
    minimum_age_ms=0,
    undo_ms=MINUTE,
    stale_part_ms=-(2**60),
    brake_slack_bytes=0,
)


@dataclass
class Acknowledged:
    """What the library had confirmed before the power went."""

    kept: dict[int, TimeRange] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    asked_to_delete: set[int] = field(default_factory=set)


class PowerCutRig:
    """A library on two roots, its power, and the images of its index."""

    def __init__(self, folder: Path, cut_at: int | None) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.power = Power(cut_at)
        self.files = DyingFiles(self.power)
        self.index = folder / "config" / "vtrack_nvr.db"
        self.images = Images(self.index, folder / "images")
        self.roots = (folder / "media", folder / "archive")
        for root in self.roots:
            root.mkdir(parents=True)
        self.said = Acknowledged()
        self.library = self._library(self.index, self.roots, self.files, self._trace)
        self.library_rig = LibraryRig(
            self.library, self.clock, self.index, self.roots[0], TextProbe()
        )

    def _trace(self, name: str) -> None:
        self.power.step(name)
        if name == "after commit":
            self.images.take()

    def _library(
        self,
        index: Path,
        roots: tuple[Path, ...],
        files: DyingFiles | None,
        trace: Callable[[str], None] | None,
    ) -> Library:
        return Library(
            index,
            [RootConfig(root, root.name, 0) for root in roots],
            clock=self.clock,
            probe=TextProbe(),
            time_zone="Europe/Berlin",
            bounds=BOUNDS,
            files=files,
            trace=trace,
            with_keeper=False,
            owner="the machine",
        )

    def live(self, story: Callable[[PowerCutRig], None]) -> None:
        """Run until the story or the power ends."""
        # a cut inside a transaction: the disk holds what the last commit left
        try:
            open_here(self.library)
            story(self)
        except PowerCutError:
            pass
        finally:
            if self.power.is_off:
                self.images.take()
            self.power.is_off = True
            close_here(self.library)

    def restart(self, *, back: int = 0, is_forgetful: bool = False) -> Library:
        """Return a library (not open) on what the disks hold after the cut."""
        if is_forgetful:
            self.files.forget()
        after = self.folder / "after"
        self.images.restore(after / "config", back)
        roots = tuple(after / root.name for root in self.roots)
        for old, new in zip(self.roots, roots, strict=True):
            old.rename(new)
        # the same storage is found at another place by its marker
        return self._library(after / "config" / self.index.name, roots, None, None)


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def whole_life(rig: PowerCutRig) -> None:
    """Create, protect, delete, undo, journal, move, sweep, once each."""
    library_rig, said, library = rig.library_rig, rig.said, rig.library
    care = library.care
    run(library.register_nvr(NVR, "Recorder"))
    run(library.register_camera(NVR, CAMERA, "Garden"))
    for root in store_of(library).guard.roots():
        keeper_of(library).tend(root)
    whole = TimeRange(NOW, NOW + 60 * MINUTE)
    run(library.ledger.mark(CAMERA, [whole], CoverageState.ON_DEVICE))
    for number in range(4):
        start_ms = NOW + number * 5 * MINUTE
        target, facts = library_rig.begin(start_ms)
        rig.files.unsynced.add(target.part_path)
        library.ledger.sink(CAMERA).finish(target, facts)
        said.kept[target.clip_id] = facts.range
    first, second, third, fourth = said.kept
    run(care.protect([first], "the fox"))
    said.protected.add(first)
    said.asked_to_delete.update({second, third})
    run(care.delete([second, third]))
    run(care.restore([third]))
    said.asked_to_delete.discard(third)
    rig.clock.advance(2 * MINUTE)
    care.empty_trash_now()
    said.deleted.add(second)
    for root in store_of(library).guard.roots():
        keeper_of(library).tend(root)
    other = store_of(library).guard.roots()[1].id
    care.mover.move(fourth, other)
    care.mover.move(first, other)
    target, _ = library_rig.begin(NOW + 30 * MINUTE)
    library.ledger.sink(CAMERA).abandon(target, "nothing")
    target, facts = library_rig.begin(NOW + 35 * MINUTE)
    library.ledger.sink(CAMERA).finish(target, facts)
    said.kept[target.clip_id] = facts.range
    for root in store_of(library).guard.roots():
        keeper_of(library).tend(root)
    leave_one(rig)


def leave_one(rig: PowerCutRig) -> None:
    """A storage error lets go of a clip, which is salvaged; it began before midnight."""
    library_rig, said, library = rig.library_rig, rig.said, rig.library
    store = store_of(library)
    store.on_left = lambda _root: None  # here, and not on the thread of the root
    target, facts = library_rig.begin(MIDNIGHT - 1_000, source=ClipSource.LIVE)
    late = make_facts(MIDNIGHT, source=ClipSource.LIVE)
    data = clip_bytes(CAMERA, late)
    target.part_path.write_bytes(data)
    rig.files.unsynced.add(target.part_path)
    library.ledger.sink(CAMERA).leave(target, NvrError(ErrorKind.STORAGE_FAILED, "EIO"))
    library.care.checker.fast(store.guard.roots()[0])
    said.kept[target.clip_id] = measured(late, data).range
    assert facts.range.start_ms < MIDNIGHT


def verify(rig: PowerCutRig, library: Library, *, is_older: bool = False) -> None:
    """Open what is left and hold it against what was confirmed."""
    said = rig.said
    open_here(library)
    try:
        # a busy machine may need longer than `open` waits
        assert store_of(library).guard.wait_answered(30)
        report = library.care.checker.full()
        assert report.skipped_roots == ()
        assert report.foreign_count == 0 or is_older
        invariants.check(library)
        store = store_of(library)
        rows = store.read(
            lambda c: c.execute("select * from clip order by start_ms").fetchall()
        )
        deleted = {said.kept[clip_id].start_ms for clip_id in said.asked_to_delete}
        for row in rows:
            # what was deleted and forgotten again can only be called missing
            is_forgotten = is_older and row["start_ms"] in deleted
            allowed = {"missing"} if is_forgotten else set()
            assert row["state"] in {"complete", "trashed"} | allowed
        # of lost commits one may have been the undo: the clip is in the trash then
        there = {"complete", "trashed"} if is_older else {"complete"}
        complete = {row["start_ms"]: row for row in rows if row["state"] in there}
        for clip_id, kept in said.kept.items():
            if clip_id in said.asked_to_delete:
                continue
            assert kept.start_ms in complete, f"clip {clip_id} is lost"
            if clip_id in said.protected and not is_older:
                assert complete[kept.start_ms]["is_protected"]
        if not is_older:
            for clip_id in said.deleted:
                assert said.kept[clip_id].start_ms not in complete
    finally:
        close_here(library)


@pytest.fixture
def fast_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of syncs cost nothing there."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def steps_of(tmp_path: Path) -> int:
    rig = PowerCutRig(tmp_path / "whole", None)
    rig.live(whole_life)
    return rig.power.count


def test_the_whole_story_holds_without_a_cut(tmp_path: Path) -> None:
    rig = PowerCutRig(tmp_path / "whole", None)
    rig.live(whole_life)
    assert len(rig.said.kept) == 6
    verify(rig, rig.restart())


@pytest.mark.parametrize(
    ("back", "is_forgetful", "stride"),
    [(0, False, 1), (0, True, 3), (1, False, 5), (3, True, 6), (8, False, 6)],
    ids=["cut", "unsynced gone", "last commit gone", "both", "eight commits gone"],
)
def test_power_cut_at_every_step(
    fast_path: Path, back: int, is_forgetful: bool, stride: int
) -> None:
    count = steps_of(fast_path)
    assert count > 100
    for cut_at in range(1, count + 1, int(os.environ.get("POWER_CUT_STRIDE", stride))):
        folder = fast_path / str(cut_at)
        rig = PowerCutRig(folder, cut_at)
        rig.live(whole_life)
        try:
            verify(
                rig,
                rig.restart(back=back, is_forgetful=is_forgetful),
                is_older=back > 0,
            )
        except (AssertionError, NvrError) as error:
            name = rig.power.names[-1]
            pytest.fail(f"cut at step {cut_at} ({name}): {error!r}")
        shutil.rmtree(folder)


def second_life(rig: PowerCutRig) -> None:
    """Damage is found, a journal loses lines, is told again and made small."""
    library_rig, said, library = rig.library_rig, rig.said, rig.library
    run(library.register_nvr(NVR, "Recorder"))
    run(library.register_camera(NVR, CAMERA, "Garden"))
    for number in range(3):
        target, facts = library_rig.begin(NOW + number * 5 * MINUTE)
        library.ledger.sink(CAMERA).finish(target, facts)
        said.kept[target.clip_id] = facts.range
    first, second, third = said.kept
    run(library.care.protect([first], "the fox"))
    said.protected.add(first)
    for root in store_of(library).guard.roots():
        keeper_of(library).tend(root)
    clip = run(library.browse.clip(second))
    assert clip is not None
    path = library_rig.folder / clip.path
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    said.asked_to_delete.add(second)  # it may be missing from now on
    library.care._verifier.verify(
        CAMERA, TimeRange(NOW, NOW + 60 * MINUTE), lambda: True
    )
    other = store_of(library).guard.roots()[1].id
    library.care.mover.move(third, other)
    journal = library_rig.folder / "recorder/garden" / JOURNAL
    journal.write_bytes(b"#" + journal.read_bytes())
    library.care.checker.full()


def test_power_cut_while_damage_is_put_aside_and_journals_are_mended(
    fast_path: Path,
) -> None:
    whole = PowerCutRig(fast_path / "whole", None)
    whole.live(second_life)
    assert whole.power.count > 60
    assert any("replace .journal" in name for name in whole.power.names)
    assert any("damaged" in name for name in whole.power.names)
    for cut_at in range(1, whole.power.count + 1):
        rig = PowerCutRig(fast_path / str(cut_at), cut_at)
        rig.live(second_life)
        library = rig.restart(is_forgetful=cut_at % 2 == 0)
        open_here(library)
        try:
            library.care.checker.full()
            rows = {
                row["start_ms"]: row
                for row in store_of(library).read(
                    lambda c: c.execute("select * from clip").fetchall()
                )
            }
            store_of(library).read(invariants.check_index)
            said = rig.said
            for clip_id, kept in said.kept.items():
                row = rows[kept.start_ms]
                if clip_id not in said.asked_to_delete:
                    assert row["state"] == "complete", f"clip {clip_id} is lost"
                if clip_id in said.protected:
                    assert row["is_protected"]
            if not said.kept:
                continue
            damaged = library.care._verifier.verify(
                CAMERA, TimeRange(NOW, NOW + 60 * MINUTE), lambda: True
            ).damaged
            ids = {rows[said.kept[n].start_ms]["id"] for n in said.asked_to_delete}
            assert set(damaged) <= ids
            if said.asked_to_delete:
                spoiled = store_of(library).guard.roots()[0].folder.rglob("*.mp4*")
                assert any(file.read_bytes().endswith(b"?") for file in spoiled)
        except (AssertionError, NvrError, KeyError) as error:
            name = rig.power.names[-1]
            pytest.fail(f"cut at step {cut_at} ({name}): {error!r}")
        finally:
            close_here(library)
            shutil.rmtree(fast_path / str(cut_at))


def test_rows_of_a_killed_writer_become_clips(tmp_path: Path) -> None:
    rig = PowerCutRig(tmp_path, None)
    open_here(rig.library)
    run(rig.library.register_nvr(NVR, "Recorder"))
    run(rig.library.register_camera(NVR, CAMERA, "Garden"))
    target, _ = rig.library_rig.begin(NOW)
    empty, _ = rig.library_rig.begin(NOW + 10 * MINUTE)
    empty.part_path.write_bytes(b"")
    close_here(rig.library)
    rig.images.take()
    library = rig.restart()
    open_here(library)
    try:
        invariants.check(library)
        rows = store_of(library).read(
            lambda c: c.execute("select * from clip").fetchall()
        )
        assert [(row["id"], row["state"]) for row in rows] == [
            (target.clip_id, ClipState.COMPLETE)
        ]
    finally:
        close_here(library)
