"""Every group of a range is listed once, in order, at its true time."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.fragment_index import FragmentIndex
from custom_components.vtrack_nvr.core.playback.media_segments import (
    SEAM_US,
    MediaSegment,
    Timeline,
)

from .made import SCALE, START, index, seconds

HOUR = TimeRange(START, START + 3_600_000)


def listed(timeline: Timeline) -> list[tuple[int, int, int]]:
    return [(it.clip_id, it.first, it.last) for it in timeline.segments]


def test_the_first_segment_is_short_and_the_others_are_not() -> None:
    timeline = Timeline(HOUR)
    timeline.add(7, START, seconds(*[1.0] * 11))
    assert listed(timeline) == [(7, 0, 0), (7, 1, 4), (7, 5, 8), (7, 9, 10)]
    assert [it.duration_us for it in timeline.segments] == [
        1_000_000,
        4_000_000,
        4_000_000,
        2_000_000,
    ]


@pytest.mark.parametrize(
    ("group", "expected"), [(2.0, 4.0), (3.0, 6.0), (5.0, 5.0), (0.5, 4.0), (12, 12)]
)
def test_segments_are_of_four_to_ten_seconds(group: float, expected: float) -> None:
    timeline = Timeline(HOUR)
    timeline.add(7, START, seconds(*[group] * 40))
    inner = timeline.segments[1:-1]
    assert {it.duration_us for it in inner} == {round(expected * 1_000_000)}


def test_it_begins_with_the_group_that_holds_the_beginning() -> None:
    for at_ms, first in ((0, 0), (1_999, 0), (2_000, 1), (5_000, 2), (-1_000, 0)):
        timeline = Timeline(TimeRange(START + at_ms, START + 600_000))
        timeline.add(7, START, seconds(*[2.0] * 10))
        assert timeline.segments[0].first == first
        assert timeline.segments[0].start_us == (START + 2_000 * first) * 1000


def test_it_ends_with_the_group_that_begins_before_the_end() -> None:
    for length_ms, last in ((4_000, 1), (4_001, 2), (1, 0), (99_000, 9)):
        timeline = Timeline(TimeRange(START, START + length_ms))
        timeline.add(7, START, seconds(*[2.0] * 10))
        assert timeline.segments[-1].last == last


def test_a_clip_before_the_window_is_not_listed() -> None:
    timeline = Timeline(TimeRange(START + 20_000, START + 30_000))
    assert timeline.add(7, START, seconds(*[2.0] * 10)) == 0
    assert timeline.add(8, START + 40_000, seconds(2.0)) == 0
    assert timeline.segments == []
    assert timeline.end_ms is None
    assert timeline.last_clip is None


def test_what_is_kept_twice_is_listed_once() -> None:
    timeline = Timeline(HOUR)
    timeline.add(1, START, seconds(*[2.0] * 5))
    timeline.add(2, START + 6_001, seconds(*[2.0] * 5))  # live beside replay
    timeline.add(3, START + 2_000, seconds(*[2.0] * 3))
    assert [it.clip_id for it in timeline.segments if it.clip_id == 3] == []
    second = [it for it in timeline.segments if it.clip_id == 2]
    assert second[0].first == 2
    assert second[0].start_us == (START + 10_001) * 1000


def test_a_group_that_is_listed_in_part_is_listed() -> None:
    timeline = Timeline(HOUR)
    timeline.add(1, START, seconds(*[2.0] * 5))
    timeline.add(2, START + 9_000, seconds(2.0, 2.0))
    assert timeline.segments[-1].first == 0
    assert timeline.end_ms == START + 13_000


def test_a_group_of_several_fragments_is_not_torn() -> None:
    timeline = Timeline(HOUR)
    parts = index([2 * SCALE] * 6, keys=[1, 0, 0, 1, 0, 1])
    timeline.add(1, START, parts)
    assert listed(timeline) == [(1, 0, 2), (1, 3, 4), (1, 5, 5)]


def test_what_was_listed_of_a_growing_clip_stays() -> None:
    timeline = Timeline(HOUR)
    ticks = [2 * SCALE] * 9
    seen: list[MediaSegment] = []
    for count in range(1, 10):
        timeline.add(4, START, index(ticks[:count], is_whole=False))
        assert timeline.segments[: len(seen)] == seen
        seen = [*timeline.segments]
    timeline.add(4, START + 5, index(ticks))  # it is filed under its true time now
    assert timeline.segments == seen
    assert listed(timeline) == [(4, at, at) for at in range(9)]
    timeline.add(5, START + 18_000, seconds(2.0))
    assert timeline.add(4, START, index([*ticks, SCALE])) == 0, "its turn is over"


def test_kinds_of_footage_are_told_once() -> None:
    timeline = Timeline(HOUR)
    for number in range(3):
        timeline.add(number, START + 10_000 * number, seconds(2.0))
    assert len(timeline.looks) == 1
    assert set(timeline.clips) == {0, 1, 2}


@dataclass(frozen=True)
class Shot:
    gap_ms: int
    ticks: list[int]
    scale: int


shots = st.builds(
    Shot,
    gap_ms=st.one_of(st.just(0), st.integers(-8_000, 600_000)),
    ticks=st.lists(st.integers(1, 1_500_000), min_size=1, max_size=30),
    scale=st.sampled_from([90_000, 12_800, 1_000_000]),
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(shots, max_size=8),
    st.integers(-100_000, 400_000),
    st.integers(1, 6 * 3_600_000),
)
def test_nothing_is_listed_twice_or_left_out(
    found: list[Shot], begin_ms: int, length_ms: int
) -> None:
    window = TimeRange(START + begin_ms, START + begin_ms + length_ms)
    timeline = Timeline(window)
    clips: list[tuple[int, int, FragmentIndex]] = []
    at_ms = START
    for number, shot in enumerate(found):
        at_ms = max(START, at_ms + shot.gap_ms)
        made = index(shot.ticks, scale=shot.scale)
        clips.append((number, at_ms, made))
        at_ms += made.shown[-1] * 1000 // shot.scale
    clips.sort(key=lambda clip: clip[1])
    for clip_id, start_ms, made in clips:
        timeline.add(clip_id, start_ms, made)

    taken: set[tuple[int, int]] = set()
    for item in timeline.segments:
        start_ms, made = next((s, m) for c, s, m in clips if c == item.clip_id)
        for at in range(item.first, item.last + 1):
            assert (item.clip_id, at) not in taken
            taken.add((item.clip_id, at))
        begin = made.shown[item.first] * 1_000_000 / made.scale
        end = made.shown[item.last + 1] * 1_000_000 / made.scale
        assert abs(item.start_us - (start_ms * 1000 + begin)) <= 0.5
        assert abs(item.end_us - (start_ms * 1000 + end)) <= 0.5
        assert item.start_us < window.end_ms * 1000
    for clip_id in {it.clip_id for it in timeline.segments}:
        mine = [it for it in timeline.segments if it.clip_id == clip_id]
        for one, following in pairwise(mine):
            assert following.first == one.last + 1
            assert following.start_us == one.end_us, "durations add up exactly"
    reached = -(2**63)
    for clip_id, start_ms, made in clips:
        for at in range(len(made)):
            begin = start_ms * 1000 + made.shown[at] * 1_000_000 // made.scale
            end = start_ms * 1000 + made.shown[at + 1] * 1_000_000 // made.scale
            inside = (
                end > window.start_ms * 1000 + 1 and begin < window.end_ms * 1000 - 1
            )
            if inside and (clip_id, at) not in taken:
                assert end <= reached + SEAM_US + 1, "it is listed from another clip"
            if (clip_id, at) in taken:
                reached = max(reached, end)
