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
from tests.core.sync.world import CAM, HOUR, MINUTE, NOW, World, a_world

START = NOW - 2 * HOUR


@asynccontextmanager
async def on_device(speed: float = 8.0) -> AsyncIterator[tuple[World, WatchedWindows]]:
    """Three hours of footage on a device of which nothing is fetched by itself."""
    async with a_world(speed=speed) as world:
        world.fetcher.gop_ms = 2_000
        world.record(3 * HOUR)
        world.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await world.engine.sync_now()
        watching = WatchedWindows(world.engine, world.library, world.clock)
        yield world, watching
        await watching.stop()


def asked(world: World) -> list[TimeRange]:
    return [want.range for want in world.library.open_wants.values()]


async def watched(world: World, watch: WatchedWindow, seconds: int) -> None:
    """Watch on in real time."""
    for second in range(seconds):
        watch.at(START + second * 1000)
        await world.sleep(1)


async def test_the_first_picture_is_on_its_way_at_once() -> None:
    async with on_device() as (world, watching):
        window = TimeRange(START, START + HOUR)
        watch = await watching.watch(CAM, window, "one")
        assert watch.pending() == (window,)
        await world.sleep(3)
        [begun] = world.fetcher.begun
        assert begun.job.device_range.start_ms == START
        assert begun.at_ms - NOW < 60_000


async def test_only_what_is_watched_soon_is_fetched() -> None:
    async with on_device() as (world, watching):
        window = TimeRange(START, START + HOUR)
        watch = await watching.watch(CAM, window, "one")
        assert asked(world) == [TimeRange(START, START + CHUNK_MS)]
        await watched(world, watch, 120)
        assert world.kept_ms() < CHUNK_MS + MINUTE
        assert watch.pending()[0].start_ms >= START + CHUNK_MS - 2_000
        await watched(world, watch, (CHUNK_MS - AHEAD_MS) // 1000 + 30)
        assert asked(world) == [TimeRange(START + CHUNK_MS, START + 2 * CHUNK_MS)]


async def test_nothing_is_pending_once_all_has_come() -> None:
    async with on_device(speed=60.0) as (world, watching):
        window = TimeRange(START, START + 3 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        await watched(world, watch, 20)
        assert watch.pending() == ()
        assert world.fetcher.running == 0


async def test_what_the_device_does_not_have_is_passed_over() -> None:
    async with on_device(speed=60.0) as (world, watching):
        begin = NOW - 3 * HOUR - 10 * MINUTE
        window = TimeRange(begin, NOW - 3 * HOUR + 2 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        for _ in range(60):
            watch.at(begin)
            await world.sleep(1)
        assert watch.pending() == ()
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms == NOW - 3 * HOUR


async def test_a_device_that_does_not_answer_holds_no_viewer_for_ever() -> None:
    async with on_device() as (world, watching):
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        window = TimeRange(START, START + 5 * MINUTE)
        watch = await watching.watch(CAM, window, "one")
        await watched(world, watch, int(STALL_S) - 10)
        assert watch.pending() == (window,)
        await watched(world, watch, 30)
        assert watch.pending() == ()
        assert asked(world) == []


async def test_who_closes_ends_the_fetching() -> None:
    async with on_device(speed=2.0) as (world, watching):
        watch = await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await watched(world, watch, 10)
        watch.close()
        watch.close()
        await world.sleep(10)
        assert world.fetcher.running == 0
        assert asked(world) == []
        assert 0 < world.kept_ms() < 2 * MINUTE


async def test_who_has_gone_without_a_word_ends_it_as_well() -> None:
    async with on_device(speed=1.0) as (world, watching):
        await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await world.sleep(IDLE_S - 10)
        assert world.fetcher.running == 1
        await world.sleep(30)
        assert world.fetcher.running == 0
        assert not watching._open


async def test_the_end_of_home_assistant_ends_all() -> None:
    async with on_device(speed=1.0) as (world, watching):
        await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        await watching.watch(CAM, TimeRange(START, START + HOUR), "two")
        await watching.stop()
        assert asked(world) == []
        assert not watching._open


async def test_one_person_watches_so_much_and_no_more() -> None:
    async with on_device(speed=1.0) as (world, watching):
        for number in range(MOST_OF_ONE):
            start = START + number * MINUTE
            await watching.watch(CAM, TimeRange(start, start + HOUR), "one")
        with pytest.raises(NvrError) as raised:
            await watching.watch(CAM, TimeRange(START, START + HOUR), "one")
        assert raised.value.kind is ErrorKind.LIMIT
        await watching.watch(CAM, TimeRange(START, START + HOUR), "two")
        await world.sleep(30)
        assert world.fetcher.most_running == 1


async def test_a_camera_that_is_gone_is_said_so() -> None:
    async with on_device() as (_, watching):
        with pytest.raises(NvrError) as raised:
            await watching.watch(CameraKey("x/1"), TimeRange(START, NOW), "one")
        assert raised.value.kind is ErrorKind.GONE
        assert not watching._open


async def test_an_index_that_fails_ends_no_viewing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_device(speed=4.0) as (world, watching):
        watch = await watching.watch(CAM, TimeRange(START, START + MINUTE), "one")
        coverage = world.library.coverage

        async def fails(*_: object) -> None:
            raise NvrError(ErrorKind.INDEX_FAILED)

        monkeypatch.setattr(world.library, "coverage", fails)
        await watched(world, watch, 2)
        monkeypatch.setattr(world.library, "coverage", coverage)
        await watched(world, watch, 5)
        assert watch.pending() == ()
