"""Players of `benchmarks.load`: HLS at the speed of life, with seeks now and then."""

import asyncio
import random
import re
import time

from ._load_client import Person, RefusedError, again
from ._load_operators import LoadRig

AHEAD_S = 20.0
"""So much is loaded before it is shown."""
SEEK_S = (30.0, 90.0)
STAY_S = (120.0, 300.0)
WINDOW_MS = 3_600_000
_PIECE = re.compile(
    r'#EXT-X-MAP:URI="(?P<init>[^"]+)"|#EXTINF:(?P<seconds>[\d.]+),[^\n]*\n(?P<at>\S+)'
)


def pieces(text: str) -> list[tuple[str, float, str]]:
    """Return (map, seconds, address) of each segment of a media playlist."""
    found, init = [], ""
    for part in _PIECE.finditer(text):
        if part["init"]:
            init = part["init"]
        else:
            found.append((init, float(part["seconds"]), part["at"]))
    return found


class Player:
    """One player: opens an hour of a camera, plays, seeks, and takes another."""

    def __init__(self, person: Person, rig: LoadRig) -> None:
        """Play nothing yet."""
        self._person, self._rig = person, rig
        self.late = 0
        """Segments that came after the moment to show them."""
        self.shown = 0

    async def run(self, until: float) -> None:
        """Play until a moment."""

        async def visit() -> None:
            async with self._person.connected():
                while time.time() < until:
                    await self._watch(until)

        await again(visit, until)

    async def _watch(self, until: float) -> None:
        person = self._person
        clip = self._rig.clip()
        from_ms = random.randrange(clip["start_ms"], clip["end_ms"])
        window = {"from": from_ms, "to": from_ms + WINDOW_MS}
        began = time.perf_counter()
        opened = await person.ask("playback/open", camera=clip["camera"], **window)
        base = opened["url"].rpartition("/")[0]
        try:
            await person.load("play master playlist", opened["url"], has_login=False)
            text = await person.load(
                "play media playlist", f"{base}/media.m3u8", has_login=False
            )
            parts = pieces(text.decode())
            if not parts:
                raise RefusedError("an empty playlist")
            end = min(until, time.time() + random.uniform(*STAY_S))
            await self._play(base, parts, end, began)
        finally:
            await person.ask("playback/close", token=opened["token"])

    async def _play(
        self,
        base: str,
        parts: list[tuple[str, float, str]],
        end: float,
        began: float,
    ) -> None:
        """Load segments ahead of what is shown; jump somewhere else now and then."""
        person, place, init = self._person, 0, ""
        shown_s = time.monotonic()
        """When what was loaded since the last jump will have been shown."""
        seek_s = time.monotonic() + random.uniform(*SEEK_S)
        is_first = True
        while time.time() < end:
            if time.monotonic() > seek_s:
                place, init = random.randrange(len(parts)), ""
                shown_s, is_first, began = time.monotonic(), True, time.perf_counter()
                seek_s = time.monotonic() + random.uniform(*SEEK_S)
            wanted, seconds, address = parts[place]
            if wanted != init:
                await person.load("play map", f"{base}/{wanted}", has_login=False)
                init = wanted
            await person.load(
                "play segment", f"{base}/{address}", most=1, has_login=False
            )
            now_s = time.monotonic()
            self.shown += 1
            if is_first:
                took = (time.perf_counter() - began) * 1000
                person.log.took["also click to first segment"].append(took)
                shown_s, is_first = now_s, False
            elif now_s > shown_s:
                self.late += 1
                shown_s = now_s
            shown_s += seconds
            place += 1
            if place == len(parts):
                return
            await asyncio.sleep(max(0.0, shown_s - AHEAD_S - now_s))
