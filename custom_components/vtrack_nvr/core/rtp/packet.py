"""One RTP packet (RFC 3550 5.1)."""

import struct
from typing import Final, NamedTuple

from .replay_extension import ReplayStamp, parse_extension

HEADER: Final = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HH")
_PADDING = 0x20
_HAS_EXTENSION = 0x10


class PacketDefectError(ValueError):
    """These bytes are not an RTP packet; the message says why."""


class RtpPacket(NamedTuple):
    """The fields of a packet; `payload` is a view of the bytes that were handed in."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    stamp: ReplayStamp | None
    payload: memoryview


def parse_packet(data: memoryview) -> RtpPacket:
    """Read a packet; raises `PacketDefectError` only.

    CSRC list, header extension and padding are taken off; of extensions only ONVIF's
    replay stamp is read.
    """
    stop = len(data)
    if stop < HEADER.size:
        msg = f"RTP packet of {stop} bytes is shorter than its header"
        raise PacketDefectError(msg)
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    stamp, start, stop = find_payload(first, data, 0, stop)
    return RtpPacket(
        second > 0x7F,
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        stamp,
        data[start:stop],
    )


def find_payload(
    first: int, data: memoryview, start: int, stop: int
) -> tuple[ReplayStamp | None, int, int]:
    """Return stamp, begin and end of the payload of a packet from `start` to `stop`.

    `first` is its first byte; the header is known to be there. Raises `PacketDefectError`.
    """
    if first >> 6 != 2:
        msg = f"RTP version {first >> 6} instead of 2"
        raise PacketDefectError(msg)
    start += HEADER.size + 4 * (first & 0x0F)
    stamp = None
    if first & _HAS_EXTENSION:
        body = start + 4
        if body > stop:
            msg = "RTP header extension is cut off"
            raise PacketDefectError(msg)
        profile, words = _EXTENSION.unpack_from(data, start)
        start = body + 4 * words
        if start > stop:
            msg = f"RTP header extension of {words} words is cut off"
            raise PacketDefectError(msg)
        stamp = parse_extension(profile, words, data, body)
    if first & _PADDING:
        stop -= data[stop - 1]
    if start > stop:
        msg = "RTP packet is shorter than its CSRC list and padding"
        raise PacketDefectError(msg)
    return stamp, start, stop
