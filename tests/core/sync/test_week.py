"""A weekly plan in local time, against footage in UTC."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, difference, total_ms
from custom_components.vtrack_nvr.core.sync.week import WeekBlock, WeekPlan

BERLIN = "Europe/Berlin"
HOUR_S = 3600
HOUR_MS = 3_600_000


def utc_ms(*parts: int, zone: str = BERLIN, fold: int = 0) -> int:
    moment = dt.datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)
    return round(moment.timestamp() * 1000)


def test_a_block_is_wanted_on_its_day_and_at_its_local_time() -> None:
    plan = WeekPlan((WeekBlock(0, 8 * HOUR_S, 18 * HOUR_S),), BERLIN)
    week = TimeRange(utc_ms(2026, 6, 1), utc_ms(2026, 6, 8))  # Monday to Monday
    assert plan.inside(week) == (
        TimeRange(utc_ms(2026, 6, 1, 8), utc_ms(2026, 6, 1, 18)),
    )


def test_what_is_wanted_is_cut_to_the_window() -> None:
    plan = WeekPlan((WeekBlock(0, 8 * HOUR_S, 18 * HOUR_S),), BERLIN)
    window = TimeRange(utc_ms(2026, 6, 1, 9), utc_ms(2026, 6, 1, 10))
    assert plan.inside(window) == (window,)


def test_blocks_that_meet_at_midnight_are_one() -> None:
    plan = WeekPlan(
        (WeekBlock(0, 22 * HOUR_S, 24 * HOUR_S), WeekBlock(1, 0, 6 * HOUR_S)), BERLIN
    )
    week = TimeRange(utc_ms(2026, 6, 1), utc_ms(2026, 6, 8))
    assert plan.inside(week) == (
        TimeRange(utc_ms(2026, 6, 1, 22), utc_ms(2026, 6, 2, 6)),
    )


def test_without_blocks_nothing_is_wanted() -> None:
    week = TimeRange(utc_ms(2026, 6, 1), utc_ms(2026, 6, 8))
    assert WeekPlan((), BERLIN).inside(week) == ()


@pytest.mark.parametrize(
    ("day", "hours"),
    [((2026, 10, 25), 25), ((2026, 3, 29), 23)],
    ids=["clocks go back", "clocks go forward"],
)
def test_a_whole_day_is_wanted_however_long_it_is(
    day: tuple[int, int, int], hours: int
) -> None:
    plan = WeekPlan((WeekBlock(6, 0, 24 * HOUR_S),), BERLIN)
    window = TimeRange(utc_ms(*day) - 48 * HOUR_MS, utc_ms(*day) + 48 * HOUR_MS)
    assert total_ms(plan.inside(window)) == hours * HOUR_MS


def test_the_hour_that_comes_twice_is_wanted_both_times() -> None:
    plan = WeekPlan((WeekBlock(6, 2 * HOUR_S, 3 * HOUR_S),), BERLIN)
    day = TimeRange(utc_ms(2026, 10, 25), utc_ms(2026, 10, 26))
    assert total_ms(plan.inside(day)) == 2 * HOUR_MS


def test_a_block_that_ends_in_the_hour_left_out_loses_nothing_before_it() -> None:
    plan = WeekPlan((WeekBlock(6, HOUR_S, 2 * HOUR_S + 1800),), BERLIN)
    day = TimeRange(utc_ms(2026, 3, 29), utc_ms(2026, 3, 30))
    real = TimeRange(utc_ms(2026, 3, 29, 1), utc_ms(2026, 3, 29, 3))
    assert difference((real,), plan.inside(day)) == ()


_BLOCKS = st.builds(
    lambda day, start, length: WeekBlock(day, start, min(start + length, 86_400)),
    st.integers(0, 6),
    st.integers(0, 86_399),
    st.integers(1, 86_400),
)


@given(
    st.lists(_BLOCKS, max_size=6),
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)),
    st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_moment_is_wanted_if_a_block_has_its_wall_clock_time(
    blocks: list[WeekBlock], naive: dt.datetime, zone: str
) -> None:
    plan = WeekPlan(tuple(blocks), zone)
    moment = naive.replace(tzinfo=dt.UTC)
    at_ms = round(moment.timestamp() * 1000)
    local = moment.astimezone(ZoneInfo(zone))
    second = local.hour * 3600 + local.minute * 60 + local.second
    wanted = any(
        block.weekday == local.weekday() and block.from_s <= second < block.to_s
        for block in blocks
    )
    found = plan.inside(TimeRange(at_ms, at_ms + 1))
    if wanted:
        assert found == (TimeRange(at_ms, at_ms + 1),)
    elif found:
        # Only around a change of the clocks is more wanted.
        offsets = {
            (moment + dt.timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset()
            for hours in (-3, 0, 3)
        }
        assert len(offsets) > 1
