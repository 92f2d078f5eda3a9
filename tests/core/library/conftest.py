"""A library on real files, with clips that are small and a clock that tests move."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds

from .rig import CAMERA, NVR, LibraryRig, ManualClock, make_library


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bounds() -> LibraryBounds:
    return LibraryBounds(
        guard_interval=0.05, open_wait=5.0, stop_wait=2.0, batch_seconds=0.005
    )


@pytest.fixture
async def rig(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LibraryRig]:
    """An open library with one NVR and one camera, upkeep left to the test."""
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    yield rig
    await rig.library.close()


@pytest.fixture
def library(rig: LibraryRig) -> Library:
    return rig.library


@pytest.fixture
def keep(rig: LibraryRig) -> Callable[..., int]:
    return rig.keep
