"""A home in a process of its own, to be killed: real engine, real library.

`python -m tests.end_to_end.worker FOLDER ABOUT` (JSON as the simulator describes a
device) says `attached`, then `done` when all is kept, and ends.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
import json
from pathlib import Path
import sys

from tests.end_to_end.harness import Home


async def main(folder: Path, about: dict[str, object]) -> None:
    """Sync until all is kept."""
    async with Home(folder) as home:
        nvr = await home.introduce(about)
        await home.attach(about)
        print("attached", flush=True)
        await home.settled(nvr, 600)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
