"""Room where a second storage takes clips: they move before they are deleted."""

# Reads private members: the timetable is told what it did.

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.values import Retention
from tests.insides import keeper_of

from ..rig import CAMERA, DAY, MINUTE, NOW
from ..test_guard import until
from .rig import RoomRig, old


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    async with RoomRig(tmp_path) as rig:
        yield rig


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
