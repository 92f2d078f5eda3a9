"""H.264 in RTP (RFC 6184, packetization modes 0 and 1)."""

from typing import ClassVar, override

from .video import START_CODE, VideoDepacketizer

_STAP_A = 24
_FU_A = 28
_RAW = 0


class H264Depacketizer(VideoDepacketizer):
    """Single NAL units, STAP-A and FU-A; anything else damages the unit it is in."""

    AUD: ClassVar[int] = 9
    SET_TYPES: ClassVar[tuple[int, ...]] = (7, 8)
    KEY_TYPES: ClassVar[frozenset[int]] = frozenset({5})
    PICTURE_TYPES: ClassVar[frozenset[int]] = frozenset(range(1, 6))
    NAL_TYPES: ClassVar[range] = range(1, 24)
    HEADER: ClassVar[int] = 1

    @staticmethod
    @override
    def _type_of(first: int) -> int:
        return first & 0x1F

    @override
    def _take(self, payload: memoryview) -> None:
        first = payload[0]
        kind = first & 0x1F
        if kind == _FU_A:
            header = payload[1]
            if header & 0x80:
                nal_header = bytes((first & 0xE0 | header & 0x1F,))
                head = bytes((first, header & 0x1F))
                self._begin_fragments(nal_header, head, payload[2:], header & 0x40 != 0)
            else:
                self._go_on(payload[2:], header & 0x40 != 0)
        elif 0 < kind < _STAP_A:
            self._nal(payload)
        elif kind == _STAP_A:
            self._split(payload, 1)
        elif kind == _RAW and bytes(payload[:4]) in {START_CODE, b"\x00\x00\x01"}:
            self._take_annex_b(bytes(payload))
        else:
            self._is_damaged = True

    def _take_annex_b(self, payload: bytes) -> None:
        """Take what some cheap cameras send: NAL units with start codes inside."""
        for nal in payload.replace(START_CODE, START_CODE[1:]).split(START_CODE[1:]):
            self._nal(nal)

    @override
    def _starts_picture(self, payload: memoryview) -> bool:
        """Look at first_mb_in_slice: a slice begins with bit 1 where that is 0."""
        if len(payload) < 3:
            return False
        kind = payload[0] & 0x1F
        start = 1
        if kind == _FU_A:
            if not payload[1] & 0x80:
                return False
            kind = payload[1] & 0x1F
            start = 2
        if kind in self.PICTURE_TYPES:
            return payload[start] & 0x80 != 0
        return kind in {6, 7, 8, 9}
