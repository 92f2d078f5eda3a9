"""Upkeep by the clock."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index.opening import existing_copies
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, Retention
from tests.insides import keeper_of

from ..rig import CAMERA, DAY, HOUR, NOW, NVR, LibraryRig, ManualClock, make_library
from ..test_guard import until

BOUNDS = LibraryBounds(
    guard_interval=0.02,
    keeper_interval=0.02,
    open_wait=2.0,
    stop_wait=1.0,
    batch_seconds=0.001,
)


async def kept(tmp_path: Path, clock: ManualClock) -> LibraryRig:
    rig = make_library(tmp_path, clock, bounds=BOUNDS, with_keeper=True)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    return rig


async def until_async(condition: Callable, seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


async def test_what_is_due_happens_by_itself(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = await kept(tmp_path, clock)
    library = rig.library
    await library.set_retention(CAMERA, Retention(days=1))
    await asyncio.to_thread(rig.keep, NOW)
    journal = rig.folder / "recorder/garden/.journal.jsonl"
    await until(lambda: journal.exists() and b'"t":"clip"' in journal.read_bytes())
    for _ in range(9):
        clock.advance(6 * HOUR)
        await asyncio.sleep(0.1)

    async def is_empty() -> bool:
        return not rig.files()

    await until_async(is_empty)
    assert existing_copies(rig.index, FileLayer())
    clock.advance(8 * DAY)
    await until(lambda: library.care.checker.last is not None)
    await library.close()


async def test_upkeep_outlives_what_fails(tmp_path: Path, clock: ManualClock) -> None:
    rig = await kept(tmp_path, clock)
    keeper = keeper_of(rig.library)
    failed = []

    def fail(*_arguments: object) -> None:
        failed.append(1)
        raise NvrError(ErrorKind.STORAGE_FAILED, "no")

    rig.library.care.retainer.run = fail
    for number in (1, 2):
        clock.advance(2 * HOUR)
        await until(lambda n=number: len(failed) >= n)
    real = keeper.tick
    keeper.tick = fail
    count = len(failed)
    await until(lambda: len(failed) > count)
    keeper.tick = real
    await rig.library.close()


async def test_a_clock_that_goes_back_does_not_stop_upkeep(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = await kept(tmp_path, clock)
    await asyncio.sleep(0.1)
    clock.utc_ms -= 400 * DAY
    await until(lambda: bool(existing_copies(rig.index, FileLayer())))
    await rig.library.close()


async def test_a_fault_nobody_thought_of_does_not_end_upkeep_and_is_told_once(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    rig = await kept(tmp_path, clock)
    care = rig.library.care
    tries: list[float] = []

    def break_down() -> None:
        tries.append(clock.monotonic())
        raise RuntimeError("never thought of")

    care.retainer.run = break_down
    caplog.set_level("INFO")
    clock.advance(2 * HOUR)
    await until(lambda: len(tries) == 1)
    for number in range(2, 5):
        await asyncio.sleep(0.2)
        assert len(tries) == number - 1, "it rests"
        clock.advance(2 * HOUR)
        await until(lambda n=number: len(tries) == n)
    told = [r for r in caplog.records if r.exc_info and "never" in str(r.exc_info[1])]
    assert len(told) == 1
    del care.retainer.run
    clock.advance(2 * HOUR)
    await until(lambda: any("works again" in r.message for r in caplog.records))
    await rig.library.close()
