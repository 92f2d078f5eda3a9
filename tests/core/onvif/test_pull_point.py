"""A subscription lives through what devices answer, and its loss is told as a loss."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, override

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import DeviceEvent
from tests.core.onvif.scripted import QuickClock
from tests.core.onvif.stories import DeviceOf, Start, refused
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.events import EventService

PULL, CREATE = "tev:PullMessages", "tev:CreatePullPointSubscription"


async def subscribed(nvr: SimulatedNvr) -> None:
    service = nvr.services["events"]
    assert isinstance(service, EventService)
    while not service.points:  # noqa: ASYNC110 - the device has no event for it
        await asyncio.sleep(0.01)


@asynccontextmanager
async def heard(
    device: Any, nvr: SimulatedNvr
) -> AsyncIterator[AsyncGenerator[DeviceEvent]]:
    """Listen until the first event has come."""
    async with aclosing(device.events()) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await subscribed(nvr)
        nvr.notify({"kind": "motion", "active": True})
        event = await waiting
        while event.is_initial:
            event = await anext(stream)
        assert event.is_active
        yield stream


async def next_event(
    stream: AsyncGenerator[DeviceEvent], nvr: SimulatedNvr, *, active: bool
) -> DeviceEvent:
    nvr.notify({"kind": "motion", "active": active})
    return await anext(stream)


@pytest.mark.parametrize(
    "code",
    [
        "Sender wsa:DestinationUnreachable",
        "Sender ter:ActionNotSupported",
        "Receiver ter:Action ter:ActionNotSupported",
    ],
)
async def test_a_pull_point_that_is_gone_is_no_device_without_events(
    start: Start, device_of: DeviceOf, code: str
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    async with heard(device, nvr) as stream:
        nvr.faults.fault_ops[PULL] = code
        nvr.notify({"kind": "motion", "active": False})
        error = await refused(_last(stream))
        assert error.kind is ErrorKind.GONE
    # So is one that cannot be made while the device starts again.
    nvr.faults.fault_ops = {CREATE: code}
    assert (await refused(anext(device.events()))).kind is ErrorKind.GONE
    nvr.faults.fault_ops = {"GetProfiles": code}
    fresh = device_of(nvr)
    assert (await refused(anext(fresh.events()))).kind is ErrorKind.GONE
    nvr.faults.reset()
    async with heard(device, nvr):
        pass


async def _last(stream: AsyncGenerator[DeviceEvent]) -> None:
    async for _ in stream:
        pass


async def test_a_device_that_never_made_one_has_no_events(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {CREATE: "Sender ter:ActionNotSupported"}}
    )
    error = await refused(anext(device_of(nvr).events()))
    assert error.kind is ErrorKind.UNSUPPORTED


async def test_one_refusal_by_accident_bars_no_events(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    async with heard(device, nvr) as stream:
        nvr.faults.forbidden_ops = [PULL]
        nvr.faults.limits[PULL] = 1
        nvr.notify({"kind": "motion", "active": False})
        assert (await refused(_last(stream))).kind is ErrorKind.NO_PERMISSION
    async with heard(device, nvr):
        pass
    assert not set(nvr.guard.failures) - {"missing"}


class Pauses(QuickClock):
    """Time goes by as fast as somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    @override
    def monotonic(self) -> float:
        return sum(self.slept)

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


@pytest.mark.parametrize("way", ["empty-200", "empty-400"])
async def test_an_answer_without_a_word_says_that_nothing_happened(
    start: Start, device_of: DeviceOf, way: str
) -> None:
    nvr = await start("wss-only")
    clock = Pauses()
    device = device_of(nvr, clock=clock)
    async with heard(device, nvr) as stream:
        clock.slept.clear()
        nvr.faults.missing_ops[PULL] = way
        nvr.faults.limits[PULL] = 5
        assert not (await next_event(stream, nvr, active=False)).is_active
        assert nvr.counters.operations[CREATE] == 1
        # The one that sits at the device when it begins to do so is answered.
        assert clock.slept[-5:] == [1.0, 2.0, 4.0, 8.0, 16.0]


async def test_a_device_that_says_nothing_any_more_is_asked_for_another(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr, clock=Pauses())
    async with heard(device, nvr) as stream:
        nvr.faults.missing_ops["*"] = "empty-400"
        nvr.notify({"kind": "motion", "active": False})
        error = await refused(_last(stream))
    assert error.kind is ErrorKind.GONE
    assert nvr.counters.operations["wsnt:Renew"] >= 2


async def test_a_device_that_is_silent_but_renews_is_heard(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr, clock=Pauses())
    async with heard(device, nvr) as stream:
        nvr.faults.missing_ops[PULL] = "empty-400"
        nvr.faults.limits[PULL] = 15
        assert not (await next_event(stream, nvr, active=False)).is_active
    assert nvr.counters.operations["wsnt:Renew"] >= 2
    assert nvr.counters.operations[CREATE] == 1


@pytest.mark.parametrize("status", ["403", "404", "empty-500"])
async def test_any_other_answer_without_a_word_is_a_loss(
    start: Start, device_of: DeviceOf, status: str
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    async with heard(device, nvr) as stream:
        nvr.faults.missing_ops[PULL] = status
        nvr.notify({"kind": "motion", "active": False})
        with pytest.raises(NvrError):
            await _last(stream)


@pytest.mark.parametrize(
    "faults",
    [
        {"no_end_of_subscription": True},
        {"small_pulls": True},
        {"no_end_of_subscription": True, "small_pulls": True},
        {"small_pulls": True, "absolute_times_only": True},
    ],
    ids=str,
)
async def test_less_is_asked_for_where_so_much_is_refused(
    start: Start, device_of: DeviceOf, faults: dict[str, Any]
) -> None:
    nvr = await start("wss-only", faults)
    device = device_of(nvr)
    async with heard(device, nvr) as stream:
        assert not (await next_event(stream, nvr, active=False)).is_active
    refusals = sum(nvr.counters.faults.values())
    nvr.reset_counts()
    # What was understood is what the next subscription begins with.
    async with heard(device, nvr):
        pass
    assert nvr.counters.operations[CREATE] == 1
    assert sum(nvr.counters.faults.values()) == 0 < refusals
