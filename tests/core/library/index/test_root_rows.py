"""A dead disk is replaced: a person says so, nothing else does."""

import asyncio
from pathlib import Path
import shutil

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.values import RootConfig
from custom_components.vtrack_nvr.core.models import ClipState, CoverageState
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import CAMERA, HOUR, MINUTE, NOW, NVR, LibraryRig
from ..upkeep.test_folder_owner import until


async def test_a_new_disk_at_the_same_place_is_used_when_a_person_says_so(
    rig: LibraryRig, tmp_path: Path
) -> None:
    library = rig.library
    (old,) = await library.roots()
    await library.register_camera(NVR, CAMERA, "Garden", root_id=old.id)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    (root,) = store_of(library).guard.roots()
    await asyncio.to_thread(keeper_of(library).tend, root)
    half, _facts = await asyncio.to_thread(rig.begin, NOW + HOUR)
    with pytest.raises(NvrError) as caught:
        await library.replace_storage(old.id)
    assert caught.value.kind is ErrorKind.STORAGE_FAILED, "it is there"
    dead = rig.root.rename(tmp_path / "dead")
    rig.root.mkdir()
    await until(lambda: library.root_problem(old.id) is not None)
    assert list(rig.root.iterdir()) == []
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert clip.state is ClipState.COMPLETE, "an empty folder says nothing"

    await library.replace_storage(old.id)

    await until(lambda: library.ledger.storage_problem(CAMERA) is None)
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert clip.state is ClipState.MISSING
    window = TimeRange(NOW, NOW + 5 * MINUTE)
    (span,) = await library.ledger.coverage(CAMERA, window)
    assert (span.state, span.reason) == (CoverageState.MISSING, "storage_replaced")
    fresh = await asyncio.to_thread(rig.keep, NOW + 2 * HOUR)
    assert len(rig.files()) == 1
    assert await library.browse.clip(half.clip_id) is None

    # the old disk is repaired and mounted elsewhere
    await library.set_roots(
        [RootConfig(rig.root, "media", 0), RootConfig(dead, "old", 0)]
    )
    await until(lambda: library.ledger.storage_problem(CAMERA) is None)
    await until(lambda: old.id in store_of(library).settled)
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert (clip.state, clip.root_id) == (ClipState.COMPLETE, old.id)
    assert fresh != clip_id
    await asyncio.to_thread(invariants.check, library)


async def test_what_is_no_root_cannot_be_replaced(rig: LibraryRig) -> None:
    with pytest.raises(NvrError) as caught:
        await rig.library.replace_storage(4711)
    assert caught.value.kind is ErrorKind.GONE
    (root,) = await rig.library.roots()
    shutil.rmtree(rig.folder)
    await asyncio.to_thread(store_of(rig.library).write, _not_configured)
    await until(lambda: rig.library.root_problem(root.id) is not None)
    with pytest.raises(NvrError):
        await rig.library.replace_storage(root.id)


def _not_configured(connection) -> None:
    connection.execute("update root set is_current = 0")
