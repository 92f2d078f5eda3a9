"""Starts the simulated NVRs and asks them what they hold."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
import json
from pathlib import Path
import sys
from typing import Any

import aiohttp

from .errors import DemoError
from .processes import Child, end_of, start

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Nvr:
    """One simulated NVR and how to reach it."""

    name: str
    host: str
    port: int
    user: str
    password: str
    profile_g: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What a simulated recording holds: (frame number, device time in ms), in order."""

    nvr: str
    camera: str
    frames: tuple[tuple[int, int], ...]


class Simulator:
    """The running simulator."""

    def __init__(self, child: Child, ready: dict[str, Any]) -> None:
        self.child = child
        self.control: str = ready["control"]
        self.nvrs = [
            Nvr(
                each["name"],
                each["host"],
                each["port"],
                each["user"],
                each["password"],
                each["profile_g"],
            )
            for each in ready["nvrs"]
        ]

    async def ledger(self, session: aiohttp.ClientSession) -> list[Held]:
        """Return what all recordings hold now."""
        async with session.get(f"{self.control}/ledger") as answer:
            data = await answer.json()
        return [
            Held(nvr, each["camera"], tuple((f[0], f[1]) for f in each["frames"]))
            for nvr, recordings in data.items()
            for each in recordings.values()
        ]

    async def set_faults(
        self, session: aiohttp.ClientSession, nvr: str, faults: dict[str, Any] | None
    ) -> None:
        """Make a device behave badly, or well again with None."""
        method = "DELETE" if faults is None else "POST"
        await self._tell(session, method, f"{nvr}/faults", faults)

    async def sent_bytes(self, session: aiohttp.ClientSession, nvr: Nvr) -> int:
        """Return how much media a device has sent so far."""
        async with session.get(f"{self.control}/nvrs/{nvr.name}/counters") as answer:
            return int((await answer.json())["rtsp"]["media_bytes"])

    async def set_password(self, session: aiohttp.ClientSession, password: str) -> None:
        """Give the same password to the users of all devices."""
        for nvr in self.nvrs:
            await self._tell(
                session, "POST", f"{nvr.name}/password", {"password": password}
            )
        self.nvrs = [replace(nvr, password=password) for nvr in self.nvrs]

    async def _tell(
        self, session: aiohttp.ClientSession, method: str, path: str, values: Any
    ) -> None:
        url = f"{self.control}/nvrs/{path}"
        async with session.request(method, url, json=values) as answer:
            if answer.status != 200:
                raise DemoError(f"the simulator refused: {await answer.text()}")


async def start_simulator(
    scenario: str,
    *,
    host: str,
    base_port: int,
    control_port: int,
    cache: Path,
    log: Path,
) -> Simulator:
    """Start it and wait until it answers; its footage is made once and kept in `cache`.

    On another host than loopback it can be found by WS-Discovery.
    """
    found = () if host == LOOPBACK else ("--multicast", "--discovery-port", "3702")
    child = await start(
        "simulator",
        [
            *(sys.executable, "-m", "tests.simulator", "--scenario", scenario),
            *("--host", host, "--base-port", str(base_port), *found),
            *("--control-port", str(control_port), "--footage-cache", str(cache)),
        ],
        log=log,
        cwd=ROOT,
        piped=True,
    )
    assert child.process.stdout is not None
    with suppress(TimeoutError):
        async with asyncio.timeout(240):
            while line := await child.process.stdout.readline():
                if line.startswith(b"{"):
                    return Simulator(child, json.loads(line))
    await child.end()
    raise DemoError(f"the simulator did not start:\n{end_of(log)}")
