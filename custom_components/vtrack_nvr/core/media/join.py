"""Several clips as one MP4, without decoding: export of any stretch of time."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from .copier import Copier, Frames
from .movie import MovieTrack, read_movie
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
class _Source:
    part: JoinPart
    video: MovieTrack
    sound: MovieTrack | None
    places: range
    start_ms: int
    end_ms: int


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

    Begins with the key picture at or before the start. Of footage that is kept twice
    (live and replay) only one is taken, up to a group of pictures at the seam.
    With `keep_gaps` a picture freezes over gaps, else what follows moves up. Sound is left out of parts whose sound is of
    another kind than the first one's. Raises `NO_FOOTAGE`, `UNSUPPORTED_CODEC` where the
    picture changes on the way (the caller makes two files), `CANCELLED`, storage kinds.
    The file is not yet durable; after an error it may be there and is worth nothing.
    """
    sources = _each_once(_sources(parts, wanted))
    if not sources:
        raise NvrError(ErrorKind.NO_FOOTAGE, "no clip touches the range")
    first = sources[0]
    if any(item.video.format != first.video.format for item in sources):
        raise NvrError(
            ErrorKind.UNSUPPORTED_CODEC, "the picture's format changes within the range"
        )
    sound = next((item.sound for item in sources if item.sound), None)
    gaps: list[TimeRange] = []
    frames = closed_ms = 0
    end_ms = first.start_ms
    total = sum(len(item.places) for item in sources)
    with Copier(to, first.video, sound) as copier:
        for item in sources:
            if cancel:
                cancel.check()
            start_ms = max(item.start_ms, end_ms)
            if start_ms > end_ms:
                gaps.append(TimeRange(end_ms, start_ms))
                if not keep_gaps:
                    closed_ms += start_ms - end_ms
            base_ms = item.part.utc_start_ms - first.start_ms - closed_ms
            _copy(copier, item, sound, base_ms)
            frames += len(item.places)
            end_ms = max(end_ms, item.end_ms)
            if progress:
                progress(frames / total)
        copier.close()
    return Joined(TimeRange(first.start_ms, end_ms), frames, tuple(gaps), len(sources))


def _each_once(sources: Sequence[_Source]) -> list[_Source]:
    """Leave out what earlier clips show already, but for the key picture at the seam."""
    kept: list[_Source] = []
    end_ms: int | None = None
    for item in sources:
        if end_ms is not None:
            if item.end_ms <= end_ms:
                continue
            _begin_at(item, end_ms)
        kept.append(item)
        end_ms = item.end_ms
    return kept


def _begin_at(item: _Source, utc_ms: int) -> None:
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


def _copy(
    copier: Copier, item: _Source, sound: MovieTrack | None, base_ms: int
) -> None:
    frames: Frames | None = None
    if item.sound and sound and item.sound.config == sound.config:
        scale = item.sound.timescale
        begin = (item.start_ms - item.part.utc_start_ms) * scale // 1000
        end = (item.end_ms - item.part.utc_start_ms) * scale // 1000
        shown = item.sound.samples.shown
        frames = (item.sound, range(bisect_left(shown, begin), bisect_left(shown, end)))
    with storing("read a clip"), item.part.path.open("rb") as file:
        copier.copy(file, (item.video, item.places), frames, base_ms * 1000)


def _sources(parts: Sequence[JoinPart], wanted: TimeRange) -> list[_Source]:
    found: list[_Source] = []
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
        found.append(
            _Source(
                part,
                video,
                sound if sound and len(sound.samples) else None,
                places,
                part.utc_start_ms + min(inside) * 1000 // scale,
                part.utc_start_ms + last * 1000 // scale,
            )
        )
    return found


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
