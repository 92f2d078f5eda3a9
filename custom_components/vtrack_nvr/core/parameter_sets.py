"""What parameter sets of H.264 and H.265 say (H.264 7.3.2, H.265 7.3.2).

Pure and bounded: no decoder sees bytes of a device before a file is written. All raise
`IndexError` or `ValueError` for what is cut off or nonsense.
"""

from typing import NamedTuple

from .bits import BitReader
from .frames import Codec

_HEAD = 1024
_HIGH_PROFILES = frozenset(
    {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
)
_RANDOM_ACCESS = range(16, 24)
"""H.265 pictures whose slices have one more flag in front."""


class SequenceSet(NamedTuple):
    """A sequence parameter set: its id, its VPS (H.265), how pictures are coded."""

    id: int
    video_id: int
    profile: int
    chroma: int
    depths: tuple[int, int]
    width: int
    height: int

    @property
    def look(self) -> tuple[int, int, tuple[int, int], int, int]:
        """Return what a player must know of a whole file."""
        return self.profile, self.chroma, self.depths, self.width, self.height


class PictureSet(NamedTuple):
    """A picture parameter set: its id and the sequence parameter set it belongs to."""

    id: int
    sequence_id: int


def nal_type(nal: bytes, codec: Codec) -> int:
    """Return the type of a NAL unit that is not empty."""
    return nal[0] & 31 if codec is Codec.H264 else nal[0] >> 1 & 63


def without_emulation(nal: bytes) -> bytes:
    """Return a NAL unit's payload without the bytes that prevent start codes."""
    return nal.replace(b"\0\0\3", b"\0\0")


def read_sequence_set(nal: bytes, codec: Codec) -> SequenceSet:
    """Read a sequence parameter set as far as its picture size, cropping applied."""
    payload = without_emulation(nal[:_HEAD])
    return _h264(payload) if codec is Codec.H264 else _h265(payload)


def read_picture_set(nal: bytes, codec: Codec) -> PictureSet:
    """Read the ids of a picture parameter set."""
    bits = _payload(nal, codec)
    return PictureSet(bits.ue(), bits.ue())


def video_set_id(nal: bytes) -> int:
    """Return the id of a video parameter set (H.265)."""
    return _payload(nal, Codec.H265).read(4)


def picture_set_of_slice(head: bytes, codec: Codec) -> int:
    """Return the id of the picture parameter set that a slice refers to.

    `head` is the beginning of the first slice of a picture, NAL unit header included.
    """
    bits = _payload(head, codec)
    if codec is Codec.H264:
        bits.ue()
        bits.ue()
        return bits.ue()
    bits.read(1)
    if nal_type(head, codec) in _RANDOM_ACCESS:
        bits.read(1)
    return bits.ue()


def _payload(nal: bytes, codec: Codec) -> BitReader:
    return BitReader(without_emulation(nal[:64])[1 if codec is Codec.H264 else 2 :])


def _h264(payload: bytes) -> SequenceSet:
    bits = BitReader(payload[1:])
    profile = bits.read(8)
    bits.read(16)
    number = bits.ue()
    chroma = 1
    is_separate = 0
    depths = (0, 0)
    if profile in _HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            is_separate = bits.read(1)
        depths = (bits.ue(), bits.ue())
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
    return SequenceSet(number, 0, profile, chroma, depths, width, height)


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h265(payload: bytes) -> SequenceSet:
    bits = BitReader(payload[2:])
    video_id = bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1)
    profile = _read_profile_tier_level(bits, sub_layers)
    number = bits.ue()
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
    depths = (bits.ue(), bits.ue())
    return SequenceSet(number, video_id, profile, chroma, depths, width, height)


def _read_profile_tier_level(bits: BitReader, sub_layers: int) -> int:
    bits.read(3)
    profile = bits.read(5)
    bits.read(88)
    present = [(bits.read(1), bits.read(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.read(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        if has_profile:
            bits.read(88)
        if has_level:
            bits.read(8)
    return profile
