"""One live RTSP session: described, set up, played, its units dated in UTC."""

from dataclasses import replace

from ..cancel import CancelToken
from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..frames import TrackFormat
from ..login_guard import LoginGuard
from ..media.assembler import GopAssembler
from ..media.units import Gop, TimedUnit
from ..models import TimeSource
from ..policy import Bounds, Waits
from ..rtp.live_timeline import LiveTimeline
from ..rtsp.values import Endpoint, MediaTrack, PlayRequest
from ..stream.tracks import choose_sound, choose_video
from ..stream.unit_stream import Batch, UnitStream
from .ring import Group


class LiveSession:
    """Blocking, for one thread; leave by `close`. Groups come with times in UTC.

    `offset_ms` is what the device's clock is behind UTC, for its sender reports.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        offset_ms: int,
        clock: Clock,
        waits: Waits,
        bounds: Bounds,
        cancel: CancelToken,
        guard: LoginGuard | None,
        with_sound: bool,
    ) -> None:
        """Nothing is sent yet."""
        self._offset_ms = offset_ms
        self._clock = clock
        self._waits = waits
        self._bounds = bounds
        self._with_sound = with_sound
        self._stream = UnitStream(
            endpoint,
            clock=clock,
            waits=waits,
            bounds=bounds,
            cancel=cancel,
            guard=guard,
        )
        self._video: MediaTrack | None = None
        self._sound: MediaTrack | None = None
        self._timelines: dict[int, LiveTimeline] = {}
        self._assembler: GopAssembler | None = None
        self._last: list[Gop] = []
        self._quiet_since = 0.0
        self._has_pictures = False
        self.notices: list[str] = []
        self.holes = 0
        self.has_stepped = False
        """Times have jumped: a clock was set, or the stream's own times broke off."""

    def start(self) -> None:
        """Connect and play; raises `NvrError`."""
        stream = self._stream
        description = stream.describe()
        self._video = video = choose_video(description)
        stream.setup(video)
        sound = choose_sound(description) if self._with_sound else None
        if sound:
            try:
                stream.setup(sound)
                self._sound = sound
            except NvrError as error:
                if error.kind in {ErrorKind.AUTH_REFUSED, ErrorKind.CANCELLED}:
                    raise
                self.notices.append(error.detail)
        stream.play(PlayRequest())
        self._timelines = {
            track.index: LiveTimeline(
                track.format.clock_rate, device_offset_ms=self._offset_ms
            )
            for track in (video, self._sound)
            if track
        }
        self._assembler = GopAssembler(self._bounds, has_sound=self._sound is not None)
        self._quiet_since = self._clock.monotonic()

    @property
    def time_source(self) -> TimeSource:
        """Return how pictures are dated at the moment."""
        timeline = self._timelines.get(self._video.index) if self._video else None
        if timeline and timeline.uses_reports:
            return TimeSource.SENDER_REPORT
        return TimeSource.HOST

    def receive(self, timeout_s: float) -> list[Group]:
        """Return the groups that became whole within a time; empty after silence.

        Raises TIMEOUT where no picture comes after the start, INTERRUPTED where they
        stop coming or the device ends the stream, and what the stream raises.
        """
        stream = self._stream
        try:
            batch = stream.receive(timeout_s)
        except NvrError:
            self._last += self._take(stream.drain())
            raise
        groups = self._take(batch)
        if batch.ended:
            batch.units = stream.finish()
            batch.reports = []
            self._last += groups + self._take(batch)
            raise NvrError(ErrorKind.INTERRUPTED, "the device ended the stream")
        quiet = self._clock.monotonic() - self._quiet_since
        waits = self._waits
        if quiet >= (waits.live_stall if self._has_pictures else waits.live_start):
            self._last += groups
            if self._has_pictures:
                raise NvrError(ErrorKind.INTERRUPTED, "the stream stands still")
            raise NvrError(ErrorKind.TIMEOUT, "no picture after the start")
        return [self._with_formats(gop) for gop in groups]

    def rest(self) -> list[Group]:
        """Return what is held when the session is over: live footage comes only once."""
        if self._assembler is None:
            return []
        groups, self._last = self._last + self._assembler.finish(), []
        return [self._with_formats(gop) for gop in groups]

    def close(self) -> None:
        """Tear down; never raises."""
        self._stream.close()

    def _with_formats(self, gop: Gop) -> Group:
        assert self._video
        sets = self._stream.parameter_sets(self._video.index)
        video: TrackFormat = self._video.format
        return Group(
            gop,
            replace(video, parameter_sets=sets) if sets else video,
            self._sound.format if self._sound else None,
        )

    def _take(self, batch: Batch) -> list[Gop]:
        groups: list[Gop] = []
        assembler, video = self._assembler, self._video
        if assembler is None or video is None:
            return groups
        arrival_ms = batch.arrival_ms
        timelines = self._timelines
        self.holes += batch.holes
        for unit in batch.units:
            timeline = timelines.get(unit.track)
            if timeline is None:
                continue
            time_us, step = timeline.place(unit, arrival_ms)
            item = TimedUnit(time_us, unit)
            if unit.track == video.index:
                self.has_stepped = self.has_stepped or step is not None
                self._has_pictures = True
                self._quiet_since = self._clock.monotonic()
                groups += assembler.add_picture(item)
            else:
                groups += assembler.add_sound(item)
        for report in batch.reports:
            if timeline := timelines.get(report.track):
                timeline.report(report.time_us, report.rtp_time, arrival_ms)
        return groups
