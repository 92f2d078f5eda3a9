"""What a dashboard asks of a library with a million clips of 32 cameras.

Prints for each view how long its answers take (cold: nothing remembered; warm), how many
bytes they are, and what held the index longest; then what the timeline costs in Chromium, if
that and Node.js are there, and what the dashboard of a real Home Assistant does: click to
picture, warm load, what it asks while nobody touches it. Run: `scripts/bench dashboard`, or
`scripts/bench dashboard --clips 1000000 --cameras 32`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
import datetime as dt
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from benchmarks.library import camera_key, fill, make_library, percentile
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import coverage_tiles as tiles
from custom_components.vtrack_nvr.core.library.event_line import ALL_CLASSES
from custom_components.vtrack_nvr.core.library.finder import ClipFilter
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.time_line import TimeLine
from custom_components.vtrack_nvr.core.models import CameraKey

DAY_MS = 86_400_000
MOST_NUMBERS = 30_000
FRONTEND = Path(__file__).parents[1] / "frontend"


async def ask_tiles(
    line: TimeLine, cameras: list[CameraKey], level: int, window: TimeRange
) -> tuple[list[float], list[int]]:
    """Ask for a view as the dashboard does; returns each answer's ms and bytes."""
    length_ms = tiles.tile_ms(level)
    numbers = range(window.start_ms // length_ms, -(-window.end_ms // length_ms))
    left = [(camera, n) for n in numbers for camera in cameras]
    times, sizes = [], []
    while left:
        begun = time.perf_counter()
        found, rest = await line.tiles(level, left[:128], MOST_NUMBERS)
        times.append((time.perf_counter() - begun) * 1000)
        told = json.dumps([tile._asdict() for tile in found], separators=(",", ":"))
        sizes.append(len(told))
        left = [*rest, *left[128:]]
    return times, sizes


def say(name: str, times: list[float], sizes: Sequence[int] = ()) -> None:
    """Print one line."""
    print(
        f"  {name:<42} {len(times):>4} answers  p50 {percentile(times, 0.5):8.1f} ms"
        f"  p95 {percentile(times, 0.95):8.1f} ms  all {sum(times):8.0f} ms"
        + (f"  {sum(sizes) / 1024:8.1f} KB" if sizes else ""),
        flush=True,
    )


async def timed(count: int, call: Callable[[int], Awaitable[object]]) -> list[float]:
    """Return how many ms each of some calls takes."""
    times = []
    for number in range(count):
        begun = time.perf_counter()
        await call(number)
        times.append((time.perf_counter() - begun) * 1000)
    return times


async def views(library: Library, cameras: list[CameraKey], now_ms: int) -> list[Row]:
    """Ask for the views, cold and warm."""
    line = library.time_line
    month: list[float] = []
    all_sizes: list[int] = []
    for name, days, level in (("month", 31, 6), ("week", 7, 5), ("day", 1, 3)):
        window = TimeRange(now_ms - days * DAY_MS, now_ms)
        for heat in ("cold", "warm"):
            times, sizes = await ask_tiles(line, cameras, level, window)
            say(
                f"{name} of {len(cameras)} cameras, level {level}, {heat}", times, sizes
            )
            all_sizes += sizes
            month = month or times
    hour = TimeRange(now_ms - 3 * DAY_MS, now_ms - 3 * DAY_MS + 3_600_000)
    times, sizes = await ask_tiles(line, cameras[:4], 1, hour)
    say("hour of 4 cameras, level 1, cold", times, sizes)
    all_sizes += sizes
    first = dt.datetime.fromtimestamp(now_ms / 1000 - 20 * 86_400, dt.UTC).date()
    for heat in ("cold", "warm"):
        times = await timed(1, lambda _n: line.month(cameras, first))
        say(f"month report of {len(cameras)} cameras, {heat}", times)
    said = f"{len(month)} answers, {sum(month):.0f} ms in all"
    return [
        row_of("dashboard.tiles", percentile(month, 0.95), said=said),
        row_of("dashboard.bytes", max(all_sizes) / 1024),
    ]


async def questions(library: Library, cameras: list[CameraKey], now_ms: int) -> None:
    """Ask for moments, borders, events and clips."""
    line = library.time_line

    def moment(number: int) -> int:
        return now_ms - DAY_MS - number * 7_654_321

    say("a moment", await timed(100, lambda n: line.at(cameras[0], moment(n))))
    say(
        "next problem",
        await timed(
            100,
            lambda n: line.edge(cameras[0], moment(n), is_next=True, want="problem"),
        ),
    )
    month = TimeRange(now_ms - 31 * DAY_MS, now_ms)
    say(
        "events of a month, counted",
        await timed(5, lambda _n: library.events.count(cameras, month, ALL_CLASSES)),
    )
    say(
        "a page of events",
        await timed(
            50, lambda _n: library.events.page(cameras, None, ALL_CLASSES, 50, None)
        ),
    )
    say(
        "a page of clips",
        await timed(100, lambda _n: library.finder.page(ClipFilter())),
    )
    two = ClipFilter(cameras=tuple(cameras[:2]), window=month)
    say(
        "clips of two cameras in a month, counted",
        await timed(3, lambda _n: library.finder.plan(two, "somebody")),
    )
    say(
        "a filter that nothing matches, one page",
        await timed(5, lambda _n: library.finder.page(ClipFilter(text="nowhere"))),
    )
    say("what has changed", await timed(200, lambda _n: line.changes()))


def timeline() -> list[Row]:
    """Draw the timeline in Chromium; without it the rows say so."""
    names = ("dashboard.draw", "dashboard.pan", "dashboard.heap")
    programs = (shutil.which("chromium"), shutil.which("node"))
    if not (all(programs) and (FRONTEND / "node_modules").exists()):
        return [row_of(name, said="Chromium or Node.js is not there") for name in names]
    with tempfile.TemporaryDirectory(prefix="bench-timeline-") as folder:
        file = Path(folder) / "figures.json"
        subprocess.run(
            ["node", "scripts/bench.mjs", str(file)], cwd=FRONTEND, check=True
        )
        told = json.loads(file.read_text(encoding="utf-8"))
    return [row_of(name, told[name]) for name in names]


def in_home_assistant() -> list[Row]:
    """Click, load and rest in a real Home Assistant; without Chromium the rows say so."""
    names = ("dashboard.click", "dashboard.paint", "dashboard.idle", "dashboard.told")
    if "BROWSER_PYTHON" not in os.environ or "DEMO_PYTHON" not in os.environ:
        return [row_of(name, said="Chromium is not there") for name in names]
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as folder:
        file = Path(folder) / "figures.json"
        module = "benchmarks._dashboard_house"
        subprocess.run([sys.executable, "-m", module, str(file)], check=True)
        told = json.loads(file.read_text(encoding="utf-8"))
    clicks, loads, idle = told["clicks"], told["loads"], told["idle"]
    say("click to picture", clicks)
    say("module to timeline, warm", loads)
    return [
        row_of("dashboard.click", percentile(clicks, 0.95)),
        row_of("dashboard.paint", percentile(loads, 0.5) / 1000),
        row_of("dashboard.idle", len(idle["asked"]), said=", ".join(idle["asked"][:3])),
        row_of("dashboard.told", idle["told"] / told["seconds"]),
    ]


async def run(clips: int, count: int) -> list[Row]:
    """Fill a library and ask."""
    folder = Path(tempfile.mkdtemp(prefix="vtrack-dashboard-"))
    try:
        library = make_library(folder)
        await library.open()
        now_ms = round(time.time() * 1000)
        cameras = [camera_key(number) for number in range(count)]
        print(f"{clips} clips of {count} cameras", flush=True)
        await fill(library, count, clips, now_ms)
        store = library._store  # noqa: SLF001 - what held the index is told there
        store.db.longest = ("", 0.0)
        rows = await views(library, cameras, now_ms)
        await questions(library, cameras, now_ms)
        name, seconds = store.db.longest
        await library.close()
        return [*rows, row_of("dashboard.held", seconds * 1000, said=name)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Read the arguments and run."""
    parser = make_parser(__doc__)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--cameras", type=int, default=32)
    chosen = parser.parse_args()
    rows = asyncio.run(run(chosen.clips, chosen.cameras))
    return finish([*rows, *timeline(), *in_home_assistant()], chosen)


if __name__ == "__main__":
    sys.exit(main())
