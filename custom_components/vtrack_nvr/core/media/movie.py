"""What an MP4 of ours holds, picture by picture, read from its tables."""

from array import array
from collections.abc import Hashable
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import BinaryIO

from ..errors import ErrorKind, NvrError
from ..frames import Codec
from . import boxes
from .annexb import sets_of
from .codec_headers import look_of
from .fragments import read_fragment, read_trex
from .samples import Samples, read_tables

_ENTRIES = {
    b"avc1": Codec.H264,
    b"avc3": Codec.H264,
    b"hvc1": Codec.H265,
    b"hev1": Codec.H265,
}
_OBJECT_TYPES = {0x20: Codec.MPEG4, 0x6C: Codec.MJPEG}


@dataclass(slots=True)
class MovieTrack:
    """A track. `shown` times count from the beginning of the movie, edits applied.

    `entry` is the type of the sample entry (`avc1`, `hvc1`, `mp4v`, `mp4a`), `config` the
    decoder configuration in it (avcC, hvcC, DecoderSpecificInfo).
    """

    id: int
    handler: bytes
    timescale: int
    entry: bytes = b""
    description: bytes = b""
    """The whole sample entry, as another file of the same frames can take it."""
    config: bytes = b""
    object_type: int = 0
    """What an `mp4v` entry holds (14496-1 7.2.6.6)."""
    width: int = 0
    height: int = 0
    rate: int = 0
    channels: int = 0
    shift: int = 0
    """Added to shown times by the edit list, in ticks."""
    samples: Samples = field(default_factory=Samples)
    defaults: tuple[int, int, int] = (0, 0, 0)
    """Duration, size and flags of frames in fragments (trex)."""

    @property
    def codec(self) -> Codec | None:
        """Return how pictures are coded, None where it is nothing we write."""
        if self.entry == b"mp4v":
            return _OBJECT_TYPES.get(self.object_type)
        return _ENTRIES.get(self.entry)

    @property
    def format(self) -> tuple[Hashable, ...]:
        """Return what is alike in tracks that one file can hold one after the other."""
        codec = self.codec
        look: Hashable = None
        if codec in {Codec.H264, Codec.H265}:
            look = look_of(sets_of(self.config, codec), codec)
        look = look or self.config
        return (self.entry, self.object_type, look, self.width, self.height)


type Frames = tuple[MovieTrack, range]
"""Frames of a track, by their places in decoding order."""


@dataclass(slots=True)
class Movie:
    """A file. `whole_bytes` is where its last whole fragment (or box) ends."""

    tracks: list[MovieTrack]
    metadata: dict[str, str]
    size: int
    whole_bytes: int
    is_fragmented: bool
    fragments: int = 0

    def track(self, handler: bytes) -> MovieTrack | None:
        """Return the first track of a kind (`vide`, `soun`)."""
        return next((item for item in self.tracks if item.handler == handler), None)


def read_movie(path: Path) -> Movie | None:
    """Read a file's tables; None where it is no MP4 or has no picture tables yet.

    Raises `VERIFY_FAILED` for tables that contradict themselves, `OSError` as it comes.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            return _read(file, size)
        except (LookupError, ValueError, OverflowError) as error:
            raise NvrError(ErrorKind.VERIFY_FAILED, "broken tables") from error


def _read(file: BinaryIO, size: int) -> Movie | None:
    movie: Movie | None = None
    pending: boxes.Box | None = None
    whole = 0
    for box in boxes.top_level(file, size):
        if box.end > size:
            break
        if box.kind == b"moov":
            movie = read_moov(boxes.load(file, box), size)
        elif box.kind == b"moof" and movie:
            pending = box
            continue
        elif box.kind == b"mdat" and pending and movie:
            _add_fragment(movie, boxes.load(file, pending), pending.start)
            pending = None
        whole = box.end
    if movie:
        movie.whole_bytes = whole
        for track in movie.tracks:
            _apply_edits(track)
    return movie


def _add_fragment(movie: Movie, moof: memoryview, start: int) -> None:
    movie.is_fragmented = True
    movie.fragments += 1
    for part in boxes.boxes_in(moof):
        if part.kind != b"traf":
            continue
        header = boxes.find_box(part.data, b"tfhd")
        if header is None:
            continue
        wanted = boxes.read_number(header, 4)
        for track in movie.tracks:
            if track.id == wanted:
                read_fragment(part.data, start, track.defaults, track.samples)


def _apply_edits(track: MovieTrack) -> None:
    if track.shift:
        track.samples.shown = array(
            "q", (time + track.shift for time in track.samples.shown)
        )


def read_moov(moov: memoryview, size: int) -> Movie:
    """Read the payload of a `moov` box."""
    tracks: list[MovieTrack] = []
    timescale = 1000
    for part in boxes.boxes_in(moov):
        if part.kind == b"mvhd":
            timescale = _timescale(part.data)
        elif part.kind == b"trak" and (track := _trak(part.data, timescale, size)):
            tracks.append(track)
    if mvex := boxes.find_box(moov, b"mvex"):
        trex = read_trex(mvex)
        for track in tracks:
            track.defaults = trex.get(track.id, (0, 0, 0))
    return Movie(tracks, _metadata(moov), size, 0, is_fragmented=False)


def _timescale(header: memoryview) -> int:
    """Return the ticks per second of an mvhd or mdhd."""
    return max(1, boxes.read_number(header, 20 if header[0] == 1 else 12))


def _trak(trak: memoryview, movie_scale: int, size: int) -> MovieTrack | None:
    tkhd = boxes.find_box(trak, b"tkhd")
    mdhd = boxes.find_box(trak, b"mdia", b"mdhd")
    hdlr = boxes.find_box(trak, b"mdia", b"hdlr")
    stbl = boxes.find_box(trak, b"mdia", b"minf", b"stbl")
    if tkhd is None or mdhd is None or hdlr is None or stbl is None:
        return None
    track = MovieTrack(
        boxes.read_number(tkhd, 20 if tkhd[0] == 1 else 12),
        bytes(hdlr[8:12]),
        _timescale(mdhd),
    )
    if stsd := boxes.find_box(stbl, b"stsd"):
        _sample_entry(stsd, track)
    if elst := boxes.find_box(trak, b"edts", b"elst"):
        track.shift = _edit_shift(elst, movie_scale, track.timescale)
    track.samples.room = size
    read_tables(stbl, track.samples)
    return track


def _sample_entry(stsd: memoryview, track: MovieTrack) -> None:
    entry = next(boxes.boxes_in(stsd[8:]), None)
    if entry is None:
        return
    track.entry = entry.kind
    data = entry.data
    track.description = (8 + len(data)).to_bytes(4) + entry.kind + bytes(data)
    if track.handler == b"vide":
        track.width = boxes.read_number(data, 24, 2)
        track.height = boxes.read_number(data, 26, 2)
        for kind in (b"avcC", b"hvcC"):
            if config := boxes.find_box(data[78:], kind):
                track.config = bytes(config)
        if esds := boxes.find_box(data[78:], b"esds"):
            track.object_type, track.config = _descriptors(bytes(esds[4:]))
    elif track.handler == b"soun":
        track.channels = boxes.read_number(data, 16, 2)
        track.rate = boxes.read_number(data, 24, 2)
        if esds := boxes.find_box(data[28:], b"esds"):
            track.object_type, track.config = _descriptors(bytes(esds[4:]))


def _descriptors(descriptors: bytes) -> tuple[int, bytes]:
    """Return object type and DecoderSpecificInfo of nested descriptors (14496-1 7.2.6)."""
    at = object_type = 0
    while at + 2 <= len(descriptors):
        tag = descriptors[at]
        at += 1
        length = 0
        for _ in range(4):
            byte = descriptors[at]
            at += 1
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 3:
            at += 3
        elif tag == 4:
            object_type = descriptors[at]
            at += 13
        elif tag == 5:
            return object_type, descriptors[at : at + length]
        else:
            at += length
    return object_type, b""


def _edit_shift(elst: memoryview, movie_scale: int, timescale: int) -> int:
    shift = 0
    is_long = elst[0] == 1
    width = 8 if is_long else 4
    for index in range(min(boxes.read_number(elst, 4), 16)):
        at = 8 + index * (2 * width + 4)
        duration = boxes.read_number(elst, at, width)
        media_time = boxes.signed(elst, at + width, width)
        if media_time >= 0:
            return shift - media_time
        shift += round(duration * timescale / movie_scale)
    return shift


def _metadata(moov: memoryview) -> dict[str, str]:
    """Return keys and texts of `meta` with handler mdta (QuickTime metadata)."""
    found: dict[str, str] = {}
    for path in ((b"meta",), (b"udta", b"meta")):
        meta = boxes.find_box(moov, *path)
        if meta is None:
            continue
        if bytes(meta[4:8]) not in {b"hdlr", b"keys"}:
            meta = meta[4:]
        keys = boxes.find_box(meta, b"keys")
        values = boxes.find_box(meta, b"ilst")
        if keys is None or values is None:
            continue
        names = [
            bytes(part.data).decode("utf-8", "replace")
            for part in boxes.boxes_in(keys[8:])
        ]
        for part in boxes.boxes_in(values):
            place = int.from_bytes(part.kind) - 1
            data = boxes.find_box(part.data, b"data")
            if data is not None and 0 <= place < len(names):
                found[names[place]] = bytes(data[8:]).decode("utf-8", "replace")
    return found
