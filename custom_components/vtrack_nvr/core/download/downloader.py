"""Runs fetches in threads of its own: replay URI in, finished clips out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from ..cancel import CancelToken
from ..clip_sink import ClipSink
from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..fetch_job import EndReason, FetchJob, FetchOutcome, FetchProgress
from ..media.decode import check_decodes, check_tables
from ..media.series import ClipCheck
from ..models import ClipFacts
from ..policy import Bounds, Waits
from .fetch import Fetch
from .replay import ReplaySettings


class Verify(StrEnum):
    """How much of a clip is checked before it counts as complete."""

    TABLES = "tables"
    """Size, number and times of the pictures."""
    DECODE = "decode"
    """That, and the first and last pictures decoded in a child process."""


class Downloader:
    """Implements `core.sync.ports.Fetcher`; one for the whole installation."""

    def __init__(
        self,
        *,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        max_workers: int = 4,
        verify: Verify = Verify.DECODE,
    ) -> None:
        """Take clock and limits; no thread is started yet."""
        self._clock = clock
        self._waits = waits or Waits()
        self._bounds = bounds or Bounds()
        self._verify = verify
        self._pool = ThreadPoolExecutor(max_workers, thread_name_prefix="vtrack_fetch")
        self._running: set[CancelToken] = set()
        self._is_closed = False

    async def fetch(
        self,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> FetchOutcome:
        """Fetch; raises nothing but programming errors.

        `progress` and `should_yield` are called on the worker thread. If the caller is
        cancelled, so is the fetch, and its end is waited for.
        """
        start_ms = job.device_range.start_ms
        if self._is_closed:
            return FetchOutcome(EndReason.CANCELLED, start_ms, learned=job.policy)
        run = Fetch(
            job,
            sink,
            ReplaySettings(
                job.replay.endpoint,
                job.replay.guard,
                self._clock,
                self._waits,
                self._bounds,
                cancel,
                job.with_audio,
            ),
            cancel=cancel,
            progress=progress,
            should_yield=should_yield,
            check=self._check(cancel),
        )
        self._running.add(cancel)
        future = asyncio.get_running_loop().run_in_executor(self._pool, run.run)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            cancel.cancel("the caller was cancelled")
            await asyncio.wait([future])
            raise
        finally:
            self._running.discard(cancel)

    async def close(self) -> None:
        """Cancel what runs and wait for it, at most `Waits.stop`."""
        self._is_closed = True
        for cancel in tuple(self._running):
            cancel.cancel("closing")
        ended = asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        await asyncio.wait([ended], timeout=self._waits.stop)

    def _check(self, cancel: CancelToken) -> ClipCheck:
        def check(path: Path, facts: ClipFacts) -> None:
            try:
                check_tables(path, facts)
                if self._verify is Verify.DECODE and not cancel.is_cancelled:
                    check_decodes(path, facts, cancel=cancel)
            except NvrError as error:
                if error.kind is not ErrorKind.CANCELLED:
                    raise

        return check
