"""A run of groups turned into clips: opened, cut, measured, checked, handed over."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
import logging
from pathlib import Path

from ..clip_sink import ClipSink, ClipStart, ClipTarget
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..frames import Codec, TrackFormat
from ..intervals import TimeRange
from ..models import (
    CameraKey,
    ClipFacts,
    ClipProblem,
    ClipSource,
    ClockEra,
    TimeSource,
)
from ..policy import Bounds
from .clip_probe import ClipProbe
from .facts import facts_of_written, sha256_of
from .output import storing
from .tags import ClipTags
from .units import Gop
from .writer import ClipWriter

_LOGGER = logging.getLogger(__name__)

_MOST_REFUSED = 3
"""So many groups in a row that cannot be written are a failure of the stream."""
_MUTE_AFTER = 3
"""After so many clips in which sound could not be written it is not tried again."""
_MUTED = "sound that cannot be written is left out"

type ClipCheck = Callable[[Path, ClipFacts], None]
"""Raises `NvrError(VERIFY_FAILED)` where a closed file is not what its facts say."""

type OnLost = Callable[[TimeRange, str], None]
"""Told of every stretch (UTC) that was taken and is in no clip, with the reason."""


def _nothing(_stretch: TimeRange, _reason: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What all clips of a run share. `clip_ms`: distance of the UTC times of the cuts."""

    camera: CameraKey
    era: ClockEra
    source: ClipSource
    clip_ms: int
    bounds: Bounds
    check: ClipCheck | None = None

    @property
    def comes_once(self) -> bool:
        """Return whether nobody can send the footage again."""
        return self.source is ClipSource.LIVE


type _Formats = tuple[Codec, tuple[Codec, int, int, bytes] | None]


def _formats(video: TrackFormat, sound: TrackFormat | None) -> _Formats:
    """Return what must not change within a file, but for the parameter sets."""
    return (
        video.codec,
        (sound.codec, sound.clock_rate, sound.channels, sound.config)
        if sound
        else None,
    )


@dataclass(slots=True)
class _OpenClip:
    target: ClipTarget
    writer: ClipWriter
    tags: ClipTags
    boundary_us: int
    start_us: int
    end_us: int
    formats: _Formats
    bytes: int = 0
    unchecked: int = 0
    holes: int = 0

    @property
    def is_empty(self) -> bool:
        """Return whether no group went in as a whole."""
        return self.end_us == self.start_us


class ClipSeries:
    """Writes groups into clips of a sink; for one thread.

    An error costs no more than a power cut: what was written stays where it is for the
    library to salvage, and nothing is open any more. What is not in a clip is told to
    `on_lost`. Footage that can be fetched again and fails its check is thrown away; live
    footage is kept, marked as `ClipProblem` says. `kept` lists the completed clips and
    `dropped` what is in none, on the device's clock.
    """

    def __init__(
        self, sink: ClipSink, plan: SeriesPlan, on_lost: OnLost = _nothing
    ) -> None:
        """Open nothing before the first group."""
        self._sink = sink
        self._plan = plan
        self._on_lost = on_lost
        self._open: _OpenClip | None = None
        self._keeps_sets = False
        self._refused = 0
        """Groups in a row that could not be written."""
        self._mutings = 0
        self._is_mute = False
        """The clip under way takes no sound, because it could not be written."""
        self.time_source = TimeSource.CAPTURE
        self.kept: list[TimeRange] = []
        self.dropped: list[TimeRange] = []
        self.clips = self.bytes = self.frames = 0
        self.notices: list[str] = []

    @property
    def open_end_us(self) -> int | None:
        """Return where the clip under way ends so far, None without one."""
        return self._open.end_us if self._open else None

    @property
    def open_range(self) -> TimeRange | None:
        """Return what the clip under way holds so far, in UTC; may be asked anywhere."""
        clip = self._open
        if clip is None:
            return None
        start_ms = clip.target.start.utc_start_ms
        end_ms = self._plan.era.to_utc(clip.end_us // 1000)
        return TimeRange(start_ms, max(start_ms, end_ms))

    @property
    def open_time_source(self) -> TimeSource | None:
        """Return what the clip under way says of its times, None without one."""
        return self._open.tags.time_source if self._open else None

    def write(
        self,
        gop: Gop,
        video: TrackFormat,
        sound: TrackFormat | None,
        *,
        holes: int = 0,
    ) -> None:
        """Append a group, beginning a new clip where one is due.

        Where it raises, all that is in no clip was told, the group included.
        """
        heard = None if self._is_mute else sound
        if (
            self._open
            and gop.begins_with_key
            and self._is_cut_due(self._open, gop, video, heard)
        ):
            self._keeps_sets |= self._open.writer.lacks_sets
            with self._or_lost(gop):
                self.finish()
            self._is_mute = self._mutings >= _MUTE_AFTER
            heard = None if self._is_mute else sound
        if self._open is None:
            if not gop.begins_with_key:
                self._lose(gop.video[0].time_us, gop.end_us, ErrorKind.INTERRUPTED)
                return
            with self._or_lost(gop):
                self._open = self._begin(gop, video, heard)
        clip = self._open
        try:
            clip.writer.write(gop)
        except NvrError as error:
            if error.kind in STORAGE_KINDS:
                clip.end_us = max(clip.end_us, gop.end_us)
                self.leave(error)
                raise
            self._without(gop, video, heard, holes, error)
            return
        self._refused = 0
        clip.end_us = gop.end_us
        clip.holes += holes
        clip.bytes += gop.bytes
        clip.unchecked += gop.bytes
        if clip.unchecked >= self._plan.bounds.free_check_bytes:
            clip.unchecked = 0
            self._check_room(clip)

    def finish(self) -> None:
        """Complete the clip under way, if there is one."""
        clip = self._open
        if clip is None:
            return
        try:
            facts = self._close(clip)
        except NvrError as error:
            if error.kind in STORAGE_KINDS:
                self.leave(error)
                raise
            if not self._plan.comes_once:
                self.abandon(str(error.kind))
                raise
            self._rescue(clip, ClipProblem.CHECK_FAILED, error)
            return
        self._hand_over(clip, facts)

    def abandon(self, reason: str) -> None:
        """Throw the clip under way away."""
        clip, self._open = self._open, None
        if clip:
            clip.writer.discard()
            self._give_up(clip.target, reason)
            self._lose(clip.start_us, clip.end_us, reason)

    def leave(self, error: NvrError) -> None:
        """Let go of the clip under way as a killed process would; raises nothing."""
        clip, self._open = self._open, None
        if clip:
            clip.writer.discard()
            self._sink.leave(clip.target, error)
            self._lose(clip.start_us, clip.end_us, error.kind)

    @staticmethod
    def _is_estimated(source: TimeSource) -> bool:
        return source is TimeSource.ESTIMATED

    def _is_cut_due(
        self, clip: _OpenClip, gop: Gop, video: TrackFormat, sound: TrackFormat | None
    ) -> bool:
        pause_us = gop.start_us - clip.end_us
        return (
            gop.start_us >= clip.boundary_us
            or pause_us > self._plan.bounds.gap_ms * 1000
            or pause_us < -self._plan.bounds.clock_jump_ms * 1000
            or self._is_estimated(clip.tags.time_source)
            is not self._is_estimated(self.time_source)
            or clip.formats != _formats(video, sound)
            or clip.writer.needs_new_clip(gop.video[0].unit)
        )

    def _begin(
        self, gop: Gop, video: TrackFormat, sound: TrackFormat | None
    ) -> _OpenClip:
        plan = self._plan
        device_ms = gop.start_us // 1000
        utc_ms = plan.era.to_utc(device_ms)
        boundary_ms = (utc_ms // plan.clip_ms + 1) * plan.clip_ms
        start = ClipStart(plan.camera, utc_ms, device_ms, plan.era.id, plan.source)
        tags = ClipTags(
            plan.camera, utc_ms, device_ms, plan.era.id, plan.source, self.time_source
        )
        target = self._sink.open(start)
        try:
            writer = ClipWriter(
                target.part_path,
                video,
                sound,
                tags,
                gop.video[0].unit,
                keeps_sets=self._keeps_sets,
            )
        except NvrError as error:
            self._give_up(target, str(error.kind))
            raise
        for notice in writer.notices:
            self._notice(notice)
        return _OpenClip(
            target,
            writer,
            tags,
            plan.era.to_device(boundary_ms) * 1000,
            gop.start_us,
            gop.start_us,
            _formats(video, sound),
        )

    def _check_room(self, clip: _OpenClip) -> None:
        """Ask the sink; on a full disk what is written is finished, if it has room for that."""
        try:
            self._sink.check_room(clip.target)
        except NvrError as error:
            if error.kind is not ErrorKind.STORAGE_FULL:
                self.leave(error)
                raise
            try:
                self.finish()
            except NvrError as failure:
                _LOGGER.debug("A full disk takes no end of a clip either: %s", failure)
            raise

    def _close(self, clip: _OpenClip) -> ClipFacts:
        written = clip.writer.close()
        path = clip.target.part_path
        # Both only read the closed file, and the check waits for a child process.
        with ThreadPoolExecutor(1, "vtrack_hash") as pool:
            with storing("read the clip back"):
                size = path.stat().st_size
            hashing = pool.submit(sha256_of, path)
            facts = facts_of_written(written, clip.tags, size, "", clip.holes)
            try:
                if self._plan.check:
                    self._plan.check(path, facts)
            finally:
                with storing("read the clip back"):
                    digest = hashing.result()
        return replace(facts, sha256=digest)

    def _hand_over(self, clip: _OpenClip, facts: ClipFacts) -> None:
        self._open = None
        try:
            self._sink.finish(clip.target, facts)
        except NvrError as error:
            self._lose(clip.start_us, clip.end_us, error.kind)
            raise
        start = facts.device_start_ms
        self.kept.append(TimeRange(start, start + facts.range.duration_ms))
        self.clips += 1
        self.bytes += facts.size_bytes
        self.frames += facts.frames

    # What went wrong

    def _without(
        self,
        gop: Gop,
        video: TrackFormat,
        sound: TrackFormat | None,
        holes: int,
        error: NvrError,
    ) -> None:
        """Go on after libav did not take a group: without its sound, else without it.

        The muxer gives its answer late, so only trying tells whether the sound was meant.
        The file so far is closed: what it holds of the group is not known.
        """
        clip = self._open
        assert clip is not None
        if clip.is_empty:
            self._open = None
            clip.writer.discard()
            self._give_up(clip.target, str(error.kind))
        else:
            with self._or_lost(gop):
                self._rescue(clip, ClipProblem.REFUSED, error)
        if clip.writer.has_sound and gop.begins_with_key:
            self._notice(_MUTED)
            self._mutings += 1
            self._is_mute = True
            self.write(gop, video, sound, holes=holes)
            return
        self._lose(gop.video[0].time_us, gop.end_us, error.kind)
        self._notice(f"a picture could not be written: {error.detail}")
        self._refused += 1
        if self._refused >= _MOST_REFUSED:
            self._refused = 0
            raise error

    def _rescue(self, clip: _OpenClip, problem: ClipProblem, error: NvrError) -> None:
        """Keep what a file holds that is not as it should be, and say so in its row."""
        clip.writer.discard()
        try:
            facts = ClipProbe().salvage(clip.target.part_path, clip.target.start)
        except NvrError as failure:
            self.leave(failure)
            raise
        if facts is None:
            self.abandon(str(error.kind))
            return
        _LOGGER.warning("A clip of %s is kept and marked: %s", self._plan.camera, error)
        facts = replace(facts, holes=clip.holes, problem=problem.value)
        self._hand_over(clip, facts)
        reached_us = (facts.device_start_ms + facts.range.duration_ms) * 1000
        if clip.end_us - reached_us > self._plan.bounds.gap_ms * 1000:
            self._lose(reached_us, clip.end_us, error.kind)

    def _give_up(self, target: ClipTarget, reason: str) -> None:
        """Take back a clip in which nothing is worth keeping."""
        try:
            self._sink.abandon(target, reason)
        except NvrError as error:
            self._notice(str(error))

    @contextmanager
    def _or_lost(self, gop: Gop) -> Iterator[None]:
        """Say that a group is lost where something before it fails."""
        try:
            yield
        except NvrError as error:
            self._lose(gop.video[0].time_us, gop.end_us, error.kind)
            raise

    def _lose(self, from_us: int, to_us: int, reason: str) -> None:
        lost = TimeRange(from_us // 1000, max(from_us, to_us) // 1000)
        if lost.duration_ms:
            self.dropped.append(lost)
            self._on_lost(lost.shifted(self._plan.era.offset_ms), str(reason))

    def _notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)
