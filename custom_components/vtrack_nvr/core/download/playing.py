"""One PLAY of a fetch: units are received, dated and grouped until something ends it."""

from collections.abc import Callable
from dataclasses import replace

from ..errors import ErrorKind, NvrError
from ..fetch_job import FetchJob
from ..frames import AccessUnit, TrackFormat
from ..intervals import TimeRange
from ..media.assembler import GopAssembler
from ..media.beside import HeardFormat
from ..media.units import Gop, TimedUnit
from ..models import TimeSource
from ..policy import Quirk
from ..rtp.timeline import Anchor, ReplayTimeline
from ..stream.unit_stream import Batch
from .capture_times import OLDEST_US, CaptureJudge, Trust
from .dating import BEFORE_US, Dating, FirstDate, is_near
from .ending import EndOfRange, SessionVerdict
from .pace import Pace
from .replay import Replay, ReplaySettings

_PAUSED_IN_VAIN = frozenset({Quirk.PAUSE_BEFORE_PLAY, Quirk.IGNORES_RANGE_START})
"""A pause that cures devices of ignoring the start was tried, or is known not to help."""

_SUSPECT = frozenset(
    {
        Quirk.WRONG_CAPTURE_TIMES,
        Quirk.IGNORES_RANGE_START,
        Quirk.UNDATED_REPLAY,
    }
)
"""Devices whose capture times were wrong, or may begin at the start by chance."""


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
        dating: Dating,
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
        self.has_key = False
        """A picture came that others can be shown from."""
        self.stumbles = 0
        """How often bytes of no frame were passed over."""
        self.time_source = TimeSource.CAPTURE
        self.notices: list[str] = []
        self.had_nothing = False
        """The device was alive, and said or showed that it has no picture to send."""
        self._sound = HeardFormat(replay.sound.format) if replay.sound else None
        self._end_us: int | None = None
        """When the key picture was captured that ended the range, while sound is awaited."""
        self._write = write
        self._hear = hear
        self._job = job
        self._settings = settings
        self._clock = settings.clock
        self._asked = asked
        self._pace = Pace(settings.clock, job.bytes_per_second)
        self._dating = dating
        self._judge: CaptureJudge | None = self._new_judge()
        self._timelines: dict[int, ReplayTimeline] = {}
        self._held: list[AccessUnit] = []
        self._held_bytes = 0
        self._is_hurried = False
        """The judge was asked for its last word about what is held."""
        self._ignores_stamps = False
        self._lead_bytes = 0
        self._lead_began: float | None = None
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

    def sound_format(self, gop: Gop) -> TrackFormat | None:
        """Return the format of a group's sound; groups come in order."""
        return self._sound.of(gop) if self._sound else None

    def run(self) -> SessionVerdict:
        """Receive until something ends it; raises what `UnitStream.receive` raises."""
        stream, ending = self.replay.stream, self.ending
        monotonic = self._clock.monotonic
        quiet_since = monotonic()
        while True:
            batch = stream.receive(self._patience(monotonic() - quiet_since))
            if verdict := self._take_batch(batch):
                return verdict
            if batch.ended:
                if verdict := self._take(stream.finish(), is_last=True):
                    return verdict
                if self._end_us is not None:
                    return SessionVerdict.REACHED
                self.had_nothing = ending.is_orderly(batch.ended)
                return ending.signal(batch.ended)
            if batch.bytes:
                self._go_easy(batch.bytes)
                quiet_since = monotonic()
                continue
            quiet_s = monotonic() - quiet_since
            if self._end_us is not None and quiet_s >= self._settings.waits.end_quiet:
                return SessionVerdict.REACHED
            if self._held and quiet_s >= self._settings.waits.end_quiet:
                self._is_hurried = True
                if verdict := self._take([], is_last=True):
                    return verdict
            if verdict := ending.quiet(quiet_s):
                return self._after_silence(quiet_s, verdict)

    def _patience(self, quiet_s: float) -> float:
        """Return how long to wait; what is held or still awaited may be all that comes."""
        patience = self.ending.patience(quiet_s)
        if self._end_us is None and (not self._held or self._is_hurried):
            return patience
        return min(patience, max(0.0, self._settings.waits.end_quiet - quiet_s))

    def take_rest(self) -> SessionVerdict | None:
        """Take what was complete before `run` raised."""
        verdict = self._take_batch(self.replay.stream.drain(), is_last=True)
        return verdict or (None if self._end_us is None else SessionVerdict.REACHED)

    def _take_batch(
        self, batch: Batch, *, is_last: bool = False
    ) -> SessionVerdict | None:
        self._hear(self, batch.bytes)
        self.stumbles += batch.stumbles
        held = len(self._held)
        self._hole_places += [held + place for place in batch.hole_places]
        self._bound_lead(batch.bytes)
        return self._take(batch.units, is_last=is_last)

    def _bound_lead(self, size: int) -> None:
        """Give up on a device that plays too much before what was asked for."""
        if self._lead_began is None or self.newest_us >= self._asked.start_ms * 1000:
            return
        self._lead_bytes += size
        passed_s = self._clock.monotonic() - self._lead_began
        waits, bounds = self._settings.waits, self._settings.bounds
        if self._lead_bytes > bounds.lead_bytes or passed_s > waits.lead:
            self.policy = self.policy.forget(Quirk.IGNORES_RANGE_START)
            raise NvrError(
                ErrorKind.UNDATED, "the device begins too long before the asked start"
            )

    def _go_easy(self, size: int) -> None:
        """Learn how fast the device is, and wait where a limit wants it."""
        if self.newest_us:
            self.policy = self._pace.learn(self.newest_us, self.policy)
        if wait_s := self._pace.pause_after(size):
            cancel = self._settings.cancel
            if self._clock.wait(cancel.event, wait_s):
                cancel.check()
            self.replay.stream.keep_alive()

    def _after_silence(self, quiet_s: float, verdict: SessionVerdict) -> SessionVerdict:
        """Return what a silence means, the picture counted that nothing marked as whole."""
        units = self.replay.stream.finish()
        if units or self._held:
            if found := self._take(units, is_last=True):
                return found
            verdict = self.ending.quiet(quiet_s) or verdict
        self.had_nothing = not self.ending.has_pictures
        return verdict

    def _take(
        self, units: list[AccessUnit], *, is_last: bool = False
    ) -> SessionVerdict | None:
        """Date and group units; `is_last`: none will follow them."""
        if self._judge and (units or is_last):
            judged = self._judged(self._judge, units, is_last=is_last)
            if isinstance(judged, SessionVerdict):
                return judged
            units = judged
        if not units:
            return None
        video = self.replay.video.index
        timelines = self._timelines
        assembler, ending = self.assembler, self.ending
        places, self._hole_places = self._hole_places, []
        for index, unit in enumerate(units):
            if self._ignores_stamps:
                unit = unit._replace(time_us=None)
            timeline = timelines[unit.track]
            time_us, step = timeline.place(unit)
            item = TimedUnit(time_us, unit)
            if places:
                self._holes_us += [time_us] * places.count(index)
            step_us = assembler.step_us
            if unit.track != video:
                groups = assembler.add_sound(item)
            else:
                if step and self._end_us is None:
                    self.notices.append("the device's clock was set back")
                if timeline.is_estimated and timeline.reanchors:
                    # Its own times broke off: nothing dates what follows.
                    is_over = self._end_us is not None
                    return (
                        SessionVerdict.REACHED
                        if is_over
                        else SessionVerdict.SECTION_END
                    )
                groups = assembler.add_picture(item)
                self.has_key |= unit.is_key
                if self._end_us is None:
                    if ending.picture(time_us, unit, step_us):
                        self._end_us = time_us
                    self.newest_us = time_us
            if groups:
                self._write(self, self._before_end(groups))
            if self._end_us is not None and not assembler.awaits_sound(self._end_us):
                return SessionVerdict.REACHED
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

    def rest(self) -> list[Gop]:
        """Return what is held when the session is over; the last group may not be whole."""
        return self._before_end(self.assembler.finish())

    def _before_end(self, groups: list[Gop]) -> list[Gop]:
        """Return the groups before the key picture that ended the range, if one did."""
        end_us = self._end_us
        return [gop for gop in groups if end_us is None or gop.start_us < end_us]

    def _judged(
        self, judge: CaptureJudge, units: list[AccessUnit], *, is_last: bool
    ) -> list[AccessUnit] | SessionVerdict:
        """Hold units back until it is known what dates them; return those to take.

        A verdict is returned where the session has told all that it will. Raises UNDATED
        where nothing dates what the device plays, NO_FOOTAGE where it plays live.
        """
        video = self.replay.video.index
        self._held += units
        self._held_bytes += sum(len(unit.data) for unit in units)
        trust = Trust.UNDECIDED
        for unit in units:
            if unit.track == video and trust is Trust.UNDECIDED:
                trust = judge.judge(unit)
        has_pictures = any(unit.track == video for unit in self._held)
        is_enough = is_last or self._held_bytes > self._settings.bounds.gop_bytes
        if trust is Trust.UNDECIDED and has_pictures and is_enough:
            trust = judge.conclude()
        if trust is Trust.UNDECIDED:
            return []
        held, self._held = self._held, []
        self._held_bytes = 0
        self._judge = None
        is_probe = self._dating.is_probing
        found, first_us = self._date(trust, judge)
        is_before = first_us < self._asked.start_ms * 1000 - BEFORE_US
        if is_before and not is_probe:
            if not self.policy.quirks & _PAUSED_IN_VAIN:
                return self._play_again() or []
            self.policy = self.policy.forget(Quirk.PAUSE_BEFORE_PLAY)
            self.policy = self.policy.learn(Quirk.IGNORES_RANGE_START)
        if found is FirstDate.AGAIN:
            return SessionVerdict.DATE_DOUBTED
        self._timelines = self._new_timelines(judge.first, first_us)
        if is_before:
            self._lead_began = self._clock.monotonic()
        return held

    def _date(self, trust: Trust, judge: CaptureJudge) -> tuple[FirstDate, int]:
        """Return whether what begins is what it says it is, and when it begins."""
        if trust is Trust.LIVE:
            kind = ErrorKind.UNDATED
            if self._dating.is_believed:
                kind = ErrorKind.NO_FOOTAGE
            raise NvrError(kind, "the device plays live instead of footage")
        is_known_wrong = self.policy.has(Quirk.WRONG_CAPTURE_TIMES)
        if trust is Trust.CAPTURE and judge.first and not self._dating.is_wrong:
            first_us = judge.first.time_us or 0
            if not is_known_wrong or is_near(self._asked, first_us):
                return self._date_by_capture(first_us)
        self._learn_untimed(trust)
        self._ignores_stamps = True
        self.time_source = TimeSource.ESTIMATED
        start_ms = self.replay.answer.range_start_ms
        if start_ms is None:
            raise NvrError(
                ErrorKind.UNDATED, "neither capture times nor a clock range come"
            )
        found = self._dating.check(self._asked, start_ms * 1000)
        is_old = start_ms * 1000 < OLDEST_US and not is_near(
            self._asked, start_ms * 1000
        )
        if found is FirstDate.WRONG or is_old:
            raise NvrError(
                ErrorKind.UNDATED, "the answered range is not what was asked for"
            )
        return found, start_ms * 1000

    def _date_by_capture(self, first_us: int) -> tuple[FirstDate, int]:
        found = self._dating.check(
            self._asked, first_us, is_suspect=bool(self.policy.quirks & _SUSPECT)
        )
        if found is FirstDate.WRONG:
            self._dating.is_wrong = True
            self.policy = self.policy.learn(Quirk.WRONG_CAPTURE_TIMES).forget(
                Quirk.IGNORES_RANGE_START
            )
            return FirstDate.AGAIN, self._asked.start_ms * 1000
        if found is FirstDate.TRUE:
            self.policy = self.policy.forget(
                Quirk.NO_CAPTURE_TIMES, Quirk.WRONG_CAPTURE_TIMES
            )
        return found, first_us

    def _learn_untimed(self, trust: Trust) -> None:
        quirk = {
            Trust.PLAYBACK: Quirk.PLAYBACK_TIMES,
            Trust.NONE: Quirk.NO_CAPTURE_TIMES,
        }.get(trust, Quirk.WRONG_CAPTURE_TIMES)
        self.policy = self.policy.learn(quirk)

    def _play_again(self) -> SessionVerdict | None:
        """Ask a device once more that began long before the start, after a pause."""
        self._hole_places.clear()
        self.replay.policy = self.policy
        try:
            self.replay.restart_paused(self._asked)
        except NvrError as error:
            if error.kind in {ErrorKind.AUTH_REFUSED, ErrorKind.CANCELLED}:
                raise
            self.policy = self.policy.learn(Quirk.IGNORES_RANGE_START)
            return SessionVerdict.DATE_DOUBTED
        self._dating.drop()
        self.policy = self.replay.policy
        self._judge = self._new_judge()
        return None

    def _new_judge(self) -> CaptureJudge:
        return CaptureJudge(
            self._asked,
            self._job.era.to_device(self._clock.now_ms()),
            self.replay.video.format.clock_rate,
            is_known_playback=self.policy.has(Quirk.PLAYBACK_TIMES),
        )

    def _new_timelines(
        self, first: AccessUnit | None, first_us: int
    ) -> dict[int, ReplayTimeline]:
        """Return what dates units: by their own times, else from what is known for sure.

        That is the first picture with a time, or the answered range.
        """
        replay = self.replay
        answered_ms = replay.answer.range_start_ms
        estimates = {
            track.index: Anchor(
                answered_ms * 1000, replay.answer.rtp_times.get(track.index)
            )
            if answered_ms is not None and is_near(self._asked, answered_ms * 1000)
            else Anchor(first_us)
            for track in (replay.video, replay.sound)
            if track
        }
        if first and not self._ignores_stamps:
            estimates[replay.video.index] = Anchor(first_us, first.rtp_time)
        return {
            track.index: ReplayTimeline(
                track.format.clock_rate,
                reanchor_ms=self._settings.bounds.reanchor_ms,
                estimate=estimates[track.index],
            )
            for track in (replay.video, replay.sound)
            if track
        }
