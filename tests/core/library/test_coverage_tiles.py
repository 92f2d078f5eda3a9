"""Tiles tell what most of each bucket is, and the worst that is in it."""

import datetime as dt
import itertools
import random
from zoneinfo import ZoneInfo

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.library import coverage_tiles as tiles
from custom_components.vtrack_nvr.core.library.coverage_tiles import (
    NUMBERS,
    PROTECTED,
    UNKNOWN,
    Stretch,
)
from custom_components.vtrack_nvr.core.models import CoverageState

KEPT = NUMBERS[CoverageState.KEPT]
FAILED = NUMBERS[CoverageState.FAILED]
LOST = NUMBERS[CoverageState.LOST]
MISSING = NUMBERS[CoverageState.MISSING]
ON_DEVICE = NUMBERS[CoverageState.ON_DEVICE]
ABSENT = NUMBERS[CoverageState.ABSENT]
SECOND = 1000


def spread(runs: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return (main, mark) of each bucket."""
    found: list[tuple[int, int]] = []
    for place in range(0, len(runs), 3):
        count, main, mark = runs[place : place + 3]
        assert count > 0
        found += [(main, mark)] * count
    return found


def test_the_numbers_of_the_states_never_change() -> None:
    assert tiles.STATES == (
        "unknown",
        "kept",
        "on_device",
        "fetching",
        "failed",
        "lost",
        "missing",
        "removed",
        "absent",
        "not_wanted",
        "on_request",
    )
    assert set(NUMBERS) - {"unknown", "on_request"} == set(CoverageState)


def test_levels_fit_into_each_other_and_into_what_is_cached() -> None:
    sizes = [tiles.bucket_ms(level) for level in range(tiles.LEVELS)]
    assert sizes == [1000 * tiles.FACTOR**level for level in range(8)]
    assert all(tiles.CHUNK_MS % size == 0 for size in sizes)
    assert tiles.tile_ms(tiles.CHUNK_LEVEL) == tiles.CHUNK_MS


def test_a_quiet_stretch_is_one_run() -> None:
    line = [(0, 100 * SECOND, KEPT)]
    assert tiles.runs_of(line, (), 0, 0, 100 * SECOND) == (100, KEPT, 0)


def test_one_bad_second_in_an_hour_shows_and_does_not_paint_it() -> None:
    bad = 1_000_500
    line = [
        (0, bad, KEPT),
        (bad, bad + SECOND, FAILED),
        (bad + SECOND, 4_096_000, KEPT),
    ]
    assert tiles.runs_of(line, (), 6, 0, 4_096_000) == (1, KEPT, FAILED)


def test_the_worst_of_several_problems_is_the_mark() -> None:
    line = [(0, 900, FAILED), (900, 950, MISSING), (950, 1000, LOST)]
    assert tiles.runs_of(line, (), 0, 0, 1000) == (1, FAILED, MISSING)


def test_the_future_is_not_told_and_the_running_bucket_counts_its_past_alone() -> None:
    line = [(0, 10_300, KEPT)]
    assert tiles.runs_of(line, (), 0, 0, 10_300) == (11, KEPT, 0)
    assert tiles.runs_of(line, (), 2, 0, 10_300) == (1, KEPT, 0)
    assert tiles.runs_of([(0, 3_000, KEPT)], (), 2, 0, 10_300) == (1, UNKNOWN, 0)
    assert tiles.runs_of(line, (), 0, 20_000, 20_000) == ()


def test_protected_clips_gild_their_buckets() -> None:
    line = [(0, 10_000, KEPT)]
    gold = (TimeRange(2_500, 4_000), TimeRange(4_000, 5_001), TimeRange(9_000, 20_000))
    assert tiles.runs_of(line, union(gold), 0, 0, 10_000) == (
        *(2, KEPT, 0),
        *(4, KEPT, PROTECTED),
        *(3, KEPT, 0),
        *(1, KEPT, PROTECTED),
    )
    early = (TimeRange(-5_000, 1_000),)
    assert tiles.runs_of(line, early, 0, 0, 3_000) == (
        *(1, KEPT, PROTECTED),
        *(2, KEPT, 0),
    )


def test_what_clips_hold_is_kept_whatever_the_ledger_says() -> None:
    clips = [(0, 10), (5, 20), (20, 25), (40, 90)]
    entries = [(-5, 30, ON_DEVICE), (30, 50, FAILED), (60, 70, LOST), (95, 120, ABSENT)]
    assert tiles.time_line(clips, entries, 0, 100) == [
        (0, 25, KEPT),
        (25, 30, ON_DEVICE),
        (30, 40, FAILED),
        (40, 90, KEPT),
        (95, 100, ABSENT),
    ]


def test_touching_stretches_of_one_state_are_one() -> None:
    entries = [(0, 10, FAILED), (10, 20, FAILED), (20, 30, LOST)]
    assert tiles.time_line([], entries, 0, 30) == [(0, 20, FAILED), (20, 30, LOST)]


def naive_line(
    clips: list[tuple[int, int]], entries: list[Stretch], end: int
) -> list[int]:
    """Return the state of each millisecond."""
    state = [UNKNOWN] * end
    for begin, stop, number in entries:
        for ms in range(max(begin, 0), min(stop, end)):
            state[ms] = number
    for begin, stop in clips:
        for ms in range(max(begin, 0), min(stop, end)):
            state[ms] = KEPT
    return state


@pytest.mark.parametrize("seed", range(60))
def test_runs_are_what_counting_every_millisecond_says(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = random.Random(seed)
    size = pick.choice([7, 10, 16])
    monkeypatch.setattr(tiles, "bucket_ms", lambda _level: size)
    end = pick.randrange(1, 40) * size + pick.randrange(size)
    clips = sorted(
        (begin, begin + pick.randrange(1, 60))
        for begin in (pick.randrange(-20, end) for _ in range(pick.randrange(12)))
    )
    entries: list[Stretch] = []
    at = -30
    while at < end and len(entries) < 25:
        at += pick.choice([0, 0, 3, 20])
        stop = at + pick.randrange(1, 50)
        entries.append((at, stop, pick.randrange(2, len(tiles.STATES))))
        at = stop
    gold = union(TimeRange(*clip) for clip in clips if pick.random() < 0.4)
    line = tiles.time_line(clips, entries, 0, end)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(line))
    state = naive_line(clips, entries, end)
    found = spread(tiles.runs_of(line, gold, 0, 0, end))
    assert len(found) == -(-end // size)
    for index, (main, mark) in enumerate(found):
        bucket = state[index * size : (index + 1) * size]
        most = max(bucket.count(number) for number in set(bucket))
        assert bucket.count(main) == most
        worst = next((n for n in (MISSING, LOST, FAILED) if n in bucket), 0)
        assert mark & 15 == worst
        window = TimeRange(index * size, (index + 1) * size)
        assert bool(mark & PROTECTED) is any(item.overlaps(window) for item in gold)
    sums = tiles.durations(line, 0, end)
    assert sums == tuple(state.count(number) for number in range(len(tiles.STATES)))


@pytest.mark.parametrize("seed", range(20))
def test_parts_joined_are_the_whole(seed: int) -> None:
    pick = random.Random(seed)
    line = []
    at = 0
    while at < 400_000:
        stop = at + pick.randrange(200, 30_000)
        line.append((at, stop, pick.randrange(1, 10)))
        at = stop + pick.choice([0, 5_000])
    whole = tiles.runs_of(line, (), 1, 0, 400_000)
    half = 200_000
    parts = (
        tiles.runs_of(line, (), 1, 0, half),
        tiles.runs_of([s for s in line if s[1] > half], (), 1, half, 400_000),
    )
    assert tuple(tiles.joined(parts)) == whole
    assert tiles.joined([(), (), ()]) == []


def test_days_of_a_month_have_the_hours_that_their_clocks_give_them() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days, borders = tiles.days_of_month(dt.date(2026, 10, 17), zone)
    hours = [(b - a) / 3_600_000 for a, b in itertools.pairwise(borders)]
    assert len(days) == 31
    assert days[0] == dt.date(2026, 10, 1)
    assert hours[24] == 25
    assert hours.count(24) == 30
    days, borders = tiles.days_of_month(dt.date(2026, 2, 28), zone)
    assert len(days) == 28
    assert len(borders) == 29
