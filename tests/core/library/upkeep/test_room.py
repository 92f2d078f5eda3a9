"""Making room, on real files: what goes, and what does not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import Space
from custom_components.vtrack_nvr.core.library.upkeep_values import RoomTrouble
from custom_components.vtrack_nvr.core.library.values import LibraryEventKind
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW
from ..test_guard import until
from .rig import BOUNDS, CLIP, RoomRig, full, old


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    async with RoomRig(tmp_path) as rig:
        yield rig


async def test_room_is_made_before_the_floor_is_reached_and_the_oldest_goes(
    rig: RoomRig,
) -> None:
    ids = await full(rig, missing=0)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 30, "at its floor, and nothing is being written"
    rig.library_rig.begin(NOW - DAY)  # now a clip is, and may grow
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 29
    assert await rig.library.browse.clip(ids[0]) is None
    assert await rig.library.browse.clip(ids[1]) is not None
    removed = await rig.library.browse.ledger(CoverageState.REMOVED)
    assert {entry.reason for entry in removed} == {"floor"}
    await asyncio.to_thread(invariants.check, rig.library, with_files=False)


async def test_a_writer_waits_for_room_and_is_not_refused(rig: RoomRig) -> None:
    await full(rig)
    assert await asyncio.to_thread(rig.library_rig.keep, NOW)
    assert rig.disk.clips() <= 29
    assert rig.root.room is None


async def test_trash_goes_before_anything_else_does(rig: RoomRig) -> None:
    ids = await old(rig)
    await rig.library.care.delete(ids[10:12])
    await asyncio.to_thread(rig.fill, 2)
    await asyncio.to_thread(rig.make_room)
    assert rig.states() == {"complete": 28}
    assert await rig.library.browse.clip(ids[0]) is not None


async def test_the_space_is_measured_again_before_more_is_deleted(rig: RoomRig) -> None:
    await full(rig, missing=3)
    await asyncio.to_thread(rig.make_room)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 27


async def test_where_deleted_files_free_nothing_deleting_ends_and_it_is_told(
    rig: RoomRig,
) -> None:
    await old(rig, count=120)
    rig.disk.frees = False
    heard = []
    rig.library.subscribe(heard.append)
    await asyncio.to_thread(rig.fill, 90)
    await asyncio.to_thread(rig.make_room)
    left = rig.disk.clips()
    assert left == 120 - BOUNDS.delete_batch
    for _ in range(30):
        await asyncio.to_thread(rig.pass_by, MINUTE)
        await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == left
    assert rig.root.room is RoomTrouble.NOT_FREED
    (info, _) = await rig.library.roots()
    assert info.room is RoomTrouble.NOT_FREED
    assert LibraryEventKind.RETENTION in {event.kind for event in heard}
    await asyncio.to_thread(rig.pass_by, HOUR)
    await asyncio.to_thread(rig.make_room)
    await until(lambda: rig.disk.clips() == left - 5)  # tried again with little
    await asyncio.to_thread(rig.pass_by, MINUTE)
    await asyncio.to_thread(rig.make_room)
    await asyncio.to_thread(rig.pass_by, 61 * MINUTE)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == left - 5, "and the pause grows"
    rig.disk.frees = True
    rig.disk.gone = 0
    await asyncio.to_thread(rig.pass_by, HOUR)
    await asyncio.to_thread(rig.make_room)
    await until(lambda: rig.disk.clips() == 30)  # as soon as it helps, it goes on
    await until(lambda: rig.root.room is None)


async def test_a_file_system_may_take_a_moment_to_free_space(rig: RoomRig) -> None:
    await old(rig, count=60)
    rig.disk.frees = False
    await asyncio.to_thread(rig.fill, 30)
    await asyncio.to_thread(rig.make_room)
    assert rig.root.room is None
    rig.disk.frees = True
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 30


async def test_a_clip_somebody_reads_is_passed_over_and_others_go(rig: RoomRig) -> None:
    ids = await old(rig)
    with await rig.library.browse.reader(ids[0]):
        await asyncio.to_thread(rig.fill, 2)
        await asyncio.to_thread(rig.make_room)
        assert rig.states() == {"complete": 28}
        found = await rig.library.browse.clip(ids[0])
        assert found is not None


async def test_a_file_that_cannot_be_removed_stays_kept_and_others_go(
    rig: RoomRig,
) -> None:
    ids = await old(rig)
    first = await rig.library.browse.clip(ids[0])
    assert first is not None
    denied = rig.media / "vtrack_nvr" / first.path
    rig.disk.refuses = lambda path: path == denied
    await asyncio.to_thread(rig.fill, 2)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 28
    assert rig.states() == {"complete": 28}
    assert denied.exists()
    window = first.facts.range
    assert [s.state for s in await rig.library.ledger.coverage(CAMERA, window)] == [
        CoverageState.KEPT
    ]
    assert rig.root.room is None
    rig.disk.refuses = lambda _path: False
    rig.disk.capacity = 27 * CLIP
    await asyncio.to_thread(rig.pass_by, MINUTE)
    await asyncio.to_thread(rig.make_room)
    assert denied.exists(), "not tried again at once"
    rig.disk.capacity = 0
    await asyncio.to_thread(rig.pass_by, 9 * MINUTE)
    await asyncio.to_thread(rig.pass_by, 2 * MINUTE)
    await asyncio.to_thread(rig.make_room)
    assert not denied.exists(), "but after the others"
    await asyncio.to_thread(invariants.check, rig.library, with_files=False)


async def test_where_no_file_can_be_removed_all_stay_and_it_is_told(
    rig: RoomRig,
) -> None:
    await old(rig, count=60)
    rig.disk.refuses = lambda path: path.suffix == ".mp4"
    await asyncio.to_thread(rig.fill, 40)
    for _ in range(10):
        await asyncio.to_thread(rig.make_room)
        await asyncio.to_thread(rig.pass_by, MINUTE)
    assert rig.states() == {"complete": 60}
    assert rig.root.room is RoomTrouble.REFUSED
    rig.disk.refuses = lambda _path: False
    await asyncio.to_thread(rig.pass_by, HOUR)
    await asyncio.to_thread(rig.make_room)
    assert rig.root.room is None
    assert rig.disk.clips() == 20


async def test_a_clip_a_person_deleted_waits_till_its_file_can_be_removed(
    rig: RoomRig,
) -> None:
    ids = await asyncio.to_thread(rig.keep, 2, NOW - DAY)
    rig.disk.refuses = lambda path: path.suffix == ".mp4"
    care = rig.library.care
    await care.delete(ids[:1])
    assert await care.empty_trash(at_once=True) == 0
    assert rig.states() == {"complete": 1, "deleting": 1}
    rig.disk.refuses = lambda _path: False
    assert await care.empty_trash(at_once=True) == 0
    rig.clock.advance(11 * MINUTE)
    await asyncio.to_thread(keeper_of(rig.library).tend, rig.root)
    assert rig.states() == {"complete": 1}


async def test_nothing_is_removed_on_a_root_that_is_not_settled(rig: RoomRig) -> None:
    ids = await asyncio.to_thread(rig.keep, 30, NOW - 60 * DAY)
    await rig.library.care.delete(ids[:1])
    rig.library.care.settle_soon = lambda _root: None
    store_of(rig.library).settled.discard(rig.root.id)
    rig.clock.advance(3 * HOUR)
    await asyncio.to_thread(rig.fill, 2)
    assert await rig.library.care.empty_trash(at_once=True) == 0
    await asyncio.to_thread(rig.make_room)
    assert (await rig.library.care.run_retention()).clips == 0
    assert rig.disk.clips() == 30


# Numbers that may be none


async def test_a_reported_full_disk_needs_room_whatever_it_says(rig: RoomRig) -> None:
    await asyncio.to_thread(rig.keep, 10, NOW - 60 * DAY)
    rig.clock.advance(3 * HOUR)
    store = store_of(rig.library)

    rig.disk.quota = True
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library_rig.keep, rig.clock.now_ms())
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    await until(lambda: rig.disk.clips() < 10)
    rig.disk.quota = False
    rig.clock.advance(11_000)  # others that failed meanwhile may have said so since
    await until(lambda: rig.library.ledger.storage_problem(CAMERA) is None)
    before = rig.disk.clips()
    assert before >= 8
    assert await asyncio.to_thread(rig.library_rig.keep, rig.clock.now_ms())
    assert rig.disk.clips() == before + 1
    assert rig.root.full is None
    assert store.guard.is_usable(rig.root)


async def test_a_quota_that_deleting_does_not_help_ends_it(rig: RoomRig) -> None:
    ids = await asyncio.to_thread(rig.keep, 60, NOW - 60 * DAY)
    rig.clock.advance(3 * HOUR)
    rig.disk.quota = True
    for number in range(200):
        with pytest.raises(NvrError):
            await asyncio.to_thread(rig.library_rig.keep, NOW + number * DAY)
        await asyncio.to_thread(rig.settle)
        rig.clock.advance(5000)
    assert rig.root.room is RoomTrouble.NOT_FREED
    # what is asked for grows with the clips that could not be begun: two batches at most
    assert rig.disk.clips() >= len(ids) - 2 * BOUNDS.delete_batch
    problem = rig.library.ledger.storage_problem(CAMERA)
    assert problem is not None
    assert problem.kind is ErrorKind.STORAGE_FULL
    # free space says nothing against a quota: only a write that ends well does
    left = rig.disk.clips()
    for _ in range(3):
        rig.clock.advance(2 * MINUTE)
        await asyncio.to_thread(rig.make_room)
        assert rig.root.room is RoomTrouble.NOT_FREED
    assert rig.disk.clips() == left
    rig.disk.quota = False
    rig.clock.advance(2 * MINUTE)
    await until(lambda: rig.library.ledger.storage_problem(CAMERA) is None)


@pytest.mark.parametrize(
    "reading",
    [Space(0, 0, False), Space(0, 10**12, False)],
    ids=["0 of 0", "0 of 1 TB"],
)
async def test_a_storage_that_tells_no_size_is_written_to_and_loses_nothing(
    rig: RoomRig, reading: Space
) -> None:
    await full(rig, missing=0)
    rig.disk.reading = reading
    for _ in range(5):
        await asyncio.to_thread(rig.pass_by, 6 * HOUR)
        await rig.library.care.run_retention()
        await asyncio.to_thread(rig.make_room)
        assert await asyncio.to_thread(rig.library_rig.keep, rig.clock.now_ms())
    assert rig.disk.clips() == 35
    assert rig.library.ledger.storage_problem(CAMERA) is None
    (info, _) = await rig.library.roots()
    assert (info.free_bytes, info.days_left) == (None, None)


async def test_free_space_that_falls_too_far_is_read_again_before_it_counts(
    rig: RoomRig,
) -> None:
    await asyncio.to_thread(rig.keep, 10, NOW - 60 * DAY)
    rig.clock.advance(3 * HOUR)
    rig.disk.capacity = 8 * CLIP
    await asyncio.to_thread(rig.pass_by, 1000)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 10
    assert rig.library.ledger.storage_problem(CAMERA) is None, (
        "nor is recording stopped"
    )
    rig.disk.capacity = None
    await asyncio.to_thread(rig.pass_by, 1000)
    rig.disk.capacity = 8 * CLIP
    await asyncio.to_thread(rig.pass_by, 59_000)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 10, "each time anew"
    await asyncio.to_thread(rig.pass_by, 61_000)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 8
