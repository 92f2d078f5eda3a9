"""Numbers and times as devices write them."""

from datetime import UTC, datetime

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.onvif.lenient import (
    format_time,
    parse_bool,
    parse_float,
    parse_int,
    parse_time_ms,
    to_datetime,
)


def utc(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-01T07:12:09Z", utc(2026, 3, 1, 7, 12, 9)),
        (" 2026-03-01T07:12:09.5Z ", utc(2026, 3, 1, 7, 12, 9) + 500),
        ("2026-03-01T07:12:09,25Z", utc(2026, 3, 1, 7, 12, 9) + 250),
        ("2026-03-01T07:12:09.1234567z", utc(2026, 3, 1, 7, 12, 9) + 123),
        ("2026-03-01T07:12:09", utc(2026, 3, 1, 7, 12, 9)),
        ("2026-03-01T07:12:09+01:00", utc(2026, 3, 1, 6, 12, 9)),
        ("2026-03-01T07:12:09-0530", utc(2026, 3, 1, 12, 42, 9)),
        ("2026-03-01T07:61:09Z", utc(2026, 3, 1, 8, 1, 9)),
        ("2026-03-01T24:00:60Z", utc(2026, 3, 2, 0, 1, 0)),
        ("2026-03-01 07:12:09Z", utc(2026, 3, 1, 7, 12, 9)),
        ("2026-03-01-07:12:09", utc(2026, 3, 1, 7, 12, 9)),
        ("2026-3-1T7:1:9Z", utc(2026, 3, 1, 7, 1, 9)),
        ("2026-03-01T07:12Z", utc(2026, 3, 1, 7, 12)),
        ("2026-03-01", utc(2026, 3, 1)),
        ("1970-01-01T00:03:15Z", 195_000),
        ("1970-01-01T00:00:00+02:00", 0),
        ("0000-00-00T00:00:00Z", None),
        ("2026-02-30T00:00:00Z", None),
        ("2026-00-10T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_times(written: str, expected: int | None) -> None:
    assert parse_time_ms(written) == expected


@settings(max_examples=50)
@given(st.integers(0, 4_000_000_000))
def test_written_times_are_read_back(seconds: int) -> None:
    written = format_time(seconds * 1000 + 999)
    assert written.endswith("Z")
    assert parse_time_ms(written) == seconds * 1000
    assert to_datetime(seconds * 1000).tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "expected"),
    [("true", True), ("TRUE", True), ("1", True), ("On", True), ("False", False),
     ("0", False), (" false ", False), ("off", False), ("", None), ("maybe", None)],
)  # fmt: skip
def test_truth(written: str, expected: bool | None) -> None:
    assert parse_bool(written) is expected


def test_numbers() -> None:
    assert parse_int("25.000000") == 25
    assert parse_int("x") is None
    assert parse_float("nan") is None
    assert parse_float("inf") is None
    assert parse_float("-1.5") == -1.5
