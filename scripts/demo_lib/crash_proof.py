"""Home Assistant is killed in the middle of a sync; the next one completes the library."""

import asyncio
from pathlib import Path
import time

import aiohttp

from .config_dir import ConfigDir
from .errors import DemoError
from .frames_proof import prove
from .index_rows import read_index
from .log_proof import wrong_in_log
from .ports import free_port
from .say import say
from .simulator import Simulator
from .stage import add_devices, first_sync, home

VICTIMS = ("Drive", "House")
_SLOW = {"rtsp": {"rate_limit_bytes": 40_000}}


async def wrong_after_kill(
    folder: Path,
    simulator: Simulator,
    session: aiohttp.ClientSession,
    package: Path,
) -> list[str]:
    """Kill, restart, sync; return what is wrong with the library then."""
    config = ConfigDir(folder, free_port())
    victims = [nvr for nvr in simulator.nvrs if nvr.name in VICTIMS]
    for nvr in victims:
        await simulator.set_faults(session, nvr.name, _SLOW)
    async with home(config, session, package) as first:
        await add_devices(first.api, victims)
        sync = asyncio.create_task(
            first.api.action("vtrack_nvr", "sync", {"wait": True})
        )
        try:
            await _until_in_the_middle(config)
        finally:
            sync.cancel()
            await first.child.kill()
    before = read_index(folder)
    open_rows = [row for row in before if row.state == "fetching"]
    say(
        f"Killed Home Assistant with {len(before)} clips in the index, "
        f"{len(open_rows)} of them unfinished"
    )
    for nvr in victims:
        await simulator.set_faults(session, nvr.name, None)
    async with home(config, session, package) as second:
        report = await first_sync(second.api)
    if not report["complete"]:
        return [f"the sync after the kill is not complete: {report}"]
    names = set(VICTIMS)
    held = [one for one in await simulator.ledger(session) if one.nvr in names]
    rows = read_index(folder)
    found, proven = await asyncio.to_thread(
        prove, held, rows, config.media, round(time.time() * 1000)
    )
    say(f"After the kill: {sum(proven.values())} frames in {len(rows)} clips")
    return found + wrong_in_log(config.log)


async def _until_in_the_middle(config: ConfigDir, patience: float = 60) -> None:
    """Return when some clip is complete and another one has bytes but no end."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        rows = await asyncio.to_thread(read_index, config.folder)
        states = {row.state for row in rows}
        parts = list(config.media.rglob("*.part"))
        if {"complete", "fetching"} <= states and any(p.stat().st_size for p in parts):
            return
        await asyncio.sleep(0.1)
    raise DemoError("the sync never was in its middle: nothing to kill")
