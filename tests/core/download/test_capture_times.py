"""How far the capture times of replayed footage are believed."""

import pytest

from custom_components.vtrack_nvr.core.download.capture_times import CaptureJudge, Trust
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.intervals import TimeRange

from .replayed import NOW_MS, NOW_US, RANGE, START_US, S, unit


def judge(*units: AccessUnit, now_ms: int = NOW_MS, known: bool = False) -> Trust:
    made = CaptureJudge(RANGE, now_ms, 90_000, is_known_playback=known)
    trust = Trust.UNDECIDED
    for item in units:
        trust = made.judge(item)
        if trust is not Trust.UNDECIDED:
            break
    return trust


def pictures(
    start_us: int | None,
    speed: float = 1.0,
    count: int = 60,
    *,
    round_us: int = 1,
    keys_only: bool = False,
) -> list[AccessUnit]:
    """Return units 0.1 s apart by RTP whose stamps go on at a speed from a time."""
    units = []
    for n in range(count):
        is_key = n % 20 == 0
        at_us = None
        if start_us is not None and (is_key or not keys_only):
            at_us = round(start_us + n * 100_000 * speed) // round_us * round_us
        units.append(unit(at_us, rtp=n * 9000, key=is_key))
    return units


@pytest.mark.parametrize(
    ("units", "trust"),
    [
        (pictures(START_US), Trust.CAPTURE),
        (pictures(START_US - 10 * S), Trust.CAPTURE),
        (pictures(START_US + 4000 * S), Trust.CAPTURE),
        (pictures(START_US - 5000 * S), Trust.CAPTURE),
        (pictures(START_US, round_us=S), Trust.CAPTURE),
        (pictures(START_US, keys_only=True), Trust.CAPTURE),
        (pictures(START_US, count=5), Trust.UNDECIDED),
        (pictures(None), Trust.NONE),
        (pictures(START_US, 0.0), Trust.NONSENSE),
        (pictures(START_US, 0.0, keys_only=True), Trust.NONSENSE),
        (pictures(START_US, 0.01), Trust.NONSENSE),
        (pictures(5 * S), Trust.NONSENSE),
        (pictures(NOW_US + 40 * 365 * 86_400 * S), Trust.NONSENSE),
        (pictures(NOW_US), Trust.LIVE),
        (pictures(NOW_US, 0.01), Trust.PLAYBACK),
        (pictures(NOW_US, count=5), Trust.UNDECIDED),
    ],
)
def test_stamps_are_judged_by_how_they_go_on(units, trust) -> None:
    assert judge(*units) is trust


def test_stamps_on_key_pictures_only_are_waited_for() -> None:
    first, *rest = pictures(START_US, keys_only=True)
    assert judge(*rest[:15], first._replace(rtp_time=15 * 9000)) is Trust.UNDECIDED


def test_a_clock_without_a_battery_dates_what_was_asked_for() -> None:
    asked = TimeRange(5_000, 15_000)
    made = CaptureJudge(asked, NOW_MS, 90_000)
    assert [made.judge(item) for item in pictures(5 * S)][-1] is Trust.CAPTURE


@pytest.mark.parametrize(
    ("units", "trust"),
    [
        (pictures(START_US, count=2), Trust.CAPTURE),
        (pictures(START_US, 0.0, count=5), Trust.NONSENSE),
        (pictures(None, count=1), Trust.NONE),
        (pictures(NOW_US, count=2), Trust.UNDECIDED),
    ],
)
def test_what_ends_early_is_judged_by_what_came(units, trust) -> None:
    made = CaptureJudge(RANGE, NOW_MS, 90_000)
    assert {made.judge(item) for item in units} == {Trust.UNDECIDED}
    assert made.conclude() is trust


def test_recent_ranges_and_known_devices_are_not_taken_for_live() -> None:
    assert judge(*pictures(NOW_US), known=True) is Trust.PLAYBACK
    now_ms = RANGE.end_ms + 10_000
    recent = pictures(RANGE.end_ms * 1000)
    assert judge(*recent, now_ms=now_ms) is Trust.CAPTURE


def test_one_picture_with_a_time_among_many_is_believed_for_want_of_more() -> None:
    first, *rest = pictures(START_US, count=250)
    alone = [item._replace(time_us=None, is_key=False) for item in rest]
    made = CaptureJudge(RANGE, NOW_MS, 90_000)
    trusts = [made.judge(item) for item in (first, *alone[:199])]
    assert trusts[-2:] == [Trust.UNDECIDED, Trust.CAPTURE]


def test_a_known_device_that_ends_at_once_is_known_all_the_same() -> None:
    made = CaptureJudge(RANGE, NOW_MS, 90_000, is_known_playback=True)
    assert made.conclude() is Trust.PLAYBACK
