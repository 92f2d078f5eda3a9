"""What the account of a storage decides, on values: what is needed, what may go."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep.account import (
    DeletionVerdict,
    budget_bytes,
    choose,
    days_of,
    gap_bytes,
    is_believable,
    is_refusing,
    judge_deletion,
    may_go,
    target_bytes,
    within,
)
from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    DeleteCause,
)
from custom_components.vtrack_nvr.core.library.values import (
    GIGABYTE,
    LibraryBounds,
    Retention,
)

from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW, OTHER
from .account_cases import BOUNDS, SIZE, case, clips, root, run

# What is needed


def test_what_is_needed_is_floor_reserve_and_ten_minutes_less_what_is_free() -> None:
    found = root(
        free_bytes=100,
        floor_bytes=70,
        applied_floor_bytes=60,
        open_clips=2,
        soon_bytes=40,
    )
    assert target_bytes(found, BOUNDS) == 60 + 2 * 10 + 40
    assert gap_bytes(found, BOUNDS) == 20
    assert gap_bytes(replace(found, free_bytes=120), BOUNDS) == 0
    assert gap_bytes(replace(found, free_bytes=119), BOUNDS) == 1
    assert gap_bytes(replace(found, floor_bytes=50), BOUNDS) == 10, (
        "a lower floor is one"
    )


def test_a_storage_without_a_size_needs_room_when_a_write_says_so() -> None:
    silent = root(
        free_bytes=None, floor_bytes=70, applied_floor_bytes=70, soon_bytes=40
    )
    assert gap_bytes(silent, BOUNDS) == 0
    assert not is_refusing(silent)
    full = replace(silent, is_full=True, open_clips=3)
    assert gap_bytes(full, BOUNDS) == 4 * 10 + 40
    assert is_refusing(full)
    roomy = replace(full, free_bytes=10**9)
    assert gap_bytes(roomy, BOUNDS) == 80, "whatever it says is free"


def test_below_the_floor_that_is_obeyed_nothing_is_written() -> None:
    low = root(free_bytes=59, floor_bytes=70, applied_floor_bytes=60)
    assert is_refusing(low)
    assert not is_refusing(replace(low, free_bytes=60))


def test_the_budget_is_what_was_written_and_the_room_that_is_to_be_free() -> None:
    bounds = LibraryBounds(brake_slack_bytes=5, clip_reserve_bytes=10)
    found = root(
        floor_bytes=70,
        applied_floor_bytes=60,
        open_clips=1,
        written_bytes=1000,
        spent_bytes=300,
    )
    assert budget_bytes(found, bounds) == 1000 + 5 + 70 - 300
    assert budget_bytes(replace(found, spent_bytes=5000), bounds) == 0


# Did it help?


def test_deleting_helped_if_half_of_it_became_free() -> None:
    bounds = LibraryBounds(proof_bytes=100, free_wait=10.0)
    assert judge_deletion(0, 0, 99, bounds) is DeletionVerdict.GO_ON
    assert judge_deletion(200, 100, 0, bounds) is DeletionVerdict.HELPED
    assert judge_deletion(200, 99, 9.9, bounds) is DeletionVerdict.WAIT
    assert judge_deletion(200, 99, 10.0, bounds) is DeletionVerdict.USELESS
    assert judge_deletion(99, 0, 99, bounds) is DeletionVerdict.GO_ON, (
        "too little to prove anything"
    )
    assert judge_deletion(100, 0, 99, bounds) is DeletionVerdict.USELESS
    assert judge_deletion(99, 0, 99, bounds, is_probe=True) is DeletionVerdict.USELESS


def test_free_space_falls_as_fast_as_is_written_or_is_not_believed() -> None:
    assert is_believable(5 * GIGABYTE, 4 * GIGABYTE, 0, 0)
    assert not is_believable(5 * GIGABYTE, 4 * GIGABYTE - 1, 0, 0)
    assert is_believable(5 * GIGABYTE, 2 * GIGABYTE, 0, GIGABYTE)
    assert is_believable(9 * GIGABYTE, 4 * GIGABYTE, 600, GIGABYTE)
    assert not is_believable(10 * GIGABYTE, 4 * GIGABYTE, 600, GIGABYTE)
    assert is_believable(4 * GIGABYTE, 9 * GIGABYTE, 0, 0), "more is always welcome"


# What may go


@pytest.mark.parametrize(
    ("changes", "is_free"),
    [
        ({}, True),
        ({"is_protected": True}, False),
        ({"is_stuck": True}, False),
        ({"created_ms": NOW - HOUR + 1}, False),
        ({"created_ms": NOW - HOUR}, True),
        ({"range": TimeRange(NOW - DAY, NOW - MINUTE)}, False),
        ({"created_ms": NOW + HOUR}, False),
        ({"created_ms": NOW + HOUR + 1}, True),
    ],
)
def test_what_is_protected_read_or_young_never_goes(changes, is_free: bool) -> None:
    (clip,) = clips(3, 2.99)
    assert may_go(replace(clip, **changes), BOUNDS, NOW) is is_free


def test_the_oldest_that_may_go_are_chosen_and_no_more_than_needed() -> None:
    items = clips(3)
    items[0] = replace(items[0], is_stuck=True)
    items[1] = replace(items[1], leaves=True)
    chosen = choose(root(items), 2 * SIZE - 1, BOUNDS, NOW)
    assert [clip.id for clip in chosen] == [items[2].id, items[3].id]
    assert choose(root(items), 0, BOUNDS, NOW) == []
    assert within(chosen, 2 * SIZE - 1) == chosen[:1]
    assert within(chosen, 2 * SIZE) == chosen


# Days and GB


def test_what_is_older_than_its_days_is_due_however_much_and_never_asks() -> None:
    found = run(case(clips(60, step_ms=6 * HOUR), Retention(days=2)))
    assert {item.cause for item in found.deletions} == {DeleteCause.AGE}
    assert found.clips == 58 * 4
    assert (found.braked, found.held, found.token) == ((), (), "")
    assert found.bytes == found.clips * SIZE
    assert all(item.range.end_ms < NOW - 2 * DAY for item in found.deletions)


def test_without_limits_nothing_is_due() -> None:
    assert run(case(clips(900, step_ms=DAY), Retention())).deletions == ()


def test_a_quota_takes_the_oldest_beyond_it() -> None:
    items = clips(1)
    found = run(
        case(items, Retention(max_bytes=22 * SIZE)),
        roots=(root(written_bytes=2 * SIZE),),
    )
    assert [item.clip_id for item in found.deletions] == [c.id for c in items[:2]]
    assert {item.cause for item in found.deletions} == {DeleteCause.QUOTA}
    assert found.braked == ()


def test_days_and_quota_do_not_count_twice() -> None:
    items = clips(3)
    found = run(
        case(items, Retention(days=2, max_bytes=(len(items) - 20) * SIZE)),
    )
    assert found.clips == 24
    assert found.cameras[0].by_cause == {DeleteCause.AGE: 24}


def test_beyond_the_budget_a_quota_asks_oldest_first() -> None:
    items = clips(3)
    found = run(
        case(items, Retention(max_bytes=60 * SIZE)),
        roots=(root(written_bytes=5 * SIZE),),
    )
    assert found.clips == 12
    assert [item.clip_id for item in found.held] == [c.id for c in items[5:12]]
    assert {item.brake for item in found.held} == {BrakeReason.TOO_MUCH}
    assert found.token


def test_protected_clips_stay_and_are_counted_where_they_are_too_old() -> None:
    items = [replace(clip, is_protected=True) for clip in clips(3)]
    found = run(case(items, Retention(days=2, max_bytes=SIZE)))
    assert found.deletions == ()
    assert found.cameras[0].protected_clips == 24
    assert run(case(items, Retention())).cameras[0].protected_clips == 0


def test_a_plan_tells_of_each_camera_what_goes() -> None:
    items = clips(3)
    found = run(
        case(items, Retention(days=2)), case(clips(1, camera=OTHER), Retention())
    )
    mine, other = found.cameras
    assert (mine.clips, mine.bytes, mine.brake) == (24, 24 * SIZE, None)
    assert (mine.oldest_ms, mine.newest_ms) == (
        items[0].range.start_ms,
        items[23].range.end_ms,
    )
    assert (other.clips, other.oldest_ms, other.newest_ms) == (0, None, None)


def test_a_preview_tells_camera_and_local_day() -> None:
    items = clips(3)
    found = run(case(items, Retention(days=2), Retention(days=2.5)))
    days = days_of(found, ZoneInfo("Europe/Berlin"))
    assert [(d.day.isoformat(), d.clips, d.held) for d in days] == [
        ("2027-01-12", 15, 3),
        ("2027-01-13", 9, 9),
    ]
    assert sum(d.bytes for d in days) == found.bytes
    assert {d.camera for d in days} == {CAMERA}
