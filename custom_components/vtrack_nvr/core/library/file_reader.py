"""Reads a file beside the event loop, on a thread of its own.

A share that hangs holds up that thread, neither the loop nor readers of other files, and
not even the end of Home Assistant. While others read, the thread of a file that was closed
waits for the next one: Python waits for a new thread to begin, and on a busy machine that
would hold up the event loop for every piece of film.
"""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from ..errors import ErrorKind, NvrError
from .disk_thread import DiskThread

PATIENCE_S = 15.0
MOST_OPEN = 32
"""How many files one person may have open; slow downloads wait in between and read little."""
MOST_READING = 8
"""How many of one person's files are read at the same time, those that hang included."""
MOST_READING_OF_ALL = 64
MOST_IDLE = 8
"""Threads that wait for the next file; there are none when nobody reads."""


class FileState(NamedTuple):
    """Size in bytes and time of the last change in seconds since 1970."""

    size: int
    changed_s: float


class _Person:
    """What one person reads."""

    def __init__(self) -> None:
        self.open = 0
        self.places = asyncio.Semaphore(MOST_READING)


class FileReader:
    """`open` first, `close` last; raises `NvrError`: GONE, LIMIT, or a storage kind.

    A place to read is held while something is read, not while nobody takes it.
    """

    _persons: ClassVar[dict[str, _Person]] = {}
    _reading: ClassVar[int] = 0
    _idle: ClassVar[list[DiskThread]] = []

    def __init__(self, path: Path, person: str = "") -> None:
        """Name the file and who reads it; it is not touched yet."""
        self._path = path
        self._person = person
        self._worker = DiskThread("vtrack-file")
        self._file: BinaryIO | None = None
        self._is_counted = False

    @classmethod
    def open_count(cls) -> int:
        """Return how many files are open."""
        return sum(person.open for person in cls._persons.values())

    async def open(self) -> FileState:
        """Open the file and return its state."""
        person = self._persons.setdefault(self._person, _Person())
        if person.open >= MOST_OPEN:
            raise NvrError(ErrorKind.LIMIT, "one person reads too many files")
        person.open += 1
        self._is_counted = True
        if self._idle:
            self._worker = self._idle.pop()
        return await self._ask(self._open)

    async def read(self, offset: int, count: int) -> bytes:
        """Return bytes from a place; fewer only at the end of the file."""

        def run(file: BinaryIO) -> bytes:
            file.seek(offset)
            return file.read(count)

        return await self.ask(run)

    async def ask[T](self, function: Callable[[BinaryIO], T]) -> T:
        """Return what a function makes of the open file, run on the file's thread."""

        def run() -> T:
            assert self._file is not None
            return function(self._file)

        return await self._ask(run)

    def close(self) -> None:
        """Let go, as soon as the thread can; returns at once."""
        if not self._is_counted:
            return
        self._is_counted = False
        self._worker.submit(self._close).add_done_callback(self._in_loop(self._uncount))

    def _uncount(self) -> None:
        person = self._persons[self._person]
        person.open -= 1
        if not person.open:
            del self._persons[self._person]
        self._idle.append(self._worker)
        while len(self._idle) > (MOST_IDLE if self._persons else 0):
            self._idle.pop().close()

    @staticmethod
    def _in_loop(function: Callable[[], None]) -> Callable[[object], None]:
        """Return how to call something in the loop when a thread is done."""
        loop = asyncio.get_running_loop()

        def done(_future: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(function)

        return done

    def _open(self) -> FileState:
        self._file = self._path.open("rb", buffering=0)
        found = os.fstat(self._file.fileno())
        return FileState(found.st_size, found.st_mtime)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    async def _place(self) -> Callable[[], None]:
        """Wait for a place to read and return how to give it back."""
        if FileReader._reading >= MOST_READING_OF_ALL:
            raise NvrError(ErrorKind.STORAGE_STALLED, "too many files are being read")
        places = self._persons[self._person].places
        await places.acquire()
        FileReader._reading += 1

        def give_back() -> None:
            FileReader._reading -= 1
            places.release()

        return give_back

    async def _ask[T](self, function: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(PATIENCE_S):
                give_back = await self._place()
                future = self._worker.submit(function)
                # not before the thread is back: one that hangs keeps its place
                future.add_done_callback(self._in_loop(give_back))
                return await asyncio.wrap_future(future)
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


async def read_file[T](
    path: Path, person: str, function: Callable[[BinaryIO, int], T]
) -> T:
    """Return what a function makes of an open file and its size, on a thread of its own.

    Raises what it raises, and `NvrError`: GONE, LIMIT, storage kinds.
    """
    reader = FileReader(path, person)
    try:
        state = await reader.open()
        return await reader.ask(lambda file: function(file, state.size))
    finally:
        reader.close()
