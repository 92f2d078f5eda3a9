"""Clips that go to another root by age, and second copies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import threading

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import (
    Retention,
    RootConfig,
    index_clips,
)
from custom_components.vtrack_nvr.core.library.transfer import settle_transfers
from custom_components.vtrack_nvr.core.models import ClipState

from . import invariants
from .helpers import CAMERA, DAY, HOUR, NOW, NVR, OTHER, Setup
from .test_owners import until


@pytest.fixture
async def two(setup: Setup, tmp_path: Path) -> AsyncIterator[tuple[Setup, Path, int]]:
    """A library with a second root; its folder and its id."""
    nas = tmp_path / "nas"
    nas.mkdir()
    await setup.library.set_roots(
        [RootConfig(setup.root, "one", 0), RootConfig(nas, "nas", 0)]
    )
    _, second = await setup.library.roots()
    yield setup, nas / "vtrack_nvr", second.id
    await asyncio.to_thread(invariants.check, setup.library)


async def test_old_clips_move_and_new_ones_stay(two: tuple[Setup, Path, int]) -> None:
    setup, nas, second = two
    library = setup.library
    old = await asyncio.to_thread(setup.keep, NOW - 3 * DAY)
    new = await asyncio.to_thread(setup.keep, NOW)
    await library.care.protect([old], "fox")
    await library.set_retention(
        CAMERA, Retention(move_after_days=2, move_to_root=second)
    )
    assert await asyncio.to_thread(library.care.mover.run) == 1
    clip = await library.browse.clip(old)
    assert clip is not None
    assert (clip.root_id, clip.is_protected, clip.note) == (second, True, "fox")
    assert (nas / clip.path).exists()
    assert len(setup.files()) == 1
    with await library.browse.reader(old) as reader:
        assert reader.path == nas / clip.path
    stayed = await library.browse.clip(new)
    assert stayed is not None
    assert stayed.root_id != second
    assert await asyncio.to_thread(library.care.mover.run) == 0
    first, other = await library.roots()
    assert (first.clips, other.clips) == (1, 1)


async def test_a_copy_goes_with_its_clip_and_stands_in_for_it(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    library = setup.library
    first = await asyncio.to_thread(setup.keep, NOW - 3 * DAY)
    other = await asyncio.to_thread(setup.keep, NOW - 3 * DAY + HOUR)
    await library.set_retention(
        CAMERA, Retention(move_after_days=2, move_to_root=second, is_copy=True)
    )
    assert await asyncio.to_thread(library.care.mover.run) == 2
    assert await asyncio.to_thread(library.care.mover.run) == 0
    assert len(setup.files()) == 2
    assert len(list(nas.rglob("*.mp4"))) == 2
    await library.care.delete([first])
    await library.care.empty_trash(at_once=True)
    assert len(list(nas.rglob("*.mp4"))) == 1
    clip = await library.browse.clip(other)
    assert clip is not None
    (setup.folder / clip.path).unlink()
    report = await library.care.check()
    assert report.missing == 1
    back = await library.browse.clip(other)
    assert back is not None
    assert (back.state, back.root_id) == (ClipState.COMPLETE, second)


async def test_a_clip_somebody_reads_leaves_its_old_file_for_later(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    library = setup.library
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    reader = await library.browse.reader(clip_id)
    await asyncio.to_thread(library.care.mover.move, clip_id, second)
    assert reader.path.exists()
    assert len(list(nas.rglob("*.mp4"))) == 1
    reader.release()

    def tend() -> None:
        for root in library._store.guard.roots():
            library._keeper.tend(root)

    await asyncio.to_thread(tend)
    assert not reader.path.exists()


async def test_a_damaged_clip_does_not_replace_its_copy_nor_stop_the_others(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    library = setup.library
    bad = await asyncio.to_thread(setup.keep, NOW - 3 * DAY)
    good = await asyncio.to_thread(setup.keep, NOW - 3 * DAY + HOUR)
    clip = await library.browse.clip(bad)
    assert clip is not None
    data = bytearray((setup.folder / clip.path).read_bytes())
    data[-1] ^= 1
    (setup.folder / clip.path).write_bytes(data)
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
    assert (setup.folder / clip.path).exists()
    assert len(list(nas.rglob("*.*mp4*"))) == 1
    data[-1] ^= 1
    (setup.folder / clip.path).write_bytes(data)


async def test_a_name_that_is_taken_there_gets_a_number(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    clip = await setup.library.browse.clip(clip_id)
    assert clip is not None
    (nas / clip.path).parent.mkdir(parents=True)
    (nas / clip.path).write_bytes(b"foreign")
    await asyncio.to_thread(setup.library.care.mover.move, clip_id, second)
    moved = await setup.library.browse.clip(clip_id)
    assert moved is not None
    assert moved.path == clip.path.replace(".mp4", "_2.mp4")
    assert (nas / clip.path).read_bytes() == b"foreign"
    (nas / clip.path).unlink()
    await asyncio.to_thread(setup.library.care.mover.move, clip_id, second)
    with pytest.raises(NvrError):
        await asyncio.to_thread(setup.library.care.mover.move, 10**6, second)


async def test_a_root_that_is_away_takes_nothing(two: tuple[Setup, Path, int]) -> None:
    setup, nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW - 9 * DAY)
    (nas / ".vtrack_nvr_root").rename(nas / "aside")
    await setup.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=second)
    )
    assert await asyncio.to_thread(setup.library.care.mover.run) == 0
    clip = await setup.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.root_id != second
    (nas / "aside").rename(nas / ".vtrack_nvr_root")


async def test_all_that_is_due_moves_in_one_run_and_a_gone_root_stops_no_other(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    library = setup.library
    await library.register_camera(NVR, OTHER, "Yard")

    def fill() -> None:
        for number in range(5):
            setup.keep(NOW - 3 * DAY + number * HOUR)
            setup.keep(NOW - 3 * DAY + number * HOUR, OTHER)

    await asyncio.to_thread(fill)
    await library.set_retention(CAMERA, Retention(move_after_days=1, move_to_root=4711))
    await library.set_retention(
        OTHER, Retention(move_after_days=1, move_to_root=second)
    )
    assert await asyncio.to_thread(library.care.mover.run, 2) == 5
    assert len(list(nas.rglob("*.mp4"))) == 5
    assert len(setup.files()) == 5


async def test_no_file_is_asked_for_on_the_thread_of_the_index(
    two: tuple[Setup, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that hangs would take the whole index along."""
    setup, _nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    store = setup.library._store
    names: set[str] = set()
    for name in ("exists", "size", "remove", "copy", "sha256", "make_folder"):
        real = getattr(store.files, name)

        def watched(*arguments, real=real):
            names.add(threading.current_thread().name)
            return real(*arguments)

        monkeypatch.setattr(store.files, name, watched)
    await asyncio.to_thread(setup.library.care.mover.move, clip_id, second)
    assert names
    assert "vtrack-index" not in names


async def test_a_copy_that_has_its_name_is_settled_when_the_folder_cannot_be_synced(
    two: tuple[Setup, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, nas, second = two
    library = setup.library
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    store = library._store
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
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    clip = await setup.library.browse.clip(clip_id)
    assert clip is not None
    store = setup.library._store
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
    two: tuple[Setup, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    store = setup.library._store
    reader = await setup.library.browse.reader(clip_id)
    await asyncio.to_thread(setup.library.care.mover.move, clip_id, second)
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
    two: tuple[Setup, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, _nas, second = two
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    answers = iter([False, True])
    monkeypatch.setattr(index_clips, "path_is_taken", lambda *_: next(answers))
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(setup.library.care.mover.move, clip_id, second)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    monkeypatch.undo()
    clip = await setup.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.root_id != second


async def test_a_copy_that_is_damaged_itself_stands_in_for_nothing(
    two: tuple[Setup, Path, int],
) -> None:
    setup, nas, second = two
    library = setup.library
    good = await asyncio.to_thread(setup.keep, NOW)
    bad = await asyncio.to_thread(setup.keep, NOW + HOUR)

    def copy_and_spoil() -> None:
        for clip_id in (good, bad):
            library.care.mover.move(clip_id, second, is_copy=True)
            clip = library._store.read(lambda c, n=clip_id: index_clips.get(c, n))
            assert clip is not None
            for file in [setup.folder / clip.path] + (
                [nas / clip.path] if clip_id == bad else []
            ):
                file.write_bytes(file.read_bytes()[:-1] + b"?")

    await asyncio.to_thread(copy_and_spoil)
    report = await library.care.verify(CAMERA, TimeRange(0, NOW + DAY))
    assert set(report.damaged) == {good, bad}
    first, second_clip = [await library.browse.clip(n) for n in (good, bad)]
    assert first is not None
    assert second_clip is not None
    assert (first.state, first.root_id) == (ClipState.COMPLETE, second)
    assert second_clip.state is ClipState.MISSING
    # its bad copy lies there still, and belongs to a clip that is missing
    library._store.write(lambda c: c.execute("delete from transfer"))
    (nas / second_clip.path).unlink()
