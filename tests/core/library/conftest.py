"""A library on real files, with clips that are small and a clock that tests move."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library import Library, LibraryBounds

from .rig import CAMERA, NVR, ManualClock, Setup, make_library


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bounds() -> LibraryBounds:
    return LibraryBounds(
        guard_interval=0.05, open_wait=5.0, stop_wait=2.0, batch_seconds=0.005
    )


@pytest.fixture
async def setup(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Setup]:
    """An open library with one NVR and one camera, upkeep left to the test."""
    setup = make_library(tmp_path, clock)
    await setup.library.open()
    await setup.library.register_nvr(NVR, "Recorder")
    await setup.library.register_camera(NVR, CAMERA, "Garden")
    yield setup
    await setup.library.close()


@pytest.fixture
def library(setup: Setup) -> Library:
    return setup.library


@pytest.fixture
def keep(setup: Setup) -> Callable[..., int]:
    return setup.keep
