"""More room than the budget has: who is asked, and what is done meanwhile."""

# Reads private members: what a restart forgets is forgotten.

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    RoomTrouble,
)
from custom_components.vtrack_nvr.core.library.values import Retention, RootConfig

from ..rig import CAMERA, DAY, HOUR, NOW, NVR, OTHER
from ..test_guard import until
from .rig import BOUNDS, CLIP, FLOOR, RoomRig, full


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    async with RoomRig(tmp_path) as rig:
        yield rig


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
