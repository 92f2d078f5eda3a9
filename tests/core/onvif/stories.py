"""What the conversations with simulated devices have in common."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from tests.simulator.nvr import SimulatedNvr

type Start = Callable[..., Awaitable[SimulatedNvr]]
type DeviceOf = Callable[..., OnvifDevice]

DAY = 86_400_000


async def refused(awaitable: Awaitable[Any]) -> NvrError:
    with pytest.raises(NvrError) as caught:
        await awaitable
    return caught.value


def footage(nvr: SimulatedNvr, number: int = 0) -> list[TimeRange]:
    timeline = nvr.channels[number].timeline
    assert timeline is not None
    now = nvr.clock.now_ms()
    return [TimeRange(s.start_ms, s.end_ms) for s in timeline.spans(now)]


async def listed(
    device: OnvifDevice, nvr: SimulatedNvr, days: int = 3, token: str = ""
) -> tuple[list[TimeRange], bool]:
    recording = next(
        r for r in await device.recordings() if not token or r.token == token
    )
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - days * DAY, now), now)
    return [s.device_range for s in listing.segments], listing.is_complete
