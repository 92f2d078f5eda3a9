"""Which deletions wait for a person."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from custom_components.vtrack_nvr.core.library.upkeep.account import (
    ClockState,
    has_aged,
    is_stricter,
)
from custom_components.vtrack_nvr.core.library.upkeep_values import BrakeReason
from custom_components.vtrack_nvr.core.library.values import GIGABYTE, Retention

from ..rig import DAY, HOUR, MINUTE, NOW
from .account_cases import SIZE, case, clips, root, run


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


def test_the_token_names_what_is_asked() -> None:
    items = clips(4)

    def token(days: float, floor: int = 0) -> str:
        wanted = case(items, Retention(days=days), Retention(days=30))
        return run(wanted, roots=(root(floor_bytes=floor),)).token

    assert token(2) == token(2) != ""
    assert len({token(2), token(1), token(2, 5)}) == 3


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
