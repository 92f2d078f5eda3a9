"""`scripts/browser --walk`: through the dashboard of a real Home Assistant, scene by scene.

Chromium is driven by Playwright and walks through all scenes, Firefox and WebKitGTK by what
they speak themselves, through those of the timeline (`scenes_walk.py`).
"""

import asyncio
from itertools import pairwise
from pathlib import Path
import shutil
import time
from typing import Any

import aiohttp

from tests.simulator.footage import read_frame_numbers

from ..demo_lib import flow
from ..demo_lib.config_dir import ConfigDir
from ..demo_lib.errors import DemoError
from ..demo_lib.home_assistant import PASSWORD, USER
from ..demo_lib.log_proof import wrong_in_log
from ..demo_lib.ports import free_port
from ..demo_lib.say import say
from ..demo_lib.simulator import Simulator
from ..demo_lib.stage import (
    DOMAIN,
    Home,
    add_devices,
    answers_for,
    first_sync,
    home,
    simulated,
)
from . import guest
from .engines import BINARIES, ENGINES
from .run import device, play
from .scenes_walk import FRAME_MS, SCENES
from .walk_engines import EngineHands
from .walker import Walker, WalkError

LATE_MS = {"webkit": 500}
"""WebKitGTK tells the time of a picture so much before it is on the screen."""
LONG_S = 120
"""More than this is played from the longer footage."""


def scenario_for(seconds: float) -> str:
    """Return the house in which so much can be played at once."""
    return "walk-long" if seconds > LONG_S else "walk"


async def walk_in(
    names: list[str], folder: Path, pictures: Path, *, seconds: float
) -> int:
    """Play all scenes, or those named, in Chromium or the browsers named among them.

    Returns the number of things that are wrong; raises DemoError for a browser that is missing.
    """
    scenes = [name for name in names if name not in ENGINES]
    engines = [name for name in names if name in ENGINES] or ["chromium"]
    if missing := [name for name in engines if not BINARIES[name]()]:
        how = "scripts/browser --playback --install"
        raise DemoError(f"{', '.join(missing)} is not here: {how}")
    wrong: list[str] = []
    async with (
        simulated(folder, scenario_for(seconds)) as simulator,
        aiohttp.ClientSession() as session,
    ):
        config = ConfigDir(folder / "config", free_port())
        told = {
            "user": USER,
            "password": PASSWORD,
            "nvrs": [device(nvr) for nvr in simulator.nvrs],
            "control": simulator.control,
            "media": str(config.media),
            "config": str(config.folder),
            "pictures": str(pictures),
            "seconds": seconds,
        }
        entity_id = None
        async with home(config, session) as running:
            told["url"] = running.url
            await prepare(running, simulator)
            for engine in engines:
                if engine == "chromium":
                    lines = await play("walk_chromium.py", told, folder, *scenes)
                    wrong += _heard(lines)
                    wrong += await _wrong_films(lines)
                    made = (line["guest"] for line in lines if "guest" in line)
                    entity_id = next(made, None)
                else:
                    wrong += await _in_engine(engine, told, scenes, running)
        if entity_id:
            guest.let_in(config, entity_id)
            login = {"user": guest.NAME.lower(), "password": guest.PASSWORD}
            async with home(config, session) as running:
                told |= {"url": running.url, "is_guest": True, **login}
                wrong += _heard(await play("walk_chromium.py", told, folder))
        wrong += wrong_in_log(config.log)
    for line in wrong:
        print(f"✗ {line}")
    print(
        f"{'✗' if wrong else '✓'} walked in {', '.join(engines)}; pictures in {pictures}"
    )
    if wrong:
        shutil.copy(config.log, pictures)
    return len(wrong)


async def prepare(running: Home, simulator: Simulator) -> None:
    """Add the devices and keep what House has; Attic's footage stays where it is."""
    house, attic = simulator.nvrs
    await add_devices(running.api, [house])
    await first_sync(running.api)
    answers = {**answers_for(attic), "mode": "on_demand"}
    await flow.add(running.api, DOMAIN, answers)
    # Its list of what there is comes with a sweep; nothing is copied.
    await first_sync(running.api)


def _heard(lines: list[dict[str, Any]]) -> list[str]:
    for line in lines:
        if "told" in line:
            print(f"  {line['told']}", flush=True)
    return [line["wrong"] for line in lines if "wrong" in line]


async def _wrong_films(lines: list[dict[str, Any]]) -> list[str]:
    """Read the films that were taken away: whole, in order, and of the range asked for."""
    found = []
    for line in lines:
        if "film" not in line:
            continue
        frames = await asyncio.to_thread(read_frame_numbers, line["film"])
        times = [time_ms for _, time_ms in frames]
        steps = {b - a for a, b in pairwise(times)}
        print(f"  the film taken away has {len(frames)} pictures", flush=True)
        if steps != {FRAME_MS}:
            found.append(f"pictures of the film lie {sorted(steps)} ms apart")
        if times[0] > line["from_ms"] or times[-1] < line["to_ms"] - FRAME_MS:
            found.append(f"the film is of {times[0]} to {times[-1]}, not {line}")
    return found


async def _in_engine(
    name: str, told: dict[str, Any], scenes: list[str], running: Home
) -> list[str]:
    """Walk in Firefox or WebKitGTK; the login is put there as Home Assistant keeps it."""
    wrong: list[str] = []
    loop = asyncio.get_running_loop()
    async with ENGINES[name]() as page:
        hands = EngineHands(page, loop)
        walker = Walker(
            hands,
            told,
            lambda text: print(f"  {text}", flush=True),
            LATE_MS.get(name, 200),
        )
        await page.open(f"{running.url}/robots.txt")
        await page.run(_login(running))
        await asyncio.to_thread(walker.open, "overview")
        for scene in SCENES:
            if scenes and scene.__name__ not in scenes:
                continue
            begun = time.monotonic()
            try:
                await asyncio.to_thread(scene, walker)
            except WalkError as err:
                wrong.append(f"{name}: {scene.__name__}: {err}")
            say(
                f"{name}: {scene.__name__.replace('_', ' ')}"
                f" ({time.monotonic() - begun:.1f} s)"
            )
    return wrong


def _login(running: Home) -> str:
    tokens = {
        "access_token": running.api.token,
        "token_type": "Bearer",
        "expires_in": 1800,
        "hassUrl": running.url,
        "clientId": f"{running.url}/",
        "expires": round((time.time() + 1800) * 1000),
        "refresh_token": "",
    }
    return f"localStorage.hassTokens = JSON.stringify({tokens!r});"
