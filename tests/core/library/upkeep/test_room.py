"""Making room, on real files: on a disk that counts a hundred megabytes for each."""

# Reads private members: what a restart forgets is forgotten; the timetable is told what it did.

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
import errno
from pathlib import Path
import sqlite3
from typing import override

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library import (
    BrakeReason,
    Library,
    LibraryBounds,
    LibraryEventKind,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.library.files import (
    FileLayer,
    Space,
    storage_error,
)
from custom_components.vtrack_nvr.core.library.guard import Root
from custom_components.vtrack_nvr.core.library.upkeep.retention_run import Retainer
from custom_components.vtrack_nvr.core.library.upkeep_values import RoomTrouble
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.insides import keeper_of, store_of

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
    TextProbe,
)
from ..test_guard import until

CLIP = 100_000_000
FLOOR = 5_000_000_000
BOUNDS = LibraryBounds(
    guard_interval=0.02,
    open_wait=5.0,
    stop_wait=2.0,
    batch_seconds=0.001,
    keeper_interval=3600,
    check_interval_ms=10**15,
    copy_interval_ms=10**15,
)


class Disk(FileLayer):
    """Real files, each clip of which takes a hundred megabytes of the first disk."""

    def __init__(self, media: Path) -> None:
        self.media = media
        self.capacity: int | None = None
        """What clips may take above the floor; None: as much as they like."""
        self.frees = True
        self.refuses: Callable[[Path], bool] = lambda _path: False
        self.quota = False
        self.reading: Space | None = None
        self.gone = 0
        self.seen: dict[Path, int] = {}

    def clips(self) -> int:
        return len(list(self.media.rglob("*.mp4")))

    @override
    def space(self, folder: Path) -> Space:
        if not folder.is_relative_to(self.media) or self.capacity is None:
            return Space(900 * 10**9, 10**12, False)
        if self.reading is not None:
            return self.reading
        used = self.clips() + (0 if self.frees else self.gone)
        return Space(FLOOR + self.capacity - used * CLIP, 10**12, False)

    @override
    def size(self, path: Path) -> int | None:
        found = super().size(path)
        return CLIP if found and path.suffix == ".mp4" else found

    @override
    def remove(self, path: Path) -> None:
        if self.refuses(path):
            raise storage_error(PermissionError(errno.EACCES, "denied"), path.name)
        self.gone += path.suffix == ".mp4"
        super().remove(path)

    @override
    def make_folder(self, folder: Path, below: Path) -> None:
        if self.quota:
            raise storage_error(OSError(errno.EDQUOT, "quota exceeded"), folder.name)
        super().make_folder(folder, below)


class RoomRig:
    """A library on such a disk, and another one beside it."""

    def __init__(self, folder: Path) -> None:
        self.media, self.nas = folder / "media", folder / "nas"
        self.media.mkdir()
        self.nas.mkdir()
        self.disk = Disk(self.media)
        self.clock = ManualClock()
        self.library = Library(
            folder / "config" / "index.db",
            [RootConfig(self.media, "media", FLOOR), RootConfig(self.nas, "nas", 0)],
            clock=self.clock,
            probe=TextProbe(),
            bounds=BOUNDS,
            files=self.disk,
            with_keeper=False,
        )
        self.library_rig = LibraryRig(
            self.library, self.clock, folder, self.media, store_of(self.library).probe
        )

    @property
    def root(self) -> Root:
        return store_of(self.library).guard.roots()[0]

    @property
    def second(self) -> Root:
        return store_of(self.library).guard.roots()[1]

    def keep(self, count: int, start_ms: int, step_ms: int = 5 * MINUTE) -> list[int]:
        found = [
            self.library_rig.keep(start_ms + number * step_ms)
            for number in range(count)
        ]
        self.scale()
        return found

    def scale(self) -> None:
        """Let every clip count as many bytes as it takes of the disk."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(f"update clip set size_bytes = {CLIP}")
            connection.execute(f"update camera set bytes = clips * {CLIP}")
            connection.execute(f"update camera_day set bytes = clips * {CLIP}")
            connection.execute(f"update root_total set bytes = clips * {CLIP}")

        store_of(self.library).write(run)

    def fill(self, missing: int = 0) -> None:
        """Let the disk have no more room than it has clips, less some clips."""
        self.disk.capacity = (self.disk.clips() - missing) * CLIP
        store_of(self.library).guard.measure(self.root)
        self.pass_by(2 * MINUTE)  # such a fall is not believed before it lasts

    def pass_by(self, ms: int) -> None:
        self.clock.advance(ms)
        store_of(self.library).guard.measure(self.root)

    def make_room(self) -> None:
        """Let a pass that has begun before end, then have one that sees all of now."""
        self.settle()
        self.library.care.room.wake(self.root).result(10)

    def settle(self) -> None:
        """Let a pass that has begun end, before the clock is moved."""
        begun = self.library.care.room._states.get(self.root.id)
        if begun is not None and begun.running is not None:
            begun.running.result(10)

    def states(self) -> dict[str, int]:
        return store_of(self.library).read(
            lambda c: dict(
                tuple(row)
                for row in c.execute("select state, count(*) from clip group by 1")
            )
        )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    found = RoomRig(tmp_path)
    library = found.library
    await library.open()
    await library.register_nvr(NVR, "Recorder")
    await library.register_camera(NVR, CAMERA, "Garden")
    await until(lambda: found.root.id in store_of(library).settled)
    await until(lambda: found.second.id in store_of(library).settled)
    yield found
    await library.close()


async def old(rig: RoomRig, count: int = 30) -> list[int]:
    """Keep clips of sixty days ago, hours ago."""
    ids = await asyncio.to_thread(rig.keep, count, NOW - 60 * DAY)
    rig.clock.advance(3 * HOUR)
    return ids


async def full(rig: RoomRig, count: int = 30, missing: int = 2) -> list[int]:
    """Keep such clips on a disk that is full since: room is being made from now on."""
    ids = await old(rig, count)
    await asyncio.to_thread(rig.fill, missing)
    return ids


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


# The budget, and who is asked


async def test_beyond_the_budget_a_person_is_asked_and_room_is_made_within_it(
    rig: RoomRig,
) -> None:
    await asyncio.to_thread(rig.keep, 120, NOW - 60 * DAY)
    rig.clock.advance(2 * DAY)
    await asyncio.to_thread(rig.fill, 80)
    await asyncio.to_thread(rig.make_room)
    slack = (BOUNDS.brake_slack_bytes + FLOOR) // CLIP
    assert rig.disk.clips() == 120 - slack
    assert rig.root.room is RoomTrouble.ASKS
    asked = await rig.library.care.run_retention()
    assert [c.brake for c in asked.braked] == [BrakeReason.TOO_MUCH]
    assert rig.library.care.braked is asked
    assert len(asked.held) == 80 - slack
    assert rig.disk.clips() == 120 - slack
    done = await rig.library.care.run_retention(asked.token)
    assert done.clips == 80 - slack
    assert rig.disk.clips() == 40
    assert rig.library.care.braked is None
    await until(lambda: rig.library.ledger.storage_problem(CAMERA) is None)


async def test_the_budget_outlives_a_restart_and_is_new_after_a_day(
    rig: RoomRig, tmp_path: Path
) -> None:
    await asyncio.to_thread(rig.keep, 200, NOW - 60 * DAY)
    rig.clock.advance(2 * DAY)
    await asyncio.to_thread(rig.fill, 190)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 140
    rig.library.care.room._states.clear()  # what a restart forgets
    rig.root.room = None
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 140
    await asyncio.to_thread(rig.pass_by, 25 * HOUR)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 80


async def test_a_higher_floor_asks_and_recording_goes_on_meanwhile(
    rig: RoomRig,
) -> None:
    library = rig.library
    await full(rig, missing=0)
    configs = [
        RootConfig(rig.media, "media", FLOOR + 10 * CLIP),
        RootConfig(rig.nas, "nas", 0),
    ]
    await library.set_roots(configs)
    assert rig.root.floor_now == FLOOR
    asked = await library.care.run_retention()
    assert [c.brake for c in asked.braked] == [BrakeReason.STRICTER]
    assert asked.clips == 10
    assert await asyncio.to_thread(rig.library_rig.keep, NOW)
    rig.scale()
    await until(lambda: rig.disk.clips() <= 30)
    assert rig.disk.clips() >= 29
    await library.care.run_retention(library.care.braked.token)
    assert rig.root.floor_now == FLOOR + 10 * CLIP
    assert 19 <= rig.disk.clips() <= 21
    await library.set_roots([replace(configs[0], floor_bytes=FLOOR), configs[1]])
    assert rig.root.floor_now == FLOOR, "a lower one needs nobody"


async def test_a_higher_floor_that_takes_nothing_is_simply_obeyed(rig: RoomRig) -> None:
    await asyncio.to_thread(rig.keep, 3, NOW - DAY)
    await rig.library.set_roots([RootConfig(rig.media, "media", 2 * FLOOR)])
    assert (await rig.library.care.run_retention()).held == ()
    assert rig.root.floor_now == 2 * FLOOR


async def test_a_limit_in_gb_is_obeyed_and_asks_for_more_than_was_written(
    rig: RoomRig,
) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(max_bytes=20 * CLIP))
    await asyncio.to_thread(rig.keep, 25, NOW - 60 * DAY)
    rig.clock.advance(2 * HOUR)
    done = await library.care.run_retention()
    assert (done.clips, done.braked) == (5, ())
    assert (await library.ledger.totals(CAMERA)).clips == 20
    assert (await library.care.run_retention()).clips == 0


async def test_each_camera_has_its_own_limit(rig: RoomRig) -> None:
    library = rig.library
    await library.register_camera(NVR, OTHER, "Yard")
    await library.set_retention(CAMERA, Retention(max_bytes=2 * CLIP))
    await library.set_retention(OTHER, Retention())
    await asyncio.to_thread(rig.keep, 4, NOW - 60 * DAY)
    for number in range(4):
        await asyncio.to_thread(
            rig.library_rig.keep, NOW - 90 * DAY + number * HOUR, OTHER
        )
    rig.scale()
    rig.clock.advance(2 * HOUR)
    assert (await library.care.run_retention()).clips == 2
    assert (await library.ledger.totals(OTHER)).clips == 4


async def test_a_confirmation_lets_go_what_was_shown_and_nothing_else(
    rig: RoomRig,
) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(max_bytes=100 * CLIP))
    await asyncio.to_thread(rig.keep, 30, NOW - 60 * DAY)
    rig.clock.advance(2 * HOUR)
    await library.set_retention(CAMERA, Retention(max_bytes=20 * CLIP))
    asked = await library.care.run_retention()
    assert (asked.clips, len(asked.held)) == (10, 10)
    older = await asyncio.to_thread(rig.keep, 3, NOW - 61 * DAY)
    rig.clock.advance(2 * HOUR)
    await library.care.run_retention(asked.token)
    left = {clip.id for clip in (await library.browse.search()).clips}
    assert set(older) <= left, "nobody was shown them"
    assert len(left) == 23


# Clocks


async def test_a_pause_of_any_length_is_ageing(rig: RoomRig) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=7))
    await asyncio.to_thread(rig.keep, 40, NOW - DAY, 30 * MINUTE)
    await library.care.run_retention()
    rig.clock.advance(20 * DAY)
    done = await library.care.run_retention()
    assert (done.clips, done.braked) == (40, ())


async def test_a_machine_that_slept_waits_an_hour_and_asks_nobody(rig: RoomRig) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=2))
    await asyncio.to_thread(rig.keep, 10, NOW - 2 * DAY, MINUTE)
    await library.care.run_retention()
    rig.clock.utc_ms += 5 * HOUR
    found = await library.care.run_retention()
    assert (found.clips, found.braked) == (0, ())
    rig.clock.advance(59 * MINUTE)
    assert (await library.care.run_retention()).clips == 0
    rig.clock.advance(2 * MINUTE)
    found = await library.care.run_retention()
    assert (found.clips, found.braked) == (10, ())


async def test_a_clock_that_jumped_a_day_asks_for_an_hour_or_until_it_is_confirmed(
    rig: RoomRig,
) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=2))
    await asyncio.to_thread(rig.keep, 10, NOW - DAY, MINUTE)
    await library.care.run_retention()
    rig.clock.utc_ms += 3 * DAY
    asked = await library.care.run_retention()
    assert {item.brake for item in asked.held} == {BrakeReason.CLOCK_JUMP}
    rig.clock.advance(30 * MINUTE)
    assert (await library.care.run_retention()).braked
    assert (await library.care.run_retention(asked.token)).clips == 10
    assert (await library.ledger.totals(CAMERA)).clips == 0
    assert (await library.care.run_retention()).braked == ()
    await asyncio.to_thread(rig.keep, 1, NOW, MINUTE)
    rig.clock.advance(2 * HOUR)
    assert (await library.care.run_retention()).braked == (), (
        "it is trusted from now on"
    )


async def test_at_a_start_after_a_pause_ageing_waits_till_the_clock_is_believed(
    rig: RoomRig,
) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=2))
    await asyncio.to_thread(rig.keep, 10, NOW - 2 * DAY, MINUTE)
    await library.care.run_retention()
    for pause, is_asked in ((20 * HOUR, False), (3 * DAY, True)):
        rig.clock.advance(pause)
        care = library.care
        care.retainer = Retainer(store_of(library), care.room)  # as a start does
        found = await care.run_retention()
        assert bool(found.braked) is is_asked
        assert (await library.ledger.totals(CAMERA)).clips == 10
    rig.clock.advance(30 * MINUTE)
    rig.clock.is_kept = True
    assert (await library.care.run_retention()).braked
    rig.clock.advance(31 * MINUTE)
    assert (await library.care.run_retention()).clips == 10
    assert (await library.ledger.totals(CAMERA)).clips == 0


async def test_a_clock_that_comes_back_is_believed_at_once(rig: RoomRig) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=2))
    await asyncio.to_thread(rig.keep, 4, NOW - 2 * DAY - HOUR, MINUTE)
    assert (await library.care.run_retention()).clips == 0
    rig.clock.utc_ms += 300 * DAY
    assert (await library.care.run_retention()).braked
    rig.clock.utc_ms -= 300 * DAY
    rig.clock.advance(2 * HOUR)
    found = await library.care.run_retention()
    assert (found.clips, found.braked) == (4, ())


async def test_a_jump_of_the_clock_is_no_new_day(rig: RoomRig) -> None:
    await asyncio.to_thread(rig.keep, 200, NOW - 60 * DAY)
    rig.clock.advance(2 * DAY)
    await asyncio.to_thread(rig.fill, 190)
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 140
    rig.clock.utc_ms += 30 * DAY
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 140
    rig.clock.utc_ms -= 60 * DAY
    await asyncio.to_thread(rig.make_room)
    assert rig.disk.clips() == 140


# A second storage


async def sends(rig: RoomRig, days: float = 1.0) -> None:
    await rig.library.set_retention(
        CAMERA, Retention(move_after_days=days, move_to_root=rig.second.id)
    )


async def test_what_is_due_for_another_storage_is_moved_and_not_deleted(
    rig: RoomRig,
) -> None:
    ids = await old(rig)
    await sends(rig)
    await asyncio.to_thread(rig.fill, 3)
    await asyncio.to_thread(rig.make_room)
    await until(lambda: rig.disk.clips() == 0)
    assert len(list(rig.nas.rglob("*.mp4"))) == len(ids)
    assert rig.states() == {"complete": 30}
    await asyncio.to_thread(rig.make_room)
    assert rig.root.room is None


async def test_what_is_not_due_goes_while_the_rest_is_moved(rig: RoomRig) -> None:
    await old(rig)
    await sends(rig, days=90)
    await asyncio.to_thread(rig.fill, 3)
    await asyncio.to_thread(rig.make_room)
    assert rig.states() == {"complete": 27}


async def test_where_the_other_storage_is_away_clips_are_deleted_for_room(
    rig: RoomRig,
) -> None:
    await old(rig)
    await sends(rig)
    rig.nas.rename(rig.nas.with_name("away"))
    await until(lambda: rig.library.root_problem(rig.second.id) is not None)
    await asyncio.to_thread(rig.fill, 3)
    await asyncio.to_thread(rig.make_room)
    assert rig.states() == {"complete": 27}
    rig.nas.with_name("away").rename(rig.nas)


async def test_where_moving_fails_for_an_hour_clips_are_deleted_and_it_is_told(
    rig: RoomRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await old(rig)
    await sends(rig)

    def fail(*_arguments: object) -> str:
        raise NvrError(ErrorKind.STORAGE_FAILED, "I/O error")

    monkeypatch.setattr(rig.disk, "copy", fail)
    await asyncio.to_thread(rig.fill, 3)
    await asyncio.to_thread(rig.make_room)
    await asyncio.to_thread(rig.library.care.mover.start().result, 10)
    assert rig.states() == {"complete": 30}
    await asyncio.to_thread(rig.pass_by, 59 * MINUTE)
    await asyncio.to_thread(rig.make_room)
    assert rig.states() == {"complete": 30}
    await asyncio.to_thread(rig.pass_by, 2 * MINUTE)
    await asyncio.to_thread(rig.make_room)
    assert rig.states() == {"complete": 27}


async def test_the_mover_has_its_own_timetable(rig: RoomRig) -> None:
    await asyncio.to_thread(rig.keep, 3, NOW - 5 * DAY)
    await sends(rig)
    keeper = keeper_of(rig.library)
    await asyncio.to_thread(keeper.tick)
    for _ in range(3):
        rig.clock.advance(40 * MINUTE)
        await rig.library.care.run_retention()
        await asyncio.to_thread(keeper._done, "retention", rig.clock.now_ms())
        await asyncio.to_thread(keeper.tick)
    await until(lambda: len(list(rig.nas.rglob("*.mp4"))) == 3)


# What is worth fetching


async def listed(rig: RoomRig, stretch: TimeRange) -> list[tuple[CoverageState, int]]:
    """Enter that the device holds all of a stretch; return the ledger, in hours."""
    await rig.library.ledger.note_sweep(
        SweepFindings(
            camera=CAMERA,
            window=stretch,
            present=(stretch,),
            is_proof=True,
            device_earliest_ms=stretch.start_ms,
            device_latest_ms=stretch.end_ms,
        )
    )
    spans = await rig.library.ledger.coverage(CAMERA, stretch)
    return [(span.state, round(span.range.duration_ms / HOUR)) for span in spans]


async def test_nothing_is_fetched_that_a_limit_would_delete_again(rig: RoomRig) -> None:
    library = rig.library
    await library.set_retention(CAMERA, Retention(max_bytes=20 * CLIP))

    def keep() -> None:
        for number in range(24):
            rig.library_rig.keep(NOW - (24 - number) * HOUR, duration_ms=HOUR)
        rig.scale()

    await asyncio.to_thread(keep)
    window = TimeRange(NOW - 100 * HOUR, NOW)
    rig.clock.advance(2 * HOUR)
    assert await listed(rig, window) == [
        (CoverageState.ON_DEVICE, 76),
        (CoverageState.KEPT, 24),
    ]
    await library.care.run_retention()
    assert library.ledger.kept_from_ms(CAMERA) == NOW - 20 * HOUR
    spans = await library.ledger.coverage(CAMERA, window)
    assert [span.state for span in spans] == [
        CoverageState.NOT_WANTED,
        CoverageState.REMOVED,
        CoverageState.KEPT,
    ], "at once, not with the next look"
    assert await listed(rig, window) == [
        (CoverageState.NOT_WANTED, 76),
        (CoverageState.REMOVED, 4),
        (CoverageState.KEPT, 20),
    ]
    await library.set_retention(CAMERA, Retention(max_bytes=90 * CLIP))
    await library.care.run_retention()
    assert library.ledger.kept_from_ms(CAMERA) is None
    assert await listed(rig, window) == [
        (CoverageState.ON_DEVICE, 80),
        (CoverageState.KEPT, 20),
    ], "what a limit took is wanted when it grows"


async def test_what_a_person_or_age_removed_is_not_wanted_again(rig: RoomRig) -> None:
    (clip_id,) = await asyncio.to_thread(rig.keep, 1, NOW - DAY)
    await rig.library.care.delete([clip_id])
    window = TimeRange(NOW - DAY, NOW - DAY + 5 * MINUTE)
    await listed(rig, window)
    (span,) = await rig.library.ledger.coverage(CAMERA, window)
    assert span.state is CoverageState.REMOVED


async def test_a_full_disk_wants_nothing_older_than_what_it_holds(rig: RoomRig) -> None:
    library = rig.library
    await full(rig, missing=0)
    await asyncio.to_thread(library.care.room.note_limits)
    assert library.ledger.kept_from_ms(CAMERA) == NOW - 60 * DAY
    rig.disk.capacity = 10**12
    await asyncio.to_thread(rig.pass_by, MINUTE)
    await asyncio.to_thread(library.care.room.note_limits)
    assert library.ledger.kept_from_ms(CAMERA) is None
    rig.disk.reading = Space(0, 0, False)
    await asyncio.to_thread(rig.pass_by, MINUTE)
    await asyncio.to_thread(library.care.room.note_limits)
    assert library.ledger.kept_from_ms(CAMERA) is None, "nobody knows better"
