"""Records one camera's live stream into clips, in a thread of its own."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import logging
import random
import threading

from ..cancel import CancelToken
from ..clip_sink import ClipSink
from ..clock import Clock
from ..errors import STORAGE_KINDS, ErrorKind, NvrError, Treatment
from ..intervals import TimeRange
from ..media.decode import check_tables
from ..media.series import ClipSeries, SeriesPlan
from ..models import ClipSource, ClockEra, TimeSource
from ..policy import Bounds, Waits
from .live_session import LiveSession
from .live_values import LiveGap, LiveSpec, LiveState, LiveStatus
from .losses import Losses
from .pre_roll import Group, PreRoll
from .windows import WantedWindows

_LOGGER = logging.getLogger(__name__)

_POLL_S = 0.5
_GATHER_S = 0.05
"""Bytes gather this long in the kernel before the next read: far fewer wake-ups."""
_STABLE_S = 30.0
_LINGER_MS = 3_600_000
_JITTER = 0.2
_PASSING = frozenset({ErrorKind.GONE, ErrorKind.NO_FOOTAGE})
"""Streams that are not there come back: cameras answer so while they start."""


class LiveRecorder:
    """Start, steer and stop it from any thread; callbacks come on its own thread.

    `on_status` gets a snapshot whenever the state changes, `on_gap` each stretch that is
    lost, while it lasts. A clip whose tables are right is kept whatever its pictures
    hold, because live footage comes only once.
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
        bounds = bounds or Bounds()
        self._spec = spec
        self._sink = sink
        self._clock = clock
        self._waits = waits or Waits()
        self._bounds = replace(bounds, gap_ms=bounds.live_gap_ms)
        self._on_status = on_status
        self._on_gap = on_gap
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._era = spec.era()
        self._series = self._new_series()
        self._ring = PreRoll(spec.pre_roll_ms, spec.ring_bytes)
        self._lock = threading.Lock()
        self._wanted = WantedWindows(is_on=spec.is_on)
        self._losses = Losses(bounds.live_gap_ms)
        self._reached_ms = 0
        """Where the footage that came ends, in UTC."""
        self._news = threading.Event()
        self._stop = CancelToken()
        self._thread: threading.Thread | None = None
        self._status = LiveStatus(since_ms=clock.now_ms())
        self._failures = 0
        self._clips = self._bytes = 0
        """Of earlier series."""

    # Steering

    @property
    def status(self) -> LiveStatus:
        """Return the latest snapshot, with what is being written at this moment."""
        return replace(self._status, open=self._series.open_range)

    def start(self) -> None:
        """Begin; returns at once."""
        # A daemon: a disk that never answers must not keep Home Assistant from ending.
        self._thread = threading.Thread(
            target=self._run, name=f"vtrack_live {self._spec.camera}", daemon=True
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

    def record(self, wanted: TimeRange, name: str = "") -> None:
        """Record a stretch (UTC); its clip is closed soon after its end.

        What already passed comes from the pre-roll, if held. A stretch of the same name
        is replaced: that is how one grows or ends early.
        """
        with self._lock:
            self._wanted.add(wanted, name)
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
                if not self._is_needed():
                    self._rest()
                    self._clock.wait(self._news, _POLL_S)
                    continue
                try:
                    self._watch()
                except NvrError as error:
                    if error.kind is ErrorKind.CANCELLED:
                        break
                    self._failed(error)
                except Exception as error:
                    # a fault of ours costs a pause and a clip's end, never the recording
                    _LOGGER.exception("%s: live recording", self._spec.camera)
                    failure = NvrError(ErrorKind.PROTOCOL, type(error).__name__)
                    self._series.leave(failure)
                    self._failed(failure)
        finally:
            with suppress(NvrError):
                self._series.finish()
            self._tell(self._losses.ended(self._clock.now_ms()))
            self._show(LiveState.STOPPED)

    def _is_needed(self) -> bool:
        now_ms = self._clock.now_ms()
        with self._lock:
            self._wanted.forget_before(now_ms - _LINGER_MS)
            return self._spec.pre_roll_ms > 0 or self._wanted.is_needed(
                now_ms, self._reached_ms
            )

    def _rest(self) -> None:
        """Go idle: nothing is wanted now."""
        try:
            self._series.finish()
        except NvrError as error:
            self._failed(error)
            return
        self._losses.ended(self._clock.now_ms())
        self._show(LiveState.IDLE)

    def _watch(self) -> None:
        """Run one session until nothing is wanted any more or something fails."""
        self._show(LiveState.CONNECTING)
        spec = self._spec
        self._losses.expect(self._clock.now_ms())
        endpoint = spec.endpoint(self._stop)
        self._change_era(spec.era())
        session = LiveSession(
            endpoint,
            offset_ms=self._era.offset_ms,
            clock=self._clock,
            waits=self._waits,
            bounds=self._bounds,
            cancel=self._stop,
            guard=spec.guard,
            with_sound=spec.with_audio,
            ffmpeg=spec.ffmpeg,
        )
        try:
            session.start()
            self._receive(session)
        except NvrError as error:
            if error.kind not in STORAGE_KINDS:
                self._keep_rest(session)
            raise
        else:
            self._keep_rest(session)
        finally:
            session.close()

    def _receive(self, session: LiveSession) -> None:
        clock, stop = self._clock, self._stop
        begun = clock.monotonic()
        while not stop.is_cancelled and self._is_needed():
            for group in session.receive(_POLL_S):
                self._take(session, group)
                if clock.monotonic() - begun > _STABLE_S:
                    self._failures = 0
            clock.wait(stop.event, _GATHER_S)

    def _keep_rest(self, session: LiveSession) -> None:
        for group in session.rest():
            self._take(session, group)
        for notice in session.notices:
            _LOGGER.info("%s: %s", self._spec.camera, notice)

    def _take(self, session: LiveSession, group: Group) -> None:
        """Write a group, hold it for the pre-roll, or let it go."""
        footage = utc_of(group)
        self._tell(self._losses.came(footage))
        self._reached_ms = footage.end_ms
        holes, session.holes = session.holes, 0
        with self._lock:
            is_wanted = self._wanted.covers(footage.start_ms, footage.end_ms)
        if not is_wanted:
            self._series.finish()
            self._ring.add(group)
            self._show(LiveState.WATCHING)
            return
        try:
            self._change_era(self._spec.era())
        except NvrError as error:
            self._leave_out([group], str(error.kind))
            raise
        series = self._series
        self._write_all([*self._take_held(), group], holes)
        with self._lock:
            is_end = self._wanted.has_ended(footage.end_ms)
        if is_end or session.has_stepped:
            session.has_stepped = False
            series.finish()
        self._status = replace(
            self._status,
            last_picture_ms=group.gop.last_us // 1000,
            clips=self._clips + series.clips,
            bytes=self._bytes + series.bytes,
        )
        self._show(LiveState.RECORDING)

    def _write_all(self, groups: list[Group], holes: int) -> None:
        """Write groups, the holes before the last; what a failure leaves out is told."""
        for number, group in enumerate(groups, 1):
            try:
                self._write(group, holes if number == len(groups) else 0)
            except NvrError as error:
                self._leave_out(groups[number:], str(error.kind))
                raise
            except Exception:
                self._leave_out(groups[number - 1 :], str(ErrorKind.PROTOCOL))
                raise

    def _leave_out(self, groups: list[Group], reason: str) -> None:
        for group in groups:
            self._lost(utc_of(group), reason)

    def _take_held(self) -> list[Group]:
        """Return what the pre-roll holds of wanted time, and hold it no longer."""
        held = [(group, utc_of(group)) for group in self._ring.take()]
        with self._lock:
            return [
                group
                for group, footage in held
                if self._wanted.covers(footage.start_ms, footage.end_ms)
            ]

    def _write(self, group: Group, holes: int = 0) -> None:
        gop, offset_us = group.gop, self._era.offset_ms * 1000
        if offset_us:
            gop = replace(
                gop,
                video=[
                    item._replace(time_us=item.time_us - offset_us)
                    for item in gop.video
                ],
                audio=[
                    item._replace(time_us=item.time_us - offset_us)
                    for item in gop.audio
                ],
                end_us=gop.end_us - offset_us,
            )
        series = self._series
        if (
            group.time_source is TimeSource.HOST
            and series.open_time_source is TimeSource.SENDER_REPORT
        ):
            try:
                series.finish()  # no row claims more than holds for all of it
            except NvrError as error:
                self._leave_out([group], str(error.kind))
                raise
        series.time_source = group.time_source  # of the next clip
        series.write(gop, group.video, group.sound, holes=holes)

    def _new_series(self) -> ClipSeries:
        spec = self._spec
        return ClipSeries(
            self._sink,
            SeriesPlan(
                spec.camera,
                self._era,
                ClipSource.LIVE,
                spec.clip_ms,
                self._bounds,
                check_tables,
            ),
            self._lost,
        )

    def _change_era(self, era: ClockEra) -> None:
        """Date footage by another era of the device's clock from now on."""
        if era == self._era:
            return
        self._series.finish()
        self._clips += self._series.clips
        self._bytes += self._series.bytes
        self._era = era
        self._series = self._new_series()

    # Failures

    def _failed(self, error: NvrError) -> None:
        """Say what went wrong, and wait; the pauses grow, a change cuts them short."""
        self._tell(self._losses.failed(self._clock.now_ms(), str(error.kind)))
        pauses = self._waits.live_retry
        is_blocked = (
            error.treatment is not Treatment.LATER and error.kind not in _PASSING
        )
        needs_person = is_blocked and error.kind not in STORAGE_KINDS
        place = len(pauses) - 1
        if not needs_person:
            place = min(self._failures, place)
        self._failures += 1
        pause = pauses[place] * (1.0 + _JITTER * self._rng.random())
        self._status = replace(self._status, failures=self._status.failures + 1)
        self._show(LiveState.BLOCKED if is_blocked else LiveState.WAITING, error)
        self._clock.wait(self._news, pause)
        with suppress(NvrError):
            self._close_stale()

    def _close_stale(self) -> None:
        """Finish a clip that a pause longer than a freeze would cut anyway."""
        end_us = self._series.open_end_us
        now_ms = self._era.to_device(self._clock.now_ms())
        if end_us is not None and now_ms - end_us // 1000 > self._bounds.gap_ms:
            self._series.finish()

    def _lost(self, stretch: TimeRange, reason: str) -> None:
        """Report footage that came and is in no clip."""
        self._tell(LiveGap(stretch, reason, is_over=True))

    def _tell(self, gap: LiveGap | None) -> None:
        """Report what of a gap was wanted."""
        if gap is None:
            return
        with self._lock:
            parts = self._wanted.parts(gap.range)
        for part in parts:
            is_over = gap.is_over and part.end_ms == gap.range.end_ms
            self._on_gap(LiveGap(part, gap.reason, is_over))

    def _show(self, state: LiveState, error: NvrError | None = None) -> None:
        old = self._status
        problem = error.kind if error else None
        if state is LiveState.CONNECTING:
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


def utc_of(group: Group) -> TimeRange:
    """Return when a group was captured."""
    start_ms = group.gop.start_us // 1000
    return TimeRange(start_ms, max(start_ms, group.gop.end_us // 1000))
