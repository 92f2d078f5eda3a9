"""A library to watch, for every test of playback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.open()
    yield made
    await made.library.close()
