"""A Home Assistant of its own for each test, with folders of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.vtrack_nvr  # noqa: F401 - found before the package's own
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.models import Channel
from custom_components.vtrack_nvr.flow_entry import camera_data, camera_key, entry_of
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
    Login,
    async_inspect,
)
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs


@pytest.fixture(autouse=True)
def _ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant find our integration."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Never write into the shared configuration folder of the test package."""
    return hass_tmp_config_dir


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FootageStore:
    """Return one store for all tests: nothing is encoded twice."""
    return FootageStore(tmp_path_factory.mktemp("footage"))


type StartNvr = Callable[[str], Any]


@pytest.fixture
async def start_nvr(
    socket_enabled: None, footage: FootageStore
) -> AsyncIterator[StartNvr]:
    """Start the devices of a scenario of the simulator; all end with the test."""
    running: list[SimulatedNvr] = []

    async def start(name: str) -> list[SimulatedNvr]:
        nvrs = [SimulatedNvr(spec, footage=footage) for spec in make_specs(name)]
        for nvr in nvrs:
            await nvr.start()
            running.append(nvr)
        return nvrs

    yield start
    for nvr in running:
        await nvr.stop()


@pytest.fixture
def media_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the only media dir of the instance."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.media_dirs = {"local": str(folder)}
    return folder


def address_of(nvr: SimulatedNvr) -> Address:
    """Return where a simulated NVR answers."""
    return Address("127.0.0.1", nvr.port)


def login_of(nvr: SimulatedNvr) -> Login:
    """Return the login of a simulated NVR."""
    return Login(nvr.spec.user, nvr.spec.password)


async def entry_for(
    hass: HomeAssistant, nvr: SimulatedNvr, storage: Path, **settings: Any
) -> MockConfigEntry:
    """Return an entry as the flow makes it, not added yet."""
    address, login = address_of(nvr), login_of(nvr)
    report = await async_inspect(hass, address, login)
    parts = entry_of(
        report,
        address,
        login,
        storage=str(storage),
        cameras=[channel.token for channel in report.channels],
        settings=settings,
    )
    return MockConfigEntry(
        domain=DOMAIN,
        title=parts.title,
        data=parts.data,
        unique_id=report.key,
        subentries_data=parts.subentries,
    )


__all__ = [
    "Channel",
    "ConfigSubentryData",
    "address_of",
    "camera_data",
    "camera_key",
    "entry_for",
    "login_of",
]
