"""Asks 1 024 loopback addresses on twelve ports each whether ONVIF lives there.

Run: `scripts/bench probe [--paced]`. Prints time, sockets, memory and how late the event
loop was. By default as fast as possible, which is harder on the loop than the pace of the
set-up (`--paced`).
"""

import asyncio
import gc
from pathlib import Path
import resource
import sys
import time

import aiohttp

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.onvif.probe import probe
from custom_components.vtrack_nvr.core.onvif.targets import parse_targets

ADDRESSES = "127.0.4.0-127.0.7.255"


def open_sockets() -> int:
    """Return how many descriptors this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Watch:
    """Looks every 5 ms how late the loop is and what is open."""

    def __init__(self) -> None:
        self.late_s = self.held_s = 0.0
        self.sockets = 0
        self._base = open_sockets()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            began, burnt = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.005)
            self.late_s = max(self.late_s, time.perf_counter() - began - 0.005)
            self.held_s = max(self.held_s, time.thread_time() - burnt)
            self.sockets = max(self.sockets, open_sockets() - self._base)


async def measure(*, is_paced: bool) -> list[Row]:
    """Scan once."""
    targets = parse_targets(ADDRESSES, "")
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # A collection of all that was loaded before is no work of the scan.
    gc.collect()
    gc.freeze()
    watch = Watch()
    watcher = asyncio.create_task(watch.run())
    began = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        found = await probe(
            targets,
            session=session,
            clock=SystemClock(),
            **({} if is_paced else {"per_second": 1e6}),
        )
    took_s = time.perf_counter() - began
    watcher.cancel()
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{len(targets)} targets, {len(found)} answers: {took_s:.1f} s, "
        f"{watch.sockets} sockets at most, {(after_kib - before_kib) / 1024:.1f} MiB more, "
        f"loop late by {watch.late_s * 1000:.0f} ms at most"
    )
    return [
        row_of("probe.held", watch.held_s * 1000),
        row_of("probe.time", took_s, said=f"{len(targets)} targets"),
    ]


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--paced", action="store_true")
    options = parser.parse_args()
    sys.exit(finish(asyncio.run(measure(is_paced=options.paced)), options))
