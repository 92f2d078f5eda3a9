"""One PLAY of a fetch: units are received, dated and grouped until something ends it."""

from collections.abc import Callable
from dataclasses import replace

from ..errors import ErrorKind, NvrError
from ..fetching import FetchJob
from ..frames import AccessUnit, TrackFormat
from ..intervals import TimeRange
from ..media.assembler import GopAssembler
from ..media.units import Gop, TimedUnit
from ..models import TimeSource
from ..policy import Quirk
from ..rtp.timeline import Anchor, ReplayTimeline
from ..stream.unit_stream import Batch
from .capture import CaptureJudge, Trust
from .ending import EndOfRange, Verdict
from .pace import Pace
from .replay import Replay, ReplaySettings


class Playing:
    """What lives as long as one PLAY.

    Finished groups go to `write`, which may raise what ends the fetch; `hear` is told how
    many bytes came. `policy` is what is known of the device now.
    """

    def __init__(
        self,
        replay: Replay,
        asked: TimeRange,
        job: FetchJob,
        settings: ReplaySettings,
        *,
        write: Callable[[Playing, list[Gop]], None],
        hear: Callable[[Playing, int], None],
    ) -> None:
        """Begin after the PLAY was answered; `asked` is what it asked for."""
        self.replay = replay
        self.policy = replay.policy
        self.ending = EndOfRange(job.device_range.end_ms * 1000, settings.waits)
        self.assembler = GopAssembler(
            settings.bounds, has_sound=replay.sound is not None
        )
        self.newest_us = 0
        """When the latest picture was captured, 0 before the first."""
        self.stumbles = 0
        """How often bytes of no frame were passed over."""
        self.time_source = TimeSource.CAPTURE
        self.notices: list[str] = []
        self.had_nothing = False
        """The device was alive, and said or showed that it has no picture to send."""
        self._write = write
        self._hear = hear
        self._job = job
        self._settings = settings
        self._clock = settings.clock
        self._asked = asked
        self._pace = Pace(settings.clock, job.bytes_per_second)
        self._judge: CaptureJudge | None = self._new_judge()
        self._timelines = self._new_timelines()
        self._held: list[AccessUnit] = []
        self._ignores_stamps = False
        self._hole_places: list[int] = []
        """Which units have a hole in them or before them, counted from the first held."""
        self._holes_us: list[int] = []
        """When these were captured, as far as no group has been asked for them."""

    @property
    def video_format(self) -> TrackFormat:
        """Return the format of the pictures with the newest parameter sets."""
        track = self.replay.video
        sets = self.replay.stream.parameter_sets(track.index)
        return replace(track.format, parameter_sets=sets) if sets else track.format

    def run(self) -> Verdict:
        """Receive until something ends it; raises what `UnitStream.receive` raises."""
        stream, ending = self.replay.stream, self.ending
        monotonic = self._clock.monotonic
        quiet_since = monotonic()
        while True:
            batch = stream.receive(ending.patience(monotonic() - quiet_since))
            if verdict := self._take_batch(batch):
                return verdict
            if batch.ended:
                if verdict := self._take(stream.finish()):
                    return verdict
                self.had_nothing = ending.is_orderly(batch.ended)
                return ending.signal(batch.ended)
            if batch.bytes:
                self._go_easy(batch.bytes)
                quiet_since = monotonic()
                continue
            quiet_s = monotonic() - quiet_since
            if verdict := ending.quiet(quiet_s):
                return self._after_silence(quiet_s, verdict)

    def take_rest(self) -> Verdict | None:
        """Take what was complete before `run` raised."""
        return self._take_batch(self.replay.stream.drain())

    def _take_batch(self, batch: Batch) -> Verdict | None:
        self._hear(self, batch.bytes)
        self.stumbles += batch.stumbles
        held = len(self._held)
        self._hole_places += [held + place for place in batch.hole_places]
        return self._take(batch.units)

    def _go_easy(self, size: int) -> None:
        """Learn how fast the device is, and wait where a limit wants it."""
        if self.newest_us:
            self.policy = self._pace.learn(self.newest_us, self.policy)
        if wait_s := self._pace.pause_after(size):
            cancel = self._settings.cancel
            if self._clock.wait(cancel.event, wait_s):
                cancel.check()
            self.replay.stream.keep_alive()

    def _after_silence(self, quiet_s: float, verdict: Verdict) -> Verdict:
        """Return what a silence means, the picture counted that nothing marked as whole."""
        if units := self.replay.stream.finish():
            if found := self._take(units):
                return found
            verdict = self.ending.quiet(quiet_s) or verdict
        self.had_nothing = not self.ending.has_pictures
        return verdict

    def _take(self, units: list[AccessUnit]) -> Verdict | None:
        if self._judge and units:
            units = self._judged(self._judge, units)
        if not units:
            return None
        video = self.replay.video.index
        timelines = self._timelines
        assembler, ending = self.assembler, self.ending
        places, self._hole_places = self._hole_places, []
        for index, unit in enumerate(units):
            if self._ignores_stamps:
                unit = unit._replace(time_us=None)
            time_us, step = timelines[unit.track].place(unit)
            item = TimedUnit(time_us, unit)
            if places:
                self._holes_us += [time_us] * places.count(index)
            if unit.track != video:
                groups = assembler.add_sound(item)
            else:
                if step:
                    self.notices.append("the device's clock was set back")
                verdict = ending.picture(time_us, unit, assembler.step_us)
                groups = assembler.add_picture(item)
                self.newest_us = time_us
                if verdict:
                    self._write(self, [*groups, *self._before(time_us)])
                    return verdict
            if groups:
                self._write(self, groups)
        self._hole_places = [
            place - len(units) for place in places if place >= len(units)
        ]
        return None

    def holes_before(self, end_us: int) -> int:
        """Return how many holes there were up to here, each of them once."""
        later = [at_us for at_us in self._holes_us if at_us >= end_us]
        count = len(self._holes_us) - len(later)
        self._holes_us = later
        return count

    def _before(self, time_us: int) -> list[Gop]:
        """Return what is held up to the key picture that ended the range."""
        return [gop for gop in self.assembler.finish() if gop.start_us < time_us]

    def _judged(self, judge: CaptureJudge, units: list[AccessUnit]) -> list[AccessUnit]:
        """Hold units back until it is known what their capture times are worth."""
        video = self.replay.video.index
        self._held += units
        trust = Trust.UNDECIDED
        for unit in units:
            if unit.track == video and trust is Trust.UNDECIDED:
                trust = judge.judge(unit)
        if trust is Trust.UNDECIDED:
            return []
        held, self._held = self._held, []
        self._judge = None
        if trust is Trust.LIVE:
            raise NvrError(
                ErrorKind.NO_FOOTAGE, "the device plays live instead of footage"
            )
        if trust is Trust.ELSEWHERE:
            self._hole_places.clear()
            self._play_again()
            return []
        if trust is Trust.PLAYBACK:
            self.policy = self.policy.learn(Quirk.PLAYBACK_TIMES)
            self._ignores_stamps = True
        if trust is Trust.NONE:
            self.policy = self.policy.learn(Quirk.NO_CAPTURE_TIMES)
        elif self.policy.has(Quirk.NO_CAPTURE_TIMES):
            self.policy = self.policy.forget(Quirk.NO_CAPTURE_TIMES)
        if trust is not Trust.CAPTURE:
            self.time_source = TimeSource.ESTIMATED
        return held

    def _play_again(self) -> None:
        """Ask a device once more that began long before the start."""
        if self.policy.has(Quirk.PAUSE_BEFORE_PLAY):
            raise NvrError(
                ErrorKind.UNSUPPORTED, "the device ignores the start of the range"
            )
        self.replay.restart_paused(self._asked)
        self.policy = self.replay.policy
        self._judge = self._new_judge()
        self._timelines = self._new_timelines()

    def _new_judge(self) -> CaptureJudge:
        return CaptureJudge(
            self._asked,
            self._job.era.to_device(self._clock.now_ms()),
            self.replay.video.format.clock_rate,
            is_known_playback=self.policy.has(Quirk.PLAYBACK_TIMES),
        )

    def _new_timelines(self) -> dict[int, ReplayTimeline]:
        replay = self.replay
        anchor_ms = replay.answer.range_start_ms
        if anchor_ms is None:
            anchor_ms = self._asked.start_ms
        return {
            track.index: ReplayTimeline(
                track.format.clock_rate,
                reanchor_ms=self._settings.bounds.reanchor_ms,
                estimate=Anchor(
                    anchor_ms * 1000, replay.answer.rtp_times.get(track.index)
                ),
            )
            for track in (replay.video, replay.sound)
            if track
        }
