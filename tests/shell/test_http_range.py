"""Ranges and conditions of a request, as values."""

from http import HTTPStatus

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.http_range import (
    WantedBytes,
    http_date,
    is_same_version,
    is_unchanged,
    wanted_bytes,
)

CHANGED = 1_800_000_000.7
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 100),
        ("bytes=99-", 99, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=10-9999", 10, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-9999", 0, 100),
        ("Bytes = 5 - 6 ", 5, 7),
    ],
)
def test_one_range_is_a_part(header: str, start: int, stop: int) -> None:
    assert wanted_bytes(header, 100) == (HTTPStatus.PARTIAL_CONTENT, start, stop)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=0-1,5-6", "bytes=-", "bytes=9-5", "seconds=0-1", "bytes=a-b"],
)
def test_what_is_no_single_range_is_the_whole(header: str | None) -> None:
    assert wanted_bytes(header, 100) == (HTTPStatus.OK, 0, 100)


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)]
)
def test_a_range_of_nothing_cannot_be_satisfied(header: str, size: int) -> None:
    wanted = wanted_bytes(header, size)
    assert wanted.status is HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


@given(st.text(max_size=30), st.integers(0, 2**40))
def test_nothing_asks_for_bytes_outside(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        wanted = wanted_bytes(header, size)
        assert 0 <= wanted.start <= wanted.stop <= size


def test_only_the_same_version_is_continued() -> None:
    assert is_same_version(None, '"a"', CHANGED)
    assert is_same_version('"a"', '"a"', CHANGED)
    assert not is_same_version('"b"', '"a"', CHANGED)
    assert not is_same_version('W/"a"', '"a"', CHANGED)
    assert is_same_version(DATE, '"a"', CHANGED)
    assert not is_same_version("Fri, 15 Jan 2027 08:00:01 GMT", '"a"', CHANGED)
    assert not is_same_version("yesterday", '"a"', CHANGED)


def test_what_the_client_has_is_not_sent_again() -> None:
    assert is_unchanged('"a"', None, '"a"', CHANGED)
    assert is_unchanged('"b", W/"a"', None, '"a"', CHANGED)
    assert is_unchanged("*", None, '"a"', CHANGED)
    assert not is_unchanged('"b"', DATE, '"a"', CHANGED), "tags come before dates"
    assert is_unchanged(None, DATE, '"a"', CHANGED)
    assert is_unchanged(None, "Fri, 15 Jan 2027 08:00:00 -0000", '"a"', CHANGED)
    assert not is_unchanged(None, "Fri, 15 Jan 2027 07:59:59 GMT", '"a"', CHANGED)
    assert not is_unchanged(None, "nonsense", '"a"', CHANGED)
    assert not is_unchanged(None, None, '"a"', CHANGED)


def test_dates_are_those_of_http() -> None:
    assert http_date(CHANGED) == DATE


@pytest.mark.parametrize(
    "header",
    [
        f"bytes=0-{'9' * 4400}",
        f"bytes={'9' * 19}-",
        "bytes=\u0661-\u0662",
        "bytes=0-\u00b2",
    ],
    ids=["thousands", "nineteen", "arabic", "superscript"],
)
def test_numbers_that_no_file_has_are_no_range(header: str) -> None:
    assert wanted_bytes(header, 100) == WantedBytes(HTTPStatus.OK, 0, 100)


def test_eighteen_digits_are_a_range() -> None:
    found = wanted_bytes(f"bytes=10-{'9' * 18}", 100)
    assert found == WantedBytes(HTTPStatus.PARTIAL_CONTENT, 10, 100)


def test_absurd_dates_are_no_dates() -> None:
    date = f"Mon, 01 Jan {'9' * 5000} 00:00:00 GMT"
    assert not is_unchanged(None, date, '"x"', 1.0)
    assert not is_same_version(date, '"x"', 1.0)
