"""Asking addresses and ports one by one, gently and truthfully."""

# Reads private members: sockets are allowed to the loopback; pytest-socket has no public call for it.

import asyncio
from collections.abc import Awaitable, Callable
import gc
from pathlib import Path
import socket
import time

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.onvif.probe import (
    ProbeAnswer,
    ProbeProgress,
    ProbeResult,
    probe,
)
from custom_components.vtrack_nvr.core.onvif.targets import Target, parse_targets
from tests.core.onvif.scripted import ScriptedServer, fault, soap
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs
from tests.simulator.simulator import Simulator


@pytest.fixture
def whole_loopback(request: pytest.FixtureRequest) -> None:
    """All of 127.0.0.0/8, where the test plugin allows 127.0.0.1 alone."""
    if request.config.pluginmanager.hasplugin("socket"):
        pytest_socket = pytest.importorskip("pytest_socket")
        pytest_socket._remove_restrictions()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


type Start = Callable[..., Awaitable[SimulatedNvr]]


async def ask(session: aiohttp.ClientSession, *targets: Target) -> list[ProbeResult]:
    return list(await probe(targets, session=session, clock=SystemClock(), timeout=0.5))


async def test_several_cameras_on_one_host(session: aiohttp.ClientSession) -> None:
    async with Simulator(make_specs("three-on-one-host"), discovery_port=None) as sim:
        ports = [nvr.port for nvr in sim.nvrs]
        targets = parse_targets("127.0.0.1", ",".join(map(str, ports)))
        found: list[ProbeResult] = []
        results = await probe(
            targets, session=session, clock=SystemClock(), on_found=found.append
        )
    assert [r.target.port for r in results] == ports
    assert all(r.answer is ProbeAnswer.ONVIF for r in results)
    assert all(r.clock_offset_ms == 0 for r in results)
    assert all(r.device and r.device.port == r.target.port for r in results)
    assert {r.target.port for r in found} == set(ports)


async def test_a_device_behind_tls(
    session: aiohttp.ClientSession, start: Start
) -> None:
    nvr = await start("tls-self-signed")
    (result,) = await ask(session, Target("127.0.0.1", nvr.port, is_https=True))
    assert result.answer is ProbeAnswer.ONVIF
    assert result.device is not None
    assert result.device.is_https
    (plain,) = await ask(session, Target("127.0.0.1", nvr.port))
    assert plain.answer is ProbeAnswer.NOT_ONVIF


async def test_a_clock_that_is_off_is_told(
    session: aiohttp.ClientSession, start: Start
) -> None:
    nvr = await start("hour-off")
    (result,) = await ask(session, Target("127.0.0.1", nvr.port))
    assert result.clock_offset_ms == -3_600_000


SCOPES = (
    "<R><Scopes><ScopeItem>onvif://www.onvif.org/name/Gate</ScopeItem></Scopes><Scopes>"
    "<ScopeItem>onvif://www.onvif.org/MAC/02005e000001</ScopeItem></Scopes></R>"
)


@pytest.mark.parametrize(
    ("answer", "expected", "detail"),
    [
        (web.Response(status=401), ProbeAnswer.NEEDS_PASSWORD, "login"),
        (fault("NotAuthorized"), ProbeAnswer.NEEDS_PASSWORD, "login"),
        (fault("ActionNotSupported"), ProbeAnswer.ONVIF, "ActionNotSupported"),
        (web.Response(text="<html>Router</html>"), ProbeAnswer.NOT_ONVIF, "html"),
        (web.Response(status=404, text="x"), ProbeAnswer.NOT_ONVIF, "404"),
        (soap("<R/>"), ProbeAnswer.ONVIF, ""),
    ],
)
async def test_each_answer_explains_itself(
    session: aiohttp.ClientSession,
    server: ScriptedServer,
    answer: web.Response,
    expected: ProbeAnswer,
    detail: str,
) -> None:
    server.answers["GetSystemDateAndTime"] = answer
    server.answers["GetScopes"] = SCOPES
    (result,) = await ask(session, Target("127.0.0.1", server.port))
    assert result.answer is expected
    assert detail in result.detail
    assert (result.device is not None) is (
        expected in {ProbeAnswer.ONVIF, ProbeAnswer.NEEDS_PASSWORD}
    )
    if not detail:
        assert result.device is not None
        assert (result.device.name, result.device.mac) == ("Gate", "02:00:5e:00:00:01")
        assert result.clock_offset_ms is None


async def test_silence_is_explained_too(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [socket.gaierror(), UnicodeError()]

    async def resolve(host: str, *args: object, **options: object) -> list[object]:
        raise errors.pop()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mute = listener.getsockname()[1]
        results = await ask(
            session,
            Target("127.0.0.1", 1),
            Target("unknown.lan", 80),
            Target("label" * 20, 80),
            Target("127.0.0.1", mute),
        )
    assert [r.answer for r in results[:3]] == [ProbeAnswer.SILENT] * 3
    assert all(r.detail for r in results)
    assert results[0].detail == "refused"
    # Somebody took the connection and said nothing.
    assert results[1].detail == "the name is not known"
    assert results[3].answer is ProbeAnswer.NOT_ONVIF


@pytest.mark.usefixtures("whole_loopback")
async def test_a_scan_can_be_cancelled(session: aiohttp.ClientSession) -> None:
    before = open_files()
    task = asyncio.create_task(
        probe(
            parse_targets("127.0.8.0/24", "1-40"),
            session=session,
            clock=SystemClock(),
            per_second=1e6,
        )
    )
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert open_files() <= before + 1


@pytest.mark.usefixtures("whole_loopback")
async def test_a_thousand_addresses_and_twelve_ports_open_few_sockets_at_once(
    session: aiohttp.ClientSession, start: Start
) -> None:
    nvr = await start("wss-only")
    targets = (
        *parse_targets("127.0.4.0-127.0.7.255", ""),
        Target("127.0.0.1", nvr.port),
    )
    assert len(targets) == 1024 * 12 + 1
    # The test plugin turns debugging on, which costs more than the scan itself.
    asyncio.get_running_loop().set_debug(False)
    sockets = 0
    told: list[ProbeProgress] = []
    base = open_files()

    async def watch() -> None:
        nonlocal sockets
        while True:
            await asyncio.sleep(0.005)
            sockets = max(sockets, open_files() - base)

    watcher = asyncio.create_task(watch())
    started = time.perf_counter()
    # What the collector does is every object's of this process, not the scan's.
    gc.disable()
    try:
        results = await probe(
            targets,
            session=session,
            clock=SystemClock(),
            per_second=1e6,
            on_progress=told.append,
        )
    finally:
        gc.enable()
    took = time.perf_counter() - started
    watcher.cancel()
    await asyncio.wait([watcher])
    assert [r.target.port for r in results] == [nvr.port]
    assert sockets <= 140
    assert told[-1] == ProbeProgress(len(targets), len(targets), 1)
    assert len(told) <= took * 10 + 2


async def test_the_pace_is_kept(session: aiohttp.ClientSession) -> None:
    started = time.perf_counter()
    await probe(
        parse_targets("127.0.0.1", "1-30"),
        session=session,
        clock=SystemClock(),
        per_second=300,
    )
    assert time.perf_counter() - started >= 0.09


async def test_no_targets_are_no_answers(session: aiohttp.ClientSession) -> None:
    assert await ask(session) == []


async def test_names_are_resolved_once_and_failures_explained(
    session: aiohttp.ClientSession,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    asked: list[str] = []
    outcomes: list[Exception] = [TimeoutError(), OSError(113, "No route to host")]

    async def resolve(host: str, *args: object, **options: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", 0))]

    async def connect(sock: socket.socket, address: object) -> None:
        raise outcomes.pop(0)

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "sock_connect", connect)
        results = await probe(
            [Target("cam.lan", 80), Target("cam.lan", 81)],
            session=session,
            clock=SystemClock(),
            concurrency=1,
        )
    assert asked == ["cam.lan"]
    assert [r.detail for r in results] == ["no answer", "No route to host"]
