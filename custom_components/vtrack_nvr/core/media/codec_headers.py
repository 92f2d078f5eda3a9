"""What decoders need before a picture, per codec; pure, no decoder involved.

H.264 and H.265: parameter sets. MPEG-4 Visual (ISO/IEC 14496-2 6.2): the headers from
visual object sequence to video object layer. Motion JPEG: the frame header (ITU-T T.81
B.2.2), which tells size and sampling. Where what they say of the picture changes, a file
must end; sets that differ otherwise stay in band, in front of the pictures they belong to.
"""

from collections.abc import Hashable

from ..bits import BitReader
from ..frames import Codec
from ..parameter_sets import nal_type
from . import annexb
from .picture_size import PictureSize, picture_size, sequence_sets

_MARK = b"\0\0\1"
_MPEG4_PICTURES = frozenset({0xB3, 0xB6})
"""Start codes of a group of pictures and of a picture."""
_MPEG4_USER_DATA = 0xB2
_MPEG4_LAYERS = range(0x20, 0x30)
_LARGEST_HEAD = 4096
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JPEG_SCAN = 0xDA
_RECTANGULAR = 0


def headers(data: bytes, codec: Codec) -> tuple[bytes, ...]:
    """Return the headers in front of a picture, () where it brings none."""
    if codec is Codec.MJPEG:
        head = _jpeg_frame_header(data)
        return (head,) if head else ()
    if codec is Codec.MPEG4:
        head = mpeg4_config(data)
        return (head,) if head else ()
    return annexb.parameter_sets(data, codec)


def kind_of(header: bytes, codec: Codec) -> int:
    """Return which of a codec's headers this is; one of a kind replaces another."""
    if codec in {Codec.MJPEG, Codec.MPEG4}:
        return 0
    return nal_type(header, codec)


def decoder_config(found: tuple[bytes, ...], codec: Codec) -> bytes:
    """Return what an MP4 muxer wants to know of the headers."""
    if codec is Codec.MJPEG:
        return b""
    return found[0] if codec is Codec.MPEG4 else annexb.join_nals(found)


def size_of(found: tuple[bytes, ...], codec: Codec) -> PictureSize | None:
    """Return the picture's size, None where the headers tell none."""
    if codec is Codec.MJPEG:
        return _jpeg_size(found[0]) if found else None
    if codec is Codec.MPEG4:
        return _mpeg4_size(found[0]) if found else None
    return picture_size(found, codec)


def look_of(found: tuple[bytes, ...], codec: Codec) -> Hashable:
    """Return what is alike in headers of pictures that one file can hold, None if unknown.

    That is size, profile and sampling. Cameras change the rest (the first quantiser of a
    picture, the rate of pictures) as they go.
    """
    if codec in {Codec.MJPEG, Codec.MPEG4}:
        return found or None
    return frozenset(item.look for item in sequence_sets(found, codec)) or None


def mpeg4_config(data: bytes) -> bytes:
    """Return the headers before the first picture without user data, b"" if incomplete."""
    data = data[:_LARGEST_HEAD]
    kept: list[bytes] = []
    has_layer = False
    start = data.find(_MARK)
    while start >= 0 and start + 3 < len(data):
        code = data[start + 3]
        if code in _MPEG4_PICTURES:
            break
        end = data.find(_MARK, start + 3)
        if code != _MPEG4_USER_DATA:
            kept.append(data[start:] if end < 0 else data[start:end])
            has_layer |= code in _MPEG4_LAYERS
        start = end
    return b"".join(kept) if has_layer else b""


def _mpeg4_size(config: bytes) -> PictureSize | None:
    for code in _MPEG4_LAYERS:
        at = config.find(_MARK + bytes([code]))
        if at >= 0:
            try:
                return _layer_size(BitReader(config[at + 4 : at + 64]))
            except IndexError:
                return None
    return None


def _layer_size(bits: BitReader) -> PictureSize | None:
    """Read a video object layer up to its size (6.2.3)."""
    bits.read(9)
    if bits.read(1):
        bits.read(7)
    if bits.read(4) == 15:
        bits.read(16)
    if bits.read(1):
        bits.read(3)
        if bits.read(1):
            bits.read(79)
    if bits.read(2) != _RECTANGULAR:
        return None
    bits.read(1)
    resolution = bits.read(16)
    bits.read(1)
    if bits.read(1):
        bits.read(max(1, (resolution - 1).bit_length()))
    bits.read(1)
    width = bits.read(13)
    bits.read(1)
    height = bits.read(13)
    return PictureSize(width, height) if width and height else None


def _jpeg_frame_header(data: bytes) -> bytes:
    """Return the SOF segment, b"" where there is none before the scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if kind in _JPEG_FRAMES:
            return data[at:end]
        if kind == _JPEG_SCAN:
            break
        at = end
    return b""


def _jpeg_size(header: bytes) -> PictureSize | None:
    if len(header) < 9:
        return None
    height = int.from_bytes(header[5:7])
    width = int.from_bytes(header[7:9])
    return PictureSize(width, height) if width and height else None
