"""What of a live stream is kept."""

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.pre_roll import Group, PreRoll
from custom_components.vtrack_nvr.core.live.windows import WantedWindows
from tests.core.media import encoded


def test_the_switch_reaches_back_and_keeps_what_was() -> None:
    wanted = WantedWindows()
    assert not wanted.covers(0, 10_000)
    wanted.switch(True, 5_000, 2_000)
    assert wanted.is_on
    assert wanted.covers(2_500, 3_500)
    assert not wanted.covers(1_000, 3_000)
    wanted.switch(True, 9_000, 2_000)
    wanted.switch(False, 10_000, 2_000)
    assert not wanted.is_on
    assert wanted.covers(9_000, 11_000)
    assert not wanted.covers(10_000, 11_000)


def test_switching_off_at_once_keeps_nothing() -> None:
    wanted = WantedWindows()
    wanted.switch(True, 5_000, 0)
    wanted.switch(False, 5_000, 0)
    assert not wanted.covers(0, 10_000)


def test_ranges_say_when_the_stream_is_needed() -> None:
    wanted = WantedWindows()
    assert not wanted.is_needed(0, 0)
    wanted.add(TimeRange(100_000, 110_000))
    assert not wanted.is_needed(90_000, 0)
    assert wanted.is_needed(96_000, 0)
    assert wanted.is_needed(109_999, 109_000)
    assert WantedWindows(is_on=True).is_needed(0, 0)


def test_the_last_pictures_of_a_range_are_waited_for_but_not_for_ever() -> None:
    wanted = WantedWindows()
    wanted.add(TimeRange(100_000, 110_000))
    assert wanted.is_needed(109_000, 0)
    assert wanted.is_needed(111_000, 109_500)
    assert not wanted.is_needed(111_000, 110_000)
    assert not wanted.is_needed(126_000, 109_500)


def test_a_range_that_is_over_needs_no_stream() -> None:
    wanted = WantedWindows()
    wanted.add(TimeRange(100_000, 110_000))
    assert not wanted.is_needed(111_000, 0)


def test_each_range_ends_once() -> None:
    wanted = WantedWindows()
    wanted.add(TimeRange(0, 2_000))
    wanted.add(TimeRange(0, 9_000), "motion")
    assert not wanted.has_ended(1_000)
    assert wanted.has_ended(2_000)
    assert not wanted.has_ended(2_500)
    wanted.add(TimeRange(0, 3_000), "motion")
    assert wanted.has_ended(3_000)
    wanted.forget_before(5_000)
    assert not wanted.covers(0, 9_000)


def test_only_what_is_wanted_of_a_stretch_is_named() -> None:
    wanted = WantedWindows()
    wanted.add(TimeRange(1_000, 2_000))
    wanted.switch(True, 5_000, 0)
    assert wanted.parts(TimeRange(0, 6_000)) == (
        TimeRange(1_000, 2_000),
        TimeRange(5_000, 6_000),
    )


def grouped() -> list[Group]:
    return [Group(gop, encoded.video_format(), None) for gop in encoded.groups()]


def test_the_ring_is_bounded_in_time_and_bytes() -> None:
    groups = grouped()
    ring = PreRoll(2_000, 10**9)
    for group in groups:
        ring.add(group)
    assert ring.take() == groups[-2:]
    assert ring.bytes == 0
    small = PreRoll(10_000, groups[3].gop.bytes)
    for group in groups:
        small.add(group)
    assert len(small.take()) <= 1
    none = PreRoll(0, 10**9)
    none.add(groups[0])
    assert none.take() == []
