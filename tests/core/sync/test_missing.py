"""Which footage is expected when, and since when it is missing: tables of values."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import CameraTotals, HoleSum
from custom_components.vtrack_nvr.core.models import (
    EXPECTED_STATES,
    CoverageSpan,
    CoverageState,
)
from custom_components.vtrack_nvr.core.sync.missing import (
    FILE_GONE_MS,
    Habit,
    MissingMemory,
    Observation,
    coverage_percent,
    find_missing,
    habit,
    patience_ms,
    remember,
)
from custom_components.vtrack_nvr.core.sync.settings import CameraSettings, NvrSettings
from custom_components.vtrack_nvr.core.sync.status import MissingCause, MissingFootage

S = CoverageState
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_100_000
PATIENCE = 2 * HOUR


def span(state: S, start_ms: int, end_ms: int, reason: str = "") -> CoverageSpan:
    return CoverageSpan(state, TimeRange(start_ms, end_ms), reason)


def hole(
    state: S = S.ON_DEVICE,
    *,
    ago_ms: int = DAY,
    reason: str = "",
    is_given_up: bool = False,
    changed_ago_ms: int = 0,
) -> HoleSum:
    return HoleSum(
        state, reason, is_given_up, 10 * MINUTE, NOW - ago_ms, NOW - changed_ago_ms
    )


def sight(*holes: HoleSum, **changes: object) -> Observation:
    return replace(
        Observation(NOW, PATIENCE, is_expected=True, looked_ms=NOW, holes=holes),
        **changes,  # names are checked by `replace`
    )


def told(memory: MissingMemory, seen: Observation) -> MissingCause | None:
    found = find_missing(remember(memory, seen), seen)
    return found.cause if found else None


@pytest.mark.parametrize(
    ("missing_after_s", "interval_s", "expected_s"),
    [
        (0, 900, None),
        (-1, 900, None),
        (7200, 900, 7200),
        (60, 900, 1800 + 75 + 300),
        (7200, 86_400, 172_800 + 75 + 300),
    ],
)
def test_the_patience_is_never_less_than_what_is_usual(
    missing_after_s: float, interval_s: float, expected_s: float | None
) -> None:
    nvr = NvrSettings(interval_s=interval_s, missing_after_s=missing_after_s)
    patience = patience_ms(nvr, CameraSettings(), 75)
    assert patience == (None if expected_s is None else expected_s * 1000)


@pytest.mark.parametrize("state", list(S))
def test_coverage_counts_what_is_expected_and_nothing_else(state: S) -> None:
    if state is S.KEPT:
        return
    totals = CameraTotals(kept_ms=HOUR, by_state_ms={state: HOUR})
    expected = 50.0 if state in EXPECTED_STATES else 100.0
    assert coverage_percent(totals) == expected
    assert totals.coverage_percent == expected


def test_coverage_counts_what_is_being_recorded() -> None:
    just_begun = CameraTotals(by_state_ms={S.LOST: 1000})
    assert coverage_percent(just_begun) == 0.0
    assert coverage_percent(just_begun, recording_ms=99_000) == 99.0
    assert coverage_percent(CameraTotals()) is None
    assert coverage_percent(CameraTotals(), recording_ms=1) == 100.0
    listed_too = CameraTotals(kept_ms=HOUR, by_state_ms={S.ON_DEVICE: MINUTE})
    assert coverage_percent(listed_too, MINUTE, MINUTE) == 100.0


@pytest.mark.parametrize(
    ("looked_ago_ms", "cause"),
    [(PATIENCE - 1, None), (PATIENCE, MissingCause.NOT_SEEN), (9 * DAY, "not_seen")],
)
def test_a_device_that_could_not_be_asked_for_long_is_told(
    looked_ago_ms: int, cause: MissingCause | None
) -> None:
    memory = MissingMemory(looked_ms=NOW - looked_ago_ms)
    assert told(memory, sight(looked_ms=None)) == cause
    assert told(memory, sight(looked_ms=NOW)) is None
    assert told(memory, sight(looked_ms=None, relies_on_replay=False)) is None


def test_a_device_that_was_never_asked_has_the_time_from_now_on() -> None:
    seen = sight(looked_ms=None)
    memory = remember(MissingMemory(), seen)
    assert memory.looked_ms == NOW
    assert find_missing(memory, seen) is None
    later = replace(seen, now_ms=NOW + PATIENCE, obstacle="auth_refused")
    found = find_missing(remember(memory, later), later)
    assert found == MissingFootage(
        MissingCause.NOT_SEEN, NOW, PATIENCE / 1000, "auth_refused"
    )


def test_footage_waits_since_the_last_clip_was_kept() -> None:
    seen = sight(hole())
    first = remember(MissingMemory(), seen)
    assert first.waiting_since_ms == NOW
    kept = replace(seen, now_ms=NOW + HOUR, added_ms=NOW + HOUR)
    assert remember(first, kept).waiting_since_ms == NOW + HOUR
    empty = replace(kept, holes=())
    assert remember(first, empty).waiting_since_ms is None


@pytest.mark.parametrize(
    ("waiting_ago_ms", "cause"),
    [(PATIENCE - 1, None), (PATIENCE, MissingCause.NOT_COPIED)],
)
def test_footage_of_which_nothing_is_copied_for_long_is_told(
    waiting_ago_ms: int, cause: MissingCause | None
) -> None:
    memory = MissingMemory(NOW, NOW - waiting_ago_ms)
    assert told(memory, sight(hole())) == cause
    # while clips are kept a backlog, however old, is on its way
    assert told(memory, sight(hole(), added_ms=NOW - MINUTE)) is None


def test_the_reason_is_what_stands_in_the_way_or_what_the_ledger_says() -> None:
    memory = MissingMemory(NOW, NOW - PATIENCE)
    seen = sight(hole(), hole(S.FAILED, reason="interrupted"), obstacle="storage_full")
    found = find_missing(remember(memory, seen), seen)
    assert found is not None
    assert (found.reason, found.seconds) == ("storage_full", 1200)
    seen = replace(seen, obstacle="")
    found = find_missing(remember(memory, seen), seen)
    assert found is not None
    assert found.reason == "interrupted"


def test_what_is_not_expected_is_never_missing_and_takes_no_time() -> None:
    memory = MissingMemory(NOW - 9 * DAY, NOW - 9 * DAY)
    paused = sight(hole(), hole(S.MISSING, changed_ago_ms=9 * DAY), is_expected=False)
    assert told(memory, paused) is None
    resumed = remember(memory, paused)
    assert resumed == MissingMemory(NOW)
    again = sight(hole(), now_ms=NOW + PATIENCE - 1, looked_ms=None)
    assert told(resumed, again) is None


@pytest.mark.parametrize(
    ("given_up", "cause"),
    [
        (hole(S.FAILED, is_given_up=True, ago_ms=PATIENCE), MissingCause.GIVEN_UP),
        (hole(S.FAILED, is_given_up=True, ago_ms=PATIENCE - 1), None),
        (hole(S.MISSING, changed_ago_ms=FILE_GONE_MS), MissingCause.FILE_GONE),
        (hole(S.MISSING, changed_ago_ms=FILE_GONE_MS - 1), None),
    ],
)
def test_holes_that_stay_are_told(
    given_up: HoleSum, cause: MissingCause | None
) -> None:
    memory = MissingMemory(NOW)
    assert told(memory, sight(given_up)) == cause
    assert remember(memory, sight(given_up)).waiting_since_ms is None


def test_a_continuous_recorder_that_falls_silent_is_told() -> None:
    silent = sight(newest_ms=NOW - PATIENCE - 1, habit=Habit(1.0, 0))
    assert told(MissingMemory(), silent) is MissingCause.NO_NEW_FOOTAGE
    assert told(MissingMemory(), replace(silent, newest_ms=NOW - PATIENCE)) is None
    # it paused for as long before
    paused = replace(silent, habit=Habit(0.96, PATIENCE))
    assert told(MissingMemory(), paused) is None
    assert told(MissingMemory(), replace(silent, habit=Habit(0.9, MINUTE))) is None
    assert told(MissingMemory(), replace(silent, habit=None)) is None


def test_silence_counts_up_to_when_the_device_was_last_asked() -> None:
    memory = MissingMemory(NOW - HOUR)
    unseen = sight(
        looked_ms=None, newest_ms=NOW - PATIENCE - HOUR // 2, habit=Habit(1.0, 0)
    )
    assert told(memory, unseen) is None


def test_the_habit_of_a_device_is_what_the_ledger_says_of_three_days() -> None:
    whole = [span(S.KEPT, NOW - 5 * DAY, NOW - HOUR), span(S.LOST, NOW - HOUR, NOW)]
    assert habit(whole, NOW) == Habit(1.0, 0)
    by_events = [
        span(S.KEPT, NOW - n * HOUR - MINUTE, NOW - n * HOUR) for n in range(70)
    ]
    found = habit(by_events, NOW)
    assert found is not None
    assert found.longest_ms == 59 * MINUTE
    assert not found.is_continuous
    office = [span(S.KEPT, NOW - n * DAY - 10 * HOUR, NOW - n * DAY) for n in range(3)]
    found = habit(office, NOW)
    assert found is not None
    assert not found.is_continuous
    assert habit([span(S.KEPT, NOW - 20 * HOUR, NOW)], NOW) is None
    assert habit([span(S.ABSENT, NOW - 5 * DAY, NOW)], NOW) is None
    assert habit([], NOW) is None


# Memory


def test_what_is_remembered_can_be_written_down() -> None:
    memory = MissingMemory(
        NOW, NOW - 1, MissingFootage(MissingCause.NOT_SEEN, NOW - 2, 1.5, "busy")
    )
    assert MissingMemory.of_text(memory.text()) == memory
    assert MissingMemory.of_text(MissingMemory().text()) == MissingMemory()


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"missing": {"cause": "?"}}', '{"missing": 3}']
)
def test_what_cannot_be_read_is_forgotten(text: str) -> None:
    assert MissingMemory.of_text(text) == MissingMemory()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10 * HOUR),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_time_without_expectation_never_makes_anything_missing(
    steps: list[tuple[int, bool, bool, bool, bool]],
) -> None:
    """Told is only what went wrong for the whole patience while it was expected."""
    memory, now_ms, wrong_ms = MissingMemory(), NOW, 0
    for passed_ms, is_expected, answers, waits, keeps in steps:
        now_ms += passed_ms
        seen = sight(
            *((hole(),) if waits else ()),
            now_ms=now_ms,
            is_expected=is_expected,
            looked_ms=now_ms if answers else None,
            added_ms=now_ms if keeps else None,
        )
        memory = remember(memory, seen)
        is_right = answers and (keeps or not waits)
        wrong_ms = 0 if is_right or not is_expected else wrong_ms + passed_ms
        if find_missing(memory, seen) is not None:
            assert is_expected
            assert wrong_ms >= PATIENCE
