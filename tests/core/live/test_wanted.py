"""What of a live stream is kept."""

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.ring import Ring
from custom_components.vtrack_nvr.core.live.wanted import Wanted
from tests.core.media import encoded


def test_the_switch_reaches_back_and_keeps_what_was() -> None:
    wanted = Wanted()
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
    wanted = Wanted()
    wanted.switch(True, 5_000, 0)
    wanted.switch(False, 5_000, 0)
    assert not wanted.covers(0, 10_000)


def test_ranges_say_when_the_stream_is_needed() -> None:
    wanted = Wanted()
    assert wanted.next_start_ms(0) is None
    wanted.add(TimeRange(1_000, 2_000))
    assert wanted.is_wanted_at(0)
    assert wanted.next_start_ms(0) == 1_000
    assert wanted.next_start_ms(1_500) == 1_500
    assert not wanted.is_wanted_at(2_000)
    wanted.forget_before(3_000)
    assert not wanted.covers(1_000, 2_000)
    assert Wanted(is_on=True).next_start_ms(7) == 7


def test_the_ring_is_bounded_in_time_and_bytes() -> None:
    groups = encoded.groups()
    ring = Ring(2_000, 10**9)
    for gop in groups:
        ring.add(gop)
    assert ring.take() == groups[-2:]
    assert ring.bytes == 0
    small = Ring(10_000, groups[3].bytes)
    for gop in groups:
        small.add(gop)
    assert len(small.take()) <= 1
    none = Ring(0, 10**9)
    none.add(groups[0])
    assert none.take() == []
