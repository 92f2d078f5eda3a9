"""Records live until it is killed: folder as argument, port and password by stdin."""

import asyncio
import logging
from pathlib import Path
import sys

from tests.end_to_end.live_house import House


async def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    port, password = sys.stdin.readline().split()
    house = House(
        Path(sys.argv[1]),
        sounds=("AAC",),
        is_simulated=False,
        ports=(int(port),),
        password=password,
    )
    await house.open(clip_ms=10**13)  # never cut at a border: there is one clip
    await house.recording(0)
    print("recording", flush=True)
    await asyncio.sleep(600)


asyncio.run(main())
