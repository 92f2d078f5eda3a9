"""Names of folders and files, in zones where an hour comes twice or never."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.library import naming

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def utc_ms(*moment: int) -> int:
    return int(dt.datetime(*moment, tzinfo=dt.UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("zone", "first", "names"),
    [
        (
            BERLIN,
            utc_ms(2026, 10, 25, 0, 30),
            ["2026-10-25/02-30-00+0200.mp4", "2026-10-25/02-30-00+0100.mp4"],
        ),
        (
            NEW_YORK,
            utc_ms(2026, 11, 1, 5, 30),
            ["2026-11-01/01-30-00-0400.mp4", "2026-11-01/01-30-00-0500.mp4"],
        ),
    ],
)
def test_the_hour_that_comes_twice_has_two_names(
    zone: ZoneInfo, first: int, names: list[str]
) -> None:
    assert [naming.clip_path(first + h * 3_600_000, zone) for h in (0, 1)] == names


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, dt.date(2026, 3, 29), 23),
        (BERLIN, dt.date(2026, 10, 25), 25),
        (NEW_YORK, dt.date(2026, 3, 8), 23),
        (NEW_YORK, dt.date(2026, 11, 1), 25),
        (ZoneInfo("Asia/Kolkata"), dt.date(2026, 5, 5), 24),
    ],
)
def test_a_day_is_as_long_as_it_is(zone: ZoneInfo, day: dt.date, hours: int) -> None:
    start = naming.day_start_ms(day, zone)
    end = naming.day_start_ms(day + dt.timedelta(days=1), zone)
    assert end - start == hours * 3_600_000
    assert naming.local_day(start, zone) == day
    assert naming.local_day(end - 1, zone) == day


def test_a_midnight_that_does_not_exist_begins_the_day_an_hour_later() -> None:
    zone = ZoneInfo("America/Asuncion")
    start = naming.day_start_ms(dt.date(2023, 10, 1), zone)
    assert naming.zoned_time(start, zone).date() == dt.date(2023, 10, 1)


@given(
    st.integers(utc_ms(1975, 1, 1), utc_ms(2060, 1, 1)),
    st.sampled_from(
        [
            "UTC",
            "Europe/Berlin",
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
            "Asia/Kathmandu",
        ]
    ),
)
@settings(max_examples=100, deadline=None)
def test_a_name_tells_its_moment_to_the_second(moment: int, name: str) -> None:
    text = naming.clip_path(moment, ZoneInfo(name)).removesuffix(".mp4")
    parsed = dt.datetime.strptime(text, "%Y-%m-%d/%H-%M-%S%z")
    assert int(parsed.timestamp()) == moment // 1000


def test_folder_names_are_safe_stable_and_apart() -> None:
    assert naming.folder_name("Gärten & Höfe #1", "k", frozenset()) == "garten_hofe_1"
    assert naming.folder_name("../../etc", "k", frozenset()) == "etc"
    assert naming.folder_name("con", "k", frozenset()).startswith("con_")
    assert naming.folder_name("庭", "k", frozenset()).startswith("camera_")
    assert len(naming.folder_name("a" * 500, "k", frozenset())) <= naming.MAX_NAME
    taken = frozenset({"garden"})
    again = naming.folder_name("Garden", "k2", taken)
    assert again.startswith("garden_")
    third = naming.folder_name("Garden", "k2", taken | {again})
    assert third not in taken | {again}


def test_part_files_are_hidden_and_recognised() -> None:
    part = naming.part_path("a/b/2026-01-01/10-00-00+0100.mp4", 17)
    assert part == "a/b/2026-01-01/.10-00-00+0100.17.part"
    assert naming.is_part(".10-00-00+0100.17.part")
    assert not naming.is_part("10-00-00+0100.mp4")
    assert not naming.is_part(".something.part")
    assert naming.is_day("2026-01-01")
    assert not naming.is_day("trash")
