"""Runs a script of Playwright beside Home Assistant and tells what it does."""

import json
import os
from pathlib import Path
from typing import Any

from ..demo_lib.errors import DemoError
from ..demo_lib.processes import running, start
from ..demo_lib.say import say
from ..demo_lib.simulator import ROOT, Nvr


def device(nvr: Nvr) -> dict[str, Any]:
    """Return a device as the browser's person is told of it."""
    return {
        "name": nvr.name,
        "host": nvr.host,
        "port": nvr.port,
        "user": nvr.user,
        "password": nvr.password,
    }


async def play(
    script: str, told: dict[str, Any], folder: Path, *arguments: str
) -> list[dict[str, Any]]:
    """Run `script` to its end; return its lines. Raises DemoError if it gave up."""
    python = os.environ["BROWSER_PYTHON"]
    told = {**told, "chromium": os.environ["CHROMIUM"]}
    child = await start(
        "browser",
        [python, ROOT / "scripts" / "browser_lib" / script, *arguments],
        log=folder / "browser.log",
        cwd=ROOT,
        piped=True,
        environment={"WALK": json.dumps(told), "PYTHONPATH": str(ROOT)},
    )
    lines: list[dict[str, Any]] = []
    assert child.process.stdout is not None
    async with running(child):
        while text := await child.process.stdout.readline():
            line = json.loads(text)
            if "step" in line:
                say(f"{line['step']} ({line['seconds']:.1f} s)")
            lines.append(line)
        if await child.process.wait():
            log = (folder / "browser.log").read_text(encoding="utf-8")[-1500:]
            raise DemoError(f"the browser gave up:\n{log}")
    return lines
