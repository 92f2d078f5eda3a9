"""Runs exports one after the other, on a thread of its own, with their books kept."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
import logging
from pathlib import Path
import time

from ..core.cancel import CancelToken
from ..core.errors import ErrorKind, NvrError
from ..core.export.exporter import CameraFootage, export_movie, export_zip
from ..core.intervals import TimeRange
from ..core.library.exports import part_of
from ..core.library.library import Library
from ..core.library.values import Export
from ..core.media.ffmpeg import make_playable
from ..core.media.join import JoinPart
from ..core.models import CameraKey

_LOGGER = logging.getLogger(__name__)

REPORT_S = 1.0


class Exports:
    """Makes exports with `core.export`, keeps them with `core.library`."""

    def __init__(self, library: Library, ffmpeg: str) -> None:
        """Work for one library; no thread is started yet.

        `ffmpeg` makes films of what browsers cannot show.
        """
        self._library = library
        self._ffmpeg = ffmpeg
        self._pool = ThreadPoolExecutor(1, "vtrack-export")
        self._running: set[CancelToken] = set()

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
        life_ms: int | None = None,
    ) -> Export:
        """Make an export of the kept footage of a range and return it when it is ready.

        `cameras` gives each camera's name for files. Raises `NvrError`: NO_FOOTAGE where
        nothing is kept, storage kinds. Where one camera's picture changes its format on
        the way, no film can hold it: then it is a zip of several as well. Whoever is
        cancelled while waiting ends the work, too.
        """
        if len(cameras) == 1:
            try:
                return await self._make(cameras, wanted, keep_gaps, life_ms, True)
            except NvrError as error:
                if error.kind is not ErrorKind.UNSUPPORTED_CODEC:
                    raise
        return await self._make(cameras, wanted, keep_gaps, life_ms, False)

    async def _make(
        self,
        cameras: Mapping[CameraKey, str],
        wanted: TimeRange,
        keep_gaps: bool,
        life_ms: int | None,
        is_single: bool,
    ) -> Export:
        with ExitStack() as held:
            footage = [
                await self._footage(key, name, wanted, held)
                for key, name in cameras.items()
            ]
            footage = [item for item in footage if item.parts]
            if not footage:
                raise NvrError(ErrorKind.NO_FOOTAGE, "nothing is kept in the range")
            name = f"{footage[0].name}.mp4" if is_single else "footage.zip"
            begun = asyncio.ensure_future(
                self._library.exports.begin(
                    list(cameras), wanted, name, life_ms=life_ms
                )
            )
            try:
                export = await asyncio.shield(begun)
                await self._run(export, footage, wanted, is_single, keep_gaps)
            except NvrError as error:
                if is_single and error.kind is ErrorKind.UNSUPPORTED_CODEC:
                    await self._library.exports.remove((await begun).id)
                else:
                    await self._fail(begun, error.kind)
                raise
            except asyncio.CancelledError:
                await self._fail(begun, ErrorKind.CANCELLED)
                raise
        return await self._library.exports.finish(export.id)

    async def _fail(self, begun: asyncio.Future[Export], kind: ErrorKind) -> None:
        """Close the books on an export; one that never got into them needs nothing."""
        with suppress(NvrError):
            await self._library.exports.fail((await begun).id, str(kind))

    async def _footage(
        self, key: CameraKey, name: str, wanted: TimeRange, held: ExitStack
    ) -> CameraFootage:
        parts = []
        for clip in await self._library.browse.clips_at(key, wanted):
            reader = held.enter_context(await self._library.browse.reader(clip.id))
            parts.append(JoinPart(reader.path, clip.facts.range.start_ms))
        return CameraFootage(name, tuple(parts))

    async def _run(
        self,
        export: Export,
        footage: Sequence[CameraFootage],
        wanted: TimeRange,
        is_single: bool,
        keep_gaps: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        cancel = CancelToken()
        told = 0.0

        def progress(done: float) -> None:
            nonlocal told
            if time.monotonic() - told >= REPORT_S:
                told = time.monotonic()
                asyncio.run_coroutine_threadsafe(
                    self._library.exports.progress(export.id, done), loop
                )

        def finish(film: Path) -> None:
            make_playable(self._ffmpeg, film, cancel=cancel)

        def work() -> None:
            if is_single:
                export_movie(
                    footage[0],
                    wanted,
                    part_of(export),
                    keep_gaps=keep_gaps,
                    finish=finish,
                    progress=progress,
                    cancel=cancel,
                )
            else:
                export_zip(
                    footage,
                    wanted,
                    part_of(export),
                    keep_gaps=keep_gaps,
                    finish=finish,
                    progress=progress,
                    cancel=cancel,
                )

        self._running.add(cancel)
        future = self._pool.submit(work)
        try:
            await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancel.cancel("nobody waits for it any more")
            if not future.cancelled():  # its clips stay held until it has ended
                await asyncio.to_thread(wait, [future])
            raise
        finally:
            self._running.discard(cancel)
