"""Asks given addresses and ports whether ONVIF lives there (§1.5, §7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import aiohttp

from ..clock import Clock
from .found import FoundDevice
from .targets import Target


class ProbeAnswer(StrEnum):
    """What lives at an address."""

    ONVIF = "onvif"
    """It told its time without a password, as ONVIF demands."""
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a word for people, not a secret
    """It is ONVIF and answers nothing without a login."""
    NOT_ONVIF = "not_onvif"
    """Something answers, and it is not ONVIF."""
    SILENT = "silent"
    """Nothing answers."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The answer of one address; `detail` says why, for logs ("html page", "refused").

    `device` is set for ONVIF and NEEDS_PASSWORD. `clock_offset_ms` is UTC − device.
    """

    target: Target
    answer: ProbeAnswer
    detail: str = ""
    device: FoundDevice | None = None
    clock_offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ProbeProgress:
    """How far a scan has got."""

    done: int
    total: int
    found: int


async def probe(
    targets: Sequence[Target],
    *,
    session: aiohttp.ClientSession,
    clock: Clock,
    timeout: float = 4.0,
    concurrency: int = 64,
    per_second: float = 400.0,
    on_found: Callable[[ProbeResult], None] | None = None,
    on_progress: Callable[[ProbeProgress], None] | None = None,
    keep_silent: bool | None = None,
) -> tuple[ProbeResult, ...]:
    """Ask every target; returns the answers in the order of the targets.

    First a bare TCP connect, then GetSystemDateAndTime without credentials, so an address
    without a listener costs one packet. Silent ones are left out where `keep_silent` is
    False; None keeps them for up to 64 targets. `on_found` gets each answer that is not
    silent, `on_progress` is called at most ten times a second and once at the end.
    Raises nothing; cancelling it closes every socket.
    """
    raise NotImplementedError


async def probe_datagrams(
    hosts: Sequence[str], *, seconds: float = 3.0, port: int = 3702
) -> tuple[FoundDevice, ...]:
    """Send the WS-Discovery probe to each host alone (VLANs); returns who answered."""
    raise NotImplementedError
