"""Records live until it is killed: folder as argument, port and password by stdin."""

import asyncio
import logging
from pathlib import Path
import sys

from tests.end_to_end.live_rig import LiveCoreRig


async def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    port, password = sys.stdin.readline().split()
    rig = LiveCoreRig(
        Path(sys.argv[1]),
        sounds=("AAC",),
        is_simulated=False,
        ports=(int(port),),
        password=password,
    )
    await rig.open(clip_ms=10**13)  # never cut at a border: there is one clip
    await rig.recording(0)
    print("recording", flush=True)
    await asyncio.sleep(600)


asyncio.run(main())
