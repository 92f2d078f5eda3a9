"""One live RTSP session: described, set up, played, its units dated in UTC."""

from contextlib import suppress
from dataclasses import replace

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint
from ..errors import ErrorKind, NvrError
from ..frames import AccessUnit, TrackFormat
from ..login_guard import LoginGuard
from ..media.assembler import GopAssembler
from ..media.beside import HeardFormat, lost_notice
from ..media.units import Gop, TimedUnit
from ..models import TimeSource
from ..policy import Bounds, Waits
from ..rtp.depacketize import can_depacketize
from ..rtp.live_clock import Dated, LiveClock
from ..rtsp.session_values import MediaTrack, PlayRequest
from ..stream.tracks import OLD_CODECS, choose_sound, choose_video
from ..stream.unit_stream import Batch, UnitStream
from .pre_roll import Group
from .relay import Relay

_KEY_PATIENCE = 2
"""How much longer than for any picture to wait for a key picture: groups can be long."""


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
        self._times: LiveClock | None = None
        self._assembler: GopAssembler | None = None
        self._heard: HeardFormat | None = None
        self._last: list[Gop] = []
        self._begun = self._quiet_since = 0.0
        self._by_host_us = 0
        """The last picture that no sender report dates."""
        self._has_pictures = self._has_key = False
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
        if video.format.codec not in OLD_CODECS and can_depacketize(video.format):
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
        self._times = LiveClock(
            {
                track.index: track.format.clock_rate
                for track in (video, self._sound)
                if track
            },
            video.index,
            most_bytes=self._bounds.gop_bytes,
            device_offset_ms=self._offset_ms,
        )
        self._assembler = GopAssembler(self._bounds, has_sound=self._sound is not None)
        self._heard = HeardFormat(self._sound.format) if self._sound else None
        self._begun = self._quiet_since = self._clock.monotonic()

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

        Raises TIMEOUT where no picture comes after the start, NO_KEY_PICTURES where they
        come and none to begin with is among them, INTERRUPTED where they stop coming or
        the device ends the stream, and what the stream raises.
        """
        stream = self._stream
        batch = stream.receive(timeout_s)
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
        if not self._has_key and (
            self._clock.monotonic() - self._begun >= _KEY_PATIENCE * waits.live_start
        ):
            raise NvrError(ErrorKind.NO_KEY_PICTURES, "no key picture among those sent")
        return [self._with_formats(gop) for gop in groups]

    def rest(self) -> list[Group]:
        """Return what is held when the session is over: live footage comes only once."""
        if self._assembler is None or self._times is None:
            return []
        with suppress(NvrError):
            self._last += self._take(self._stream.drain())
        if self._relay:
            for item in self._relay.finish():
                self._last += self._date(item.unit)
            self._count_lost()
        self._last += self._keep(self._times.finish())
        groups, self._last = self._last + self._assembler.finish(), []
        if notice := lost_notice(self._assembler.lost_sound_us):
            self.notices.append(notice)
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
            self._heard.of(gop) if self._heard else None,
            TimeSource.HOST
            if gop.start_us <= self._by_host_us
            else TimeSource.SENDER_REPORT,
        )

    def _take(self, batch: Batch) -> list[Gop]:
        groups: list[Gop] = []
        video, times, relay = self._video, self._times, self._relay
        if times is None or video is None:
            return groups
        arrival_ms = batch.arrival_ms
        self.holes += batch.holes
        for unit in batch.units:
            if unit.arrival_ms is None:
                unit = unit._replace(arrival_ms=arrival_ms)
            if relay:
                item = TimedUnit(0, unit)
                relay.add(item, is_picture=unit.track == video.index)
            else:
                groups += self._date(unit)
        for report in batch.reports:
            times.report(report.track, report.time_us, report.rtp_time, arrival_ms)
        if relay:
            for item in relay.take():
                groups += self._date(item.unit)
            self._count_lost()
        return groups

    def _date(self, unit: AccessUnit) -> list[Gop]:
        """Date a unit, as soon as that is possible; return the groups it finishes."""
        assert self._times
        assert self._video
        assert unit.arrival_ms is not None
        if unit.track == self._video.index:
            self._has_pictures = True
            self._has_key |= unit.is_key
            self._quiet_since = self._clock.monotonic()
        return self._keep(self._times.place(unit, unit.arrival_ms))

    def _keep(self, units: list[Dated]) -> list[Gop]:
        """Put units into their groups; return the groups that are finished by them."""
        assert self._assembler
        assert self._video
        groups: list[Gop] = []
        for unit, (time_us, step), by_report in units:
            if unit.track != self._video.index:
                groups += self._assembler.add_sound(TimedUnit(time_us, unit))
                continue
            if not by_report:
                self._by_host_us = time_us
            has_jumped = step is not None
            self.has_stepped |= has_jumped
            if unit.is_discontinuous is not has_jumped:
                unit = unit._replace(is_discontinuous=has_jumped)
            groups += self._assembler.add_picture(TimedUnit(time_us, unit))
        return groups

    def _count_lost(self) -> None:
        """Count a picture that ffmpeg did not give back as a hole, too."""
        if self._relay:
            self.holes += self._relay.lost
            self._relay.lost = 0
