"""AAC as MP4A-LATM in RTP (RFC 6416).

Two forms. With the configuration out of band (`cpresent=0`) the session description
yields an ordinary AudioSpecificConfig, and units are raw AAC frames like RFC 3640's. With
it in band, units are LOAS frames, which decoders of LATM read.
"""

from typing import override

from ...aac_config import ticks_per_frame
from ...frames import AccessUnit, Codec, TrackFormat
from ..replay_extension import ReplayStamp
from .audio import AudioDepacketizer

_LOAS_SYNC = 0x2B7
_LOAS_LIMIT = 0x1FFF


class LatmDepacketizer(AudioDepacketizer):
    """Audio mux elements collected until the marker bit."""

    def __init__(
        self, track: int, out: list[AccessUnit], track_format: TrackFormat, limit: int
    ) -> None:
        """Codec AAC: configuration out of band; codec LATM: in band."""
        super().__init__(track, out, limit)
        self._is_raw = track_format.codec is Codec.AAC
        self._ticks = ticks_per_frame(track_format.config, track_format.clock_rate)
        self._timestamp = 0
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
        if is_after_loss and self._pieces:
            self._is_broken = True
        if self._stamp is None:
            self._stamp = stamp
        self._hold(payload)
        if marker:
            if not self._is_broken:
                self._split(b"".join(self._pieces))
            self.reset()

    @override
    def reset(self) -> None:
        super().reset()
        self._is_broken = False

    def _split(self, element: bytes) -> None:
        frames = raw_frames(element) if self._is_raw else loas_frame(element)
        for number, frame in enumerate(frames):
            self._emit(
                frame,
                self._timestamp + number * self._ticks,
                self._stamp if number == 0 else None,
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
