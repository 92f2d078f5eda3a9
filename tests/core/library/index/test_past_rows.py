"""Years: a camera's past becomes few rows, and nothing that still counts changes."""

# Reads private members: the copy of the index is made now instead of at night.

import asyncio
from collections.abc import Iterable
import itertools
from pathlib import Path
import shutil

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.ledger import (
    ABSENT_NOT_LISTED,
    LedgerReason,
    SweepFindings,
)
from custom_components.vtrack_nvr.core.library.index import past_rows, span_rules
from custom_components.vtrack_nvr.core.library.index.span_rules import Entry
from custom_components.vtrack_nvr.core.library.upkeep import forget
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, Retention
from custom_components.vtrack_nvr.core.models import (
    CoverageState as S,
    EventClass,
    EventMark,
)
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW, NVR, LibraryRig, ManualClock
from ..upkeep.test_check import flush, running
from .test_span_rules import entry, range_sets, states_by_moment, timelines

WINDOW = TimeRange(10, 50)
GONE = Entry(0, 0, S.REMOVED, "age", changed_ms=9)
JOINED = {S.REMOVED, S.NOT_WANTED}


def without(entries: Iterable[Entry], busy: tuple[TimeRange, ...]) -> list[Entry]:
    """Return a time line that leaves room for what is kept."""
    return [
        item
        for item in entries
        if not any(b.overlaps(TimeRange(item.start_ms, item.end_ms)) for b in busy)
    ]


@given(timelines(), range_sets(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_before_all_limits_everything_but_what_is_kept_is_removed(
    entries: list[Entry], busy: tuple[TimeRange, ...], is_on_device: bool
) -> None:
    entries = without(entries, busy)
    before = states_by_moment(entries)
    after = states_by_moment(
        span_rules.forgotten(entries, busy, WINDOW, GONE, is_on_device=is_on_device)
    )
    stays = {S.FETCHING}
    if not is_on_device:
        stays |= {S.ON_DEVICE, S.FAILED, S.MISSING, S.NOT_WANTED}
    for moment in range(60):
        was = before.get(moment)
        is_past = WINDOW.contains(moment) and not any(b.contains(moment) for b in busy)
        if is_past and (was is None or was[0] not in stays):
            assert after[moment] == (S.REMOVED, "age")
        else:
            assert after.get(moment) == was


@given(timelines(), range_sets())
@settings(max_examples=300, deadline=None)
def test_stretches_of_one_cause_are_joined_over_nothing_but_time_without_footage(
    entries: list[Entry], busy: tuple[TimeRange, ...]
) -> None:
    entries = [
        item._replace(reason=ABSENT_NOT_LISTED) if item.state is S.ABSENT else item
        for item in without(entries, busy)
    ]
    found = span_rules.condensed(entries, busy, WINDOW)
    before, after = states_by_moment(entries), states_by_moment(found)
    for moment in range(60):
        was, now = before.get(moment), after.get(moment)
        if was == now:
            continue
        assert was is None or was[0] is S.ABSENT
        assert now is not None
        assert now[0] in JOINED
        assert WINDOW.contains(moment)
        assert not any(b.contains(moment) for b in busy)
        edges = [m for m, what in before.items() if what == now]
        assert min(edges) < moment < max(edges)
    inside = [
        item
        for item in found
        if item.state is not S.ABSENT
        and item.start_ms >= WINDOW.start_ms
        and item.end_ms <= WINDOW.end_ms
    ]
    for first, second in itertools.pairwise(inside):
        if first.content == second.content and first.state in JOINED:
            gap = TimeRange(first.end_ms, second.start_ms)
            assert any(b.overlaps(gap) for b in busy), "two that could be one"


def rows_of(rig: LibraryRig) -> list[tuple[str, str, int, int]]:
    return store_of(rig.library).read(
        lambda c: [
            tuple(row)
            for row in c.execute(
                "select state, reason, start_ms, end_ms from coverage order by start_ms"
            )
        ]
    )


async def tell(
    rig: LibraryRig,
    present: Iterable[tuple[int, int]],
    window: TimeRange,
    earliest_ms: int | None = None,
) -> None:
    await rig.library.ledger.note_sweep(
        SweepFindings(
            CAMERA,
            window,
            union(TimeRange(*item) for item in present),
            is_proof=True,
            device_earliest_ms=window.start_ms if earliest_ms is None else earliest_ms,
            device_latest_ms=window.end_ms,
        )
    )


async def remove(rig: LibraryRig, start_ms: int, end_ms: int, reason: str) -> None:
    """Let retention have taken what was in a window."""
    spans = await rig.library.ledger.coverage(CAMERA, TimeRange(start_ms, end_ms))
    ranges = [span.range for span in spans if span.state is S.ON_DEVICE]
    await rig.library.ledger.mark(CAMERA, ranges, S.REMOVED, reason)


async def a_year_of_events(rig: LibraryRig, days: int = 40, per_day: int = 24) -> int:
    """Let a device tell of short events for some days; returns when the first was."""
    start_ms = NOW - days * DAY
    step = DAY // per_day
    for day in range(days):
        at = start_ms + day * DAY
        present = [(at + n * step, at + n * step + MINUTE) for n in range(per_day)]
        await tell(rig, present, TimeRange(at, at + DAY), start_ms)
    return start_ms


async def condense(rig: LibraryRig) -> None:
    await asyncio.to_thread(forget.forget_old, store_of(rig.library))
    await asyncio.to_thread(invariants.check, rig.library)


@pytest.mark.parametrize("batch", [3, 50, 600])
async def test_the_past_of_an_event_recorder_is_one_row_however_long_it_was(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(past_rows, "BATCH", batch)
    await rig.library.set_retention(CAMERA, Retention(days=10))
    start_ms = await a_year_of_events(rig)
    await remove(rig, start_ms, NOW - 10 * DAY, "age")
    lost = TimeRange(NOW - 9 * DAY, NOW - 9 * DAY + HOUR)
    await rig.library.ledger.mark(CAMERA, [lost], S.LOST, "overwritten")
    await tell(rig, [], TimeRange(NOW - HOUR, NOW), NOW - 9 * DAY)
    window = TimeRange(NOW - 10 * DAY, NOW)
    before = await rig.library.browse.coverage_summary(CAMERA, window)
    assert before.percent == 0
    spans = await rig.library.ledger.coverage(CAMERA, window)
    await condense(rig)
    past = [row for row in rows_of(rig) if row[2] < NOW - 11 * DAY]
    assert past == [("removed", "age", start_ms, past[0][3])]
    assert past[0][3] >= NOW - 11 * DAY - HOUR
    assert await rig.library.ledger.coverage(CAMERA, window) == spans
    assert await rig.library.browse.coverage_summary(CAMERA, window) == before
    rows = rows_of(rig)
    await condense(rig)
    assert rows_of(rig) == rows, "done once, nothing is left to do"


async def test_what_the_device_still_holds_can_be_wanted_again(rig: LibraryRig) -> None:
    await rig.library.set_retention(CAMERA, Retention(days=10))
    start_ms = await a_year_of_events(rig)
    held_ms = start_ms + 15 * DAY
    early, late = TimeRange(start_ms, held_ms), TimeRange(held_ms, NOW - 10 * DAY)
    await rig.library.ledger.note_sweep(
        SweepFindings(CAMERA, early, (), True, start_ms, NOW, wanted=())
    )
    waiting = [
        span.range
        for span in await rig.library.ledger.coverage(CAMERA, late)
        if span.state is S.ON_DEVICE
    ]
    await rig.library.ledger.mark(CAMERA, waiting, S.NOT_WANTED)
    await tell(rig, [], TimeRange(NOW - HOUR, NOW), held_ms)
    await condense(rig)
    spans = await rig.library.ledger.coverage(CAMERA, late)
    assert {span.state for span in spans} <= {S.NOT_WANTED, S.ABSENT}
    assert len(spans) < 60, "joined"
    present = [(item.start_ms, item.end_ms) for item in waiting]
    await tell(rig, present, late, held_ms)
    spans = await rig.library.ledger.coverage(CAMERA, late)
    back = [span.range for span in spans if span.state is S.ON_DEVICE]
    assert back == waiting


async def test_kept_clips_and_open_requests_stay_in_the_past(rig: LibraryRig) -> None:
    await rig.library.set_retention(CAMERA, Retention(days=10))
    start_ms = await a_year_of_events(rig)
    clip_id = await asyncio.to_thread(rig.keep, start_ms + 5 * DAY)
    await rig.library.care.protect([clip_id], "fox")
    await remove(rig, start_ms, NOW - 10 * DAY, "age")
    wanted = TimeRange(start_ms + 8 * DAY, start_ms + 8 * DAY + MINUTE)
    await tell(rig, [], TimeRange(NOW - HOUR, NOW), NOW - 9 * DAY)
    await rig.library.ledger.add_want(CAMERA, wanted, "")
    await condense(rig)
    window = TimeRange(start_ms, NOW - 12 * DAY)
    spans = await rig.library.ledger.coverage(CAMERA, window)
    assert [span.state for span in spans] == [
        S.REMOVED,
        S.KEPT,
        S.REMOVED,
        S.ON_DEVICE,
        S.REMOVED,
    ]
    assert spans[3].range == wanted


async def test_without_days_the_past_ends_where_a_limit_removed_last(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        start_ms = await a_year_of_events(rig)
        clock.advance(20 * DAY)
        await condense(rig)
        assert len(rows_of(rig)) > 1500, "no limit ever removed anything"
        border = NOW - 20 * DAY
        await remove(rig, start_ms, border, "quota")
        now_ms = clock.now_ms()
        await tell(rig, [], TimeRange(now_ms - HOUR, now_ms), NOW - 9 * DAY)
        await condense(rig)
        past = [row for row in rows_of(rig) if row[2] < border - HOUR]
        assert [row[:3] for row in past] == [("removed", "quota", start_ms)]
        await remove(rig, border, NOW, "quota")
        await condense(rig)
        young = [row for row in rows_of(rig) if row[2] > now_ms - 30 * DAY]
        assert len(young) > 50, "what is young stays as it is"


async def test_a_device_that_does_not_tell_its_oldest_may_hold_all(
    rig: LibraryRig,
) -> None:
    await rig.library.set_retention(CAMERA, Retention(days=10))
    old = TimeRange(NOW - 30 * DAY, NOW - 30 * DAY + HOUR)
    lost = TimeRange(NOW - 25 * DAY, NOW - 25 * DAY + HOUR)
    await rig.library.ledger.mark(CAMERA, [old], S.NOT_WANTED)
    await rig.library.ledger.mark(CAMERA, [lost], S.LOST, "overwritten")
    await condense(rig)
    spans = await rig.library.ledger.coverage(
        CAMERA, TimeRange(old.start_ms, lost.end_ms)
    )
    assert [span.state for span in spans] == [S.NOT_WANTED, S.REMOVED]


async def test_a_request_into_the_past_is_taken_back_when_nothing_came(
    rig: LibraryRig,
) -> None:
    await rig.library.set_retention(CAMERA, Retention(days=10))
    start_ms = await a_year_of_events(rig)
    await remove(rig, start_ms, NOW - 10 * DAY, "age")
    await tell(rig, [], TimeRange(NOW - HOUR, NOW), NOW - 9 * DAY)
    await condense(rig)
    rows = rows_of(rig)
    wanted = TimeRange(start_ms + DAY, start_ms + DAY + HOUR)
    want = await rig.library.ledger.add_want(CAMERA, wanted, "")
    assert len(rows_of(rig)) == len(rows) + 2
    await rig.library.ledger.close_want(want.id, "nothing")
    await condense(rig)
    assert rows_of(rig) == rows


async def test_closed_requests_end_and_open_ones_stay(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        window = TimeRange(NOW - DAY, NOW)
        closed = await rig.library.ledger.add_want(CAMERA, window, "")
        await rig.library.ledger.close_want(closed.id, "done")
        opened = await rig.library.ledger.add_want(CAMERA, window, "")
        clock.advance(29 * DAY)
        await condense(rig)
        assert ids_of(rig) == [closed.id, opened.id]
        clock.advance(2 * DAY)
        await condense(rig)
        assert ids_of(rig) == [opened.id]
        assert [want.id for want in await rig.library.ledger.wants(NVR)] == [opened.id]


def ids_of(rig: LibraryRig) -> list[int]:
    return store_of(rig.library).read(
        lambda c: [row[0] for row in c.execute("select id from want order by id")]
    )


async def test_more_than_goes_in_one_transaction_is_forgotten_as_well(
    rig: LibraryRig,
) -> None:
    old = [
        EventMark(EventClass.MOTION, TimeRange(start, start + 1))
        for start in range(NOW - 500 * DAY, NOW - 500 * DAY + 2500)
    ]
    new = EventMark(EventClass.MOTION, TimeRange(NOW, NOW + 1))
    await rig.library.ledger.add_marks(CAMERA, [*old, new])
    await condense(rig)
    everything = TimeRange(0, NOW + DAY)
    assert await rig.library.ledger.marks(CAMERA, everything) == (new,)


async def test_upkeep_forgets_every_night(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock) as rig:
        await rig.library.set_retention(CAMERA, Retention(days=1))
        await a_year_of_events(rig, days=5)
        clock.advance(30 * DAY)
        await tell(rig, [], TimeRange(clock.now_ms() - HOUR, clock.now_ms()), NOW)
        keeper_of(rig.library).tick()
        clock.advance(2 * DAY)
        await asyncio.to_thread(
            keeper_of(rig.library)._copy, store_of(rig.library).clock.now_ms()
        )
        assert len(rows_of(rig)) < 5


async def test_what_was_left_out_is_left_out_when_the_index_is_lost(
    tmp_path: Path, clock: ManualClock
) -> None:
    stretch = TimeRange(NOW - DAY, NOW - DAY + HOUR)
    async with running(tmp_path, clock) as rig:
        await rig.library.ledger.mark(
            CAMERA, [stretch], S.REMOVED, LedgerReason.LEFT_OUT
        )
        await flush(rig)
    shutil.rmtree(rig.index.parent)
    async with running(tmp_path, clock) as again:
        (span,) = await again.library.ledger.coverage(CAMERA, stretch)
        assert (span.state, span.reason) == (S.REMOVED, LedgerReason.LEFT_OUT)


def test_bounds_say_how_long_requests_are_remembered() -> None:
    assert LibraryBounds().want_history_ms == 30 * DAY


def test_a_stretch_that_reaches_out_of_the_window_is_joined_with_nothing() -> None:
    before = [
        entry(0, 12, S.REMOVED),
        entry(14, 20, S.REMOVED),
        entry(22, 60, S.REMOVED),
    ]
    assert span_rules.condensed(before, (), WINDOW) == before
