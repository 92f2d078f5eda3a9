"""One fetch from its first PLAY to its last clip; blocking, in a worker thread.

State machine of download-engine §8.2: sessions follow each other, each picking up where
the kept footage ends, until the range is reached or trying again makes no sense. A file
goes on across sessions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..cancel import CancelToken
from ..clips import ClipSink
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..fetching import (
    EndReason,
    FetchedGap,
    FetchJob,
    FetchOutcome,
    FetchProgress,
)
from ..frames import AccessUnit, TrackFormat
from ..intervals import TimeRange, difference, union
from ..media.assembler import GopAssembler
from ..media.overlap import lies_in, without_kept
from ..media.series import Check, ClipSeries, SeriesPlan
from ..media.units import Gop, TimedUnit
from ..models import TimeSource
from ..policy import Quirk
from ..rtp.timeline import Anchor, ReplayTimeline
from .capture import CaptureJudge, Trust
from .ending import EndOfRange, Verdict
from .pace import Pace
from .replay import Replay, ReplaySettings
from .resume import Resume, Stop

_NOW_MARGIN_MS = 5_000
"""Devices asked for footage up to now go over to live and never end (§8.3)."""
_GROWING_MS = 60_000
_SEAM_MS = 500
"""Holes up to this long between kept stretches are no gaps."""

_AGAIN = frozenset(
    {
        ErrorKind.INTERRUPTED,
        ErrorKind.TIMEOUT,
        ErrorKind.UNREACHABLE,
        ErrorKind.PROTOCOL,
    }
)


class _YieldError(Exception):
    """Something more urgent came."""


@dataclass(slots=True)
class _Session:
    """What lives as long as one PLAY."""

    replay: Replay
    ending: EndOfRange
    judge: CaptureJudge | None
    assembler: GopAssembler
    pace: Pace
    asked: TimeRange
    resume_us: int | None
    """Groups before this are in the clips already."""
    timelines: dict[int, ReplayTimeline]
    held: list[AccessUnit]
    ignores_stamps: bool = False
    newest_us: int = 0


class Fetch:
    """Runs one job; `run` is called once."""

    def __init__(
        self,
        job: FetchJob,
        sink: ClipSink,
        settings: ReplaySettings,
        *,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
        check: Check | None,
    ) -> None:
        """Take everything; nothing is sent yet."""
        self._job = job
        self._settings = settings
        self._cancel = cancel
        self._progress = progress
        self._should_yield = should_yield
        self._clock = settings.clock
        self._range = job.device_range
        self._policy = job.policy
        self._resume = Resume(
            self._range.start_ms * 1000, settings.waits, settings.bounds
        )
        self._series = ClipSeries(
            sink,
            SeriesPlan(
                job.camera, job.era, job.source, job.clip_ms, settings.bounds, check
            ),
        )
        self._position_us = self._range.start_ms * 1000
        """Everything before is kept, or was passed without footage."""
        self._step_us = 0
        self._written_us: int | None = None
        self._skipped: list[TimeRange] = []
        self._notices: list[str] = []
        self._bytes = 0
        self._holes = 0
        self._began = self._clock.monotonic()
        self._reported = self._began
        self._stop: Stop | None = None
        """How the latest session ended, None where it did not play."""
        self._was_silent = False
        """The last session was alive and sent nothing at all."""
        self._has_given_up = False

    def run(self) -> FetchOutcome:
        """Fetch; every failure is in the outcome."""
        try:
            reason = self._sessions()
        except _YieldError:
            return self._end(EndReason.YIELDED)
        except NvrError as error:
            if error.kind is ErrorKind.CANCELLED:
                return self._end(EndReason.CANCELLED)
            return self._end(EndReason.FAILED, error)
        return self._end(reason)

    # Sessions

    def _sessions(self) -> EndReason:
        start_us = self._position_us
        while True:
            self._cancel.check()
            error: NvrError | None = None
            self._was_silent = self._has_given_up = False
            self._stop = None
            try:
                verdict = self._session(start_us)
            except NvrError as caught:
                if caught.kind is ErrorKind.NO_FOOTAGE and self._written_us is not None:
                    return EndReason.END_OF_FOOTAGE
                if caught.kind not in _AGAIN:
                    raise
                error, verdict = caught, Verdict.INTERRUPTED
            if verdict is Verdict.REACHED or self._has_all:
                return EndReason.REACHED
            if verdict is Verdict.END_OF_FOOTAGE or (
                self._was_silent
                and self._written_us is not None
                and start_us > self._position_us
            ):
                return EndReason.END_OF_FOOTAGE
            retry = self._resume.after(
                self._position_us,
                self._range.end_ms * 1000,
                stop=self._stop,
                is_given_up=self._has_given_up,
            )
            if retry is None:
                raise error or NvrError(
                    ErrorKind.INTERRUPTED, "the device stops sending again and again"
                )
            if retry.skipped_from_us is not None:
                self._series.finish()
                self._skipped.append(
                    TimeRange(retry.skipped_from_us // 1000, retry.start_us // 1000)
                )
            start_us = retry.start_us
            if self._clock.wait(self._cancel.event, retry.wait_s):
                self._cancel.check()

    @property
    def _has_all(self) -> bool:
        """Say whether kept footage ends where the range does, whatever was said."""
        end_us = self._range.end_ms * 1000
        return self._position_us + self._step_us // 2 >= end_us

    def _session(self, start_us: int) -> Verdict:
        asked = self._asked(start_us)
        replay = Replay(self._settings, self._policy)
        try:
            replay.start(asked)
            self._policy = replay.policy
            self._stop = Stop(None)
            session = self._begin(replay, asked, start_us)
            try:
                verdict = self._receive(session)
            except NvrError as error:
                if error.kind not in _AGAIN:
                    raise
                self._take(session, replay.stream.drain().units)
                self._stop = Stop(session.newest_us or None, is_vague=True)
                self._drop_or_keep(session, Verdict.INTERRUPTED)
                raise
            self._stop = Stop(session.newest_us or None)
            self._drop_or_keep(session, verdict)
            return verdict
        finally:
            replay.stream.close()
            self._notices += [n for n in replay.notices if n not in self._notices]

    def _asked(self, start_us: int) -> TimeRange:
        """Return the range to ask for: somewhat more, to see the key picture after."""
        start_ms = start_us // 1000
        end_ms = self._range.end_ms
        now_ms = self._job.era.to_device(self._clock.now_ms())
        further_ms = min(end_ms + self._settings.bounds.gop_ms, now_ms - _NOW_MARGIN_MS)
        return TimeRange(start_ms, max(end_ms, further_ms, start_ms))

    def _begin(self, replay: Replay, asked: TimeRange, start_us: int) -> _Session:
        job, bounds = self._job, self._settings.bounds
        anchor_ms = replay.answer.range_start_ms
        if anchor_ms is None:
            anchor_ms = asked.start_ms
        timelines = {
            track.index: ReplayTimeline(
                track.format.clock_rate,
                reanchor_ms=bounds.reanchor_ms,
                estimate=Anchor(
                    anchor_ms * 1000, replay.answer.rtp_times.get(track.index)
                ),
            )
            for track in (replay.video, replay.sound)
            if track
        }
        return _Session(
            replay,
            EndOfRange(self._range.end_ms * 1000, self._settings.waits),
            CaptureJudge(
                asked,
                job.era.to_device(self._clock.now_ms()),
                replay.video.format.clock_rate,
                is_known_playback=self._policy.has(Quirk.PLAYBACK_TIMES),
            ),
            GopAssembler(bounds, has_sound=replay.sound is not None),
            Pace(self._clock, job.bytes_per_second),
            asked,
            self._written_us if self._written_us is not None else None,
            timelines,
            [],
        )

    # Receiving

    def _receive(self, session: _Session) -> Verdict:
        stream, ending, pace = session.replay.stream, session.ending, session.pace
        monotonic = self._clock.monotonic
        quiet_since = monotonic()
        while True:
            batch = stream.receive(ending.patience(monotonic() - quiet_since))
            self._bytes += batch.bytes
            self._holes += batch.holes
            if batch.units and (verdict := self._take(session, batch.units)):
                return verdict
            now = monotonic()
            if batch.ended:
                units = stream.finish()
                if units and (verdict := self._take(session, units)):
                    return verdict
                return ending.signal(batch.ended)
            if batch.bytes:
                quiet_since = now
                if now - self._reported >= 1.0:
                    self._report(now, session.newest_us)
                    self._policy = pace.learn(session.newest_us, self._policy)
                if wait_s := pace.pause_after(batch.bytes):
                    if self._clock.wait(self._cancel.event, wait_s):
                        self._cancel.check()
                    stream.keep_alive()
                    quiet_since = monotonic()
            elif verdict := ending.quiet(now - quiet_since):
                return self._after_silence(session, now - quiet_since, verdict)

    def _after_silence(
        self, session: _Session, quiet_s: float, verdict: Verdict
    ) -> Verdict:
        """Return what a silence means, the picture counted that nothing marked as whole."""
        units = session.replay.stream.finish()
        if units:
            if found := self._take(session, units):
                return found
            verdict = session.ending.quiet(quiet_s) or verdict
        self._was_silent = not session.ending.has_pictures
        return verdict

    def _take(self, session: _Session, units: list[AccessUnit]) -> Verdict | None:
        if session.judge:
            units = self._judged(session, units)
        video = session.replay.video.index
        timelines = session.timelines
        assembler, ending = session.assembler, session.ending
        for unit in units:
            timeline = timelines.get(unit.track)
            if timeline is None:
                continue
            if session.ignores_stamps:
                unit = unit._replace(time_us=None)
            time_us, step = timeline.place(unit)
            item = TimedUnit(time_us, unit)
            if unit.track != video:
                groups = assembler.add_sound(item)
            else:
                if step:
                    self._notice("the device's clock was set back")
                verdict = ending.picture(time_us, unit, assembler.step_us)
                groups = assembler.add_picture(item)
                session.newest_us = time_us
                if verdict:
                    self._write(session, [*groups, *self._before(session, time_us)])
                    return verdict
            if groups:
                self._write(session, groups)
        return None

    @staticmethod
    def _before(session: _Session, time_us: int) -> list[Gop]:
        """Return what is held up to the key picture that ended the range."""
        return [gop for gop in session.assembler.finish() if gop.start_us < time_us]

    def _judged(self, session: _Session, units: list[AccessUnit]) -> list[AccessUnit]:
        """Hold units back until it is known what their capture times are worth."""
        judge = session.judge
        assert judge is not None
        video = session.replay.video.index
        session.held += units
        trust = Trust.UNDECIDED
        for unit in units:
            if unit.track == video and trust is Trust.UNDECIDED:
                trust = judge.judge(unit)
        if trust is Trust.UNDECIDED:
            return []
        held, session.held = session.held, []
        session.judge = None
        if trust is Trust.LIVE:
            raise NvrError(
                ErrorKind.NO_FOOTAGE, "the device plays live instead of footage"
            )
        if trust is Trust.ELSEWHERE:
            return self._replayed(session)
        if trust is Trust.PLAYBACK:
            self._policy = self._policy.learn(Quirk.PLAYBACK_TIMES)
            session.ignores_stamps = True
        if trust is Trust.NONE:
            self._policy = self._policy.learn(Quirk.NO_CAPTURE_TIMES)
        elif self._policy.has(Quirk.NO_CAPTURE_TIMES):
            self._policy = self._policy.forget(Quirk.NO_CAPTURE_TIMES)
        is_estimated = trust is not Trust.CAPTURE
        self._series.time_source = (
            TimeSource.ESTIMATED if is_estimated else TimeSource.CAPTURE
        )
        return held

    def _replayed(self, session: _Session) -> list[AccessUnit]:
        """Ask a device once more that began long before the start."""
        if self._policy.has(Quirk.PAUSE_BEFORE_PLAY):
            raise NvrError(
                ErrorKind.UNSUPPORTED, "the device ignores the start of the range"
            )
        session.replay.restart_paused(session.asked)
        self._policy = session.replay.policy
        fresh = self._begin(session.replay, session.asked, 0)
        session.judge = fresh.judge
        session.timelines = fresh.timelines
        return []

    # Writing

    def _write(self, session: _Session, groups: list[Gop]) -> None:
        series, replay = self._series, session.replay
        kept = self._job.kept
        half_us = session.assembler.step_us // 2
        for gop in groups:
            if session.resume_us is not None:
                if gop.start_us + half_us < session.resume_us:
                    continue
                session.resume_us = None
            if not lies_in(gop, self._range):
                continue
            wanted = without_kept(gop, kept, half_us) if kept else gop
            if wanted is None:
                self._position_us = max(self._position_us, gop.end_us)
                continue
            holes, self._holes = self._holes, 0
            sound = replay.sound.format if replay.sound else None
            series.write(wanted, self._video_format(session), sound, holes=holes)
            self._written_us = self._position_us = gop.end_us
            self._step_us = session.assembler.step_us
            if gop.is_whole and self._should_yield():
                raise _YieldError
            self._cancel.check()

    @staticmethod
    def _video_format(session: _Session) -> TrackFormat:
        track = session.replay.video
        sets = session.replay.stream.parameter_sets(track.index)
        return replace(track.format, parameter_sets=sets) if sets else track.format

    def _drop_or_keep(self, session: _Session, verdict: Verdict) -> None:
        """Decide about the group that the end of a session cut off.

        It is kept where nothing of it can come any more, and fetched again otherwise.
        """
        groups = session.assembler.finish()
        is_final = verdict is Verdict.REACHED or (
            verdict is Verdict.END_OF_FOOTAGE and not self._is_growing(session)
        )
        if verdict is Verdict.INTERRUPTED and self._stops_again(groups):
            self._has_given_up = True
            is_final = not self._is_growing(session)
        self._write(session, [gop for gop in groups if gop.is_whole or is_final])

    def _stops_again(self, groups: list[Gop]) -> bool:
        """Say whether this session stopped in the same group as the one before."""
        return bool(groups) and self._resume.is_stuck(
            self._position_us, self._stop or Stop(None)
        )

    def _is_growing(self, session: _Session) -> bool:
        now_ms = self._job.era.to_device(self._clock.now_ms())
        return (
            not session.ending.is_last
            and session.newest_us > (now_ms - _GROWING_MS) * 1000
        )

    # The outcome

    def _report(self, now: float, newest_us: int) -> None:
        self._reported = now
        passed = max(now - self._began, 0.001)
        gained = max(0, newest_us // 1000 - self._range.start_ms) / 1000
        self._progress(FetchProgress(newest_us // 1000, self._bytes, gained / passed))

    def _notice(self, text: str) -> None:
        if text not in self._notices:
            self._notices.append(text)

    def _end(self, reason: EndReason, error: NvrError | None = None) -> FetchOutcome:
        series = self._series
        try:
            series.finish()
        except NvrError as failure:
            if error is None or error.kind not in STORAGE_KINDS:
                reason, error = EndReason.FAILED, failure
            series.abandon(str(failure.kind))
        reached_ms = self._reached(reason)
        settled = TimeRange(self._range.start_ms, max(self._range.start_ms, reached_ms))
        covered = union((*self._job.kept, *series.kept), join_ms=_SEAM_MS)
        return FetchOutcome(
            reason,
            reached_ms,
            clips=series.clips,
            bytes=self._bytes,
            frames=series.frames,
            gaps=tuple(
                FetchedGap(hole, self._gap_reason(hole))
                for hole in difference((settled,), covered)
                if hole.duration_ms > _SEAM_MS
            ),
            learned=self._policy,
            error=error,
            notices=tuple(dict.fromkeys((*self._notices, *series.notices))),
        )

    def _reached(self, reason: EndReason) -> int:
        """Return up to where everything is settled, on the device's clock."""
        if reason is EndReason.REACHED:
            return self._range.end_ms
        if reason is EndReason.FAILED:
            kept_ms = max((item.end_ms for item in self._series.kept), default=0)
            return max(self._range.start_ms, kept_ms)
        return self._position_us // 1000

    def _gap_reason(self, hole: TimeRange) -> str:
        if any(item.overlaps(hole) for item in self._skipped):
            return str(ErrorKind.DAMAGED)
        return str(ErrorKind.NO_FOOTAGE)
