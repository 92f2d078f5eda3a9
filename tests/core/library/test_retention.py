"""What retention plans, and when it asks: on values."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.retention import (
    CameraCase,
    Candidate,
    RootCase,
    is_stricter,
    plan,
)
from custom_components.vtrack_nvr.core.library.values import (
    GIGABYTE,
    BrakeReason,
    DeleteCause,
    LibraryBounds,
    Retention,
    RetentionPlan,
)

from .helpers import CAMERA, DAY, HOUR, MINUTE, NOW, OTHER

BOUNDS = LibraryBounds(brake_slack_bytes=0, floor_margin_bytes=0)
SIZE = 50_000_000


def clips(
    first_age_days: float,
    last_age_days: float = 0.0,
    *,
    step_ms: int = HOUR,
    camera=CAMERA,
    now_ms: int = NOW,
) -> list[Candidate]:
    """Return clips from an age to another, oldest first, kept when they were filmed."""
    found = []
    start_ms = now_ms - int(first_age_days * DAY)
    while start_ms < now_ms - int(last_age_days * DAY):
        end_ms = start_ms + 5 * MINUTE
        found.append(
            Candidate(
                id=start_ms // 1000,
                camera=camera,
                root_id=1,
                range=TimeRange(start_ms, end_ms),
                size_bytes=SIZE,
                created_ms=end_ms,
            )
        )
        start_ms += step_ms
    return found


def case(
    items: list[Candidate],
    wanted: Retention,
    *,
    applied: Retention | None = None,
    last_run_ms: int | None = NOW - HOUR,
    written: int = SIZE,
) -> CameraCase:
    return CameraCase(
        camera=items[0].camera if items else CAMERA,
        wanted=wanted,
        applied=wanted if applied is None else applied,
        last_run_ms=last_run_ms,
        clips=items,
        bytes=sum(clip.size_bytes for clip in items),
        written_bytes=written,
    )


def run(*cases: CameraCase, roots: tuple[RootCase, ...] = (), **more) -> RetentionPlan:
    return plan(cases, roots, BOUNDS, NOW, **more)


def test_what_is_older_than_its_days_is_due() -> None:
    found = run(case(clips(2.1), Retention(days=2), last_run_ms=NOW - 3 * HOUR))
    assert {item.cause for item in found.deletions} == {DeleteCause.AGE}
    assert [item.range.end_ms < NOW - 2 * DAY for item in found.deletions] == [True] * 3
    assert found.braked == ()
    assert found.bytes == 3 * SIZE


def test_without_limits_nothing_is_due() -> None:
    assert run(case(clips(900, step_ms=DAY), Retention())).deletions == ()


def test_a_quota_takes_the_oldest_beyond_it() -> None:
    items = clips(1)
    found = run(case(items, Retention(max_bytes=22 * SIZE), written=2 * SIZE))
    assert [item.clip_id for item in found.deletions] == [c.id for c in items[:2]]
    assert {item.cause for item in found.deletions} == {DeleteCause.QUOTA}
    assert found.braked == ()


def test_protected_clips_stay_and_are_counted() -> None:
    items = [replace(clip, is_protected=True) for clip in clips(3)]
    found = run(case(items, Retention(days=2, max_bytes=SIZE)))
    assert found.deletions == ()
    assert found.cameras[0].protected_clips > 20


def test_what_was_kept_a_moment_ago_stays_however_old_its_footage() -> None:
    items = [replace(clip, created_ms=NOW - MINUTE) for clip in clips(3)]
    assert run(case(items, Retention(days=2, max_bytes=0))).deletions == ()


@given(
    days=st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0]),
    period=st.sampled_from([15 * MINUTE, HOUR, 6 * HOUR, DAY]),
    jitter=st.lists(st.integers(0, 30 * MINUTE), min_size=4, max_size=4),
    per_hour=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_short_retention_never_trips_the_brake_in_steady_state(
    days: float, period: int, jitter: list[int], per_hour: int
) -> None:
    wanted = Retention(days=days)
    now_ms, last_ms = NOW, NOW - period
    alive = clips(days + period / DAY, step_ms=HOUR // per_hour)
    for late in jitter:
        found = plan(
            [
                CameraCase(
                    CAMERA,
                    wanted,
                    wanted,
                    last_ms,
                    alive,
                    sum(c.size_bytes for c in alive),
                    SIZE,
                )
            ],
            (),
            BOUNDS,
            now_ms,
        )
        assert found.braked == ()
        gone = {item.clip_id for item in found.deletions}
        alive = [clip for clip in alive if clip.id not in gone]
        assert all(c.range.end_ms >= now_ms - days * DAY for c in alive)
        before = now_ms
        last_ms, now_ms = now_ms, now_ms + period + late
        alive += [
            c
            for c in clips(
                (now_ms - before) / DAY, step_ms=HOUR // per_hour, now_ms=now_ms
            )
            if c.range.start_ms > alive[-1].range.start_ms
        ]


@given(
    old=st.one_of(st.none(), st.integers(5, 60)),
    new=st.integers(0, 4),
    history=st.integers(6, 60),
)
@settings(max_examples=60, deadline=None)
def test_a_stricter_policy_always_asks(old: int | None, new: int, history: int) -> None:
    items = clips(min(history, old or history), step_ms=6 * HOUR)
    found = run(
        case(items, Retention(days=new), applied=Retention(days=old)),
    )
    assert found.deletions
    assert [item.brake for item in found.cameras] == [BrakeReason.STRICTER]
    assert found.token


@given(gigabytes=st.integers(0, 3), had=st.one_of(st.none(), st.integers(5, 9)))
@settings(max_examples=20, deadline=None)
def test_a_smaller_quota_always_asks(gigabytes: int, had: int | None) -> None:
    items = clips(4)
    found = run(
        case(
            items,
            Retention(max_bytes=gigabytes * GIGABYTE),
            applied=Retention(max_bytes=None if had is None else had * GIGABYTE),
        )
    )
    assert [item.brake for item in found.cameras] == [BrakeReason.STRICTER]


def test_a_more_generous_policy_asks_nothing() -> None:
    assert not is_stricter(Retention(days=1), Retention(days=2))
    assert not is_stricter(Retention(days=1, max_bytes=5), Retention())
    assert is_stricter(Retention(), Retention(days=900))
    assert is_stricter(Retention(max_bytes=5), Retention(max_bytes=4))


def test_an_adopted_archive_under_short_days_asks_first() -> None:
    found = run(
        case(clips(90, step_ms=DAY), Retention(days=30), last_run_ms=NOW - HOUR)
    )
    assert [item.brake for item in found.cameras] == [BrakeReason.TOO_MUCH]


def test_a_camera_that_never_was_looked_at_asks_first() -> None:
    found = run(case(clips(3), Retention(days=2), last_run_ms=None))
    assert found.braked


def test_after_a_long_pause_a_large_share_asks() -> None:
    found = run(case(clips(8), Retention(days=4), last_run_ms=NOW - 5 * DAY))
    assert [item.brake for item in found.cameras] == [BrakeReason.LARGE_SHARE]


def test_a_clock_that_jumped_asks() -> None:
    found = run(
        case(clips(2.1), Retention(days=2), last_run_ms=NOW - 3 * HOUR),
        clock_jumped=True,
    )
    assert [item.brake for item in found.cameras] == [BrakeReason.CLOCK_JUMP]


def test_nothing_due_asks_nothing_whatever_the_clock() -> None:
    assert not run(case(clips(1), Retention(days=2)), clock_jumped=True).braked


def test_footage_asked_for_after_it_was_due_goes_again_without_asking() -> None:
    old = [replace(clip, created_ms=NOW - 70 * MINUTE) for clip in clips(9, 8.9)]
    found = run(case([*old, *clips(1)], Retention(days=2)))
    assert len(found.deletions) == len(old)
    assert not found.braked


def test_a_root_at_its_floor_takes_the_oldest_of_all_cameras() -> None:
    mine, others = clips(3), clips(5, 2, camera=OTHER)
    root = RootCase(1, needed_bytes=3 * SIZE, written_bytes=2 * SIZE)
    found = run(case(mine, Retention()), case(others, Retention()), roots=(root,))
    assert [item.clip_id for item in found.deletions] == [c.id for c in others[:3]]
    assert {item.cause for item in found.deletions} == {DeleteCause.FLOOR}
    assert found.full_roots == ()
    assert not found.braked


def test_what_ages_anyway_counts_for_the_room_needed() -> None:
    items = clips(2.1)
    root = RootCase(1, needed_bytes=3 * SIZE, written_bytes=SIZE)
    found = run(
        case(items, Retention(days=2), last_run_ms=NOW - 3 * HOUR), roots=(root,)
    )
    assert [item.cause for item in found.deletions] == [DeleteCause.AGE] * 3


def test_a_root_full_of_protected_clips_is_said_to_be_full() -> None:
    items = [replace(clip, is_protected=True) for clip in clips(3)]
    root = RootCase(1, needed_bytes=3 * SIZE, written_bytes=SIZE)
    found = run(case(items, Retention()), roots=(root,))
    assert found.deletions == ()
    assert found.full_roots == (1,)


def test_much_more_than_was_written_is_not_deleted_for_the_floor() -> None:
    root = RootCase(1, needed_bytes=30 * SIZE, written_bytes=SIZE)
    found = run(case(clips(3), Retention()), roots=(root,))
    assert [item.brake for item in found.cameras] == [BrakeReason.TOO_MUCH]
    assert found.full_roots == (1,)


def test_a_higher_floor_asks() -> None:
    root = RootCase(1, SIZE, written_bytes=SIZE, floor_bytes=9, applied_floor_bytes=5)
    found = run(case(clips(3), Retention()), roots=(root,))
    assert [item.brake for item in found.cameras] == [BrakeReason.STRICTER]


def test_a_held_camera_gives_nothing_for_the_floor() -> None:
    root = RootCase(1, needed_bytes=2 * SIZE, written_bytes=2 * SIZE)
    held = case(clips(9), Retention(days=1), applied=Retention())
    free = case(clips(1, camera=OTHER), Retention())
    found = run(held, free, roots=(root,))
    by_camera = {item.camera: item for item in found.cameras}
    assert by_camera[CAMERA].brake is BrakeReason.STRICTER
    assert by_camera[OTHER].by_cause == {DeleteCause.FLOOR: 2}
    assert by_camera[OTHER].brake is None


def test_a_plan_names_itself_only_where_somebody_is_asked() -> None:
    quiet = run(case(clips(2.1), Retention(days=2), last_run_ms=NOW - 3 * HOUR))
    assert quiet.token == ""
    one = run(case(clips(9), Retention(days=1), applied=Retention()))
    other = run(case(clips(9), Retention(days=2), applied=Retention()))
    assert one.token
    assert one.token != other.token


@pytest.mark.parametrize("days", [0.5, 2, 7])
def test_what_stays_is_what_a_run_right_after_leaves_alone(days: float) -> None:
    items = clips(10)
    first = run(case(items, Retention(days=days), last_run_ms=NOW - DAY))
    gone = {item.clip_id for item in first.deletions}
    left = [clip for clip in items if clip.id not in gone]
    second = run(case(left, Retention(days=days), last_run_ms=NOW))
    assert second.deletions == ()
