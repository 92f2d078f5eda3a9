"""Events as marks, as counts, and as a list by pages."""

import asyncio
from collections.abc import AsyncIterator
import random

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import event_line
from custom_components.vtrack_nvr.core.library.event_line import EventLine
from custom_components.vtrack_nvr.core.library.index import time_line_rows
from custom_components.vtrack_nvr.core.models import EventClass, EventMark
from tests.insides import store_of

from .rig import CAMERA, HOUR, MINUTE, NOW, NVR, OTHER, LibraryRig


@pytest.fixture
async def line(rig: LibraryRig) -> AsyncIterator[EventLine]:
    made = EventLine(store_of(rig.library))
    yield made
    made.close(5.0)


async def test_events_are_listed_or_counted(
    rig: LibraryRig, line: EventLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = [
        EventMark(EventClass.MOTION, TimeRange(NOW - n * MINUTE, NOW - n * MINUTE + 9))
        for n in range(1, 61)
    ]
    await rig.library.ledger.add_marks(CAMERA, marks)
    window = TimeRange(NOW - HOUR, NOW)
    found = await line.marks([CAMERA], window, ["motion"])
    assert found is not None
    assert len(found) == 60
    assert found[0][0] == CAMERA
    assert await line.marks([CAMERA], window, ["person"]) == []
    monkeypatch.setattr(event_line, "MOST_EVENTS", 20)
    assert await line.marks([CAMERA], window, ["motion"]) is None
    monkeypatch.setattr(event_line, "MOST_BUCKETS", 6)
    monkeypatch.setattr(time_line_rows, "MANY_MARKS", 13)
    counts = await line.count([CAMERA], window, ["motion"])
    assert counts.bucket_ms == 10 * MINUTE
    assert counts.counts == {(CAMERA, "motion", n): 10 for n in range(6)}


@pytest.mark.parametrize("part", [3, 2_000])
async def test_pages_of_events_hold_each_once_newest_first(
    rig: LibraryRig, line: EventLine, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_line_rows, "PART", part)
    await rig.library.register_camera(NVR, OTHER, "Yard")
    pick = random.Random(part)
    expected = set()
    for camera in (CAMERA, OTHER):
        marks = []
        for _ in range(30):
            at = NOW - pick.randrange(20) * MINUTE
            kind = pick.choice([EventClass.MOTION, EventClass.PERSON])
            source = pick.choice(["", "a", "b"])
            marks.append(EventMark(kind, TimeRange(at, at), source))
            if kind is EventClass.PERSON:
                expected.add((at, camera, source))
        await rig.library.ledger.add_marks(camera, marks)
    clip = await asyncio.to_thread(lambda: rig.keep(NOW - 10 * MINUTE))
    seen = []
    after = None
    while True:
        page, after = await line.page([CAMERA, OTHER], None, ["person"], 4, after)
        assert len(page) <= 4
        seen += page
        if after is None:
            break
    assert [e.start_ms for e in seen] == sorted(
        (e.start_ms for e in seen), reverse=True
    )
    assert len(seen) == len(expected)
    assert {(e.start_ms, e.camera, e.source) for e in seen} == expected
    for event in seen:
        is_shown = NOW - 10 * MINUTE <= event.start_ms < NOW - 5 * MINUTE
        assert event.clip_id == (clip if is_shown and event.camera == CAMERA else None)
    window = TimeRange(NOW - 5 * MINUTE, NOW)
    page, _ = await line.page([CAMERA, OTHER], window, ["person"], 100, None)
    assert all(window.contains(event.start_ms) for event in page)
