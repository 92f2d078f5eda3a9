"""Several clips as one MP4, without decoding: export of any stretch of time."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import override

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..frames import Codec
from ..held import Held
from ..intervals import TimeRange
from . import annexb
from .film import Film, Output
from .movie import Frames, MovieTrack, read_movie
from .output import storing


@dataclass(frozen=True, slots=True)
class JoinPart:
    """A complete clip: its file and the UTC time of its first picture."""

    path: Path
    utc_start_ms: int


@dataclass(frozen=True, slots=True)
class Joined:
    """What came out: UTC from the first picture to the end of the last, frames, gaps."""

    range: TimeRange
    frames: int
    gaps: tuple[TimeRange, ...]
    parts: int


@dataclass(slots=True)
class _JoinSource:
    part: JoinPart
    video: MovieTrack
    sound: MovieTrack | None
    places: range
    start_ms: int
    end_ms: int


class PlannedFilm(Held):
    """A film of clips whose pictures have one format; `release` frees its tables."""

    def __init__(
        self, wanted: TimeRange, first: _JoinSource, *, keep_gaps: bool
    ) -> None:
        """Plan an empty film that begins with that clip."""
        self._film = Film(max(wanted.end_ms, first.end_ms) - first.start_ms)
        self._keeps_gaps = keep_gaps
        self._start_ms = self._end_ms = first.start_ms
        self._gaps: list[TimeRange] = []
        self._closed_ms = self._parts = 0
        self._is_mixed = False

    @override
    def release(self) -> None:
        self._film.release()

    @property
    def size(self) -> int:
        """Return how many bytes it has; known before the first one is written."""
        return self._film.size

    @property
    def codec(self) -> Codec | None:
        """Return how its pictures are coded."""
        return self._film.video.codec if self._film.video else None

    @property
    def joined(self) -> Joined:
        """Return what it shows."""
        shown = TimeRange(self._start_ms, self._end_ms)
        return Joined(shown, self._film.frames, tuple(self._gaps), self._parts)

    def fits(self, item: _JoinSource) -> bool:
        """Return whether a clip's pictures can follow."""
        pattern = self._film.video
        if pattern is None:
            return True
        if item.video.format != pattern.format:
            return False
        return item.video.config == pattern.config or bool(_front_of(item.video))

    def add(self, item: _JoinSource) -> None:
        """Append a clip; sound of another kind than the first one's is left out."""
        start_ms = max(item.start_ms, self._end_ms)
        if start_ms > self._end_ms:
            self._gaps.append(TimeRange(self._end_ms, start_ms))
            if not self._keeps_gaps:
                self._closed_ms += start_ms - self._end_ms
        base_ms = item.part.utc_start_ms - self._start_ms - self._closed_ms
        pattern = self._film.video
        if pattern is not None and pattern.config != item.video.config:
            self._is_mixed = True
        self._film.add(
            item.part.path,
            (item.video, item.places),
            _sound_of(item, self._film.sound),
            base_ms * 1000,
            _front_of(item.video) if self._is_mixed else b"",
        )
        self._end_ms = max(self._end_ms, item.end_ms)
        self._parts += 1

    def write(
        self,
        out: Output,
        *,
        progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Write it from front to end; raises as `Film.write`."""
        self._film.write(out, progress=progress, cancel=cancel)


def plan_films(
    parts: Sequence[JoinPart],
    wanted: TimeRange,
    *,
    keep_gaps: bool = True,
    cancel: CancelToken | None = None,
) -> list[PlannedFilm]:
    """Return what the clips hold of a range (UTC), a film for each format; blocking.

    A film begins with the key picture at or before the start. Of footage that is kept
    twice (live and replay) only one is taken, up to a group of pictures at the seam. With
    `keep_gaps` a picture freezes over gaps, else what follows moves up. The tables of one
    clip are in memory at a time. The clips must stay as they are until the films are
    written. Raises `NO_FOOTAGE`, `VERIFY_FAILED` for a clip that cannot be read,
    `CANCELLED`, storage kinds; the caller releases the films.
    """
    films: list[PlannedFilm] = []
    try:
        for item in _each_once(_sources(parts, wanted)):
            if cancel:
                cancel.check()
            if not films or not films[-1].fits(item):
                films.append(PlannedFilm(wanted, item, keep_gaps=keep_gaps))
            films[-1].add(item)
    except BaseException:
        for film in films:
            film.release()
        raise
    if not films:
        raise NvrError(ErrorKind.NO_FOOTAGE, "no clip touches the range")
    return films


def join_clips(
    parts: Sequence[JoinPart],
    wanted: TimeRange,
    to: Path,
    *,
    keep_gaps: bool = True,
    progress: Callable[[float], None] | None = None,
    cancel: CancelToken | None = None,
) -> Joined:
    """Write what the clips hold of a range (UTC) into one file; blocking.

    Raises as `plan_films`, and `UNSUPPORTED_CODEC` where the picture's format changes on
    the way. The file is not yet durable; after an error it may be there and is worth
    nothing.
    """
    films = plan_films(parts, wanted, keep_gaps=keep_gaps, cancel=cancel)
    with ExitStack() as held:
        for film in films:
            held.enter_context(film)
        if len(films) > 1:
            raise NvrError(
                ErrorKind.UNSUPPORTED_CODEC,
                "the picture's format changes within the range",
            )
        with storing("write the film"), to.open("wb") as out:
            films[0].write(out, progress=progress, cancel=cancel)
        return films[0].joined


def _each_once(sources: Iterable[_JoinSource]) -> Iterator[_JoinSource]:
    """Leave out what earlier clips show already, but for the key picture at the seam."""
    end_ms: int | None = None
    for item in sources:
        if end_ms is not None:
            if item.end_ms <= end_ms:
                continue
            _begin_at(item, end_ms)
        yield item
        end_ms = item.end_ms


def _begin_at(item: _JoinSource, utc_ms: int) -> None:
    """Let a clip begin with its last key picture at or before a moment."""
    samples = item.video.samples
    at_ms = utc_ms - item.part.utc_start_ms
    keys = [
        at
        for at in item.places
        if samples.keys[at] and samples.shown[at] * 1000 <= at_ms * item.video.timescale
    ]
    if keys and keys[-1] > item.places.start:
        item.places = range(keys[-1], item.places.stop)
        first = min(samples.shown[at] for at in item.places)
        item.start_ms = item.part.utc_start_ms + first * 1000 // item.video.timescale


def _front_of(video: MovieTrack) -> bytes:
    """Return a track's parameter sets, as a picture brings them along (14496-15)."""
    if video.codec not in {Codec.H264, Codec.H265}:
        return b""
    sets = annexb.sets_of(video.config, video.codec)
    return b"".join(len(nal).to_bytes(4) + nal for nal in sets)


def _sound_of(item: _JoinSource, pattern: MovieTrack | None) -> Frames | None:
    """Return the sound of a clip's stretch, None where it is of another kind."""
    if not item.sound or (pattern and item.sound.config != pattern.config):
        return None
    scale = item.sound.timescale
    begin = (item.start_ms - item.part.utc_start_ms) * scale // 1000
    end = (item.end_ms - item.part.utc_start_ms) * scale // 1000
    shown = item.sound.samples.shown
    places = range(bisect_left(shown, begin), bisect_left(shown, end))
    return (item.sound, places) if places else None


def _sources(parts: Sequence[JoinPart], wanted: TimeRange) -> Iterator[_JoinSource]:
    """Yield the clips that hold something of the range, each read when its turn comes."""
    for part in sorted(parts, key=lambda item: item.utc_start_ms):
        with storing("read a clip"):
            movie = read_movie(part.path)
        video = movie.track(b"vide") if movie else None
        if movie is None or video is None or not len(video.samples):
            raise NvrError(ErrorKind.VERIFY_FAILED, "a clip cannot be read")
        places = _places(video, part, wanted)
        if not places:
            continue
        shown = video.samples.shown
        scale = video.timescale
        inside = [shown[at] for at in places]
        last = max(inside) + video.samples.durations[places[-1]]
        sound = movie.track(b"soun")
        yield _JoinSource(
            part,
            video,
            sound if sound and len(sound.samples) and sound.config else None,
            places,
            part.utc_start_ms + min(inside) * 1000 // scale,
            part.utc_start_ms + last * 1000 // scale,
        )


def _places(video: MovieTrack, part: JoinPart, wanted: TimeRange) -> range:
    """Return the frames from the key frame at or before the start to before the end."""
    samples = video.samples
    scale = video.timescale
    begin = (wanted.start_ms - part.utc_start_ms) * scale // 1000
    end = (wanted.end_ms - part.utc_start_ms) * scale // 1000
    first = 0
    last = 0
    for at in range(len(samples)):
        shown = samples.shown[at]
        if samples.keys[at] and shown <= begin:
            first = at
        if shown < end:
            last = at + 1
    if last <= first or max(samples.shown) + samples.durations[-1] <= begin:
        return range(0)
    return range(first, last)
