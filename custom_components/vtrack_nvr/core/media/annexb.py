"""NAL units in Annex B byte streams (ITU-T H.264 and H.265, annex B)."""

from collections.abc import Iterator

from ..frames import Codec
from ..parameter_sets import nal_type

START_CODE = b"\0\0\0\1"
MARK = b"\0\0\1"

_H264_SETS = frozenset({7, 8})
_H264_PICTURES = frozenset({1, 2, 3, 4, 5})
_H265_SETS = frozenset({32, 33, 34})


def is_picture(kind: int, codec: Codec) -> bool:
    """Say whether NAL units of this type hold coded pictures (VCL)."""
    return kind in _H264_PICTURES if codec is Codec.H264 else kind < 32


def is_parameter_set(kind: int, codec: Codec) -> bool:
    """Say whether NAL units of this type are VPS, SPS or PPS."""
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


def join(nals: tuple[bytes, ...]) -> bytes:
    """Return NAL units as a byte stream."""
    return b"".join(START_CODE + nal for nal in nals)
