"""What the engine remembers of one camera between steps; the ledger keeps the rest.

Loaded piece by piece after a start, then changed window by window, so that neither start
nor plan ever holds the event loop for long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..errors import NvrError
from ..intervals import DAY_MS, Ranges, TimeRange, add_ranges
from ..ledger import CameraTotals
from ..models import CameraKey, ClockEra, CoverageSpan, EventMark, Recording
from .backlog import Backlog
from .backoff import Backoff
from .device_tail import DeviceTail
from .engine_context import EngineContext
from .missing import coverage_percent
from .plan import CameraView, OpenWant
from .ports import LiveNow
from .settings import CameraSpec, SyncMode
from .source import SourceDecision, decide_source
from .status import FootageSource, LiveNote, MissingFootage, Problem, Progress
from .wanted import around, oldest_wanted_ms, wanted_inside

ALWAYS_MS = 2**62
FIRST_CHUNK_MS = 7 * DAY_MS
MANY_SPANS = 3_000
FEW_SPANS = 500


@dataclass(slots=True)
class CameraState:
    """One camera's backlog, requests, tries and numbers."""

    key: CameraKey
    spec: CameraSpec
    rooms: EngineContext
    retry: Backoff = field(init=False)
    """Pauses of fetches."""
    search: Backoff = field(init=False)
    """Pauses of searches."""
    backlog: Backlog = field(default_factory=Backlog)
    ring: DeviceTail = field(default_factory=DeviceTail)
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    totals: CameraTotals = field(default_factory=CameraTotals)
    wanted: Ranges = ()
    open_wants: tuple[OpenWant, ...] = ()
    away: TimeRange | None = None
    """What passed before this start while nobody looked; fetching it is filling it in."""
    turn: int = 0
    is_loaded: bool = False
    is_searching: bool = False
    needs_full_sweep: bool = False
    is_replay_broken: bool = False
    is_replay_undated: bool = False
    """Why it is broken: nothing dates what the device plays."""
    replay_broken_until_ms: int = 0
    last_sync_ms: int | None = None
    progress: Progress | None = None
    problem: Problem | None = None
    search_problem: Problem | None = None
    live: LiveNote | None = None
    missing: MissingFootage | None = None
    is_judged: bool = False
    are_totals_stale: bool = True
    told_live: tuple[bool, ClockEra | None] | None = None
    """What the live recording was told last."""

    def __post_init__(self) -> None:
        """Begin without any failure."""
        waits, rng = self.rooms.waits, self.rooms.rng
        self.retry = Backoff(waits.camera_retry, rng)
        self.search = Backoff(waits.camera_retry, rng)

    @property
    def trouble(self) -> Problem | None:
        """Return what stands in this camera's way, of fetches or of searches."""
        return self.problem or self.search_problem

    @property
    def decision(self) -> SourceDecision:
        """Return where footage comes from."""
        return decide_source(
            self.spec.settings.source,
            is_enabled=self.spec.settings.is_enabled,
            has_replay=bool(self.spec.recording_tokens),
            is_replay_broken=self.is_replay_broken,
            is_replay_undated=self.is_replay_undated,
            can_live=self.spec.can_live,
        )

    @property
    def has_replay(self) -> bool:
        """Return whether requests can be served from the device."""
        return bool(self.spec.recording_tokens)

    @property
    def live_now(self) -> LiveNow:
        """Return what the live recording is about, where the camera relies on it."""
        live = self.spec.live
        if live is None or self.decision.source is not FootageSource.LIVE:
            return LiveNow()
        return live.now(self.key)

    def tell_live(self, era: ClockEra | None) -> None:
        """Let the live recording know whether it is relied on, and of the clock."""
        now = (self.decision.source is FootageSource.LIVE, era)
        if self.spec.live is not None and now != self.told_live:
            self.told_live = now
            self.spec.live.follow(self.key, is_live=now[0], era=era)

    @property
    def recording(self) -> TimeRange | None:
        """Return what is being recorded live right now and in no clip yet."""
        clip = self.live_now.open
        if clip is None:
            return None
        start_ms = max(clip.start_ms, self.totals.last_end_ms or 0)
        return TimeRange(start_ms, clip.end_ms) if start_ms < clip.end_ms else None

    @property
    def coverage_percent(self) -> float | None:
        """Return how much of what is expected is kept or being recorded."""
        recording = self.recording
        if recording is None:
            return coverage_percent(self.totals)
        listed = self.backlog.oldest(recording.start_ms, recording.end_ms, ALWAYS_MS)
        return coverage_percent(
            self.totals,
            recording.duration_ms,
            sum(item.end_ms - item.start_ms for item in listed),
        )

    @property
    def settle_s(self) -> float:
        """Return the age of footage before background work takes it."""
        chosen = self.spec.settings.settle_s
        return self.rooms.waits.settle if chosen is None else chosen

    async def note_absence(self, now_ms: int, usual_ms: int) -> None:
        """Take note that nobody has looked for longer than usual before this start."""
        mark_ms = await self.rooms.library.high_water_ms(self.key)
        if mark_ms is not None and now_ms - mark_ms > usual_ms:
            self.away = TimeRange(mark_ms, now_ms)

    async def load(self, now_ms: int) -> None:
        """Read backlog, totals and marks after a start."""
        library = self.rooms.library
        self.totals = await library.totals(self.key)
        self.are_totals_stale = False
        known = [
            moment
            for moment in (self.totals.first_start_ms, self.totals.device_oldest_ms)
            if moment is not None
        ]
        oldest_ms = oldest_wanted_ms(self.spec.settings, now_ms)
        start_ms = max(min(known, default=now_ms) - DAY_MS, oldest_ms)
        chunk_ms = FIRST_CHUNK_MS
        while start_ms < now_ms + DAY_MS:
            window = TimeRange(start_ms, start_ms + chunk_ms)
            spans = await self.refresh(window)
            if len(spans) > MANY_SPANS:
                chunk_ms = max(chunk_ms // 2, DAY_MS // 4)
            elif len(spans) < FEW_SPANS:
                chunk_ms *= 2
            start_ms = window.end_ms
        self.ring.remembered(self.totals.device_oldest_ms)
        await self.load_marks(now_ms)
        self.is_loaded = True

    async def refresh(self, window: TimeRange) -> tuple[CoverageSpan, ...]:
        """Read a window of the ledger anew; returns its spans."""
        spans = await self.rooms.library.coverage(self.key, window)
        self.backlog.replace(window, spans)
        self.are_totals_stale = True
        self.rooms.changed()
        return spans

    async def load_marks(self, now_ms: int) -> None:
        """Read which stretches events make wanted (mode *events* only)."""
        self.wanted = ()
        if self.spec.settings.mode is SyncMode.EVENTS:
            window = TimeRange(
                oldest_wanted_ms(self.spec.settings, now_ms), now_ms + DAY_MS
            )
            marks = await self.rooms.library.marks(self.key, window)
            self.wanted = around(self.spec.settings, marks)

    def add_marks(self, marks: tuple[EventMark, ...]) -> Ranges:
        """Take new events into account; returns what they make wanted."""
        if self.spec.settings.mode is not SyncMode.EVENTS or not marks:
            return ()
        new = around(self.spec.settings, marks)
        first_ms = min(mark.range.start_ms for mark in marks)
        oldest_ms = oldest_wanted_ms(self.spec.settings, first_ms)
        self.wanted = add_ranges(self.wanted, new, from_ms=oldest_ms)
        return new

    async def wanted_inside(self, window: TimeRange, now_ms: int) -> Ranges | None:
        """Return the wanted part of a window for the ledger (None: all of it)."""
        settings = self.spec.settings
        marks: tuple[EventMark, ...] = ()
        if settings.mode is SyncMode.EVENTS:
            reach = TimeRange(
                window.start_ms - settings.post_roll_ms,
                window.end_ms + settings.pre_roll_ms,
            )
            marks = await self.rooms.library.marks(self.key, reach)
        return wanted_inside(settings, window, marks, now_ms)

    def view(
        self,
        now_s: float,
        in_flight: Ranges,
        *,
        in_request: Ranges = (),
        in_watch: Ranges = (),
        speed: float | None = None,
        is_background_allowed: bool,
        is_request_allowed: bool,
    ) -> CameraView:
        """Return what the planner needs."""
        is_resting = self.retry.is_waiting(now_s)
        can_write = self.rooms.library.storage_problem(self.key) is None
        now_ms = self.rooms.clock.now_ms()
        limits = self.rooms.limits
        tail_ms = self.ring.tail_ms(now_ms)
        return CameraView(
            key=self.key,
            settings=self.spec.settings,
            backlog=self.backlog,
            settle_ms=int(self.settle_s * 1000),
            wants=self.open_wants,
            wanted=self.wanted,
            in_flight=in_flight,
            in_request=in_request,
            in_watch=in_watch,
            device_earliest_ms=self.ring.reachable_from_ms(
                now_ms, limits.job_ms, speed
            ),
            endangered_until_ms=(
                tail_ms + limits.endangered_ms
                if self.ring.is_moving and tail_ms is not None
                else None
            ),
            kept_from_ms=self.rooms.library.kept_from_ms(self.key),
            turn=self.turn,
            is_background_allowed=(
                is_background_allowed
                and self.is_loaded
                and self.decision.is_fetching
                and not is_resting
                and can_write
            ),
            is_request_allowed=is_request_allowed and self.has_replay and can_write,
        )

    def failed(self, error: NvrError) -> None:
        """Rest after a fetch that failed for a reason of this camera's own."""
        self.retry.failed(self.rooms.clock.monotonic())
        self.problem = self._problem(error, self.problem)
        self.rooms.changed()

    def search_failed(self, error: NvrError) -> None:
        """Rest after a search that failed for a reason of this camera's own."""
        self.search.failed(self.rooms.clock.monotonic())
        self.search_problem = self._problem(error, self.search_problem)
        self.rooms.changed()

    def searched(self) -> None:
        """Forget the failures of searches."""
        if self.search_problem is not None or self.search.failures:
            self.search_problem = None
            self.search.succeeded()
            self.rooms.changed()

    def _problem(self, error: NvrError, before: Problem | None) -> Problem:
        since_ms = before.since_ms if before else self.rooms.clock.now_ms()
        return Problem(error.kind, since_ms, error.detail)

    def succeeded(self) -> None:
        """Forget the failures of fetches."""
        if self.problem is not None or self.retry.failures:
            self.problem = None
            self.retry.succeeded()
            self.rooms.changed()

    def change(self, spec: CameraSpec) -> None:
        """Take another spec; what it makes wanted or not is found by a full sweep."""
        before, after = self.spec.settings, spec.settings
        scope = ("mode", "retention_days", "pre_roll_ms", "post_roll_ms", "week")
        if (
            any(getattr(before, name) != getattr(after, name) for name in scope)
            or before.event_classes != after.event_classes
            or set(self.spec.recording_tokens) != set(spec.recording_tokens)
        ):
            self.needs_full_sweep = True
        self.spec = spec
        self.is_replay_broken = False
        self.succeeded()
        self.searched()

    def set_enabled(self, *, is_enabled: bool) -> None:
        """Switch background sync."""
        settings = replace(self.spec.settings, is_enabled=is_enabled)
        self.spec = replace(self.spec, settings=settings)
        self.rooms.changed()

    def set_replay_broken(self, *, is_broken: bool, is_undated: bool = False) -> None:
        """Take note that replay does not work; it is tried again after a day."""
        self.is_replay_broken = is_broken
        self.is_replay_undated = is_undated
        self.replay_broken_until_ms = self.rooms.clock.now_ms() + DAY_MS
        self.rooms.changed()
