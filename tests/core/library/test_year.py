"""A year of the account, against disks that lie: what may never happen does not."""

import pytest

from custom_components.vtrack_nvr.core.library.upkeep_values import RoomTrouble
from custom_components.vtrack_nvr.core.library.values import Retention

from .year import GB, Disk, YearRig, rng

pytestmark = pytest.mark.long

YEAR_H = 365 * 24


def live(
    rig: YearRig,
    hours: float = YEAR_H,
    seed: int = 0,
    *,
    pauses: bool = False,
    steps: bool = False,
    reads: bool = True,
    is_helpful: bool = True,
) -> YearRig:
    """Record for a year; `is_helpful`: deleting helps, so that nothing may be refused."""
    random = rng(seed)
    while rig.true_h < hours:
        luck = random.random()
        if pauses and luck < 0.01:
            for _ in range(random.randint(1, int(10 * 24 / rig.step_h))):
                rig.tick(is_running=False)
            rig.begin()  # Home Assistant comes back
        elif pauses and luck < 0.02:
            rig.clock.skipped -= rig.step_h * 3600  # a machine that slept
        clock_h = rig.step_h
        if steps and luck > 0.995:
            clock_h += random.choice([-300.0, -26.0, -2.0, 2.0, 26.0, 300.0])
        rig.tick(clock_h=clock_h)
        read = random.randrange(1, rig.next_id + 1)
        if reads:
            rig.store.hold(read)
        was_written = rig.record()
        if not was_written and is_helpful:
            assert rig.may_still_delete() < rig.size, (
                f"refused after {rig.true_h:.0f} h although deleting helps"
            )
        if reads:
            rig.store.let_go(read)
    rig.check_budget()
    return rig


def share(rig: YearRig) -> float:
    """Return how much of the recording was refused."""
    return len(rig.refused) / (len(rig.refused) + len(rig.written))


@pytest.mark.parametrize("mbit", [40, 160, 640])
def test_a_full_disk_records_on_and_on(mbit: float) -> None:
    size = mbit * 1e6 / 8 * 3600
    rig = YearRig(
        [Disk(int(30 * 24 * size))], Retention(days=365), step_h=12, mbit=mbit
    )
    live(rig, seed=int(mbit))
    assert rig.refused == []
    assert rig.root.room is None
    assert rig.disks[0].free >= 0
    assert any(not item.is_expected for item in rig.removals)


@pytest.mark.parametrize("seed", [1, 2])
def test_pauses_of_days_and_sleep_never_hold_what_aged_nor_stop_recording(
    seed: int,
) -> None:
    rig = YearRig([Disk(6000 * GB)], Retention(days=7), step_h=12, mbit=40)
    live(rig, seed=seed, pauses=True)
    assert rig.refused == []
    for _ in range(3):
        rig.tick()
    assert rig.retainer.braked is None
    row = rig.db.connection.execute(
        "select min(end_ms) from clip where state = 'complete' and is_protected = 0"
    ).fetchone()
    assert rig.clock.now_ms() - row[0] < 9 * 24 * 3_600_000
    assert all(item.is_expected for item in rig.removals)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_clock_that_steps_neither_spends_more_nor_stops_recording(seed: int) -> None:
    rig = YearRig([Disk(5000 * GB)], Retention(days=300), step_h=12, mbit=40)
    live(rig, seed=seed, steps=True)
    assert share(rig) < 0.02, "only where a false clock makes all young"


def unprotected(rig: YearRig) -> set[int]:
    return {
        row[0]
        for row in rig.db.connection.execute(
            "select id from clip where state = 'complete' and is_protected = 0"
        )
    }


@pytest.mark.parametrize("days", [400, 3650])
@pytest.mark.parametrize("is_kept", [False, None])
def test_a_clock_that_is_wrong_for_long_ages_nothing(
    days: int, is_kept: bool | None
) -> None:
    rig = YearRig([Disk(50_000 * GB)], Retention(days=30), step_h=6, mbit=40)
    live(rig, hours=40 * 24)
    before, rig.clock.is_kept = unprotected(rig), is_kept
    rig.tick(clock_h=6 + days * 24)
    live(rig, hours=rig.true_h + 4 * 24)
    assert before <= unprotected(rig)
    rig.tick(clock_h=6 - days * 24)
    live(rig, hours=rig.true_h + 24)
    assert before - unprotected(rig), "what has aged in truth goes again"


def test_a_machine_that_was_off_for_long_ages_once_its_clock_is_kept_right() -> None:
    rig = YearRig([Disk(50_000 * GB)], Retention(days=30), step_h=6, mbit=40)
    live(rig, hours=40 * 24)
    before = unprotected(rig)
    rig.tick(clock_h=6 + 400 * 24)
    live(rig, hours=rig.true_h + 24)
    assert not before & unprotected(rig)


@pytest.mark.parametrize("mbit", [40, 640])
def test_a_recycle_bin_or_snapshots_cost_little(mbit: float) -> None:
    size = mbit * 1e6 / 8 * 3600
    disk = Disk(int(20 * 24 * size), keeps_deleted=True)
    rig = YearRig([disk], Retention(days=365), step_h=12, mbit=mbit)
    live(rig, hours=40 * 24, is_helpful=False)
    assert rig.root.room is RoomTrouble.NOT_FREED
    lost = sum(item.size for item in rig.removals)
    assert lost <= 40 * rig.size, "each try is small, and they come seldom"
    disk.keeps_deleted, disk.binned = False, 0  # somebody empties it
    rig.refused.clear()
    live(rig, hours=60 * 24)
    assert share(rig) < 0.05
    assert rig.root.room is None


def test_another_program_that_takes_all_room_costs_no_more_than_the_budget() -> None:
    disk = Disk(2000 * GB)
    rig = YearRig([disk], Retention(days=365), step_h=6, mbit=40)
    live(rig, hours=60 * 24)
    disk.other = 1900 * GB
    live(rig, hours=90 * 24, is_helpful=False)
    disk.other = 0
    rig.refused.clear()
    live(rig, hours=120 * 24)
    assert share(rig) < 0.05


@pytest.mark.parametrize(
    "says", [(0, 0), (0, 10**12), None], ids=["0/0", "0/1T", "true"]
)
def test_a_quota_is_felt_by_writing_whatever_the_size_says(
    says: tuple[int, int] | None,
) -> None:
    told = (lambda _disk: says) if says else (lambda _disk: (800 * GB, 1000 * GB))
    disk = Disk(10_000 * GB, says=told, quota=1500 * GB)
    rig = YearRig([disk], Retention(days=365), step_h=6, mbit=40)
    live(rig, hours=90 * 24, is_helpful=False)
    assert share(rig) < 0.01
    assert rig.disks[0].free >= 0


def test_a_union_of_disks_that_says_nothing_loses_nothing() -> None:
    disk = Disk(10**16, says=lambda _disk: (0, 0))
    rig = YearRig([disk], Retention(days=365), step_h=12, mbit=160)
    live(rig, hours=120 * 24)
    assert (rig.removals, rig.refused) == ([], [])


def test_a_disk_that_is_away_or_read_only_loses_nothing_meanwhile() -> None:
    disk = Disk(1500 * GB)
    rig = YearRig([disk], Retention(days=30), step_h=6, mbit=40)
    live(rig, hours=40 * 24)
    for trouble in ("is_away", "is_read_only"):
        setattr(disk, trouble, True)
        count = len(rig.removals)
        complete = "select count(*) from clip where state <> 'complete'"
        for _ in range(30):
            rig.tick()
            rig.record()
        assert len(rig.removals) == count
        assert rig.db.connection.execute(complete).fetchone()[0] <= 6
        setattr(disk, trouble, False)
        live(rig, hours=rig.true_h + 20 * 24)
    rig.refused.clear()
    live(rig, hours=rig.true_h + 20 * 24)
    assert rig.refused == []


def test_a_disk_that_is_full_at_the_start_is_made_room_on() -> None:
    disk = Disk(1200 * GB)
    rig = YearRig([disk], Retention(days=365), step_h=6, mbit=40)
    live(rig, hours=30 * 24)
    disk.other = disk.free
    rig.refused.clear()
    rig.begin()
    live(rig, hours=60 * 24)
    assert rig.refused == []


@pytest.mark.parametrize("seed", [1, 2])
def test_files_that_cannot_be_removed_are_passed_over(seed: int) -> None:
    disk = Disk(3000 * GB)
    disk.refuses = lambda path: path.endswith(
        tuple(f"/{n}.mp4" for n in range(seed, 40, 13))
    )
    rig = YearRig([disk], Retention(days=365), step_h=6, mbit=40)
    live(rig, seed=seed, hours=120 * 24)
    rows = rig.db.connection.execute("select * from clip where state <> 'complete'")
    assert rows.fetchall() == [], "nothing is condemned that cannot go"
    assert share(rig) < 0.01


def test_with_a_second_storage_nothing_is_deleted_that_is_due_there() -> None:
    disks = [Disk(600 * GB), Disk(10**15)]
    rig = YearRig(
        disks,
        Retention(days=400, move_after_days=1, move_to_root=2),
        step_h=6,
        mbit=40,
    )
    live(rig, hours=60 * 24)
    assert (rig.removals, rig.refused) == ([], [])
    assert len(disks[1].files) > 200


def test_a_full_second_storage_makes_room_for_what_comes() -> None:
    disks = [Disk(800 * GB), Disk(1500 * GB)]
    rig = YearRig(
        disks,
        Retention(days=400, move_after_days=1, move_to_root=2),
        step_h=6,
        mbit=40,
    )
    live(rig, hours=70 * 24)
    assert rig.refused == []
    assert {item.root_id for item in rig.removals} == {2}


def test_a_second_storage_that_goes_away_does_not_stop_recording() -> None:
    disks = [Disk(600 * GB), Disk(10**15)]
    rig = YearRig(
        disks,
        Retention(days=400, move_after_days=1, move_to_root=2),
        step_h=6,
        mbit=40,
    )
    live(rig, hours=30 * 24)
    disks[1].is_away = True
    live(rig, hours=60 * 24)
    assert rig.refused == []
    assert {item.root_id for item in rig.removals} == {1}
    disks[1].is_away = False
    before = len(rig.removals)
    live(rig, hours=90 * 24)
    assert len(rig.removals) <= before + 1
