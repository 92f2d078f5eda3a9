"""Finds devices by WS-Discovery multicast (Core §7)."""

from collections.abc import Callable, Sequence

from .found import FoundDevice


async def discover(
    interfaces: Sequence[str] | None = None,
    *,
    seconds: float = 6.0,
    on_found: Callable[[FoundDevice], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[FoundDevice, ...]:
    """Return what answers on the given local IPv4 addresses (None: all of the host).

    Three kinds of probe, each sent twice, then `seconds` of listening, all in threads that
    have ended when this returns or is cancelled. `on_found` is called on the loop as soon
    as a device is seen, `on_progress` with 0…1. Loopback is never asked. No interface with
    multicast is an empty answer; raises nothing else.
    """
    raise NotImplementedError
