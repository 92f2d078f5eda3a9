"""The people of `benchmarks.load`, in a process of their own.

Run: `python -m benchmarks._load_people NAME`, NAME `dashboards` or `players`. Prints an empty
line when it is ready for its task, a line of JSON: `url`, `tokens`, `until`, `count`, and for
dashboards `operators` and `recording`. Then prints what was measured as a line of JSON.
"""

import asyncio
from itertools import cycle
import json
import sys
import time
from typing import Any

import aiohttp

from ._load_client import Log, Person
from ._load_dashboards import Dashboard
from ._load_operators import LoadRig, export, operate, save
from ._load_players import Player
from ._measures import lateness

EXPORT_EVERY_S = 15.0
ARRIVE_S = 0.3
"""People come one after the other."""


async def known(
    session: aiohttp.ClientSession, task: dict[str, Any], log: Log
) -> LoadRig:
    """Return what there is to look at."""
    owner = Person(session, task["url"], task["tokens"][0], log)
    rig = LoadRig()
    async with owner.connected():
        await rig.learn(owner)
    return rig


async def dashboards(
    session: aiohttp.ClientSession, task: dict[str, Any], log: Log
) -> dict[str, Any]:
    """Run dashboards, operators, exports and requests until the end."""
    url, until = task["url"], task["until"]
    tokens = cycle(task["tokens"])
    rig = await known(session, task, log)
    work = []
    for number in range(task["count"]):
        person = Person(session, url, next(tokens), log)
        board = Dashboard(person, until, overview=number % 5 < 3)
        work.append(asyncio.create_task(board.run()))
        await asyncio.sleep(ARRIVE_S)
    for _ in range(task["operators"]):
        person = Person(session, url, task["tokens"][0], log)
        work.append(asyncio.create_task(operate(person, rig, until)))
    maker, saver = (Person(session, url, task["tokens"][0], log) for _ in range(2))
    work += [
        asyncio.create_task(export(maker, rig, until, EXPORT_EVERY_S)),
        asyncio.create_task(save(saver, rig, until, task["recording"])),
    ]
    await _end(work, until)
    return {}


async def players(
    session: aiohttp.ClientSession, task: dict[str, Any], log: Log
) -> dict[str, Any]:
    """Run players until the end."""
    url, until = task["url"], task["until"]
    tokens = cycle(task["tokens"])
    rig = await known(session, task, log)
    work, them = [], []
    for _ in range(task["count"]):
        player = Player(Person(session, url, next(tokens), log), rig)
        them.append(player)
        work.append(asyncio.create_task(player.run(until)))
        await asyncio.sleep(ARRIVE_S)
    await _end(work, until)
    return {
        "late": sum(player.late for player in them),
        "shown": sum(player.shown for player in them),
    }


async def _end(work: list[asyncio.Task[None]], until: float) -> None:
    """Let everybody go at the end; a mistake of the benchmark ends it at once."""
    while time.time() < until:
        done, _ = await asyncio.wait(
            work, timeout=1, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in done:
            task.result()
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def main(name: str) -> None:
    """Be these people."""
    print(flush=True)
    task = json.loads(sys.stdin.readline())
    log = Log()
    log.until = task["until"]
    stop = asyncio.Event()
    own = asyncio.create_task(lateness(stop))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        them = dashboards if name == "dashboards" else players
        found = await them(session, task, log)
    stop.set()
    late = sorted(await own)
    print(
        json.dumps(
            {
                **log.values(),
                **found,
                "own_late_p95": late[len(late) * 95 // 100],
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
