"""A device's clock, read defensively and sharpened below its second."""

import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.onvif.device_clock import (
    DeviceTime,
    OffsetBounds,
    bounds_of,
    read_time,
    zone_ms,
)
from custom_components.vtrack_nvr.core.onvif.lenient import parse_time_ms
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def moment(name: str, written: str) -> str:
    day, _, time = written.partition("T")
    year, month, date = day.split("-")
    hour, minute, second = time.split(":")
    return (
        f"<{name}><Time><Hour>{hour}</Hour><Minute>{minute}</Minute>"
        f"<Second>{second}</Second></Time><Date><Year>{year}</Year>"
        f"<Month>{month}</Month><Day>{date}</Day></Date></{name}>"
    )


def answer(inner: str) -> DeviceTime:
    return read_time(
        parse_xml(f"<R><SystemDateAndTime>{inner}</SystemDateAndTime></R>".encode())
    )


def test_utc_is_taken_as_it_is() -> None:
    inner = "<DateTimeType>NTP</DateTimeType>" + moment("UTCDateTime", "2026-3-1T7:8:9")
    assert answer(inner) == DeviceTime(
        parse_time_ms("2026-03-01T07:08:09Z"), is_ntp=True
    )


def test_overflowing_times_are_carried() -> None:
    assert answer(moment("UTCDateTime", "2026-3-1T24:0:60")).device_ms == (
        parse_time_ms("2026-03-02T00:01:00Z")
    )


@pytest.mark.parametrize(
    "written",
    [
        "2026-3-0T1:2:3",
        "0-0-0T0:0:0",
        "x-1-1T1:1:1",
        "2026-99999999999999-1T1:1:1",
        "2026-1-99999999999999T1:1:1",
        "2026-1-1T99999999999999:1:1",
        "2026-1-1T1:99999999999999:1",
        "2026-1-1T1:1:99999999999999",
    ],
)
def test_impossible_dates_are_no_time(written: str) -> None:
    assert answer(moment("UTCDateTime", written)).device_ms is None
    assert answer("").device_ms is None


def test_local_time_with_its_zone_is_second_best() -> None:
    inner = (
        "<DaylightSavings>true</DaylightSavings><TimeZone><TZ>CET-1CEST,M3.5.0</TZ>"
        "</TimeZone>" + moment("LocalDateTime", "2026-7-1T12:0:0")
    )
    read = answer(inner)
    assert read.device_ms == parse_time_ms("2026-07-01T10:00:00Z")
    assert read.is_from_local
    assert not read.is_ntp


@pytest.mark.parametrize(
    ("posix", "is_summer", "hours"),
    [("CST-8", False, 8), ("EST5EDT", False, -5), ("EST5EDT,M3.2.0", True, -4),
     ("<+0330>-3:30", False, 3.5), ("GMT+01:00", False, -1), ("UTC0", True, 0),
     ("", False, 0), ("Europe/Berlin", False, 0), ("NST3:30NDT", True, -2.5)],
)  # fmt: skip
def test_posix_zones(posix: str, is_summer: bool, hours: float) -> None:
    assert zone_ms(posix, is_summer=is_summer) == hours * 3_600_000


@settings(max_examples=100)
@given(
    offset=st.integers(-(10**9), 10**9),
    phase=st.integers(0, 999),
    trip=st.integers(0, 80),
    seed=st.integers(0, 99),
)
def test_watching_the_second_change_finds_the_offset(
    offset: int, phase: int, trip: int, seed: int
) -> None:
    """Every answer's bounds hold the truth, and a second of samples narrows them."""
    luck = random.Random(seed)
    now = 1_800_000_000_000 + phase
    bounds: OffsetBounds | None = None
    for _ in range(11):
        read_at = now + luck.randint(0, trip)
        device_ms = (read_at - offset) // 1000 * 1000
        seen = bounds_of(device_ms, now, now + trip)
        assert seen.low_ms <= offset <= seen.high_ms
        bounds = bounds.intersection(seen) if bounds else seen
        assert bounds is not None
        now += trip + 120
    assert bounds is not None
    assert bounds.low_ms <= offset <= bounds.high_ms
    assert bounds.width_ms <= 120 + 2 * trip + 1


@pytest.mark.parametrize(
    ("low", "high", "best"),
    [(-500, 400, 0), (100, 300, 200), (3_599_900, 3_600_060, 3_600_000),
     (-900_100, -899_990, -900_000), (94_608_000_000, 94_608_000_100, 94_608_000_050)],
)  # fmt: skip
def test_the_likeliest_offset_is_none_or_a_time_zone(
    low: int, high: int, best: int
) -> None:
    assert OffsetBounds(low, high).best_ms == best


def test_contradicting_bounds_have_no_intersection() -> None:
    assert OffsetBounds(0, 5).intersection(OffsetBounds(6, 9)) is None
    assert OffsetBounds(0, 5).widened(2) == OffsetBounds(-2, 7)
