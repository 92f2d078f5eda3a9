from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.timeline import (
    Anchor,
    ClockStep,
    ReplayTimeline,
    signed_distance,
)

START = 1_700_000_000_000_000
FRAME = 40_000
TICKS = 3600


def unit(rtp_time: int, time_us: int | None = None) -> AccessUnit:
    return AccessUnit(0, b"", rtp_time & 0xFFFFFFFF, time_us, True)


def line(**arguments: object) -> ReplayTimeline:
    return ReplayTimeline(90_000, **arguments)


def test_capture_times_date_the_frames() -> None:
    timeline = line()
    placed = [
        timeline.place(unit(n * TICKS, START + n * FRAME)).time_us for n in range(100)
    ]
    assert placed == [START + n * FRAME for n in range(100)]
    assert timeline.reanchors == 0
    assert not timeline.is_estimated


def test_rtp_time_smooths_rounded_capture_times() -> None:
    timeline = line()
    jitter = [0, 9, -9, 4, -5, 8] * 20
    placed = [
        timeline.place(unit(n * TICKS, START + n * FRAME + jitter[n] * 1000)).time_us
        for n in range(120)
    ]
    assert placed == [START + n * FRAME for n in range(120)]


def test_rtp_wrap_is_no_event() -> None:
    timeline = line()
    base = 0xFFFFFFFF - 5 * TICKS
    placed = [
        timeline.place(unit(base + n * TICKS, START + n * FRAME)).time_us
        for n in range(10)
    ]
    assert placed == [START + n * FRAME for n in range(10)]
    assert timeline.reanchors == 0


def test_units_without_capture_time_follow_by_rtp_time() -> None:
    timeline = line()
    assert timeline.place(unit(0, START)).time_us == START
    assert timeline.place(unit(TICKS)).time_us == START + FRAME
    assert not timeline.is_estimated


def test_a_restarted_rtp_clock_is_anchored_to_capture_time() -> None:
    timeline = line()
    timeline.place(unit(0, START))
    placed = timeline.place(unit(0x12345678, START + FRAME))
    assert placed == (START + FRAME, None)
    assert timeline.reanchors == 1


def test_a_gap_is_kept_whatever_rtp_says() -> None:
    timeline = line()
    timeline.place(unit(0, START))
    assert timeline.place(unit(TICKS, START + 15_000_000)).time_us == START + 15_000_000


def test_a_drifting_rtp_clock_never_gets_away() -> None:
    timeline = line()
    worst = 0
    for n in range(100_000):
        capture = START + n * FRAME
        placed = timeline.place(unit(n * (TICKS + 1), capture))
        assert placed.step is None
        worst = max(worst, abs(placed.time_us - capture))
    assert worst < 25_000
    assert timeline.reanchors == 0


def test_a_clock_set_back_is_reported_with_both_times() -> None:
    timeline = line()
    timeline.place(unit(0, START))
    timeline.place(unit(TICKS, START + FRAME))
    placed = timeline.place(unit(2 * TICKS, START - 3_600_000_000))
    assert placed.time_us == START - 3_600_000_000
    assert placed.step == ClockStep(START + FRAME, START - 3_600_000_000)
    following = timeline.place(unit(3 * TICKS, START - 3_600_000_000 + FRAME))
    assert following == (START - 3_600_000_000 + FRAME, None)


def test_a_clock_set_back_a_little_keeps_the_spacing_of_rtp() -> None:
    timeline = line()
    times = []
    for n in range(50):
        shift = -700_000 if n >= 10 else 0
        placed = timeline.place(unit(n * TICKS, START + n * FRAME + shift))
        assert placed.step is None
        times.append(placed.time_us)
    assert all(39_000 < b - a <= 40_000 for a, b in pairwise(times))


def test_time_never_stands_still() -> None:
    timeline = line()
    times = [timeline.place(unit(0, START)).time_us for _ in range(5)]
    assert times == [START + 11 * n for n in range(5)]


def test_a_restart_into_the_recent_past_goes_on_forward() -> None:
    timeline = line()
    timeline.place(unit(0, START))
    timeline.place(unit(TICKS, START + FRAME))
    placed = timeline.place(unit(0x70000000, START - 200_000))
    assert placed == (START + FRAME + 11, None)
    assert timeline.place(unit(0x70000000 + TICKS, START - 160_000)).time_us > (
        START + FRAME + 11
    )


def test_b_frames_step_back_without_an_event() -> None:
    timeline = line()
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    placed = [timeline.place(unit(n * TICKS, START + n * FRAME)) for n in order]
    assert [p.time_us for p in placed] == [START + n * FRAME for n in order]
    assert all(p.step is None for p in placed)


def test_without_capture_times_rtp_info_and_range_date_the_frames() -> None:
    timeline = line(estimate=Anchor(START, 1000))
    assert timeline.place(unit(1000 + TICKS)).time_us == START + FRAME
    assert timeline.place(unit(1000 + 2 * TICKS)).time_us == START + 2 * FRAME
    assert timeline.is_estimated


def test_an_rtp_time_far_from_rtp_info_is_not_believed() -> None:
    timeline = line(estimate=Anchor(START, 1000))
    assert timeline.place(unit(0x40000000)).time_us == START


def test_without_rtp_info_the_first_frame_is_at_the_requested_start() -> None:
    timeline = line(estimate=Anchor(START))
    assert timeline.place(unit(4711)).time_us == START
    assert timeline.place(unit(4711 + TICKS)).time_us == START + FRAME


def test_an_estimated_line_goes_on_where_rtp_restarts() -> None:
    timeline = line(estimate=Anchor(START))
    timeline.place(unit(0))
    timeline.place(unit(TICKS))
    assert timeline.place(unit(0x60000000)).time_us == START + 2 * FRAME
    assert timeline.place(unit(0x60000000 + TICKS)).time_us == START + 3 * FRAME
    assert timeline.reanchors == 1


def test_a_late_capture_time_ends_the_estimate() -> None:
    timeline = line(estimate=Anchor(START))
    timeline.place(unit(0))
    assert timeline.is_estimated
    placed = timeline.place(unit(TICKS, START + 7_000_000))
    assert placed.time_us == START + 7_000_000
    assert not timeline.is_estimated


@pytest.mark.parametrize(
    ("later", "earlier", "distance"),
    [(1, 0, 1), (0, 1, -1), (0, 0xFFFFFFFF, 1), (0xFFFFFFFF, 0, -1)],
)
def test_distances_go_the_short_way(later: int, earlier: int, distance: int) -> None:
    assert signed_distance(later, earlier) == distance


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFFFFFF),
            st.none() | st.integers(START - 10**10, START + 10**10),
        ),
        max_size=40,
    )
)
def test_time_goes_back_only_with_a_word_or_for_b_frames(
    steps: list[tuple[int, int | None]],
) -> None:
    timeline = line(estimate=Anchor(START))
    latest = None
    for rtp_time, time_us in steps:
        placed = timeline.place(unit(rtp_time, time_us))
        if latest is not None and placed.step is None:
            assert placed.time_us > latest - 1_000_000
        elif placed.step is not None:
            assert placed.step.after_us == placed.time_us
            latest = None
        latest = max(latest or placed.time_us, placed.time_us)


def test_behind_a_gap_an_earlier_capture_time_wins_at_once() -> None:
    """Slewing is for frames that follow each other: a gap may well be shorter than told."""
    timeline = line()
    for n in range(10):
        timeline.place(unit(n * TICKS, START + n * FRAME))
    gap = 30 * 90_000
    told = START + 9 * FRAME + 30_000_000 - 800_000
    assert timeline.place(unit(9 * TICKS + gap, told)).time_us == told
    assert timeline.reanchors == 1
