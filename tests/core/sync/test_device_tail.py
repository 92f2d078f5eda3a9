"""Where a ring storage overwrites, and what is out of reach."""

from custom_components.vtrack_nvr.core.sync.device_tail import SAFETY_MS, DeviceTail

HOUR = 3_600_000
NOW = 1_790_000_000_000


def moving() -> DeviceTail:
    ring = DeviceTail()
    ring.saw(NOW - 10 * HOUR, NOW)
    ring.saw(NOW - 9 * HOUR, NOW + HOUR)
    return ring


def test_a_tail_that_stands_still_stays_where_it_is() -> None:
    ring = DeviceTail()
    assert ring.tail_ms(NOW) is None
    assert ring.reachable_from_ms(NOW, HOUR, 1.0) is None
    ring.saw(None, NOW)
    ring.saw(NOW - HOUR, NOW)
    ring.saw(NOW - HOUR, NOW + HOUR)
    assert not ring.is_moving
    assert ring.tail_ms(NOW + 5 * HOUR) == NOW - HOUR
    assert ring.reachable_from_ms(NOW + 5 * HOUR, HOUR, 0.1) == NOW - HOUR


def test_a_moving_tail_goes_on_between_looks_at_its_own_pace() -> None:
    ring = moving()
    assert ring.is_moving
    assert ring.rate == 1.0
    assert ring.tail_ms(NOW + 2 * HOUR) == NOW - 8 * HOUR
    ring.saw(NOW - 9 * HOUR + HOUR // 2, NOW + 2 * HOUR)
    assert ring.rate == 0.75


def test_what_was_known_before_a_restart_tells_that_it_moves_and_not_how_fast() -> None:
    ring = DeviceTail()
    ring.remembered(NOW - 20 * HOUR)
    assert ring.tail_ms(NOW) == NOW - 20 * HOUR
    ring.saw(NOW - 10 * HOUR, NOW)
    assert ring.is_moving
    assert ring.rate == 1.0


def test_the_pace_is_measured_anew_after_a_day() -> None:
    ring = moving()
    ring.saw(NOW + 20 * HOUR, NOW + 30 * HOUR)
    ring.saw(NOW + 22 * HOUR, NOW + 31 * HOUR)
    assert ring.rate == 2.0


def test_reading_faster_than_it_overwrites_needs_a_small_margin() -> None:
    ring = moving()
    tail_ms = NOW - 9 * HOUR
    for speed in (None, 1.0, 8.0):
        assert ring.reachable_from_ms(NOW + HOUR, HOUR, speed) == tail_ms + SAFETY_MS


def test_reading_slower_gives_up_what_would_be_overtaken() -> None:
    ring = moving()
    tail_ms = NOW - 9 * HOUR
    start_ms = ring.reachable_from_ms(NOW + HOUR, HOUR, 0.8)
    assert start_ms == tail_ms + SAFETY_MS + HOUR // 4
    # however slow, the newer half is tried
    assert ring.reachable_from_ms(NOW + HOUR, HOUR, 0.01) == tail_ms + 5 * HOUR


def test_a_tail_that_stands_still_gives_up_all_that_is_left() -> None:
    ring = moving()
    assert ring.earliest_ms is not None
    later_ms = 10 * SAFETY_MS + ring.earliest_ms + 86_400_000
    assert not ring.is_standing
    ring.saw(ring.earliest_ms, later_ms)
    assert ring.is_standing
    assert ring.tail_ms(later_ms + 3_600_000) == ring.earliest_ms
    reachable = ring.reachable_from_ms(later_ms, 3_600_000, speed=0.5)
    assert reachable == ring.earliest_ms
    ring.saw(ring.earliest_ms + 60_000, later_ms + 60_000)
    assert not ring.is_standing
