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


class LiveSession:
    """Blocking, for one thread; leave by `close`.

    Groups come with times on the device's clock: UTC less the offset of its era.
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
        self._offset_us = offset_ms * 1000
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
        self._sound: MediaTrack | None = None
        self._quiet_since = 0.0
        self._has_pictures = False
        self.notices: list[str] = []
        self.holes = 0
        self.newest_us: int | None = None
        """The newest picture, on the device's clock."""

    def start(self) -> None:
        """Connect and play; raises `NvrError`."""
        description = self._stream.describe()
        self._video = choose_video(description)
        self._stream.setup(self._video)
        sound = choose_sound(description) if self._with_sound else None
        if sound:
            try:
                self._stream.setup(sound)
                self._sound = sound
            except NvrError as error:
                if error.kind is ErrorKind.AUTH_REFUSED:
                    raise
                self.notices.append(error.detail)
        self._stream.play(PlayRequest())
        offset_ms = self._offset_us // 1000
        self._timelines = {
            track.index: LiveTimeline(
                track.format.clock_rate, device_offset_ms=offset_ms
            )
            for track in (self._video, self._sound)
            if track
        }
        self._assembler = GopAssembler(self._bounds, has_sound=self._sound is not None)
        self._quiet_since = self._clock.monotonic()

    @property
    def video(self) -> TrackFormat:
        """Return the picture's format with the newest parameter sets."""
        sets = self._stream.parameter_sets(self._video.index)
        found = self._video.format
        return replace(found, parameter_sets=sets) if sets else found

    @property
    def sound(self) -> TrackFormat | None:
        """Return the sound's format, None where none is kept."""
        return self._sound.format if self._sound else None

    @property
    def time_source(self) -> TimeSource:
        """Return how pictures are dated at the moment."""
        if self._timelines[self._video.index].uses_reports:
            return TimeSource.SENDER_REPORT
        return TimeSource.HOST

    def receive(self, timeout_s: float) -> list[Gop]:
        """Return the groups that became whole within a time.

        Raises TIMEOUT where no picture comes after the start, INTERRUPTED where they
        stop coming or the device ends the stream, and what the stream raises.
        """
        batch = self._stream.receive(timeout_s)
        self.holes += batch.holes
        groups = self._take(batch)
        if batch.ended:
            raise _EndedError(groups)
        quiet = self._clock.monotonic() - self._quiet_since
        waits = self._waits
        if not self._has_pictures and quiet >= waits.live_start:
            raise NvrError(ErrorKind.TIMEOUT, "no picture after the start")
        if self._has_pictures and quiet >= waits.live_stall:
            raise NvrError(ErrorKind.INTERRUPTED, "the stream stands still")
        return groups

    def rest(self) -> list[Gop]:
        """Return what is held when the session is over: live footage comes only once."""
        return self._assembler.finish()

    def close(self) -> None:
        """Tear down; never raises."""
        self._stream.close()

    def _take(self, batch: Batch) -> list[Gop]:
        groups: list[Gop] = []
        arrival_ms = batch.arrival_ms
        timelines = self._timelines
        for unit in batch.units:
            timeline = timelines.get(unit.track)
            if timeline is None:
                continue
            time_us = timeline.place(unit, arrival_ms).time_us - self._offset_us
            item = TimedUnit(time_us, unit)
            if unit.track == self._video.index:
                self.newest_us = time_us
                self._has_pictures = True
                self._quiet_since = self._clock.monotonic()
                groups += self._assembler.add_picture(item)
            else:
                groups += self._assembler.add_sound(item)
        for report in batch.reports:
            if timeline := timelines.get(report.track):
                timeline.report(report.time_us, report.rtp_time, arrival_ms)
        return groups


class _EndedError(NvrError):
    """The device ended the stream; `groups` came with the last bytes."""

    def __init__(self, groups: list[Gop]) -> None:
        super().__init__(ErrorKind.INTERRUPTED, "the device ended the stream")
        self.groups = groups
