"""A downloader that moves whole GOPs from a fake device into a fake sink."""

from collections.abc import Callable
from dataclasses import dataclass, field

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clip_sink import ClipSink, ClipStart
from custom_components.vtrack_nvr.core.clock import Clock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import (
    EndReason,
    FetchedGap,
    FetchJob,
    FetchOutcome,
    FetchProgress,
)
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import (
    TimeRange,
    difference,
    intersection,
    union,
)
from custom_components.vtrack_nvr.core.models import ClipFacts

from .device import FakeDevice

BREAK_MS = 60_000


@dataclass
class Begun:
    """A fetch as the fake saw it begin."""

    job: FetchJob
    at_ms: int


@dataclass
class FakeFetcher:
    """Plays at `speed` times real time; `faults` are raised by the next fetches in turn.

    `break_at_ms`: no session gets past this device time nor the minute after it.
    """

    clock: Clock
    device_of: Callable[[FetchJob], FakeDevice]
    speed: float = 60.0
    gop_ms: int = 10_000
    faults: list[NvrError] = field(default_factory=list)
    break_at_ms: int | None = None
    break_kind: ErrorKind = ErrorKind.INTERRUPTED
    ends_at_ms: int | None = None
    max_at_once: int = 10
    begun: list[Begun] = field(default_factory=list)
    running: int = 0
    refused: int = 0
    most_running: int = 0

    async def fetch(
        self,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> FetchOutcome:
        self.begun.append(Begun(job, self.clock.now_ms()))
        if self.faults:
            return self._failed(job, self.faults.pop(0), job.device_range.start_ms)
        if self.running >= self.max_at_once:
            self.refused += 1
            return self._failed(
                job, NvrError(ErrorKind.BUSY), job.device_range.start_ms
            )
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await _Play(self, job, sink, cancel, progress, should_yield).run()
        finally:
            self.running -= 1

    def _failed(self, job: FetchJob, error: NvrError, at_ms: int) -> FetchOutcome:
        return FetchOutcome(EndReason.FAILED, at_ms, error=error)


class _Play:
    def __init__(
        self,
        world: FakeFetcher,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> None:
        self.world, self.job, self.sink = world, job, sink
        self.cancel, self.progress, self.should_yield = cancel, progress, should_yield
        self.clip: list[TimeRange] = []
        self.clips = 0
        self.bytes = 0

    async def run(self) -> FetchOutcome:
        job, world = self.job, self.world
        device = world.device_of(job)
        whole = job.device_range
        gop_ms = world.gop_ms
        at_ms = whole.start_ms // gop_ms * gop_ms
        end_ms = -(-whole.end_ms // gop_ms) * gop_ms
        while at_ms < end_ms:
            if device.problem is not None:
                return self._end(EndReason.FAILED, at_ms, device.problem)
            if world.break_at_ms is not None and (
                0 <= at_ms - world.break_at_ms < BREAK_MS
            ):
                return self._end(EndReason.FAILED, at_ms, NvrError(world.break_kind))
            if world.ends_at_ms is not None and at_ms >= world.ends_at_ms:
                return self._end(EndReason.END_OF_FOOTAGE, at_ms)
            recording = device.recordings_by_token[job.recording_token]
            footage = difference(
                recording.footage(device.device_now_ms), recording.holes
            )
            gop = TimeRange(at_ms, at_ms + gop_ms)
            try:
                for piece in difference(intersection(footage, (gop,)), job.kept):
                    self._put(piece)
            except NvrError as error:
                return self._end(EndReason.FAILED, at_ms, error)
            at_ms += gop_ms
            await world.clock.sleep(gop_ms / 1000 / world.speed)
            self.progress(FetchProgress(at_ms, self.bytes, world.speed))
            if self.cancel.is_cancelled:
                return self._end(EndReason.CANCELLED, at_ms)
            if self.should_yield():
                return self._end(EndReason.YIELDED, at_ms)
        return self._end(EndReason.REACHED, at_ms)

    def _put(self, piece: TimeRange) -> None:
        utc = piece.shifted(self.job.era.offset_ms)
        if self.clip:
            first, last = self.clip[0], self.clip[-1]
            is_past_border = (
                utc.start_ms // self.job.clip_ms != first.start_ms // self.job.clip_ms
            )
            if is_past_border or utc.start_ms > last.end_ms:
                self._finish()
        if not self.clip:
            self.sink.open(self._start(utc))
        self.clip.append(utc)

    def _start(self, utc: TimeRange) -> ClipStart:
        job = self.job
        return ClipStart(
            job.camera,
            utc.start_ms,
            utc.start_ms - job.era.offset_ms,
            job.era.id,
            job.source,
        )

    def _finish(self) -> None:
        if not self.clip:
            return
        (utc,) = union(self.clip)
        self.clip = []
        start = self._start(utc)
        size = utc.duration_ms // 2
        self.clips += 1
        self.bytes += size
        self.sink.finish(
            self.sink.open(start),
            ClipFacts(
                range=utc,
                last_frame_ms=utc.end_ms - 40,
                device_start_ms=start.device_start_ms,
                era_id=start.era_id,
                size_bytes=size,
                sha256="0" * 64,
                video_codec=Codec.H264,
                audio_codec=None,
                width=640,
                height=360,
                frames=utc.duration_ms // 40,
                source=start.source,
            ),
        )

    def _end(
        self, reason: EndReason, at_ms: int, error: NvrError | None = None
    ) -> FetchOutcome:
        try:
            self._finish()
        except NvrError as storage:
            at_ms = self.job.device_range.start_ms
            reason, error = EndReason.FAILED, storage
        device = self.world.device_of(self.job)
        recording = device.recordings_by_token.get(self.job.recording_token)
        holes = recording.holes if recording else ()
        return FetchOutcome(
            reason,
            at_ms,
            clips=self.clips,
            bytes=self.bytes,
            gaps=tuple(
                FetchedGap(hole, "no_footage")
                for hole in intersection(
                    holes,
                    (
                        TimeRange(
                            self.job.device_range.start_ms,
                            max(at_ms, self.job.device_range.start_ms),
                        ),
                    ),
                )
            ),
            learned=self.job.policy,
            error=error,
        )
