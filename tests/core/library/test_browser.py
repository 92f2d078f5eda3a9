"""What people look at, in pages, in order, in local days."""

# Reads private members: batches are made small, so that few rows are many.

import asyncio
import datetime as dt
import random

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.index import clip_search
from custom_components.vtrack_nvr.core.library.values import SearchOrder
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageState,
    EventClass,
    EventMark,
)

from . import invariants
from .rig import CAMERA, DAY, HOUR, MINUTE, NOW, NVR, OTHER, LibraryRig

DST_END = int(dt.datetime(2026, 10, 25, 0, tzinfo=dt.UTC).timestamp()) * 1000
"""Berlin: 02:00 summer time; at 01:00 UTC the hour from 2 to 3 begins again."""


async def all_pages(rig: LibraryRig, limit: int, **search) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        page = await rig.library.browse.search(limit=limit, after=after, **search)
        assert len(page.clips) <= limit
        found += [clip.id for clip in page.clips]
        after = page.next_after
        if after is None:
            return found


async def test_pages_hold_every_clip_once_and_in_order(rig: LibraryRig) -> None:
    await rig.library.register_camera(NVR, OTHER, "Yard")
    starts = [NOW + n * 5 * MINUTE for n in range(9)]

    def fill() -> dict[int, tuple[CameraKey, int]]:
        return {
            rig.keep(start, camera): (camera, start)
            for start in starts
            for camera in (CAMERA, OTHER)
        }

    clips = await asyncio.to_thread(fill)
    newest = sorted(clips, key=lambda n: (clips[n][1], n), reverse=True)
    assert await all_pages(rig, 4) == newest
    oldest = list(reversed(newest))
    assert await all_pages(rig, 5, order=SearchOrder.OLDEST) == oldest
    both = await all_pages(rig, 3, cameras=(CAMERA, OTHER))
    assert both == newest
    mine = [n for n in newest if clips[n][0] == CAMERA]
    assert await all_pages(rig, 2, cameras=(CAMERA,)) == mine
    window = TimeRange(starts[2], starts[5])
    inside = [n for n in newest if window.contains(clips[n][1])]
    assert await all_pages(rig, 2, window=window) == inside
    assert await all_pages(rig, 2, cameras=()) == []
    page = await rig.library.browse.search(after=10**9)
    assert page.clips == ()
    assert [c.id for c in await rig.library.browse.recent(2)] == newest[:2]
    assert [c.id for c in await rig.library.browse.recent(1, OTHER)] == [newest[0]]


@pytest.mark.parametrize("batch", [1, 2, 7, 500])
async def test_clips_with_events_are_found_page_by_page(
    rig: LibraryRig, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_search, "_MARKS", batch)
    await rig.library.register_camera(NVR, OTHER, "Yard")
    pick = random.Random(batch)

    def fill() -> dict[int, tuple[CameraKey, TimeRange]]:
        found = {}
        for camera in (CAMERA, OTHER):
            start = NOW
            for _ in range(20):
                length = pick.choice([1, 3, 5, 12]) * MINUTE
                clip_id = rig.keep(start, camera, duration_ms=length)
                found[clip_id] = (camera, TimeRange(start, start + length))
                start += length + pick.choice([0, 0, 7]) * MINUTE
        return found

    clips = await asyncio.to_thread(fill)
    marks: dict[CameraKey, list[EventMark]] = {CAMERA: [], OTHER: []}
    for camera, mine in marks.items():
        for _ in range(12):
            start = NOW + pick.randrange(-10, 150) * MINUTE
            end = start + pick.choice([0, 0, 1, 4, 40]) * MINUTE
            mine.append(EventMark(EventClass.PERSON, TimeRange(start, end)))
        mine.append(EventMark(EventClass.ANIMAL, TimeRange(NOW, NOW + DAY)))
        await rig.library.ledger.add_marks(camera, mine)

    def touched(clip_id: int) -> bool:
        camera, span = clips[clip_id]
        return any(
            mark.range.start_ms < span.end_ms and mark.range.end_ms >= span.start_ms
            for mark in marks[camera]
            if mark.event_class is EventClass.PERSON
        )

    expected = sorted(
        (n for n in clips if touched(n)),
        key=lambda n: (clips[n][1].start_ms, n),
        reverse=True,
    )
    assert 0 < len(expected) < len(clips)
    person = EventClass.PERSON
    assert await all_pages(rig, 3, event_class=person) == expected
    assert (
        await all_pages(rig, 4, event_class=person, order=SearchOrder.OLDEST)
        == expected[::-1]
    )
    mine = [n for n in expected if clips[n][0] == CAMERA]
    assert await all_pages(rig, 3, event_class=person, cameras=(CAMERA,)) == mine
    window = TimeRange(NOW + 30 * MINUTE, NOW + 90 * MINUTE)
    inside = [n for n in expected if window.contains(clips[n][1].start_ms)]
    assert await all_pages(rig, 2, event_class=person, window=window) == inside
    assert await all_pages(rig, 9, event_class=EventClass.VEHICLE) == []
    await rig.library.care.protect(expected[:2])
    assert (
        await all_pages(rig, 1, event_class=person, is_protected=True) == expected[:2]
    )


async def test_the_hour_that_comes_twice_keeps_both_and_both_are_on_the_day(
    rig: LibraryRig,
) -> None:
    starts = [DST_END + n * 10 * MINUTE for n in range(12)]
    await asyncio.to_thread(lambda: [rig.keep(start) for start in starts])
    assert len(rig.files()) == 12
    day = dt.date(2026, 10, 25)
    (info,) = await rig.library.browse.days(CAMERA)
    assert (info.day, info.clips, info.kept_ms) == (day, 12, 12 * 5 * MINUTE)
    page = await rig.library.browse.clips_of_day(CAMERA, day)
    assert [c.facts.range.start_ms for c in page.clips] == starts
    whole = rig.library.browse.day_range(day)
    assert whole.duration_ms == 25 * HOUR
    names = [c.path.rpartition("/")[2] for c in page.clips]
    assert names[0] == "02-00-00+0200.mp4"
    assert names[6] == "02-00-00+0100.mp4"


async def test_days_follow_a_new_time_zone_and_files_stay(rig: LibraryRig) -> None:
    await asyncio.to_thread(lambda: [rig.keep(NOW + n * HOUR) for n in range(-20, 20)])
    files = rig.files()
    before = {d.day: d.clips for d in await rig.library.browse.days(CAMERA)}
    await rig.library.set_time_zone("America/New_York")
    after = {d.day: d.clips for d in await rig.library.browse.days(CAMERA)}
    assert before != after
    assert sum(before.values()) == sum(after.values()) == 40
    assert rig.files() == files
    for day, count in after.items():
        page = await rig.library.browse.clips_of_day(CAMERA, day)
        assert len(page.clips) == count
    await asyncio.to_thread(rig.keep, NOW + 30 * HOUR)
    await asyncio.to_thread(invariants.check, rig.library)


async def test_two_clips_of_one_second_have_two_names(rig: LibraryRig) -> None:
    first = await asyncio.to_thread(rig.keep, NOW)
    second = await asyncio.to_thread(rig.keep, NOW)
    (rig.folder / "recorder/garden/2027-01-15/09-00-00+0100_3.mp4").write_bytes(b"x")
    third = await asyncio.to_thread(rig.keep, NOW)
    names = []
    for clip_id in (first, second, third):
        clip = await rig.library.browse.clip(clip_id)
        assert clip is not None
        names.append(clip.path.rpartition("/")[2])
    assert names == [
        "09-00-00+0100.mp4",
        "09-00-00+0100_2.mp4",
        "09-00-00+0100_4.mp4",
    ]
    totals = await rig.library.ledger.totals(CAMERA)
    assert (totals.clips, totals.kept_ms) == (3, 5 * MINUTE)


async def test_the_summary_counts_what_design_says(rig: LibraryRig) -> None:
    library = rig.library
    await asyncio.to_thread(rig.keep, NOW, duration_ms=30 * MINUTE)
    minute = 30
    for state in (
        CoverageState.ON_DEVICE,
        CoverageState.LOST,
        CoverageState.ABSENT,
        CoverageState.NOT_WANTED,
        CoverageState.REMOVED,
    ):
        stretch = TimeRange(NOW + minute * MINUTE, NOW + (minute + 15) * MINUTE)
        await library.ledger.mark(CAMERA, [stretch], state)
        minute += 15
    window = TimeRange(NOW - HOUR, NOW + 3 * HOUR)
    summary = await library.browse.coverage_summary(CAMERA, window)
    assert summary.percent == 50.0
    assert summary.by_state_ms[CoverageState.KEPT] == 30 * MINUTE
    assert (await library.ledger.totals(CAMERA)).coverage_percent == 50.0
    nothing = await library.browse.coverage_summary(CAMERA, TimeRange(0, HOUR))
    assert nothing.percent is None
    assert (await library.browse.ledger(CoverageState.LOST, (CAMERA,)))[0].reason == ""


async def test_former_cameras_stay_browsable_and_come_back(rig: LibraryRig) -> None:
    library = rig.library
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    await library.retire_camera(CAMERA)
    (camera,) = await library.browse.cameras()
    assert camera.is_former
    assert (await library.browse.recent())[0].id == clip_id
    await library.register_camera(NVR, CAMERA, "Orchard")
    (camera,) = await library.browse.cameras()
    assert (camera.name, camera.folder, camera.is_former) == (
        "Orchard",
        "garden",
        False,
    )
    await library.retire_nvr(NVR)
    assert (await library.browse.nvrs())[0].is_former
    assert (await library.browse.cameras())[0].is_former
    with await library.browse.reader(clip_id) as reader:
        assert reader.path.exists()
