"""Ageing, and clocks that jump."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library.upkeep.retention_run import Retainer
from custom_components.vtrack_nvr.core.library.upkeep_values import BrakeReason
from custom_components.vtrack_nvr.core.library.values import Retention
from tests.insides import store_of

from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW
from .rig import RoomRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    async with RoomRig(tmp_path) as rig:
        yield rig


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
