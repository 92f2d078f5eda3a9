"""Which segments a range of a camera is watched in: pure, from the indexes of its clips.

A segment is whole groups of pictures of one clip. They are listed in order of time, each
group once: of footage that is kept twice only one is taken, up to a group at the seam. What
is listed stays as it is; more is only appended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..intervals import TimeRange
from ..media.fragment_index import FragmentIndex, Look

LEAST_US = 4_000_000
"""A segment ends with the group that makes it this long."""
FIRST_LEAST_US = 1_000_000
"""The first one: the sooner it is there, the sooner there is a picture."""
SEAM_US = 5_000
"""Times of clips are rounded: what sticks out by so little is listed already."""


class MediaSegment(NamedTuple):
    """Fragments `first` to `last` (included) of a clip, with UTC of their first picture."""

    clip_id: int
    first: int
    last: int
    start_us: int
    duration_us: int

    @property
    def end_us(self) -> int:
        """Return UTC of the end of its last picture."""
        return self.start_us + self.duration_us


class Listed(NamedTuple):
    """What is known of a clip that has segments: its first picture in UTC, its look."""

    start_ms: int
    look: Look


@dataclass(slots=True)
class Timeline:
    """The segments of a window (UTC), appended to as clips become known.

    Clips are added in order of their starts, one that grows again and again.
    """

    window: TimeRange
    segments: list[MediaSegment] = field(default_factory=list)
    clips: dict[int, Listed] = field(default_factory=dict)
    _reached_us: int = -(2**63)

    @property
    def last_clip(self) -> int | None:
        """Return the clip that was listed last."""
        return self.segments[-1].clip_id if self.segments else None

    @property
    def end_ms(self) -> int | None:
        """Return until when there is footage, None without any."""
        return self.segments[-1].end_us // 1000 if self.segments else None

    @property
    def looks(self) -> tuple[Look, ...]:
        """Return each kind of footage once, in order of appearance."""
        return tuple(dict.fromkeys(clip.look for clip in self.clips.values()))

    def add(self, clip_id: int, start_ms: int, index: FragmentIndex) -> int:
        """List what is new of a clip; returns how many segments that were.

        `start_ms` is UTC of the beginning of its file.
        """
        before = len(self.segments)
        if clip_id in self.clips:
            start_ms = self.clips[clip_id].start_ms  # what was told of a clip stays
        for first, last in self._groups(clip_id, start_ms, index):
            self._append(clip_id, start_ms, index, first, last)
        return len(self.segments) - before

    def _append(
        self, clip_id: int, start_ms: int, index: FragmentIndex, first: int, last: int
    ) -> None:
        start_us = start_ms * 1000 + _us(index, index.shown[first])
        end_us = start_ms * 1000 + _us(index, index.shown[last + 1])
        self.clips.setdefault(clip_id, Listed(start_ms, index.look))
        self.segments.append(
            MediaSegment(clip_id, first, last, start_us, end_us - start_us)
        )
        self._reached_us = max(self._reached_us, end_us)

    def _groups(
        self, clip_id: int, start_ms: int, index: FragmentIndex
    ) -> Iterator[tuple[int, int]]:
        """Yield what to list, groups joined until they are long enough."""
        base_us = start_ms * 1000
        at = self._first(clip_id, base_us, index)
        until_us = self.window.end_ms * 1000
        while at < len(index) and base_us + _us(index, index.shown[at]) < until_us:
            least_us = LEAST_US if self.segments else FIRST_LEAST_US
            last = _group_end(index, at)
            while (
                last + 1 < len(index)
                and _us(index, index.ticks(at, last)) < least_us
                and base_us + _us(index, index.shown[last + 1]) < until_us
            ):
                last = _group_end(index, last + 1)
            yield at, last
            at = last + 1

    def _first(self, clip_id: int, base_us: int, index: FragmentIndex) -> int:
        """Return the first fragment of a clip that is to be listed."""
        if self.last_clip == clip_id:
            return self.segments[-1].last + 1
        if clip_id in self.clips:
            return len(index)  # its turn is over
        begin_us = self.window.start_ms * 1000 - base_us
        at = index.group_at(begin_us * index.scale // 1_000_000)
        if base_us + _us(index, index.shown[len(index)]) <= begin_us + base_us:
            return len(index)  # all of it is before the window
        while at < len(index):
            last = _group_end(index, at)
            end_us = base_us + _us(index, index.shown[last + 1])
            if end_us > self._reached_us + SEAM_US:
                break
            at = last + 1
        return at


def _us(index: FragmentIndex, ticks: int) -> int:
    return (ticks * 1_000_000 + index.scale // 2) // index.scale


def _group_end(index: FragmentIndex, at: int) -> int:
    """Return the last fragment of the group that begins at one."""
    while at + 1 < len(index) and not index.keys[at + 1]:
        at += 1
    return at
