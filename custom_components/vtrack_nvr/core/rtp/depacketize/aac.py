"""AAC in RTP: MPEG4-GENERIC (RFC 3640), modes AAC-hbr and AAC-lbr."""

from typing import override

from ...aac import ticks_per_frame
from ...frames import AccessUnit, TrackFormat
from ..replay_extension import ReplayStamp
from .audio import AudioDepacketizer


class AacDepacketizer(AudioDepacketizer):
    """Raw AAC frames; several in one packet are dated a frame length apart."""

    def __init__(
        self, track: int, out: list[AccessUnit], track_format: TrackFormat, limit: int
    ) -> None:
        """Read the header layout from the session description's `track_format`."""
        super().__init__(track, out, limit)
        self._size_bits, index_bits, delta_bits = track_format.au_header_bits
        self._first_bits = self._size_bits + index_bits
        self._next_bits = self._size_bits + delta_bits
        self._ticks = ticks_per_frame(track_format)
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
        for number, size in enumerate(sizes):
            stop = start + size
            if stop > len(payload):
                return
            if size:
                self._emit(
                    bytes(payload[start:stop]),
                    timestamp + number * self._ticks,
                    stamp if number == 0 else None,
                )
            start = stop

    @override
    def reset(self) -> None:
        super().reset()
        self._wanted = 0

    def _read_headers(self, payload: memoryview) -> tuple[list[int], int]:
        """Return the frame sizes and where the first frame begins (RFC 3640 3.2.1)."""
        if len(payload) < 3:
            return [], 0
        bits = payload[0] << 8 | payload[1]
        start = 2 + (bits + 7) // 8
        if start > len(payload) or bits < self._first_bits:
            return [], 0
        headers = int.from_bytes(payload[2:start])
        left = 8 * (start - 2)
        unread = bits
        mask = (1 << self._size_bits) - 1
        sizes = []
        step = self._first_bits
        while unread >= step:
            sizes.append(headers >> left - self._size_bits & mask)
            left -= step
            unread -= step
            step = self._next_bits
        return sizes, start

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
                self._emit(b"".join(self._pieces), timestamp, self._stamp)
            self.reset()
