"""Which stretches without footage are told, and with which reason."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st

from custom_components.vtrack_nvr.core.intervals import TimeRange, difference, union
from custom_components.vtrack_nvr.core.live.live_values import STARTING, LiveGap
from custom_components.vtrack_nvr.core.live.losses import Losses


def gap(
    start_ms: int, end_ms: int, reason: str = STARTING, *, is_over: bool = False
) -> LiveGap:
    return LiveGap(TimeRange(start_ms, end_ms), reason, is_over)


def test_nothing_is_missing_before_anything_is_expected() -> None:
    losses = Losses(100)
    assert losses.failed(5_000, "timeout") is None
    assert losses.came(TimeRange(9_000, 10_000)) is None
    assert losses.ended(10_050) is None


def test_the_way_to_the_first_picture_is_missing() -> None:
    losses = Losses(100)
    losses.expect(1_000)
    losses.expect(2_000)
    assert losses.came(TimeRange(3_000, 4_000)) == gap(1_000, 3_000, is_over=True)
    assert losses.came(TimeRange(4_050, 5_000)) is None


def test_a_long_loss_is_told_in_pieces_that_touch() -> None:
    losses = Losses(100)
    losses.came(TimeRange(0, 1_000))
    assert losses.failed(3_000, "interrupted") == gap(1_000, 3_000, "interrupted")
    assert losses.failed(9_000, "unreachable") == gap(3_000, 9_000, "unreachable")
    assert losses.came(TimeRange(9_050, 9_900)) == gap(
        9_000, 9_050, "unreachable", is_over=True
    )
    assert losses.ended(12_000) == gap(9_900, 12_000)
    assert losses.ended(20_000) is None


def test_a_clock_set_back_tells_nothing_twice() -> None:
    losses = Losses(100)
    losses.came(TimeRange(0, 100_000))
    assert losses.failed(50_000, "timeout") is None
    assert losses.came(TimeRange(51_000, 52_000)) == gap(
        50_000, 51_000, "timeout", is_over=True
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 400), st.integers(1, 2_000)),
        max_size=20,
    )
)
def test_footage_and_gaps_cover_all_but_short_pauses(
    steps: list[tuple[bool, int, int]],
) -> None:
    losses = Losses(200)
    losses.expect(0)
    now, told, kept = 0, [], []
    for is_footage, pause, length in steps:
        now += pause
        if is_footage:
            footage = TimeRange(now, now + length)
            now += length
            kept.append(footage)
            told.append(losses.came(footage))
        else:
            told.append(losses.failed(now, "timeout"))
    told.append(losses.ended(now))
    gaps = [item.range for item in told if item]
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(gaps))
    assert not any(a.overlaps(b) for a in gaps for b in kept)
    rest = difference((TimeRange(0, now),), union([*gaps, *kept]))
    assert all(item.duration_ms <= 200 for item in rest)
