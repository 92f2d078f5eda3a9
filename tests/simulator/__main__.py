"""`python -m tests.simulator --scenario demo`: simulated devices until Ctrl-C.

Prints one line of JSON when everything is up; see `--help`.
"""

import argparse
import asyncio
import contextlib
import json
from pathlib import Path
import signal
import tempfile

from .report_file import read_reported
from .scenario import SCENARIOS, make_specs
from .simulator import Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="demo")
    parser.add_argument(
        "--report",
        type=Path,
        action="append",
        default=[],
        help="instead of a scenario: the device that a report tells of, on free ports",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--base-port",
        type=int,
        default=11000,
        help="first web port; device n listens at n above it, its RTSP 500 higher; "
        "0: free ports",
    )
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument(
        "--discovery-port",
        type=int,
        default=0,
        help="UDP port of WS-Discovery (3702 is the usual one; 0: a free one)",
    )
    parser.add_argument(
        "--multicast", action="store_true", help="join the WS-Discovery group"
    )
    parser.add_argument(
        "--footage-cache",
        type=Path,
        default=Path(tempfile.gettempdir(), "vtrack-simulator-footage"),
    )
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    reports = [read_reported(path) for path in arguments.report]
    specs = (
        []
        if reports
        else make_specs(arguments.scenario, arguments.host, arguments.base_port)
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with Simulator(
        specs,
        control_port=arguments.control_port,
        discovery_port=arguments.discovery_port,
        is_multicast=arguments.multicast,
        footage_cache=arguments.footage_cache,
        reports=reports,
    ) as simulator:
        print(json.dumps(simulator.description()), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(_arguments()))
