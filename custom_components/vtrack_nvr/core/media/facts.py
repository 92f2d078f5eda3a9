"""The facts of a clip, from what was written or from what a file's tables say."""

import hashlib
from pathlib import Path

from ..errors import ErrorKind, NvrError
from ..frames import Codec
from ..intervals import TimeRange
from ..models import ClipFacts
from .freezes import Freezes
from .movie import Movie, MovieTrack
from .tags import ClipTags
from .writer import Written

_BLOCK = 1024 * 1024


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes in hexadecimal."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()


def facts_of_written(
    written: Written, tags: ClipTags, size_bytes: int, sha256: str, holes: int
) -> ClipFacts:
    """Return the facts of a file we have just closed."""
    start = tags.utc_start_ms

    def utc(time_us: int) -> int:
        return start + round((time_us - written.first_us) / 1000)

    return ClipFacts(
        range=TimeRange(start, utc(written.end_us)),
        last_frame_ms=utc(written.last_us),
        device_start_ms=tags.device_start_ms,
        era_id=tags.era_id,
        size_bytes=size_bytes,
        sha256=sha256,
        video_codec=written.video_codec,
        audio_codec=written.audio_codec,
        width=written.size.width,
        height=written.size.height,
        frames=written.frames,
        audio_frames=written.audio_frames,
        holes=holes,
        gaps=tuple(TimeRange(utc(a), utc(b)) for a, b in written.freezes),
        source=tags.source,
        time_source=tags.time_source,
    )


def facts_of_movie(
    movie: Movie, tags: ClipTags, size_bytes: int, sha256: str
) -> ClipFacts:
    """Return the facts a file's tables tell; raises `VERIFY_FAILED` without pictures."""
    video = movie.track(b"vide")
    codec = video.codec if video else None
    if video is None or codec is None or not len(video.samples):
        raise NvrError(ErrorKind.VERIFY_FAILED, "no pictures")
    sound = movie.track(b"soun")
    audio_frames = len(sound.samples) if sound else 0
    start = tags.utc_start_ms
    times = shown_us(video)
    last = times[-1]
    end = last + video.samples.durations[-1] * 1_000_000 // video.timescale
    if not 0 <= last < end:
        raise NvrError(ErrorKind.VERIFY_FAILED, "times of pictures are impossible")
    freezes = Freezes()
    freezes.add_times(times)

    def utc(time_us: int) -> int:
        return start + round(time_us / 1000)

    return ClipFacts(
        range=TimeRange(start, utc(end)),
        last_frame_ms=utc(last),
        device_start_ms=tags.device_start_ms,
        era_id=tags.era_id,
        size_bytes=size_bytes,
        sha256=sha256,
        video_codec=codec,
        audio_codec=Codec.AAC if audio_frames else None,
        width=video.width,
        height=video.height,
        frames=len(video.samples),
        audio_frames=audio_frames,
        gaps=tuple(TimeRange(utc(a), utc(b)) for a, b in freezes.found),
        source=tags.source,
        time_source=tags.time_source,
    )


def shown_us(track: MovieTrack) -> list[int]:
    """Return when each frame is shown, in order, in microseconds of the movie."""
    scale = track.timescale
    return [time * 1_000_000 // scale for time in sorted(track.samples.shown)]
