"""What goes from a storage that is full."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from custom_components.vtrack_nvr.core.library.upkeep.account import may_go
from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    DeleteCause,
)
from custom_components.vtrack_nvr.core.library.values import GIGABYTE, Retention

from ..rig import NOW, OTHER
from .account_cases import BOUNDS, SIZE, case, clips, run, short


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
