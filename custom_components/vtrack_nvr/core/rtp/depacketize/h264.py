"""H.264 in RTP (RFC 6184, packetization modes 0 and 1)."""

from functools import lru_cache
from typing import ClassVar, override

from ...frames import Codec
from .video import FragmentHead, VideoDepacketizer, fragment_head

_STAP_A = 24
_FU_A = 28


class H264Depacketizer(VideoDepacketizer):
    """Single NAL units, STAP-A and FU-A; anything else damages the unit it is in."""

    CODEC: ClassVar[Codec] = Codec.H264
    AUD: ClassVar[int] = 9
    SET_TYPES: ClassVar[tuple[int, ...]] = (7, 8)
    KEY_TYPES: ClassVar[frozenset[int]] = frozenset({5})
    PICTURE_TYPES: ClassVar[frozenset[int]] = frozenset(range(1, 6))
    SLICE_TYPES: ClassVar[frozenset[int]] = frozenset({1, 2, 5})
    LEADING_TYPES: ClassVar[frozenset[int]] = frozenset({6, 7, 8, 9})
    NAL_TYPES: ClassVar[range] = range(1, 24)
    HEADER: ClassVar[int] = 1

    @staticmethod
    @override
    def _type_of(first: int) -> int:
        return first & 0x1F

    @override
    def _take(self, payload: memoryview) -> None:
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            self._fragment(_read_head(bytes(payload[:2])), payload[2:])
        elif kind < _STAP_A:
            self._nal(payload)
        elif kind == _STAP_A:
            self._split(payload, 1)
        else:
            self._is_damaged = True

    @override
    def _first_bytes(self, payload: memoryview) -> bytes:
        if len(payload) < 3:
            return b""
        kind = payload[0] & 0x1F
        if kind == _STAP_A:
            return bytes(payload[3:11])
        if kind != _FU_A:
            return bytes(payload[:8])
        if not payload[1] & 0x80:
            return b""
        return bytes((payload[0] & 0xE0 | payload[1] & 0x1F, *payload[2:8]))


@lru_cache(maxsize=256)
def _read_head(head: bytes) -> FragmentHead:
    """Read indicator and header of an FU-A (5.8)."""
    first, bits = head
    kind = bits & 0x1F
    return fragment_head(kind, bytes((first & 0xE0 | kind,)), head[:1], bits & ~0x20)
