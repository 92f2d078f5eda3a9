"""Simulator and Home Assistant together, with the devices added and synced."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import os
from pathlib import Path
import time
from typing import Any

import aiohttp

from . import flow, home_assistant
from .api import Api
from .config_dir import ConfigDir
from .errors import DemoError
from .log_proof import wrong_in_log
from .ports import free_range
from .processes import Child, end_of, running
from .say import say
from .simulator import LOOPBACK, ROOT, Nvr, Simulator, start_simulator
from .table import cameras

PACKAGE = ROOT / "custom_components" / "vtrack_nvr"
DOMAIN = "vtrack_nvr"

_SIMULATED_PORTS = 1100
"""Web and RTSP ports of a scenario lie within so many, the control port after them."""


def demo_python() -> Path:
    """Return the Python of the demo's environment, as scripts/demo prepared it."""
    return Path(os.environ["DEMO_PYTHON"])


def footage_cache() -> Path:
    """Return the folder in which the simulator keeps its footage between runs."""
    folder = Path(os.environ["CACHE"], "footage")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@asynccontextmanager
async def simulated(
    folder: Path, scenario: str = "demo", host: str = LOOPBACK
) -> AsyncIterator[Simulator]:
    """Hold running simulated devices."""
    say("Starting the simulated cameras")
    base = free_range(11000, _SIMULATED_PORTS)
    simulator = await start_simulator(
        scenario,
        host=host,
        base_port=base,
        control_port=base + _SIMULATED_PORTS - 1,
        cache=footage_cache(),
        log=folder / f"simulator-{scenario}.log",
    )
    async with running(simulator.child):
        yield simulator


@dataclass(slots=True)
class Home:
    """A running Home Assistant with its owner signed in."""

    config: ConfigDir
    child: Child
    api: Api
    url: str


@asynccontextmanager
async def home(
    config: ConfigDir, session: aiohttp.ClientSession, package: Path = PACKAGE
) -> AsyncIterator[Home]:
    """Hold a running Home Assistant; the owner is created at its first start.

    `package`: the integration's folder, or the zip of a release.
    """
    is_new = config.is_new
    await config.write(demo_python(), package)
    say(f"Starting Home Assistant {config.version} on port {config.port}")
    child = await home_assistant.launch(demo_python(), config)
    url = f"http://127.0.0.1:{config.port}"
    async with running(child):
        try:
            await home_assistant.wait_until_ready(session, url, child)
            sign_in = home_assistant.create_owner if is_new else home_assistant.sign_in
            api = await sign_in(session, url)
            await home_assistant.wait_until_started(api, child)
            yield Home(config, child, api, url)
        except DemoError as err:
            raise DemoError(f"{err}\n{_what_the_log_says(config)}") from err


def _what_the_log_says(config: ConfigDir) -> str:
    ours = wrong_in_log(config.log) if config.log.exists() else []
    return "\n".join(ours[-3:]) or end_of(config.folder / "console.log")


def answers_for(nvr: Nvr) -> dict[str, Any]:
    """Return what a person would enter for a device."""
    return {
        "host": nvr.host,
        "port": str(nvr.port),
        "username": nvr.user,
        "password": nvr.password,
    }


async def add_devices(api: Api, nvrs: Iterable[Nvr]) -> list[dict[str, Any]]:
    """Add each device as a person would: address, login, submit."""
    results = []
    for nvr in nvrs:
        started = time.monotonic()
        result = await flow.add(api, DOMAIN, answers_for(nvr))
        results.append(result)
        say(
            f"Added {result['title']} with {len(result['forms'])} submits "
            f"({time.monotonic() - started:.1f} s)"
        )
    return results


async def status(api: Api) -> dict[str, Any]:
    """Return the answer of our action get_status."""
    answer: dict[str, Any] = await api.action(DOMAIN, "get_status", {})
    return answer


async def settled_status(api: Api, patience: float = 10) -> dict[str, Any]:
    """Return the status when what is kept no longer changes; it is published once a second.

    Cameras that go on recording always have something to come: that is not waited for.
    """
    found = await status(api)
    for _ in range(round(patience / 1.2)):
        await asyncio.sleep(1.2)
        before, found = found, await status(api)
        if _kept(before) == _kept(found):
            break
    return found


def _kept(found: dict[str, Any]) -> list[tuple[str, int, float]]:
    return [
        (nvr, camera["clips"], camera["kept_seconds"]) for nvr, camera in cameras(found)
    ]


async def first_sync(api: Api, patience: float = 240) -> dict[str, Any]:
    """Sync all cameras, telling how it goes; return the action's report."""
    say("Syncing")
    task = asyncio.create_task(
        api.action(DOMAIN, "sync", {"full": True, "wait": True}), name="sync"
    )
    last = ""
    deadline = time.monotonic() + patience
    try:
        while not task.done():
            await asyncio.wait([task], timeout=1)
            said = progress(await status(api))
            if said != last:
                say(said)
            last = said
            if time.monotonic() > deadline:
                raise DemoError(f"the first sync did not end within {patience:.0f} s")
        report: dict[str, Any] = await task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, DemoError):
            await task
    return report


def progress(found: dict[str, Any]) -> str:
    """Return one line about where the cameras are."""
    all_cameras = [camera for _, camera in cameras(found)]
    clips = sum(camera["clips"] for camera in all_cameras)
    kept = sum(camera["kept_seconds"] for camera in all_cameras)
    waiting = sum(camera["backlog_seconds"] for camera in all_cameras)
    busy = sorted(
        {camera["camera"] for camera in all_cameras if camera["state"] == "fetching"}
    )
    text = f"{clips} clips, {kept} s kept, {waiting} s to come"
    return f"{text}; fetching {', '.join(busy)}" if busy else text
