"""Motion JPEG in RTP (RFC 2435), from baseline JPEG pictures with the usual tables."""

from dataclasses import dataclass, field
import struct

SOI, SOF0, DHT, SOS, DQT, DRI = 0xD8, 0xC0, 0xC4, 0xDA, 0xDB, 0xDD
TYPES = {0x21: 0, 0x22: 1}
"""Sampling of the first component to the type of RFC 2435 §4.1: 4:2:2 and 4:2:0."""
TABLES_IN_BAND = 255
LARGEST = 255 * 8


@dataclass
class Parts:
    """What of a JPEG picture goes over the wire."""

    width: int = 0
    height: int = 0
    type: int = 1
    tables: dict[int, bytes] = field(default_factory=dict)
    table_of: tuple[int, ...] = ()
    """Which table the components use."""
    scan: bytes = b""


def read_jpeg(data: bytes) -> Parts:
    """Take a picture apart (ITU-T T.81 B); the Huffman tables must be those of Annex K."""
    parts = Parts()
    at = 2
    while at + 4 <= len(data):
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : at + 2 + length]
        at += 2 + length
        if kind == DQT:
            while body:
                assert body[0] >> 4 == 0, "tables of 8 bits only"
                parts.tables[body[0] & 15] = body[1:65]
                body = body[65:]
        elif kind == SOF0:
            parts.height, parts.width = struct.unpack(">HH", body[1:5])
            parts.type = TYPES[body[7]]
            parts.table_of = tuple(body[8 + 3 * n] for n in range(body[5]))
        elif kind == SOS:
            end = data.rfind(b"\xff\xd9")
            parts.scan = data[at:end]
            return parts
    raise AssertionError("a JPEG picture without a scan")


def jpeg_payloads(picture: bytes, room: int) -> list[bytes]:
    """Return the payloads of one picture, its tables in the first (RFC 2435 §3.1)."""
    parts = read_jpeg(picture)
    assert parts.width % 8 == 0, "the wire has sizes in steps of 8"
    assert parts.height % 8 == 0, "the wire has sizes in steps of 8"
    assert max(parts.width, parts.height) <= LARGEST, "the wire has 8 bits for a size"
    tables = b"".join(parts.tables[number] for number in parts.table_of[:2])
    payloads: list[bytes] = []
    offset = 0
    while offset < len(parts.scan):
        header = struct.pack(
            ">B3sBBBB",
            0,
            offset.to_bytes(3),
            parts.type,
            TABLES_IN_BAND,
            parts.width // 8,
            parts.height // 8,
        )
        if not offset:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = parts.scan[offset : offset + room - len(header)]
        payloads.append(header + piece)
        offset += len(piece)
    return payloads
