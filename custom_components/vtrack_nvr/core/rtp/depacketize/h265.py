"""H.265 in RTP (RFC 7798, without decoding order numbers)."""

from typing import ClassVar, override

from ...frames import Codec
from .video import VideoDepacketizer

_AP = 48
_FU = 49


class H265Depacketizer(VideoDepacketizer):
    """Single NAL units, AP and FU; anything else damages the unit it is in."""

    CODEC: ClassVar[Codec] = Codec.H265
    AUD: ClassVar[int] = 35
    SET_TYPES: ClassVar[tuple[int, ...]] = (32, 33, 34)
    KEY_TYPES: ClassVar[frozenset[int]] = frozenset(range(16, 22))
    PICTURE_TYPES: ClassVar[frozenset[int]] = frozenset(range(32))
    SLICE_TYPES: ClassVar[frozenset[int]] = frozenset(range(32))
    LEADING_TYPES: ClassVar[frozenset[int]] = frozenset({32, 33, 34, 35, 39})
    NAL_TYPES: ClassVar[range] = range(48)
    HEADER: ClassVar[int] = 2

    @staticmethod
    @override
    def _type_of(first: int) -> int:
        return first >> 1 & 0x3F

    @override
    def _take(self, payload: memoryview) -> None:
        kind = payload[0] >> 1 & 0x3F
        if kind == _FU:
            fragment = payload[2]
            if fragment & 0x80:
                inner = fragment & 0x3F
                nal_header = bytes((payload[0] & 0x81 | inner << 1, payload[1]))
                head = bytes((payload[0], payload[1], inner))
                self._begin_fragments(
                    nal_header, head, payload[3:], fragment & 0x40 != 0
                )
            else:
                self._go_on(payload[3:], fragment & 0x40 != 0)
        elif kind < _AP:
            self._nal(payload)
        elif kind == _AP:
            self._split(payload, 2)
        else:
            self._is_damaged = True

    @override
    def _first_bytes(self, payload: memoryview) -> bytes:
        if len(payload) < 4:
            return b""
        kind = payload[0] >> 1 & 0x3F
        if kind == _AP:
            return bytes(payload[4:12])
        if kind != _FU:
            return bytes(payload[:8])
        if not payload[2] & 0x80:
            return b""
        inner = payload[2] & 0x3F
        return bytes((payload[0] & 0x81 | inner << 1, payload[1], *payload[3:9]))
