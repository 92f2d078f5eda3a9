"""Our downloads in a process of their own, alone or watched from the event loop.

Started by `benchmarks.download`; prints one line of JSON.
"""

import argparse
import asyncio
import json
from pathlib import Path
import shutil
import sys
import time
from types import ModuleType

from benchmarks._footage import BASE_MS, FPS
from benchmarks._measures import cpu_seconds, lateness, percentile, resident_mb

ROOT = Path(__file__).parents[1]


def without_home_assistant() -> None:
    """Let the core be imported where the shell cannot be."""
    for name in ("custom_components", "custom_components.vtrack_nvr"):
        module = ModuleType(name)
        module.__path__ = [str(ROOT / name.replace(".", "/"))]
        sys.modules[name] = module


async def fetch_all(port: int, count: int, seconds: int, folder: Path, verify: str):
    """Download `count` times at once; return wall and CPU seconds and bytes kept."""
    from custom_components.vtrack_nvr.core.cancel import CancelToken
    from custom_components.vtrack_nvr.core.clip_sink import ClipTarget
    from custom_components.vtrack_nvr.core.clock import SystemClock
    from custom_components.vtrack_nvr.core.download.downloader import (
        Downloader,
        Verify,
    )
    from custom_components.vtrack_nvr.core.endpoint import Endpoint
    from custom_components.vtrack_nvr.core.fetch_job import FetchJob, ReplaySource
    from custom_components.vtrack_nvr.core.intervals import TimeRange
    from custom_components.vtrack_nvr.core.models import CameraKey, ClockEra

    class Sink:
        def __init__(self, name: str) -> None:
            self.name = name
            self.count = 0

        def open(self, start):
            self.count += 1
            part = folder / f".{self.name}-{self.count}.part"
            return ClipTarget(self.count, part, start)

        def check_room(self, _target) -> None:
            shutil.disk_usage(folder)

        def finish(self, target, _facts) -> None:
            target.part_path.unlink()

        def abandon(self, target, _reason) -> None:
            target.part_path.unlink(missing_ok=True)

    downloader = Downloader(
        clock=SystemClock(),
        max_workers=max(4, count),
        verify=Verify(verify),
    )
    now = time.time_ns() // 1_000_000

    def job(number: int) -> FetchJob:
        return FetchJob(
            CameraKey(f"bench/{number}"),
            "REC",
            ReplaySource(Endpoint(f"rtsp://127.0.0.1:{port}/rec")),
            TimeRange(BASE_MS, BASE_MS + seconds * 1000),
            ClockEra(1, 0, now - BASE_MS - 86_400_000),
        )

    begun, used = time.monotonic(), cpu_seconds()
    outcomes = await asyncio.gather(
        *(
            downloader.fetch(
                job(number),
                Sink(str(number)),
                CancelToken(),
                lambda _: None,
                lambda: False,
            )
            for number in range(count)
        )
    )
    wall, spent = time.monotonic() - begun, cpu_seconds() - used
    await downloader.close()
    for outcome in outcomes:
        assert outcome.frames == seconds * FPS, outcome
    return wall, spent


async def worker(arguments: argparse.Namespace) -> None:
    """Run in a process of its own: downloads, or downloads watched from the loop."""
    without_home_assistant()
    folder = Path(arguments.folder)
    if arguments.work == "one":
        wall, spent = await fetch_all(
            arguments.port, 1, arguments.seconds, folder, arguments.verify
        )
        print(json.dumps({"wall": wall, "cpu": spent}))
        return
    import custom_components.vtrack_nvr.core.download.downloader as _  # noqa: F401 - what it costs to have it imported is measured

    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(4, stop.set)
    idle = await lateness(stop)
    before = resident_mb()
    peak = before
    stop = asyncio.Event()

    async def watch() -> None:
        nonlocal peak
        while not stop.is_set():
            peak = max(peak, resident_mb())
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    measuring = asyncio.create_task(lateness(stop))
    wall, spent = await fetch_all(
        arguments.port, arguments.devices, arguments.seconds, folder, arguments.verify
    )
    stop.set()
    busy = await measuring
    await watching
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": spent,
                "idle": [percentile(idle, 0.5), percentile(idle, 0.99)],
                "busy": [percentile(busy, 0.5), percentile(busy, 0.99)],
                "memory": peak - before,
            }
        )
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", choices=("one", "many"), required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--verify", default="tables")
    asyncio.run(worker(parser.parse_args()))


if __name__ == "__main__":
    main()
