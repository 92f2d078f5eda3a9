"""Groups of pictures out of streams of units."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.assembler import GopAssembler
from custom_components.vtrack_nvr.core.media.overlap import lies_in, without_kept
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.policy import Bounds

MS = 1000


def picture(at_ms: int, *, key: bool = False, size: int = 100, last: bool = False):
    unit = AccessUnit(0, bytes(size), 0, at_ms * MS, key, is_last=last)
    return TimedUnit(at_ms * MS, unit)


def sound(at_ms: int, size: int = 10):
    return TimedUnit(at_ms * MS, AccessUnit(1, bytes(size), 0, None, is_key=True))


def group(start_ms: int, end_ms: int, step_ms: int = 100) -> Gop:
    video = [picture(at, key=at == start_ms) for at in range(start_ms, end_ms, step_ms)]
    return Gop(video, end_us=end_ms * MS, bytes=100 * len(video))


def span(gop: Gop) -> tuple[int, int]:
    return gop.start_us // MS, gop.end_us // MS


def test_a_group_ends_where_the_next_begins() -> None:
    made = GopAssembler(Bounds(), has_sound=False)
    assert made.add_picture(picture(50)) == []
    for at in range(100, 600, 100):
        assert made.add_picture(picture(at, key=at == 100)) == []
    (gop,) = made.add_picture(picture(600, key=True))
    assert span(gop) == (100, 600)
    assert gop.is_whole
    assert made.held_bytes == 100
    (rest,) = made.finish()
    assert not rest.is_whole
    assert span(rest) == (600, 700)
    assert made.finish() == []


def test_a_pause_ends_the_group_before_it() -> None:
    made = GopAssembler(Bounds(), has_sound=False)
    for at in range(0, 500, 100):
        made.add_picture(picture(at, key=at == 0))
    (gop,) = made.add_picture(picture(9_000, key=True))
    assert span(gop) == (0, 500)


def test_the_flag_of_the_last_picture_ends_the_group() -> None:
    made = GopAssembler(Bounds(), has_sound=False)
    for at in range(0, 500, 100):
        made.add_picture(picture(at, key=at == 0, last=at == 400))
    (gop,) = made.add_picture(picture(1_500, key=True))
    assert span(gop) == (0, 500)


def test_a_clock_set_back_ends_the_group() -> None:
    made = GopAssembler(Bounds(), has_sound=False)
    for at in range(10_000, 10_500, 100):
        made.add_picture(picture(at, key=at == 10_000))
    (gop,) = made.add_picture(picture(3_000, key=True))
    assert span(gop) == (10_000, 10_500)


def kept(groups: list[Gop]) -> list[int]:
    return [item.time_us // MS for gop in groups for item in gop.audio]


def feed(made: GopAssembler, sent: list[tuple[int, TimedUnit]]) -> list[Gop]:
    """Send units in order; first numbers are when."""
    found: list[Gop] = []
    for _, item in sorted(sent, key=lambda pair: pair[0]):
        if item.unit.track == 0:
            found += made.add_picture(item)
        else:
            found += made.add_sound(item)
    return found


def test_groups_wait_for_their_sound_but_not_for_ever() -> None:
    made = GopAssembler(Bounds(), has_sound=True)
    assert made.add_sound(sound(0)) == []
    for at in range(0, 500, 100):
        made.add_picture(picture(at, key=at == 0))
    made.add_sound(sound(100))
    assert made.add_picture(picture(500, key=True)) == []
    assert made.awaits_sound
    (gop,) = made.add_sound(sound(500))
    assert kept([gop]) == [0, 100]
    found: list[tuple[int, Gop]] = []
    for at in range(600, 5_000, 100):
        found += [(at, gop) for gop in made.add_picture(picture(at, key=at % 500 == 0))]
    assert [(at, span(gop)) for at, gop in found] == [
        (4_000, (500, 1_000)),
        (4_500, (1_000, 1_500)),
    ]
    assert kept([gop for _, gop in found]) == [500]


@pytest.mark.parametrize("shift_ms", [-3_000, -1_700, -40, 0, 40, 1_700, 2_960])
@pytest.mark.parametrize("gop_ms", [500, 2_000])
def test_sound_sent_before_or_behind_its_pictures_is_all_kept(
    shift_ms: int, gop_ms: int
) -> None:
    sent = [(at, picture(at, key=at % gop_ms == 0)) for at in range(10_000, 20_000, 40)]
    sent += [(at + shift_ms, sound(at)) for at in range(10_000, 20_000, 20)]
    made = GopAssembler(Bounds(), has_sound=True)
    groups = [*feed(made, sent), *made.finish()]
    assert kept(groups) == list(range(10_000, 20_000, 20))
    assert made.lost_sound_us == 0
    for gop in groups:
        assert all(gop.start_us <= each.time_us < gop.end_us for each in gop.audio)
    assert made.held_bytes == 0


def test_sound_that_comes_too_late_is_counted() -> None:
    sent = [(at, picture(at, key=at % 500 == 0)) for at in range(0, 20_000, 100)]
    sent += [(at + 6_000, sound(at)) for at in range(0, 14_000, 20)]
    made = GopAssembler(Bounds(), has_sound=True)
    groups = [*feed(made, sent), *made.finish()]
    assert kept(groups) == []
    assert made.lost_sound_us == 14_000 * MS


def test_sound_without_pictures_is_counted_unless_none_came_before() -> None:
    sent = [(at, sound(at)) for at in range(0, 20_000, 20)]
    pictures = [*range(3_000, 6_000, 100), *range(12_000, 14_000, 100)]
    sent += [(at, picture(at, key=at % 1_000 == 0)) for at in pictures]
    made = GopAssembler(Bounds(), has_sound=True)
    groups = [*feed(made, sent), *made.finish()]
    assert kept(groups) == [*range(3_000, 6_000, 20), *range(12_000, 14_000, 20)]
    assert made.lost_sound_us == 6_000 * MS


def test_sound_that_an_interrupted_stream_did_not_send_is_counted() -> None:
    made = GopAssembler(Bounds(), has_sound=True)
    sent = [(at, picture(at, key=at % 1_000 == 0)) for at in range(0, 5_000, 100)]
    sent += [(at + 2_000, sound(at)) for at in range(0, 3_000, 20)]
    feed(made, sent)
    groups = made.finish()
    assert made.lost_sound_us == groups[-1].end_us - 3_000 * MS


def test_a_clock_set_back_mixes_no_sound() -> None:
    """Sound from before the step stays with the pictures from before it."""
    sent = [
        (at, picture(at - (at >= 5_000) * 3_600_000, key=at % 1_000 == 0))
        for at in range(0, 10_000, 100)
    ]
    sent += [
        (at - 50, sound(at - (at >= 5_000) * 3_600_000)) for at in range(0, 10_000, 20)
    ]
    made = GopAssembler(Bounds(), has_sound=True)
    groups = [*feed(made, sent), *made.finish()]
    assert sorted(kept(groups)) == sorted(
        at - (at >= 5_000) * 3_600_000 for at in range(0, 10_000, 20)
    )
    assert made.lost_sound_us == 0


def test_too_much_sound_falls_out() -> None:
    made = GopAssembler(replace(Bounds(), gop_bytes=100), has_sound=True)
    made.add_picture(picture(0, key=True, size=10))
    for at in range(100):
        made.add_sound(sound(at))
    assert made.held_bytes <= 110
    assert made.lost_sound_us == 100 * MS


def test_waiting_sound_is_bounded_in_memory() -> None:
    made = GopAssembler(Bounds(), has_sound=True)
    for at in range(0, 3_600_000, 20):
        made.add_sound(sound(at, size=160))
    assert made.held_bytes <= 4 * 1024 * 1024
    assert made.lost_sound_us > 3_000_000 * MS


def test_an_endless_group_comes_in_pieces() -> None:
    made = GopAssembler(
        replace(Bounds(), gop_bytes=1000, gop_ms=60_000), has_sound=False
    )
    found: list[Gop] = []
    for at in range(0, 5_000, 100):
        found += made.add_picture(picture(at, key=at == 0))
    assert [gop.begins_with_key for gop in found] == [True, False, False, False]
    assert all(gop.bytes <= 1000 for gop in found)
    by_time = GopAssembler(replace(Bounds(), gop_ms=1_000), has_sound=False)
    pieces = [
        by_time.add_picture(picture(at, key=at == 0)) for at in range(0, 5_000, 100)
    ]
    assert sum(map(len, pieces)) == 4


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3_000), st.booleans(), st.booleans()), max_size=60
    )
)
def test_every_picture_after_a_key_comes_out_once_in_order(
    steps: list[tuple[int, bool, bool]],
) -> None:
    made = GopAssembler(Bounds(), has_sound=True)
    at = 0
    expected: list[int] = []
    found: list[Gop] = []
    for step, is_picture, is_key in steps:
        at += step
        if is_picture:
            if is_key or expected:
                expected.append(at)
            found += made.add_picture(picture(at, key=is_key))
        else:
            found += made.add_sound(sound(at))
    found += made.finish()
    assert [item.time_us // MS for gop in found for item in gop.video] == expected
    assert all(gop.end_us > gop.last_us for gop in found)
    assert sum(not gop.is_whole for gop in found) <= 1


def test_groups_belong_to_the_range_they_touch() -> None:
    wanted = TimeRange(1_000, 2_000)
    assert not lies_in(group(500, 1_000), wanted)
    assert lies_in(group(500, 1_100), wanted)
    assert lies_in(group(1_900, 2_400), wanted)
    assert not lies_in(group(2_000, 2_500), wanted)


def test_only_pictures_nobody_needs_are_taken_away() -> None:
    gop = group(1_000, 2_000)
    gop.audio = [sound(1_100), sound(1_900)]
    half = 50 * MS
    assert without_kept(gop, (TimeRange(0, 900),), half) is gop
    assert without_kept(gop, (TimeRange(900, 2_000),), half) is None
    assert without_kept(gop, (TimeRange(900, 1_500),), half) is gop
    shorter = without_kept(gop, (TimeRange(1_500, 3_000),), half)
    assert shorter
    assert span(shorter) == (1_000, 1_500)
    assert len(shorter.video) == 5
    assert len(shorter.audio) == 1


def test_a_kept_stretch_that_begins_within_half_a_picture_of_the_last_one_counts() -> (
    None
):
    day_ms = 1_795_000_000_000
    gop = group(day_ms + 1_000, day_ms + 2_000)
    last_ms = day_ms + 1_900
    shorter = without_kept(gop, (TimeRange(last_ms + 40, last_ms + 999),), 50 * MS)
    assert shorter
    assert len(shorter.video) == 9
    assert without_kept(gop, (TimeRange(last_ms + 60, last_ms + 999),), 50 * MS) is gop


def test_a_few_milliseconds_do_not_cost_a_picture() -> None:
    gop = group(1_000, 2_000)
    for shift in (-20, 20):
        kept = (TimeRange(1_500 + shift, 3_000),)
        shorter = without_kept(gop, kept, 50 * MS)
        assert shorter
        assert len(shorter.video) == 5
