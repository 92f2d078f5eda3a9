"""The picture size that a sequence parameter set tells."""

from typing import NamedTuple

from ..frames import Codec
from ..parameter_sets import SequenceSet, nal_type, read_sequence_set

_LARGEST = 16_384


class PictureSize(NamedTuple):
    """Width and height in pixels, cropping applied."""

    width: int
    height: int


def picture_size(sets: tuple[bytes, ...], codec: Codec) -> PictureSize | None:
    """Return the size of the first parameter set that tells one, None where none does."""
    for found in sequence_sets(sets, codec):
        return PictureSize(found.width, found.height)
    return None


def sequence_sets(sets: tuple[bytes, ...], codec: Codec) -> list[SequenceSet]:
    """Return what the sequence parameter sets among these say, as far as it is sane."""
    wanted = 7 if codec is Codec.H264 else 33
    found = []
    for nal in sets:
        if not nal or nal_type(nal, codec) != wanted:
            continue
        try:
            item = read_sequence_set(nal, codec)
        except IndexError, ValueError:
            continue
        if 0 < item.width <= _LARGEST and 0 < item.height <= _LARGEST:
            found.append(item)
    return found
