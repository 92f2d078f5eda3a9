"""A run of groups turned into clips: opened, cut, measured, checked, handed over."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..clips import ClipSink, ClipStart, ClipTarget
from ..errors import ErrorKind, NvrError
from ..frames import Codec, TrackFormat
from ..intervals import TimeRange
from ..models import CameraKey, ClipFacts, ClipSource, ClockEra, TimeSource
from ..policy import Bounds
from .facts import facts_of_written, sha256_of
from .output import storing
from .tags import ClipTags
from .units import Gop
from .writer import ClipWriter

type Check = Callable[[Path, ClipFacts], None]
"""Raises `NvrError(VERIFY_FAILED)` where a closed file is not what its facts say."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What all clips of a run share. `clip_ms`: distance of the UTC times of the cuts."""

    camera: CameraKey
    era: ClockEra
    source: ClipSource
    clip_ms: int
    bounds: Bounds
    check: Check | None = None


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
class _Open:
    target: ClipTarget
    writer: ClipWriter
    tags: ClipTags
    boundary_us: int
    end_us: int
    formats: _Formats
    bytes: int = 0
    unchecked: int = 0
    holes: int = 0


class ClipSeries:
    """Writes groups into clips of a sink; for one thread.

    After an error nothing is open any more, and what was open is abandoned: its footage
    counts as never fetched. `kept` lists the completed clips on the device's clock.
    """

    def __init__(self, sink: ClipSink, plan: SeriesPlan) -> None:
        """Open nothing before the first group."""
        self._sink = sink
        self._plan = plan
        self._open: _Open | None = None
        self._keeps_sets = False
        self.time_source = TimeSource.CAPTURE
        self.kept: list[TimeRange] = []
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
        """Append a group, beginning a new clip where one is due."""
        if (
            self._open
            and gop.begins_with_key
            and self._is_cut_due(self._open, gop, video, sound)
        ):
            self._keeps_sets |= self._open.writer.lacks_sets
            self.finish()
        if self._open is None:
            if not gop.begins_with_key:
                return
            self._open = self._begin(gop, video, sound)
        clip = self._open
        try:
            clip.writer.write(gop)
            clip.end_us = gop.end_us
            clip.holes += holes
            clip.bytes += gop.bytes
            clip.unchecked += gop.bytes
            if clip.unchecked >= self._plan.bounds.free_check_bytes:
                clip.unchecked = 0
                self._sink.check_room(clip.target)
        except NvrError as error:
            if error.kind is ErrorKind.STORAGE_FULL:
                self._finish_if_possible()
            else:
                self.abandon(str(error.kind))
            raise

    def finish(self) -> None:
        """Complete the clip under way, if there is one."""
        clip = self._open
        if clip is None:
            return
        self._open = None
        try:
            facts = self._close(clip)
        except NvrError as error:
            self._abandon(clip, str(error.kind))
            raise
        self._sink.finish(clip.target, facts)
        start = facts.device_start_ms
        self.kept.append(TimeRange(start, start + facts.range.duration_ms))
        self.clips += 1
        self.bytes += facts.size_bytes
        self.frames += facts.frames

    def abandon(self, reason: str) -> None:
        """Throw the clip under way away."""
        clip, self._open = self._open, None
        if clip:
            self._abandon(clip, reason)

    @staticmethod
    def _is_estimated(source: TimeSource) -> bool:
        return source is TimeSource.ESTIMATED

    def _is_cut_due(
        self, clip: _Open, gop: Gop, video: TrackFormat, sound: TrackFormat | None
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

    def _begin(self, gop: Gop, video: TrackFormat, sound: TrackFormat | None) -> _Open:
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
            self._sink.abandon(target, str(error.kind))
            raise
        for notice in writer.notices:
            if notice not in self.notices:
                self.notices.append(notice)
        return _Open(
            target,
            writer,
            tags,
            plan.era.to_device(boundary_ms) * 1000,
            gop.start_us,
            _formats(video, sound),
        )

    def _close(self, clip: _Open) -> ClipFacts:
        written = clip.writer.close()
        path = clip.target.part_path
        with storing("read the clip back"):
            size = path.stat().st_size
            digest = sha256_of(path)
        facts = facts_of_written(written, clip.tags, size, digest, clip.holes)
        if self._plan.check:
            self._plan.check(path, facts)
        return facts

    def _finish_if_possible(self) -> None:
        """Keep what is there although the disk is full; throw it away if that fails."""
        try:
            self.finish()
        except NvrError:
            return

    def _abandon(self, clip: _Open, reason: str) -> None:
        clip.writer.discard()
        try:
            self._sink.abandon(clip.target, reason)
        except NvrError as error:
            self.notices.append(str(error))
