"""The engine rests after every failure, longer each time, and says what it met."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.sync.status import SyncState
from tests.insides import workers_of

from .rig import CAM, HOUR, MINUTE, NVR, EngineRig, a_rig

pytestmark = pytest.mark.long

ANSWERS = ("measure_clock", "recording", "segments", "replay")
KINDS = [kind for kind in ErrorKind if not kind.startswith("storage_")]


def break_answer(rig: EngineRig, name: str, error: Exception) -> Callable[[], None]:
    """Let a call fail after the time that a device takes; returns how to mend it."""
    whole = getattr(rig.device, name)

    async def fail(*_args: Any, **_options: Any) -> None:
        rig.device.calls[name] += 1
        await rig.clock.sleep(0.3)
        raise error

    setattr(rig.device, name, fail)
    return lambda: setattr(rig.device, name, whole)


def told(rig: EngineRig) -> str:
    """Return what people are told of the device or its camera."""
    problem = rig.nvr_status().problem or rig.camera_status().problem
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
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        await rig.sleep(1200)
        mend = break_answer(rig, name, NvrError(kind, "as broken as can be"))
        rig.device.calls.clear()
        await rig.sleep(2 * 3600)
        assert rig.device.calls.total() <= 160
        rig.device.calls.clear()
        await rig.sleep(3600)
        assert rig.device.calls.total() <= 60
        assert told(rig) or kind in {ErrorKind.CANCELLED, ErrorKind.GONE}
        mend()
        if kind in {ErrorKind.AUTH_REFUSED, ErrorKind.TLS}:
            rig.engine.credentials_changed(NVR)
        if name != "replay":
            await rig.sleep(2 * 3600)
            assert not told(rig)


async def test_a_replay_that_never_worked_is_tried_again_after_a_day() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        mend = break_answer(rig, "replay", NvrError(ErrorKind.UNSUPPORTED))
        await rig.sleep(3600)
        assert told(rig) == "unsupported"
        mend()
        await rig.sleep(26 * 3600)
        assert not told(rig)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_request_that_fails_is_tried_ever_more_rarely(kind: ErrorKind) -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        await rig.sleep(600)
        for name in ("segments", "replay"):
            break_answer(rig, name, NvrError(kind))
        now_ms = rig.clock.now_ms()
        wanted = TimeRange(now_ms - MINUTE, now_ms)
        await rig.engine.request(CAM, wanted)
        await rig.sleep(3600)
        rig.device.calls.clear()
        await rig.sleep(3600)
        assert rig.device.calls.total() <= 60


async def test_a_refusal_of_one_call_lets_the_device_rest_and_is_no_idle_state() -> (
    None
):
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        break_answer(rig, "recording", NvrError(ErrorKind.PROTOCOL, "HTTP 500"))
        await rig.sleep(1800)
        status = rig.nvr_status()
        assert status.problem is not None
        assert status.problem.kind is ErrorKind.PROTOCOL
        assert status.state is SyncState.WAITING
        assert status.is_online


async def test_a_search_that_fails_does_not_hold_up_what_is_known_already() -> None:
    async with a_rig(speed=30.0) as rig:
        rig.record(6 * HOUR)
        rig.attach()
        await rig.sleep(120)
        before = rig.kept_ms()
        break_answer(rig, "segments", NvrError(ErrorKind.PROTOCOL))
        await rig.sleep(1200)
        assert rig.kept_ms() > before + 20 * MINUTE
        assert told(rig) == "protocol"


async def test_a_fault_of_ours_is_tried_again_ever_more_rarely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        break_answer(rig, "replay", RuntimeError("never thought of"))
        await rig.sleep(2 * 3600)
        caplog.clear()
        rig.device.calls.clear()
        await rig.sleep(3600)
        assert rig.device.calls["replay"] <= 4
        assert len(caplog.records) <= 8


async def test_a_slot_comes_back_from_a_fetch_that_never_took_its_first_step() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        await rig.sleep(1200)
        worker = workers_of(rig.engine)[NVR]
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
        kept = rig.kept_ms()
        await rig.sleep(1800)
        assert begun
        assert rig.kept_ms() > kept
        assert worker.state.fetches == []
