"""A second root over the years: given up, replaced, found under another path."""

import asyncio
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library import Retention, RootConfig
from custom_components.vtrack_nvr.core.library.deletion import finish_deletions
from custom_components.vtrack_nvr.core.models import CameraKey

from . import invariants
from .helpers import CAMERA, DAY, NOW, Setup
from .test_owners import until


@pytest.fixture
def nas(tmp_path: Path) -> Path:
    """Return the folder of another disk."""
    folder = tmp_path / "nas"
    folder.mkdir()
    return folder


def clips_on(folder: Path) -> int:
    return len(list(folder.rglob("*.mp4")))


def replace_disk(folder: Path, old: Path) -> None:
    """Take a disk out, which lies at `old` from now on, and put in an empty one."""
    folder.rename(old)
    folder.mkdir()


async def use(setup: Setup, *others: Path) -> list[int]:
    """Configure the first root and others; return the ids of those in use."""
    await setup.library.set_roots(
        [RootConfig(path, path.name, 0) for path in (setup.root, *others)]
    )
    roots = [root for root in await setup.library.roots() if root.is_current]
    await until(lambda: all(root.id in setup.library._store.settled for root in roots))
    return [root.id for root in roots]


async def wanted(setup: Setup) -> int | None:
    cameras = {item.key: item for item in await setup.library.cameras()}
    return cameras[CameraKey(CAMERA)].retention.move_to_root


async def with_copy(setup: Setup, nas: Path) -> tuple[int, int]:
    """Keep a clip and a copy of it; return its id and that of the second root."""
    _, second = await use(setup, nas)
    clip_id = await asyncio.to_thread(setup.keep, NOW - 9 * DAY)
    await setup.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=second, is_copy=True)
    )
    assert await asyncio.to_thread(setup.library.care.mover.run) == 1
    assert clips_on(nas) == 1
    return clip_id, second


async def is_gone(setup: Setup, clip_id: int) -> bool:
    """Delete a clip for good and say whether nothing holds it back."""
    await setup.library.care.delete([clip_id])
    await setup.library.care.empty_trash(at_once=True)
    return await setup.library.browse.clip(clip_id) is None


async def test_copies_on_a_root_that_is_given_up_go_with_their_clips(
    setup: Setup, nas: Path
) -> None:
    clip_id, second = await with_copy(setup, nas)
    await use(setup)
    former = [root for root in await setup.library.roots() if not root.is_current]
    assert [(root.id, root.has_copies, root.clips) for root in former] == [
        (second, True, 0)
    ]
    assert await is_gone(setup, clip_id)
    assert clips_on(nas) == 0
    await use(setup)
    assert len(await setup.library.roots()) == 1
    await asyncio.to_thread(invariants.check, setup.library)


async def test_copies_on_a_disk_that_was_replaced_hold_nothing_back(
    setup: Setup, nas: Path, tmp_path: Path
) -> None:
    clip_id, second = await with_copy(setup, nas)
    dead = tmp_path / "dead"
    replace_disk(nas, dead)
    await until(lambda: setup.library.root_problem(second) is not None)
    assert not await is_gone(setup, clip_id), "its copy may come back"
    first, *_ = await setup.library.roots()
    assert first.problem is None
    assert first.id in setup.library._store.settled, "the first is not to blame"
    await setup.library.replace_storage(second)
    _, new = await use(setup, nas)
    assert new != second
    assert await wanted(setup) == new, "older clips go to the new disk"
    assert await asyncio.to_thread(finish_deletions, setup.library._store) == 1
    assert await setup.library.browse.clip(clip_id) is None
    assert clips_on(dead) == 1
    await asyncio.to_thread(invariants.check, setup.library)


async def test_an_old_copy_that_comes_back_doubles_nothing(
    setup: Setup, nas: Path, tmp_path: Path
) -> None:
    clip_id, second = await with_copy(setup, nas)
    dead = tmp_path / "dead"
    replace_disk(nas, dead)
    await until(lambda: setup.library.root_problem(second) is not None)
    await setup.library.replace_storage(second)
    await use(setup, nas)
    assert await asyncio.to_thread(setup.library.care.mover.run) == 1, "copied anew"
    await use(setup, nas, dead)
    await setup.library.care.check()
    clip = await setup.library.browse.clip(clip_id)
    assert clip is not None
    assert [item.id for item in await setup.library.browse.recent()] == [clip_id]
    assert (clips_on(nas), clips_on(dead)) == (1, 1)
    await asyncio.to_thread(invariants.check, setup.library)


async def test_older_clips_follow_a_root_to_another_path(
    setup: Setup, nas: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(setup.keep, NOW - 9 * DAY)
    _, second = await use(setup, nas)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not mounted yet")
    await setup.library.set_roots(
        [RootConfig(path, path.name, 0) for path in (setup.root, elsewhere)]
    )
    other = next(
        root.id for root in await setup.library.roots() if root.path == elsewhere
    )
    assert other != second
    await setup.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=other)
    )
    await asyncio.to_thread(elsewhere.unlink)
    await asyncio.to_thread(nas.rename, elsewhere)
    await until(lambda: setup.library.root_problem(second) is None)
    await until(lambda: second in setup.library._store.settled)
    assert await wanted(setup) == second
    assert await asyncio.to_thread(setup.library.care.mover.run) == 1
    assert clips_on(elsewhere) == 1
    await asyncio.to_thread(invariants.check, setup.library)
