"""AAC as MP4A-LATM in RTP (RFC 6416).

Two forms. With the configuration out of band (`cpresent=0`) the session description
yields an ordinary AudioSpecificConfig, and units are raw AAC frames like RFC 3640's. With
it in band, units are LOAS frames, which decoders of LATM read.
"""

from typing import override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit, Codec, TrackFormat
from ..replay_extension import ReplayStamp
from .aac_config import ticks_per_frame
from .base import Depacketizer, make_unit

_LOAS_SYNC = 0x2B7
_LOAS_LIMIT = 0x1FFF


class LatmDepacketizer(Depacketizer):
    """Audio mux elements collected until the marker bit."""

    def __init__(
        self, track: int, out: list[AccessUnit], track_format: TrackFormat, limit: int
    ) -> None:
        """Codec AAC: configuration out of band; codec LATM: in band."""
        self.out = out
        self._track = track
        self._limit = limit
        self._is_raw = track_format.codec is Codec.AAC
        self._ticks = ticks_per_frame(track_format)
        self._parts: list[bytes] = []
        self._held = 0
        self._timestamp = 0
        self._stamp: ReplayStamp | None = None
        self._is_broken = False

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if timestamp != self._timestamp:
            self.reset()
            self._timestamp = timestamp
        if is_after_loss and self._parts:
            self._is_broken = True
        if self._stamp is None:
            self._stamp = stamp
        self._parts.append(bytes(payload))
        self._held += len(payload)
        if self._held > self._limit:
            raise NvrError(
                ErrorKind.PROTOCOL, f"audio frame longer than {self._limit} bytes"
            )
        if marker:
            if not self._is_broken:
                self._emit(b"".join(self._parts))
            self.reset()

    @override
    def release(self) -> None:
        pass

    @override
    def finish(self) -> None:
        self.reset()

    @override
    def reset(self) -> None:
        self._parts.clear()
        self._held = 0
        self._stamp = None
        self._is_broken = False

    def _emit(self, element: bytes) -> None:
        frames = raw_frames(element) if self._is_raw else loas_frame(element)
        for number, frame in enumerate(frames):
            stamp = self._stamp if number == 0 else None
            self.out.append(
                make_unit(
                    self._track,
                    frame,
                    (self._timestamp + number * self._ticks) & 0xFFFFFFFF,
                    stamp,
                    stamp.flags if stamp else 0,
                    True,
                    False,
                )
            )


def raw_frames(element: bytes) -> list[bytes]:
    """Take the length before each frame off (PayloadLengthInfo: bytes of 255, then less)."""
    frames = []
    position = 0
    while position < len(element):
        length = 0
        while position < len(element) and element[position] == 255:
            length += 255
            position += 1
        if position == len(element):
            break
        length += element[position]
        position += 1
        if not length or position + length > len(element):
            break
        frames.append(element[position : position + length])
        position += length
    return frames


def loas_frame(element: bytes) -> list[bytes]:
    """Put the LOAS sync word and length in front; nothing where it cannot be said."""
    if not 0 < len(element) <= _LOAS_LIMIT:
        return []
    return [(_LOAS_SYNC << 13 | len(element)).to_bytes(3) + element]
