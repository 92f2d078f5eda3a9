"""Devices on loopback, in a thread of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulator.footage import FootageStore

from .devices import Devices


@pytest.fixture(autouse=True)
def _allow_loopback(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FootageStore:
    """Return one store for all tests: nothing is encoded twice."""
    return FootageStore(tmp_path_factory.mktemp("footage"))


@pytest.fixture
async def devices(footage: FootageStore) -> AsyncIterator[Devices]:
    """Return where devices are switched on; all are off after the test."""
    devices = Devices(footage)
    yield devices
    await devices.close()


@pytest.fixture
def home_folder(tmp_path: Path) -> Path:
    """Return the folder of one installation."""
    return tmp_path / "home"
