"""`scripts/demo --odd`: a house of odd devices, one of each maker's shape.

Each is added as a person would add it and synced in a real Home Assistant. What comes out
is a line per device: whether it was added, its cameras, what was kept or in words why not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import aiohttp

from . import flow
from .config_dir import ConfigDir
from .errors import DemoError
from .log_proof import wrong_in_log
from .ports import free_port
from .say import say
from .secret_proof import SecretScan
from .simulator import Nvr
from .stage import (
    DOMAIN,
    PACKAGE,
    Home,
    answers_for,
    first_sync,
    home,
    settled_status,
    simulated,
)
from .table import aligned, footage

SCENARIO = "odd-house"
_LIVE = "it keeps no recordings of its own: its live stream is recorded"


@dataclass(slots=True)
class Line:
    """What became of one device; `why` is empty where its recordings were kept."""

    name: str
    title: str = ""
    is_added: bool = False
    cameras: int = 0
    kept_s: float = 0.0
    why: str = ""

    @property
    def is_wrong(self) -> bool:
        """Return whether something failed without a word."""
        return not self.is_added or not self.cameras or not (self.kept_s or self.why)


async def odd(folder: Path) -> int:
    """Run everything below `folder`; 0 if each device works or says why it does not."""
    texts = json.loads((PACKAGE / "translations" / "en.json").read_text())
    timeout = aiohttp.ClientTimeout(total=300)
    async with (
        simulated(folder, SCENARIO) as simulator,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        config = ConfigDir(folder / "config", free_port())
        async with home(config, session) as running:
            lines = await _lines(running, simulator.nvrs, texts)
        passwords = {nvr.password for nvr in simulator.nvrs}
        wrong = wrong_in_log(config.log)
        log = config.log.read_bytes()
        if any(SecretScan(password).shows_in(log) for password in passwords):
            wrong.append(f"a device's password is in {config.log.name}")
    print(f"\n{table_of(lines)}", flush=True)
    wrong += [
        f"{line.name}: {line.why or 'nothing'}" for line in lines if line.is_wrong
    ]
    for each in wrong[:20]:
        print(f"✗ {each}", flush=True)
    if wrong:
        print(f"\n✗ {len(wrong)} things are wrong; everything is kept in {folder}")
        return 1
    print("\n✓ Every device works, or says why it does not.")
    return 0


async def _lines(
    running: Home, nvrs: list[Nvr], texts: Mapping[str, Any]
) -> list[Line]:
    lines = [await _added(running, nvr, texts) for nvr in nvrs]
    try:
        await first_sync(running.api)
    except DemoError as error:
        # One device that fails does not stop the others; the status tells which.
        say(f"The sync said: {error}")
    found = await settled_status(running.api)
    cameras = {nvr["name"]: nvr["cameras"] for nvr in found["nvrs"]}
    for line in lines:
        if line.is_added:
            tell(line, cameras.get(line.title, []), texts)
    return lines


async def _added(running: Home, nvr: Nvr, texts: Mapping[str, Any]) -> Line:
    """Add a device; a refusal becomes its sentence."""
    line = Line(nvr.name)
    try:
        result = await flow.add(running.api, DOMAIN, answers_for(nvr))
    except flow.RefusedError as error:
        await flow.drop(running.api, error.flow_id)
        errors = texts["config"]["error"]
        line.why = " ".join(errors.get(key, key) for key in sorted(error.keys))
    except DemoError as error:
        line.why = str(error)
    else:
        line.is_added = True
        # Not every device says what it is called.
        line.title = result["title"]
        say(f"Added {line.title}")
    return line


def tell(
    line: Line, cameras: list[Mapping[str, Any]], texts: Mapping[str, Any]
) -> None:
    """Put what the status says of a device's cameras into its line."""
    line.cameras = len(cameras)
    line.kept_s = sum(camera["kept_seconds"] for camera in cameras)
    words: list[str] = []
    for camera in cameras:
        if camera["problem"]:
            sentence = texts["exceptions"].get(camera["problem"], {}).get("message", "")
            words.append(sentence.format(name=camera["camera"]) or camera["problem"])
        elif camera["source"] == "live":
            words.append(_LIVE)
        elif camera["missing"]:
            words.append(f"{camera['missing']['cause']} is missing")
    line.why = " ".join(dict.fromkeys(words))


def table_of(lines: list[Line]) -> str:
    """Return a line per device."""
    rows = [
        (
            line.name,
            "yes" if line.is_added else "no",
            str(line.cameras),
            footage(line.kept_s),
            line.why,
        )
        for line in lines
    ]
    return aligned([("device", "added", "cameras", "kept", "why not"), *rows])
