"""Clips that go to another root by age, and second copies of earlier versions."""

# Reads private members: a move is stopped between two of its steps.

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import shutil
import sqlite3
import threading

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library import journal_files
from custom_components.vtrack_nvr.core.library.index import clip_rows, outbox
from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    encode_line,
)
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.upkeep.transfer import settle_transfers
from custom_components.vtrack_nvr.core.library.values import Retention, RootConfig
from custom_components.vtrack_nvr.core.models import ClipState
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import CAMERA, DAY, HOUR, NOW, NVR, OTHER, LibraryRig
from .test_folder_owner import until


@pytest.fixture
async def two(
    rig: LibraryRig, tmp_path: Path
) -> AsyncIterator[tuple[LibraryRig, Path, int]]:
    """A library with a second root; its folder and its id."""
    nas = tmp_path / "nas"
    nas.mkdir()
    await rig.library.set_roots(
        [RootConfig(rig.root, "one", 0), RootConfig(nas, "nas", 0)]
    )
    _, second = await rig.library.roots()
    yield rig, nas / "vtrack_nvr", second.id
    await asyncio.to_thread(invariants.check, rig.library)


async def test_old_clips_move_and_new_ones_stay(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    library = rig.library
    old = await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    new = await asyncio.to_thread(rig.keep, NOW)
    await library.care.protect([old], "fox")
    await library.set_retention(
        CAMERA, Retention(move_after_days=2, move_to_root=second)
    )
    assert await asyncio.to_thread(library.care.mover.run) == 1
    clip = await library.browse.clip(old)
    assert clip is not None
    assert (clip.root_id, clip.is_protected, clip.note) == (second, True, "fox")
    assert (nas / clip.path).exists()
    assert len(rig.files()) == 1
    with await library.browse.reader(old) as reader:
        assert reader.path == nas / clip.path
    stayed = await library.browse.clip(new)
    assert stayed is not None
    assert stayed.root_id != second
    assert await asyncio.to_thread(library.care.mover.run) == 0
    first, other = await library.roots()
    assert (first.clips, other.clips) == (1, 1)


async def test_a_second_copy_of_an_earlier_version_is_left_alone_and_used_in_need(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    library = rig.library
    kept = await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    other = await asyncio.to_thread(rig.keep, NOW - 3 * DAY + HOUR)
    await asyncio.to_thread(shutil.copytree, rig.folder / "recorder", nas / "recorder")
    (nas / "recorder/garden/.journal.jsonl").unlink(missing_ok=True)
    renamed = min(nas.rglob("*.mp4"))
    renamed.rename(renamed.with_stem(renamed.stem + "_2"))
    report = await library.care.check()
    assert (report.adopted, report.foreign_count) == (0, 0)
    assert (await library.ledger.totals(CAMERA)).clips == 2
    clip = await library.browse.clip(other)
    assert clip is not None
    await library.care.protect([other], "fox")
    (rig.folder / clip.path).unlink()
    report = await library.care.check()
    assert (report.missing, report.adopted) == (1, 1)
    assert await library.browse.clip(other) is None
    found = {item.id: item for item in await library.browse.recent()}
    new = next(item for item in found.values() if item.id != kept)
    assert (new.state, new.root_id) == (ClipState.COMPLETE, second)
    assert (new.is_protected, new.note) == (True, "fox"), "it is the same footage"
    await library.care.delete([kept])
    await library.care.empty_trash(at_once=True)
    assert (await library.care.check()).adopted == 0, "nor does what was deleted return"
    assert len(list(nas.rglob("*.mp4"))) == 2, "nothing of ours deletes them"
    renamed.with_stem(renamed.stem + "_2").unlink()


@pytest.mark.parametrize("is_second_first", [False, True])
async def test_a_rebuilt_index_takes_second_copies_for_the_same_clips(
    two: tuple[LibraryRig, Path, int], *, is_second_first: bool
) -> None:
    rig, nas, second = two
    library, store = rig.library, store_of(rig.library)
    await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    one, other = store.guard.roots()
    await asyncio.to_thread(keeper_of(library).tend, one)
    await asyncio.to_thread(shutil.copytree, rig.folder / "recorder", nas / "recorder")
    (nas / "recorder/garden/.journal.jsonl").unlink()

    def forget(connection: sqlite3.Connection) -> None:
        for name in ("clip", "journal", "camera_day", "root_total"):
            connection.execute(f"delete from {name}")
        connection.execute("update camera set clips = 0, bytes = 0, kept_ms = 0")

    store.write(forget)
    assert second == other.id
    for root in [other, one] if is_second_first else [one, other]:
        await asyncio.to_thread(library.care.checker.fast, root)
    await asyncio.to_thread(library.care.checker.full)
    (clip,) = await library.browse.recent()
    assert clip.root_id == one.id, "what the journal names is the clip"
    assert len(list(nas.rglob("*.mp4"))) == 1


async def test_a_clip_is_deleted_although_what_is_left_of_it_elsewhere_cannot_be(
    two: tuple[LibraryRig, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, nas, second = two
    library, store = rig.library, store_of(rig.library)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    reader = await library.browse.reader(clip_id)
    await asyncio.to_thread(library.care.mover.move, clip_id, second)
    one, _ = store.guard.roots()
    await asyncio.to_thread((rig.folder / ".vtrack_nvr_root").rename, nas / "aside")
    await until(lambda: library.root_problem(one.id) is not None)
    reader.release()
    await library.care.delete([clip_id])
    assert await library.care.empty_trash(at_once=True) == 1
    assert await library.browse.clip(clip_id) is None
    assert (list(nas.rglob("*.mp4")), len(rig.files())) == ([], 1)
    await asyncio.to_thread((nas / "aside").rename, rig.folder / ".vtrack_nvr_root")
    await until(lambda: library.root_problem(one.id) is None)
    await until(lambda: one.id in store.settled)
    await asyncio.to_thread(keeper_of(library).tend, one)
    assert rig.files() == []
    assert store.read(lambda c: c.execute("select * from transfer").fetchall()) == []


async def test_a_clip_somebody_reads_leaves_its_old_file_for_later(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    library = rig.library
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    reader = await library.browse.reader(clip_id)
    await asyncio.to_thread(library.care.mover.move, clip_id, second)
    assert reader.path.exists()
    assert len(list(nas.rglob("*.mp4"))) == 1
    reader.release()

    def tend() -> None:
        for root in store_of(library).guard.roots():
            keeper_of(library).tend(root)

    await asyncio.to_thread(tend)
    assert not reader.path.exists()


async def test_a_damaged_clip_does_not_replace_its_copy_nor_stop_the_others(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    library = rig.library
    bad = await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    good = await asyncio.to_thread(rig.keep, NOW - 3 * DAY + HOUR)
    clip = await library.browse.clip(bad)
    assert clip is not None
    data = bytearray((rig.folder / clip.path).read_bytes())
    data[-1] ^= 1
    (rig.folder / clip.path).write_bytes(data)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(library.care.mover.move, bad, second)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    await library.set_retention(
        CAMERA, Retention(move_after_days=2, move_to_root=second)
    )
    assert await asyncio.to_thread(library.care.mover.run) == 1
    moved = await library.browse.clip(good)
    assert moved is not None
    assert moved.root_id == second
    assert (rig.folder / clip.path).exists()
    assert len(list(nas.rglob("*.*mp4*"))) == 1
    data[-1] ^= 1
    (rig.folder / clip.path).write_bytes(data)


async def test_a_name_that_is_taken_there_gets_a_number(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    (nas / clip.path).parent.mkdir(parents=True)
    (nas / clip.path).write_bytes(b"foreign")
    await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    moved = await rig.library.browse.clip(clip_id)
    assert moved is not None
    assert moved.path == clip.path.replace(".mp4", "_2.mp4")
    assert (nas / clip.path).read_bytes() == b"foreign"
    (nas / clip.path).unlink()
    await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    with pytest.raises(NvrError):
        await asyncio.to_thread(rig.library.care.mover.move, 10**6, second)


async def test_a_root_that_is_away_takes_nothing(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW - 9 * DAY)
    (nas / ".vtrack_nvr_root").rename(nas / "aside")
    await rig.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=second)
    )
    assert await asyncio.to_thread(rig.library.care.mover.run) == 0
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.root_id != second
    (nas / "aside").rename(nas / ".vtrack_nvr_root")


async def test_all_that_is_due_moves_in_one_run_and_a_gone_root_stops_no_other(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    library = rig.library
    await library.register_camera(NVR, OTHER, "Yard")

    def fill() -> None:
        for number in range(5):
            rig.keep(NOW - 3 * DAY + number * HOUR)
            rig.keep(NOW - 3 * DAY + number * HOUR, OTHER)

    await asyncio.to_thread(fill)
    await library.set_retention(CAMERA, Retention(move_after_days=1, move_to_root=4711))
    await library.set_retention(
        OTHER, Retention(move_after_days=1, move_to_root=second)
    )
    assert await asyncio.to_thread(library.care.mover.run, 2) == 5
    assert len(list(nas.rglob("*.mp4"))) == 5
    assert len(rig.files()) == 5


async def test_no_file_is_asked_for_on_the_thread_of_the_index(
    two: tuple[LibraryRig, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that hangs would take the whole index along."""
    rig, _nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    store = store_of(rig.library)
    names: set[str] = set()
    for name in ("exists", "size", "remove", "copy", "sha256", "make_folder"):
        real = getattr(store.files, name)

        def watched(*arguments, real=real):
            names.add(threading.current_thread().name)
            return real(*arguments)

        monkeypatch.setattr(store.files, name, watched)
    await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    assert names
    assert "vtrack-index" not in names


async def test_a_copy_that_has_its_name_is_settled_when_the_folder_cannot_be_synced(
    two: tuple[LibraryRig, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, nas, second = two
    library = rig.library
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    store = store_of(library)
    real = store.files.sync_folder
    named: list[Path] = []

    def fail(folder: Path) -> None:
        if folder.is_relative_to(nas) and (there := list(folder.glob("*.mp4"))):
            named.extend(there)
            raise NvrError(ErrorKind.STORAGE_FAILED, "I/O error")
        real(folder)

    monkeypatch.setattr(store.files, "sync_folder", fail)
    with pytest.raises(NvrError):
        await asyncio.to_thread(library.care.mover.move, clip_id, second)
    # It may be gone again by now: the library settles a storage that is usable again.
    assert len(named) == 1
    monkeypatch.undo()
    root = store.guard.get(second)
    assert root is not None
    await asyncio.to_thread(settle_transfers, store, root)
    assert list(nas.rglob("*.mp4")) == [], "nobody's copy stays"
    await until(lambda: library.root_problem(second) is None)
    await asyncio.to_thread(library.care.mover.move, clip_id, second)


async def test_settling_never_removes_a_file_that_is_not_the_copy(
    two: tuple[LibraryRig, Path, int],
) -> None:
    rig, nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    store = store_of(rig.library)
    foreign = nas / clip.path
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"a holiday")
    store.write(
        lambda c: c.execute(
            "insert into transfer (clip_id, root_id, path, part, state, made_ms)"
            " values (?, ?, ?, 'recorder/garden/.x.1.part', 'copying', 0)",
            (clip_id, second, clip.path),
        )
    )
    root = store.guard.get(second)
    assert root is not None
    await asyncio.to_thread(settle_transfers, store, root)
    assert foreign.read_bytes() == b"a holiday"
    assert store.read(lambda c: c.execute("select 1 from transfer").fetchone()) is None
    foreign.unlink()


async def test_what_was_left_goes_only_when_its_new_home_answers_and_has_it(
    two: tuple[LibraryRig, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    store = store_of(rig.library)
    reader = await rig.library.browse.reader(clip_id)
    await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    reader.release()
    first = store.guard.roots()[0]
    (new,) = nas.rglob("*.mp4")
    aside = new.with_name("aside")
    new.rename(aside)
    await asyncio.to_thread(settle_transfers, store, first)
    assert reader.path.exists(), "it is the last copy"
    aside.rename(new)
    home = store.guard.get(second)
    trouble = NvrError(ErrorKind.STORAGE_STALLED, "no answer")
    real = store.guard.problem
    monkeypatch.setattr(
        store.guard, "problem", lambda root: trouble if root is home else real(root)
    )
    await asyncio.to_thread(settle_transfers, store, first)
    assert reader.path.exists()
    store.write(
        lambda c: c.execute(
            "insert into transfer (clip_id, root_id, path, part, state, made_ms)"
            " values (?, ?, 'recorder/garden/2027-01-15/x.mp4', 'y', 'copying', 0)",
            (clip_id, first.id),
        )
    )
    await asyncio.to_thread(settle_transfers, store, first)
    monkeypatch.undo()
    await asyncio.to_thread(settle_transfers, store, first)
    assert not reader.path.exists()


async def test_two_moves_to_one_name_do_not_share_it(
    two: tuple[LibraryRig, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, _nas, second = two
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    answers = iter([False, True])
    monkeypatch.setattr(clip_rows, "path_is_taken", lambda *_: next(answers))
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    monkeypatch.undo()
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.root_id != second


async def test_a_move_that_the_index_forgot_is_no_deletion(
    two: tuple[LibraryRig, Path, int],
) -> None:
    """The storage it left says *moved*; the other journal was not written yet."""
    rig, nas, second = two
    library, store = rig.library, store_of(rig.library)
    kept = await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    await library.care.protect([kept], "fox")
    first_root, second_root = store.guard.roots()
    assert second_root.id == second

    def forget() -> None:
        journal_files.flush(store, first_root)
        clip = store.read(lambda c: clip_rows.get_clip(c, kept))
        assert clip is not None
        mover = library.care.mover
        _, path, part = mover._begin(clip, second_root)
        mover._copy(first_root, second_root, clip, path, part)
        # from here on the commits are lost; what they wrote on the disks is not
        sequence = store.read(lambda c: outbox.known_sequence(c, 1, first_root.id))
        moved = Fact(FactKind.MOVED, {"path": clip.path})
        journal = first_root.folder / "recorder/garden" / JOURNAL
        with journal.open("ab") as file:
            file.write(encode_line(sequence + 1, moved.text()))
        (first_root.folder / clip.path).unlink()
        library.care.checker.fast(first_root)
        library.care.checker.fast(second_root)

    await asyncio.to_thread(forget)
    clip = await library.browse.clip(kept)
    assert clip is not None
    assert clip.state is ClipState.COMPLETE
    assert (clip.root_id, clip.is_protected, clip.note) == (second, True, "fox")
    assert (nas / clip.path).exists()
