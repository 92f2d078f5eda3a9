"""The demo's command line; started by scripts/demo and scripts/develop."""

import argparse
import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
import shutil
import signal
import sys
import tempfile

from . import loopback_only
from .check import check
from .demo import demo, demo_big, develop
from .errors import DemoError
from .odd import odd
from .say import say
from .simulator import ROOT
from .stage import PACKAGE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="prove the result and end")
    parser.add_argument(
        "--zip",
        type=Path,
        help="with --check: the zip of a release, instead of this tree's integration",
    )
    parser.add_argument(
        "--odd", action="store_true", help="a house of odd devices: try each, and end"
    )
    parser.add_argument(
        "--big", action="store_true", help="32 cameras and a month of footage"
    )
    parser.add_argument("--keep", action="store_true", help="keep all files at the end")
    parser.add_argument("--develop", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=8123, help="of scripts/develop")
    parser.add_argument(
        "--simulator",
        action="store_true",
        help="scripts/develop: simulated cameras too",
    )
    arguments = parser.parse_args()
    if arguments.zip and not arguments.check:
        parser.error("--zip is for --check")
    if arguments.zip and not arguments.zip.is_file():
        parser.error(f"{arguments.zip} is no file")
    return arguments


async def _until_interrupted(story: Coroutine[None, None, int]) -> int:
    """Run a story; a signal ends it in order, with all it started."""
    task = asyncio.create_task(story)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        say("Ended")
        return 130


def main() -> int:
    """Run what is asked for; the exit code."""
    arguments = _arguments()
    if arguments.develop:
        folder = ROOT / ".cache" / "develop"
        folder.mkdir(parents=True, exist_ok=True)
        story = develop(folder, arguments.port, with_simulator=arguments.simulator)
        return _run(story)
    folder = Path(tempfile.mkdtemp(prefix="vtrack-nvr-demo-"))
    is_unattended = arguments.check or arguments.odd
    if is_unattended and not loopback_only.enter():
        say("This machine allows no network of our own; loopback is all we use anyway")
    code = _run(_story(arguments, folder))
    if not arguments.keep and not (is_unattended and code):
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _story(arguments: argparse.Namespace, folder: Path) -> Coroutine[None, None, int]:
    if arguments.odd:
        return odd(folder)
    if arguments.check:
        return check(folder, arguments.zip.resolve() if arguments.zip else PACKAGE)
    return demo_big(folder) if arguments.big else demo(folder)


def _run(story: Coroutine[None, None, int]) -> int:
    with suppress(KeyboardInterrupt):
        try:
            return asyncio.run(_until_interrupted(story))
        except DemoError as err:
            print(f"✗ {err}", file=sys.stderr)
            return 1
    return 130


if __name__ == "__main__":
    sys.exit(main())
