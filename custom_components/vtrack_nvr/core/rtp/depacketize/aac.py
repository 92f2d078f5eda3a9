"""AAC in RTP: MPEG4-GENERIC (RFC 3640), as described and as it is sent."""

from typing import Final, NamedTuple, override

from ...aac_config import AdtsFrame, is_adts, read_config, split_adts, ticks_per_frame
from ...frames import AccessUnit, TrackFormat
from ..replay_extension import ReplayStamp
from ..timeline import signed_distance
from .audio import AudioDepacketizer


class _Layout(NamedTuple):
    """Bits of an AU header: the size, and what follows it in the first and in others."""

    size: int
    first_more: int
    next_more: int


class _Units(NamedTuple):
    """The sizes of the units in a payload, and where the first one begins."""

    sizes: list[int]
    start: int


_NOTHING: Final = _Units([], 0)
_RENEW: Final = 1 << 30
_ENOUGH: Final = 3
"""So many packets in a row prove what a device counts in."""
_USUAL: Final = (_Layout(13, 3, 3), _Layout(13, 0, 0), _Layout(6, 2, 2))
"""AAC-hbr, the same without an index, AAC-lbr (RFC 3640 3.3.5, 3.3.6)."""


class _RtpmapClock:
    """RTP times in the clock of the rtpmap, whatever the device counts in.

    Where the configuration names another rate than the rtpmap, some count in that one:
    then a packet comes a frame's samples after the one before.
    """

    def __init__(self, config: bytes, clock_rate: int) -> None:
        self._rate = clock_rate
        self._origin: tuple[int, int] | None = None
        """A time as it was sent, and in the clock of the rtpmap; None: all are alike."""
        self._last: tuple[int, int, int] | None = None
        """The latest packet: its time as it was sent and as it was told, its frames."""
        self._votes = 0
        self.learn(config)

    def learn(self, config: bytes) -> None:
        """Take what the frames tell."""
        self.ticks = ticks_per_frame(config, self._rate)
        """How far apart two frames are."""
        known = read_config(config)
        self._samples = known.samples if known else self.ticks
        self._counted_rate = known.core_rate if known else self._rate

    def tell(self, timestamp: int, frames: int) -> int:
        """Return the RTP time of the next packet, which has so many frames."""
        told = timestamp
        if self._last and self._samples != self.ticks:
            sent, last, count = self._last
            distance = signed_distance(timestamp, sent)
            self._votes = self._votes + 1 if distance == count * self._samples else 0
            if self._origin is None and self._votes == _ENOUGH:
                self._origin = timestamp, last + count * self.ticks
        if self._origin is not None:
            sent, told = self._origin
            distance = signed_distance(timestamp, sent)
            told += distance * self._rate // self._counted_rate
            if distance > _RENEW:
                self._origin = timestamp, told
        self._last = timestamp, told, frames
        return told


class AacDepacketizer(AudioDepacketizer):
    """Raw AAC frames; several in one packet are dated a frame length apart.

    ADTS headers before frames are taken off; what they tell goes into the unit.
    """

    def __init__(
        self, track: int, out: list[AccessUnit], track_format: TrackFormat, limit: int
    ) -> None:
        """Read the header layout from the session description's `track_format`."""
        super().__init__(track, out, limit)
        described = _Layout(*track_format.au_header_bits)
        self._layouts = tuple(dict.fromkeys((described, *_USUAL)))
        self._unit_bytes = track_format.au_bytes
        self._channels = track_format.channels
        self._config = track_format.config
        self._clock = _RtpmapClock(track_format.config, track_format.clock_rate)
        self._wanted = 0
        self._timestamp = 0

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if is_after_loss or timestamp != self._timestamp:
            self.reset()
        sizes, start = self._read_headers(payload)
        if not sizes:
            return
        if len(sizes) == 1 and sizes[0] > len(payload) - start:
            self._add_fragment(sizes[0], payload[start:], timestamp, stamp)
            return
        self.reset()
        units = []
        for size in sizes:
            stop = start + size
            if stop > len(payload):
                break
            units.append(bytes(payload[start:stop]))
            start = stop
        self._hand_out(units, timestamp, stamp)

    @override
    def reset(self) -> None:
        super().reset()
        self._wanted = 0

    def _hand_out(
        self, units: list[bytes], timestamp: int, stamp: ReplayStamp | None
    ) -> None:
        """Hand out the frames of a packet's units."""
        frames: list[AdtsFrame] = []
        for unit in units:
            if is_adts(unit):
                frames += split_adts(unit, self._channels)
            else:
                frames.append(AdtsFrame(unit, b""))
        config = next((frame.config for frame in frames if frame.config), self._config)
        if config != self._config:
            self._config = config
            self._clock.learn(config)
        if frames:
            timestamp = self._clock.tell(timestamp, len(frames))
        for place, (data, told) in enumerate(frames):
            if data:
                moment = timestamp + place * self._clock.ticks
                self._emit(data, moment, None if place else stamp, told)

    def _read_headers(self, payload: memoryview) -> _Units:
        """Return where the units are (RFC 3640 3.2.1).

        Descriptions are wrong about the headers now and then: the layout counts that
        makes the units fill the packet.
        """
        room = len(payload)
        if is_adts(payload):
            return _Units([room], 0)  # no headers but ADTS's own
        described = self._layouts[0]
        if self._unit_bytes and not any(described):
            return _Units([self._unit_bytes] * (room // self._unit_bytes), 0)
        if room < 3:
            return _NOTHING
        bits = payload[0] << 8 | payload[1]
        start = 2 + (bits + 7) // 8
        if start > room:
            return _NOTHING
        if not bits:
            return _Units([room - start], start)
        headers = int.from_bytes(payload[2:start]) >> 8 * (start - 2) - bits
        if self._unit_bytes:
            more = bits - described.size - described.first_more
            step = max(1, described.size + described.next_more)
            return _Units([self._unit_bytes] * (1 + more // step), start)
        possible = [
            sizes
            for layout in self._layouts
            if (sizes := _sizes(headers, bits, layout))
        ]
        for sizes in possible:
            if sum(sizes) == room - start:
                return _Units(sizes, start)
        return _Units(possible[0], start) if possible else _NOTHING

    def _add_fragment(
        self,
        size: int,
        body: memoryview,
        timestamp: int,
        stamp: ReplayStamp | None,
    ) -> None:
        """Collect a frame that is larger than a packet: each piece tells the whole size."""
        self._check(size)
        if self._wanted != size:
            self.reset()
        if not self._pieces:
            self._wanted = size
            self._timestamp = timestamp
            self._stamp = stamp
        self._hold(body)
        if self._held >= size:
            if self._held == size:
                self._hand_out([b"".join(self._pieces)], timestamp, self._stamp)
            self.reset()


def _sizes(headers: int, bits: int, layout: _Layout) -> list[int]:
    """Return the sizes that headers of so many bits tell, none for another layout."""
    first, step = layout.size + layout.first_more, layout.size + layout.next_more
    if not layout.size or bits < first or (bits - first) % step:
        return []
    mask = (1 << layout.size) - 1
    return [
        headers >> bits - layout.size - place & mask
        for place in (0, *range(first, bits, step))
    ]
