"""One fetch from its first PLAY to its last clip; blocking, in a worker thread.

State machine of download-engine §8.2: sessions follow each other, each picking up where
the kept footage ends, until the range is reached or trying again makes no sense. A file
goes on across sessions.
"""

from collections.abc import Callable

from ..cancel import CancelToken
from ..clip_sink import ClipSink
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..fetch_job import EndReason, FetchedGap, FetchJob, FetchOutcome, FetchProgress
from ..intervals import TimeRange, difference, union
from ..media.beside import lost_notice
from ..media.overlap import lies_in, without_kept
from ..media.series import ClipCheck, ClipSeries, SeriesPlan
from ..media.units import Gop
from ..policy import DevicePolicy, Quirk
from ..rtsp.refusals import OutOfStep
from .dating import Dating
from .ending import SessionVerdict
from .fallbacks import RANGE_FORMS
from .playing import Playing
from .replay import Replay, ReplaySettings
from .resume import Resume, Stop
from .stray_bytes import Framing

_NOW_MARGIN_MS = 5_000
"""Devices asked for footage up to now go over to live and never end (§8.3)."""
_GROWING_MS = 60_000
_SEAM_MS = 500
"""Holes up to this long between kept stretches are no gaps."""
_CLEAN_MS = 60_000
"""So much footage without a stray byte, and the device is trusted again."""

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
        check: ClipCheck | None,
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
        self._framing = Framing(self._range.start_ms * 1000)
        self._dating = Dating(settings.endpoint.habits, settings.clock, settings.waits)
        self._position_us = self._range.start_ms * 1000
        """Everything before is kept, or was passed without footage."""
        self._step_us = 0
        self._written_us: int | None = None
        self._resume_us: int | None = None
        """Groups before this are in the clips already."""
        self._asked_on_us: int | None = None
        """A section ended here, and the device was asked for what follows."""
        self._skipped: list[TimeRange] = []
        self._notices: list[str] = []
        self._bytes = 0
        self._stumbles = 0
        self._lost_sound_us = 0
        self._began = self._clock.monotonic()
        self._reported = self._began
        self._stop: Stop | None = None
        """How the latest session ended, None where it did not play."""
        self._had_nothing = False
        """The latest session was alive and brought no picture."""
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
            try:
                verdict = self._session(self._dating.start_us(start_us))
            except NvrError as caught:
                if caught.kind is ErrorKind.UNDATED:
                    # Asked in full when it is tried again: new firmware may comply.
                    self._policy = self._policy.learn(Quirk.UNDATED_REPLAY).forget(
                        Quirk.NO_REQUIRE
                    )
                if caught.kind is ErrorKind.NO_FOOTAGE and self._dating.is_probing:
                    if self._dating.refused():
                        self._policy = self._policy.learn(Quirk.WRONG_CAPTURE_TIMES)
                    continue
                if caught.kind is ErrorKind.NO_FOOTAGE and (
                    self._written_us is not None or self._is_asking_on
                ):
                    return EndReason.END_OF_FOOTAGE
                if caught.kind not in _AGAIN:
                    raise
                error, verdict = caught, SessionVerdict.INTERRUPTED
                if isinstance(caught, OutOfStep):
                    self._out_of_step()
            if verdict is SessionVerdict.DATE_DOUBTED:
                continue
            if verdict is SessionVerdict.REACHED or self._has_all:
                return EndReason.REACHED
            if verdict is SessionVerdict.END_OF_FOOTAGE or self._nothing_follows(
                start_us, verdict
            ):
                return EndReason.END_OF_FOOTAGE
            if verdict is SessionVerdict.SECTION_END:
                start_us = self._asked_on_us = self._position_us
                continue
            start_us = self._after_interruption(error)

    def _after_interruption(self, error: NvrError | None) -> int:
        """Wait as long as is due and return where to go on; raises to give up."""
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
        if self._clock.wait(self._cancel.event, retry.wait_s):
            self._cancel.check()
        return retry.start_us

    @property
    def _has_all(self) -> bool:
        """Return whether kept footage ends where the range does, whatever was said."""
        end_us = self._range.end_ms * 1000
        return self._position_us + self._step_us // 2 >= end_us

    @property
    def _is_asking_on(self) -> bool:
        """Return whether a section ended here, and the device was asked for what follows."""
        return self._asked_on_us == self._position_us

    def _nothing_follows(self, start_us: int, verdict: SessionVerdict) -> bool:
        """Return whether the device, asked for what follows, showed that it has nothing.

        The end of a section and a silence are no proof: a slow device, or a slow machine,
        looks the same.
        """
        if self._is_asking_on and verdict is SessionVerdict.SECTION_END:
            return True
        is_beyond = self._written_us is not None and start_us > self._position_us
        return self._had_nothing and (self._is_asking_on or is_beyond)

    def _out_of_step(self) -> None:
        if self._framing.is_usual(self._position_us):
            self._policy = self._policy.learn(Quirk.STRAY_BYTES)

    def _session(self, start_us: int) -> SessionVerdict:
        """Play once from `start_us` on, and say in `_stop` and the like how that ended."""
        self._stop = None
        self._had_nothing = self._has_given_up = False
        asked = self._asked(start_us)
        is_probe, known = self._dating.is_probing, self._policy
        replay = Replay(self._settings, self._policy)
        playing: Playing | None = None
        try:
            replay.start(asked)
            self._resume_us = self._written_us
            playing = Playing(
                replay,
                asked,
                self._job,
                self._settings,
                write=self._write,
                hear=self._hear,
                dating=self._dating,
            )
            try:
                verdict = playing.run()
            except NvrError as error:
                if error.kind not in _AGAIN:
                    raise
                if reached := playing.take_rest():
                    self._drop_or_keep(playing, reached)
                    return reached
                self._ended(playing, is_vague=True)
                if isinstance(error, OutOfStep) and self._is_strict(playing):
                    self._stop = Stop(playing.newest_us or None, is_excused=True)
                    raise
                self._drop_or_keep(playing, SessionVerdict.INTERRUPTED)
                raise
            self._ended(playing)
            if playing.newest_us and not playing.has_key:
                raise NvrError(
                    ErrorKind.NO_KEY_PICTURES, "no key picture among those sent"
                )
            self._drop_or_keep(playing, verdict)
            return verdict
        finally:
            replay.stream.close()
            self._add_notices(replay.notices)
            if playing:
                self._add_notices(playing.notices)
                self._policy = playing.policy
                if is_probe:  # a gap there says nothing about how it likes ranges
                    self._policy = self._policy.forget(*RANGE_FORMS - known.quirks)
                self._stumbles += playing.stumbles
                self._lost_sound_us += playing.assembler.lost_sound_us

    @staticmethod
    def _is_strict(playing: Playing) -> bool:
        """Return whether nothing that is held may be kept after bytes of no frame."""
        return not playing.policy.has(Quirk.STRAY_BYTES)

    def _ended(self, playing: Playing, *, is_vague: bool = False) -> None:
        """Note how a session ended; its TEARDOWN tells whether the device forgot it."""
        stream = playing.replay.stream
        stream.close()
        self._stop = Stop(
            playing.newest_us or None,
            is_vague=is_vague,
            is_excused=stream.is_forgotten,
        )
        self._had_nothing = playing.had_nothing and not stream.is_forgotten

    def _asked(self, start_us: int) -> TimeRange:
        """Return the range to ask for: somewhat more, to see the key picture after."""
        start_ms = start_us // 1000
        end_ms = self._range.end_ms
        now_ms = self._job.era.to_device(self._clock.now_ms())
        further_ms = min(end_ms + self._settings.bounds.gop_ms, now_ms - _NOW_MARGIN_MS)
        until_ms = max(end_ms, further_ms)
        if until_ms <= start_ms:  # asked aside of the range, for its date only
            until_ms = start_ms + self._settings.bounds.gop_ms
        return TimeRange(start_ms, until_ms)

    # Writing

    def _write(self, playing: Playing, groups: list[Gop]) -> None:
        series = self._series
        kept = self._job.kept
        half_us = playing.assembler.step_us // 2
        series.time_source = playing.time_source
        for gop in groups:
            holes = playing.holes_before(gop.end_us)
            if self._resume_us is not None:
                if gop.start_us + half_us < self._resume_us:
                    continue
                self._resume_us = None
            if not lies_in(gop, self._range):
                continue
            wanted = without_kept(gop, kept, half_us) if kept else gop
            if wanted is None:
                self._position_us = max(self._position_us, gop.end_us)
                continue
            sound = playing.sound_format(gop)
            series.write(wanted, playing.video_format, sound, holes=holes)
            self._written_us = self._position_us = gop.end_us
            self._step_us = playing.assembler.step_us
            if gop.is_whole and self._should_yield():
                raise _YieldError
            self._cancel.check()

    def _drop_or_keep(self, playing: Playing, verdict: SessionVerdict) -> None:
        """Decide about the group that the end of a session cut off.

        It is kept where nothing of it can come any more, and fetched again otherwise.
        """
        groups = playing.rest()
        is_final = verdict is SessionVerdict.REACHED or (
            verdict in {SessionVerdict.END_OF_FOOTAGE, SessionVerdict.SECTION_END}
            and not self._is_growing(playing)
        )
        if verdict is SessionVerdict.INTERRUPTED and self._stops_again(groups):
            self._has_given_up = True
            is_final = not self._is_growing(playing)
        self._write(playing, [gop for gop in groups if gop.is_whole or is_final])

    def _stops_again(self, groups: list[Gop]) -> bool:
        """Return whether this session stopped in the same group as the one before."""
        return bool(groups) and self._resume.is_stuck(
            self._position_us, self._stop or Stop(None)
        )

    def _is_growing(self, playing: Playing) -> bool:
        now_ms = self._job.era.to_device(self._clock.now_ms())
        return (
            not playing.ending.is_last
            and playing.newest_us > (now_ms - _GROWING_MS) * 1000
        )

    # The outcome

    def _hear(self, playing: Playing, size: int) -> None:
        """Count what came, and tell how far it has got, at most once a second."""
        self._bytes += size
        now = self._clock.monotonic()
        if not size or now - self._reported < 1.0:
            return
        self._reported = now
        passed = max(now - self._began, 0.001)
        newest_ms = playing.newest_us // 1000
        gained = max(0, newest_ms - self._range.start_ms) / 1000
        self._progress(FetchProgress(newest_ms, self._bytes, gained / passed))

    def _add_notices(self, notices: list[str]) -> None:
        self._notices += [text for text in notices if text not in self._notices]

    def _end(self, reason: EndReason, error: NvrError | None = None) -> FetchOutcome:
        if notice := lost_notice(self._lost_sound_us):
            self._add_notices([notice])
        series = self._series
        try:
            series.finish()
        except NvrError as failure:
            if error is None or error.kind not in STORAGE_KINDS:
                reason, error = EndReason.FAILED, failure
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
            learned=self._learned(),
            error=error,
            notices=tuple(dict.fromkeys((*self._notices, *series.notices))),
        )

    def _learned(self) -> DevicePolicy:
        """Return what is known of the device now; stray bytes that stayed away are past."""
        policy = self._settings.endpoint.habits.taught(self._policy)
        kept_ms = sum(item.duration_ms for item in self._series.kept)
        if kept_ms:
            policy = policy.forget(Quirk.UNDATED_REPLAY)
        if not self._stumbles and kept_ms >= _CLEAN_MS:
            policy = policy.forget(Quirk.STRAY_BYTES)
        return policy

    def _reached(self, reason: EndReason) -> int:
        """Return up to where everything is settled, on the device's clock."""
        if reason is EndReason.REACHED:
            return self._range.end_ms
        if reason is EndReason.FAILED:
            kept_ms = max((item.end_ms for item in self._series.kept), default=0)
            return max(self._range.start_ms, kept_ms)
        return self._position_us // 1000

    def _gap_reason(self, hole: TimeRange) -> str:
        if any(item.overlaps(hole) for item in (*self._skipped, *self._series.dropped)):
            return str(ErrorKind.DAMAGED)
        return str(ErrorKind.NO_FOOTAGE)
