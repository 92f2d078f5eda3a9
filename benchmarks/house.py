"""A large house in a real Home Assistant: 10 recorders with 16 cameras, 100 000 clips.

Simulated recorders on this machine, the newest Home Assistant with its recorder in a
process of its own; first without any device, then with all of them. Prints how long set-up took, what
memory was added, what the processor does while nothing happens, how late the loop is, and
how many rows the recorder wrote in a minute for the busiest camera.

Run: `scripts/bench house`, or `scripts/bench house --recorders 2 --clips 1000 --seconds 30`;
`--all-entities` enables those that come disabled.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import json
import os
from pathlib import Path
import sqlite3
import sys
import tempfile
import threading
import time
from typing import Any

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from benchmarks.library import DAY
from benchmarks.years import keep
from scripts.demo_lib import loopback_only
from scripts.demo_lib.config_dir import ConfigDir
from scripts.demo_lib.ports import free_port
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ["DEMO_PYTHON"])
"""Of the newest Home Assistant; `scripts/bench` sets it."""


@asynccontextmanager
async def recorders(count: int, cache: Path) -> AsyncIterator[list[SimulatedNvr]]:
    """Run simulated recorders on a loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    [spec] = make_specs("nvr16")
    specs = [
        replace(
            spec,
            name=f"Recorder {number}",
            serial=f"HOUSE{number:04d}",
            mac=f"02:00:5e:00:01:{number:02x}",
            uuid=f"7f3d4c1e-0000-4000-8001-{number:012d}",
        )
        for number in range(count)
    ]
    nvrs = [SimulatedNvr(each, cache) for each in specs]

    async def all_of(name: str) -> None:
        for nvr in nvrs:
            await getattr(nvr, name)()

    def over_there(name: str) -> asyncio.Future[None]:
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(all_of(name), loop))

    await over_there("start")
    try:
        yield nvrs
    finally:
        await over_there("stop")
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def make_config(folder: Path) -> None:
    """Write the demo's configuration, with the recorder."""
    config = ConfigDir(folder, free_port(), more="recorder:\n  commit_interval: 1\n")
    await config.write(PYTHON, ROOT / "custom_components" / "vtrack_nvr")


async def work(*arguments: object) -> dict[str, Any]:
    """Run a Home Assistant in a process of its own; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        PYTHON,
        "-m",
        "benchmarks._house_worker",
        *map(str, arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"Home Assistant ended with {process.returncode}")
    lines = [line for line in out.decode().splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def fill(index: Path, storage: Path, clips: int) -> int:
    """Enter so many clips, spread over all cameras and 30 days; returns how many."""
    now_ms = time.time_ns() // 1_000_000
    base = sqlite3.connect(index)
    base.row_factory = sqlite3.Row
    cameras = [row[0] for row in base.execute("select id from camera order by id")]
    per_day = max(1, round(clips / len(cameras) / 30))
    for camera in cameras:
        with base:
            base.execute("delete from coverage where camera_id = ?", (camera,))
            base.execute("delete from coverage_total where camera_id = ?", (camera,))
            keep(base, storage, camera, now_ms - 30 * DAY, now_ms, per_day)
    count = base.execute("select count(*) from clip").fetchone()[0]
    base.close()
    return int(count)


async def main() -> int:
    """Measure both houses."""
    parser = make_parser(__doc__)
    parser.add_argument("--recorders", type=int, default=10)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--all-entities", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vtrack-house-") as made:
        folder = Path(made)
        async with recorders(arguments.recorders, folder / "footage") as nvrs:
            return finish(await compare(folder, nvrs, arguments), arguments)


async def compare(
    folder: Path, nvrs: list[SimulatedNvr], arguments: argparse.Namespace
) -> list[Row]:
    """Measure a Home Assistant without and with the devices."""
    ports = ("--ports", *(nvr.port for nvr in nvrs))
    login = ("--login", nvrs[0].spec.user, nvrs[0].spec.password)
    empty, house = folder / "empty", folder / "house"
    storage = house / "media"
    for each in (empty, house):
        each.mkdir()
        await make_config(each)
    without = await work("measure", "--folder", empty, "--seconds", 15)
    flags = ["--all-entities"] if arguments.all_entities else []
    await work(
        "prepare", "--folder", house, "--storage", storage, *login, *flags, *ports
    )
    index = house / "vtrack_nvr" / "index.db"
    clips = fill(index, storage / "vtrack_nvr", arguments.clips)
    seconds = ("--seconds", arguments.seconds)
    found = await work("measure", "--folder", house, *seconds, *ports)
    minutes = arguments.seconds / 60
    print(
        f"{found['loaded']} recorders, {16 * len(nvrs)} cameras, {clips} clips,"
        f" {found['entities']} entities"
    )
    spent = found["started"] - without["started"]
    print(f"{'processor time of start and first looks':44}{spent:9.2f} s")
    print(f"{'rows a minute, whole house':44}{found['rows'] / minutes:9.2f} rows")
    print(f"{'without any device: processor':44}{100 * without['cpu']:9.2f} % of one")
    print(
        f"{'lateness of the loop, p99':44}{found['late_p99']:9.2f} ms"
        f"         without {without['late_p99']:.2f}"
    )
    for count, entity_id in found["most"]:
        print(f"  {count:5} {entity_id}")
    rows = found["most_rows"] / minutes
    return [
        row_of("house.setup", found["setup"], said=f"{clips} clips"),
        row_of("house.memory", found["memory"] - without["memory"]),
        row_of("house.cpu", 100 * found["cpu"], said=f"{arguments.seconds:g} s"),
        row_of("house.rows", rows),
    ]


if __name__ == "__main__":
    loopback_only.enter()
    sys.exit(asyncio.run(main()))
