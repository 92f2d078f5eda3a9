"""When a search is worth it, and what its answer means."""

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClockEra,
    Recording,
    Segment,
    SegmentListing,
)
from custom_components.vtrack_nvr.core.sync.clock_eras import EraMap
from custom_components.vtrack_nvr.core.sync.sweep_rules import (
    Reach,
    earliest_of,
    full_stretch,
    has_news,
    latest_of,
    of_no_era,
    search_windows,
    to_findings,
)
from custom_components.vtrack_nvr.core.sync.wanted import EPOCH_2000_MS

NOW = 1_790_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
CAM = CameraKey("n/1")


def recording(
    earliest: int | None = NOW - HOUR, latest: int | None = NOW, token: str = "r1"
) -> dict[str, Recording]:
    return {
        token: Recording(token, device_earliest_ms=earliest, device_latest_ms=latest)
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, recording(), True),
        (recording(), recording(), False),
        (recording(), recording(latest=NOW + 1), True),
        (recording(), recording(earliest=NOW - HOUR + 1), True),
        (recording(latest=None), recording(latest=None), True),
        (recording(), recording(token="r2"), True),
    ],
)
def test_there_is_news_when_a_recording_moved_or_does_not_say(
    before: dict[str, Recording], after: dict[str, Recording], expected: bool
) -> None:
    assert has_news(before, after) is expected


def test_reach_of_several_recordings() -> None:
    both = recording() | recording(NOW - 2 * HOUR, NOW - HOUR, token="r2")
    assert earliest_of(both) == NOW - 2 * HOUR
    assert latest_of(both) == NOW
    silent = both | recording(None, None, token="r3")
    assert earliest_of(silent) is None
    assert latest_of(silent) is None
    assert earliest_of({}) is None


def test_windows_are_newest_first_and_no_longer_than_allowed() -> None:
    windows = search_windows(TimeRange(0, 50), 24)
    assert windows == (TimeRange(48, 50), TimeRange(24, 48), TimeRange(0, 24))
    assert search_windows(TimeRange(5, 5), 24) == ()


def test_the_full_stretch_is_bounded_by_device_retention_and_a_real_calendar() -> None:
    assert full_stretch(recording(), NOW - 2 * HOUR, NOW) == TimeRange(
        NOW - HOUR, NOW + 1000
    )
    assert full_stretch(recording(), NOW - HOUR // 2, NOW) == TimeRange(
        NOW - HOUR // 2, NOW + 1000
    )
    unset = full_stretch(recording(195_000), 0, NOW)
    assert unset is not None
    assert unset.start_ms == EPOCH_2000_MS
    assert full_stretch(recording(None, None), NOW, NOW) is None


def test_footage_in_the_devices_own_future_is_searched() -> None:
    stretch = full_stretch(recording(latest=NOW + HOUR), 0, NOW)
    assert stretch is not None
    assert stretch.end_ms > NOW + HOUR


def listing(*ranges: TimeRange, is_complete: bool = True) -> SegmentListing:
    return SegmentListing(
        recording()["r1"],
        TimeRange(NOW - HOUR, NOW),
        tuple(Segment("r1", item) for item in ranges),
        is_complete=is_complete,
    )


ERAS = EraMap((ClockEra(1, 0, 1000),))
WINDOW = TimeRange(NOW - HOUR, NOW)
REACH = Reach(NOW - 5 * HOUR, NOW - 1000, is_same=True)


def test_findings_are_in_utc_and_nothing_recent_is_proof() -> None:
    (found,) = to_findings(
        CAM,
        WINDOW,
        [listing(TimeRange(NOW - HOUR, NOW - 1800_000))],
        REACH,
        ERAS,
        NOW,
        75_000,
    )
    assert found.window == WINDOW.shifted(1000)
    assert found.present == (TimeRange(NOW - HOUR + 1000, NOW - 1799_000),)
    assert found.is_proof
    assert found.device_earliest_ms == NOW - 5 * HOUR + 1000
    assert found.device_latest_ms == NOW - 75_000


@pytest.mark.parametrize(
    ("reach", "is_complete"),
    [(REACH, False), (Reach(None, None, is_same=False), True)],
)
def test_a_torn_listing_or_another_recording_proves_nothing(
    reach: Reach, is_complete: bool
) -> None:
    (found,) = to_findings(
        CAM, WINDOW, [listing(is_complete=is_complete)], reach, ERAS, NOW, 75_000
    )
    assert not found.is_proof


def test_one_finding_for_each_era() -> None:
    eras = EraMap((ClockEra(1, 0, 0), ClockEra(2, NOW - HOUR // 2, 5000)))
    found = to_findings(CAM, WINDOW, [listing(WINDOW)], REACH, eras, NOW, 0)
    assert [item.window.duration_ms for item in found] == [HOUR // 2, HOUR // 2]
    assert found[1].present == (found[1].window,)


def test_what_lies_in_no_era_is_found_nowhere() -> None:
    eras = EraMap((ClockEra(1, 0, 0, device_seen_ms=NOW), ClockEra(2, NOW, 0)))
    later = TimeRange(NOW + 2 * HOUR, NOW + 3 * HOUR)
    window = TimeRange(NOW - HOUR, NOW + 4 * HOUR)
    listings = [listing(TimeRange(NOW - HOUR, NOW), later)]
    found = to_findings(CAM, window, listings, REACH, eras, NOW, 0)
    present = [item for finding in found for item in finding.present]
    assert present == [TimeRange(NOW - HOUR, NOW)]
    assert of_no_era(window, listings, eras, NOW) == (later,)


def test_a_segment_that_grows_over_now_is_no_footage_of_another_clock() -> None:
    eras = EraMap((ClockEra(1, 0, 0, device_seen_ms=NOW), ClockEra(2, NOW, 0)))
    window = TimeRange(NOW - HOUR, NOW + 4 * HOUR)
    planned = [listing(TimeRange(NOW - MINUTE, NOW + HOUR))]
    assert of_no_era(window, planned, eras, NOW) == ()
    tomorrow = TimeRange(NOW + HOUR, NOW + 4 * HOUR)
    cut = [listing(TimeRange(NOW + HOUR, NOW + 2 * HOUR))]
    assert of_no_era(tomorrow, cut, eras, NOW) == ()
