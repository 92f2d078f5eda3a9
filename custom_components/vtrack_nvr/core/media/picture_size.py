"""The picture size that a sequence parameter set tells (H.264 7.3.2.1.1, H.265 7.3.2.2).

Pure and bounded: no decoder sees bytes of a device before a file is written.
"""

from typing import NamedTuple

from ..bits import BitReader
from ..frames import Codec
from . import annexb

_LARGEST = 16_384
_HIGH_PROFILES = frozenset(
    {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
)


class PictureSize(NamedTuple):
    """Width and height in pixels, cropping applied."""

    width: int
    height: int


def picture_size(sets: tuple[bytes, ...], codec: Codec) -> PictureSize | None:
    """Return the size of the first parameter set that tells one, None where none does."""
    wanted = 7 if codec is Codec.H264 else 33
    for nal in sets:
        if not nal or annexb.nal_type(nal, codec) != wanted:
            continue
        payload = annexb.without_emulation(nal[:1024])
        try:
            size = _h264(payload) if codec is Codec.H264 else _h265(payload)
        except IndexError, ValueError:
            continue
        if 0 < size.width <= _LARGEST and 0 < size.height <= _LARGEST:
            return size
    return None


def _h264(payload: bytes) -> PictureSize:
    bits = BitReader(payload[1:])
    profile = bits.read(8)
    bits.read(16)
    bits.ue()
    chroma = 1
    is_separate = 0
    if profile in _HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            is_separate = bits.read(1)
        bits.ue()
        bits.ue()
        bits.read(1)
        if bits.read(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.read(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()
    bits.read(1)
    width = (bits.ue() + 1) * 16
    map_units = bits.ue() + 1
    frames_only = bits.read(1)
    height = (2 - frames_only) * map_units * 16
    if not frames_only:
        bits.read(1)
    bits.read(1)
    if bits.read(1):
        across = 2 if chroma in {1, 2} and not is_separate else 1
        down = (2 if chroma == 1 and not is_separate else 1) * (2 - frames_only)
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * across
        height -= (top + bottom) * down
    return PictureSize(width, height)


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h265(payload: bytes) -> PictureSize:
    bits = BitReader(payload[2:])
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1)
    _skip_profile_tier_level(bits, sub_layers)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.read(1)
    width = bits.ue()
    height = bits.ue()
    if bits.read(1):
        across = 2 if chroma in {1, 2} else 1
        down = 2 if chroma == 1 else 1
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * across
        height -= (top + bottom) * down
    return PictureSize(width, height)


def _skip_profile_tier_level(bits: BitReader, sub_layers: int) -> None:
    bits.read(88)
    bits.read(8)
    present = [(bits.read(1), bits.read(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.read(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        if has_profile:
            bits.read(88)
        if has_level:
            bits.read(8)
