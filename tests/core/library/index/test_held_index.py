"""Nothing people or upkeep do holds the index for long, however many clips a camera has.

Counted in steps of SQLite's own machine, which are the same on a busy computer: what looks
at every clip of the camera takes several hundred thousand of them.
"""

# Reads private members: batches are made small, so that few rows are many.

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import datetime as dt
from pathlib import Path
import sqlite3
from zoneinfo import ZoneInfo

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.index import (
    clip_rows,
    clip_search,
    database,
    day_sums,
    span_rows,
    span_rules,
)
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.naming import clip_path
from custom_components.vtrack_nvr.core.library.upkeep import forget
from custom_components.vtrack_nvr.core.library.values import Retention, SearchOrder
from custom_components.vtrack_nvr.core.models import (
    CoverageState,
    EventClass,
    EventMark,
)
from tests.insides import store_of

from .. import invariants
from ..rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    OTHER,
    LibraryRig,
    ManualClock,
    make_library,
)

pytestmark = pytest.mark.long

BERLIN = ZoneInfo("Europe/Berlin")
CLIPS = 60_000
STEP = 5 * MINUTE
FIRST = NOW - CLIPS * STEP
EVERYTHING = TimeRange(0, NOW + DAY)

MOST = 150_000
"""Steps of one piece of work: some milliseconds."""


def fill(connection: sqlite3.Connection, camera_id: int) -> None:
    """Enter clips that end a second before the next, with a row for each such second."""
    connection.executemany(
        "insert into clip (camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, size_bytes, sha256, source,"
        " created_ms, state_ms) values"
        " (?, 1, 'complete', ?, ?3, ?4, ?4, ?3, 0, 10, 'x', 'live', ?3, ?3)",
        (
            (
                camera_id,
                f"recorder/garden/{clip_path(at, BERLIN)}",
                at,
                at + STEP - 1000,
            )
            for at in range(FIRST, NOW, STEP)
        ),
    )
    connection.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        " values (?, ?, ?, 'on_device', '', 0)",
        ((camera_id, at + STEP - 1000, at + STEP) for at in range(FIRST, NOW, STEP)),
    )
    connection.execute(
        "insert into coverage_total values (?, 'on_device', ?)",
        (camera_id, CLIPS * 1000),
    )
    connection.executemany(
        "insert into mark values (?, ?, ?, 'motion', '')",
        ((camera_id, at, at + MINUTE) for at in range(FIRST, NOW, STEP)),
    )
    connection.execute(
        "update camera set clips = ?1, bytes = ?1 * 10, kept_ms = ?2, longest_ms = ?3,"
        " longest_mark_ms = ?4 where id = ?5",
        (CLIPS, CLIPS * (STEP - 1000), STEP - 1000, MINUTE, camera_id),
    )
    clip_rows.count_on_root(connection, 1, CLIPS, CLIPS * 10)


class Steps:
    """Counts what each piece of work on the index takes."""

    def __init__(self, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = ("", 0)
        self._now = 0
        store = store_of(library)
        store.read(lambda c: c.set_progress_handler(self._count, 100))
        real = database.Database._run_one

        def run(db, connection, work):
            self._now = 0
            try:
                return real(db, connection, work)
            finally:
                if self._now > self.most[1]:
                    self.most = (database._name_of(work.function), self._now)

        monkeypatch.setattr(database.Database, "_run_one", run)

    def _count(self) -> int:
        self._now += 100
        return 0

    async def of(self, call: Awaitable[object]) -> int:
        """Return the most that one piece of work of a call takes."""
        self.most = ("", 0)
        await call
        return self.most[1]


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[LibraryRig]:
    rig = make_library(folder, ManualClock())
    await rig.library.open()
    try:
        await rig.library.register_nvr(NVR, "Recorder")
        await rig.library.register_camera(NVR, CAMERA, "Garden")
        await rig.library.register_camera(NVR, OTHER, "Yard")
        store_of(rig.library).write(lambda c: fill(c, 1))
        await rig.library.set_time_zone("America/New_York")
        yield rig
    finally:
        await rig.library.close()


def calls(
    rig: LibraryRig,
) -> dict[str, Callable[[], Awaitable[object]]]:
    library = rig.library
    show, store = library.browse, store_of(library)
    motion, early = EventClass.MOTION, SearchOrder.OLDEST
    day = dt.datetime.fromtimestamp(NOW / 1000 - 86_400, dt.UTC).date()
    gone = SweepFindings(
        CAMERA, TimeRange(NOW - HOUR, NOW), (), True, NOW - DAY, NOW + DAY
    )
    listed = tuple(
        TimeRange(at, at + MINUTE) for at in range(FIRST - 20 * DAY, FIRST, STEP)
    )
    early_window = TimeRange(FIRST - 20 * DAY, FIRST)
    return {
        "coverage": lambda: library.ledger.coverage(CAMERA, EVERYTHING),
        "percent": lambda: show.coverage_summary(CAMERA, EVERYTHING),
        "holes": lambda: library.ledger.holes(CAMERA, NOW, 5),
        "all clips": lambda: show.clips_at(CAMERA, EVERYTHING),
        "days": lambda: show.days(CAMERA),
        "cameras": show.cameras,
        "health": library.health,
        "first page": lambda: show.search(order=early),
        "page of a day": lambda: show.clips_of_day(CAMERA, day),
        "protected": lambda: show.search(is_protected=True),
        "protected of one": lambda: show.search(cameras=[CAMERA], is_protected=True),
        "motion": lambda: show.search(event_class=motion),
        "motion of another camera": lambda: show.search(
            cameras=[OTHER], event_class=motion
        ),
        "the same, oldest first": lambda: show.search(
            cameras=[OTHER], event_class=motion, order=early
        ),
        "protected with motion": lambda: show.search(
            is_protected=True, event_class=motion
        ),
        "a long listing": lambda: library.ledger.note_sweep(
            SweepFindings(CAMERA, early_window, listed, True, FIRST - 30 * DAY, NOW)
        ),
        "marking": lambda: library.ledger.mark(
            CAMERA, listed, CoverageState.FAILED, "x"
        ),
        "what the device dropped": lambda: library.ledger.note_sweep(gone),
        "time zone": lambda: library.set_time_zone("Asia/Tokyo"),
        "upkeep": lambda: asyncio.to_thread(forget.forget_old, store),
        "keeping a clip": lambda: asyncio.to_thread(rig.keep, NOW + HOUR),
        "weekly check": library.care.check,
    }


async def test_no_piece_of_work_looks_at_all_clips_of_a_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled(tmp_path) as rig:
        await rig.library.set_retention(CAMERA, Retention(days=30))
        steps = Steps(rig.library, monkeypatch)
        whole = await steps.of(
            asyncio.wrap_future(
                store_of(rig.library).db.read(
                    lambda c: c.execute(
                        "select count(*), sum(size_bytes) from clip where camera_id = 1"
                    ).fetchone()
                )
            )
        )
        assert whole > MOST, "what is forbidden would be noticed"
        too_long = {}
        for name, call in calls(rig).items():
            if await steps.of(call()) > MOST:
                too_long[name] = steps.most
        assert too_long == {}


async def test_what_is_read_in_parts_is_the_same_as_in_one(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story() -> None:
        for number in range(30):
            # some touch, some leave a hole, some cover each other
            rig.keep(NOW + number * 5 * MINUTE + (number % 3) * MINUTE)

    await asyncio.to_thread(story)
    gaps = [
        TimeRange(NOW + n * 5 * MINUTE, NOW + n * 5 * MINUTE + 3 * MINUTE)
        for n in range(25, 60, 2)
    ]
    await rig.library.ledger.mark(CAMERA, gaps[::2], CoverageState.FAILED, "timeout")
    await rig.library.ledger.mark(CAMERA, gaps[1::2], CoverageState.ON_DEVICE)
    window = TimeRange(NOW + MINUTE, NOW + 5 * HOUR - MINUTE)
    show = rig.library.browse

    async def read() -> tuple[object, ...]:
        return (
            await rig.library.ledger.coverage(CAMERA, window),
            await show.coverage_summary(CAMERA, window),
            await rig.library.ledger.holes(CAMERA, NOW + 4 * HOUR, 5),
            await show.clips_at(CAMERA, window),
        )

    whole = await read()
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(clip_search, "_PART", size)
        monkeypatch.setattr(span_rows, "_HOLE_ROWS", size)
        object.__setattr__(store_of(rig.library).bounds, "page", size)
        assert await read() == whole


async def test_days_are_right_while_clips_come_and_go_and_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_sums, "_RECOUNT_CLIPS", 5)
    clock = ManualClock()
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    store, zone = store_of(rig.library), ZoneInfo("America/New_York")
    ids = await asyncio.to_thread(
        lambda: [rig.keep(NOW - n * 3 * HOUR) for n in range(60)]
    )
    store.write(lambda c: day_sums.begin_recount(c, 1, zone))
    assert store.write(lambda c: day_sums.recount_some(c, 1))
    await asyncio.to_thread(rig.keep, NOW - HOUR)  # counted already
    await asyncio.to_thread(rig.keep, NOW - 160 * HOUR)  # not yet
    await rig.library.care.delete([ids[0], ids[-1], ids[30], ids[31]])
    await rig.library.care.protect([ids[1], ids[-2]])
    assert store.write(lambda c: day_sums.recount_some(c, 1))
    await rig.library.close()
    again = make_library(tmp_path, clock, time_zone="America/New_York")
    await again.library.open()
    await asyncio.to_thread(invariants.check, again.library)
    days = await again.library.browse.days(CAMERA)
    assert sum(day.clips for day in days) == 58
    for day in days:
        page = await again.library.browse.clips_of_day(CAMERA, day.day)
        assert len(page.clips) == day.clips
        assert sum(clip.is_protected for clip in page.clips) == day.protected
    assert store_of(again.library).read(day_sums.being_recounted) == []
    await again.library.close()


async def test_a_long_listing_says_the_same_day_by_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for many in (10_000, 0):
        monkeypatch.setattr(span_rules, "_MANY", many)
        folder = tmp_path / str(many)
        folder.mkdir()
        rig = make_library(folder, ManualClock())
        found.append(await _told(rig))
    assert found[0] == found[1]


async def _told(rig: LibraryRig) -> tuple[object, ...]:
    library = rig.library
    await library.open()
    await library.register_nvr(NVR, "Recorder")
    await library.register_camera(NVR, CAMERA, "Garden")
    start_ms = NOW - 10 * DAY
    whole = TimeRange(start_ms, NOW)
    present = tuple(
        TimeRange(at, at + 7 * HOUR) for at in range(start_ms, NOW - DAY, 9 * HOUR)
    )
    wanted = (TimeRange(start_ms + 3 * DAY, NOW),)
    await library.ledger.note_sweep(
        SweepFindings(CAMERA, whole, present, True, start_ms, NOW, wanted)
    )
    later = SweepFindings(CAMERA, whole, present[5:], True, present[5].start_ms, NOW)
    await library.ledger.note_sweep(later)
    spans = await library.ledger.coverage(CAMERA, whole)
    totals = await library.ledger.totals(CAMERA)
    await asyncio.to_thread(invariants.check, library)
    await library.close()
    return spans, totals


async def test_all_that_the_device_dropped_is_lost_however_much_it_is(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_rows, "_SOME", 3)
    start_ms = NOW - 5 * DAY
    present = tuple(TimeRange(at, at + HOUR) for at in range(start_ms, NOW, 5 * HOUR))
    whole = TimeRange(start_ms, NOW)
    await rig.library.ledger.note_sweep(
        SweepFindings(CAMERA, whole, present, True, start_ms, NOW)
    )
    earliest_ms = present[20].start_ms + MINUTE
    await rig.library.ledger.note_sweep(
        SweepFindings(
            CAMERA, TimeRange(NOW - HOUR, NOW), (), False, earliest_ms, NOW + 1
        )
    )
    assert (
        CoverageState.LOST not in (await rig.library.ledger.totals(CAMERA)).by_state_ms
    )
    await rig.library.ledger.note_sweep(
        SweepFindings(
            CAMERA, TimeRange(NOW, NOW + HOUR), (), True, earliest_ms, NOW + 1
        )
    )
    # the advance without proof began another history: nothing before it is lost
    assert (
        CoverageState.LOST not in (await rig.library.ledger.totals(CAMERA)).by_state_ms
    )


async def test_what_the_ring_overwrote_is_lost_in_steps(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_rows, "_SOME", 3)
    start_ms = NOW - 5 * DAY
    present = tuple(TimeRange(at, at + HOUR) for at in range(start_ms, NOW, 5 * HOUR))
    await rig.library.ledger.note_sweep(
        SweepFindings(CAMERA, TimeRange(start_ms, NOW), present, True, start_ms, NOW)
    )
    earliest_ms = present[20].start_ms + MINUTE
    await rig.library.ledger.note_sweep(
        SweepFindings(
            CAMERA, TimeRange(NOW - MINUTE, NOW), (), True, earliest_ms, NOW + 1
        )
    )
    totals = await rig.library.ledger.totals(CAMERA)
    assert totals.by_state_ms[CoverageState.LOST] == 20 * HOUR + MINUTE
    waiting = sum(item.duration_ms for item in present[20:]) - MINUTE
    assert totals.by_state_ms[CoverageState.ON_DEVICE] == waiting
    lines = store_of(rig.library).read(
        lambda c: [
            row[0] for row in c.execute("select line from outbox") if "lost" in row[0]
        ]
    )
    assert len(lines) == 7, "all of it is told to the journal"


async def test_events_of_a_quiet_camera_are_found_among_those_of_busy_ones(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_search, "_SLICE_MS", HOUR)
    monkeypatch.setattr(clip_search, "_MARKS", 2)
    await rig.library.register_camera(NVR, OTHER, "Yard")
    first = await asyncio.to_thread(rig.keep, NOW)
    last = await asyncio.to_thread(rig.keep, NOW + 2 * DAY)
    busy = [
        EventMark(EventClass.MOTION, TimeRange(at, at))
        for at in range(NOW - DAY, NOW + 3 * DAY, 10 * MINUTE)
    ]
    await rig.library.ledger.add_marks(OTHER, busy)
    mine = [
        EventMark(EventClass.MOTION, TimeRange(at + MINUTE, at + MINUTE))
        for at in (NOW, NOW + 2 * DAY)
    ]
    await rig.library.ledger.add_marks(CAMERA, mine)
    for order, wanted in (
        (SearchOrder.NEWEST, [last, first]),
        (SearchOrder.OLDEST, [first, last]),
    ):
        page = await rig.library.browse.search(
            cameras=[CAMERA], event_class=EventClass.MOTION, order=order
        )
        assert [clip.id for clip in page.clips] == wanted


async def test_a_replaced_disk_loses_all_its_clips_some_at_a_time(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.vtrack_nvr.core.library.index import root_rows

    monkeypatch.setattr(root_rows, "BATCH", 2)
    kept = await asyncio.to_thread(lambda: [rig.keep(NOW + n * HOUR) for n in range(7)])
    await asyncio.to_thread(rig.begin, NOW + 9 * HOUR)
    store = store_of(rig.library)
    after: str | None = ""
    while after is not None:
        after = store.write(lambda c, a=after: root_rows.lose_some(c, 1, NOW, a))
    states = store.read(
        lambda c: [row[0] for row in c.execute("select state from clip")]
    )
    assert states == ["missing"] * len(kept)
