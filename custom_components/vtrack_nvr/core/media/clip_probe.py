"""Reads files of ours back: what they hold, and what is left of a torn one."""

from contextlib import suppress
import os
from pathlib import Path
from typing import override

from ..clip_sink import ClipStart, EmbeddedClip, MediaProbe
from ..errors import ErrorKind, NvrError
from ..models import ClipFacts
from .copier import Copier
from .facts import facts_of_movie, sha256_of
from .movie import Movie, read_movie
from .output import storing
from .tags import ClipTags, tags_from_metadata

SALVAGE_SUFFIX = ".salvage"


class ClipProbe(MediaProbe):
    """The library's eyes. Blocking; no decoder sees the files."""

    @override
    def read_clip(self, path: Path) -> EmbeddedClip | None:
        try:
            with storing("read a clip"):
                return self._read(path)
        except NvrError as error:
            if error.kind is ErrorKind.VERIFY_FAILED:
                return None
            raise

    @override
    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        fallback = ClipTags(
            start.camera,
            start.utc_start_ms,
            start.device_start_ms,
            start.era_id,
            start.source,
        )
        try:
            with storing("salvage a clip"):
                return self._salvage(part, fallback)
        except NvrError as error:
            if error.kind is ErrorKind.VERIFY_FAILED:
                return None
            raise

    def _read(self, path: Path) -> EmbeddedClip | None:
        movie = read_movie(path)
        if movie is None or movie.is_fragmented or movie.whole_bytes != movie.size:
            return None
        tags = tags_from_metadata(movie.metadata)
        if tags is None:
            return None
        facts = facts_of_movie(movie, tags, movie.size, sha256_of(path))
        return EmbeddedClip(tags.camera, facts)

    def _salvage(self, part: Path, fallback: ClipTags) -> ClipFacts | None:
        movie = read_movie(part)
        if movie is None:
            return None
        tags = tags_from_metadata(movie.metadata) or fallback
        if movie.is_fragmented or movie.whole_bytes != movie.size:
            rewrite(part, movie, tags)
            movie = read_movie(part)
            if movie is None:
                return None
        return facts_of_movie(movie, tags, movie.size, sha256_of(part))


def rewrite(part: Path, movie: Movie, tags: ClipTags) -> None:
    """Put an ordinary MP4 with the same frames in the place of a fragmented one.

    Until the new file takes its place by a rename, the old one is untouched.
    """
    video = movie.track(b"vide")
    sound = movie.track(b"soun")
    if video is None or not len(video.samples):
        raise NvrError(ErrorKind.VERIFY_FAILED, "no whole group of pictures")
    fresh = part.with_name(part.name + SALVAGE_SUFFIX)
    try:
        with part.open("rb") as file, Copier(fresh, video, sound, tags) as copier:
            copier.copy(
                file,
                (video, range(len(video.samples))),
                (sound, range(len(sound.samples))) if sound else None,
                0,
            )
            copier.close()
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(part)
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
