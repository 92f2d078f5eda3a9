"""Clips are found by what people filter for, and bulk work touches what was counted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import random

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import finder as finding
from custom_components.vtrack_nvr.core.library.finder import ClipFilter, Finder
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    Clip,
    ClipSource,
    ClipState,
    EventClass,
    EventMark,
)
from tests.insides import store_of

from .rig import CAMERA, DAY, HOUR, MINUTE, NOW, NVR, OTHER, LibraryRig


@pytest.fixture
async def finder(rig: LibraryRig) -> AsyncIterator[Finder]:
    made = Finder(store_of(rig.library))
    yield made
    made.close(5.0)


async def pages(
    finder: Finder, wanted: ClipFilter, limit: int, **how: bool
) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        clips, after = await finder.page(wanted, limit=limit, after=after, **how)
        assert len(clips) <= limit
        found += [clip.id for clip in clips]
        if after is None:
            return found


@pytest.fixture
async def kept(rig: LibraryRig) -> dict[int, Clip]:
    """Two cameras with clips of all kinds."""
    await rig.library.register_camera(NVR, OTHER, "Yard, front")
    pick = random.Random(7)

    def fill() -> list[int]:
        made = []
        for camera in (CAMERA, OTHER):
            at = NOW - DAY
            for _ in range(30):
                length = pick.choice([1, 5, 30]) * MINUTE
                made.append(
                    rig.keep(
                        at,
                        camera,
                        duration_ms=length,
                        source=pick.choice([ClipSource.REPLAY, ClipSource.LIVE]),
                        problem=pick.choice(["", "", "refused"]),
                    )
                )
                at += length + pick.choice([0, 10]) * MINUTE
        return made

    ids = await asyncio.to_thread(fill)
    await rig.library.care.protect(ids[::4], "The parcel")
    marks = [
        EventMark(EventClass.PERSON, TimeRange(at, at + MINUTE))
        for at in range(NOW - DAY, NOW, 3 * HOUR)
    ]
    await rig.library.ledger.add_marks(CAMERA, marks)
    clips = {n: await rig.library.browse.clip(n) for n in ids}
    return {n: clip for n, clip in clips.items() if clip is not None}


WINDOW = TimeRange(NOW - DAY + 2 * HOUR + 7 * MINUTE, NOW - DAY + 5 * HOUR)


def holds(wanted: ClipFilter, clip: Clip) -> bool:
    """Return what a filter means, said a second time."""
    span, facts = clip.facts.range, clip.facts
    name = {CAMERA: "garden", OTHER: "yard, front"}[clip.camera]
    return (
        (wanted.cameras is None or clip.camera in wanted.cameras)
        and (
            wanted.window is None
            or (
                wanted.window.intersection(span) == span
                if wanted.is_inside
                else span.overlaps(wanted.window)
            )
        )
        and (wanted.sources is None or facts.source in wanted.sources)
        and wanted.is_protected in {None, clip.is_protected}
        and wanted.has_problem in {None, bool(facts.problem)}
        and (wanted.text.lower() in name or wanted.text.lower() in clip.note.lower())
    )


FILTERS = [
    ClipFilter(),
    ClipFilter(cameras=(OTHER,)),
    ClipFilter(cameras=()),
    ClipFilter(cameras=(CameraKey("nobody"),)),
    ClipFilter(window=WINDOW),
    ClipFilter(window=WINDOW, is_inside=True),
    ClipFilter(is_protected=True),
    ClipFilter(is_protected=False, window=WINDOW),
    ClipFilter(sources=frozenset({ClipSource.LIVE})),
    ClipFilter(sources=frozenset()),
    ClipFilter(has_problem=True, cameras=(CAMERA, OTHER)),
    ClipFilter(has_problem=False, is_protected=True),
    ClipFilter(text="PARCEL"),
    ClipFilter(text="front"),
    ClipFilter(text="nowhere"),
]


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("step", [3, 250])
async def test_pages_hold_each_clip_that_is_meant_once_and_in_order(
    finder: Finder,
    kept: dict[int, Clip],
    wanted: ClipFilter,
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "STEP", step)
    expected = sorted(
        (n for n, clip in kept.items() if holds(wanted, clip)),
        key=lambda n: (kept[n].facts.range.start_ms, n),
    )
    assert await pages(finder, wanted, 4, is_newest=False) == expected
    assert await pages(finder, wanted, 50) == expected[::-1]
    plan = await finder.plan(wanted, "somebody")
    assert sorted(plan.ids) == sorted(expected)


async def test_clips_of_an_event_are_found_with_the_rest_of_the_filter(
    rig: LibraryRig, finder: Finder, kept: dict[int, Clip]
) -> None:
    person = ClipFilter(event_class=EventClass.PERSON)
    touched = [
        n
        for n, clip in kept.items()
        if clip.camera == CAMERA
        and await rig.library.ledger.marks(clip.camera, clip.facts.range)
    ]
    assert 0 < len(touched) < len(kept)
    assert sorted(await pages(finder, person, 3)) == sorted(touched)
    live = replace(person, sources=frozenset({ClipSource.LIVE}))
    assert sorted(await pages(finder, live, 3)) == sorted(
        n for n in touched if kept[n].facts.source is ClipSource.LIVE
    )


async def test_a_page_goes_on_after_a_clip_that_was_deleted_meanwhile(
    rig: LibraryRig, finder: Finder, kept: dict[int, Clip]
) -> None:
    first, after = await finder.page(ClipFilter(), limit=5)
    await rig.library.care.delete([clip.id for clip in first], with_protected=True)
    second, _after = await finder.page(ClipFilter(), limit=5, after=after)
    newest = sorted(kept, key=lambda n: (kept[n].facts.range.start_ms, n), reverse=True)
    assert [clip.id for clip in second] == newest[5:10]


async def test_a_filter_that_nothing_matches_keeps_nobody_waiting(
    finder: Finder, kept: dict[int, Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "STEP", 10)
    monkeypatch.setattr(finding, "BUDGET_S", 0.0)
    clips, after = await finder.page(ClipFilter(text="nowhere"))
    assert clips == ()
    assert after is not None
    assert await pages(finder, ClipFilter(text="nowhere"), 9) == []


async def test_the_trash_comes_in_the_order_of_deleting(
    rig: LibraryRig, finder: Finder, kept: dict[int, Clip]
) -> None:
    ids = [n for n in kept if not kept[n].is_protected][:6]
    for n in ids:
        rig.clock.advance(1000)
        await rig.library.care.delete([n])
    trash = ClipFilter(state=ClipState.TRASHED)
    assert await pages(finder, trash, 2) == ids[::-1]
    assert await pages(finder, trash, 4, is_newest=False) == ids
    mine = replace(trash, cameras=(CAMERA,))
    assert await pages(finder, mine, 4) == [
        n for n in ids[::-1] if kept[n].camera == CAMERA
    ]
    assert not set(ids) & set(await pages(finder, ClipFilter(), 50))


async def test_a_plan_counts_what_would_go_and_holds_for_one_person_once(
    rig: LibraryRig, finder: Finder, kept: dict[int, Clip]
) -> None:
    plan = await finder.plan(ClipFilter(), "anna")
    protected = [clip for clip in kept.values() if clip.is_protected]
    assert plan.bytes == sum(clip.facts.size_bytes for clip in kept.values())
    assert plan.ms == sum(clip.facts.range.duration_ms for clip in kept.values())
    assert (plan.protected, plan.cameras) == (len(protected), {CAMERA, OTHER})
    assert plan.protected_bytes == sum(c.facts.size_bytes for c in protected)
    assert plan.first_ms == min(c.facts.range.start_ms for c in kept.values())
    assert plan.last_ms == max(c.facts.range.end_ms for c in kept.values())
    with pytest.raises(NvrError):
        finder.take(plan.id, "bert")
    assert finder.take(plan.id, "anna") is plan
    with pytest.raises(NvrError):
        finder.take(plan.id, "anna")
    old = await finder.plan(ClipFilter(), "anna")
    rig.clock.advance(61_000)
    with pytest.raises(NvrError) as raised:
        finder.take(old.id, "anna")
    assert raised.value.kind is ErrorKind.GONE


async def test_a_plan_by_ids_leaves_out_what_is_not_kept(
    rig: LibraryRig, finder: Finder, kept: dict[int, Clip]
) -> None:
    ids = [*kept][:5]
    await rig.library.care.delete([ids[1]])
    plan = await finder.plan([*ids, ids[0], 10**12], "anna")
    assert list(plan.ids) == [ids[0], *ids[2:]]


async def test_plans_are_bounded(
    rig: LibraryRig,
    finder: Finder,
    kept: dict[int, Clip],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = [await finder.plan([], "anna") for _ in range(finding.MOST_PLANS + 1)]
    other = await finder.plan([], "bert")
    with pytest.raises(NvrError):
        finder.take(plans[0].id, "anna")
    assert finder.take(plans[1].id, "anna") is plans[1]
    assert finder.take(other.id, "bert") is other
    monkeypatch.setattr(finding, "MOST_PLANNED", 10)
    monkeypatch.setattr(finding, "STEP", 5)
    with pytest.raises(NvrError) as raised:
        await finder.plan(ClipFilter(), "anna")
    assert raised.value.kind is ErrorKind.LIMIT


async def test_a_closed_finder_says_so(rig: LibraryRig) -> None:
    made = Finder(store_of(rig.library))
    made.close(1.0)
    with pytest.raises(NvrError) as raised:
        await made.page(ClipFilter())
    assert raised.value.kind is ErrorKind.INDEX_FAILED
