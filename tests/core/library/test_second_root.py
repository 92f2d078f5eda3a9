"""A second root over the years: given up, replaced, found under another path."""

import asyncio
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library import Retention, RootConfig
from custom_components.vtrack_nvr.core.models import CameraKey
from tests.insides import store_of

from . import invariants
from .rig import CAMERA, DAY, NOW, Setup
from .upkeep.test_folder_owner import until


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
    await until(
        lambda: all(root.id in store_of(setup.library).settled for root in roots)
    )
    return [root.id for root in roots]


async def wanted(setup: Setup) -> int | None:
    cameras = {item.key: item for item in await setup.library.cameras()}
    return cameras[CameraKey(CAMERA)].retention.move_to_root


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
    await until(lambda: second in store_of(setup.library).settled)
    assert await wanted(setup) == second
    assert await asyncio.to_thread(setup.library.care.mover.run) == 1
    assert clips_on(elsewhere) == 1
    await asyncio.to_thread(invariants.check, setup.library)
