"""Protecting, deleting, bringing back, retaining, on real files."""

# Reads private members: what the guard and the room maker do on their threads is done here.

import asyncio
from dataclasses import replace
from unittest.mock import patch

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.index import room_rows
from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    DeleteCause,
)
from custom_components.vtrack_nvr.core.library.values import (
    LibraryEvent,
    LibraryEventKind,
    Retention,
)
from custom_components.vtrack_nvr.core.models import ClipState, CoverageState
from tests.insides import keeper_of, look_now, store_of

from . import invariants
from .rig import CAMERA, DAY, HOUR, MINUTE, NOW, NVR, OTHER, LibraryRig, ManualClock


def keep_all(rig: LibraryRig, *starts: int, camera=CAMERA) -> list[int]:
    return [rig.keep(start, camera) for start in starts]


async def states(rig: LibraryRig, start: int, end: int) -> list[str]:
    spans = await rig.library.ledger.coverage(CAMERA, TimeRange(start, end))
    return [span.state.value for span in spans]


async def test_a_deleted_clip_can_be_brought_back(rig: LibraryRig) -> None:
    care, browse = rig.library.care, rig.library.browse
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    assert [c.id for c in await care.delete([clip_id])] == [clip_id]
    assert await states(rig, NOW, NOW + HOUR) == ["removed"]
    assert [c.id for c in await browse.trash()] == [clip_id]
    assert (await browse.recent()) == ()
    with pytest.raises(NvrError) as caught:
        await browse.reader(clip_id)
    assert caught.value.kind is ErrorKind.GONE
    assert await care.empty_trash() == 0
    assert len(rig.files()) == 1
    assert [c.id for c in await care.restore([clip_id])] == [clip_id]
    assert await states(rig, NOW, NOW + HOUR) == ["kept"]
    await asyncio.to_thread(invariants.check, rig.library)


async def test_after_the_undo_window_file_and_row_and_empty_day_go(
    rig: LibraryRig,
) -> None:
    care = rig.library.care
    ids = await asyncio.to_thread(keep_all, rig, NOW, NOW + DAY)
    day = rig.folder / "recorder/garden/2027-01-15"
    assert day.is_dir()
    await care.delete(ids[:1])
    rig.clock.advance(2 * HOUR)
    assert await care.empty_trash() == 1
    assert not day.exists()
    assert len(rig.files()) == 1
    assert await rig.library.browse.clip(ids[0]) is None
    assert await care.restore(ids[:1]) == ()
    removed = await rig.library.browse.ledger(CoverageState.REMOVED)
    assert [(e.reason, e.range.start_ms) for e in removed] == [("person", NOW)]
    await asyncio.to_thread(invariants.check, rig.library)


async def test_nothing_is_deleted_under_a_reader(rig: LibraryRig) -> None:
    care = rig.library.care
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    with await rig.library.browse.reader(clip_id) as reader:
        second = await rig.library.browse.reader(clip_id)
        await care.delete([clip_id])
        assert await care.empty_trash(at_once=True) == 0
        assert reader.path.exists()
        second.release()
        second.release()
        assert await care.empty_trash(at_once=True) == 0
    assert await care.empty_trash(at_once=True) == 1
    assert not reader.path.exists()


async def test_protected_clips_stay_unless_asked_for_by_name(rig: LibraryRig) -> None:
    care, browse = rig.library.care, rig.library.browse
    first, second = await asyncio.to_thread(keep_all, rig, NOW, NOW + 5 * MINUTE)
    assert await care.protect([second], "fox") == 1
    assert await care.protect([second], "fox") == 0
    clip = await browse.clip(second)
    assert clip is not None
    assert (clip.is_protected, clip.note) == (True, "fox")
    assert await care.delete([first, second]) != ()
    assert [c.id for c in (await browse.search()).clips] == [second]
    assert [c.id for c in (await browse.search(is_protected=True)).clips] == [second]
    assert await care.protect([first]) == 1, "takes it out of the trash"
    assert await care.unprotect([second]) == 1
    assert await care.delete([second]) != ()
    assert await care.delete([first], with_protected=True) != ()
    assert (await browse.search()).clips == ()
    assert await care.protect([999_999]) == 0
    await asyncio.to_thread(invariants.check, rig.library)


async def test_purging_a_camera_leaves_the_others_and_the_protected(
    rig: LibraryRig,
) -> None:
    library = rig.library
    await library.register_camera(NVR, OTHER, "Yard")
    mine = await asyncio.to_thread(
        keep_all, rig, *(NOW + n * 5 * MINUTE for n in range(4))
    )
    (other,) = await asyncio.to_thread(keep_all, rig, NOW, camera=OTHER)
    await library.care.protect(mine[:1])
    everything = TimeRange(0, 2 * NOW)
    clips = await library.browse.clips_at(CAMERA, everything)
    gone = await library.care.delete([c.id for c in clips], cause=DeleteCause.PURGE)
    assert len(gone) == 3
    left = {c.id for c in (await library.browse.search()).clips}
    assert left == {mine[0], other}
    removed = await library.browse.ledger(CoverageState.REMOVED)
    assert {entry.reason for entry in removed} == {DeleteCause.PURGE}


async def test_removed_footage_is_not_fetched_again_unless_requested(
    rig: LibraryRig,
) -> None:
    library = rig.library
    whole = TimeRange(NOW, NOW + 5 * MINUTE)
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    await library.care.delete([clip_id])
    listed = SweepFindings(
        CAMERA, whole, (whole,), is_proof=True, device_earliest_ms=NOW
    )
    await library.ledger.note_sweep(listed)
    assert await states(rig, NOW, NOW + HOUR) == ["removed"]
    await library.ledger.mark(CAMERA, [whole], CoverageState.FAILED, "x")
    assert await states(rig, NOW, NOW + HOUR) == ["removed"]
    part = TimeRange(NOW + MINUTE, NOW + 2 * MINUTE)
    want = await library.ledger.add_want(CAMERA, part, "please")
    assert await states(rig, NOW, NOW + HOUR) == ["removed", "on_device", "removed"]
    assert await library.ledger.wants(NVR) == (want,)
    await library.ledger.close_want(want.id, "not there any more")
    await library.ledger.close_want(want.id, "twice")
    assert await library.ledger.wants(NVR) == ()
    assert await states(rig, NOW, NOW + HOUR) == ["removed"]


async def test_retention_deletes_what_aged_and_a_full_sweep_plans_nothing(
    rig: LibraryRig,
) -> None:
    library, clock = rig.library, rig.clock
    await library.set_retention(CAMERA, Retention(days=1))
    start = NOW
    for _ in range(3):
        await asyncio.to_thread(keep_all, rig, clock.now_ms() - 10 * MINUTE)
        await library.care.run_retention()
        clock.advance(12 * HOUR)
    dry = await asyncio.to_thread(library.care.retainer.plan)
    assert dry.clips == 1
    assert len(rig.files()) == 3, "a dry run deletes nothing"
    done = await library.care.run_retention()
    assert (done.clips, done.braked) == (1, ())
    clock.advance(2 * HOUR)
    await library.care.run_retention()
    assert len(rig.files()) == 1
    whole = TimeRange(start - HOUR, clock.now_ms())
    kept = [
        s.range
        for s in await library.ledger.coverage(CAMERA, whole)
        if s.state is CoverageState.KEPT
    ]
    gone = TimeRange(start - 10 * MINUTE, start - 5 * MINUTE)
    await library.ledger.note_sweep(
        SweepFindings(
            CAMERA,
            whole,
            (gone, *kept),
            is_proof=True,
            device_earliest_ms=start - HOUR,
            device_latest_ms=clock.now_ms(),
            wanted=(TimeRange(clock.now_ms() - DAY, clock.now_ms()),),
        )
    )
    spans = await library.ledger.coverage(CAMERA, whole)
    assert CoverageState.ON_DEVICE not in {span.state for span in spans}
    await asyncio.to_thread(invariants.check, rig.library)


async def test_a_stricter_policy_waits_for_a_person(rig: LibraryRig) -> None:
    library, clock = rig.library, rig.clock
    await library.set_retention(CAMERA, Retention(days=30))
    await asyncio.to_thread(keep_all, rig, *(NOW + n * 5 * MINUTE for n in range(6)))
    clock.advance(5 * DAY)
    await library.set_retention(CAMERA, Retention(days=2))
    store_of(library).bounds = replace(store_of(library).bounds, brake_slack_bytes=0)
    asked = await library.care.run_retention()
    assert [c.brake for c in asked.braked] == [BrakeReason.STRICTER]
    assert library.care.braked is asked
    assert (await library.health()).braked is asked
    assert len(rig.files()) == 6
    again = await library.care.run_retention("something else")
    assert again.token == asked.token
    assert (await library.ledger.totals(CAMERA)).clips == 6
    done = await library.care.run_retention(asked.token)
    assert done.clips == 6
    assert library.care.braked is None
    assert (await library.ledger.totals(CAMERA)).clips == 0
    assert (await library.care.run_retention()).clips == 0


async def test_a_clock_that_jumps_years_deletes_nothing(rig: LibraryRig) -> None:
    library, clock = rig.library, rig.clock
    store_of(library).bounds = replace(store_of(library).bounds, brake_slack_bytes=0)
    await library.set_retention(CAMERA, Retention(days=2))
    await asyncio.to_thread(keep_all, rig, NOW)
    await library.care.run_retention()
    clock.utc_ms += 3 * 365 * DAY
    for clock.is_kept in (None, False):
        for _ in range(20):
            found = await library.care.run_retention()
            assert [c.brake for c in found.braked] == [BrakeReason.CLOCK_JUMP]
            clock.advance(6 * HOUR)
    assert (await library.ledger.totals(CAMERA)).clips == 1
    clock.utc_ms -= 3 * 365 * DAY
    assert (await library.care.run_retention()).braked == ()


async def test_a_clock_that_jumps_ends_no_undo_and_no_export(rig: LibraryRig) -> None:
    library, clock = rig.library, rig.clock
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    await library.care.run_retention()
    await library.care.delete([clip_id])
    clock.utc_ms += 3 * 365 * DAY
    await library.care.run_retention()
    assert await library.care.empty_trash() == 0
    assert store_of(library).earliest_ms() < NOW + HOUR
    assert len(await library.care.restore([clip_id])) == 1
    await library.care.delete([clip_id])
    clock.utc_ms -= 3 * 365 * DAY
    clock.advance(2 * HOUR)
    assert await library.care.empty_trash() == 0, (
        "it was deleted in the year that was wrong"
    )
    clock.is_kept = True
    clock.utc_ms += 3 * 365 * DAY
    await library.care.run_retention()
    clock.advance(2 * HOUR)
    assert await library.care.empty_trash() == 1


async def test_listeners_hear_what_happens(rig: LibraryRig) -> None:
    heard: list[LibraryEvent] = []
    end = rig.library.subscribe(heard.append)
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    await rig.library.care.protect([clip_id])
    await rig.library.care.delete([clip_id], with_protected=True)
    end()
    end()
    await rig.library.care.restore([clip_id])
    assert [event.kind for event in heard] == [
        LibraryEventKind.CLIP_ADDED,
        LibraryEventKind.CLIP_CHANGED,
        LibraryEventKind.CLIP_REMOVED,
    ]
    assert {event.camera for event in heard} == {CAMERA}


async def test_deletion_waits_for_a_root_that_is_away(rig: LibraryRig) -> None:
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    await rig.library.care.delete([clip_id])
    marker = rig.folder / ".vtrack_nvr_root"
    away = rig.folder / "away"
    marker.rename(away)
    assert await rig.library.care.empty_trash(at_once=True) == 0
    assert len(rig.files()) == 1
    away.rename(marker)
    look_now(rig.library)
    await asyncio.sleep(0.1)

    def settle() -> None:
        for root in store_of(rig.library).guard.roots():
            store_of(rig.library).guard._visit(root)
            keeper_of(rig.library).tend(root)

    await asyncio.to_thread(settle)
    await rig.library.care.empty_trash(at_once=True)
    assert rig.files() == []
    clip = await rig.library.browse.clip(clip_id)
    assert clip is None or clip.state is not ClipState.DELETING


async def test_a_person_confirms_what_was_shown_and_what_aged_since(
    rig: LibraryRig,
) -> None:
    library, clock = rig.library, rig.clock
    store_of(library).bounds = replace(store_of(library).bounds, brake_slack_bytes=0)
    await library.set_retention(CAMERA, Retention(days=30))
    await asyncio.to_thread(keep_all, rig, *(NOW - n * DAY for n in range(6)))
    clock.advance(2 * HOUR)
    await library.set_retention(CAMERA, Retention(days=3))
    asked = await library.care.run_retention()
    assert asked.clips == 3
    clock.advance(DAY)
    stray = await asyncio.to_thread(rig.keep, NOW - 5 * DAY + HOUR)
    store_of(library).write(
        lambda c: c.execute("update clip set created_ms = 0 where id = ?", (stray,))
    )
    await library.care.run_retention(asked.token)
    left = [c.id for c in (await library.browse.search()).clips]
    assert len(left) == 3
    assert left[-1] == stray, "nobody was shown it"
    assert (await library.care.run_retention()).braked


async def test_limits_changed_before_anything_is_kept_ask_nothing(
    rig: LibraryRig,
) -> None:
    library, clock = rig.library, rig.clock
    store_of(library).bounds = replace(store_of(library).bounds, brake_slack_bytes=0)
    await library.set_retention(CAMERA, Retention(days=30))
    await library.set_retention(CAMERA, Retention(days=1))
    await asyncio.to_thread(keep_all, rig, NOW)
    for _ in range(3):
        clock.advance(12 * HOUR)
        found = await library.care.run_retention()
        assert found.braked == ()
    assert (await library.ledger.totals(CAMERA)).clips == 0


async def test_what_is_in_the_trash_is_there_after_an_older_index_was_brought_up(
    rig: LibraryRig,
) -> None:
    library = rig.library
    (clip_id,) = await asyncio.to_thread(keep_all, rig, NOW)
    await library.care.delete([clip_id])
    (root,) = store_of(library).guard.roots()
    await asyncio.to_thread(keeper_of(library).tend, root)
    store_of(library).write(lambda c: c.execute("delete from journal"))
    await asyncio.to_thread(library.care.checker.fast, root)
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert clip.state is ClipState.TRASHED
    await library.care.empty_trash(at_once=True)
    await asyncio.to_thread(keeper_of(library).tend, root)
    journal = (rig.folder / "recorder/garden/.journal.jsonl").read_text()
    gone = [line for line in journal.replace(" ", "").splitlines() if '"gone"' in line]
    assert len(gone) == 1
    assert '"cause":"person"' in gone[0]


async def test_the_trash_is_emptied_in_pages(rig: LibraryRig) -> None:
    library, store = rig.library, store_of(rig.library)
    ids = await asyncio.to_thread(
        keep_all, rig, *(NOW - DAY + n * 5 * MINUTE for n in range(60))
    )
    await library.care.delete(ids)
    seen: list[int] = []
    real = room_rows.on_root_in_state

    def page(*arguments):
        found = real(*arguments)
        seen.append(len(found))
        return found

    with patch.object(room_rows, "on_root_in_state", page):
        assert await library.care.empty_trash(at_once=True) == 60
    assert max(seen) == store.bounds.delete_batch
    assert sum(seen) == 60, "each row is read once"
    assert rig.files() == []


async def test_what_a_person_deleted_can_be_undone_for_a_moment_however_full_it_is(
    rig: LibraryRig, clock: ManualClock
) -> None:
    library = rig.library
    clip = await asyncio.to_thread(lambda: rig.keep(NOW - DAY))
    root = store_of(library).guard.roots()[0]
    await library.care.delete([clip])
    assert await asyncio.to_thread(library.care.room._empty, root) == 0
    assert rig.files() != []
    [back] = await library.care.restore([clip])
    assert back.id == clip
    await library.care.delete([clip])
    clock.advance(10_001)
    assert await asyncio.to_thread(library.care.room._empty, root) > 0
    assert rig.files() == []
