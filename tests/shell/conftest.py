"""A Home Assistant of its own for each test, with folders of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
import logging
from pathlib import Path
import threading
from typing import Any
from unittest.mock import AsyncMock, PropertyMock, patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

import custom_components.vtrack_nvr  # noqa: F401 - found before the package's own
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.models import Channel
from custom_components.vtrack_nvr.flows.entry_data import (
    camera_data,
    camera_key,
    entry_of,
)
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
    Login,
    async_inspect,
)
from tests.shell.rig import MakeWhole, Whole
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs

DEPRECATED = (
    "Detected that custom integration",
    "deprecated",
    "stop working",
    "will be removed",
)
"""How Home Assistant tells."""


@pytest.fixture(autouse=True)
def _ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant find our integration."""


@pytest.fixture(autouse=True)
def _nothing_deprecated(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where Home Assistant says that we use what it is about to take away."""
    yield
    told = [
        record.getMessage()
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if is_deprecation(record)
    ]
    assert told == []


def is_deprecation(record: logging.LogRecord) -> bool:
    """Return whether a line of the log is about something deprecated that we use."""
    text = record.getMessage()
    return (
        record.levelno >= logging.WARNING
        and DOMAIN in text
        and any(word in text for word in DEPRECATED)
    )


@pytest.fixture
def entity_registry_enabled_by_default() -> Iterator[None]:
    """Enable entities that come disabled."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        PropertyMock(return_value=True),
    ):
        yield


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Never write into the shared configuration folder of the test package."""
    return hass_tmp_config_dir


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FootageStore:
    """Return one store for all tests: nothing is encoded twice."""
    return FootageStore(tmp_path_factory.mktemp("footage"))


type StartNvr = Callable[[str], Any]


class SimulatorThread:
    """An event loop of its own for the devices, as they have in the world."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)
        self.thread = threading.Thread(target=self.loop.run_forever, name="simulator")
        self.thread.start()

    async def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run something over there and wait for it here."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(work, self.loop)
        )

    async def close(self) -> None:
        """End the thread, and those that it began."""
        await self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class RemoteNvr:
    """A simulated NVR that runs in the simulator's own loop."""

    def __init__(self, nvr: SimulatedNvr, simulator: SimulatorThread) -> None:
        self._nvr = nvr
        self._simulator = simulator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nvr, name)

    async def start(self) -> None:
        """Switch it on."""
        await self._simulator.run(self._nvr.start())

    async def stop(self) -> None:
        """Pull the plug."""
        await self._simulator.run(self._nvr.stop())

    async def renew_certificate(self) -> None:
        """Reset it to factory settings, as far as TLS goes."""
        await self._simulator.run(self._nvr.renew_certificate())


@pytest.fixture
async def start_nvr(
    socket_enabled: None, footage: FootageStore
) -> AsyncIterator[StartNvr]:
    """Start the devices of a scenario of the simulator; all end with the test."""
    simulator = SimulatorThread()
    running: list[RemoteNvr] = []

    async def start(name: str) -> list[RemoteNvr]:
        nvrs = [
            RemoteNvr(SimulatedNvr(spec, footage=footage), simulator)
            for spec in make_specs(name)
        ]
        for nvr in nvrs:
            await nvr.start()
            running.append(nvr)
        return nvrs

    yield start
    for nvr in running:
        await nvr.stop()
    await simulator.close()


@pytest.fixture
def media_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the only media dir of the instance."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.media_dirs = {"local": str(folder)}
    return folder


@pytest.fixture
def found_by_multicast() -> Iterator[AsyncMock]:
    """Stand in for every search by multicast: it finds nothing, or what it is given."""
    search = AsyncMock(return_value=())
    shell = "custom_components.vtrack_nvr"
    with (
        patch(f"{shell}.config_flow.async_discover", search),
        patch(f"{shell}.discovery.async_discover", search),
    ):
        yield search


NOBODY_THERE = "127.0.0.9"


@pytest.fixture
def an_empty_address(socket_enabled: None) -> str:
    """Return an address of this machine where no device listens."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", NOBODY_THERE])
    return NOBODY_THERE


@pytest.fixture
def not_set_up() -> Iterator[None]:
    """Leave out what entries do once they are there: it is tested elsewhere."""
    shell = "custom_components.vtrack_nvr"
    with (
        patch(f"{shell}.async_setup", return_value=True),
        patch(f"{shell}.async_setup_entry", return_value=True),
    ):
        yield


@pytest.fixture
async def whole(hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr) -> MakeWhole:
    """Set up the first NVR of a scenario."""

    async def make(name: str = "three-on-one-host", **settings: Any) -> Whole:
        nvr = (await start_nvr(name))[0]
        entry = await entry_for(hass, nvr, media_dir, **settings)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        return nvr, entry

    return make


def address_of(nvr: RemoteNvr) -> Address:
    """Return where a simulated NVR answers."""
    return Address("127.0.0.1", nvr.port)


def login_of(nvr: RemoteNvr) -> Login:
    """Return the login of a simulated NVR."""
    return Login(nvr.spec.user, nvr.spec.password)


async def entry_for(
    hass: HomeAssistant,
    nvr: RemoteNvr,
    storage: Path,
    *,
    at: Address | None = None,
    **settings: Any,
) -> MockConfigEntry:
    """Return an entry as the flow makes it, not added yet."""
    address, login = at or address_of(nvr), login_of(nvr)
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
