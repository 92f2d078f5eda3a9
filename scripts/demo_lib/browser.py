"""`scripts/browser`: the set-up as a person does it, in Chromium, counted and timed.

Home Assistant and the simulated recorder run in a network with nothing but loopback. The
browser is driven by another Python (`browser_walk.py`), which has Playwright.
"""

import argparse
import asyncio
import json
import os
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Any

import aiohttp

from . import loopback_only
from .api import Api
from .config_dir import ConfigDir
from .errors import DemoError
from .home_assistant import PASSWORD, USER
from .ports import free_port
from .processes import running, start
from .say import say
from .simulator import ROOT
from .stage import home, simulated, status
from .table import cameras

SCENARIO = "nvr16"
CHANNELS = 16
MOST_SUBMITS = 3
MOST_SECONDS = 15


async def _walk(told: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Let the browser add the device; return what it did, step by step."""
    child = await start(
        "browser",
        [os.environ["BROWSER_PYTHON"], ROOT / "scripts/demo_lib/browser_walk.py"],
        log=folder / "browser.log",
        cwd=ROOT,
        piped=True,
        environment={"WALK": json.dumps(told)},
    )
    steps: list[dict[str, Any]] = []
    assert child.process.stdout is not None
    async with running(child):
        while line := await child.process.stdout.readline():
            step = json.loads(line)
            say(f"{step['step']} ({step['seconds']:.1f} s)")
            steps.append(step)
        if await child.process.wait():
            log = (folder / "browser.log").read_text(encoding="utf-8")[-1500:]
            raise DemoError(f"the browser gave up:\n{log}")
    return steps


async def _entities(api: Api) -> int:
    states = await api.get("/api/states")
    return sum(state["entity_id"].startswith("camera.") for state in states)


async def _until(holds: Any, seconds: float) -> float:
    """Return the seconds until `holds()` is true; raises DemoError."""
    began = time.monotonic()
    while not await holds():
        if time.monotonic() - began > seconds:
            raise DemoError(f"still not there after {seconds:.0f} s")
        await asyncio.sleep(0.2)
    return time.monotonic() - began


async def _prove(folder: Path, pictures: Path) -> int:
    wrong: list[str] = []
    async with (
        simulated(folder, SCENARIO) as simulator,
        aiohttp.ClientSession() as session,
    ):
        config = ConfigDir(folder / "config", free_port())
        async with home(config, session) as running_home:
            nvr = simulator.nvrs[0]
            told = {
                "url": running_home.url,
                "user": USER,
                "password": PASSWORD,
                "nvr": [nvr.host, nvr.port, nvr.user, nvr.password],
                "pictures": str(pictures),
                "chromium": os.environ["CHROMIUM"],
            }
            walk = asyncio.create_task(_walk(told, folder))
            steps = await walk
            api = running_home.api
            submits = sum(step.get("submit", 0) for step in steps)
            clicks = sum(step.get("clicks", 0) for step in steps)
            last = next(s["at"] for s in reversed(steps) if s.get("submit"))

            async def has_entities() -> bool:
                return await _entities(api) >= CHANNELS

            async def has_clip() -> bool:
                return any(c["clips"] for _, c in cameras(await status(api)))

            await _until(has_entities, 30)
            took = next((s["at"] for s in steps if s["step"] == "created"), 0) - last
            await _until(has_clip, 60)
            clip = time.time() - last
    print(
        f"submits {submits}, clicks {clicks}; {CHANNELS} cameras as entities "
        f"{took:.1f} s after the last submit; first kept clip ≤ {clip:.1f} s after it"
    )
    if submits > MOST_SUBMITS:
        wrong.append(f"{submits} submits")
    if took > MOST_SECONDS:
        wrong.append(f"{took:.1f} s to the entities")
    for line in wrong:
        print(f"✗ {line}")
    if not wrong:
        print("✓ found, signed in, chosen, done: the first clip came by itself")
    return len(wrong)


def main() -> int:
    """Run it below a folder of its own; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/browser", description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vtrack-nvr-browser-"))
    pictures = (arguments.pictures or folder / "pictures").resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    loopback_only.enter()
    try:
        wrong = asyncio.run(_prove(folder, pictures))
    except DemoError as err:
        print(f"✗ {err}; everything is kept in {folder}", file=sys.stderr)
        return 1
    if arguments.pictures:
        shutil.rmtree(folder, ignore_errors=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
