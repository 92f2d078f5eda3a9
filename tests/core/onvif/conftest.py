"""Simulated devices on loopback, and a server that answers what a test tells it to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.policy import Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs


@pytest.fixture(autouse=True)
def _allow_loopback(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[SimulatedNvr]]]:
    """Start the first device of a scenario, with fields and switches changed."""
    async with AsyncExitStack() as stack:

        async def begin(
            scenario: str = "digest-only",
            faults: dict[str, Any] | None = None,
            **fields: Any,
        ) -> SimulatedNvr:
            spec = replace(make_specs(scenario)[0], **fields)
            spec.faults.update(faults or {})
            return await stack.enter_async_context(SimulatedNvr(spec))

        yield begin


@pytest.fixture
def device_of(session: aiohttp.ClientSession) -> Callable[..., OnvifDevice]:
    """Make a device of ours for a simulated one; short waits, right password."""

    def make(nvr: SimulatedNvr, **changes: Any) -> OnvifDevice:
        arguments: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": nvr.port,
            "username": nvr.spec.user,
            "password": nvr.spec.password,
            "session": session,
            "clock": QuickClock(),
            "waits": Waits(connect=2, soap_call=3, search_wait=1, search_total=3),
            **changes,
        }
        return OnvifDevice(**arguments)

    return make


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=0.1
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    scripted.port = runner.addresses[0][1]
    yield scripted
    await runner.cleanup()
