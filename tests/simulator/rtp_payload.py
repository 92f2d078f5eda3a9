"""Cutting access units into RTP payloads.

RFC 6184, RFC 7798, RFC 2435 (in `rtp_jpeg`), RFC 6416, RFC 3640, RFC 3551.
"""

from collections.abc import Iterator, Sequence

from .rtp_jpeg import jpeg_payloads

STAP_A, FU_A = 24, 28
AP, FU = 48, 49
RTP_HEADER_ROOM = 64
"""Bytes of a packet kept for the RTP header, its extension and padding."""


def video_payloads(
    codec: str, parameter_sets: Sequence[bytes], nals: Sequence[bytes], packet_size: int
) -> list[bytes]:
    """Return the payloads of one picture; parameter sets go first, aggregated."""
    room = packet_size - RTP_HEADER_ROOM
    if codec == "JPEG":
        return jpeg_payloads(nals[0], room)
    if codec == "MPEG4":
        return mpeg4_payloads(b"".join((*parameter_sets, *nals)), room)
    payloads: list[bytes] = []
    if parameter_sets:
        aggregate = (h264_stap if codec == "H264" else h265_ap)(parameter_sets)
        payloads += [aggregate] if len(aggregate) <= room else parameter_sets
    fragments = h264_fragments if codec == "H264" else h265_fragments
    for nal in nals:
        if len(nal) <= room:
            payloads.append(nal)
        else:
            payloads.extend(fragments(nal, room))
    return payloads


def as_one_nal(nals: Sequence[bytes]) -> bytes:
    """Return NAL units the way some encoders hand over a whole picture.

    With start codes of both lengths between, and zeros at the end (H.264 Annex B).
    """
    first, *rest = nals
    parts = [first]
    for index, nal in enumerate(rest):
        parts += (b"\0\0\1" if index % 2 else b"\0\0\0\1", nal)
    return b"".join((*parts, b"\0\0"))


def ends_nal(codec: str, payload: bytes) -> bool:
    """Return whether a payload is no fragment, or the last one."""
    if codec == "H264":
        return payload[0] & 0x1F != FU_A or payload[1] & 0x40 != 0
    return payload[0] >> 1 & 0x3F != FU or payload[2] & 0x40 != 0


def odd_payloads(codec: str) -> tuple[list[bytes], list[bytes]]:
    """Return what may stand before a picture and behind it, all to be passed over.

    A delimiter, nothing at all, a NAL unit without content, one of a reserved type; behind
    it a message (SEI) alone, with a marker of its own, at the picture's time.
    """
    if codec == "H264":
        front = [b"\x09\x10", b"", b"\x01", b"\x17\x01\x80", b"\x1e\x01\x80"]
        return front, [b"\x06\x05\x01\x61\x80"]
    front = [b"\x46\x01\x50", b"", b"\x02\x01", b"\x5a\x01\x80", b"\x7e\x01\x80"]
    return front, [b"\x4e\x01\x05\x01\x61\x80"]


def h264_stap(nals: Sequence[bytes]) -> bytes:
    """Return NAL units in one STAP-A packet (RFC 6184 §5.7.1)."""
    importance = max(nal[0] & 0x60 for nal in nals)
    return bytes([importance | STAP_A]) + _sized(nals)


def h264_fragments(nal: bytes, room: int) -> Iterator[bytes]:
    """Yield a NAL unit in FU-A packets (RFC 6184 §5.8)."""
    indicator = bytes([nal[0] & 0xE0 | FU_A])
    for first, last, part in _parts(nal, 1, room - 2):
        yield indicator + bytes([first << 7 | last << 6 | nal[0] & 0x1F]) + part


def h265_ap(nals: Sequence[bytes]) -> bytes:
    """Return NAL units in one aggregation packet (RFC 7798 §4.4.2)."""
    return bytes([nals[0][0] & 0x81 | AP << 1, nals[0][1]]) + _sized(nals)


def h265_fragments(nal: bytes, room: int) -> Iterator[bytes]:
    """Yield a NAL unit in fragmentation units (RFC 7798 §4.4.3)."""
    header = bytes([nal[0] & 0x81 | FU << 1, nal[1]])
    kind = nal[0] >> 1 & 0x3F
    for first, last, part in _parts(nal, 2, room - 3):
        yield header + bytes([first << 7 | last << 6 | kind]) + part


def mpeg4_payloads(picture: bytes, room: int) -> list[bytes]:
    """Return the payloads of one coded picture (RFC 6416 §5.2): cut anywhere."""
    return [picture[start : start + room] for start in range(0, len(picture), room)]


def aac_payloads(frame: bytes, packet_size: int) -> list[bytes]:
    """Return the payloads of one AAC frame, mode AAC-hbr (RFC 3640 §3.3.6).

    A frame larger than a packet is fragmented: every fragment tells the whole size.
    """
    header = b"\x00\x10" + (len(frame) << 3).to_bytes(2)
    room = packet_size - RTP_HEADER_ROOM
    return [
        header + frame[start : start + room] for start in range(0, len(frame), room)
    ]


def _sized(nals: Sequence[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2) + nal for nal in nals)


def _parts(nal: bytes, skip: int, size: int) -> Iterator[tuple[bool, bool, bytes]]:
    for start in range(skip, len(nal), size):
        yield start == skip, start + size >= len(nal), nal[start : start + size]
