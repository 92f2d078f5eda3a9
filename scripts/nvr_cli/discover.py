"""`discover` finds who is there."""

import argparse
import sys

import aiohttp

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.onvif.discovery import discover
from custom_components.vtrack_nvr.core.onvif.probe import ProbeProgress, probe
from custom_components.vtrack_nvr.core.onvif.targets import parse_targets

from .output import as_json, table


async def run(arguments: argparse.Namespace) -> int:
    """Search by multicast, or ask the given addresses."""
    if arguments.targets:
        return await _ask(arguments)
    found = await discover(arguments.interface, seconds=arguments.seconds)
    if arguments.json:
        print(as_json(found))
        return 0
    rows = [
        (f.host, f.port, f.name, f.hardware, "".join(sorted(f.profiles)), f.endpoint_id)
        for f in found
    ]
    print(table(("address", "port", "name", "model", "profiles", "id"), rows))
    return 0 if found else 1


async def _ask(arguments: argparse.Namespace) -> int:
    targets = parse_targets(" ".join(arguments.targets), arguments.ports)

    def show(progress: ProbeProgress) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{progress.done}/{progress.total}, {progress.found} found",
                end="\n" if progress.done == progress.total else "",
                file=sys.stderr,
            )

    async with aiohttp.ClientSession() as session:
        results = await probe(
            targets, session=session, clock=SystemClock(), on_progress=show
        )
    if arguments.json:
        print(as_json(results))
    else:
        rows = [(r.target.host, r.target.port, r.answer, r.detail) for r in results]
        print(table(("address", "port", "answer", "why"), rows))
    return 0 if any(result.device for result in results) else 1
