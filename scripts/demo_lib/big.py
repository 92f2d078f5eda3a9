"""The big demo: 32 cameras of two recorders, and a month of footage in the index."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import time

import aiohttp

from .config_dir import ConfigDir
from .month import enter_month
from .say import say
from .simulator import Simulator
from .stage import Home, add_devices, first_sync, home

SCENARIO = "big"


@asynccontextmanager
async def big_home(
    config: ConfigDir, session: aiohttp.ClientSession, simulator: Simulator
) -> AsyncIterator[Home]:
    """Hold a Home Assistant with the devices of the scenario and a month of footage."""
    async with home(config, session) as running:
        await add_devices(running.api, simulator.nvrs)
        await first_sync(running.api)
    now_ms = round(time.time() * 1000)
    month = await asyncio.to_thread(enter_month, config.folder, now_ms)
    say(f"Entered {month.clips} clips of {month.cameras} cameras, {month.days} days")
    async with home(config, session) as running:
        yield running
