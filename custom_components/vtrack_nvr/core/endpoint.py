"""Where a device's RTSP is and how to log in there, as frozen values."""

from dataclasses import dataclass, field
from enum import StrEnum
import ssl
from typing import Protocol

from .device_habits import DeviceHabits


class Transport(StrEnum):
    """How RTSP and its media travel."""

    TCP = "tcp"
    """One TCP (or TLS) connection, media interleaved."""
    HTTP_TUNNEL = "http_tunnel"
    """The same inside two HTTP connections (ONVIF Streaming 5.1.1.5)."""


class WireTap(Protocol):
    """Hears what goes over a connection, on the session's thread; must not raise."""

    def sent(self, data: bytes) -> None:
        """Take what we say."""

    def received(self, data: memoryview) -> None:
        """Take what the device says; the view is only good until this returns."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect and how to log in.

    `url` is the replay or stream URI with a host that we can reach; credentials inside it
    are ignored. `tls` is needed for `rtsps:` and `https:` and decides about certificates.
    `allow_basic`: Basic may be used: the certificate proves the device, or a person chose
    it. `tunnel_port`: the device's HTTP port, where the URL does not name it. `habits` is
    what was learned of the device; its sessions share it. `tap` hears all that is said.
    """

    url: str = field(repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    transport: Transport = Transport.TCP
    allow_basic: bool = False
    tunnel_port: int | None = None
    habits: DeviceHabits = field(
        default_factory=DeviceHabits, repr=False, compare=False
    )
    tap: WireTap | None = field(default=None, repr=False, compare=False)
