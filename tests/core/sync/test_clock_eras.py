"""Clock eras: what a measurement means, and translating with what is known."""

from dataclasses import dataclass, replace

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, total_ms
from custom_components.vtrack_nvr.core.models import ClockEra, ClockReading
from custom_components.vtrack_nvr.core.sync.clock_eras import (
    ClockCause,
    EraMap,
    OtherDate,
    judge_reading,
)
from custom_components.vtrack_nvr.core.sync.era_lives import SLACK_MS

NOW = 1_790_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST = (ClockEra(1, 0, 500, is_uncertain=True), ClockEra(2, NOW - 500, 500))


def later(hours: float, offset_ms: int, trip_ms: int = 0) -> ClockReading:
    return ClockReading(offset_ms, NOW + int(hours * HOUR), trip_ms)


def test_the_first_measurement_dates_older_footage_with_doubt() -> None:
    verdict = judge_reading((), None, ClockReading(500, NOW))
    assert verdict.cause is ClockCause.FIRST
    old, new = verdict.eras
    assert old.is_uncertain
    assert old.offset_ms == new.offset_ms == 500
    assert new.device_start_ms == NOW - 500
    assert not new.is_uncertain


@pytest.mark.parametrize("moved_ms", [0, 900, -900, 2_000, -2_000])
def test_small_differences_are_the_same_era(moved_ms: int) -> None:
    verdict = judge_reading(FIRST, ClockReading(500, NOW), later(1, 500 + moved_ms))
    assert verdict.cause is ClockCause.SAME
    assert verdict.offset_ms == 500
    assert not verdict.eras


def test_a_slow_answer_allows_for_more() -> None:
    reading = later(1, 4_000, trip_ms=4_000)
    assert judge_reading(FIRST, None, reading).cause is ClockCause.SAME


def test_a_jump_opens_an_era_that_begins_now() -> None:
    last = ClockReading(500, NOW)
    verdict = judge_reading(FIRST, last, later(1, 10_500))
    assert verdict.cause is ClockCause.JUMP
    (era,) = verdict.eras
    assert era.offset_ms == 10_500
    assert era.device_start_ms == NOW + HOUR - 10_500


def test_what_was_recorded_after_a_jump_far_forward_and_before_it_was_seen_is_dated() -> (
    None
):
    first = judge_reading((), None, ClockReading(500, NOW)).eras
    jumped = judge_reading(first, ClockReading(500, NOW), later(1, 500 - 5 * HOUR)).eras
    eras = EraMap((*first, *jumped))
    device_ms = NOW + HOUR // 2 + 5 * HOUR - 500
    (piece,) = eras.to_utc(TimeRange(device_ms, device_ms + 1000), NOW + 2 * HOUR)
    assert piece.utc.start_ms == NOW + HOUR // 2
    by_new, by_old = eras.readings(piece.utc, NOW + 2 * HOUR, attempt=1)
    assert by_new.piece.device == piece.device
    assert by_old.piece.device.start_ms == NOW + HOUR // 2 - 500
    assert by_new.others == by_old.others == ()


def test_drift_that_adds_up_is_told_from_a_jump() -> None:
    last = later(9, 2_300)
    verdict = judge_reading(FIRST, last, later(10, 2_600))
    assert verdict.cause is ClockCause.DRIFT
    assert verdict.eras[0].device_start_ms == NOW + 10 * HOUR - 2_600


def test_drift_of_a_device_that_sells_local_time_is_drift_too() -> None:
    correction = -2 * HOUR
    eras = (ClockEra(1, 0, correction + 500),)
    verdict = judge_reading(
        eras, later(9, 2_300), later(10, 2_600), correction_ms=correction
    )
    assert verdict.cause is ClockCause.DRIFT
    assert verdict.offset_ms == correction + 2_600


def test_a_host_set_right_replaces_the_era_it_got_wrong() -> None:
    day = 24 * HOUR
    own = (ClockEra(1, 5, -2 * day),)
    verdict = judge_reading(
        own,
        ClockReading(-2 * day, NOW),
        later(1, 0),
        host_jump_ms=2 * day,
        is_own_era=True,
    )
    assert verdict.cause is ClockCause.HOST
    assert verdict.eras[0].device_start_ms == 5
    kept = judge_reading(own, None, later(1, 0), host_jump_ms=2 * day, is_own_era=False)
    assert kept.eras[0].device_start_ms == NOW + HOUR


def test_the_correction_for_local_time_is_part_of_the_offset() -> None:
    verdict = judge_reading((), None, ClockReading(0, NOW), correction_ms=-2 * HOUR)
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


def test_footage_of_before_a_wrong_host_clock_is_asked_for_at_its_own_time() -> None:
    """Set back by a day and put right again, the host told times that never were."""
    day = 24 * HOUR
    wrong = ClockEra(3, NOW + HOUR, -day)
    right = ClockEra(4, NOW + HOUR, 0)
    eras = EraMap((ClockEra(1, 0, 0), ClockEra(2, NOW, 0), wrong, right))
    before = TimeRange(NOW + 1000, NOW + 2000)
    for attempt in range(4):
        (reading,) = eras.readings(before, NOW + 3 * HOUR, attempt)
        assert reading.piece.device == before
        assert reading.others == ()
    after = TimeRange(NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert [piece.device for piece in eras.to_device(after)] == [after]


def test_a_stretch_that_ends_where_an_era_begins_is_one_piece() -> None:
    eras = EraMap(FIRST)
    [piece] = eras.to_device(TimeRange(NOW - 1000, NOW))
    assert piece.era.id == 1
    assert piece.utc == TimeRange(NOW - 1000, NOW)


def test_times_that_belong_to_no_era_have_no_date() -> None:
    eras = EraMap((ClockEra(1, NOW, 0), ClockEra(2, NOW + 5 * HOUR, -3 * HOUR)))
    never = TimeRange(NOW + 3 * HOUR + HOUR // 2, NOW + 3 * HOUR + HOUR * 3 // 4)
    (piece,) = eras.to_utc(never, NOW + 3 * HOUR)
    assert not piece.is_dated
    assert eras.moment_to_utc(5, NOW) == 5


def test_around_a_jump_each_try_takes_the_other_clock() -> None:
    seen = ClockEra(2, NOW - 500, 500, device_seen_ms=NOW + HOUR - 500)
    jumped = ClockEra(3, NOW + 7 * HOUR, -5 * HOUR)
    eras = EraMap((FIRST[0], seen, jumped))
    unseen = TimeRange(NOW + HOUR + HOUR // 2, NOW + HOUR + HOUR // 2 + 1000)
    tries = [eras.readings(unseen, NOW + 9 * HOUR, n)[0].piece.era.id for n in (0, 1)]
    assert tries == [2, 3]
    far = TimeRange(NOW + 4 * HOUR, NOW + 5 * HOUR)
    (only,) = eras.readings(far, NOW + 9 * HOUR, 1)
    assert only.piece.era.id == 3


offsets = st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=6, unique=True)


@hypothesis_settings(max_examples=150, deadline=None)
@given(offsets, st.integers(0, 10**9), st.integers(1, 10**9))
def test_no_stretch_of_utc_is_dropped_or_doubled(
    moved: list[int], start: int, length: int
) -> None:
    eras: list[ClockEra] = []
    for i, offset in enumerate(moved):
        verdict = judge_reading(eras, None, ClockReading(offset, NOW + i * HOUR))
        eras += verdict.eras
    stretch = TimeRange(NOW - start, NOW - start + length)
    pieces = EraMap(eras).to_device(stretch)
    assert total_ms(p.utc for p in pieces) == stretch.duration_ms
    assert sum(p.utc.duration_ms for p in pieces) == stretch.duration_ms
    assert all(p.device == p.utc.shifted(-p.era.offset_ms) for p in pieces)
    there = EraMap(eras).to_utc(stretch, NOW + 10 * HOUR)
    assert sum(p.device.duration_ms for p in there) == stretch.duration_ms
    assert all(p.utc == p.device.shifted(p.era.offset_ms) for p in there)


SET_BACK = (
    ClockEra(1, 0, 0, device_seen_ms=NOW - DAY),
    ClockEra(2, NOW - DAY, 0, device_seen_ms=NOW),
    ClockEra(3, NOW + MINUTE - 2 * HOUR, 2 * HOUR, device_seen_ms=NOW),
)
"""Set back by two hours, at NOW or within the minute after."""


def test_times_told_twice_mean_either_once_the_clock_has_come_by_again() -> None:
    eras = EraMap(SET_BACK)
    old = TimeRange(NOW - HOUR, NOW - HOUR + MINUTE)
    (soon,) = eras.readings(old, NOW + HOUR // 2)
    assert soon.piece.device == old
    assert soon.others == ()
    assert soon.until_ms == NOW + HOUR - SLACK_MS
    (later_on,) = eras.readings(old, NOW + 2 * HOUR)
    assert later_on.others == (
        OtherDate(SET_BACK[2], old.shifted(2 * HOUR), is_sure=True),
    )
    (new,) = eras.readings(old.shifted(2 * HOUR), NOW + 2 * HOUR)
    assert new.piece.device == old
    assert new.others == (OtherDate(SET_BACK[1], old, is_sure=True),)


def test_what_was_told_once_has_one_date_for_all_time() -> None:
    eras = EraMap(SET_BACK)
    for hours in (1, 5, 50):
        before = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE)
        (reading,) = eras.readings(before, NOW + hours * HOUR)
        assert (reading.others, reading.until_ms) == ((), None)
    after = TimeRange(NOW + 3 * HOUR, NOW + 3 * HOUR + MINUTE)
    (reading,) = eras.readings(after, NOW + 50 * HOUR)
    assert (reading.others, reading.until_ms) == ((), None)


def test_a_reading_ends_where_its_times_begin_to_mean_something_else() -> None:
    eras = EraMap(SET_BACK)
    day = TimeRange(NOW - 12 * HOUR, NOW + 12 * HOUR)
    parts = []
    while day.duration_ms:
        readings = eras.readings(day, NOW + 13 * HOUR)
        parts.append((readings[0].piece.utc, [len(r.others) for r in readings]))
        day = TimeRange(readings[0].piece.utc.end_ms, day.end_ms)
    sure = [part for part, others in parts if 0 in others]
    gone_ms = DAY - total_ms(sure)
    # two hours told twice, and as long again of what was recorded then
    assert 4 * HOUR <= gone_ms <= 4 * HOUR + 5 * MINUTE


def test_less_than_a_minute_is_the_same_date() -> None:
    eras = EraMap((*SET_BACK[:2], ClockEra(3, NOW - 30_000, 30_000)))
    (reading,) = eras.readings(TimeRange(NOW - 20_000, NOW - 10_000), NOW + HOUR)
    assert reading.others == ()


def test_drift_of_weeks_without_us_is_the_same_date() -> None:
    eras = EraMap((*SET_BACK[:2], ClockEra(3, NOW + 20 * DAY - 90_000, 90_000)))
    stretch = TimeRange(NOW + 10 * DAY, NOW + 10 * DAY + HOUR)
    assert [r.others for r in eras.readings(stretch, NOW + 30 * DAY)] == [(), ()]


def test_a_host_set_right_leaves_one_date() -> None:
    """Its clock was two hours behind, and for as long nothing would seem dated."""
    eras = [*judge_reading((), None, ClockReading(-2 * HOUR, NOW - 2 * HOUR)).eras]
    verdict = judge_reading(
        eras,
        ClockReading(-2 * HOUR, NOW - HOUR),
        ClockReading(0, NOW + HOUR),
        host_jump_ms=2 * HOUR,
    )
    assert verdict.cause is ClockCause.HOST
    assert verdict.device_seen_ms is not None
    eras[-1] = replace(eras[-1], device_seen_ms=verdict.device_seen_ms)
    stretch = TimeRange(NOW + HOUR + MINUTE, NOW + HOUR + 2 * MINUTE)
    (reading,) = EraMap((*eras, *verdict.eras)).readings(stretch, NOW + 2 * HOUR)
    assert reading.piece.device == stretch
    assert reading.others == ()


def test_a_clock_that_tells_times_again_is_known_until_it_has_caught_up() -> None:
    eras = EraMap(SET_BACK)
    assert eras.is_repeating(NOW + HOUR)
    assert not eras.is_repeating(NOW + 3 * HOUR)
    assert not EraMap(FIRST).is_repeating(NOW + HOUR)


def test_the_earliest_time_of_a_device_that_was_set_back_loses_nothing() -> None:
    """Three days back, and what it recorded before begins a day ago."""
    eras = EraMap((*SET_BACK[:2], ClockEra(3, NOW + MINUTE - 3 * DAY, 3 * DAY)))
    assert eras.gone_before_ms(NOW + MINUTE - 3 * DAY) < NOW - 2 * DAY
    assert eras.gone_before_ms(NOW + 4 * DAY) == NOW + 7 * DAY
    assert EraMap(FIRST).gone_before_ms(NOW + HOUR) == NOW + HOUR + 500


@dataclass
class TrueClock:
    """A device's clock as it truly went: (true time, offset from then on)."""

    steps: list[tuple[int, int]]

    def offset_ms(self, true_ms: int) -> int:
        return [offset for since, offset in self.steps if since <= true_ms][-1]

    def device_ms(self, true_ms: int) -> int:
        return true_ms - self.offset_ms(true_ms)


steps = st.lists(
    st.tuples(
        st.integers(10 * 60, 3 * 86_400),  # s until the clock is set
        st.integers(0, 3_600),  # s until somebody looks at it
        st.one_of(
            st.integers(-3 * 86_400, 3 * 86_400),
            st.sampled_from([-3_600, 3_600, -7_200, 7_200, -90, 90, -30, 30]),
        ),
        st.integers(0, 900),  # s since it was looked at before it was set
    ),
    max_size=6,
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(steps, st.integers(0, 3 * 86_400), st.data())
def test_what_has_one_date_was_recorded_then(
    plan: list[tuple[int, int, int, int]], after_s: int, data: st.DataObject
) -> None:
    """Whatever a device recorded before now: what it may play for a reading is of its date."""
    clock = TrueClock([(0, 0)])
    last = ClockReading(0, NOW)
    eras = list(judge_reading((), None, last).eras)

    def look(true_ms: int) -> None:
        nonlocal last
        reading = ClockReading(clock.offset_ms(true_ms), true_ms)
        verdict = judge_reading(eras, last, reading)
        if verdict.device_seen_ms is not None:
            eras[-1] = replace(eras[-1], device_seen_ms=verdict.device_seen_ms)
        eras.extend(verdict.eras)
        last = reading

    at_ms = NOW
    for until_s, unseen_s, by_s, before_s in plan:
        look(at_ms + (until_s - min(before_s, until_s)) * 1000)
        at_ms += until_s * 1000
        clock.steps.append((at_ms, clock.offset_ms(at_ms) - by_s * 1000))
        at_ms += unseen_s * 1000
        look(at_ms)
    now_ms = at_ms + after_s * 1000
    look(now_ms)
    eras_now = EraMap(eras)
    moments = data.draw(
        st.lists(st.integers(NOW // 1000, now_ms // 1000), min_size=1, max_size=20)
    )
    borders = [since + delta for since, _ in clock.steps for delta in (-1000, 0, 1000)]
    for true_ms in [*(s * 1000 for s in moments), *(b for b in borders if b >= NOW)]:
        if true_ms > now_ms:
            continue
        device_ms = clock.device_ms(true_ms)
        for offset in {era.offset_ms for era in eras}:
            utc_ms = device_ms + offset
            asked = TimeRange(utc_ms, utc_ms + 1000)
            for reading in eras_now.readings(asked, now_ms):
                if reading.others or not reading.piece.device.contains(device_ms):
                    continue
                off_ms = abs(device_ms + reading.piece.era.offset_ms - true_ms)
                assert off_ms <= 62_000, (true_ms, reading)
