"""`scripts/demo`: for a person, until Ctrl-C."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import aiohttp

from .big import SCENARIO, big_home
from .config_dir import ConfigDir
from .home_assistant import PASSWORD, USER
from .ports import first_free
from .say import say
from .stage import Home, add_devices, first_sync, home, settled_status, simulated
from .table import table

MEDIA = "/media-browser/browser/" + quote("app,media-source://vtrack_nvr", safe="")

WELCOME = """
{table}

Porch goes on recording, and Gate keeps no recordings of its own: it is recorded live. Their
newest minutes come later.

  Open      {url}{media}
  User      {user}
  Password  {password}

Everything runs on this machine and is gone when it ends. Ctrl-C ends it.
"""


BIG_WELCOME = """
32 cameras, and a month of footage: few films, linked to again and again, so that what a
picture says of its time is that of the film, and sizes count each link.

  Open      {url}/vtrack-nvr
  User      {user}
  Password  {password}

Everything runs on this machine and is gone when it ends. Ctrl-C ends it.
"""


async def demo_big(folder: Path) -> int:
    """Start the big house, tell where it is, and hold it until we are interrupted."""
    async with (
        simulated(folder, SCENARIO) as simulator,
        aiohttp.ClientSession() as session,
    ):
        config = ConfigDir(folder / "config", first_free(8123, 8124, 8125))
        async with big_home(config, session, simulator) as running:
            told = {"url": running.url, "user": USER, "password": PASSWORD}
            print(BIG_WELCOME.format(**told), flush=True)
            await running.child.process.wait()
            say("Home Assistant ended")
    return 1


async def demo(folder: Path) -> int:
    """Start everything, tell where it is, and hold it until we are interrupted."""
    async with simulated(folder) as simulator, aiohttp.ClientSession() as session:
        config = ConfigDir(folder / "config", first_free(8123, 8124, 8125))
        async with home(config, session) as running:
            await add_devices(running.api, simulator.nvrs)
            await first_sync(running.api)
            await _welcome(running)
            await running.child.process.wait()
            say("Home Assistant ended")
    return 1


async def _welcome(running: Home) -> None:
    print(
        WELCOME.format(
            table=table(await settled_status(running.api)),
            url=running.url,
            media=MEDIA,
            user=USER,
            password=PASSWORD,
        ),
        flush=True,
    )


async def develop(folder: Path, port: int, *, with_simulator: bool) -> int:
    """Run Home Assistant with this tree's code; its configuration is kept in `folder`."""
    async with aiohttp.ClientSession() as session:
        if not with_simulator:
            return await _develop(folder, port, session)
        async with simulated(folder) as simulator:
            for nvr in simulator.nvrs:
                say(f"{nvr.name}: {nvr.host}:{nvr.port}, {nvr.user}, {nvr.password}")
            return await _develop(folder, port, session)


async def _develop(folder: Path, port: int, session: aiohttp.ClientSession) -> int:
    while True:
        config = ConfigDir(folder / "config", first_free(port))
        async with home(config, session) as running:
            say(f"{running.url} ({USER}, {PASSWORD}); log: {config.log}")
            code = await running.child.process.wait()
        if code != 100:  # what Home Assistant says when it wants to be started again
            return code or 0
        await asyncio.sleep(0.5)
