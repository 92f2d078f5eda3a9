"""One fetch from plan to ledger: translate, ask the URI, fetch, settle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging

from ..errors import ErrorKind, NvrError
from ..fetch_job import EndReason, FetchJob, FetchOutcome, FetchProgress
from ..intervals import Ranges, TimeRange, difference, intersection, union
from ..models import ClipSource, CoverageSpan, CoverageState
from ..policy import DevicePolicy
from .backlog import PENDING
from .camera_state import CameraState
from .clock_eras import EraStretch
from .fetch_result import EDGE, NO_FOOTAGE, Ended, Passed, ledger_entries_of
from .health import Scope
from .nvr_state import NvrState
from .plan import PlannedFetch
from .ports import Device
from .proven_dates import DatedFetch, ProvenDates, leave_undated
from .running_fetch import RunningFetch
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


@dataclass(frozen=True, slots=True)
class FetchEnd:
    """What came of a fetch: an outcome, or the error before there could be one."""

    outcome: FetchOutcome | None
    error: NvrError | None
    has_moved: bool = False


class FetchRunner:
    """Runs fetches of one NVR and stores what they learned of it."""

    def __init__(self, state: NvrState, device: Device) -> None:
        """Fetch from one device."""
        self._state = state
        self._device = device
        self._keeper = state.keeper
        self._rooms = state.context
        self._dates = ProvenDates(state.keeper, state.context)

    async def run(
        self, fetch: RunningFetch, camera: CameraState, bytes_per_second: int | None
    ) -> FetchEnd:
        """Fetch and enter the result into the ledger; raises nothing of the device."""
        try:
            return await self._run(fetch, camera, bytes_per_second)
        except NvrError as error:
            # What the ledger says now is not known: it is read anew when it answers.
            camera.is_loaded = False
            return FetchEnd(None, error)
        finally:
            fetch.is_over = True
            camera.progress = None
            self._rooms.changed()

    async def _run(
        self, fetch: RunningFetch, camera: CameraState, bytes_per_second: int | None
    ) -> FetchEnd:
        library, job = self._rooms.library, fetch.job
        job = replace(job, range=until_border(job.range, camera.away))
        before = await library.coverage(job.camera, job.range)
        pending = [span for span in before if span.state in PENDING]
        job = replace(job, attempts=max((s.attempts for s in pending), default=0))
        dated = await self._dates.prove(job, pending)
        job = replace(job, range=dated.range)
        if dated.reading is None:
            return await self._leave_undated(job, camera, pending)
        before = await library.coverage(job.camera, job.range)
        pending = [span for span in before if span.state in PENDING]
        piece, until_ms = dated.reading.piece, dated.reading.until_ms
        protected = union(s.range for s in before if s.state in PROTECTED)
        token = choose_recording(camera, piece.device, job.attempts)
        replay = await self._device.replay(token)
        fetch_job = FetchJob(
            camera=job.camera,
            recording_token=token,
            replay=replay,
            device_range=piece.device,
            era=piece.era,
            kept=await self._kept(job, piece),
            clip_ms=camera.spec.settings.clip_ms,
            policy=self._state.policy,
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
            # What comes after the device's clock has passed these times anew may be new.
            lambda: (
                fetch.must_yield
                or (until_ms is not None and self._rooms.clock.now_ms() >= until_ms)
            ),
        )
        after = await library.coverage(job.camera, job.range)
        await self._settle(job, dated, outcome, after, protected)
        await camera.refresh(job.range)
        await self._learn(fetch_job.policy, outcome.learned)
        has_moved = outcome.device_reached_ms > piece.device.start_ms
        return FetchEnd(outcome, outcome.error, has_moved)

    async def _leave_undated(
        self, job: PlannedFetch, camera: CameraState, pending: list[CoverageSpan]
    ) -> FetchEnd:
        """Say that nothing proves when a stretch was recorded; the device is not asked."""
        ranges = intersection((job.range,), (span.range for span in pending))
        await leave_undated(self._rooms, job.camera, ranges)
        await camera.refresh(job.range)
        outcome = FetchOutcome(
            EndReason.END_OF_FOOTAGE, job.range.start_ms, learned=self._state.policy
        )
        return FetchEnd(outcome, None)

    async def _kept(self, job: PlannedFetch, piece: EraStretch) -> Ranges:
        """Return device times already kept; eras of equal offset share footage.

        What is kept under another offset is other footage: the date of this is proven.
        """
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
        job: PlannedFetch,
        dated: DatedFetch,
        outcome: FetchOutcome,
        after: tuple[CoverageSpan, ...],
        protected: Ranges,
    ) -> None:
        assert dated.reading is not None
        era = dated.reading.piece.era
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
        entries = ledger_entries_of(
            job,
            ended,
            self._rooms.clock.now_ms(),
            waits=self._rooms.waits,
            limits=self._rooms.limits,
            rng=self._rooms.rng,
        )
        for entry in entries:
            ranges = difference(entry.ranges, protected)
            if dated.has_doubt and entry.reason in {NO_FOOTAGE, EDGE}:
                await leave_undated(self._rooms, job.camera, ranges)
            elif ranges:
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
        policy = self._state.policy
        kept = policy.quirks - (asked.quirks - learned.quirks)
        await self._state.learn(replace(policy, quirks=kept | learned.quirks))

    def _reporter(
        self, fetch: RunningFetch, camera: CameraState, piece: EraStretch
    ) -> Callable[[FetchProgress], None]:
        loop = asyncio.get_running_loop()

        def report(progress: FetchProgress) -> None:
            loop.call_soon_threadsafe(self._reported, fetch, camera, piece, progress)

        return report

    def _reported(
        self,
        fetch: RunningFetch,
        camera: CameraState,
        piece: EraStretch,
        progress: FetchProgress,
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


_LOGGER = logging.getLogger(__name__)

BROKEN_KINDS = frozenset(
    {
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
        ErrorKind.UNDATED,
        ErrorKind.NO_PERMISSION,
    }
)
"""Failures after which a camera's replay counts as broken for a day."""
BROKEN_AFTER = 8
"""Fetches in a row (over hours) that brought nothing: replay does not work."""
MEASURABLE_S = 10.0
"""A fetch that took less says little about the speed of the device."""


class FetchStarter:
    """Begins fetches of one NVR and takes their results."""

    def __init__(self, state: NvrState, device: Device) -> None:
        """Begin none yet."""
        self._state = state
        self._rooms = state.context
        self._runner = FetchRunner(state, device)

    def start(self, job: PlannedFetch) -> RunningFetch:
        """Begin a fetch; a session of the shared ones was taken for it."""
        camera = self._state.cameras[job.camera]
        fetch = RunningFetch(job, self._rooms.clock.monotonic())
        self._state.fetches.append(fetch)
        if job.want_id is not None:
            self._state.requests.fetching(job.want_id)
        else:
            camera.turn += 1
        fetch.task = self._state.spawn(self._fetch(fetch, camera))
        # also if the task is cancelled before its first step
        fetch.task.add_done_callback(lambda _task: self._over(fetch))
        return fetch

    def _over(self, fetch: RunningFetch) -> None:
        """Give back what a fetch held, however it ended."""
        self._state.fetches.remove(fetch)
        self._rooms.slots.release()
        if fetch.job.want_id is not None:
            self._state.requests.fetched(fetch.job, fetch.outcome)
        self._rooms.changed()

    async def _fetch(self, fetch: RunningFetch, camera: CameraState) -> None:
        is_whole = False
        try:
            if fetch.job.want_id is not None:
                await self._state.requests.note_run(fetch.job.want_id)
            limit = self._limit_of(camera)
            fetched = await self._runner.run(fetch, camera, limit)
            fetch.outcome = fetched.outcome
            await self._ended(fetch, camera, fetched)
            is_whole = True
        finally:
            if not is_whole:
                # A fault of ours must not be repeated without a pause.
                camera.retry.failed(self._rooms.clock.monotonic())

    def _limit_of(self, camera: CameraState) -> int | None:
        """Return the bytes a second of one fetch; sessions share the NVR's limit."""
        shared = self._state.settings.bytes_per_second
        limits = (
            camera.spec.settings.bytes_per_second,
            None if shared is None else shared // self._state.sessions,
        )
        return min((limit for limit in limits if limit is not None), default=None)

    async def _ended(
        self, fetch: RunningFetch, camera: CameraState, fetched: FetchEnd
    ) -> None:
        outcome, error = fetched.outcome, fetched.error
        self._measure_speed(fetch)
        is_request = fetch.job.want_id is not None  # has a line of its own
        if error is not None and not is_request:
            self._state.runs.count(camera.key, errors=1)
        if outcome is not None:
            if not is_request:
                self._state.runs.count(
                    camera.key, clips=outcome.clips, size=outcome.bytes
                )
            for notice in outcome.notices:
                _LOGGER.info("%s: %s", camera.key, notice)
        if fetched.has_moved:
            self._state.health.fetched()
        if error is not None:
            _LOGGER.debug("%s: the fetch failed: %s", camera.key, error)
            await self._failed(fetch, camera, fetched)
        elif (
            fetched.has_moved
            and outcome is not None
            and outcome.reason is EndReason.REACHED
        ):
            camera.succeeded()

    async def _failed(
        self, fetch: RunningFetch, camera: CameraState, fetched: FetchEnd
    ) -> None:
        state, error = self._state, fetched.error
        assert error is not None
        scope = state.health.react(
            error, is_soap=fetched.outcome is None, sessions=len(self._state.fetches)
        )
        is_asked_for = scope is Scope.NOTHING and fetch.cancel.is_cancelled
        # A device may refuse one call of a login that it accepts for all others.
        is_own = scope is not Scope.NVR or error.kind is ErrorKind.AUTH_REFUSED
        if is_own and not is_asked_for:
            camera.failed(error)
        is_hopeless = (
            scope is not Scope.STORAGE
            and not fetched.has_moved
            and camera.retry.failures >= BROKEN_AFTER
        )
        if error.kind in BROKEN_KINDS or is_hopeless:
            camera.set_replay_broken(
                is_broken=True, is_undated=error.kind is ErrorKind.UNDATED
            )
        elif error.kind is ErrorKind.GONE:
            state.schedule.hint(camera.key, 0.0, self._rooms.waits.early_sweep)
        elif error.kind is ErrorKind.AUTH_REFUSED:
            state.keeper.force()
        elif error.kind is ErrorKind.BUSY and state.health.session_cap is not None:
            cap = state.health.session_cap
            await state.learn(replace(state.policy, max_sessions=cap))

    def _measure_speed(self, fetch: RunningFetch) -> None:
        """Learn how fast footage comes, from fetches that ran for a while."""
        took_s = self._rooms.clock.monotonic() - fetch.started_s
        if fetch.at_ms is None or took_s < MEASURABLE_S:
            return
        speed = max(fetch.at_ms - fetch.job.range.start_ms, 0) / 1000 / took_s
        self._state.speed = (
            speed if self._state.speed is None else (self._state.speed + speed) / 2
        )
