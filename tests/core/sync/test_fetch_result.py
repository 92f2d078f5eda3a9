"""What the ledger says after a fetch."""

import random

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.intervals import TimeRange, difference, union
from custom_components.vtrack_nvr.core.models import CameraKey, CoverageState
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.fetch_result import (
    NOT_THE_STRETCH,
    Ended,
    LedgerMark,
    Passed,
    ledger_entries_of,
)
from custom_components.vtrack_nvr.core.sync.plan import PlannedFetch
from custom_components.vtrack_nvr.core.sync.settings import EngineLimits

S = CoverageState
MINUTE = 60_000
NOW = 10**9
WHOLE = TimeRange(0, 60 * MINUTE)


def settled(ended: Ended, attempts: int = 0) -> tuple[LedgerMark, ...]:
    job = PlannedFetch(CameraKey("c"), WHOLE, attempts=attempts)
    return ledger_entries_of(
        job, ended, NOW, waits=Waits(), limits=EngineLimits(), rng=random.Random(1)
    )


def brief(
    entries: tuple[LedgerMark, ...],
) -> list[tuple[CoverageState, TimeRange, int]]:
    return [(e.state, item, e.attempts) for e in entries for item in e.ranges]


def test_all_kept_says_nothing() -> None:
    assert settled(Ended(EndReason.REACHED, WHOLE.end_ms, (WHOLE,))) == ()


def test_a_short_hole_is_the_border_of_a_segment() -> None:
    kept = (TimeRange(1_500, WHOLE.end_ms - 900),)
    entries = settled(Ended(EndReason.REACHED, WHOLE.end_ms - 900, kept))
    assert {e.state for e in entries} == {S.ABSENT}
    assert {e.reason for e in entries} == {"edge"}


def test_a_hole_fails_first_and_is_absent_after_the_last_try() -> None:
    hole = TimeRange(10 * MINUTE, 20 * MINUTE)
    kept = difference((WHOLE,), (hole,))
    ended = Ended(EndReason.REACHED, WHOLE.end_ms, kept, (Passed(hole, "no_footage"),))
    (first,) = settled(ended)
    assert brief((first,)) == [(S.FAILED, hole, 1)]
    assert first.next_try_ms is not None
    assert 45_000 <= first.next_try_ms - NOW <= 60_000
    (last,) = settled(ended, attempts=4)
    assert brief((last,)) == [(S.ABSENT, hole, 5)]


def test_a_damaged_hole_stays_failed_with_one_try_a_day() -> None:
    hole = TimeRange(10 * MINUTE, 10 * MINUTE + 10_000)
    kept = difference((WHOLE,), (hole,))
    ended = Ended(EndReason.REACHED, WHOLE.end_ms, kept, (Passed(hole, "damaged"),))
    (entry,) = settled(ended)
    assert entry.state is S.FAILED
    assert entry.reason == "damaged"
    assert entry.next_try_ms is not None
    assert entry.next_try_ms - NOW >= 0.9 * 86_400_000


@pytest.mark.parametrize("reason", [EndReason.YIELDED, EndReason.CANCELLED])
def test_what_was_given_up_for_others_can_be_fetched_at_once(
    reason: EndReason,
) -> None:
    kept = (TimeRange(0, 20 * MINUTE),)
    entries = settled(Ended(reason, 20 * MINUTE, kept), attempts=3)
    assert brief(entries) == [(S.ON_DEVICE, TimeRange(20 * MINUTE, 60 * MINUTE), 0)]
    assert entries[0].next_try_ms is None


def test_no_progress_keeps_the_count_of_tries() -> None:
    entries = settled(Ended(EndReason.YIELDED, 0), attempts=3)
    assert brief(entries) == [(S.ON_DEVICE, WHOLE, 3)]


def test_an_early_end_leaves_the_rest_on_the_device_with_a_pause() -> None:
    kept = (TimeRange(0, 20 * MINUTE),)
    (entry,) = settled(Ended(EndReason.END_OF_FOOTAGE, 20 * MINUTE, kept))
    assert brief((entry,)) == [(S.ON_DEVICE, TimeRange(20 * MINUTE, WHOLE.end_ms), 1)]
    assert entry.next_try_ms is not None
    assert entry.next_try_ms > NOW


def test_an_end_within_a_second_of_the_wanted_one_is_the_end() -> None:
    kept = (TimeRange(0, WHOLE.end_ms - 800),)
    entries = settled(Ended(EndReason.END_OF_FOOTAGE, WHOLE.end_ms - 800, kept))
    assert [e.state for e in entries] == [S.ABSENT]


@pytest.mark.parametrize(
    ("left_ms", "state"), [(30_000, S.ABSENT), (30 * MINUTE, S.FAILED)]
)
def test_footage_that_never_comes_is_absent_if_short_and_else_in_quarantine(
    left_ms: int, state: CoverageState
) -> None:
    at_ms = WHOLE.end_ms - left_ms
    kept = (TimeRange(0, at_ms),)
    job = PlannedFetch(CameraKey("c"), TimeRange(at_ms, WHOLE.end_ms), attempts=4)
    for ended in (
        Ended(EndReason.END_OF_FOOTAGE, at_ms, kept),
        Ended(EndReason.FAILED, at_ms, kept, error=ErrorKind.NO_FOOTAGE),
    ):
        (entry,) = ledger_entries_of(
            job, ended, NOW, waits=Waits(), limits=EngineLimits(), rng=random.Random(1)
        )
        assert entry.state is state
        assert entry.attempts == 5


@pytest.mark.parametrize(
    "kind",
    [ErrorKind.INTERRUPTED, ErrorKind.TIMEOUT, ErrorKind.GONE, ErrorKind.PROTOCOL],
)
def test_without_the_devices_word_even_a_short_stretch_is_never_absent(
    kind: ErrorKind,
) -> None:
    at_ms = WHOLE.end_ms - 10_000
    ended = Ended(EndReason.FAILED, at_ms, (TimeRange(0, at_ms),), error=kind)
    (entry,) = settled(ended, attempts=50)
    assert entry.state is S.FAILED
    assert entry.next_try_ms is not None


def test_a_fetch_that_breaks_puts_off_five_minutes_and_not_the_rest() -> None:
    kept = (TimeRange(0, 20 * MINUTE),)
    entries = settled(
        Ended(EndReason.FAILED, 20 * MINUTE, kept, error=ErrorKind.INTERRUPTED), 4
    )
    assert brief(entries) == [
        (S.FAILED, TimeRange(20 * MINUTE, 25 * MINUTE), 1),
        (S.ON_DEVICE, TimeRange(25 * MINUTE, 60 * MINUTE), 0),
    ]


@pytest.mark.parametrize("kind", sorted(NOT_THE_STRETCH))
def test_what_is_not_the_footages_fault_does_not_count_as_a_try(
    kind: ErrorKind,
) -> None:
    entries = settled(Ended(EndReason.FAILED, 0, error=kind), attempts=2)
    assert brief(entries) == [(S.ON_DEVICE, WHOLE, 2)]


def test_a_failure_without_a_kind_is_a_broken_protocol() -> None:
    entries = settled(Ended(EndReason.FAILED, 0))
    assert entries[0].reason == "protocol"


def test_a_codec_that_cannot_be_kept_goes_into_quarantine_at_once() -> None:
    entries = settled(Ended(EndReason.FAILED, 0, error=ErrorKind.UNSUPPORTED_CODEC))
    assert entries[0].attempts == 5


moments = st.integers(-MINUTE, 61 * MINUTE)


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(EndReason)),
    moments,
    st.lists(st.tuples(moments, st.integers(1, 20 * MINUTE)), max_size=5),
    st.one_of(st.none(), st.sampled_from(list(ErrorKind))),
    st.integers(0, 9),
)
def test_every_moment_that_is_not_kept_gets_one_state_and_is_never_lost(
    reason: EndReason,
    reached_ms: int,
    kept: list[tuple[int, int]],
    error: ErrorKind | None,
    attempts: int,
) -> None:
    ranges = union(TimeRange(start, start + length) for start, length in kept)
    entries = settled(Ended(reason, reached_ms, ranges, error=error), attempts)
    said = [item for entry in entries for item in entry.ranges]
    assert union(said) == difference((WHOLE,), ranges)
    assert sum(item.duration_ms for item in said) == sum(
        item.duration_ms for item in union(said)
    )
    assert {entry.state for entry in entries} <= {S.ABSENT, S.FAILED, S.ON_DEVICE}
    beyond = TimeRange(min(max(reached_ms, 0), WHOLE.end_ms), WHOLE.end_ms)
    if reason in {EndReason.YIELDED, EndReason.CANCELLED}:
        back = [e for e in entries if e.state is S.ON_DEVICE]
        assert union(i for e in back for i in e.ranges) == difference((beyond,), ranges)
