"""One NVR over ONVIF: what there is, when it was, where to get it.

This file orders the conversation; requests and answers are built and read by the pure
files next to it. zeep and XML never leave this folder.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import aiohttp

from ..clock import Clock
from ..device_report import DeviceReport
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..models import (
    Channel,
    ClockReading,
    DeviceEvent,
    DeviceIdentity,
    Recording,
    SegmentListing,
    StreamProfile,
)
from ..policy import Bounds, Waits
from .tls import TlsOptions


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A still picture as the device sent it."""

    data: bytes
    content_type: str


class OnvifDevice:
    """One ONVIF endpoint (NVR or camera); satisfies `core.sync.ports.Device`.

    Every method raises `NvrError` and nothing else: UNREACHABLE, TIMEOUT, TLS, NOT_ONVIF,
    AUTH_REFUSED, NO_PERMISSION, BUSY, UNSUPPORTED, GONE or PROTOCOL. Every method connects
    by itself where `connect` was not called. Nothing is ever changed on the device.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        tls: TlsOptions | None = None,
        login_guard: LoginGuard | None = None,
        rtsp_port: int | None = None,
        endpoint_id: str = "",
    ) -> None:
        """Describe the endpoint; nothing is sent yet.

        `session` is borrowed and never closed. `tls` None means plain http. `login_guard`
        is shared with RTSP (`core/login_guard.py`). `rtsp_port` replaces the port of
        every RTSP URI (port forwarding). `endpoint_id` is its WS-Discovery UUID if known.
        """
        raise NotImplementedError

    async def connect(self) -> None:
        """Measure the clock, learn the services and prove the login (§1.3, §2)."""
        raise NotImplementedError

    async def close(self) -> None:
        """End what is open on the device (subscriptions, searches); never raises."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Connect."""
        raise NotImplementedError

    async def __aexit__(self, *_exc: object) -> None:
        """Close."""
        raise NotImplementedError

    async def measure_clock(self) -> ClockReading:
        """Ask the time, without credentials where allowed; `offset_ms` = UTC − device."""
        raise NotImplementedError

    async def identity(self) -> DeviceIdentity:
        """Return what the device says it is, with its MAC where it tells it."""
        raise NotImplementedError

    async def channels(self) -> tuple[Channel, ...]:
        """Return all video sources with their streams and matched recordings."""
        raise NotImplementedError

    async def stream_uri(self, profile: StreamProfile) -> str:
        """Return the live RTSP URI, host made reachable, without credentials."""
        raise NotImplementedError

    async def snapshot(self, profile: StreamProfile) -> Snapshot:
        """Fetch a still; UNSUPPORTED where the device has none."""
        raise NotImplementedError

    async def recordings(self) -> tuple[Recording, ...]:
        """List all recordings (RS 5.6); empty is an answer; UNSUPPORTED without search."""
        raise NotImplementedError

    async def recording(self, token: str) -> Recording:
        """Read one recording's information (RS 5.4); GONE if the token is unknown."""
        raise NotImplementedError

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search what the recording holds in the window; longer ones are cut at 24 h."""
        raise NotImplementedError

    async def replay_uri(self, recording_token: str) -> str:
        """Return a fresh replay URI, host made reachable, without credentials (RP 5.1)."""
        raise NotImplementedError

    async def report(self) -> DeviceReport:
        """Return everything onboarding and a connection test show."""
        raise NotImplementedError

    def events(self) -> AsyncIterator[DeviceEvent]:
        """Yield events until the iterator is closed; raises when the device gives up.

        An async generator: close it with `aclosing`, or cancel the task that runs it. The
        caller subscribes anew after a pause. UNSUPPORTED without an event service.
        """
        raise NotImplementedError

    def redirect(self, host: str, port: int) -> None:
        """Use another address from now on (the same device moved)."""
        raise NotImplementedError
