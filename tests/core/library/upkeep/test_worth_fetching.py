"""What limits and a full disk would delete again is not fetched."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.files import Space
from custom_components.vtrack_nvr.core.library.values import Retention
from custom_components.vtrack_nvr.core.models import CoverageState

from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW
from .rig import CLIP, RoomRig, full


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RoomRig]:
    async with RoomRig(tmp_path) as rig:
        yield rig


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
