"""The rules of the coverage ledger, on values."""

import itertools

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.ledger import ABSENT_NOT_LISTED, SweepFindings
from custom_components.vtrack_nvr.core.library.index import span_rules
from custom_components.vtrack_nvr.core.library.index.span_rules import Entry
from custom_components.vtrack_nvr.core.models import CoverageState as S

from ..rig import CAMERA

CAUSE = Entry(0, 0, S.ON_DEVICE, changed_ms=1)


def entry(start: int, end: int, state: S, reason: str = "") -> Entry:
    return Entry(start, end, state, reason)


def findings(
    window: tuple[int, int],
    *present: tuple[int, int],
    is_proof: bool = True,
    earliest: int | None = 0,
    latest: int | None = None,
    wanted: tuple[tuple[int, int], ...] | None = None,
) -> SweepFindings:
    return SweepFindings(
        CAMERA,
        TimeRange(*window),
        tuple(TimeRange(*item) for item in present),
        is_proof,
        earliest,
        latest,
        None if wanted is None else tuple(TimeRange(*item) for item in wanted),
    )


def short(entries: list[Entry]) -> list[tuple[int, int, str]]:
    return [(e.start_ms, e.end_ms, e.state.value) for e in entries]


@st.composite
def timelines(draw: st.DrawFn) -> list[Entry]:
    borders = sorted(draw(st.sets(st.integers(0, 60), max_size=12)))
    found = []
    for start, end in itertools.pairwise(borders):
        state = draw(st.sampled_from([None, *(s for s in S if s is not S.KEPT)]))
        if state is not None:
            found.append(entry(start, end, state, draw(st.sampled_from(["", "a"]))))
    return found


@st.composite
def range_sets(draw: st.DrawFn) -> tuple[TimeRange, ...]:
    pairs = draw(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4)
    )
    return union(TimeRange(min(p), max(p)) for p in pairs)


def states_by_moment(entries: list[Entry]) -> dict[int, tuple[S, str]]:
    return {
        moment: (e.state, e.reason)
        for e in entries
        for moment in range(e.start_ms, e.end_ms)
    }


@given(timelines(), range_sets(), st.sampled_from([s for s in S if s is not S.KEPT]))
@settings(max_examples=150, deadline=None)
def test_repaint_equals_painting_every_moment(
    entries: list[Entry], ranges: tuple[TimeRange, ...], state: S
) -> None:
    rule = span_rules.marked(entry(0, 0, state, "new"))
    painted = span_rules.repaint_entries(entries, ranges, rule)
    expected = states_by_moment(entries)
    for item in ranges:
        for moment in range(item.start_ms, item.end_ms):
            if expected.get(moment, (None,))[0] is not S.REMOVED:
                expected[moment] = (state, "new")
    assert states_by_moment(painted) == expected
    for before, after in itertools.pairwise(painted):
        assert before.end_ms <= after.start_ms
        assert before.end_ms < after.start_ms or before.content != after.content


@given(timelines(), range_sets(), range_sets(), st.booleans(), st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_a_sweep_never_touches_what_is_removed_and_needs_proof_for_absent(
    entries: list[Entry],
    present: tuple[TimeRange, ...],
    kept: tuple[TimeRange, ...],
    is_proof: bool,
    earliest: int,
) -> None:
    entries = [
        e
        for e in entries
        if not any(k.overlaps(TimeRange(e.start_ms, e.end_ms)) for k in kept)
    ]
    found = SweepFindings(CAMERA, TimeRange(0, 60), present, is_proof, earliest)
    before = states_by_moment(entries)
    after = states_by_moment(span_rules.swept(entries, kept, found, CAUSE))
    for moment, (state, _reason) in before.items():
        if state in {S.REMOVED, S.FETCHING, S.FAILED, S.ON_DEVICE}:
            assert after[moment][0] is state
    for moment, (state, _reason) in after.items():
        if before.get(moment, (None,))[0] is not state:
            assert not any(k.contains(moment) for k in kept)
            if state is S.ABSENT:
                assert is_proof
                assert moment >= earliest
            if state is S.ON_DEVICE:
                assert any(p.contains(moment) for p in present)
        assert state is not S.LOST or before[moment][0] is S.LOST


def test_a_complete_listing_says_what_is_there_and_what_never_was() -> None:
    after = span_rules.swept([], (), findings((0, 100), (20, 40), latest=80), CAUSE)
    assert short(after) == [
        (0, 20, "absent"),
        (20, 40, "on_device"),
        (40, 80, "absent"),
    ]


def test_an_empty_listing_proves_nothing() -> None:
    before = [entry(0, 50, S.ON_DEVICE)]
    empty = findings((0, 100), earliest=None)
    assert span_rules.swept(before, (), empty, CAUSE) == before


def test_time_before_the_devices_earliest_stays_unknown() -> None:
    after = span_rules.swept([], (), findings((0, 100), (50, 60), earliest=50), CAUSE)
    assert after[0].start_ms == 50


def test_a_hole_that_a_fetch_found_stays_absent_though_listed() -> None:
    before = [
        entry(0, 10, S.ABSENT, "gap"),
        entry(10, 20, S.ABSENT, ABSENT_NOT_LISTED),
    ]
    after = span_rules.swept(before, (), findings((0, 20), (0, 20)), CAUSE)
    assert short(after) == [(0, 10, "absent"), (10, 20, "on_device")]


@pytest.mark.parametrize("state", [S.LOST, S.MISSING, S.NOT_WANTED])
def test_footage_that_is_listed_again_is_on_the_device_again(state: S) -> None:
    after = span_rules.swept(
        [entry(0, 20, state)], (), findings((0, 20), (0, 20)), CAUSE
    )
    assert short(after) == [(0, 20, "on_device")]


def test_unwanted_time_is_not_expected_any_more() -> None:
    before = [
        entry(0, 10, S.LOST),
        entry(10, 20, S.FAILED),
        entry(20, 30, S.REMOVED),
        entry(30, 40, S.ABSENT, "gap"),
        entry(40, 50, S.ABSENT, ABSENT_NOT_LISTED),
    ]
    after = span_rules.swept(
        before, (), findings((0, 70), (10, 60), earliest=None, wanted=()), CAUSE
    )
    assert short(after) == [
        (0, 20, "not_wanted"),
        (20, 30, "removed"),
        (30, 40, "absent"),
        (40, 60, "not_wanted"),
    ]


def test_the_ring_moves_on_and_proves_what_it_overwrote() -> None:
    found = findings((0, 100), (50, 100), earliest=50, latest=100)
    since = span_rules.held_since(0, 0, 90, found)
    assert since == 0
    assert span_rules.overwritten(since, found) == TimeRange(0, 50)


def test_a_formatted_card_proves_nothing() -> None:
    found = findings((0, 200), (150, 200), earliest=150, latest=200)
    since = span_rules.held_since(0, 0, 90, found)
    assert since == 150
    assert span_rules.overwritten(since, found) is None


def test_after_a_formatting_the_same_sweep_goes_on_proving_nothing() -> None:
    first = findings((0, 100), earliest=150, latest=200)
    since = span_rules.held_since(0, 0, 90, first)
    second = findings((100, 200), (150, 200), earliest=150, latest=200)
    again = span_rules.held_since(since, 150, 200, second)
    assert span_rules.overwritten(again, second) is None


def test_an_advance_without_proof_breaks_the_chain() -> None:
    found = findings((0, 100), earliest=40, is_proof=False)
    assert span_rules.held_since(0, 0, 90, found) == 40
    assert span_rules.overwritten(0, found) is None


def test_older_footage_that_comes_back_begins_the_history_earlier() -> None:
    assert span_rules.held_since(50, 50, 90, findings((0, 100), earliest=10)) == 10


def test_a_device_that_tells_no_earliest_proves_nothing() -> None:
    found = findings((0, 100), earliest=None)
    assert span_rules.held_since(7, 7, 90, found) == 7
    assert span_rules.overwritten(7, found) is None


def test_only_waiting_footage_becomes_lost() -> None:
    before = [
        entry(0, 10, S.ON_DEVICE),
        entry(10, 20, S.REMOVED),
        entry(20, 30, S.FAILED),
    ]
    after = span_rules.repaint_entries(
        before, (TimeRange(0, 30),), span_rules.lost(CAUSE)
    )
    assert [e.state for e in after] == [S.LOST, S.REMOVED, S.LOST]
