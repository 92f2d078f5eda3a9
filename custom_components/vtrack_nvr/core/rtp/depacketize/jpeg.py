"""Motion JPEG in RTP (RFC 2435): pictures given back their headers."""

import struct
from typing import Final, override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit
from .pieces import PieceDepacketizer

_HEADER: Final = 8
_RESTARTS: Final = range(64, 128)
"""Types of pictures with restart markers; 64 less is how they are sampled."""
_SAMPLINGS: Final = {0: 0x21, 1: 0x22}
_TABLES_FOLLOW: Final = 128
_NOT_REMEMBERED: Final = 255
_TABLE_BYTES: Final = 64

_LUMINANCE: Final = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMINANCE: Final = (
    bytes.fromhex("1112121815182f1a1a2f634238426363") + bytes([99]) * 48
)
"""Of quality 50, in zigzag order (ITU-T T.81 K.1)."""

_HUFFMAN: Final = bytes.fromhex(
    "ffc401a20000010501010101010100000000000000000102030405060708090a0b0100030101"
    "010101010101010000000000000102030405060708090a0b1000020103030204030505040400"
    "00017d01020300041105122131410613516107227114328191a1082342b1c11552d1f0243362"
    "7282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a"
    "636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6"
    "a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7"
    "e8e9eaf1f2f3f4f5f6f7f8f9fa11000201020404030407050404000102770001020311040521"
    "31061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1171819"
    "1a262728292a35363738393a434445464748494a535455565758595a636465666768696a7374"
    "75767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6"
    "b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8"
    "f9fa"
)
"""The usual tables, as segments (T.81 K.3)."""


class JpegDepacketizer(PieceDepacketizer):
    """Baseline pictures of type 0 and 1, each a key picture, with or without restarts.

    Raises `UNSUPPORTED_CODEC` for other types, and for pictures of more than 2040 pixels a
    side, whose size the header cannot tell.
    """

    def __init__(self, track: int, out: list[AccessUnit], limit: int) -> None:
        """Begin without tables."""
        super().__init__(track, out, limit)
        self._head = b""
        self._tables: dict[int, bytes] = {}
        """Those sent for a quality, for pictures of the same that send none."""

    @override
    def reset(self) -> None:
        super().reset()
        self._head = b""

    @override
    def _piece(self, payload: memoryview) -> bytes:
        if len(payload) < _HEADER:
            self._is_damaged = True
            return b""
        at = _HEADER
        offset = int.from_bytes(payload[1:4])
        kind, quality, width, height = payload[4:8]
        restart = 0
        if kind in _RESTARTS:
            restart = int.from_bytes(payload[at : at + 2])
            at += 4
        if not offset:
            tables = b""
            if quality >= _TABLES_FOLLOW:
                length = int.from_bytes(payload[at + 2 : at + 4])
                tables = bytes(payload[at + 4 : at + 4 + length])
                at += 4 + length
            self._head = jpeg_head(
                kind & ~64 if kind in _RESTARTS else kind,
                (width * 8, height * 8),
                self._quantizers(quality, tables),
                restart,
            )
        if offset != self._size or not self._head:
            self._is_damaged = True
        return bytes(payload[at:]) if self._head else b""

    def _quantizers(self, quality: int, tables: bytes) -> bytes:
        """Return one or two tables of 64 bytes, b"" where they are not known."""
        if quality < _TABLES_FOLLOW:
            return scaled(_LUMINANCE, quality) + scaled(_CHROMINANCE, quality)
        if len(tables) not in {_TABLE_BYTES, 2 * _TABLE_BYTES}:
            return self._tables.get(quality, b"")
        if quality != _NOT_REMEMBERED:
            self._tables[quality] = tables
        return tables

    @override
    def _picture(self, data: bytes) -> tuple[bytes, bool] | None:
        if not self._head:
            return None
        end = b"" if data.endswith(b"\xff\xd9") else b"\xff\xd9"
        return self._head + data + end, True


def scaled(table: bytes, quality: int) -> bytes:
    """Return a table of quality 50 for another one from 1 to 99 (RFC 2435 4.2)."""
    quality = min(max(quality, 1), 99)
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(max((item * factor + 50) // 100, 1), 255) for item in table)


def jpeg_head(
    kind: int, size: tuple[int, int], quantizers: bytes, restart: int
) -> bytes:
    """Return everything before the scan's data (RFC 2435 appendix B, T.81 B.2).

    b"" without quantizers. Raises `UNSUPPORTED_CODEC`.
    """
    width, height = size
    if not width or not height:
        raise NvrError(
            ErrorKind.UNSUPPORTED_CODEC, "JPEG of more than 2040 pixels a side"
        )
    sampling = _SAMPLINGS.get(kind)
    if sampling is None:
        raise NvrError(ErrorKind.UNSUPPORTED_CODEC, f"JPEG of type {kind}")
    if not quantizers:
        return b""
    tables = [
        quantizers[at : at + _TABLE_BYTES]
        for at in range(0, len(quantizers), _TABLE_BYTES)
    ]
    colour = len(tables) - 1
    parts = [b"\xff\xd8"]
    for number, table in enumerate(tables):
        parts.append(b"\xff\xdb" + struct.pack(">HB", 67, number) + table)
    if restart:
        parts.append(b"\xff\xdd" + struct.pack(">HH", 4, restart))
    parts.append(b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3))
    parts.append(bytes((1, sampling, 0, 2, 0x11, colour, 3, 0x11, colour)))
    parts.append(_HUFFMAN)
    parts.append(b"\xff\xda" + struct.pack(">HB", 12, 3))
    parts.append(bytes((1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)))
    return b"".join(parts)
