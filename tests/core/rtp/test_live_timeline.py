from itertools import pairwise
import random

from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.live_timeline import LiveTimeline

START_MS = 1_700_000_000_000
FRAME_MS = 40
TICKS = 3600


def unit(rtp_time: int, *, is_key: bool = True) -> AccessUnit:
    return AccessUnit(0, b"", rtp_time & 0xFFFFFFFF, None, is_key)


def captured_us(n: int) -> int:
    return (START_MS + n * FRAME_MS) * 1000


def test_the_first_arrival_dates_the_first_frame() -> None:
    timeline = LiveTimeline(90_000)
    assert timeline.place(unit(777), START_MS).time_us == START_MS * 1000
    assert timeline.place(unit(777 + TICKS), START_MS + 300).time_us == captured_us(1)


def test_jitter_of_the_network_does_not_reach_the_times() -> None:
    timeline = LiveTimeline(90_000)
    jitter = random.Random(1)
    times = [
        timeline.place(
            unit(n * TICKS),
            START_MS + n * FRAME_MS + (jitter.randrange(80) if n else 0),
        )
        for n in range(2000)
    ]
    assert all(placed.step is None for placed in times)
    assert all(0 <= p.time_us - captured_us(n) <= 10_000 for n, p in enumerate(times))


def test_a_late_first_frame_is_put_right_by_earlier_arrivals() -> None:
    timeline = LiveTimeline(90_000)
    timeline.place(unit(0), START_MS + 200)
    times = [
        timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS).time_us
        for n in range(1, 100)
    ]
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] == captured_us(99)


def test_a_drifting_camera_clock_is_followed() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(25 * 3600):
        placed = timeline.place(unit(n * (TICKS - 1)), START_MS + n * FRAME_MS)
        assert placed.step is None
    assert abs(placed.time_us - captured_us(n)) < 20_000


def test_a_host_clock_set_forward_is_a_step_after_one_window() -> None:
    timeline = LiveTimeline(90_000)
    steps = []
    for n in range(1000):
        arrival = START_MS + n * FRAME_MS + (60_000 if n >= 500 else 0)
        placed = timeline.place(unit(n * TICKS), arrival)
        if placed.step:
            steps.append((n, placed))
    assert len(steps) == 1
    assert 500 < steps[0][0] < 1000
    assert placed.time_us == captured_us(999) + 60_000_000


def test_a_host_clock_set_back_is_a_step_at_once() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(10):
        timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
    placed = timeline.place(unit(10 * TICKS), START_MS + 10 * FRAME_MS - 60_000)
    assert placed.step is not None
    assert placed.time_us == captured_us(10) - 60_000_000


def test_a_restarted_rtp_clock_is_dated_by_arrival() -> None:
    timeline = LiveTimeline(90_000)
    timeline.place(unit(0), START_MS)
    placed = timeline.place(unit(0x50000000), START_MS + FRAME_MS)
    assert placed == (captured_us(1), None)


def report(
    timeline: LiveTimeline, n: int, *, late_ms: int = 150, off_us: int = 0
) -> None:
    timeline.report(
        captured_us(n) + off_us, n * TICKS, START_MS + n * FRAME_MS + late_ms
    )


def test_two_sane_reports_date_the_frames() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(300):
        placed = timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS + 150)
        if n in {100, 200}:
            report(timeline, n)
            assert timeline.uses_reports == (n == 200)
    assert placed.time_us == captured_us(299)


def test_the_offset_of_the_device_clock_is_added_to_reports() -> None:
    timeline = LiveTimeline(90_000, device_offset_ms=3_600_000)
    for n in range(300):
        placed = timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS + 150)
        if n in {100, 200}:
            report(timeline, n, off_us=-3_600_000_000)
    assert timeline.uses_reports
    assert placed.time_us == captured_us(299)


def test_insane_reports_are_ignored() -> None:
    timeline = LiveTimeline(90_000)
    report(timeline, 0)
    for n in range(300):
        timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
    timeline.report(0, 0, START_MS)
    report(timeline, 200, off_us=-3_600_000_000)
    report(timeline, 300, off_us=5_000_000)
    assert not timeline.uses_reports
    report(timeline, 350)
    report(timeline, 400, off_us=-500_000)
    assert not timeline.uses_reports


def test_a_clock_that_is_always_an_hour_off_dates_nothing() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(600):
        placed = timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
        if n and n % 100 == 0:
            report(timeline, n, off_us=-3_600_000_000)
            assert not timeline.uses_reports
    assert placed.time_us == captured_us(599)


def test_a_report_before_the_first_unit_says_nothing() -> None:
    timeline = LiveTimeline(90_000)
    report(timeline, 0)
    for n in range(150):
        timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
        if n == 100:
            report(timeline, n)
            assert not timeline.uses_reports


def test_a_report_whose_rtp_time_is_another_dates_nothing() -> None:
    """Its time of day is right, and it says it of pictures of ten seconds before."""
    timeline = LiveTimeline(90_000)
    for n in range(400):
        placed = timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
        if n and n % 100 == 0:
            timeline.report(
                captured_us(n), (n + 250) * TICKS, START_MS + n * FRAME_MS + 20
            )
            assert not timeline.uses_reports
    assert placed.time_us == captured_us(399)


def test_reports_are_forgotten_where_rtp_times_break_off() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(300):
        moved = n * TICKS - (9 * 90_000 if n > 250 else 0)
        placed = timeline.place(unit(moved), START_MS + n * FRAME_MS + 150)
        if n in {100, 200}:
            report(timeline, n)
        assert timeline.uses_reports == (200 <= n <= 250)
    assert abs(placed.time_us - captured_us(299) - 150_000) < 10_000


def test_times_that_stand_still_are_counted_by_arrival() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(200):
        placed = timeline.place(unit(777), START_MS + n * FRAME_MS)
        assert placed.step is None
        assert abs(placed.time_us - captured_us(n)) <= 1_000


def test_reports_that_turn_insane_lose_their_say() -> None:
    timeline = LiveTimeline(90_000)
    for n in range(300):
        timeline.place(unit(n * TICKS), START_MS + n * FRAME_MS)
        if n in {100, 200}:
            report(timeline, n)
    assert timeline.uses_reports
    report(timeline, 300, off_us=-86_400_000_000)
    assert not timeline.uses_reports


def test_b_frames_lie_between_their_neighbours() -> None:
    timeline = LiveTimeline(90_000)
    order = [0, 3, 1, 2, 6, 4, 5, 9]
    times = [
        timeline.place(unit(n * TICKS, is_key=not n), START_MS + n * FRAME_MS).time_us
        for n in order
    ]
    assert times == [captured_us(n) for n in order]


def test_a_picture_shown_before_its_key_picture_is_not_dated_before_it() -> None:
    timeline = LiveTimeline(90_000)
    keys = {0, 4}
    times = [
        timeline.place(
            unit(n * TICKS, is_key=n in keys), START_MS + max(n, 4) * FRAME_MS
        ).time_us
        for n in (0, 4, 2, 3, 8)
    ]
    assert times[1] < times[2] < times[3] < times[4]
