"""NAL units in Annex B byte streams (ITU-T H.264 and H.265, annex B)."""

from collections.abc import Iterator

from ..frames import Codec
from ..parameter_sets import nal_type, read_sequence_set, without_emulation

START_CODE = b"\0\0\0\1"
MARK = b"\0\0\1"

_H264_SETS = frozenset({7, 8})
_H264_PICTURES = frozenset({1, 2, 3, 4, 5})
_H265_SETS = frozenset({32, 33, 34})


def is_picture(kind: int, codec: Codec) -> bool:
    """Return whether NAL units of this type hold coded pictures (VCL)."""
    return kind in _H264_PICTURES if codec is Codec.H264 else kind < 32


def is_parameter_set(kind: int, codec: Codec) -> bool:
    """Return whether NAL units of this type are VPS, SPS or PPS."""
    return kind in (_H264_SETS if codec is Codec.H264 else _H265_SETS)


def leading_nals(data: bytes, codec: Codec) -> Iterator[bytes]:
    """Yield the NAL units before the first coded picture; that itself is not touched."""
    start = data.find(MARK)
    while start >= 0:
        start += 3
        if start >= len(data) or is_picture(
            nal_type(data[start : start + 1], codec), codec
        ):
            return
        end = data.find(MARK, start)
        nal = data[start:] if end < 0 else data[start:end]
        if nal := nal.rstrip(b"\0"):
            yield nal
        start = end


def parameter_sets(data: bytes, codec: Codec) -> tuple[bytes, ...]:
    """Return the parameter sets in front of a picture, without start codes, in order."""
    return tuple(
        nal
        for nal in leading_nals(data, codec)
        if is_parameter_set(nal_type(nal, codec), codec)
    )


def join_nals(nals: tuple[bytes, ...]) -> bytes:
    """Return NAL units as a byte stream."""
    return b"".join(START_CODE + nal for nal in nals)


_HVCC_ARRAYS = 22
_SETS = (32, 33, 34)
_SEQUENCE_SET = 33


def sets(config: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets of an AVCDecoderConfigurationRecord (5.3.3.1)."""
    found: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):
        if at >= len(config):
            break
        count = config[at] & mask
        at += 1
        for _ in range(count):
            length = int.from_bytes(config[at : at + 2])
            if nal := config[at + 2 : at + 2 + length]:
                found.append(nal)
            at += 2 + length
    return tuple(found)


def hevc_sets(config: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets of an HEVCDecoderConfigurationRecord (8.3.3.1)."""
    found: list[bytes] = []
    at = _HVCC_ARRAYS + 1
    for _ in range(config[_HVCC_ARRAYS] if len(config) > _HVCC_ARRAYS else 0):
        count = int.from_bytes(config[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            length = int.from_bytes(config[at : at + 2])
            if nal := config[at + 2 : at + 2 + length]:
                found.append(nal)
            at += 2 + length
            if at >= len(config):
                break
    return tuple(found)


def hevc_config(found: tuple[bytes, ...]) -> bytes:
    """Return an HEVCDecoderConfigurationRecord; raises for sets that cannot be read."""
    kinds = {
        kind: [n for n in found if nal_type(n, Codec.H265) == kind] for kind in _SETS
    }
    first = kinds[_SEQUENCE_SET][0]
    sequence = read_sequence_set(first, Codec.H265)
    payload = without_emulation(first[:64])
    layers = (payload[2] >> 1 & 7) + 1
    parts = [
        b"\x01",
        payload[3:15],
        b"\xf0\0\xfc",
        bytes((0xFC | sequence.chroma, *(0xF8 | item for item in sequence.depths))),
        bytes((0, 0, layers << 3 | (payload[2] & 1) << 2 | 3, len(kinds))),
    ]
    for kind, nals in kinds.items():
        parts.append(bytes((0x80 | kind,)) + len(nals).to_bytes(2))
        parts += [len(nal).to_bytes(2) + nal for nal in nals]
    return b"".join(parts)


def sets_of(config: bytes, codec: Codec) -> tuple[bytes, ...]:
    """Return the parameter sets of a decoder configuration."""
    return sets(config) if codec is Codec.H264 else hevc_sets(config)


def with_sets(data: bytes, config: bytes, codec: Codec) -> bytes:
    """Return a picture that brings its parameter sets, where it has none in front."""
    at = 0
    while at + 4 < len(data):
        kind = nal_type(data[at + 4 : at + 5], codec)
        if is_parameter_set(kind, codec):
            return data
        if is_picture(kind, codec):
            break
        at += 4 + int.from_bytes(data[at : at + 4])
    front = (len(nal).to_bytes(4) + nal for nal in sets_of(config, codec))
    return b"".join(front) + data


def to_lengths(data: bytes) -> bytes:
    """Return Annex B with lengths of four bytes instead of start codes."""
    parts: list[bytes] = []
    for item in data.split(MARK)[1:]:
        if nal := item.rstrip(b"\0"):
            parts += (len(nal).to_bytes(4), nal)
    return b"".join(parts)


def to_annexb(data: bytes) -> bytes:
    """Return NAL units with start codes instead of lengths of four bytes."""
    parts: list[bytes] = []
    at = 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4])
        parts += (START_CODE, data[at + 4 : at + 4 + length])
        at += 4 + length
    return b"".join(parts)
