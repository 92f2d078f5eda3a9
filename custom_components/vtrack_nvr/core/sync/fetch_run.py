"""One fetch from plan to ledger: translate, ask the URI, fetch, settle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..cancel import CancelToken
from ..errors import NvrError
from ..fetching import FetchJob, FetchOutcome, FetchProgress
from ..intervals import Ranges, TimeRange, difference, intersection, union
from ..models import ClipSource, CoverageSpan, CoverageState, NvrKey
from ..policy import DevicePolicy
from .backlog import PENDING
from .camera_state import CameraState
from .clock_keeper import ClockKeeper
from .clocks import Piece
from .plan import Job, Urgency
from .ports import Device
from .rooms import Rooms
from .settle import Ended, Passed, settle
from .status import FootageSource, Progress

PROTECTED = frozenset(
    {
        CoverageState.REMOVED,
        CoverageState.NOT_WANTED,
        CoverageState.ABSENT,
        CoverageState.LOST,
    }
)
"""States that a request may try to fetch from, and that stay when it gets nothing."""


@dataclass(slots=True, eq=False)
class Fetch:
    """A fetch under way; `must_yield` is read by the worker thread at GOP borders."""

    job: Job
    started_s: float
    cancel: CancelToken = field(default_factory=CancelToken)
    must_yield: bool = False
    asked_s: float | None = None
    is_over: bool = False
    at_ms: int | None = None
    """How far it has got, in UTC."""
    task: asyncio.Task[None] | None = None
    outcome: FetchOutcome | None = None

    @property
    def is_request(self) -> bool:
        """Say whether somebody waits for it."""
        return self.job.urgency is Urgency.REQUEST

    def make_way(self, now_s: float) -> None:
        """Ask it to end at the next GOP border."""
        if not self.must_yield:
            self.must_yield = True
            self.asked_s = now_s


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a fetch: an outcome, or the error before there could be one."""

    outcome: FetchOutcome | None
    error: NvrError | None
    has_moved: bool = False


class FetchRunner:
    """Runs fetches of one NVR and remembers what they learned of it."""

    def __init__(
        self, nvr: NvrKey, device: Device, keeper: ClockKeeper, rooms: Rooms
    ) -> None:
        """Know nothing of the device yet."""
        self._nvr = nvr
        self._device = device
        self._keeper = keeper
        self._rooms = rooms
        self.policy = DevicePolicy()

    async def load(self) -> None:
        """Read what was learned before."""
        self.policy = await self._rooms.library.policy(self._nvr)

    async def run(
        self, fetch: Fetch, camera: CameraState, bytes_per_second: int | None
    ) -> Fetched:
        """Fetch and enter the result into the ledger; raises nothing of the device."""
        try:
            return await self._run(fetch, camera, bytes_per_second)
        except NvrError as error:
            # What the ledger says now is not known: it is read anew when it answers.
            camera.is_loaded = False
            return Fetched(None, error)
        finally:
            fetch.is_over = True
            camera.progress = None
            self._rooms.changed()

    async def _run(
        self, fetch: Fetch, camera: CameraState, bytes_per_second: int | None
    ) -> Fetched:
        library, job = self._rooms.library, fetch.job
        first = self._keeper.eras.to_device(job.range)[0]
        job = replace(job, range=until_border(first.utc, camera.away))
        before = await library.coverage(job.camera, job.range)
        pending = [span for span in before if span.state in PENDING]
        job = replace(job, attempts=max((s.attempts for s in pending), default=0))
        piece = self._keeper.eras.to_device(job.range, job.attempts)[0]
        protected = union(s.range for s in before if s.state in PROTECTED)
        token = choose_recording(camera, piece.device, job.attempts)
        uri = await self._device.replay_uri(token)
        fetch_job = FetchJob(
            camera=job.camera,
            recording_token=token,
            replay_uri=uri,
            device_range=piece.device,
            era=piece.era,
            kept=await self._kept(job, piece),
            clip_ms=camera.spec.settings.clip_ms,
            policy=self.policy,
            source=source_of(camera, job.range),
            with_audio=camera.spec.settings.with_audio,
            bytes_per_second=bytes_per_second,
        )
        fetching = intersection((job.range,), (span.range for span in pending))
        if fetching:
            await library.mark(
                job.camera,
                fetching,
                CoverageState.FETCHING,
                attempts=job.attempts,
            )
        camera.are_totals_stale = True
        outcome = await self._rooms.fetcher.fetch(
            fetch_job,
            library.sink(job.camera),
            fetch.cancel,
            self._reporter(fetch, camera, piece),
            lambda: fetch.must_yield,
        )
        after = await library.coverage(job.camera, job.range)
        await self._settle(job, piece, outcome, after, protected)
        await camera.refresh(job.range)
        await self._learn(fetch_job.policy, outcome.learned)
        has_moved = outcome.device_reached_ms > piece.device.start_ms
        return Fetched(outcome, outcome.error, has_moved)

    async def _kept(self, job: Job, piece: Piece) -> Ranges:
        """Return device times already kept; eras of equal offset share footage."""
        reach_ms = self._rooms.bounds.gop_ms * 6
        window = TimeRange(
            piece.device.start_ms - reach_ms, piece.device.end_ms + reach_ms
        )
        kept: list[TimeRange] = []
        for era in self._keeper.eras.eras:
            if era.offset_ms == piece.era.offset_ms:
                kept += await self._rooms.library.kept_on_device_clock(
                    job.camera, era, window
                )
        return union(kept)

    async def _settle(
        self,
        job: Job,
        piece: Piece,
        outcome: FetchOutcome,
        after: tuple[CoverageSpan, ...],
        protected: Ranges,
    ) -> None:
        era = piece.era
        ended = Ended(
            reason=outcome.reason,
            reached_ms=era.to_utc(outcome.device_reached_ms),
            kept=union(s.range for s in after if s.state is CoverageState.KEPT),
            gaps=tuple(
                Passed(gap.device_range.shifted(era.offset_ms), gap.reason)
                for gap in outcome.gaps
            ),
            error=outcome.error.kind if outcome.error else None,
        )
        entries = settle(
            job,
            ended,
            self._rooms.clock.now_ms(),
            waits=self._rooms.waits,
            limits=self._rooms.limits,
            rng=self._rooms.rng,
        )
        for entry in entries:
            ranges = difference(entry.ranges, protected)
            if ranges:
                await self._rooms.library.mark(
                    job.camera,
                    ranges,
                    entry.state,
                    entry.reason,
                    entry.next_try_ms,
                    entry.attempts,
                )

    async def _learn(self, asked: DevicePolicy, learned: DevicePolicy) -> None:
        """Remember what a fetch found out: oddities that came and that went."""
        kept = self.policy.quirks - (asked.quirks - learned.quirks)
        new = replace(self.policy, quirks=kept | learned.quirks)
        if new != self.policy:
            self.policy = new
            await self._rooms.library.set_policy(self._nvr, new)

    async def teach(self, taught: Callable[[DevicePolicy], DevicePolicy]) -> None:
        """Remember what was found out elsewhere."""
        new = taught(self.policy)
        if new != self.policy:
            self.policy = new
            await self._rooms.library.set_policy(self._nvr, new)

    async def bear(self, sessions: int) -> None:
        """Remember how many sessions the device proved to bear."""
        if sessions != self.policy.max_sessions:
            self.policy = replace(self.policy, max_sessions=sessions)
            await self._rooms.library.set_policy(self._nvr, self.policy)

    def _reporter(
        self, fetch: Fetch, camera: CameraState, piece: Piece
    ) -> Callable[[FetchProgress], None]:
        loop = asyncio.get_running_loop()

        def report(progress: FetchProgress) -> None:
            loop.call_soon_threadsafe(self._reported, fetch, camera, piece, progress)

        return report

    def _reported(
        self, fetch: Fetch, camera: CameraState, piece: Piece, progress: FetchProgress
    ) -> None:
        if fetch.is_over:
            return
        whole = piece.device
        fetch.at_ms = piece.era.to_utc(progress.device_ms)
        done_ms = min(max(progress.device_ms - whole.start_ms, 0), whole.duration_ms)
        left_s = (whole.duration_ms - done_ms) / 1000
        camera.progress = Progress(
            start_ms=piece.utc.start_ms,
            end_ms=piece.utc.end_ms,
            done=done_ms / whole.duration_ms if whole.duration_ms else 1.0,
            bytes=progress.bytes,
            speed=progress.speed,
            seconds_left=left_s / progress.speed if progress.speed > 0 else None,
        )
        camera.are_totals_stale = True
        self._rooms.changed()


def until_border(stretch: TimeRange, away: TimeRange | None) -> TimeRange:
    """Return the first part of a stretch that lies wholly inside or outside of `away`."""
    if away is None:
        return stretch
    for border_ms in (away.start_ms, away.end_ms):
        if stretch.start_ms < border_ms < stretch.end_ms:
            return TimeRange(stretch.start_ms, border_ms)
    return stretch


def source_of(camera: CameraState, stretch: TimeRange) -> ClipSource:
    """Return how fetched clips are labelled.

    Back-filled is what fills a hole: of a live recording, or of a time when nobody looked.
    """
    is_filling = camera.decision.source is FootageSource.LIVE or (
        camera.away is not None and camera.away.contains(stretch.start_ms)
    )
    return ClipSource.BACKFILL if is_filling else ClipSource.REPLAY


def choose_recording(camera: CameraState, device: TimeRange, attempts: int) -> str:
    """Return the token of the recording to play a stretch from.

    Among several that reach over it, each try takes the next.
    """
    tokens = camera.spec.recording_tokens
    reaching = [
        token
        for token in tokens
        if (recording := camera.recordings.get(token)) is None
        or (
            (recording.device_earliest_ms or 0) < device.end_ms
            and (
                recording.device_latest_ms is None
                or recording.device_latest_ms > device.start_ms
            )
        )
    ]
    choice = reaching or list(tokens)
    return choice[attempts % len(choice)]
