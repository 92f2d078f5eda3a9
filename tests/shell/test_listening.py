"""Events of devices are handed to the engine, whatever becomes of the connection."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import MagicMock, patch

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.runtime import listening


class Device:
    """A device whose connections bring what they are told to and then end."""

    def __init__(self, *connections: list[Any]) -> None:
        self.connections = [*connections]

    async def events(self) -> AsyncIterator[Any]:
        for event in self.connections.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
def pauses() -> Any:
    """Return the pauses between connections, which last no time here."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    with patch.object(listening.asyncio, "sleep", sleep):
        yield made


async def listen(*connections: list[Any]) -> list[Any]:
    engine = MagicMock()
    over = [NvrError(ErrorKind.UNSUPPORTED)]
    await listening.async_listen(Device(*connections, over), engine, "nvr")
    return [call.args for call in engine.notify_event.call_args_list]


async def test_events_are_handed_on_over_all_connections(pauses: list[float]) -> None:
    heard = await listen(["a", "b"], [], ["c", NvrError(ErrorKind.TIMEOUT)])
    assert heard == [("nvr", "a"), ("nvr", "b"), ("nvr", "c")]


async def test_pauses_grow_until_an_event_is_heard(pauses: list[float]) -> None:
    broken = [NvrError(ErrorKind.UNREACHABLE)]
    await listen(broken, broken, broken, ["a"], *[broken] * 8)
    first = listening.FIRST_PAUSE_S
    assert pauses[:4] == [first, 2 * first, 4 * first, first]
    assert pauses[-1] == listening.LONGEST_PAUSE_S


@pytest.mark.parametrize("kind", [ErrorKind.UNSUPPORTED, ErrorKind.AUTH_REFUSED])
async def test_a_device_without_events_or_login_is_not_asked_again(
    pauses: list[float], kind: ErrorKind
) -> None:
    device = Device([NvrError(kind)], ["never heard"])
    engine = MagicMock()
    await listening.async_listen(device, engine, "nvr")
    engine.notify_event.assert_not_called()
    assert not pauses


async def test_a_device_that_refuses_is_asked_ever_more_seldom(
    pauses: list[float],
) -> None:
    refused = [NvrError(ErrorKind.NO_PERMISSION)]
    await listen(*[refused] * 15)
    assert pauses == sorted(pauses)
    assert pauses[-1] == listening.LONGEST_PAUSE_REFUSED_S >= 3 * 3600
    # Once it only does not answer, it is waiting for no longer than others.
    pauses.clear()
    await listen(*[refused] * 15, [NvrError(ErrorKind.TIMEOUT)])
    assert pauses[-1] == listening.LONGEST_PAUSE_S
