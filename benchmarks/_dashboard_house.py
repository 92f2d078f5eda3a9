"""A real Home Assistant for `benchmarks.dashboard`, in a process of its own.

Simulated cameras, a first sync, then `_dashboard_browser.py`; prints its figures as JSON.
"""

import asyncio
import json
from pathlib import Path
import sys
import tempfile

import aiohttp

from scripts.browser_lib.dashboard_walk import prepare
from scripts.browser_lib.run import device, play
from scripts.demo_lib import loopback_only
from scripts.demo_lib.config_dir import ConfigDir
from scripts.demo_lib.home_assistant import PASSWORD, USER
from scripts.demo_lib.ports import free_port
from scripts.demo_lib.stage import home, simulated


async def measure(folder: Path) -> dict[str, object]:
    """Return the figures of a fresh house."""
    async with (
        simulated(folder, "walk") as simulator,
        aiohttp.ClientSession() as session,
    ):
        config = ConfigDir(folder / "config", free_port())
        async with home(config, session) as running:
            await prepare(running, simulator)
            told = {
                "url": running.url,
                "user": USER,
                "password": PASSWORD,
                "nvrs": [device(nvr) for nvr in simulator.nvrs],
                "config": str(config.folder),
                "pictures": str(folder),
            }
            script = str(Path(__file__).with_name("_dashboard_browser.py"))
            lines = await play(script, told, folder)
    found: dict[str, object] = next(line["found"] for line in lines if "found" in line)
    return found


def main() -> None:
    """Measure in a network of its own; the figures go into the file that is named."""
    loopback_only.enter()
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as name:
        found = asyncio.run(measure(Path(name)))
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
