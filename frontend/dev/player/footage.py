"""Clips for trying the player: simulated footage, written by the writer of real clips.

Every picture carries its number and its time, so that a browser can be asked what it shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import math
from pathlib import Path

from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource
from tests.simulator.footage import FootageStore
from tests.simulator.footage_audio import audio_loop
from tests.simulator.timeline import FRAME_MS, Look

GOP_MS = 2000
_AUDIO = audio_loop("AAC")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One clip to be: `start_ms` and `length_ms` are multiples of a group's length."""

    camera: str
    start_ms: int
    length_ms: int
    sound: bool = True
    width: int = 640
    height: int = 360
    codec: str = "H264"
    damaged: frozenset[int] = frozenset()

    @property
    def end_ms(self) -> int:
        """Return when the clip ends."""
        return self.start_ms + self.length_ms

    @property
    def look(self) -> Look:
        """Return how its pictures are drawn."""
        return Look(
            self.camera,
            "H265" if self.codec == "H265" else "H264",
            self.width,
            self.height,
            GOP_MS,
            damaged_numbers=self.damaged,
        )


class ClipMaker:
    """Writes clips whole, or group by group."""

    def __init__(self, store: FootageStore) -> None:
        """Take the pictures out of `store`."""
        self._store = store

    def groups(self, stretch: Stretch) -> Iterator[Gop]:
        """Yield the groups of a stretch with their sound."""
        for start in range(stretch.start_ms, stretch.end_ms, GOP_MS):
            yield self._group(stretch, start)

    def open(self, stretch: Stretch, path: Path) -> ClipWriter:
        """Return a writer of the clip; nothing is written yet."""
        first = self._group(stretch, stretch.start_ms)
        coded = self._store.gop(stretch.look, stretch.start_ms, GOP_MS // FRAME_MS)
        codec = Codec.H265 if stretch.codec == "H265" else Codec.H264
        video = TrackFormat(
            TrackKind.VIDEO, codec, 90_000, parameter_sets=coded.parameter_sets
        )
        form = _AUDIO.format
        audio = TrackFormat(
            TrackKind.AUDIO, Codec.AAC, form.sample_rate, config=_AUDIO.config
        )
        tags = ClipTags(
            CameraKey(f"dev/{stretch.camera}"),
            stretch.start_ms,
            stretch.start_ms,
            1,
            ClipSource.REPLAY,
        )
        return ClipWriter(
            path, video, audio if stretch.sound else None, tags, first.video[0].unit
        )

    def write(self, stretch: Stretch, path: Path) -> None:
        """Write a whole clip."""
        writer = self.open(stretch, path)
        for group in self.groups(stretch):
            writer.write(group)
        writer.close()

    def _group(self, stretch: Stretch, start_ms: int) -> Gop:
        coded = self._store.gop(stretch.look, start_ms, GOP_MS // FRAME_MS)
        sets = b"".join(b"\0\0\0\1" + nal for nal in coded.parameter_sets)
        video = []
        for unit in coded.units:
            data = b"".join(b"\0\0\0\1" + nal for nal in unit.nals)
            time_us = unit.time_ms * 1000
            video.append(
                TimedUnit(
                    time_us,
                    AccessUnit(
                        0,
                        sets + data if unit.key else data,
                        unit.time_ms * 90 & 0xFFFFFFFF,
                        time_us,
                        unit.key,
                    ),
                )
            )
        group = Gop(video, (start_ms + GOP_MS) * 1000)
        if stretch.sound:
            group.audio += _sound(start_ms)
        return group


def _sound(start_ms: int) -> Iterator[TimedUnit]:
    """Yield the coded sound that begins in a group."""
    for time_ms, data in _AUDIO.frames_between(start_ms, start_ms + GOP_MS):
        rtp = math.floor(time_ms * _AUDIO.format.sample_rate / 1000) & 0xFFFFFFFF
        yield TimedUnit(
            time_ms * 1000, AccessUnit(1, data, rtp, time_ms * 1000, is_key=True)
        )
