"""Makes RTP packets for tests, with or without the replay extension."""

from collections.abc import Iterator
import struct

from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    ReplayStamp,
    build_extension,
)

SSRC = 0x11223344


def rtp(
    payload: bytes,
    sequence: int,
    timestamp: int,
    *,
    marker: bool = False,
    payload_type: int = 96,
    stamp: ReplayStamp | None = None,
    extension: bytes = b"",
    csrc: int = 0,
    padding: int = 0,
    ssrc: int = SSRC,
) -> bytes:
    """Return one packet."""
    if stamp is not None:
        extension = build_extension(stamp)
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | csrc
    head = struct.pack(
        ">BBHII",
        first,
        (0x80 if marker else 0) | payload_type,
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return head + bytes(4 * csrc) + extension + payload + tail


def interleave(channel: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(data)) + data


def fragment_h264(nal: bytes, size: int) -> Iterator[bytes]:
    """Yield FU-A payloads (RFC 6184 5.8)."""
    body = nal[1:]
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    for number, piece in enumerate(pieces):
        bits = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        yield bytes((nal[0] & 0xE0 | 28, bits | nal[0] & 0x1F)) + piece


def fragment_h265(nal: bytes, size: int) -> Iterator[bytes]:
    """Yield FU payloads (RFC 7798 4.4.3)."""
    body = nal[2:]
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    for number, piece in enumerate(pieces):
        bits = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        kind = nal[0] >> 1 & 0x3F
        yield bytes((nal[0] & 0x81 | 49 << 1, nal[1], bits | kind)) + piece
