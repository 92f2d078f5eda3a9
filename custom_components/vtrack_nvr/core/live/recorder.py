"""Records one camera's live stream into clips, in a thread of its own."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
import random
import threading

from ..cancel import CancelToken
from ..clips import ClipSink
from ..clock import Clock
from ..errors import STORAGE_KINDS, ErrorKind, NvrError, Treatment
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..media.decode import check_tables
from ..media.series import ClipSeries, SeriesPlan
from ..media.units import Gop
from ..models import CameraKey, ClipSource, ClockEra
from ..policy import Bounds, Waits
from ..rtsp.values import Endpoint
from .ring import Ring
from .session import LiveSession
from .status import LiveState, LiveStatus
from .wanted import Wanted

_POLL_S = 0.5
_STABLE_S = 30.0
_LINGER_MS = 3_600_000
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class LiveSpec:
    """How a camera is recorded live.

    `endpoint` is asked anew for each connection, on the recorder's thread, and may raise
    `NvrError`. `era` translates to the device's clock (offset 0 where it has none).
    `is_on`: record from the start. `pre_roll_ms` keeps a stream open for what came before
    a request; `ring_bytes` bounds it.
    """

    camera: CameraKey
    endpoint: Callable[[], Endpoint]
    era: ClockEra = field(default_factory=lambda: ClockEra(0, 0, 0))
    is_on: bool = False
    with_audio: bool = True
    pre_roll_ms: int = 0
    ring_bytes: int = 32 * 1024 * 1024
    clip_ms: int = 300_000
    guard: LoginGuard | None = None


@dataclass(frozen=True, slots=True)
class LiveGap:
    """A stretch (UTC) that was wanted and is not there, and why."""

    range: TimeRange
    reason: str


class LiveRecorder:
    """Start, steer and stop it from any thread; callbacks come on its own thread.

    `on_status` gets a snapshot whenever the state changes, `on_gap` each loss once it is
    over.
    """

    def __init__(
        self,
        spec: LiveSpec,
        sink: ClipSink,
        *,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        on_status: Callable[[LiveStatus], None] = lambda _: None,
        on_gap: Callable[[LiveGap], None] = lambda _: None,
        rng: random.Random | None = None,
    ) -> None:
        """Nothing runs yet."""
        self._spec = spec
        self._clock = clock
        self._waits = waits or Waits()
        self._bounds = bounds or Bounds()
        self._on_status = on_status
        self._on_gap = on_gap
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._series = ClipSeries(
            sink,
            SeriesPlan(
                spec.camera,
                spec.era,
                ClipSource.LIVE,
                spec.clip_ms,
                self._bounds,
                check_tables,
            ),
        )
        self._ring = Ring(spec.pre_roll_ms, spec.ring_bytes)
        self._lock = threading.Lock()
        self._wanted = Wanted(is_on=spec.is_on)
        self._news = threading.Event()
        self._stop = CancelToken()
        self._thread: threading.Thread | None = None
        self._status = LiveStatus(since_ms=clock.now_ms())
        self._failures = 0
        self._lost_since_ms: int | None = None
        self._lost_reason = ""

    # Steering

    @property
    def status(self) -> LiveStatus:
        """Return the latest snapshot."""
        return self._status

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(
            target=self._run, name=f"vtrack_live {self._spec.camera}"
        )
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish the clip under way and end; say whether that was done in time."""
        self._stop.cancel("stopping")
        self._news.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def switch(self, is_on: bool) -> None:
        """Record while on; the pre-roll reaches back before now."""
        with self._lock:
            self._wanted.switch(is_on, self._clock.now_ms(), self._spec.pre_roll_ms)
        self._news.set()

    def record(self, wanted: TimeRange) -> None:
        """Record a stretch (UTC); what already passed comes from the pre-roll, if held."""
        with self._lock:
            self._wanted.add(wanted)
        self._news.set()

    def retry_now(self) -> None:
        """Try again at once: login, address or storage were changed."""
        self._failures = 0
        self._news.set()

    # The thread

    def _run(self) -> None:
        try:
            while not self._stop.is_cancelled:
                self._news.clear()
                try:
                    if self._is_needed():
                        self._watch()
                    else:
                        self._finish()
                        self._show(LiveState.IDLE)
                        self._clock.wait(self._news, _POLL_S)
                except NvrError as error:
                    if error.kind is ErrorKind.CANCELLED:
                        break
                    self._failed(error)
        finally:
            with suppress(NvrError):
                self._series.finish()
            self._close_gap(self._clock.now_ms())
            self._show(LiveState.STOPPED)

    def _is_needed(self) -> bool:
        with self._lock:
            now_ms = self._clock.now_ms()
            self._wanted.forget_before(now_ms - _LINGER_MS)
            return self._spec.pre_roll_ms > 0 or self._wanted.is_wanted_at(now_ms)

    def _watch(self) -> None:
        """Run one session until nothing is wanted any more or something fails."""
        self._show(LiveState.CONNECTING)
        self._lose("connecting")
        spec = self._spec
        session = LiveSession(
            spec.endpoint(),
            offset_ms=spec.era.offset_ms,
            clock=self._clock,
            waits=self._waits,
            bounds=self._bounds,
            cancel=self._stop,
            guard=spec.guard,
            with_sound=spec.with_audio,
        )
        try:
            session.start()
            begun = self._clock.monotonic()
            while not self._stop.is_cancelled and self._is_needed():
                for gop in session.receive(_POLL_S):
                    self._take(session, gop)
                if self._clock.monotonic() - begun > _STABLE_S:
                    self._failures = 0
        except NvrError as error:
            if error.kind not in STORAGE_KINDS:
                self._keep_rest(session, error)
            raise
        else:
            self._keep_rest(session, None)
        finally:
            session.close()

    def _keep_rest(self, session: LiveSession, error: NvrError | None) -> None:
        if session.newest_us is None:
            return
        held: list[Gop] = getattr(error, "groups", [])
        for gop in [*held, *session.rest()]:
            self._take(session, gop)

    def _take(self, session: LiveSession, gop: Gop) -> None:
        """Write a group, hold it for the pre-roll, or let it go."""
        era = self._spec.era
        with self._lock:
            is_wanted = self._wanted.covers(
                era.to_utc(gop.start_us // 1000), era.to_utc(gop.end_us // 1000)
            )
        if not is_wanted:
            self._finish()
            self._ring.add(gop)
            self._lost_since_ms, self._lost_reason = None, ""
            self._show(LiveState.WATCHING)
            return
        series = self._series
        if series.open_end_us is None:
            series.time_source = session.time_source
        for earlier in self._ring.take():
            with self._lock:
                is_wanted = self._wanted.covers(
                    era.to_utc(earlier.start_us // 1000),
                    era.to_utc(earlier.end_us // 1000),
                )
            if is_wanted:
                series.write(earlier, session.video, session.sound)
        holes, session.holes = session.holes, 0
        series.write(gop, session.video, session.sound, holes=holes)
        self._close_gap(era.to_utc(gop.start_us // 1000))
        self._status = replace(
            self._status,
            last_picture_ms=era.to_utc(gop.last_us // 1000),
            clips=series.clips,
            bytes=series.bytes,
        )
        self._show(LiveState.RECORDING)

    def _finish(self) -> None:
        if self._series.open_end_us is not None:
            self._series.finish()

    # Failures

    def _failed(self, error: NvrError) -> None:
        """Say what went wrong, and wait; the pauses grow, a change cuts them short."""
        self._lose(str(error.kind), restart=True)
        pauses = self._waits.live_retry
        is_blocked = error.treatment is not Treatment.LATER
        place = len(pauses) - 1 if is_blocked else min(self._failures, len(pauses) - 1)
        self._failures += 1
        pause = pauses[place] * (1.0 + _JITTER * self._rng.random())
        self._status = replace(self._status, failures=self._status.failures + 1)
        self._show(LiveState.BLOCKED if is_blocked else LiveState.WAITING, error)
        with suppress(NvrError):
            self._close_stale()
        self._clock.wait(self._news, pause)

    def _close_stale(self) -> None:
        """Finish a clip that a pause longer than a freeze would cut anyway."""
        end_us = self._series.open_end_us
        now_ms = self._spec.era.to_device(self._clock.now_ms())
        if end_us is not None and now_ms - end_us // 1000 > self._bounds.gap_ms:
            self._series.finish()

    def _lose(self, reason: str, *, restart: bool = False) -> None:
        """Note that footage is missing from where the last clip ends, or from now."""
        if restart or not self._lost_reason:
            self._lost_reason = reason
        if self._lost_since_ms is None:
            end_us = self._series.open_end_us
            self._lost_since_ms = (
                self._spec.era.to_utc(end_us // 1000)
                if end_us is not None
                else self._clock.now_ms()
            )

    def _close_gap(self, until_ms: int) -> None:
        """Report what was wanted and is missing up to a moment."""
        since_ms, self._lost_since_ms = self._lost_since_ms, None
        reason, self._lost_reason = self._lost_reason, ""
        if since_ms is None or until_ms - since_ms <= self._bounds.gap_ms:
            return
        with self._lock:
            is_wanted = self._wanted.covers(since_ms, until_ms)
        if is_wanted:
            self._on_gap(LiveGap(TimeRange(since_ms, until_ms), reason))

    def _show(self, state: LiveState, error: NvrError | None = None) -> None:
        old = self._status
        problem = error.kind if error else None
        if state in {LiveState.CONNECTING, LiveState.WAITING} and error is None:
            problem = old.problem
        if state is old.state and problem is old.problem:
            return
        self._status = replace(
            old,
            state=state,
            problem=problem,
            detail=error.detail if error else ("" if problem is None else old.detail),
            since_ms=self._clock.now_ms(),
        )
        self._on_status(self._status)
