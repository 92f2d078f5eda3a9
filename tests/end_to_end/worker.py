"""A rig in a process of its own, to be killed: real engine, real library.

`python -m tests.end_to_end.worker FOLDER ABOUT VERIFY` (JSON as the simulator describes
a device; how much of a clip is checked) says `attached`, then `done` when all is kept,
and ends.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
import json
from pathlib import Path
import sys

from custom_components.vtrack_nvr.core.download.downloader import Verify
from tests.end_to_end.rig import CoreRig


async def main(folder: Path, about: dict[str, object], verify: Verify) -> None:
    """Sync until all is kept."""
    async with CoreRig(folder, verify=verify) as rig:
        nvr = await rig.introduce(about)
        await rig.attach(about)
        print("attached", flush=True)
        await rig.settled(nvr, 600)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2]), Verify(sys.argv[3])))
