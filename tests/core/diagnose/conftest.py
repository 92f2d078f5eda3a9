"""Takes reports of simulated devices, with short waits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.diagnose.questions import (
    Examination,
    Questions,
)
from custom_components.vtrack_nvr.core.diagnose.sessions import Patience
from custom_components.vtrack_nvr.core.diagnose.soap_tap import SoapTap
from custom_components.vtrack_nvr.core.endpoint import Endpoint, WireTap
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs

SHORT = Patience(first=2.0, quiet=0.4, paced=0.4, live=0.4, events=1.0)

type Ask = Callable[..., Awaitable[Examination]]


@pytest.fixture(autouse=True)
def _allow_loopback(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@pytest.fixture(scope="session")
def footage() -> FootageStore:
    """Return what all devices of these tests have recorded: the same, encoded once."""
    return FootageStore()


@pytest.fixture
def ask(footage: FootageStore) -> Ask:
    """Return how to examine the first device of a scenario, with switches changed."""

    async def begin(
        scenario: str = "digest-only",
        faults: dict[str, Any] | None = None,
        *,
        patience: Patience = SHORT,
        password: str = "",
        on_progress: Callable[[float], None] = lambda _: None,
        events: Iterable[dict[str, Any]] = (),
        **fields: Any,
    ) -> Examination:
        spec = replace(make_specs(scenario)[0], **fields)
        spec.faults.update(faults or {})
        password = password or spec.password
        clock = SystemClock()
        tap, guard = SoapTap(clock), LoginGuard()

        def endpoint(url: str, ear: WireTap) -> Endpoint:
            return Endpoint(url, spec.user, password, tap=ear)

        async with (
            SimulatedNvr(spec, footage=footage) as nvr,
            aiohttp.ClientSession() as session,
        ):
            await asyncio.to_thread(nvr.encode)
            for event in events:
                nvr.notify(event)
            device = OnvifDevice(
                "127.0.0.1",
                nvr.port,
                spec.user,
                password,
                session=tap.session(session),
                clock=clock,
                login_guard=guard,
                on_answer=tap.keep,
            )
            questions = Questions(
                device,
                tap,
                endpoint,
                clock=clock,
                guard=guard,
                patience=patience,
                on_progress=on_progress,
            )
            return await questions.ask()

    return begin
