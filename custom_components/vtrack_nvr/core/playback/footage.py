"""Clips as players want them: their fragments, found once and remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, override

from ..errors import ErrorKind, NvrError
from ..held import Held
from ..intervals import TimeRange
from ..library.browser import Reader
from ..library.growing import GrowingClip
from ..media.fragment_index import FragmentIndex, GrowingIndex, read_index
from ..models import CameraKey, Clip, CoverageSpan

MOST_INDEXES = 2_000
MOST_BYTES = 32 * 1024 * 1024
MOST_GROWING = 128
AT_ONCE = 8
"""Clips whose fragments are looked for at the same time, for everybody together."""
AT_ONCE_FOR_ONE = 4
"""The same for one person: who comes later waits for few of them."""


class ClipLookup(Protocol):
    """What of the library is watched: `library.browse`."""

    async def clip(self, clip_id: int) -> Clip | None:
        """Return a clip in whatever state."""
        ...

    async def clips_at(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        """Return all complete clips that touch the window."""
        ...

    async def growing(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[GrowingClip, ...]:
        """Return the clips that are being written and begin before the window ends."""
        ...

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        """Return the spans that touch the window."""
        ...

    async def reader(self, clip_id: int) -> Reader:
        """Return a lease on a clip's file."""
        ...


class ReadFile(Protocol):
    """Reads a file on a thread of its own."""

    async def __call__[T](
        self, path: Path, person: str, function: Callable[[BinaryIO, int], T]
    ) -> T:
        """Return what the function makes of the open file and its size.

        Raises what it raises, `GONE`, `LIMIT` and storage kinds.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundClip(Held):
    """A clip: its fragments, its file, UTC of its beginning, and the lease on it."""

    index: FragmentIndex
    path: Path
    start_ms: int
    held: Reader | None

    @override
    def release(self) -> None:
        if self.held is not None:
            self.held.release()


class Footage:
    """Indexes of clips, each read once for all who want it; for the event loop."""

    def __init__(self, archive: ClipLookup, read: ReadFile) -> None:
        """Know of no clip yet."""
        self._archive = archive
        self._read = read
        self._known: OrderedDict[int, FragmentIndex] = OrderedDict()
        self._bytes = 0
        self._growing: OrderedDict[int, GrowingIndex] = OrderedDict()
        self._pending: dict[int, asyncio.Task[FragmentIndex]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._persons: dict[str, tuple[asyncio.Semaphore, int]] = {}
        """The places of each person who waits for something, and how many wait."""

    async def index(self, clip_id: int, person: str) -> FragmentIndex:
        """Return the fragments of a finished clip.

        Raises `NvrError`: GONE, LIMIT, VERIFY_FAILED for a file that is none of ours,
        storage kinds.
        """
        known = self._known.get(clip_id)
        if known is not None:
            self._known.move_to_end(clip_id)
            return known
        task = self._pending.get(clip_id)
        if task is None:
            task = asyncio.create_task(self._look(clip_id, person))
            self._pending[clip_id] = task
            task.add_done_callback(lambda done: self._done(clip_id, done))
        # whoever stops waiting does not end it for the others
        return await asyncio.shield(task)

    async def growing_index(
        self, clip: GrowingClip, person: str
    ) -> FragmentIndex | None:
        """Return what there is of a clip that is being written, None before its first group.

        Raises as `index`; GONE also where it was finished meanwhile.
        """
        known = self._growing.setdefault(clip.id, GrowingIndex())
        self._growing.move_to_end(clip.id)
        while len(self._growing) > MOST_GROWING:
            self._growing.popitem(last=False)
        async with self._turn(person):
            await self._read(clip.path, person, known.extend)
        return known.index

    async def of(self, camera: CameraKey, clip_id: int, person: str) -> FoundClip:
        """Return the fragments of a clip of that camera, finished or not, and its file.

        The caller releases it: the file is not deleted before. Raises as `index`.
        """
        for _ in range(2):  # it may be finished between the two looks
            reader = await self._reader(clip_id)
            if reader is not None:
                return await self._finished(camera, reader, person)
            found = await self._growing_of(camera, clip_id, person)
            if found is not None:
                return found
        raise NvrError(ErrorKind.GONE, "there is no such clip", where=str(clip_id))

    async def _reader(self, clip_id: int) -> Reader | None:
        """Return a lease on a finished clip, None where there is none of that id."""
        try:
            return await self._archive.reader(clip_id)
        except NvrError as error:
            if error.kind is not ErrorKind.GONE:
                raise
            return None

    async def _finished(
        self, camera: CameraKey, reader: Reader, person: str
    ) -> FoundClip:
        try:
            if reader.clip.camera != camera:
                raise NvrError(ErrorKind.GONE, "there is no such clip of this camera")
            index = await self.index(reader.clip.id, person)
        except BaseException:
            reader.release()
            raise
        return FoundClip(index, reader.path, reader.clip.facts.range.start_ms, reader)

    async def _growing_of(
        self, camera: CameraKey, clip_id: int, person: str
    ) -> FoundClip | None:
        for clip in await self._archive.growing(camera, _EVER):
            if clip.id != clip_id:
                continue
            known = self._growing.get(clip_id)
            index = known.index if known else None
            try:
                index = index or await self.growing_index(clip, person)
            except NvrError as error:
                if error.kind is not ErrorKind.GONE:
                    raise
                return None
            return FoundClip(index, clip.path, clip.start_ms, None) if index else None
        return None

    async def _look(self, clip_id: int, person: str) -> FragmentIndex:
        async with self._turn(person):
            with await self._archive.reader(clip_id) as reader:
                return await self._read(reader.path, person, read_index)

    @asynccontextmanager
    async def _turn(self, person: str) -> AsyncIterator[None]:
        """Wait for a place of this person, then for one of all."""
        mine, count = self._persons.get(person, (asyncio.Semaphore(AT_ONCE_FOR_ONE), 0))
        self._persons[person] = (mine, count + 1)
        try:
            async with mine, self._places:
                yield
        finally:
            mine, count = self._persons[person]
            if count > 1:
                self._persons[person] = (mine, count - 1)
            else:
                del self._persons[person]

    def _done(self, clip_id: int, task: asyncio.Task[FragmentIndex]) -> None:
        del self._pending[clip_id]
        if task.cancelled() or task.exception() is not None:
            return
        index = task.result()
        self._known[clip_id] = index
        self._bytes += index.cost
        self._growing.pop(clip_id, None)
        while len(self._known) > MOST_INDEXES or self._bytes > MOST_BYTES:
            _, old = self._known.popitem(last=False)
            self._bytes -= old.cost

    async def gather(
        self, clips: list[Clip], person: str
    ) -> list[FragmentIndex | NvrError]:
        """Return the fragments of some clips, or why there are none."""

        async def one(clip: Clip) -> FragmentIndex | NvrError:
            try:
                return await self.index(clip.id, person)
            except NvrError as error:
                return error

        waiting: list[Awaitable[FragmentIndex | NvrError]] = [one(c) for c in clips]
        return [*await asyncio.gather(*waiting)]


_EVER = TimeRange(-(2**62), 2**62)
