"""One ordinary MP4 out of frames of many clips, written from front to end (14496-12).

It is planned first, clip by clip: afterwards its size is known to the byte, and it can be
written wherever bytes can go one after the other, a zip for example. Its tables come first,
so that a film can be watched and seeked in while it is still being fetched. Nothing is
decoded, and nothing of libav is involved: its muxer keeps a hundred bytes of each frame,
which are hundreds of megabytes for a day with sound.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, override

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..held import Held
from .columns import Column, RunColumn
from .movie import Frames, MovieTrack
from .output import storing

type _Piece = bytes | Column

_BLOCK = 1024 * 1024
_MATRIX = bytes.fromhex(
    "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000"
)
_FTYP = b"isom\0\0\2\0isomiso2avc1mp41"
_LARGEST = (1 << 32) - 1
_SOUND_JITTER = 64
"""Sound that begins up to so many ticks early is moved, beyond that it is left out."""


class Output(Protocol):
    """Where a film goes; only `write` is used."""

    def write(self, data: bytes, /) -> object:
        """Take all of the bytes."""
        ...


class _Run:
    """Frames of one track that follow each other: where they lie, when the first is due."""

    __slots__ = ("at_us", "count", "length", "pieces", "track")

    def __init__(self, track: _Tables, at_us: int) -> None:
        self.track = track
        self.at_us = at_us
        self.count = 0
        self.length = 0
        self.pieces: list[list[int]] = []
        """Each a source, from where, how many bytes; source 0 are the fronts."""


class _Tables:
    """What is known of one track of the film."""

    def __init__(self, track: MovieTrack, longest_ms: int) -> None:
        self.pattern = track
        self.is_sound = track.handler == b"soun"
        self.scale = track.timescale
        while longest_ms * self.scale // 1000 > _LARGEST and self.scale > 1:
            self.scale //= 2  # a step of time has 32 bits
        self.sizes = Column("I")
        self.steps = RunColumn()
        self.delays = RunColumn()
        self.keys = Column("I")
        self.chunks = Column("Q")
        self.per_chunk = Column("I")
        self._last_per_chunk = 0
        self.first: int | None = None
        self.first_shown = 0
        self.end = 0
        self._last = 0
        self._duration = 0

    def close(self) -> None:
        for column in (self.sizes, self.keys, self.chunks, self.per_chunk):
            column.close()
        self.steps.column.close()
        self.delays.column.close()

    def take(
        self, frames: Frames, source: int, base_us: int, front: tuple[int, int] | None
    ) -> Iterator[_Run]:
        """Enter frames, `base_us` after their own times; yield where they lie.

        `front`, a place and a length among the fronts, goes before each key frame.
        """
        track, places = frames
        samples = track.samples
        scale, own = self.scale, track.timescale
        base = (base_us * scale + 500_000) // 1_000_000
        run: _Run | None = None
        end = -1
        for at in places:
            decoded = (samples.decoded[at] + track.shift) * scale // own + base
            shown = samples.shown[at] * scale // own + base
            if self.first is not None and decoded <= self._last:
                if self.is_sound and shown <= self._last - _SOUND_JITTER:
                    continue
                decoded = self._last + 1
                shown = max(shown, decoded)
            if self.is_sound and shown < 0:
                continue
            is_key = bool(samples.keys[at])
            self._enter(decoded, shown, is_key)
            self._duration = samples.durations[at] * scale // own
            offset, size = samples.offsets[at], samples.sizes[at]
            if run is None or offset != end:
                if run is not None:
                    yield run
                run = _Run(self, decoded * 1_000_000 // scale)
            end = offset + size
            if front is not None and is_key:
                run.pieces += [0, *front], [source, offset, size]
                size += front[1]
            elif run.count:
                run.pieces[-1][2] += size
            else:
                run.pieces.append([source, offset, size])
            self.sizes.add(size)
            run.length += size
            run.count += 1
        if run is not None:
            yield run

    def _enter(self, decoded: int, shown: int, is_key: bool) -> None:
        if self.first is None:
            self.first = decoded
            self.first_shown = shown
        else:
            self.steps.add(decoded - self._last)
        self._last = decoded
        self.first_shown = min(self.first_shown, shown)
        self.delays.add(shown - decoded)
        if is_key:
            self.keys.add(self.sizes.count + 1)

    def place(self, offset: int, count: int) -> None:
        """Enter where frames lie in the film, counted from its first one."""
        self.chunks.add(offset)
        if count != self._last_per_chunk:
            self.per_chunk.add(self.chunks.count, count, 1)
            self._last_per_chunk = count

    def finish(self) -> None:
        self.steps.add(max(1, self._duration))
        self.steps.end()
        self.delays.end()

    @property
    def media_ticks(self) -> int:
        """Return how long the track is in its own time."""
        assert self.first is not None
        return self._last + max(1, self._duration) - self.first

    @property
    def delay_ticks(self) -> int:
        """Return how long after the film's beginning sound begins."""
        return max(0, self.first_shown) if self.is_sound else 0


class Film(Held):
    """A film that is being planned; blocking, for one thread, raises `NvrError`."""

    def __init__(self, longest_ms: int) -> None:
        """Plan an empty film of at most that length, gaps included."""
        self._longest_ms = longest_ms
        self._video: _Tables | None = None
        self._sound: _Tables | None = None
        self._paths: list[Path] = []
        self._fronts = bytearray()
        self._copies = Column("Q")
        """Triples: which source, from where, how many bytes."""
        self._media_bytes = 0
        self._moov: list[_Piece] | None = None

    @override
    def release(self) -> None:
        for item in (self._copies, self._video, self._sound):
            if item is not None:
                item.close()

    @property
    def frames(self) -> int:
        """Return how many pictures there are."""
        return self._video.sizes.count if self._video else 0

    @property
    def sound(self) -> MovieTrack | None:
        """Return a track of the kind of the film's sound."""
        return self._sound.pattern if self._sound else None

    @property
    def video(self) -> MovieTrack | None:
        """Return a track of the kind of the film's pictures."""
        return self._video.pattern if self._video else None

    @property
    def size(self) -> int:
        """Return how many bytes the whole film has; nothing can be added after that."""
        return self._header_bytes + self._media_bytes

    def add(
        self,
        path: Path,
        video: Frames,
        sound: Frames | None,
        base_us: int,
        front: bytes = b"",
    ) -> None:
        """Append frames of a clip; `base_us` is added to their times in it.

        All pictures look alike. Those of a clip whose parameter sets are not the film's
        bring them along: `front` is put before each key picture. Raises `STORAGE_FAILED`
        where a temporary file cannot be written.
        """
        with _planning():
            self._paths.append(path)
            source = len(self._paths)
            before = (len(self._fronts), len(front)) if front else None
            self._fronts += front
            self._video = self._video or _Tables(video[0], self._longest_ms)
            runs = list(self._video.take(video, source, base_us, before))
            if sound:
                self._sound = self._sound or _Tables(sound[0], self._longest_ms)
                runs += self._sound.take(sound, source, base_us, None)
                runs.sort(key=lambda run: run.at_us)
            for run in runs:
                run.track.place(self._media_bytes, run.count)
                self._media_bytes += run.length
                for piece in run.pieces:
                    self._copies.add(*piece)

    def write(
        self,
        out: Output,
        *,
        progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Write exactly `size` bytes.

        Raises `CANCELLED`, storage kinds, `VERIFY_FAILED` where a clip is shorter than it
        was. `OSError` of `out` leaves as `STORAGE_FULL` and its like.
        """
        header = self._header_bytes
        moov = self._tables()
        for track in self._tracks:
            track.chunks.base = header
        with storing("write the film"):
            out.write(_header(b"ftyp", len(_FTYP)) + _FTYP)
            for piece in moov:
                for block in [piece] if isinstance(piece, bytes) else piece.blocks():
                    out.write(block)
            length = 16 + self._media_bytes
            out.write(_number(1) + b"mdat" + length.to_bytes(8))
            self._copy(out, progress, cancel)

    def _copy(
        self,
        out: Output,
        progress: Callable[[float], None] | None,
        cancel: CancelToken | None,
    ) -> None:
        numbers = self._copies.numbers()
        done, current, file = 0, 0, None
        try:
            for source, offset, length in zip(numbers, numbers, numbers, strict=True):
                if not source:
                    out.write(bytes(self._fronts[offset : offset + length]))
                    done += length
                    continue
                if file is None or source != current:
                    if file is not None:
                        file.close()
                    path, current = self._paths[source - 1], source
                    file = path.open("rb", buffering=0)
                    if progress and done:
                        progress(done / self._media_bytes)
                file.seek(offset)
                left = length
                while left:
                    if cancel:
                        cancel.check()
                    data = file.read(min(left, _BLOCK))
                    if not data:
                        raise NvrError(
                            ErrorKind.VERIFY_FAILED, "a clip ends inside a frame"
                        )
                    out.write(data)
                    left -= len(data)
                done += length
        finally:
            if file is not None:
                file.close()
        if progress:
            progress(1.0)

    @property
    def _tracks(self) -> Sequence[_Tables]:
        return [item for item in (self._video, self._sound) if item is not None]

    @property
    def _header_bytes(self) -> int:
        """Return how many bytes come before the first frame."""
        return 8 + len(_FTYP) + _length(self._tables()) + 16

    def _tables(self) -> list[_Piece]:
        if self._moov is None:
            for track in self._tracks:
                track.finish()
            self._moov = _moov(self._tracks)
        return self._moov


@contextmanager
def _planning() -> Iterator[None]:
    """Let a temporary folder that is full say nothing of the storage of footage."""
    try:
        yield
    except OSError as error:
        raise NvrError(
            ErrorKind.STORAGE_FAILED, "the temporary folder cannot be written to"
        ) from error


def _number(value: int, length: int = 4) -> bytes:
    return value.to_bytes(length)


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(len(piece) for piece in pieces)


def _header(kind: bytes, length: int) -> bytes:
    return _number(8 + length) + kind


def _box(kind: bytes, *pieces: _Piece) -> list[_Piece]:
    return [_header(kind, _length(pieces)), *pieces]


def _table(
    kind: bytes, column: Column, per_entry: int, version: int = 0
) -> list[_Piece]:
    head = _number(version << 24) + _number(column.count // per_entry)
    return _box(kind, head, column)


def _moov(tracks: Sequence[_Tables]) -> list[_Piece]:
    scale = tracks[0].scale
    lasts = [_movie_ticks(track, scale) for track in tracks]
    head = (
        _number(1 << 24)
        + bytes(16)
        + _number(scale)
        + _number(max(lasts), 8)
        + _number(0x0001_0000)
        + _number(0x0100, 2)
        + bytes(10)
        + _MATRIX
        + bytes(24)
        + _number(len(tracks) + 1)
    )
    traks = [
        piece
        for number, track in enumerate(tracks, start=1)
        for piece in _trak(number, track, scale)
    ]
    return _box(b"moov", *_box(b"mvhd", head), *traks)


def _movie_ticks(track: _Tables, scale: int) -> int:
    """Return how long a track is seen or heard, its delay included."""
    return (track.media_ticks + track.delay_ticks) * scale // track.scale


def _trak(number: int, track: _Tables, scale: int) -> list[_Piece]:
    pattern = track.pattern
    width, height = (
        (0, 0) if track.is_sound else (pattern.width << 16, pattern.height << 16)
    )
    tkhd = (
        _number(1 << 24 | 3)
        + bytes(16)
        + _number(number)
        + bytes(4)
        + _number(_movie_ticks(track, scale), 8)
        + bytes(12)
        + _number(0x0100 if track.is_sound else 0, 2)
        + bytes(2)
        + _MATRIX
        + _number(width)
        + _number(height)
    )
    mdhd = (
        _number(1 << 24)
        + bytes(16)
        + _number(track.scale)
        + _number(track.media_ticks, 8)
        + _number(0x55C4, 2)  # the language is not known
        + bytes(2)
    )
    hdlr = bytes(8) + pattern.handler + bytes(12) + b"VTrack NVR\0"
    media = (
        _box(b"smhd", bytes(8))
        if track.is_sound
        else _box(b"vmhd", _number(1), bytes(8))
    )
    here = _box(b"url ", _number(1))
    dref = _box(b"dinf", *_box(b"dref", bytes(4), _number(1), *here))
    return _box(
        b"trak",
        *_box(b"tkhd", tkhd),
        *_box(b"edts", *_edits(track, scale)),
        *_box(
            b"mdia",
            *_box(b"mdhd", mdhd),
            *_box(b"hdlr", hdlr),
            *_box(b"minf", *media, *dref, *_box(b"stbl", *_stbl(track))),
        ),
    )


def _edits(track: _Tables, scale: int) -> list[_Piece]:
    """Let the first picture be seen at once, and sound begin when it was heard."""
    assert track.first is not None
    begins = 0 if track.is_sound else max(0, track.first_shown - track.first)
    length = track.media_ticks * scale // track.scale
    entries = _number(length, 8) + _number(begins, 8) + _number(0x0001_0000)
    count = 1
    if delay := track.delay_ticks * scale // track.scale:
        nothing = _number((1 << 64) - 1, 8)
        entries = _number(delay, 8) + nothing + _number(0x0001_0000) + entries
        count = 2
    return _box(b"elst", _number(1 << 24), _number(count), entries)


def _stbl(track: _Tables) -> list[_Piece]:
    pieces = [
        *_box(b"stsd", bytes(4), _number(1), track.pattern.description),
        *_table(b"stts", track.steps.column, 2),
    ]
    if not track.delays.is_plain:
        pieces += _table(b"ctts", track.delays.column, 2, version=1)
    if track.keys.count != track.sizes.count:
        pieces += _table(b"stss", track.keys, 1)
    pieces += _table(b"stsc", track.per_chunk, 3)
    pieces += _box(b"stsz", bytes(8), _number(track.sizes.count), track.sizes)
    return pieces + _table(b"co64", track.chunks, 1)
