"""A second root over the years: given up, replaced, found under another path."""

import asyncio
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library.values import Retention, RootConfig
from custom_components.vtrack_nvr.core.models import CameraKey
from tests.insides import store_of

from . import invariants
from .rig import CAMERA, DAY, NOW, LibraryRig
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


async def use(rig: LibraryRig, *others: Path) -> list[int]:
    """Configure the first root and others; return the ids of those in use."""
    await rig.library.set_roots(
        [RootConfig(path, path.name, 0) for path in (rig.root, *others)]
    )
    roots = [root for root in await rig.library.roots() if root.is_current]
    await until(lambda: all(root.id in store_of(rig.library).settled for root in roots))
    return [root.id for root in roots]


async def wanted(rig: LibraryRig) -> int | None:
    cameras = {item.key: item for item in await rig.library.browse.cameras()}
    return cameras[CameraKey(CAMERA)].retention.move_to_root


async def test_older_clips_follow_a_root_to_another_path(
    rig: LibraryRig, nas: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(rig.keep, NOW - 9 * DAY)
    _, second = await use(rig, nas)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not mounted yet")
    await rig.library.set_roots(
        [RootConfig(path, path.name, 0) for path in (rig.root, elsewhere)]
    )
    other = next(
        root.id for root in await rig.library.roots() if root.path == elsewhere
    )
    assert other != second
    await rig.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=other)
    )
    await asyncio.to_thread(elsewhere.unlink)
    await asyncio.to_thread(nas.rename, elsewhere)
    await until(lambda: rig.library.root_problem(second) is None)
    await until(lambda: second in store_of(rig.library).settled)
    assert await wanted(rig) == second
    assert await asyncio.to_thread(rig.library.care.mover.run) == 1
    assert clips_on(elsewhere) == 1
    await asyncio.to_thread(invariants.check, rig.library)
