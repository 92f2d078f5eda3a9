"""Simulated recorders of `benchmarks.load`, in a process of their own.

Run: `python -m benchmarks._load_recorders FIRST COUNT KBPS`. Each has 16 cameras and one
minute of footage from an hour and a half ago. Prints a line of JSON with the devices. A line
`{"period": S, "seconds": S, "until": S}` on standard input lets every camera record so many
seconds in each period from now on, the cameras of a recorder one after the other, and tell
motion meanwhile. Ends with its input.

All cameras draw the same pictures: what they cost is nobody's question here.
"""

import asyncio
from dataclasses import replace
import json
import sys
import time
from typing import Any

from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.events import EventService
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch

CAMERAS = 16
MINUTE_MS = 60_000
TEMPLATE_MS = MINUTE_MS
TEMPLATE_AGO_MS = 90 * MINUTE_MS


def make_spec(number: int, kbps: int, now_ms: int) -> NvrSpec:
    """Return a recorder; the first camera of each has the footage to begin with."""
    base_ms = (now_ms - TEMPLATE_AGO_MS) // MINUTE_MS * MINUTE_MS
    camera = CameraSpec(
        "",
        base_ms=base_ms,
        width=320,
        height=180,
        pad_kbps=kbps,
    )
    first = (Stretch(0, TEMPLATE_MS),)
    return NvrSpec(
        cameras=tuple(
            replace(
                camera,
                name=f"Camera {number:02}-{place + 1:02}",
                stretches=() if place else first,
            )
            for place in range(CAMERAS)
        ),
        name=f"Recorder {number:02}",
        serial=f"LOAD{number:04d}",
        mac=f"02:00:5e:00:02:{number:02x}",
        uuid=f"7f3d4c1e-0000-4000-8002-{number:012d}",
        model="SIM-LOAD-16",
    )


async def record(nvr: SimulatedNvr, place: int, told: dict[str, Any]) -> None:
    """Let a camera record again and again, and tell motion from beginning to end."""
    channel = nvr.channels[place]
    timeline, events = channel.timeline, nvr.services["events"]
    assert timeline is not None
    assert isinstance(events, EventService)
    period, seconds, until = told["period"], told["seconds"], told["until"]
    at = told["from"] + place * period / CAMERAS
    while at < until:
        # Whole seconds: groups that are drawn once serve all recorders.
        start_ms = round(at) * 1000
        timeline.stretches.append(Stretch(start_ms - timeline.base_ms, seconds * 1000))
        await asyncio.sleep(start_ms / 1000 - time.time())
        events.notify({"kind": "motion", "camera": channel.number, "active": True})
        await asyncio.sleep(start_ms / 1000 + seconds - time.time())
        events.notify({"kind": "motion", "camera": channel.number, "active": False})
        at += period


async def main(first: int, count: int, kbps: int) -> None:
    """Run the recorders until the input ends."""
    footage = FootageStore()
    now_ms = time.time_ns() // 1_000_000
    nvrs = [
        SimulatedNvr(make_spec(number, kbps, now_ms), footage=footage)
        for number in range(first, first + count)
    ]
    for nvr in nvrs:
        for channel in nvr.channels:
            assert channel.timeline is not None
            channel.timeline.camera_name = "Load"
        await nvr.start()
    print(json.dumps([nvr.description() for nvr in nvrs]), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    recording: set[asyncio.Task[None]] = set()
    while line := await lines.readline():
        told = json.loads(line)
        recording |= {
            asyncio.create_task(record(nvr, place, told))
            for nvr in nvrs
            for place in range(CAMERAS)
        }
    for task in recording:
        task.cancel()
    await asyncio.gather(*(nvr.stop() for nvr in nvrs))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
