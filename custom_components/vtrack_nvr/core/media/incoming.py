"""Frames out of a fragmented MP4 that is still being written, as it comes from a pipe."""

from typing import NamedTuple

from ..errors import ErrorKind, NvrError
from . import boxes
from .fragments import read_fragment
from .movie import MovieTrack, read_moov
from .samples import Samples

_TABLES = 64 * 1024
_HEAD = 8


class Frame(NamedTuple):
    """One frame; `shown` in ticks of its track, counted as the writer counts."""

    shown: int
    data: bytes
    is_key: bool


class FragmentReader:
    """Bytes in, frames of the video track out; holds one fragment at most."""

    def __init__(self, limit: int) -> None:
        """Allow frames of up to `limit` bytes."""
        self.track: MovieTrack | None = None
        """The video track, from the moment its header is there."""
        self._limit = limit + _TABLES
        self._held = bytearray()
        self._tables: bytes | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that became whole.

        Raises `PROTOCOL` for what is no such file or a frame beyond the limit.
        """
        held = self._held
        held += data
        found: list[Frame] = []
        while len(held) >= _HEAD:
            length = int.from_bytes(held[:4])
            if not _HEAD <= length <= self._limit:
                raise NvrError(ErrorKind.PROTOCOL, f"a box of {length} bytes")
            if len(held) < length:
                break
            kind, payload = bytes(held[4:_HEAD]), bytes(held[_HEAD:length])
            del held[:length]
            found += self._take(kind, payload)
        return found

    def _take(self, kind: bytes, payload: bytes) -> list[Frame]:
        if kind == b"moov":
            self.track = read_moov(memoryview(payload), len(payload)).track(b"vide")
        elif kind == b"moof":
            self._tables = payload
        elif kind == b"mdat" and self._tables is not None and self.track:
            tables, self._tables = self._tables, None
            return self._frames(self.track, tables, payload)
        return []

    @staticmethod
    def _frames(track: MovieTrack, tables: bytes, data: bytes) -> list[Frame]:
        samples = Samples()
        for part in boxes.boxes_in(memoryview(tables)):
            header = (
                boxes.find_box(part.data, b"tfhd") if part.kind == b"traf" else None
            )
            if header is not None and boxes.read_number(header, 4) == track.id:
                read_fragment(part.data, 0, track.defaults, samples)
        before = 2 * _HEAD + len(tables)
        found = []
        for place in range(len(samples)):
            start = samples.offsets[place] - before
            frame = data[start : start + samples.sizes[place]]
            if start < 0 or len(frame) != samples.sizes[place]:
                raise NvrError(ErrorKind.PROTOCOL, "a fragment without its frames")
            found.append(Frame(samples.shown[place], frame, bool(samples.keys[place])))
        return found
