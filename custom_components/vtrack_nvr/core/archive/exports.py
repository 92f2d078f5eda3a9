"""Makes exports, on threads of their own, with their books kept.

Each person has a lane in which one export is made at a time, Home Assistant itself has
one, and so have the films of saved clips: nobody waits for what somebody else asked for.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
import hashlib
import logging
from pathlib import Path
import time
from typing import NamedTuple

from ..cancel import CancelToken
from ..errors import ErrorKind, Limit, LimitError, NvrError
from ..intervals import DAY_MS, TimeRange
from ..library.export_records import part_of
from ..library.library import Library
from ..library.values import Export
from ..media.convert import replace_by_h264
from ..media.join import JoinPart
from ..models import CameraKey, Clip
from .export_files import CameraFootage, PlannedExport, plan_export

_LOGGER = logging.getLogger(__name__)

REPORT_S = 1.0
THREADS = 16
MOST_OPEN = 5
"""Exports of one person that are made or wait; films of saved clips have more."""
MOST_OPEN_SAVED = 64


class _Lane(NamedTuple):
    """Whose exports are made one after the other."""

    user: str
    is_saved: bool


class Exports:
    """Makes exports with `core.export`, keeps them with `core.library`."""

    def __init__(self, library: Library, ffmpeg: str) -> None:
        """Work for one library; no thread is started yet.

        `ffmpeg` makes films of what browsers cannot show.
        """
        self._library = library
        self._ffmpeg = ffmpeg
        self._pool = ThreadPoolExecutor(THREADS, "vtrack-export")
        self._running: set[CancelToken] = set()
        self._lanes: dict[_Lane, asyncio.Lock] = {}
        self._open: Counter[_Lane] = Counter()

    async def close(self) -> None:
        """Cancel what runs and wait for it."""
        for cancel in self._running:
            cancel.cancel("stopping")
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def make(
        self,
        cameras: Mapping[CameraKey, str],
        wanted: TimeRange,
        *,
        keep_gaps: bool,
        life_ms: int = 7 * DAY_MS,
        user: str = "",
        is_saved: bool = False,
    ) -> Export:
        """Return an export of the kept footage of a range when it is ready.

        `cameras` gives each camera's name for files, `user` is whose it is. The same that
        this user has already is returned again, kept for `life_ms` from now. Raises
        `LimitError`, and `NvrError`: NO_FOOTAGE where nothing is kept, storage kinds. Where
        one camera's picture changes its format on the way, no film can hold it: then it is
        a zip of several as well. Whoever is cancelled while waiting ends the work, too.
        """
        self._library.exports.check_length(wanted)
        lane = _Lane(user, is_saved)
        most = MOST_OPEN_SAVED if is_saved else MOST_OPEN
        if self._open[lane] >= most:
            raise LimitError(Limit.EXPORT_QUEUE, {"most": str(most)})
        self._open[lane] += 1
        try:
            async with self._lanes.setdefault(lane, asyncio.Lock()):
                return await self._make(cameras, wanted, keep_gaps, life_ms, user)
        finally:
            self._open[lane] -= 1
            if not self._open[lane]:
                del self._open[lane], self._lanes[lane]

    async def _make(
        self,
        cameras: Mapping[CameraKey, str],
        wanted: TimeRange,
        keep_gaps: bool,
        life_ms: int,
        user: str,
    ) -> Export:
        book = self._library.exports
        clips = {
            key: await self._library.browse.clips_at(key, wanted) for key in cameras
        }
        kept = [clip for found in clips.values() for clip in found]
        if not kept:
            raise NvrError(ErrorKind.NO_FOOTAGE, "nothing is kept in the range")
        options = {"gaps": str(keep_gaps), "footage": _digest(kept)}
        known = await book.find(
            list(cameras), wanted, user=user, options=options, life_ms=life_ms
        )
        if known is not None:
            return known
        with ExitStack() as held:  # its clips stay until it is made
            footage = [
                await self._footage(cameras[key], found, held)
                for key, found in clips.items()
                if found
            ]
            plan = held.enter_context(
                await self._work(
                    lambda cancel: plan_export(
                        footage,
                        wanted,
                        keep_gaps=keep_gaps,
                        is_zip=len(cameras) > 1,
                        cancel=cancel,
                    )
                )
            )
            export = await book.begin(
                list(cameras),
                wanted,
                "footage.zip" if plan.is_zip else f"{footage[0].name}.mp4",
                needed_bytes=plan.needed_bytes,
                user=user,
                roots=_roots_of(kept),
                options=options,
                life_ms=life_ms,
            )
            try:
                await self._write(export, plan)
                return await book.finish(export.id)
            except NvrError as error:
                await self._fail(export, error.kind)
                raise
            except asyncio.CancelledError:
                await self._fail(export, ErrorKind.CANCELLED)
                raise

    async def _fail(self, export: Export, kind: ErrorKind) -> None:
        with suppress(NvrError):
            await self._library.exports.fail(export.id, str(kind))

    async def _footage(
        self, name: str, clips: Sequence[Clip], held: ExitStack
    ) -> CameraFootage:
        parts = []
        for clip in clips:
            try:
                reader = held.enter_context(await self._library.browse.reader(clip.id))
            except NvrError as error:
                if error.kind is not ErrorKind.GONE:
                    raise
                continue  # deleted since it was listed: a gap like any other
            parts.append(JoinPart(reader.path, clip.facts.range.start_ms))
        return CameraFootage(name, tuple(parts))

    async def _write(self, export: Export, plan: PlannedExport) -> None:
        loop = asyncio.get_running_loop()
        book = self._library.exports
        told = 0.0

        def progress(done: float) -> None:
            nonlocal told
            if time.monotonic() - told >= REPORT_S:
                told = time.monotonic()
                asyncio.run_coroutine_threadsafe(book.progress(export.id, done), loop)

        def work(cancel: CancelToken) -> None:
            def finish(film: Path, seconds: float) -> None:
                replace_by_h264(self._ffmpeg, film, seconds, cancel=cancel)

            plan.write(
                part_of(export),
                finish=finish,
                look=lambda: book.check_room(export),
                progress=progress,
                cancel=cancel,
            )

        await self._work(work)

    async def _work[T](self, function: Callable[[CancelToken], T]) -> T:
        """Run something on a thread; whoever stops waiting ends it, and waits for that."""
        cancel = CancelToken()
        self._running.add(cancel)
        future = self._pool.submit(function, cancel)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancel.cancel("nobody waits for it any more")
            if not future.cancelled():  # its clips stay held until it has ended
                await asyncio.to_thread(wait, [future])
            raise
        finally:
            self._running.discard(cancel)


def _digest(clips: Sequence[Clip]) -> str:
    """Return what tells the same footage again from footage that has changed."""
    told = "".join(f"{clip.id}:{clip.facts.sha256};" for clip in clips)
    return hashlib.sha256(told.encode()).hexdigest()


def _roots_of(clips: Sequence[Clip]) -> list[int]:
    """Return the storages of clips, the one with most of their bytes first."""
    sizes: Counter[int] = Counter()
    for clip in clips:
        sizes[clip.root_id] += clip.facts.size_bytes
    return [root_id for root_id, _ in sizes.most_common()]
