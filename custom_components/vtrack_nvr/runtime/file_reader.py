"""Reads a file beside the event loop, on a thread of its own.

A share that hangs holds up that thread, neither the loop nor readers of other files, and
not even the end of Home Assistant.
"""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..core.errors import ErrorKind, NvrError
from ..core.library.worker import Worker

PATIENCE_S = 15.0
MOST_OPEN = 64
"""How many files are read at the same time, those of hanging shares included."""


class FileState(NamedTuple):
    """Size in bytes and time of the last change in seconds since 1970."""

    size: int
    changed_s: float


class FileReader:
    """`open` first, `close` last; raises `NvrError`: GONE, or a storage kind."""

    _open_count = 0

    def __init__(self, path: Path) -> None:
        """Name the file; it is not touched yet."""
        self._path = path
        self._worker = Worker("vtrack-file")
        self._file: BinaryIO | None = None
        self._is_counted = False

    async def open(self) -> FileState:
        """Open the file and return its state."""
        if FileReader._open_count >= MOST_OPEN:
            raise NvrError(ErrorKind.STORAGE_STALLED, "too many files are being read")
        FileReader._open_count += 1
        self._is_counted = True
        return await self._ask(self._open)

    async def read(self, offset: int, count: int) -> bytes:
        """Return bytes from a place; fewer only at the end of the file."""

        def run() -> bytes:
            assert self._file is not None
            self._file.seek(offset)
            return self._file.read(count)

        return await self._ask(run)

    def close(self) -> None:
        """Let go, as soon as the thread can; returns at once."""
        if not self._is_counted:
            return
        self._is_counted = False
        loop = asyncio.get_running_loop()

        def ended(_closed: object) -> None:
            self._worker.close()
            if not loop.is_closed():
                loop.call_soon_threadsafe(FileReader._uncount)

        self._worker.submit(self._close).add_done_callback(ended)

    @staticmethod
    def _uncount() -> None:
        FileReader._open_count -= 1

    def _open(self) -> FileState:
        self._file = self._path.open("rb", buffering=0)
        found = os.fstat(self._file.fileno())
        return FileState(found.st_size, found.st_mtime)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    async def _ask[T](self, function: Callable[[], T]) -> T:
        future = asyncio.wrap_future(self._worker.submit(function))
        try:
            return await asyncio.wait_for(future, PATIENCE_S)
        except TimeoutError as error:
            raise NvrError(
                ErrorKind.STORAGE_STALLED, "no answer", where=self._path.name
            ) from error
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NvrError(
                ErrorKind.GONE, "the file is gone", where=self._path.name
            ) from error
        except OSError as error:
            raise NvrError(
                ErrorKind.STORAGE_FAILED,
                error.strerror or type(error).__name__,
                where=self._path.name,
            ) from error
