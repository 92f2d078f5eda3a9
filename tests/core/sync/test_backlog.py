"""The backlog in arrays against the same thing done the slow way."""

import itertools

from hypothesis import given, settings as hypothesis_settings, strategies as st

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CoverageSpan, CoverageState
from custom_components.vtrack_nvr.core.sync.backlog import Backlog, BacklogStretch

S = CoverageState


def span(
    start: int, end: int, state: CoverageState = S.ON_DEVICE, **more: int
) -> CoverageSpan:
    return CoverageSpan(state, TimeRange(start, end), **more)


def test_touching_stretches_become_one_also_over_the_border_of_a_window() -> None:
    backlog = Backlog()
    backlog.replace(TimeRange(0, 100), [span(10, 50), span(50, 100, S.FETCHING)])
    backlog.replace(TimeRange(100, 200), [span(100, 150)])
    assert list(backlog) == [BacklogStretch(10, 150)]
    assert backlog.total_ms == 140
    assert len(backlog) == 1


def test_different_tries_stay_apart() -> None:
    backlog = Backlog()
    backlog.replace(
        TimeRange(0, 100),
        [span(0, 50), span(50, 100, S.FAILED, next_try_ms=7, attempts=2)],
    )
    assert list(backlog) == [BacklogStretch(0, 50), BacklogStretch(50, 100, 7, 2)]


def test_a_change_inside_cuts_a_stretch_in_two() -> None:
    backlog = Backlog()
    backlog.replace(TimeRange(0, 100), [span(0, 100)])
    backlog.replace(TimeRange(40, 60), [span(0, 100, S.KEPT)])
    assert list(backlog) == [BacklogStretch(0, 40), BacklogStretch(60, 100)]
    assert backlog.total_ms == 80


def test_reading_is_clipped_and_leaves_out_what_is_not_due() -> None:
    backlog = Backlog()
    backlog.replace(
        TimeRange(0, 100),
        [span(0, 30), span(40, 50, next_try_ms=9), span(60, 100)],
    )
    assert list(backlog.oldest(10, 80, 8)) == [
        BacklogStretch(10, 30),
        BacklogStretch(60, 80),
    ]
    assert list(backlog.newest(10, 80, 8)) == [
        BacklogStretch(60, 80),
        BacklogStretch(10, 30),
    ]
    assert len(list(backlog.newest(0, 100, 9))) == 3
    assert list(backlog.oldest(31, 39, 9)) == []
    assert list(backlog.newest(31, 39, 9)) == []


changes = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(1, 30),
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=6),
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=200, deadline=None)
@given(changes)
def test_windows_in_any_order_give_what_a_plain_list_gives(
    steps: list[tuple[int, int, list[tuple[int, int]]]],
) -> None:
    backlog = Backlog()
    plain: dict[int, int] = {}
    for start, length, parts in steps:
        window = TimeRange(start, start + length)
        spans, at = [], start - 2
        for size, kind in parts:
            state = (S.ON_DEVICE, S.FAILED, S.KEPT)[kind]
            spans.append(span(at, at + size, state, attempts=kind))
            at += size
        backlog.replace(window, spans)
        for moment in range(window.start_ms, window.end_ms):
            plain.pop(moment, None)
            for item in spans:
                if item.range.contains(moment) and item.state is not S.KEPT:
                    plain[moment] = item.attempts
    got = {
        moment: item.attempts
        for item in backlog
        for moment in range(item.start_ms, item.end_ms)
    }
    assert got == plain
    assert backlog.total_ms == len(plain)
    items = list(backlog)
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(items))
    assert all(
        a.end_ms < b.start_ms or a.attempts != b.attempts
        for a, b in itertools.pairwise(items)
    )
