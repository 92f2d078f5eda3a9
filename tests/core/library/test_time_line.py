"""The time line as people ask for it: what it says is what the library holds."""

# Reads private members: the sum of the cache is compared with what it holds.

import asyncio
from collections.abc import AsyncIterator
import datetime as dt
import random

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import (
    coverage_tiles as tiles,
    tile_cache,
    time_line,
)
from custom_components.vtrack_nvr.core.library.coverage_tiles import CHUNK_MS, NUMBERS
from custom_components.vtrack_nvr.core.library.event_line import EventLine
from custom_components.vtrack_nvr.core.library.index import time_line_rows
from custom_components.vtrack_nvr.core.library.time_line import TimeLine
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageState,
    EventClass,
    EventMark,
)
from tests.insides import store_of

from .rig import CAMERA, DAY, HOUR, MINUTE, NOW, LibraryRig

S = CoverageState
MOST = 100_000


@pytest.fixture
async def line(rig: LibraryRig) -> AsyncIterator[TimeLine]:
    line = TimeLine(store_of(rig.library))
    yield line
    line.close(5.0)


async def fill(rig: LibraryRig, *starts: int, **facts: int) -> list[int]:
    return await asyncio.to_thread(lambda: [rig.keep(s, **facts) for s in starts])


async def mark(rig: LibraryRig, start: int, end: int, state: CoverageState) -> None:
    await rig.library.ledger.mark(CAMERA, [TimeRange(start, end)], state, "timeout")


async def states_of(line: TimeLine, level: int, n: int) -> list[str]:
    """Return the main state of each bucket of a tile."""
    found, left = await line.tiles(level, [(CAMERA, n)], MOST)
    assert left == []
    runs = found[0].runs
    return [
        tiles.STATES[runs[place + 1]]
        for place in range(0, len(runs), 3)
        for _ in range(runs[place])
    ]


@pytest.mark.parametrize("level", range(8))
async def test_a_tile_says_of_each_bucket_what_the_ledger_says(
    rig: LibraryRig, line: TimeLine, level: int
) -> None:
    pick = random.Random(level)
    start = (NOW - 3 * DAY) // CHUNK_MS * CHUNK_MS
    at = start
    clips = []
    while at < start + 2 * DAY:
        length = pick.choice([1, 5, 30]) * MINUTE
        what = pick.choice([S.KEPT, S.KEPT, S.FAILED, S.ON_DEVICE, None])
        if what is S.KEPT:
            clips.append((at, length))
        elif what is not None:
            await mark(rig, at, at + length, what)
        at += length
    await asyncio.to_thread(
        lambda: [rig.keep(s, duration_ms=length) for s, length in clips]
    )
    length_ms = tiles.tile_ms(level)
    n = (start + DAY) // length_ms
    window = TimeRange(n * length_ms, min((n + 1) * length_ms, NOW))
    spans = await rig.library.browse.coverage(CAMERA, window)
    expected = tiles.runs_of(
        [(s.range.start_ms, s.range.end_ms, NUMBERS[s.state]) for s in spans],
        (),
        level,
        window.start_ms,
        window.end_ms,
    )
    for _ in range(2):  # read, then remembered
        found, left = await line.tiles(level, [(CAMERA, n)], MOST)
        assert left == []
        assert tuple(found[0].runs) == expected
    assert sum(expected[::3]) <= tiles.BUCKETS


async def test_more_rows_than_are_read_at_once_make_the_same_tile(
    rig: LibraryRig, line: TimeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = CHUNK_MS * (NOW // CHUNK_MS - 1)
    for n in range(40):
        await mark(
            rig,
            start + n * MINUTE,
            start + (n + 1) * MINUTE,
            S.FAILED if n % 2 else S.LOST,
        )
    await fill(rig, *(start + HOUR + n * 5 * MINUTE for n in range(30)))
    whole, _ = await line.tiles(3, [(CAMERA, start // CHUNK_MS)], MOST)
    monkeypatch.setattr(time_line_rows, "PART", 7)
    again = TimeLine(store_of(rig.library))
    parts, _ = await again.tiles(3, [(CAMERA, start // CHUNK_MS)], MOST)
    assert parts == whole
    again.close(5.0)


async def test_what_changes_is_told_and_shown_at_once(
    rig: LibraryRig, line: TimeLine
) -> None:
    start = CHUNK_MS * (NOW // CHUNK_MS - 1)
    n = start // CHUNK_MS
    assert set(await states_of(line, 3, n)) == {"unknown"}
    assert await line.changes() == []
    await mark(rig, start, start + HOUR, S.FAILED)
    assert (await states_of(line, 3, n))[:56] == ["failed"] * 56
    assert await line.changes() == [(CAMERA, start, start + HOUR)]
    assert await line.changes() == []
    (clip,) = await fill(rig, start + 10 * MINUTE)
    assert (await states_of(line, 3, n))[12] == "kept"
    ((key, from_ms, to_ms),) = await line.changes()
    assert key == CAMERA
    assert from_ms <= start + 10 * MINUTE
    assert to_ms >= start + 15 * MINUTE
    await rig.library.care.protect([clip])
    found, _ = await line.tiles(3, [(CAMERA, n)], MOST)
    assert tiles.PROTECTED in found[0].runs
    assert await line.changes() != []
    await rig.library.care.delete([clip], with_protected=True)
    assert (await states_of(line, 3, n))[12] == "removed"
    await rig.library.care.restore([clip])
    assert (await states_of(line, 3, n))[12] == "kept"


async def test_a_change_in_one_place_leaves_the_rest_remembered(
    rig: LibraryRig, line: TimeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = CHUNK_MS * (NOW // CHUNK_MS - 20)
    n = start // tiles.tile_ms(5)
    await mark(rig, start, start + 10 * CHUNK_MS, S.ON_DEVICE)
    await line.tiles(5, [(CAMERA, n)], MOST)
    read = []
    real = time_line_rows.time_line_rows
    monkeypatch.setattr(
        time_line_rows,
        "time_line_rows",
        lambda c, camera_id, a, b: read.append((a, b)) or real(c, camera_id, a, b),
    )
    await line.tiles(5, [(CAMERA, n)], MOST)
    assert read == []
    await fill(rig, start + 10 * MINUTE)
    read.clear()
    await line.tiles(5, [(CAMERA, n)], MOST)
    assert read != []
    # the ledger's row is long, so all that it covers changed; nothing else is read
    assert all(a < start + 11 * CHUNK_MS and b > start for a, b in read)


async def test_the_running_tile_ends_now_and_goes_on(
    rig: LibraryRig, line: TimeLine
) -> None:
    n = NOW // tiles.tile_ms(0)
    found, _ = await line.tiles(0, [(CAMERA, n), (CAMERA, n + 1)], MOST)
    assert found[0].until_ms == NOW
    assert sum(found[0].runs[::3]) == -(-(NOW % tiles.tile_ms(0)) // 1000)
    assert found[1].runs == []
    rig.clock.advance(3_000)
    later, _ = await line.tiles(0, [(CAMERA, n)], MOST)
    assert sum(later[0].runs[::3]) == sum(found[0].runs[::3]) + 3


async def test_an_answer_stops_and_names_what_is_left(
    rig: LibraryRig, line: TimeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = NOW // tiles.tile_ms(3)
    wanted = [(CAMERA, n - 2), (CAMERA, n - 1), (CameraKey("nobody"), n)]
    found, left = await line.tiles(3, wanted, 1)
    assert [tile.n for tile in found] == [n - 2]
    assert left == wanted[1:]
    monkeypatch.setattr(time_line, "BUDGET_S", 0.0)
    found, left = await line.tiles(3, wanted, MOST)
    assert len(found) == 1
    assert left == wanted[1:]
    found, left = await line.tiles(3, wanted[2:], MOST)
    assert found[0].runs == []
    assert left == []


async def test_what_is_remembered_is_bounded(
    rig: LibraryRig, line: TimeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_cache, "MOST_CACHED", 10)
    n = NOW // tiles.tile_ms(5)
    for level in (5, 4, 3):
        for camera in (CAMERA,):
            await line.tiles(level, [(camera, NOW // tiles.tile_ms(level) - 1)], MOST)
    assert sum(len(g) for g in line._cache._pieces.values()) == line._cache.size
    assert line._cache.size <= 16
    assert await line.tiles(5, [(CAMERA, n - 1)], MOST)


async def test_a_moment_has_its_span_and_its_clips(
    rig: LibraryRig, line: TimeLine
) -> None:
    first, second = await fill(rig, NOW - DAY, NOW - DAY + HOUR)
    await mark(rig, NOW - DAY + 5 * MINUTE, NOW - DAY + HOUR, S.FAILED)
    at = await line.at(CAMERA, NOW - DAY + MINUTE)
    assert at.span is not None
    assert at.span.state is S.KEPT
    assert at.window == TimeRange(NOW - DAY, NOW - DAY + 5 * MINUTE)
    assert at.clip is not None
    assert at.clip.id == first
    assert at.after is not None
    assert at.after.id == second
    at = await line.at(CAMERA, NOW - DAY + 30 * MINUTE)
    assert at.span is not None
    assert (at.span.state, at.span.reason) == (S.FAILED, "timeout")
    assert at.window == TimeRange(NOW - DAY + 5 * MINUTE, NOW - DAY + HOUR)
    assert at.clip is None
    assert at.before is not None
    assert at.before.id == first
    at = await line.at(CAMERA, NOW - DAY - 10 * MINUTE)
    assert at.span is None
    assert at.window.end_ms == NOW - DAY
    with pytest.raises(NvrError) as raised:
        await line.at(CameraKey("nobody"), NOW)
    assert raised.value.kind is ErrorKind.GONE


async def test_spans_come_in_pages_and_are_whole(
    rig: LibraryRig, line: TimeLine
) -> None:
    start = NOW - DAY
    await fill(rig, *(start + n * 5 * MINUTE for n in range(4)))
    await mark(rig, start + 20 * MINUTE, start + 25 * MINUTE, S.FAILED)
    await fill(rig, start + 25 * MINUTE)
    window = TimeRange(start, start + HOUR)
    spans, rest = await line.spans(CAMERA, window, 10)
    assert [(s.state, s.range.duration_ms // MINUTE) for s in spans] == [
        (S.KEPT, 20),
        (S.FAILED, 5),
        (S.KEPT, 5),
    ]
    assert rest is None
    some, rest = await line.spans(CAMERA, window, 2)
    assert some == spans[:2]
    assert rest == start + 25 * MINUTE
    more, rest = await line.spans(CAMERA, TimeRange(rest, window.end_ms), 2)
    assert more == spans[2:]


async def test_the_next_border_is_found_however_far(
    rig: LibraryRig, line: TimeLine
) -> None:
    start = NOW - 200 * DAY
    await fill(rig, start, start + 5 * MINUTE + 500, NOW - DAY)

    async def edge(at: int, *, is_next: bool) -> int | None:
        found = await line.edge(CAMERA, at, is_next=is_next, want="kept")
        assert found.searched_ms is None
        return found.start_ms

    assert await edge(start - DAY, is_next=True) == start
    # half a second between two clips is no border
    assert await edge(start, is_next=True) == NOW - DAY
    assert await edge(NOW - DAY, is_next=True) is None
    assert await edge(NOW, is_next=False) == NOW - DAY
    assert await edge(NOW - DAY, is_next=False) == start
    assert await edge(start, is_next=False) is None


async def test_problems_and_events_are_gone_to(rig: LibraryRig, line: TimeLine) -> None:
    await mark(rig, NOW - 3 * HOUR, NOW - 2 * HOUR, S.LOST)
    await mark(rig, NOW - 5 * HOUR, NOW - 4 * HOUR, S.FAILED)
    found = await line.edge(CAMERA, NOW, is_next=False, want="problem")
    assert (found.start_ms, found.state) == (NOW - 3 * HOUR, S.LOST)
    found = await line.edge(CAMERA, NOW - 3 * HOUR, is_next=False, want="problem")
    assert (found.start_ms, found.state) == (NOW - 5 * HOUR, S.FAILED)
    found = await line.edge(CAMERA, NOW - 2 * HOUR, is_next=True, want="problem")
    assert found == time_line.Edge()
    await rig.library.ledger.add_marks(
        CAMERA,
        [
            EventMark(EventClass.MOTION, TimeRange(NOW - 2 * HOUR, NOW - HOUR)),
            EventMark(EventClass.PERSON, TimeRange(NOW - HOUR, NOW - HOUR)),
        ],
    )
    found = await line.edge(CAMERA, NOW - DAY, is_next=True, want="event")
    assert (found.start_ms, found.event_class) == (NOW - 2 * HOUR, "motion")
    person = ("person",)
    found = await line.edge(
        CAMERA, NOW - DAY, is_next=True, want="event", classes=person
    )
    assert found.start_ms == NOW - HOUR
    found = await line.edge(
        CAMERA, NOW - HOUR, is_next=False, want="event", classes=person
    )
    assert found == time_line.Edge()


async def test_a_month_adds_up_to_its_days(rig: LibraryRig, line: TimeLine) -> None:
    # 2027-01-15 08:00 UTC is 09:00 in Berlin
    await fill(rig, NOW - DAY, NOW - HOUR)
    await mark(rig, NOW - 2 * HOUR, NOW - HOUR, S.FAILED)
    month = await line.month([CAMERA, CameraKey("nobody")], dt.date(2027, 1, 1))
    sums = month.cameras[CAMERA]
    assert [sum(day) for day in sums[:14]] == [DAY] * 14
    assert sum(sums[14]) == 9 * HOUR
    assert [sum(day) for day in sums[15:]] == [0] * 16
    assert sums[13][NUMBERS[S.KEPT]] == 5 * MINUTE
    assert sums[14][NUMBERS[S.KEPT]] == 5 * MINUTE
    assert sums[14][NUMBERS[S.FAILED]] == HOUR
    assert sums[14] == await line.today(CAMERA)
    assert month.cameras[CameraKey("nobody")][0] == (DAY, *([0] * 10))
    assert (await line.month([CAMERA], dt.date(2027, 1, 1))).cameras[CAMERA] == sums
    await mark(rig, NOW - DAY, NOW - DAY + HOUR, S.LOST)
    changed = (await line.month([CAMERA], dt.date(2027, 1, 1))).cameras[CAMERA]
    assert changed[13] != sums[13]


async def test_clips_of_a_window_are_placed(
    rig: LibraryRig, line: TimeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_line_rows, "PART", 3)
    start = NOW - DAY
    ids = await fill(rig, *(start + n * 5 * MINUTE for n in range(10)))
    places, rest = await line.clip_places(
        CAMERA, TimeRange(start + MINUTE, start + 46 * MINUTE), 100
    )
    assert [place[1] for place in places] == ids
    assert rest is None
    places, rest = await line.clip_places(CAMERA, TimeRange(start, NOW), 4)
    assert [place[1] for place in places] == ids[:4]
    assert rest == start + 20 * MINUTE
    clip = await rig.library.browse.clip(ids[2])
    assert clip is not None
    at = clip.facts.range.start_ms + MINUTE
    await rig.library.ledger.add_marks(
        CAMERA, [EventMark(EventClass.PERSON, TimeRange(at, at))]
    )
    asked = EventLine(store_of(rig.library))
    assert await asked.classes_of([clip]) == [("person",)]
    asked.close(5.0)


async def test_a_closed_time_line_says_so(rig: LibraryRig) -> None:
    line = TimeLine(store_of(rig.library))
    line.close(1.0)
    with pytest.raises(NvrError) as raised:
        await line.tiles(3, [(CAMERA, 1)], MOST)
    assert raised.value.kind is ErrorKind.INDEX_FAILED
