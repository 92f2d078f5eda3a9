"""`scripts/browser`: the set-up as a person does it, in Chromium, counted and timed.

Home Assistant and the simulated recorder run in a network of their own. The browser is
driven by another Python (`browser_walk.py`, `browser_gallery.py`), which has Playwright.
"""

import argparse
import asyncio
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Any

import aiohttp

from ..demo_lib import loopback_only
from ..demo_lib.api import Api
from ..demo_lib.config_dir import ConfigDir
from ..demo_lib.errors import DemoError
from ..demo_lib.home_assistant import PASSWORD, USER
from ..demo_lib.ports import free_port
from ..demo_lib.stage import home, simulated, status
from ..demo_lib.table import cameras
from .dashboard_walk import walk_in
from .run import device, play
from .screens import keep_big_screens, keep_screens

SCENARIO = "nvr16"
CHANNELS = 16
MOST_SUBMITS = 3
MOST_SECONDS = 15


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
            told = {
                "url": running_home.url,
                "user": USER,
                "password": PASSWORD,
                "nvrs": [device(nvr) for nvr in simulator.nvrs],
                "pictures": str(pictures),
            }
            steps = await play("walk.py", told, folder)
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
    parser.add_argument(
        "--screens",
        nargs="*",
        metavar="SCENE",
        help="keep a picture of every screen instead, or of these scenes only",
    )
    parser.add_argument(
        "--big",
        action="store_true",
        help="with --screens: the house of scripts/demo --big",
    )
    parser.add_argument(
        "--walk",
        nargs="*",
        metavar="NAME",
        help="walk through the dashboard: browsers and scenes, by default all in Chromium",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        help="with --walk: how long four cameras play together (300 is the whole proof)",
    )
    parser.add_argument("--phone", action="store_true", help="as wide as a phone")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vtrack-nvr-browser-"))
    pictures = (arguments.pictures or folder / "pictures").resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    loopback_only.enter()
    if arguments.walk is not None:
        story = walk_in(arguments.walk, folder, pictures, seconds=arguments.seconds)
    elif arguments.big:
        story = keep_big_screens(folder, pictures, is_phone=arguments.phone)
    elif arguments.screens is None:
        story = _prove(folder, pictures)
    else:
        scenes = arguments.screens
        story = keep_screens(folder, pictures, scenes, is_phone=arguments.phone)
    try:
        wrong = asyncio.run(story)
    except DemoError as err:
        print(f"✗ {err}; everything is kept in {folder}", file=sys.stderr)
        return 1
    if arguments.pictures:
        shutil.rmtree(folder, ignore_errors=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
