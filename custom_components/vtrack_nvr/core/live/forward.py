"""Packets of a codec that we do not depacketize, made ready to be handed on."""

import struct
from typing import Final, override

from ..errors import ErrorKind, NvrError
from ..frames import AccessUnit, Codec, TrackFormat
from ..rtp.depacketize.base import Depacketizer, make_unit
from ..rtp.replay_extension import ReplayStamp

CHANNEL: Final = 0
"""The interleaved channel of the packets on loopback."""
_FRAME: Final = struct.Struct(">BBHBBHII")
_VERSION: Final = 0x80
_SSRC: Final = 1
UNITS_PER_SECOND: Final = 25


class Forwarder(Depacketizer):
    """Collects packets with a header of our own, and notes where access units end.

    A unit comes out for each picture that was sent, without data, so that it can be dated
    by its arrival; the picture comes back later from whoever reads `packets`. There the
    RTP time says only which unit it is, whatever the device's times do: one step further
    each. What was lost on the way leaves a hole in the sequence numbers. The first unit
    is sent twice, because ffmpeg guesses the time of the first; the second copy counts.
    """

    def __init__(
        self,
        track: int,
        out: list[AccessUnit],
        payload_type: int,
        track_format: TrackFormat,
        limit: int,
    ) -> None:
        """Begin with unit 0; a unit beyond `limit` bytes ends the session."""
        self.out = out
        self.packets = bytearray()
        """Interleaved frames; to be emptied by who takes them."""
        self.step = max(1, track_format.clock_rate // UNITS_PER_SECOND)
        self._is_jpeg = track_format.codec is Codec.MJPEG
        self._track = track
        self._payload_type = payload_type
        self._limit = limit
        self._number = -1
        self._sequence = 0
        """Of the next packet."""
        self._timestamp: int | None = None
        self._size = 0
        self._is_open = False
        self._is_damaged = False
        self._has_marks = False
        self._first: list[tuple[bytes, bool]] | None = []

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if self._is_jpeg and len(payload) > 7 and not (payload[6] and payload[7]):
            raise NvrError(
                ErrorKind.UNSUPPORTED_CODEC, "JPEG of more than 2040 pixels a side"
            )
        if is_after_loss:
            self._sequence += 1
        if timestamp != self._timestamp:
            if self._is_open:
                self._is_damaged |= is_after_loss
                self._end()
            self._timestamp = timestamp
            self._number += 1
            self._size = 0
            self._is_open = True
            self._is_damaged = False
        self._is_damaged |= is_after_loss
        self._size += len(payload)
        if self._size > self._limit:
            raise NvrError(
                ErrorKind.PROTOCOL, f"access unit longer than {self._limit} bytes"
            )
        if self._first is not None:
            self._first.append((bytes(payload), marker))
        self._send(payload, marker)
        if marker:
            self._has_marks = True
            if self._is_open:
                self._end()

    @override
    def release(self, arrival_ms: int | None = None) -> None:
        pass

    @override
    def finish(self) -> None:
        if self._is_open and not self._has_marks:
            self._end()
        self.reset()

    @override
    def reset(self) -> None:
        self._is_open = False
        self._is_damaged = False

    def _send(self, payload: memoryview | bytes, marker: bool) -> None:
        self.packets += _FRAME.pack(
            0x24,
            CHANNEL,
            12 + len(payload),
            _VERSION,
            marker << 7 | self._payload_type,
            self._sequence & 0xFFFF,
            (self.step * (self._number + 1)) & 0xFFFFFFFF,
            _SSRC,
        )
        self.packets += payload
        self._sequence += 1

    def _end(self) -> None:
        """Hand out the unit, without its data."""
        assert self._timestamp is not None
        self._is_open = False
        if self._first is not None:
            again, self._first = self._first, None
            self._number += 1
            for payload, marker in again:
                self._send(payload, marker)
        self.out.append(
            make_unit(
                self._track,
                b"",
                self._timestamp,
                None,
                0,
                is_key=False,
                is_damaged=self._is_damaged,
            )
        )
