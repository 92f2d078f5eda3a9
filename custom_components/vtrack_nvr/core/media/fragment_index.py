"""Where the fragments of a clip of ours lie, and when each is shown.

A finished clip is `ftyp free mdat{ ftyp moov (moof mdat)* } moov`. The inner `ftyp moov` is
its init segment, each `moof mdat` one group of pictures with its sound. The outer `moov`
names the chunks of all tracks; what lies between two of them is the next `moof`, so that a
few reads tell all. A clip that is being written has no outer `moov` yet: its fragments are
read one by one, as they come.

Whatever the file says is held against its size: a share may hand us any bytes.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import sys
from typing import BinaryIO, NamedTuple

from ..errors import ErrorKind, NvrError
from . import boxes
from .codec_names import codec_name, joined_names
from .cutting import has_places
from .fragments import read_fragment
from .movie import Movie, MovieTrack, read_moov
from .samples import Samples

MOST_FRAGMENTS = 100_000
_LARGEST_INIT = 256 * 1024
_LARGEST_MOOF = 8 * 1024 * 1024
_SMALLEST_HOLE = 16
"""The head of a `moof` and of its `mdat` at least."""
_FRONT = 64


class Look(NamedTuple):
    """What a player has to know before the first picture.

    `codecs` is the value of a media type's parameter, `video` and `sound` its parts.
    """

    codecs: str
    video: str
    sound: str
    width: int
    height: int

    @property
    def is_h264(self) -> bool:
        """Return whether its pictures are H.264, which every browser shows."""
        return self.video.startswith(("avc1.", "avc3."))


@dataclass(slots=True)
class FragmentIndex:
    """The fragments of one clip, in order; times in ticks of its pictures.

    `shown[i]` is when the first picture of fragment `i` is shown, counted from the
    beginning of the file; the last entry is the end of the last picture known.
    `init` is `ftyp moov`. `is_whole`: nothing will be added any more.
    """

    init: bytes
    look: Look
    scale: int
    scales: dict[int, int] = field(default_factory=dict)
    """Ticks per second of each track, by its id."""
    offsets: array[int] = field(default_factory=lambda: array("q"))
    lengths: array[int] = field(default_factory=lambda: array("q"))
    shown: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("b"))
    is_absolute: bool = False
    """Its fragments name places in the file: they have to be rewritten when they are cut."""
    is_whole: bool = False

    def __len__(self) -> int:
        """Return how many fragments there are."""
        return len(self.offsets)

    def ticks(self, first: int, last: int) -> int:
        """Return how long the fragments from `first` to `last` (included) are shown."""
        return self.shown[last + 1] - self.shown[first]

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Return offset and length of those fragments in the file.

        Raises `GONE` where there are no such fragments.
        """
        if not 0 <= first <= last < len(self):
            raise NvrError(ErrorKind.GONE, "the clip has no such fragment")
        offset = self.offsets[first]
        return offset, self.offsets[last] + self.lengths[last] - offset

    def group_at(self, ticks: int) -> int:
        """Return the fragment that begins the group shown at a time; the first one if none."""
        at = max(0, bisect_right(self.shown, ticks, 0, len(self)) - 1)
        while at and not self.keys[at]:
            at -= 1
        return at

    @property
    def cost(self) -> int:
        """Return about how many bytes of memory it takes."""
        return 600 + len(self.init) + 25 * len(self)


def read_index(file: BinaryIO, size: int) -> FragmentIndex:
    """Return the fragments of a finished clip; blocking, in few reads.

    Raises `VERIFY_FAILED` for what is no such file, `OSError` as it comes.
    """
    with _checking():
        front = _front(file, size)
        if front.inner is None or front.inner.end > size:
            raise NvrError(ErrorKind.VERIFY_FAILED, "the file has no fragments")
        tables = _box_at(file, front.inner.end, size, b"moov")
        moov = boxes.load(file, tables)
        chunks, track, samples = _chunks(moov, size)
        init, first_moof = _init(file, front.init_start, front.inner.end)
        index = _empty(init)
        _place_chunks(index, chunks, first_moof, front.inner.end)
        _time_chunks(index, chunks, track, samples)
        moof = _box_at(file, first_moof, size, b"moof")
        if moof.end - moof.start > _LARGEST_MOOF:
            raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment is too large")
        index.is_absolute = has_places(boxes.load(file, moof))
        index.is_whole = True
        return index


class GrowingIndex:
    """The fragments of a clip that is being written; read further by each `extend`."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self.index: FragmentIndex | None = None
        """None before the first fragment is on the disk."""
        self._at = 0
        self._track: MovieTrack | None = None

    def extend(self, file: BinaryIO, size: int) -> bool:
        """Read what was added; return whether there are more fragments. Blocking.

        Raises `VERIFY_FAILED` for what is no such file, `OSError` as it comes. A clip that
        was finished meanwhile reads the same: its fragments stay where they are.
        """
        with _checking():
            if self.index is None and not self._open(file, size):
                return False
            assert self.index is not None
            before = len(self.index)
            while self._take(file, self.index, size):
                pass
            return len(self.index) > before

    def _open(self, file: BinaryIO, size: int) -> bool:
        front = _front(file, size)
        if front.init_start + 16 > size:
            return False
        end = front.inner.end if front.inner is not None else size
        try:
            init, self._at = _init(file, front.init_start, end)
        except _TooShortError:
            return False
        self.index = _empty(init)
        self._track = _video(_moov_of(init), size)
        self.index.shown.append(0)
        return True

    def _take(self, file: BinaryIO, index: FragmentIndex, size: int) -> bool:
        """Read the next whole fragment, if there is one."""
        assert self._track is not None
        moof = _head(file, self._at, size)
        if moof is None or moof.kind != b"moof" or moof.end > size:
            return False
        if moof.end - moof.start > _LARGEST_MOOF or len(index) >= MOST_FRAGMENTS:
            raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment is too large")
        mdat = _head(file, moof.end, size)
        if mdat is None or mdat.kind != b"mdat" or mdat.end > size:
            return False
        tables = boxes.load(file, moof)
        samples = _fragment(tables, moof.start, self._track, size)
        index.is_absolute = index.is_absolute or has_places(tables)
        self._at = mdat.end
        if not len(samples):
            if len(index):  # sound after the last picture goes with it
                index.lengths[-1] = mdat.end - index.offsets[-1]
            return True
        shift = self._track.shift
        begin = min(samples.shown) + shift
        end = max(samples.shown) + shift + samples.durations[-1]
        if len(index):
            begin = max(begin, index.shown[-2])
        index.shown[-1] = begin
        index.shown.append(max(begin + 1, end))
        index.offsets.append(moof.start)
        index.lengths.append(mdat.end - moof.start)
        index.keys.append(samples.keys[0])
        return True


class _TooShortError(NvrError):
    """The file ends before its init segment does; it may be growing."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.VERIFY_FAILED, "the file ends inside its beginning")


@contextmanager
def _checking() -> Iterator[None]:
    """Turn what broken tables raise inside into `VERIFY_FAILED`."""
    try:
        yield
    except (LookupError, ValueError, OverflowError) as error:
        raise NvrError(ErrorKind.VERIFY_FAILED, "broken tables") from error


class _Front(NamedTuple):
    """Where the init segment begins, and the box around it (None: it is not closed)."""

    init_start: int
    inner: boxes.Box | None


def _head(file: BinaryIO, at: int, size: int) -> boxes.Box | None:
    """Return the box that begins at a place, None where the file ends before its head does."""
    if at + 8 > size:
        return None
    file.seek(at)
    return _parse_head(file.read(16), at, size)


def _parse_head(head: bytes, at: int, size: int) -> boxes.Box | None:
    if len(head) < 8:
        return None
    length, body = int.from_bytes(head[:4]), at + 8
    if length == 1:
        length, body = int.from_bytes(head[8:16]), at + 16
    elif length == 0:
        length = size - at
    if length < body - at:
        raise NvrError(ErrorKind.VERIFY_FAILED, "a box shorter than its head")
    return boxes.Box(head[4:8], at, body, at + length)


def _box_at(file: BinaryIO, at: int, size: int, kind: bytes) -> boxes.Box:
    box = _head(file, at, size)
    if box is None or box.kind != kind or box.end > size:
        raise NvrError(ErrorKind.VERIFY_FAILED, f"no {kind.decode()} where it belongs")
    return box


def _front(file: BinaryIO, size: int) -> _Front:
    """Find the inner `ftyp` in the first bytes, whether the clip is finished or not."""
    file.seek(0)
    data = file.read(_FRONT)
    at = 0
    while at + 8 <= len(data):
        box = _parse_head(data[at : at + 16], at, size)
        if box is None:
            break
        if data[box.body + 4 : box.body + 8] == b"ftyp":
            if box.kind == b"mdat":
                return _Front(box.body, box)
            if box.kind == b"free":
                return _Front(box.body, None)
        if box.kind not in {b"ftyp", b"free"}:
            break
        at = box.end
    if size < _FRONT:
        return _Front(_FRONT, None)
    raise NvrError(ErrorKind.VERIFY_FAILED, "not a clip of ours")


def _init(file: BinaryIO, start: int, end: int) -> tuple[bytes, int]:
    """Return `ftyp moov` from its place, and where the first fragment begins."""
    ftyp = _head(file, start, end)
    if ftyp is None or ftyp.kind != b"ftyp" or ftyp.end - start > _LARGEST_INIT:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no beginning of fragments")
    moov = _head(file, ftyp.end, end)
    if moov is None:
        raise _TooShortError
    if moov.kind != b"moov" or moov.end - start > _LARGEST_INIT:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no tables before the fragments")
    file.seek(start)
    init = file.read(moov.end - start)
    if len(init) != moov.end - start or moov.end > end:
        raise _TooShortError
    return init, moov.end


def _moov_of(init: bytes) -> memoryview:
    moov = boxes.find_box(memoryview(init), b"moov")
    assert moov is not None
    return moov


def _video(moov: memoryview, size: int) -> MovieTrack:
    track = read_moov(moov, size).track(b"vide")
    if track is None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no pictures")
    return track


def _alone(moov: memoryview, trak: memoryview) -> memoryview:
    """Return tables of one track: those of the others cost time, and are not needed."""
    header = boxes.find_box(moov, b"mvhd")
    parts = [(b"mvhd", header)] if header is not None else []
    return memoryview(
        b"".join(
            (8 + len(data)).to_bytes(4) + kind + data
            for kind, data in [*parts, (b"trak", trak)]
        )
    )


def _empty(init: bytes) -> FragmentIndex:
    movie = read_moov(_moov_of(init), 0)
    video, sound = movie.track(b"vide"), movie.track(b"soun")
    if video is None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no pictures")
    names = (codec_name(video), codec_name(sound) if sound else "")
    look = Look(joined_names(names), *names, video.width, video.height)
    return FragmentIndex(init, look, video.timescale, scales_of(movie))


def scales_of(movie: Movie) -> dict[int, int]:
    """Return ticks per second of each track, by its id."""
    return {track.id: track.timescale for track in movie.tracks}


def shifts_of(scales: Mapping[int, int], microseconds: int) -> dict[int, int]:
    """Return by how many ticks each track moves for so much time."""
    return {
        track: (microseconds * scale + 500_000) // 1_000_000
        for track, scale in scales.items()
    }


def _fragment(moof: memoryview, start: int, video: MovieTrack, room: int) -> Samples:
    """Return the pictures of a fragment."""
    samples = Samples(room)
    for part in boxes.boxes_in(moof):
        header = boxes.find_box(part.data, b"tfhd") if part.kind == b"traf" else None
        if header is not None and boxes.read_number(header, 4) == video.id:
            read_fragment(part.data, start, video.defaults, samples)
    return samples


# The outer table


class _Chunk(NamedTuple):
    start: int
    end: int
    sample: int
    """The number of its first picture, -1 for sound."""


def _chunks(moov: memoryview, size: int) -> tuple[list[_Chunk], MovieTrack, Samples]:
    """Return the chunks of all tracks by their places, and the pictures."""
    found: list[_Chunk] = []
    video: MovieTrack | None = None
    for part in boxes.boxes_in(moov):
        if part.kind != b"trak":
            continue
        handler = boxes.find_box(part.data, b"mdia", b"hdlr")
        stbl = boxes.find_box(part.data, b"mdia", b"minf", b"stbl")
        if handler is None or stbl is None:
            continue
        is_video = bytes(handler[8:12]) == b"vide" and video is None
        if is_video:
            video = _video(_alone(moov, part.data), size)
        found += _chunks_of(stbl, size, is_video=is_video)
    if video is None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no pictures")
    found.sort()
    return found, video, video.samples


def _words(data: memoryview, at: int, count: int, code: str = "I") -> array[int]:
    words = array(code)
    words.frombytes(data[at : at + words.itemsize * count])
    if len(words) != count:
        raise NvrError(ErrorKind.VERIFY_FAILED, "table too short")
    if sys.byteorder == "little":
        words.byteswap()
    return words


def _chunks_of(stbl: memoryview, size: int, *, is_video: bool) -> list[_Chunk]:
    """Return the chunks of a track (14496-12 8.7); frames are summed, not listed."""
    tables = {part.kind: part.data for part in boxes.boxes_in(stbl)}
    stsz = tables[b"stsz"]
    fixed, count = boxes.read_number(stsz, 4), boxes.read_number(stsz, 8)
    if not count:
        return []
    sizes = None if fixed else _words(stsz, 12, count)
    if b"co64" in tables:
        co64 = tables[b"co64"]
        starts = _words(co64, 8, boxes.read_number(co64, 4), "Q")
    else:
        stco = tables[b"stco"]
        starts = _words(stco, 8, boxes.read_number(stco, 4))
    stsc = tables[b"stsc"]
    runs = _words(stsc, 8, 3 * boxes.read_number(stsc, 4))
    firsts, per_chunk = runs[::3], runs[1::3]
    found: list[_Chunk] = []
    at = 0
    for run, (first, per) in enumerate(zip(firsts, per_chunk, strict=True)):
        last = firsts[run + 1] - 1 if run + 1 < len(firsts) else len(starts)
        if first - 1 != len(found) or not per:
            raise NvrError(ErrorKind.VERIFY_FAILED, "chunks out of order")
        for chunk in range(first - 1, min(last, len(starts))):
            here = min(per, count - at)
            if here <= 0:
                break
            length = fixed * here if sizes is None else sum(sizes[at : at + here])
            start = starts[chunk]
            if start + length > size:
                raise NvrError(ErrorKind.VERIFY_FAILED, "a chunk beyond the file")
            found.append(_Chunk(start, start + length, at if is_video else -1))
            at += here
    if at != count:
        raise NvrError(ErrorKind.VERIFY_FAILED, "frames without a place")
    return found


def _place_chunks(
    index: FragmentIndex, chunks: list[_Chunk], first_moof: int, end: int
) -> None:
    """Find the fragments: a hole between two chunks is the next `moof`."""
    begin, reached = first_moof, first_moof
    starts: list[int] = []
    for chunk in chunks:
        if chunk.start - reached >= _SMALLEST_HOLE:
            starts.append(reached)
            begin = reached
        elif chunk.start != reached or not starts:
            raise NvrError(ErrorKind.VERIFY_FAILED, "chunks that overlap")
        reached = chunk.end
    if reached > end or len(starts) > MOST_FRAGMENTS or begin >= reached:
        raise NvrError(ErrorKind.VERIFY_FAILED, "fragments beyond their box")
    index.offsets = array("q", starts)
    index.lengths = array(
        "q",
        (after - at for at, after in zip(starts, [*starts[1:], reached], strict=True)),
    )


def _time_chunks(
    index: FragmentIndex, chunks: list[_Chunk], video: MovieTrack, samples: Samples
) -> None:
    """Enter when each fragment is shown; those without pictures go with the one before."""
    starts = index.offsets
    firsts: dict[int, int] = {}
    for chunk in chunks:
        if chunk.sample >= 0:
            firsts.setdefault(bisect_right(starts, chunk.start) - 1, chunk.sample)
    _merge_soundless(index, set(firsts))
    order = [firsts[place] for place in sorted(firsts)]
    shift = video.shift
    ends = [*order[1:], len(samples)]
    last = 0
    for at, until in zip(order, ends, strict=True):
        if at >= until:
            raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment without pictures")
        begin = min(samples.shown[at:until]) + shift
        last = begin if not index.shown else max(begin, last)
        index.shown.append(last)
        index.keys.append(samples.keys[at])
    index.shown.append(
        max(last + 1, max(samples.shown[order[-1] :]) + shift + samples.durations[-1])
    )


def _merge_soundless(index: FragmentIndex, with_pictures: set[int]) -> None:
    if 0 not in with_pictures:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no picture at the beginning")
    if len(with_pictures) == len(index.offsets):
        return
    offsets, lengths = array("q"), array("q")
    for place, offset in enumerate(index.offsets):
        if place in with_pictures:
            offsets.append(offset)
            lengths.append(index.lengths[place])
        else:
            lengths[-1] += index.lengths[place]
    index.offsets, index.lengths = offsets, lengths
