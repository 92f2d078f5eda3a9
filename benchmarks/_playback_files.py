"""What a clip's file costs up to its first picture: requests, and bytes that a player takes.

Bytes are counted by the players themselves: a server is told the end of a range, not where
a player stops to read.
"""

import asyncio
from dataclasses import dataclass
from http.client import HTTPConnection
import io
import re
import shutil
from typing import override
from urllib.parse import urlsplit

import av

BLOCK = 65_536
"""What is asked for at once: as much as phones do."""
_READ = re.compile(r"Statistics: (\d+) bytes read")


@dataclass(slots=True)
class Cost:
    """What a player did up to its first picture."""

    requests: int
    bytes: int

    @override
    def __str__(self) -> str:
        return f"{self.requests} requests, {self.bytes / 1e6:.2f} MB to a picture"


class RangeFile(io.RawIOBase):
    """A file behind an address, read in ranges as a phone does: two bytes first, then blocks."""

    def __init__(self, url: str) -> None:
        """Ask for the first two bytes, which tell the length; raises where no range is given."""
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = HTTPConnection(parts.netloc, timeout=30)
        self._blocks: dict[int, bytes] = {}
        self._at = 0
        self.cost = Cost(0, 0)
        self._length = 2
        self._length = int(self._ask(0, 1)[1].rpartition("/")[2])

    def _ask(self, first: int, last: int) -> tuple[bytes, str]:
        """Return a range and what is told about it."""
        asked = {"Range": f"bytes={first}-{min(last, self._length - 1)}"}
        self._connection.request("GET", self._path, headers=asked)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 206:
            msg = f"a range was answered with {answer.status}"
            raise ValueError(msg)
        self.cost.requests += 1
        self.cost.bytes += len(data)
        return data, answer.headers["Content-Range"]

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}
        self._at = start[whence] + offset
        return self._at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def read(self, size: int = -1) -> bytes:
        if not 0 <= self._at < self._length:
            return b""
        begin = self._at // BLOCK * BLOCK
        if begin not in self._blocks:
            self._blocks[begin], _ = self._ask(begin, begin + BLOCK - 1)
        there = self._blocks[begin][self._at - begin :]
        found = there if size < 0 else there[:size]
        self._at += len(found)
        return found

    @override
    def close(self) -> None:
        self._connection.close()
        super().close()


def as_a_phone(url: str) -> Cost:
    """Return what a client costs that asks as iOS does; blocking, decodes one picture.

    How far it reads before it decodes is libav's choice, not Apple's.
    """
    with RangeFile(url) as file, av.open(file) as container:
        next(container.decode(video=0))
        return file.cost


async def as_ffmpeg(url: str) -> int | None:
    """Return how many bytes ffmpeg reads up to a picture, None without ffmpeg."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    child = await asyncio.create_subprocess_exec(
        *(ffmpeg, "-v", "verbose", "-i", url, "-frames:v", "1", "-f", "null", "-"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    return sum(int(count) for count in _READ.findall(said.decode(errors="replace")))
