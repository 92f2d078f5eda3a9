"""The sync runs under way: what each did so far, and who waits for it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
import logging

from ..errors import NvrError
from ..ledger import RunKind, RunResult
from ..models import CameraKey, NvrKey
from .engine_context import EngineContext
from .status import Problem, SyncReport

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Run:
    """A sweep and the fetches that follow from it, for some cameras."""

    kind: RunKind
    cameras: frozenset[CameraKey]
    started_ms: int
    started_s: float
    id: int | None = None
    is_swept: bool = False
    is_full: bool = False
    clips: int = 0
    bytes: int = 0
    errors: int = 0
    done: asyncio.Future[SyncReport] | None = field(default=None)


class Runs:
    """All runs of one NVR."""

    def __init__(self, nvr: NvrKey, rooms: EngineContext) -> None:
        """Begin without any."""
        self._nvr = nvr
        self._rooms = rooms
        self._runs: list[Run] = []

    def begin(self, kind: RunKind, cameras: frozenset[CameraKey]) -> Run:
        """Begin to count; the line in the history comes with `write`."""
        clock = self._rooms.clock
        run = Run(kind, cameras, clock.now_ms(), clock.monotonic())
        self._runs.append(run)
        return run

    async def serve(self, camera: CameraKey) -> Run:
        """Begin the run of a request, with its line in the history.

        It counts what is fetched for the request and nothing else, and ends with it.
        """
        clock = self._rooms.clock
        run = Run(
            RunKind.REQUEST, frozenset({camera}), clock.now_ms(), clock.monotonic()
        )
        await self.write(run)
        return run

    async def write(self, run: Run) -> int:
        """Open the run's line in the history; returns its id."""
        if run.id is None:
            run.id = await self._rooms.library.begin_run(self._nvr, run.kind)
        return run.id

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs under way."""
        return iter(tuple(self._runs))

    def is_forced(self, camera: CameraKey) -> bool:
        """Return whether a person asked for this camera now (gates do not count)."""
        return any(
            run.kind is RunKind.MANUAL and camera in run.cameras for run in self._runs
        )

    def count(
        self, camera: CameraKey, *, clips: int = 0, size: int = 0, errors: int = 0
    ) -> None:
        """Add to all runs that include the camera."""
        for run in self._runs:
            if camera in run.cameras:
                run.clips += clips
                run.bytes += size
                run.errors += errors

    async def end(self, run: Run, *, problem: Problem | None, backlog_ms: int) -> None:
        """Close a run: its line in the history, and whoever waits for it."""
        if run not in self._runs:
            return  # ended meanwhile, with the work for the NVR
        self._runs.remove(run)
        clock = self._rooms.clock
        report = SyncReport(
            started_ms=run.started_ms,
            ended_ms=clock.now_ms(),
            is_complete=problem is None,
            clips=run.clips,
            bytes=run.bytes,
            errors=run.errors,
            backlog_s=backlog_ms / 1000,
            problem=problem,
        )
        if run.done is not None and not run.done.done():
            run.done.set_result(report)
        self._rooms.news.synced(self._nvr, run.kind, report)
        await self.close(run, str(problem.kind) if problem else "")

    async def close(self, run: Run, detail: str) -> None:
        """Write how a run ended into its line, if it has one."""
        if run.id is None:
            return
        result = RunResult(
            clips=run.clips,
            bytes=run.bytes,
            seconds=self._rooms.clock.monotonic() - run.started_s,
            errors=run.errors,
            detail=detail,
        )
        try:
            await self._rooms.library.end_run(run.id, result)
        except NvrError as error:
            _LOGGER.debug("%s: history not written: %s", self._nvr, error)
