"""The engine rests after every failure, longer each time, and says what it met."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.sync.status import SyncState
from tests.insides import workers_of

from .world import CAM, HOUR, MINUTE, NVR, World, a_world

pytestmark = pytest.mark.long

ANSWERS = ("measure_clock", "recording", "segments", "replay")
KINDS = [kind for kind in ErrorKind if not kind.startswith("storage_")]


def break_answer(world: World, name: str, error: Exception) -> Callable[[], None]:
    """Let a call fail after the time that a device takes; returns how to mend it."""
    whole = getattr(world.device, name)

    async def fail(*_args: Any, **_options: Any) -> None:
        world.device.calls[name] += 1
        await world.clock.sleep(0.3)
        raise error

    setattr(world.device, name, fail)
    return lambda: setattr(world.device, name, whole)


def told(world: World) -> str:
    """Return what people are told of the device or its camera."""
    problem = world.nvr_status().problem or world.camera_status().problem
    return str(problem.kind) if problem else ""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        # Each kind at one of the calls; the slow run takes the other pairs.
        pytest.param(
            kind,
            name,
            marks=() if number % len(ANSWERS) == place else pytest.mark.slow,
            id=f"{kind}-{name}",
        )
        for number, kind in enumerate(KINDS)
        for place, name in enumerate(ANSWERS)
    ],
)
async def test_a_device_that_fails_is_asked_ever_more_rarely_and_that_is_told(
    kind: ErrorKind, name: str
) -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        await world.sleep(1200)
        mend = break_answer(world, name, NvrError(kind, "as broken as can be"))
        world.device.calls.clear()
        await world.sleep(2 * 3600)
        assert world.device.calls.total() <= 160
        world.device.calls.clear()
        await world.sleep(3600)
        assert world.device.calls.total() <= 60
        assert told(world) or kind in {ErrorKind.CANCELLED, ErrorKind.GONE}
        mend()
        if kind in {ErrorKind.AUTH_REFUSED, ErrorKind.TLS}:
            world.engine.credentials_changed(NVR)
        if name != "replay":
            await world.sleep(2 * 3600)
            assert not told(world)


async def test_a_replay_that_never_worked_is_tried_again_after_a_day() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        mend = break_answer(world, "replay", NvrError(ErrorKind.UNSUPPORTED))
        await world.sleep(3600)
        assert told(world) == "unsupported"
        mend()
        await world.sleep(26 * 3600)
        assert not told(world)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_request_that_fails_is_tried_ever_more_rarely(kind: ErrorKind) -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        await world.sleep(600)
        for name in ("segments", "replay"):
            break_answer(world, name, NvrError(kind))
        now_ms = world.clock.now_ms()
        wanted = TimeRange(now_ms - MINUTE, now_ms)
        await world.engine.request(CAM, wanted)
        await world.sleep(3600)
        world.device.calls.clear()
        await world.sleep(3600)
        assert world.device.calls.total() <= 60


async def test_a_refusal_of_one_call_lets_the_device_rest_and_is_no_idle_state() -> (
    None
):
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        break_answer(world, "recording", NvrError(ErrorKind.PROTOCOL, "HTTP 500"))
        await world.sleep(1800)
        status = world.nvr_status()
        assert status.problem is not None
        assert status.problem.kind is ErrorKind.PROTOCOL
        assert status.state is SyncState.WAITING
        assert status.is_online


async def test_a_search_that_fails_does_not_hold_up_what_is_known_already() -> None:
    async with a_world(speed=30.0) as world:
        world.record(6 * HOUR)
        world.attach()
        await world.sleep(120)
        before = world.kept_ms()
        break_answer(world, "segments", NvrError(ErrorKind.PROTOCOL))
        await world.sleep(1200)
        assert world.kept_ms() > before + 20 * MINUTE
        assert told(world) == "protocol"


async def test_a_fault_of_ours_is_tried_again_ever_more_rarely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        break_answer(world, "replay", RuntimeError("never thought of"))
        await world.sleep(2 * 3600)
        caplog.clear()
        world.device.calls.clear()
        await world.sleep(3600)
        assert world.device.calls["replay"] <= 4
        assert len(caplog.records) <= 8


async def test_a_slot_comes_back_from_a_fetch_that_never_took_its_first_step() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        await world.sleep(1200)
        worker = workers_of(world.engine)[NVR]
        begun: list[object] = []
        start = worker.starter.start

        def start_and_cancel(job: Any) -> Any:
            fetch = start(job)
            if not begun:
                begun.append(fetch)
                assert fetch.task is not None
                fetch.task.cancel()
            return fetch

        worker.starter.start = start_and_cancel
        kept = world.kept_ms()
        await world.sleep(1800)
        assert begun
        assert world.kept_ms() > kept
        assert worker.state.fetches == []
