"""One live RTSP session: described, set up, played, its units dated in UTC."""

from contextlib import suppress
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
from ..rtp.depacketize import can_depacketize
from ..rtp.live_timeline import LiveTimeline
from ..rtsp.values import Endpoint, MediaTrack, PlayRequest
from ..stream.tracks import choose_sound, choose_video
from ..stream.unit_stream import Batch, UnitStream
from .relay import Relay
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
        ffmpeg: str = "",
    ) -> None:
        """Nothing is sent yet; `ffmpeg` is the program for codecs that are not ours."""
        self._offset_ms = offset_ms
        self._clock = clock
        self._waits = waits
        self._bounds = bounds
        self._with_sound = with_sound
        self._ffmpeg = ffmpeg
        self._cancel = cancel
        self._relay: Relay | None = None
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
        self._by_host_us = 0
        """The last picture that no sender report dates."""
        self._has_pictures = False
        self.notices: list[str] = []
        self.holes = 0
        self.has_stepped = False
        """Times have jumped: a clock was set, or the stream's own times broke off."""

    def start(self) -> None:
        """Connect and play; raises `NvrError`."""
        stream = self._stream
        description = stream.describe()
        video = choose_video(description, takes_others=bool(self._ffmpeg))
        self._video = video
        if can_depacketize(video.format):
            stream.setup(video)
        else:
            self._relay = relay = self._open_relay(video)
            stream.setup(video, reader=relay.depacketizer)
        sound = choose_sound(description) if self._with_sound else None
        if sound:
            try:
                stream.setup(sound)
                self._sound = sound
            except NvrError as error:
                if error.kind in {ErrorKind.AUTH_REFUSED, ErrorKind.CANCELLED}:
                    raise
                self.notices.append(error.detail)
        if self._relay:
            self._relay.open()
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

    def _open_relay(self, video: MediaTrack) -> Relay:
        return Relay(
            self._ffmpeg,
            video,
            clock=self._clock,
            waits=self._waits,
            bounds=self._bounds,
            cancel=self._cancel,
        )

    def receive(self, timeout_s: float) -> list[Group]:
        """Return the groups that became whole within a time; empty after silence.

        Raises TIMEOUT where no picture comes after the start, INTERRUPTED where they
        stop coming or the device ends the stream, and what the stream raises.
        """
        stream = self._stream
        try:
            batch = stream.receive(timeout_s)
        except NvrError:
            with suppress(NvrError):
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
            if self._relay and self._relay.is_behind:
                raise NvrError(ErrorKind.FFMPEG_FAILED, "ffmpeg stands still")
            if self._has_pictures:
                raise NvrError(ErrorKind.INTERRUPTED, "the stream stands still")
            raise NvrError(ErrorKind.TIMEOUT, "no picture after the start")
        return [self._with_formats(gop) for gop in groups]

    def rest(self) -> list[Group]:
        """Return what is held when the session is over: live footage comes only once."""
        if self._assembler is None:
            return []
        if self._relay:
            for item in self._relay.finish():
                self._last += self._keep(item)
            self._count_lost()
        groups, self._last = self._last + self._assembler.finish(), []
        return [self._with_formats(gop) for gop in groups]

    def close(self) -> None:
        """Tear down; never raises."""
        self._stream.close()
        if self._relay:
            self._relay.close()

    def _with_formats(self, gop: Gop) -> Group:
        assert self._video
        sets = self._stream.parameter_sets(self._video.index)
        video: TrackFormat = self._relay.format if self._relay else self._video.format
        return Group(
            gop,
            replace(video, parameter_sets=sets) if sets else video,
            self._sound.format if self._sound else None,
            TimeSource.HOST
            if gop.start_us <= self._by_host_us
            else TimeSource.SENDER_REPORT,
        )

    def _take(self, batch: Batch) -> list[Gop]:
        groups: list[Gop] = []
        video = self._video
        if self._assembler is None or video is None:
            return groups
        arrival_ms = batch.arrival_ms
        timelines = self._timelines
        relay = self._relay
        self.holes += batch.holes
        for unit in batch.units:
            timeline = timelines.get(unit.track)
            if timeline is None:
                continue
            time_us, step = timeline.place(unit, arrival_ms)
            is_picture = unit.track == video.index
            if is_picture:
                if not timeline.uses_reports:
                    self._by_host_us = time_us
                has_jumped = step is not None
                if unit.is_discontinuous is not has_jumped:
                    unit = unit._replace(is_discontinuous=has_jumped)
            item = TimedUnit(time_us, unit)
            if relay:
                relay.add(item, is_picture=is_picture)
            else:
                groups += self._keep(item)
        for report in batch.reports:
            if timeline := timelines.get(report.track):
                timeline.report(report.time_us, report.rtp_time, arrival_ms)
        if relay:
            for item in relay.take():
                groups += self._keep(item)
            self._count_lost()
        return groups

    def _keep(self, item: TimedUnit) -> list[Gop]:
        """Put a unit into its group; return the groups that are finished by it."""
        assert self._assembler
        assert self._video
        if item.unit.track != self._video.index:
            return self._assembler.add_sound(item)
        self._has_pictures = True
        self._quiet_since = self._clock.monotonic()
        self.has_stepped |= item.unit.is_discontinuous
        return self._assembler.add_picture(item)

    def _count_lost(self) -> None:
        """Count a picture that ffmpeg did not give back as a hole, too."""
        if self._relay:
            self.holes += self._relay.lost
            self._relay.lost = 0
