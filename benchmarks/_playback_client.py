"""Clients of `playback` in a process of their own: viewers and downloads, without an end.

Run: `python -m benchmarks._playback_client SECONDS VIEWERS DOWNLOADS URL`. A viewer reads the
playlists and then all segments, one after the other; a download reads a clip again and again.
Prints how many bytes came.
"""

import asyncio
import re
import sys
from urllib.parse import urljoin

import aiohttp


async def text_of(session: aiohttp.ClientSession, url: str) -> str:
    """Return a playlist."""
    async with session.get(url) as answer:
        answer.raise_for_status()
        return await answer.text()


def pieces_of(text: str) -> list[str]:
    """Return the addresses in a playlist in the order of playing."""
    found = re.findall(r'URI="([^"]+)"|^([^#\n]+)$', text, re.MULTILINE)
    return [first or second for first, second in found]


class Client:
    """Counts what comes up to a moment; nothing that comes later counts."""

    def __init__(self, session: aiohttp.ClientSession, until: float) -> None:
        self.count = 0
        self._session = session
        self._until = until
        self._now = asyncio.get_running_loop().time

    @property
    def is_over(self) -> bool:
        """Return whether time is up."""
        return self._now() >= self._until

    async def load(self, url: str) -> None:
        """Read a file in pieces, as players do."""
        async with self._session.get(url) as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_chunked(65_536):
                if self.is_over:
                    return
                self.count += len(piece)

    async def download(self, url: str) -> None:
        """Read a file again and again."""
        while not self.is_over:
            await self.load(url)

    async def view(self, url: str) -> None:
        """Watch a range again and again."""
        while not self.is_over:
            found = await text_of(self._session, url)
            media = urljoin(url, pieces_of(found)[0])
            for piece in pieces_of(await text_of(self._session, media)):
                if self.is_over:
                    return
                await self.load(urljoin(media, piece))


async def main(seconds: float, viewers: int, downloads: int, url: str) -> None:
    """Watch and load for a while."""
    connector = aiohttp.TCPConnector(limit=0)
    until = asyncio.get_running_loop().time() + seconds
    async with aiohttp.ClientSession(connector=connector) as session:
        client = Client(session, until)
        await asyncio.gather(
            *(client.view(url) for _ in range(viewers)),
            *(client.download(urljoin(url, "/clip")) for _ in range(downloads)),
            asyncio.sleep(seconds),
        )
    print(client.count)


if __name__ == "__main__":
    told = sys.argv
    asyncio.run(main(float(told[1]), int(told[2]), int(told[3]), told[4]))
