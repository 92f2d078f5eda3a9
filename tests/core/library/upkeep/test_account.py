"""What the account of a storage decides: on values."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep.account import (
    CameraCase,
    ClipCase,
    ClockState,
    DeletionVerdict,
    RootCase,
    budget_bytes,
    choose,
    days_of,
    gap_bytes,
    has_aged,
    is_believable,
    is_refusing,
    is_stricter,
    judge_deletion,
    may_go,
    plan_deletions,
    target_bytes,
    within,
)
from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    DeleteCause,
    RetentionPlan,
)
from custom_components.vtrack_nvr.core.library.values import (
    GIGABYTE,
    LibraryBounds,
    Retention,
)

from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW, OTHER

BOUNDS = LibraryBounds(brake_slack_bytes=0, clip_reserve_bytes=10)
SIZE = 50_000_000


def clips(
    first_age_days: float,
    last_age_days: float = 0.0,
    *,
    step_ms: int = HOUR,
    camera=CAMERA,
    root_id: int = 1,
) -> list[ClipCase]:
    """Return clips from an age to another, oldest first, kept when they were filmed."""
    found = []
    start_ms = NOW - int(first_age_days * DAY)
    while start_ms < NOW - int(last_age_days * DAY):
        end_ms = start_ms + 5 * MINUTE
        found.append(
            ClipCase(
                id=start_ms // 1000 + (0 if camera == CAMERA else 10**12),
                camera=camera,
                root_id=root_id,
                range=TimeRange(start_ms, end_ms),
                size_bytes=SIZE,
                created_ms=end_ms,
                kept_ms=end_ms,
            )
        )
        start_ms += step_ms
    return found


def case(
    items: list[ClipCase], wanted: Retention, applied: Retention | None = None
) -> CameraCase:
    return CameraCase(
        camera=items[0].camera if items else CAMERA,
        wanted=wanted,
        applied=wanted if applied is None else applied,
        clips=items,
        bytes=sum(clip.size_bytes for clip in items),
    )


def root(items: Sequence[ClipCase] = (), **more) -> RootCase:
    ordered = sorted(
        (clip for clip in items if not clip.is_protected), key=lambda c: c.range
    )
    return RootCase(1, **{"free_bytes": 10**12, "clips": ordered, **more})


def run(*cases: CameraCase, roots: tuple[RootCase, ...] = (), **more) -> RetentionPlan:
    return plan_deletions(cases, roots or (root(),), BOUNDS, NOW, **more)


def short(items: list[ClipCase], needed: int, written: int) -> RootCase:
    """Return a root that needs some room, of which as much may be made as was written."""
    return root(
        items,
        free_bytes=100 * SIZE - needed,
        floor_bytes=100 * SIZE,
        applied_floor_bytes=100 * SIZE,
        written_bytes=written,
        spent_bytes=100 * SIZE,
    )


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


@given(
    old=st.one_of(st.none(), st.integers(5, 60)),
    new=st.integers(0, 4),
    history=st.integers(6, 60),
)
@settings(max_examples=60, deadline=None)
def test_a_stricter_policy_always_asks(old: int | None, new: int, history: int) -> None:
    items = clips(min(history, old or history), step_ms=6 * HOUR)
    roots = (root(written_bytes=10**15),)
    found = run(case(items, Retention(days=new), Retention(days=old)), roots=roots)
    assert found.held == found.deletions != ()
    assert [item.brake for item in found.cameras] == [BrakeReason.STRICTER]
    assert found.token


@given(gigabytes=st.integers(0, 3), had=st.one_of(st.none(), st.integers(5, 9)))
@settings(max_examples=20, deadline=None)
def test_a_smaller_quota_always_asks(gigabytes: int, had: int | None) -> None:
    found = run(
        case(
            clips(4),
            Retention(max_bytes=gigabytes * GIGABYTE),
            Retention(max_bytes=None if had is None else had * GIGABYTE),
        ),
        roots=(root(written_bytes=10**15),),
    )
    assert {item.brake for item in found.deletions} == {BrakeReason.STRICTER}


def test_a_stricter_policy_holds_only_what_the_old_one_spared() -> None:
    found = run(case(clips(4), Retention(days=2), Retention(days=3)))
    assert found.clips == 48
    assert len(found.held) == 24
    assert all(item.range.end_ms >= NOW - 3 * DAY for item in found.held)


def test_a_more_generous_policy_asks_nothing() -> None:
    assert not is_stricter(Retention(days=1), Retention(days=2))
    assert not is_stricter(Retention(days=1, max_bytes=5), Retention())
    assert is_stricter(Retention(), Retention(days=900))
    assert is_stricter(Retention(max_bytes=5), Retention(max_bytes=4))
    assert not is_stricter(Retention(days=2), Retention(days=2))


def test_an_archive_that_was_put_back_under_short_days_asks_first() -> None:
    old = [replace(clip, kept_ms=NOW - 2 * HOUR) for clip in clips(90, step_ms=DAY)]
    found = run(case(old, Retention(days=30)))
    assert {item.brake for item in found.deletions} == {BrakeReason.TOO_MUCH}
    assert len(found.held) == 60


def test_what_was_asked_for_after_it_was_due_goes_again_without_asking() -> None:
    old = [
        replace(clip, created_ms=NOW - 70 * MINUTE, kept_ms=NOW - 69 * MINUTE)
        for clip in clips(9, 8.9)
    ]
    items = [*old, *clips(1)]
    written = (root(written_bytes=len(old) * SIZE),)
    found = run(case(items, Retention(days=2)), roots=written)
    assert found.clips == len(old)
    assert not found.braked


def test_ageing_is_to_become_too_old_while_being_kept() -> None:
    (clip,) = clips(9, 8.97)
    at_border = clip.range.end_ms + 2 * DAY
    assert has_aged(replace(clip, kept_ms=at_border), Retention(days=2))
    assert not has_aged(replace(clip, kept_ms=at_border + 1), Retention(days=2))
    assert not has_aged(clip, Retention())


def test_ageing_waits_for_a_clock_that_moved_and_asks_after_a_day() -> None:
    item = case(clips(3), Retention(days=2, max_bytes=60 * SIZE))
    roots = (root(written_bytes=10**15),)
    found = run(item, roots=roots, clock=ClockState.WAITING)
    assert (found.clips, found.braked) == (0, ())
    found = run(item, roots=roots, clock=ClockState.JUMPED)
    assert {i.brake for i in found.deletions} == {BrakeReason.CLOCK_JUMP}
    assert not run(case(clips(1), Retention(days=2)), clock=ClockState.JUMPED).braked


# Room


def test_a_root_at_its_floor_takes_the_oldest_of_all_cameras() -> None:
    mine, others = clips(3), clips(5, 2, camera=OTHER)
    found = run(
        case(mine, Retention()),
        case(others, Retention()),
        roots=(short([*mine, *others], 3 * SIZE, 3 * SIZE),),
    )
    assert [item.clip_id for item in found.deletions] == [c.id for c in others[:3]]
    assert {item.cause for item in found.deletions} == {DeleteCause.FLOOR}
    assert (found.full_roots, found.braked) == ((), ())


def test_what_ages_anyway_and_what_is_condemned_counts_for_the_room() -> None:
    items = clips(2.1)
    found = run(
        case(items, Retention(days=2)), roots=(short(items, 3 * SIZE, 3 * SIZE),)
    )
    assert [item.cause for item in found.deletions] == [DeleteCause.AGE] * 3
    condemned = replace(short(items, 3 * SIZE, 9 * SIZE), condemned_bytes=2 * SIZE)
    assert run(case(items, Retention()), roots=(condemned,)).clips == 1


def test_what_is_held_serves_where_room_is_needed() -> None:
    items = clips(4)
    found = run(
        case(items, Retention(days=2), Retention(days=30)),
        roots=(short(items, 3 * SIZE, 3 * SIZE),),
    )
    going = [item for item in found.deletions if item.brake is None]
    assert [item.clip_id for item in going] == [clip.id for clip in items[:3]]
    assert {item.cause for item in going} == {DeleteCause.FLOOR}
    assert {item.brake for item in found.held} == {BrakeReason.STRICTER}


def test_room_beyond_the_budget_asks() -> None:
    items = clips(4)
    found = run(case(items, Retention()), roots=(short(items, 9 * SIZE, 4 * SIZE),))
    assert [item.brake for item in found.deletions] == [None] * 4 + [
        BrakeReason.TOO_MUCH
    ] * 5
    assert found.full_roots == ()


def test_a_floor_that_was_raised_asks_for_what_it_needs_more() -> None:
    items = clips(4)
    raised = replace(
        short(items, 2 * SIZE, 10**12), floor_bytes=105 * SIZE, clips=items
    )
    found = run(case(items, Retention()), roots=(raised,))
    assert [item.brake for item in found.deletions] == [None] * 2 + [
        BrakeReason.STRICTER
    ] * 5
    roomy = replace(raised, free_bytes=106 * SIZE)
    assert run(case(items, Retention()), roots=(roomy,)).deletions == ()
    between = replace(raised, free_bytes=103 * SIZE)
    found = run(case(items, Retention()), roots=(between,))
    assert [item.brake for item in found.deletions] == [BrakeReason.STRICTER] * 2


def test_a_root_full_of_protected_clips_is_said_to_be_full() -> None:
    items = [replace(clip, is_protected=True) for clip in clips(3)]
    full = short(items, 3 * SIZE, 10**12)
    found = run(case(items, Retention()), roots=(full,))
    assert (found.deletions, found.full_roots) == ((), (1,))
    low = replace(full, free_bytes=100 * SIZE, soon_bytes=3 * SIZE)
    found = run(case(items, Retention()), roots=(low,))
    assert found.full_roots == (), "it is written to still"


def test_what_leaves_for_another_storage_is_not_deleted_for_room() -> None:
    items = [replace(clip, leaves=True) for clip in clips(3)]
    found = run(case(items, Retention()), roots=(short(items, 3 * SIZE, 10**12),))
    assert (found.deletions, found.full_roots) == ((), ())
    found = run(case(items, Retention(days=2)))
    assert found.clips == 24, "its days count wherever it is"


def test_where_deleting_does_not_help_nothing_is_planned_for_room() -> None:
    items = clips(3)
    resting = replace(short(items, 3 * SIZE, 10**12), is_resting=True)
    found = run(case(items, Retention()), roots=(resting,))
    assert (found.deletions, found.full_roots) == ((), ())


def test_the_token_names_what_is_asked() -> None:
    items = clips(4)

    def token(days: float, floor: int = 0) -> str:
        wanted = case(items, Retention(days=days), Retention(days=30))
        return run(wanted, roots=(root(floor_bytes=floor),)).token

    assert token(2) == token(2) != ""
    assert len({token(2), token(1), token(2, 5)}) == 3


@given(
    days=st.sampled_from([0.5, 1.0, 7.0]),
    gigabytes=st.one_of(st.none(), st.integers(0, 4)),
    needed=st.integers(0, 80),
    written=st.integers(0, 80),
    flags=st.lists(st.sampled_from(["", "p", "s", "l"]), min_size=96, max_size=96),
)
@settings(max_examples=80, deadline=None)
def test_whatever_is_due_the_budget_and_the_clips_that_may_not_go_hold(
    days: float, gigabytes: int | None, needed: int, written: int, flags: list[str]
) -> None:
    items = [
        replace(
            clip, is_protected=flag == "p", is_stuck=flag == "s", leaves=flag == "l"
        )
        for clip, flag in zip(clips(4), flags, strict=True)
    ]
    limit = None if gigabytes is None else gigabytes * GIGABYTE
    wanted = Retention(days=days, max_bytes=limit)
    found = run(
        case(items, wanted), roots=(short(items, needed * SIZE, written * SIZE),)
    )
    by_id = {clip.id: clip for clip in items}
    going = [item for item in found.deletions if item.brake is None]
    assert all(may_go(by_id[item.clip_id], BOUNDS, NOW) for item in found.deletions)
    assert not any(
        by_id[item.clip_id].leaves for item in going if item.cause is DeleteCause.FLOOR
    )
    spent = sum(i.size_bytes for i in going if i.cause is not DeleteCause.AGE)
    assert spent <= written * SIZE
    assert len({item.clip_id for item in found.deletions}) == found.clips


def test_what_the_old_limit_in_gb_took_is_not_held_under_a_stricter_one() -> None:
    items = clips(4)
    found = run(
        case(items, Retention(max_bytes=80 * SIZE), Retention(max_bytes=90 * SIZE)),
        roots=(root(written_bytes=10**15),),
    )
    assert found.clips == 16
    assert [item.clip_id for item in found.held] == [c.id for c in items[6:16]]
    found = run(case(items, Retention(days=2), Retention(days=3, max_bytes=60 * SIZE)))
    assert len(found.held) == 12, "days and GB of before count together"
