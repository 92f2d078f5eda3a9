"""Viewings of footage on the device: what is asked for, what is still to come, their end."""

# Reads private members: that nothing is left behind is told to nobody.

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from custom_components.vtrack_nvr.core.archive.watching import (
    AHEAD_MS,
    CHUNK_MS,
    IDLE_S,
    MOST_OF_ONE,
    STALL_S,
    WatchedWindow,
    WatchedWindows,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.core.sync.settings import CameraSettings, SyncMode
from tests.core.sync.rig import CAM, HOUR, MINUTE, NOW, EngineRig, a_rig

START = NOW - 2 * HOUR


@asynccontextmanager
async def on_device(
    speed: float = 8.0,
) -> AsyncIterator[tuple[EngineRig, WatchedWindows]]:
    """Three hours of footage on a device of which nothing is fetched by itself."""
    async with a_rig(speed=speed) as rig:
        rig.fetcher.gop_ms = 2_000
        rig.record(3 * HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await rig.engine.sync_now()
        watching = WatchedWindows(rig.engine, rig.library, rig.clock)
        yield rig, watching
        await watching.stop()


def asked(rig: EngineRig) -> list[TimeRange]:
    return [want.range for want in rig.library.open_wants.values()]


async def watched(rig: EngineRig, watch: WatchedWindow, seconds: int) -> None:
    """Watch on in real time."""
    for second in range(seconds):
        watch.at(START + second * 1000)
        await rig.sleep(1)


async def test_the_first_picture_is_on_its_way_at_once() -> None:
    async with on_device() as (rig, watching):
        window = TimeRange(START, START + HOUR)
        watch = await watching.watch(CAM, window, "one")
        assert watch.pending() == (window,)
        await rig.sleep(3)
        [begun] = rig.fetcher.begun
        assert begun.job.device_range.start_ms == START
        assert begun.at_ms - NOW < 60_000


async def test_only_what_is_watched_soon_is_fetched() -> None:
    async with on_device() as (rig, watching):
        window = TimeRange(START, START + HOUR)
        watch = await watching.watch(CAM, window, "one")
        assert asked(rig) == [TimeRange(START, START + CHUNK_MS)]
        await watched(rig, watch, 120)
        assert rig.kept_ms() < CHUNK_MS + MINUTE
        assert watch.pending()[0].start_ms >= START + CHUNK_MS - 2_000
        await watched(rig, watch, (CHUNK_MS - AHEAD_MS) // 1000 + 30)
        assert asked(rig) == [TimeRange(START + CHUNK_MS, START + 2 * CHUNK_MS)]


async def test_nothing_is_pending_once_all_has_come() -> None:
    async with on_device(speed=60.0) as (rig, watching):
        window = TimeRange(START, START + 3 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        await watched(rig, watch, 20)
        assert watch.pending() == ()
        assert rig.fetcher.running == 0


async def test_what_the_device_does_not_have_is_passed_over() -> None:
    async with on_device(speed=60.0) as (rig, watching):
        begin = NOW - 3 * HOUR - 10 * MINUTE
        window = TimeRange(begin, NOW - 3 * HOUR + 2 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        for _ in range(60):
            watch.at(begin)
            await rig.sleep(1)
        assert watch.pending() == ()
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms == NOW - 3 * HOUR


async def test_a_device_that_does_not_answer_holds_no_viewer_for_ever() -> None:
    async with on_device() as (rig, watching):
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        window = TimeRange(START, START + 5 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        await watched(rig, watch, int(STALL_S) - 10)
        assert watch.pending() == (window,)
        await watched(rig, watch, 30)
        assert watch.pending() == ()
        assert asked(rig) == []


async def test_who_closes_ends_the_fetching() -> None:
    async with on_device(speed=2.0) as (rig, watching):
        watch = await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await watched(rig, watch, 10)
        watch.close()
        watch.close()
        await rig.sleep(10)
        assert rig.fetcher.running == 0
        assert asked(rig) == []
        assert 0 < rig.kept_ms() < 2 * MINUTE


async def test_who_has_gone_without_a_word_ends_it_as_well() -> None:
    async with on_device(speed=1.0) as (rig, watching):
        await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await rig.sleep(IDLE_S - 10)
        assert rig.fetcher.running == 1
        await rig.sleep(30)
        assert rig.fetcher.running == 0
        assert not watching._open


async def test_the_end_of_home_assistant_ends_all() -> None:
    async with on_device(speed=1.0) as (rig, watching):
        await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await watching.watch(CAM, TimeRange(START, START + HOUR), "two")
        await watching.stop()
        assert asked(rig) == []
        assert not watching._open


async def test_one_person_watches_so_much_and_no_more() -> None:
    async with on_device(speed=1.0) as (rig, watching):
        for number in range(MOST_OF_ONE):
            start = START + number * MINUTE
            await watching.watch(CAM, TimeRange(start, start + HOUR), "one")
        with pytest.raises(NvrError) as raised:
            await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        assert raised.value.kind is ErrorKind.LIMIT
        await watching.watch(CAM, TimeRange(START, START + HOUR), "two")
        await rig.sleep(30)
        assert rig.fetcher.most_running == 1


async def test_a_camera_that_is_gone_is_said_so() -> None:
    async with on_device() as (_, watching):
        with pytest.raises(NvrError) as raised:
            await watching.watch(CameraKey("x/1"), TimeRange(START, NOW), "one")
        assert raised.value.kind is ErrorKind.GONE
        assert not watching._open


async def test_an_index_that_fails_ends_no_viewing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_device(speed=4.0) as (rig, watching):
        watch = await watching.watch(CAM, TimeRange(START, START + MINUTE), "one")
        coverage = rig.library.coverage

        async def fails(*_: object) -> None:
            raise NvrError(ErrorKind.INDEX_FAILED)

        monkeypatch.setattr(rig.library, "coverage", fails)
        await watched(rig, watch, 2)
        monkeypatch.setattr(rig.library, "coverage", coverage)
        await watched(rig, watch, 5)
        assert watch.pending() == ()
