"""Clips that go to another root by age, and second copies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library import Retention, RootConfig
from custom_components.vtrack_nvr.core.models import ClipState

from . import invariants
from .helpers import CAMERA, DAY, HOUR, NOW, Setup


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
