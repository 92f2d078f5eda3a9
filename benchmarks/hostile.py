"""Does all the harm we know of to a real Home Assistant, and tells how it stood it.

Run: `scripts/bench hostile [--only WORD]`. A line for each kind: how late the event loop
was, how long one turn of it kept the processor, and how far memory grew. Ends with 1 if a
turn took too long, if memory grew too far, or if the log has an error.
All of it stays on this machine.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import aiohttp

from scripts.demo_lib import loopback_only
from scripts.demo_lib.api import Api
from scripts.demo_lib.config_dir import ConfigDir
from scripts.demo_lib.errors import DemoError
from scripts.demo_lib.log_proof import wrong_in_log
from scripts.demo_lib.ports import free_port
from scripts.demo_lib.simulator import Simulator
from scripts.demo_lib.stage import home, simulated

from ._bars import limit_of, row_of
from ._hostile_kinds import Kind, devices, honest, settle, strangers, users
from ._hostile_network import ADDRESS, NETWORK, networks
from ._hostile_rig import HostileRig, make_reader
from ._rows import Row, finish, make_parser

WATCH = Path(__file__).parent / "loop_watch"
MOST_HELD_MS = limit_of("hostile.held")
MOST_MB = limit_of("hostile.memory")
PATIENCE_S = 120.0
QUIET_S = 1.0
"""After each kind, for what it left behind in Home Assistant."""

HEAD = (
    f"{'who':8}{'kind':44}{'late p99':>9}{'max':>8}{'held':>7}{'gc':>6}"
    f"{'peak MB':>9}{'grown':>7}{'took':>7}  came of it"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one kind did; times in ms, memory in MB."""

    kind: Kind
    seen: dict[str, Any]
    before_mb: float
    took_s: float
    said: str
    is_lost: bool = False
    """Home Assistant did not answer in time, or not as it has to."""

    @property
    def grown_mb(self) -> float:
        """Return how far memory grew at most."""
        return max(0.0, float(self.seen["peak_mb"]) - self.before_mb)

    def wrong(self) -> list[str]:
        """Return which bounds were broken."""
        found = []
        if self.seen["held_max_ms"] > MOST_HELD_MS:
            found.append(f"the loop was held for {self.seen['held_max_ms']:.0f} ms")
        if self.grown_mb > MOST_MB:
            found.append(f"memory grew by {self.grown_mb:.0f} MB")
        if self.is_lost:
            found.append(self.said)
        return [f"{self.kind.name}: {text}" for text in found]

    def line(self) -> str:
        """Return the row of the table."""
        seen = self.seen
        return (
            f"{self.kind.who:8}{self.kind.name:44}{seen['late_p99_ms']:9.1f}"
            f"{seen['late_max_ms']:8.0f}{seen['held_max_ms']:7.0f}"
            f"{seen['collection_max_ms']:6.0f}{seen['peak_mb']:9.0f}{self.grown_mb:7.0f}"
            f"{self.took_s:6.1f}s  {self.said}{'  <<<' if self.wrong() else ''}"
        )


async def measure(rig: HostileRig, kind: Kind, *, shows_places: bool) -> Outcome:
    """Do one kind of harm and print what was seen of it."""
    before = await read(rig.api)
    began = time.monotonic()
    is_lost = False
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await kind.act(rig)
    except (DemoError, TimeoutError, aiohttp.ClientError) as error:
        said, is_lost = f"{type(error).__name__}: {str(error)[:90]}", True
    took_s = time.monotonic() - began
    await asyncio.sleep(QUIET_S)
    seen = await read(rig.api)
    outcome = Outcome(kind, seen, before["memory_mb"], took_s, said, is_lost)
    print(outcome.line(), flush=True)
    if shows_places and outcome.wrong():
        for place, count in seen["places"]:
            print(f"{'':8}{count:5} × {place}", flush=True)
    return outcome


async def read(api: Api) -> dict[str, Any]:
    """Return what Home Assistant's own watch saw since it was asked last."""
    seen: dict[str, Any] = await api.action("loop_watch", "read", {})
    return seen


async def nothing(_: HostileRig) -> str:
    """Let Home Assistant be."""
    await asyncio.sleep(5)
    return "for comparison"


@asynccontextmanager
async def staged(
    folder: Path, simulator: Simulator, session: aiohttp.ClientSession, network: str
) -> AsyncIterator[HostileRig]:
    """Hold a Home Assistant that is watched."""
    asked = (network,) if network else ()
    config = ConfigDir(folder, free_port(), asked, beside=WATCH)
    async with home(config, session) as running:
        reader = await make_reader(running, session)
        yield HostileRig(running, simulator, session, reader)


async def run(
    folder: Path, only: str, *, has_network: bool, shows_places: bool
) -> list[Row]:
    """Do everything; returns what came of it."""
    outcomes: list[Outcome] = []

    async def do(rig: HostileRig, *kinds: Kind) -> None:
        outcomes.extend(
            [
                await measure(rig, kind, shows_places=shows_places)
                for kind in kinds
                if only in f"{kind.who} {kind.name}" or kind.who == "nobody"
            ]
        )

    timeout = aiohttp.ClientTimeout(total=300)
    wrong: list[str] = []
    async with (
        simulated(folder, "hostile") as simulator,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        print(HEAD, flush=True)
        async with staged(folder / "config", simulator, session, "") as rig:
            await do(
                rig,
                Kind("nobody", "nothing", nothing),
                Kind("nobody", "an honest device", honest),
            )
            await do(rig, *strangers())
            await do(rig, Kind("nobody", "two honest devices", settle))
            await do(rig, *users(), *devices())
        wrong += wrong_in_log(rig.running.config.log)
        if has_network:
            other = folder / "network"
            async with staged(other, simulator, session, NETWORK) as rig:
                await do(rig, Kind("nobody", "nothing, on a network", nothing))
                await do(rig, *networks())
            wrong += wrong_in_log(rig.running.config.log)
    attacks = [each for each in outcomes if each.kind.who != "nobody"]
    for text in [*wrong, *(text for each in attacks for text in each.wrong())]:
        print(f"✗ {text}")
    if not attacks:
        return []
    late = max(attacks, key=lambda each: each.seen["late_p99_ms"])
    held = max(attacks, key=lambda each: each.seen["held_max_ms"])
    grown = max(attacks, key=lambda each: each.grown_mb)
    print(
        f"\n{len(attacks)} kinds: loop late by {late.seen['late_p99_ms']:.1f} ms "
        f"(p99 of the worst); memory at most "
        f"{max(each.seen['peak_mb'] for each in attacks):.0f} MB"
    )
    lost = sum(each.is_lost for each in attacks) + len(wrong)
    return [
        row_of("hostile.held", held.seen["held_max_ms"], said=held.kind.name),
        row_of("hostile.memory", grown.grown_mb, said=grown.kind.name),
        row_of("hostile.lost", lost, said=f"{len(attacks)} kinds"),
    ]


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = make_parser(__doc__)
    parser.add_argument("--only", default="", help="kinds that have this in their name")
    parser.add_argument("--keep", action="store_true", help="keep all files at the end")
    parser.add_argument(
        "--places", action="store_true", help="tell where the loop was when held"
    )
    options = parser.parse_args()
    has_network = loopback_only.enter() and loopback_only.add_network(NETWORK, ADDRESS)
    if not has_network:
        print("This machine allows no network of our own: discovery is not tried")
    with tempfile.TemporaryDirectory(
        prefix="vtrack-nvr-hostile-", delete=not options.keep
    ) as name:
        work = run(
            Path(name),
            options.only,
            has_network=has_network,
            shows_places=options.places,
        )
        return finish(asyncio.run(work), options)


if __name__ == "__main__":
    sys.exit(main())
