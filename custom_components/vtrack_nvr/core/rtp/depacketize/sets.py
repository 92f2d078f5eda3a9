"""The parameter sets of a stream, and which of them a picture needs."""

from contextlib import suppress
from typing import Final

from ...frames import Codec
from ...parameter_sets import (
    nal_type,
    picture_set_of_slice,
    read_picture_set,
    read_sequence_set,
    video_set_id,
)

_LARGEST: Final = 16 * 1024
_MOST: Final = 64
"""Of a kind; the oldest is forgotten."""
_NO_ID: Final = -1
_NOT_READ = IndexError, ValueError


class ParameterSets:
    """The newest set of each kind and id; bounded."""

    def __init__(self, codec: Codec) -> None:
        """Know none."""
        self._codec = codec
        kinds = (7, 8) if codec is Codec.H264 else (32, 33, 34)
        self._sequence, self._picture = kinds[-2:]
        self._kept: dict[int, dict[int, tuple[bytes, int]]] = {
            kind: {} for kind in kinds
        }
        """Kind, then id, to a set and the id of the set that it refers to."""

    @property
    def all(self) -> tuple[bytes, ...]:
        """Return all sets in decoder order, the oldest of a kind first."""
        return tuple(
            nal for kept in self._kept.values() for nal, _refers_to in kept.values()
        )

    def add(self, nal: bytes) -> None:
        """Keep a set in place of the one with its id; what is none is passed over."""
        if not nal or len(nal) > _LARGEST:
            return
        kept = self._kept.get(nal_type(nal, self._codec))
        if kept is None:
            return
        number, refers_to = self._ids(nal)
        kept.pop(number, None)
        kept[number] = nal, refers_to
        if len(kept) > _MOST:
            del kept[next(iter(kept))]

    def needed_by(self, slice_head: bytes) -> tuple[bytes, ...]:
        """Return what a picture needs whose first slice begins so, in decoder order.

        That is its sequence's sets and all picture sets of that: later pictures may refer
        to any of them. Where that cannot be read, it is all sets.
        """
        with suppress(*_NOT_READ, KeyError):
            pictures = self._kept[self._picture]
            _, number = pictures[picture_set_of_slice(slice_head, self._codec)]
            sequence, video_number = self._kept[self._sequence][number]
            videos = self._kept.get(32, {})
            front = [videos[video_number][0]] if video_number in videos else []
            of_it = [nal for nal, refers_to in pictures.values() if refers_to == number]
            return (*front, sequence, *of_it)
        return self.all

    def _ids(self, nal: bytes) -> tuple[int, int]:
        kind = nal_type(nal, self._codec)
        with suppress(*_NOT_READ):
            if kind == self._picture:
                return read_picture_set(nal, self._codec)
            if kind == self._sequence:
                found = read_sequence_set(nal, self._codec)
                return found.id, found.video_id
            return video_set_id(nal), _NO_ID
        return _NO_ID, _NO_ID
