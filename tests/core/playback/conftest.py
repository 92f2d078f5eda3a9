"""A library to watch, for every test of playback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .rig import PlaybackRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaybackRig]:
    made = PlaybackRig(tmp_path)
    await made.open()
    yield made
    await made.library.close()
