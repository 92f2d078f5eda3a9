"""What live recordings are handed: devices, their cameras, and a memory across restarts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..endpoint import Endpoint
from ..login_guard import LoginGuard
from ..models import (
    CameraKey,
    NvrKey,
    StreamProfile,
)
from ..sync.ports import Gate
from ..sync.settings import CameraSettings


class Heartbeats(Protocol):
    """Remembers across restarts when each camera was last being recorded."""

    async def load(self) -> dict[str, int]:
        """Return milliseconds of UTC by camera."""
        ...

    async def save(self, moments: Mapping[str, int]) -> None:
        """Store them."""
        ...


@dataclass(frozen=True, slots=True)
class LiveCamera:
    """A camera as its live recording sees it; another value means another recorder."""

    key: CameraKey
    profile: StreamProfile | None
    """The stream to record, None without any."""
    settings: CameraSettings
    has_recordings: bool
    """The device itself records the camera and can replay that."""


@dataclass(frozen=True, slots=True)
class LiveDevice:
    """The device of some cameras: where its streams are, and what holds them back."""

    nvr: NvrKey
    stream_uri: Callable[[StreamProfile], Awaitable[str]]
    """Asks the device; raises `NvrError`."""
    endpoint: Callable[[str], Endpoint]
    """Adds the login to an URI of the device."""
    guard: LoginGuard
    gate: Gate
