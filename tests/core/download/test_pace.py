"""How fast a device may send, and how fast it does."""

import pytest

from custom_components.vtrack_nvr.core.download.pace import Pace
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk

from .replayed import Hands, S


def test_reading_slower_keeps_the_limit() -> None:
    clock = Hands()
    pace = Pace(clock, 1000)
    total = waited = 0.0
    for _ in range(50):
        total += 100
        pause = pace.pause_after(100)
        waited += pause
        clock.at += pause
    assert total / max(waited, 0.001) == pytest.approx(1000, rel=0.1)
    assert Pace(clock, None).pause_after(10**9) == 0.0
    assert pace.pause_after(10**6) == 0.25


@pytest.mark.parametrize(
    ("speed", "known", "expected"),
    [
        (1.0, set(), {Quirk.REAL_TIME_ONLY}),
        (1.0, {Quirk.REAL_TIME_ONLY}, {Quirk.REAL_TIME_ONLY}),
        (30.0, set(), set()),
        (30.0, {Quirk.REAL_TIME_ONLY}, set()),
        (1.0, {Quirk.NO_RATE_CONTROL}, {Quirk.NO_RATE_CONTROL}),
    ],
)
def test_real_time_devices_are_recognised(speed, known, expected) -> None:
    clock = Hands()
    pace = Pace(clock, None)
    policy = DevicePolicy(frozenset(known))
    for second in range(25):
        clock.at = float(second)
        policy = pace.learn(round(second * speed * S), policy)
    assert policy.quirks == expected


def test_our_own_limit_says_nothing_about_the_device() -> None:
    clock = Hands()
    pace = Pace(clock, 1000)
    policy = DevicePolicy()
    for second in range(25):
        clock.at = float(second)
        policy = pace.learn(second * S, policy)
    assert policy.quirks == frozenset()
