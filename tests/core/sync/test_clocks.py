"""Clock eras: what a measurement means, and translating with what is known."""

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, total_ms
from custom_components.vtrack_nvr.core.models import ClockEra, ClockReading
from custom_components.vtrack_nvr.core.sync.clocks import ClockCause, EraMap, judge

NOW = 1_790_000_000_000
HOUR = 3_600_000
FIRST = (ClockEra(1, 0, 500, is_uncertain=True), ClockEra(2, NOW - 500, 500))


def later(hours: float, offset_ms: int, trip_ms: int = 0) -> ClockReading:
    return ClockReading(offset_ms, NOW + int(hours * HOUR), trip_ms)


def test_the_first_measurement_dates_older_footage_with_doubt() -> None:
    verdict = judge((), None, ClockReading(500, NOW))
    assert verdict.cause is ClockCause.FIRST
    old, new = verdict.eras
    assert old.is_uncertain
    assert old.offset_ms == new.offset_ms == 500
    assert new.device_start_ms == NOW - 500
    assert not new.is_uncertain


@pytest.mark.parametrize("moved_ms", [0, 900, -900, 2_000, -2_000])
def test_small_differences_are_the_same_era(moved_ms: int) -> None:
    verdict = judge(FIRST, ClockReading(500, NOW), later(1, 500 + moved_ms))
    assert verdict.cause is ClockCause.SAME
    assert verdict.offset_ms == 500
    assert not verdict.eras


def test_a_slow_answer_allows_for_more() -> None:
    reading = later(1, 4_000, trip_ms=4_000)
    assert judge(FIRST, None, reading).cause is ClockCause.SAME


def test_a_jump_opens_an_era_that_begins_now() -> None:
    last = ClockReading(500, NOW)
    verdict = judge(FIRST, last, later(1, 10_500))
    assert verdict.cause is ClockCause.JUMP
    (era,) = verdict.eras
    assert era.offset_ms == 10_500
    assert era.device_start_ms == NOW + HOUR - 10_500


def test_a_jump_far_forward_begins_where_it_first_could() -> None:
    last = ClockReading(500, NOW)
    verdict = judge(FIRST, last, later(1, 500 - 5 * HOUR))
    (era,) = verdict.eras
    assert era.to_utc(era.device_start_ms) == NOW


def test_drift_that_adds_up_is_told_from_a_jump() -> None:
    last = later(9, 2_300)
    verdict = judge(FIRST, last, later(10, 2_600))
    assert verdict.cause is ClockCause.DRIFT
    assert verdict.eras[0].device_start_ms == NOW + 10 * HOUR - 2_600


def test_drift_of_a_device_that_sells_local_time_is_drift_too() -> None:
    correction = -2 * HOUR
    eras = (ClockEra(1, 0, correction + 500),)
    verdict = judge(eras, later(9, 2_300), later(10, 2_600), correction_ms=correction)
    assert verdict.cause is ClockCause.DRIFT
    assert verdict.offset_ms == correction + 2_600


def test_a_host_set_right_replaces_the_era_it_got_wrong() -> None:
    day = 24 * HOUR
    own = (ClockEra(1, 5, -2 * day),)
    verdict = judge(
        own,
        ClockReading(-2 * day, NOW),
        later(1, 0),
        host_jump_ms=2 * day,
        is_own_era=True,
    )
    assert verdict.cause is ClockCause.HOST
    assert verdict.eras[0].device_start_ms == 5
    kept = judge(own, None, later(1, 0), host_jump_ms=2 * day, is_own_era=False)
    assert kept.eras[0].device_start_ms == NOW + HOUR


def test_the_correction_for_local_time_is_part_of_the_offset() -> None:
    verdict = judge((), None, ClockReading(0, NOW), correction_ms=-2 * HOUR)
    assert verdict.eras[1].offset_ms == -2 * HOUR


def test_translation_within_one_era() -> None:
    eras = EraMap(FIRST)
    (piece,) = eras.to_device(TimeRange(NOW + 1000, NOW + 2000))
    assert piece.device == TimeRange(NOW + 500, NOW + 1500)
    assert piece.era.id == 2
    assert eras.device_now_ms(NOW) == NOW - 500
    assert eras.moment_to_utc(NOW - HOUR, NOW) == NOW - HOUR + 500
    assert eras.current.id == 2


def test_a_stretch_over_the_border_of_eras_is_cut() -> None:
    eras = EraMap(FIRST)
    stretch = TimeRange(NOW - 1000, NOW + 1000)
    assert [p.era.id for p in eras.to_device(stretch)] == [1, 2]
    back = eras.to_utc(TimeRange(NOW - 1500, NOW + 500), NOW + HOUR)
    assert [p.utc for p in back] == [
        TimeRange(NOW - 1000, NOW),
        TimeRange(NOW, NOW + 1000),
    ]


def test_footage_of_a_reset_clock_and_footage_before_it_stay_apart() -> None:
    """A clock without battery: 2026, then 1970, then set right again."""
    reset = ClockEra(3, 100_000, NOW + HOUR - 100_000)
    right = ClockEra(4, NOW + 2 * HOUR - 500, 500)
    eras = EraMap((*FIRST, reset, right))
    now_ms = NOW + 3 * HOUR
    assert eras.moment_to_utc(NOW + HOUR // 2, now_ms) == NOW + HOUR // 2 + 500
    assert eras.moment_to_utc(200_000, now_ms) == NOW + HOUR + 100_000
    assert eras.moment_to_utc(NOW + 2 * HOUR, now_ms) == NOW + 2 * HOUR + 500
    assert [p.era.id for p in eras.to_device(TimeRange(NOW - HOUR, now_ms))] == [
        1,
        2,
        3,
        4,
    ]


def test_footage_from_before_the_clock_was_set_back_keeps_its_offset() -> None:
    """Its dates lie in what is now the device's future."""
    eras = EraMap((ClockEra(1, 0, 0), ClockEra(2, NOW - 4 * HOUR, 4 * HOUR)))
    now_ms = NOW + HOUR
    assert eras.device_now_ms(now_ms) == NOW - 3 * HOUR
    assert eras.moment_to_utc(NOW - HOUR, now_ms) == NOW - HOUR
    assert eras.moment_to_utc(NOW - 3 * HOUR - 60_000, now_ms) == now_ms - 60_000


def test_a_stretch_that_ends_where_an_era_begins_is_one_piece() -> None:
    eras = EraMap(FIRST)
    [piece] = eras.to_device(TimeRange(NOW - 1000, NOW))
    assert piece.era.id == 1
    assert piece.utc == TimeRange(NOW - 1000, NOW)


def test_times_that_belong_to_no_era_go_to_the_last_before_or_the_first() -> None:
    eras = EraMap((ClockEra(1, NOW, 0), ClockEra(2, NOW + 5 * HOUR, -4 * HOUR)))
    assert eras.moment_to_utc(NOW + 4 * HOUR, NOW + 2 * HOUR) == NOW + 4 * HOUR
    assert eras.moment_to_utc(5, NOW) == 5


def test_after_a_jump_every_other_try_takes_the_older_clock() -> None:
    jumped = ClockEra(3, NOW + 2 * HOUR, -HOUR)
    eras = EraMap((*FIRST, jumped))
    stretch = TimeRange(NOW + HOUR + 1000, NOW + HOUR + 2000)
    assert eras.to_device(stretch)[0].era.id == 3
    assert eras.to_device(stretch, attempt=1)[0].era.id == 2
    far = TimeRange(NOW + 4 * HOUR, NOW + 5 * HOUR)
    assert eras.to_device(far, attempt=1)[0].era.id == 3


offsets = st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=6, unique=True)


@hypothesis_settings(max_examples=150, deadline=None)
@given(offsets, st.integers(0, 10**9), st.integers(1, 10**9))
def test_no_stretch_of_utc_is_dropped_or_doubled(
    moved: list[int], start: int, length: int
) -> None:
    eras: list[ClockEra] = []
    for i, offset in enumerate(moved):
        verdict = judge(eras, None, ClockReading(offset, NOW + i * HOUR))
        eras += verdict.eras
    stretch = TimeRange(NOW - start, NOW - start + length)
    pieces = EraMap(eras).to_device(stretch)
    assert total_ms(p.utc for p in pieces) == stretch.duration_ms
    assert sum(p.utc.duration_ms for p in pieces) == stretch.duration_ms
    assert all(p.device == p.utc.shifted(-p.era.offset_ms) for p in pieces)
    there = EraMap(eras).to_utc(stretch, NOW + 10 * HOUR)
    assert sum(p.device.duration_ms for p in there) == stretch.duration_ms
    assert all(p.utc == p.device.shifted(p.era.offset_ms) for p in there)
