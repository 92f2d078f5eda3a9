"""Dashboards of `benchmarks.load`: what the panel asks for while people look at it."""

import asyncio
from itertools import batched
import random
import time
from typing import Any

from ._load_client import Person, RefusedError, again

BAR_LEVEL = 4
DAY_MS = 86_400_000
LINE_LEVEL = 3
MOST_TILES = 128
SETTLE_S = 1.5
EVENTS_S = 5.0
RUNNING_S = 15.0
"""Tiles that hold the present are asked for again after so long."""
SEEN = 12
"""Camera tiles in a window; each shows the newest picture."""
LANES = 8
STAY_S = (120.0, 300.0)
"""How long somebody looks before they come anew."""


def tile_numbers(level: int, from_ms: int, to_ms: int) -> range:
    """Return the numbers of the tiles that touch a stretch."""
    length = 1024 * 1000 * 4**level
    return range(from_ms // length, -(-to_ms // length))


class Dashboard:
    """One open panel; `overview` shows all cameras, else the time lines of some."""

    def __init__(self, person: Person, until: float, *, overview: bool) -> None:
        """Nothing is open yet."""
        self._person, self._until, self._overview = person, until, overview
        self._touched: set[str] = set()
        self._newest: dict[str, int] = {}
        self._seq = 0
        self._is_torn = False

    async def run(self) -> None:
        """Look, go, and come again."""
        await again(self._visit, self._until)

    async def _visit(self) -> None:
        person = self._person
        end = min(self._until, time.time() + random.uniform(*STAY_S))
        async with person.connected():
            self._seq, self._is_torn = 0, False
            info, _ = await asyncio.gather(
                person.ask("info"),
                person.ask("subscribe", self._told),
            )
            cameras = [each["key"] for each in info["cameras"]]
            place = random.randrange(len(cameras) - max(SEEN, LANES))
            look = self._bars if self._overview else self._lines
            work = [
                asyncio.create_task(look(cameras, place)),
                asyncio.create_task(self._pictures(cameras[place : place + SEEN])),
            ]
            try:
                while time.time() < end and not self._is_torn:
                    if any(task.done() for task in work):
                        break
                    await asyncio.sleep(0.5)
            finally:
                for task in work:
                    task.cancel()
                ended = await asyncio.gather(*work, return_exceptions=True)
            if self._is_torn:
                person.log.failed["other feed with a hole"] += 1
            for error in ended:
                if isinstance(error, RefusedError):
                    raise error
                if error and not isinstance(error, asyncio.CancelledError):
                    raise error  # a mistake of the benchmark

    def _told(self, feed: dict[str, Any]) -> None:
        """Take an event of the subscription."""
        self._seq += 1
        self._is_torn |= feed["seq"] != self._seq
        changed = feed.get("changed", {})
        for key, row in changed.get("cameras", {}).items():
            if row["last_clip"]:
                self._newest[key] = row["last_clip"]["id"]
        self._touched |= {key for key, *_ in feed.get("coverage", ())}

    async def _tiles(
        self, level: int, cameras: list[str], from_ms: int, to_ms: int
    ) -> None:
        numbers = tile_numbers(level, from_ms, to_ms)
        left = [[camera, number] for number in numbers for camera in cameras]
        while left:
            asked, rest = left[:MOST_TILES], left[MOST_TILES:]
            answer = await self._person.ask("coverage/tiles", level=level, tiles=asked)
            left = [*answer["left"], *rest]

    async def _bars(self, cameras: list[str], _place: int) -> None:
        """Show today's coverage of every camera, and anew where it changes."""
        self._touched = {*cameras}
        while True:
            wanted, self._touched = [*self._touched], set()
            now_ms = time.time_ns() // 1_000_000
            day_ms = now_ms // DAY_MS * DAY_MS
            if wanted:
                await self._tiles(BAR_LEVEL, wanted, day_ms, now_ms + 1)
            await asyncio.sleep(SETTLE_S)

    async def _lines(self, cameras: list[str], place: int) -> None:
        """Show a day of some cameras, with events; move now and then."""
        lanes = cameras[place : place + LANES]
        events_s, running_s, moved_s = 0.0, 0.0, time.monotonic()
        to_ms = time.time_ns() // 1_000_000
        while True:
            now_ms, now_s = time.time_ns() // 1_000_000, time.monotonic()
            if now_s - moved_s > 30:  # somebody drags the time line
                moved_s, events_s, running_s = now_s, 0.0, 0.0
                to_ms = now_ms - random.choice((0, 0, random.randrange(28 * DAY_MS)))
            if now_s - running_s > RUNNING_S or self._touched & {*lanes}:
                self._touched -= {*lanes}
                running_s = now_s
                end_ms = min(now_ms, to_ms + DAY_MS // 2)
                await self._tiles(LINE_LEVEL, lanes, to_ms - DAY_MS * 3 // 2, end_ms)
                if now_s - events_s > EVENTS_S:
                    events_s = now_s
                    await self._person.ask(
                        "events/list",
                        cameras=lanes,
                        from_ms=to_ms - DAY_MS,
                        to_ms=to_ms,
                    )
            await asyncio.sleep(1.0)

    async def _pictures(self, cameras: list[str]) -> None:
        """Show the newest picture of the cameras in sight."""
        shown: dict[str, int] = {}
        while True:
            wanted = {
                key: self._newest[key]
                for key in cameras
                if self._newest.get(key, 0) != shown.get(key, 0)
            }
            for some in batched(wanted.values(), 6, strict=False):  # as browsers do
                await asyncio.gather(
                    *(
                        self._person.load(
                            "picture thumbnail", f"/api/vtrack_nvr/thumbnail/{clip}"
                        )
                        for clip in some
                    )
                )
            shown |= wanted
            await asyncio.sleep(1.0)
