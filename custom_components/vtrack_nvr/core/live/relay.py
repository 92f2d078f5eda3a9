"""Pictures of a codec that we do not depacketize, through an ffmpeg process and back.

    packets ─► Forwarder ─► loopback RTSP ─► ffmpeg ─► fragmented MP4 ─► frames

What MP4 can hold (Motion JPEG, MPEG-4 Visual) comes back as it was sent, the rest as H.264.
"""

from collections import deque
from dataclasses import dataclass, replace
import threading
from typing import Final

from ..cancel import CancelToken
from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..frames import AccessUnit, Codec, TrackFormat
from ..media import annexb
from ..media.incoming import FragmentReader, Frame
from ..media.units import TimedUnit
from ..policy import Bounds, Waits
from ..rtsp.session_values import MediaTrack
from .ffmpeg_pipe import FIRST_TICK, TICKS, Ffmpeg
from .forward import UNITS_PER_SECOND, Forwarder
from .loopback import LoopbackSource

COPIED: Final = frozenset({Codec.MJPEG, Codec.MPEG4})
"""Codecs that come back as they were sent."""
_TICKS_PER_UNIT: Final = TICKS // UNITS_PER_SECOND
_FIRST: Final = FIRST_TICK + _TICKS_PER_UNIT
"""Of the second copy of the first picture; the time of the first copy is a guess."""
_POLL_S: Final = 0.02
_USUALLY_HELD: Final = 4
_LARGEST_LINE: Final = 16 * 1024
_CONTROLS: Final = dict.fromkeys(range(32))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A unit on its way; `number` is that of the picture, or of the one before it."""

    number: int
    item: TimedUnit
    is_picture: bool


class Relay:
    """Blocking only in `open` and `finish`; for one thread; leave by `close`.

    Units without data go in by `add`, in the order in which they were sent, each with its
    time; `take` gives them back in that order with what ffmpeg made of their packets.
    """

    def __init__(
        self,
        binary: str,
        track: MediaTrack,
        *,
        clock: Clock,
        waits: Waits,
        bounds: Bounds,
        cancel: CancelToken,
    ) -> None:
        """Start nothing yet."""
        self._binary = binary
        self._track = track
        self._clock = clock
        self._waits = waits
        self._bounds = bounds
        self._cancel = cancel
        self.forwarder: Forwarder | None = None
        self._source: LoopbackSource | None = None
        self._ffmpeg: Ffmpeg | None = None
        self._reader = FragmentReader(bounds.access_unit_bytes)
        self._is_copy = track.format.codec in COPIED
        self._added = 0
        """How many units came in; the first is number 0."""
        self._waiting: deque[_Waiting] = deque()
        self._late: list[TimedUnit] = []
        """Came back together with the news that ffmpeg failed."""
        self._has_begun = self._has_jumped = False
        self.lost = 0
        """Whole units that never came back, after the first one that did."""

    @property
    def is_behind(self) -> bool:
        """Return whether more pictures went in than ffmpeg usually holds."""
        return sum(item.is_picture for item in self._waiting) > _USUALLY_HELD

    @property
    def pid(self) -> int:
        """Return the process id of ffmpeg, 0 before `open`."""
        return self._ffmpeg.pid if self._ffmpeg else 0

    @property
    def url(self) -> str:
        """Return where ffmpeg reads, "" before `open`."""
        return self._source.url if self._source else ""

    @property
    def format(self) -> TrackFormat:
        """Return how the pictures are coded that come back."""
        track = self._reader.track
        told = self._track.format
        if self._is_copy or track is None:
            return told
        return replace(told, codec=Codec.H264, parameter_sets=annexb.sets(track.config))

    def depacketizer(self, out: list[AccessUnit]) -> Forwarder:
        """Return what takes the stream's packets and says where units end."""
        self.forwarder = Forwarder(
            self._track.index,
            out,
            self._track.payload_type,
            self._track.format,
            self._bounds.access_unit_bytes,
        )
        return self.forwarder

    def open(self) -> None:
        """Start ffmpeg and wait until it asks for the stream.

        Raises `FFMPEG_FAILED`, and `UNSUPPORTED_CODEC` for a clock no picture has.
        """
        if TICKS % self._track.format.clock_rate:
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "pictures with an odd clock")
        self._source = source = LoopbackSource(describe(self._track))
        self._ffmpeg = Ffmpeg(self._binary, source.url, is_copy=self._is_copy)
        deadline = self._clock.monotonic() + self._waits.ffmpeg_start
        while not source.is_playing:
            source.pump()
            self._ffmpeg.read()
            if self._ffmpeg.has_ended or source.is_closed:
                raise NvrError(ErrorKind.FFMPEG_FAILED, "ffmpeg ended at its start")
            if self._clock.monotonic() > deadline:
                raise NvrError(ErrorKind.FFMPEG_FAILED, "ffmpeg does not begin")
            self._clock.wait(self._cancel.event, _POLL_S)
            self._cancel.check()

    def add(self, item: TimedUnit, *, is_picture: bool) -> None:
        """Queue a unit of the stream."""
        if is_picture:
            self._added += 1
        self._waiting.append(_Waiting(self._added - 1, item, is_picture))

    def take(self) -> list[TimedUnit]:
        """Hand on what has come, and return what came back; does not wait.

        Raises `FFMPEG_FAILED` where ffmpeg ended or does not take what it is sent.
        """
        source, ffmpeg = self._source, self._ffmpeg
        assert source
        assert ffmpeg
        self._send(source)
        found = self._matched(self._reader.feed(ffmpeg.read()))
        problem = ""
        if ffmpeg.has_ended or source.is_closed:
            problem = "ffmpeg ended by itself"
        elif source.unsent > self._bounds.gop_bytes:
            problem = "ffmpeg takes nothing more"
        if problem:
            self._late += found
            raise NvrError(ErrorKind.FFMPEG_FAILED, problem)
        return found

    def finish(self) -> list[TimedUnit]:
        """End the stream and return the last units; bounded, never raises."""
        source, ffmpeg = self._source, self._ffmpeg
        if source is None or ffmpeg is None or not source.is_playing:
            return []
        found, self._late = self._late, []
        begun = self._clock.monotonic()
        try:
            while not ffmpeg.has_ended and self._may_wait_since(begun):
                self._send(source)
                source.finish()
                if data := ffmpeg.read():
                    found += self._matched(self._reader.feed(data))
                elif not ffmpeg.has_ended:
                    self._clock.wait(threading.Event(), _POLL_S)
        except NvrError:
            pass
        return found + self._passed(self._added)

    def _may_wait_since(self, begun: float) -> bool:
        waits = self._waits
        stopping = self._cancel.is_cancelled
        longest = waits.ffmpeg_stop if stopping else waits.ffmpeg_end
        return self._clock.monotonic() - begun < longest

    def _send(self, source: LoopbackSource) -> None:
        forwarder = self.forwarder
        if forwarder and forwarder.packets:
            source.send(forwarder.packets)
            forwarder.packets.clear()
        source.pump()

    def _matched(self, frames: list[Frame]) -> list[TimedUnit]:
        """Give the units that wait what came back for them; what was passed is lost."""
        found: list[TimedUnit] = []
        waiting = self._waiting
        for frame in frames:
            number, rest = divmod(frame.shown - _FIRST, _TICKS_PER_UNIT)
            if rest or not 0 <= number < self._added:
                continue
            found += self._passed(number)
            self._has_begun = True
            if waiting and waiting[0].number == number and waiting[0].is_picture:
                time_us, unit = waiting.popleft().item
                data = frame.data if self._is_copy else annexb.to_annexb(frame.data)
                unit = unit._replace(
                    data=data,
                    is_key=frame.is_key,
                    is_discontinuous=unit.is_discontinuous or self._has_jumped,
                )
                self._has_jumped = False
                found.append(TimedUnit(time_us, unit))
        while waiting and not waiting[0].is_picture:
            found.append(waiting.popleft().item)
        return found

    def _passed(self, number: int) -> list[TimedUnit]:
        """Return the sound before a picture; pictures before it do not come any more."""
        found: list[TimedUnit] = []
        waiting = self._waiting
        while waiting and waiting[0].number < number:
            passed = waiting.popleft()
            if not passed.is_picture:
                found.append(passed.item)
                continue
            self._has_jumped |= passed.item.unit.is_discontinuous
            if self._has_begun and not passed.item.unit.is_damaged:
                self.lost += 1
        return found

    def close(self) -> None:
        """End ffmpeg; never raises."""
        if self._source:
            self._source.close()
        if self._ffmpeg:
            self._ffmpeg.end()


def describe(track: MediaTrack) -> str:
    """Return an SDP with one media: what the device said of it, and nothing else."""
    kind = track.payload_type
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=video 0 RTP/AVP {kind}",
        *(f"a=rtpmap:{kind} {text}" for text in (track.rtpmap,) if text),
        *(f"a=fmtp:{kind} {text}" for text in (track.fmtp,) if text),
        "a=control:track",
    ]
    return "".join(f"{line[:_LARGEST_LINE].translate(_CONTROLS)}\r\n" for line in lines)
