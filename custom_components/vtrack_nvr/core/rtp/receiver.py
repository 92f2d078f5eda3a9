"""Interleaved frames in, access units out: the hot loop (RFC 2326 10.12, RFC 3550).

Nearly all bytes of a recording are middle fragments of pictures: same track, next
sequence number, same timestamp, no surprises. `_Track.run` takes these, and the last
fragment behind them, with one unpack, a few comparisons and one slice each; everything else
goes through `_Track.packet`, which spells the rules out. Both see the same bytes, so leaving
the run early is always right.
"""

from collections.abc import Callable, Mapping
import struct
from typing import Final

from ..frames import AccessUnit, TrackFormat
from ..policy import Bounds
from .depacketize import make_depacketizer
from .depacketize.base import Depacketizer
from .depacketize.video import VideoDepacketizer
from .packet import HEADER, PacketDefectError, find_payload
from .rtcp import PACKET_TYPES, Goodbye, SenderReport, parse_rtcp

_DOLLAR: Final = 0x24
_FRAME: Final = struct.Struct(">HH")
_HEADER_BYTES: Final = HEADER.size
_PLAIN: Final = 0x80
"""The first byte of a packet with nothing but the fixed header."""
_STAMPED: Final = 0x90
_THREE_WORDS: Final = b"\0\3"
_MARKER: Final = 0x80

type DepacketizerMaker = Callable[[list[AccessUnit]], Depacketizer]
"""Gets the list that units are to be appended to."""
type _Fields = tuple[int, int, int, int, bytes, bytes]
type _FieldRun = tuple[int, Callable[[memoryview, int], _Fields]]


class _Track:
    """One RTP channel: sequence numbers, and the two ways into its depacketizer."""

    def __init__(
        self,
        index: int,
        channel: int,
        payload_type: int,
        track_format: TrackFormat,
        bounds: Bounds,
        out: list[AccessUnit],
        hole_places: list[int],
        make: DepacketizerMaker | None,
        others: Mapping[int, TrackFormat],
    ) -> None:
        self.index = index
        self._out = out
        self._hole_places = hole_places
        self.depacketizer: Depacketizer = (
            make(out) if make else make_depacketizer(index, track_format, bounds, out)
        )
        self._others = {
            number: make_depacketizer(index, other, bounds, out)
            for number, other in others.items()
        }
        self._formats = {**others, payload_type: track_format} if others else {}
        self.video = (
            self.depacketizer
            if isinstance(self.depacketizer, VideoDepacketizer)
            else None
        )
        self.holes = 0
        self.malformed = 0
        self.has_ended = False
        self._frame_head = _DOLLAR << 8 | channel
        self._payload_type = payload_type
        self._has_matched = False
        self._sequence: int | None = None
        """The next one; None before the first packet."""
        self._ssrc = 0
        self._extension = b""
        """Its first 16 bytes in the latest packet, if nothing stands before it."""
        self._runs = _run_layouts(self.video.HEADER + 1 if self.video else 0)

    def packet(self, view: memoryview, start: int, stop: int) -> bool:
        """Take one RTP packet of any kind, which lies from `start` to `stop`.

        Returns whether it was one: what is RTCP is not looked at.
        """
        if stop - start < _HEADER_BYTES:
            is_rtcp = stop - start > 1 and view[start + 1] in PACKET_TYPES
            self.malformed += not is_rtcp
            return not is_rtcp
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(view, start)
        if second in PACKET_TYPES:
            return False
        stamp = None
        self._extension = b""
        if first == _PLAIN:
            start += _HEADER_BYTES
        else:
            if first == _STAMPED:
                self._extension = bytes(view[start + 12 : start + 28])
            try:
                stamp, start, stop = find_payload(first, view, start, stop)
            except PacketDefectError:
                self.malformed += 1
                return True
        payload_type = second & 0x7F
        depacketizer = self.depacketizer
        if payload_type == self._payload_type:
            self._has_matched = True
        elif other := self._others.get(payload_type):
            depacketizer = other
        elif self._has_matched:
            return True
        is_after_loss = False
        if (
            sequence != self._sequence
            and self._sequence is not None
            and ssrc == self._ssrc
        ):
            self.holes += 1
            self._hole_places.append(len(self._out) + self.depacketizer.is_holding)
            is_after_loss = True
        self._ssrc = ssrc
        self._sequence = sequence + 1 & 0xFFFF
        self.has_ended = False
        place = len(self._out)
        depacketizer.push(
            view[start:stop], timestamp, second >= _MARKER, stamp, is_after_loss
        )
        if self._formats:
            self._name_format(place, self._formats.get(payload_type))
        return True

    def _name_format(self, place: int, track_format: TrackFormat | None) -> None:
        """Let the units from a place on say how they are coded."""
        for number in range(place, len(self._out)):
            self._out[number] = self._out[number]._replace(format=track_format)

    def run(self, view: memoryview, position: int, end: int) -> int:
        """Take the rest of a NAL unit as long as there is nothing else; return its end.

        The last fragment is taken too, but for one with zeros at its end. Stamps must be
        that of the packet before.
        """
        video = self.video
        assert video is not None
        middle_head, last_head = video.fragment_heads
        sequence = self._sequence
        assert sequence is not None
        frame_head = self._frame_head
        plain = _PLAIN << 8 | self._payload_type
        constant = struct.pack(">II", video.timestamp, self._ssrc)
        size, unpack = self._runs[0]
        if end - position > 4 and view[position + 4] == _STAMPED:
            plain = _STAMPED << 8 | self._payload_type
            constant += self._extension
            size, unpack = self._runs[1]
            if self._extension[2:4] != _THREE_WORDS:
                return position
        append = video.parts.append
        furthest = end - size
        taken = 0
        is_last = is_marked = False
        while position <= furthest:
            head, length, flags, number, found, fragment = unpack(view, position)
            start, stop = position + size, position + 4 + length
            if (
                number != sequence
                or found != constant
                or head != frame_head
                or stop > end
                or stop <= start
            ):
                break
            if fragment == last_head:
                if flags & ~_MARKER != plain or not view[stop - 1]:
                    break
                is_last = True
            elif fragment != middle_head or flags != plain:
                break
            append(view[start:stop])
            taken += stop - start
            position = stop
            sequence = sequence + 1 & 0xFFFF
            if is_last:
                is_marked = flags != plain
                break
        self._sequence = sequence
        if taken:
            video.end_run(taken, is_last=is_last, is_marked=is_marked)
        return position

    def restart(self) -> None:
        """Forget sequence numbers and the unit in the making (new PLAY)."""
        self._sequence = None
        self.has_ended = False
        self.depacketizer.reset()
        for other in self._others.values():
            other.reset()


def _run_layouts(head_bytes: int) -> tuple[_FieldRun, _FieldRun]:
    """Return the bytes before the payload and their unpacker, without and with a stamp.

    Both unpack: `$` and channel, length, the first two bytes of RTP, the sequence number,
    what all packets of a picture have in common (timestamp, SSRC, stamp), the first bytes
    of the payload. Small numbers and short strings: Python
    compares these quickest.
    """
    plain = struct.Struct(f">HHHH8s{head_bytes}s")
    stamped = struct.Struct(f">HHHH24s{head_bytes}s")
    return (plain.size, plain.unpack_from), (stamped.size, stamped.unpack_from)


class Receiver:
    """All tracks of one session. Fill its lists by `take`, empty them by `drain`."""

    def __init__(self, bounds: Bounds, now_ms: Callable[[], int] | None = None) -> None:
        """Begin without tracks: frames on unknown channels are skipped.

        `now_ms` is asked when bytes came; without it units have no time of arrival.
        """
        self._now_ms = now_ms
        self.units: list[AccessUnit] = []
        self.reports: list[tuple[int, SenderReport]] = []
        self.hole_places: list[int] = []
        """Which of `units` have something missing in them or before them; the length of
        `units` is the one to come."""
        self._bounds = bounds
        self._media: dict[int, _Track] = {}
        self._tracks: dict[int, _Track] = {}
        """The same, by the first two bytes of their frames."""
        self._control: dict[int, _Track] = {}
        self._depacketizers: list[Depacketizer] = []

    def add_track(
        self,
        index: int,
        track_format: TrackFormat,
        payload_type: int,
        channel: int,
        control_channel: int,
        make: DepacketizerMaker | None = None,
        others: Mapping[int, TrackFormat] | None = None,
    ) -> None:
        """Listen to a track on the channels the device granted.

        `others` are formats of further payload types of a track of sound.
        `make` is asked for another depacketizer than our own. Raises
        `NvrError(UNSUPPORTED_CODEC)`.
        """
        track = _Track(
            index,
            channel,
            payload_type,
            track_format,
            self._bounds,
            self.units,
            self.hole_places,
            make,
            others or {},
        )
        self._media[channel] = track
        self._tracks[_DOLLAR << 8 | channel] = track
        self._depacketizers = [item.depacketizer for item in self._media.values()]
        self._control[control_channel] = track

    @property
    def holes(self) -> int:
        """Return how many sequence holes there have been on all tracks."""
        return sum(track.holes for track in self._media.values())

    @property
    def malformed(self) -> int:
        """Return how many packets were not RTP."""
        return sum(track.malformed for track in self._media.values())

    @property
    def ended_tracks(self) -> frozenset[int]:
        """Return the tracks whose last word was BYE."""
        return frozenset(
            track.index for track in self._media.values() if track.has_ended
        )

    @property
    def have_all_ended(self) -> bool:
        """Return whether every track has said BYE."""
        tracks = self._media.values()
        return bool(tracks) and all(track.has_ended for track in tracks)

    def parameter_sets(self, index: int) -> tuple[bytes, ...]:
        """Return the newest parameter sets of a video track, () for others."""
        for track in self._media.values():
            if track.index == index and track.video:
                return track.video.parameter_sets
        return ()

    def take(self, view: memoryview, position: int, end: int) -> int:
        """Take whole interleaved frames from `position` on; return where they stop.

        Stops before anything that is not a frame and before a frame that is not whole.
        Nothing of `view` is referred to any more when this returns.
        """
        tracks = self._tracks
        while end - position >= 4:
            head, length = _FRAME.unpack_from(view, position)
            stop = position + 4 + length
            if head >> 8 != _DOLLAR or stop > end:
                break
            track = tracks.get(head)
            if track is None:
                if control := self._control.get(head & 0xFF):
                    self._take_rtcp(control, view[position + 4 : stop])
                position = stop
                continue
            if not track.packet(view, position + 4, stop):
                self._take_rtcp(track, view[position + 4 : stop])
            position = stop
            video = track.video
            if video and video.fragment_heads and video.held_place is None:
                position = track.run(view, position, end)
        arrival_ms = self._now_ms() if self._now_ms else None
        for item in self._depacketizers:
            item.release(arrival_ms)
        return position

    @property
    def is_holding(self) -> bool:
        """Return whether a whole unit is held, unless more of it follows at once."""
        return any(item.is_holding for item in self._depacketizers)

    def end_marked(self) -> None:
        """Let go of units that are held although their end was marked."""
        for item in self._depacketizers:
            item.end_marked()

    @property
    def ready(self) -> int:
        """Return how many of `units` can be handed out: those before one that is held."""
        count = len(self.units)
        for item in self._depacketizers:
            if item.held_place is not None:
                count = min(count, item.held_place)
        return count

    def drain(self) -> tuple[list[AccessUnit], tuple[int, ...]]:
        """Return the units that are ready, and which `hole_places` lie up to there."""
        count = self.ready
        units = self.units[:count]
        del self.units[:count]
        for item in self._depacketizers:
            if item.held_place is not None:
                item.held_place -= count
        if not self.hole_places:
            return units, ()
        places = tuple(place for place in self.hole_places if place <= count)
        self.hole_places[:] = [
            place - count for place in self.hole_places if place > count
        ]
        return units, places

    def stumbled(self) -> None:
        """Note that bytes of no frame were passed over here."""
        self.hole_places.append(len(self.units))

    def finish(self) -> None:
        """Hand out last units that nothing marked as finished; only at an orderly end."""
        for track in self._media.values():
            track.depacketizer.finish()

    def restart(self) -> None:
        """Forget everything under way: what comes next belongs to another PLAY."""
        self.units.clear()
        self.hole_places.clear()
        self.reports.clear()
        for track in self._media.values():
            track.restart()

    def _take_rtcp(self, track: _Track, data: memoryview) -> None:
        for item in parse_rtcp(data):
            if isinstance(item, Goodbye):
                track.has_ended = True
                track.depacketizer.end_marked()
            else:
                self.reports.append((track.index, item))
