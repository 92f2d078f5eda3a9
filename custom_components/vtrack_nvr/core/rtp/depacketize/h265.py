"""H.265 in RTP (RFC 7798, without decoding order numbers)."""

from functools import lru_cache
from typing import ClassVar, override

from ...frames import Codec
from .video import FragmentHead, VideoDepacketizer, fragment_head

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
            self._fragment(_read_head(bytes(payload[:3])), payload[3:])
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


@lru_cache(maxsize=256)
def _read_head(head: bytes) -> FragmentHead:
    """Read payload header and header of an FU (4.4.3)."""
    first, second, bits = head
    kind = bits & 0x3F
    return fragment_head(
        kind, bytes((first & 0x81 | kind << 1, second)), head[:2], bits
    )
