"""What the RTSP room is asked for and what it answers, as frozen values."""

from dataclasses import dataclass, field
from enum import StrEnum
import ssl
from typing import Protocol

from ..frames import TrackFormat
from .habits import DeviceHabits


class Transport(StrEnum):
    """How RTSP and its media travel."""

    TCP = "tcp"
    """One TCP (or TLS) connection, media interleaved."""
    HTTP_TUNNEL = "http_tunnel"
    """The same inside two HTTP connections (ONVIF Streaming 5.1.1.5)."""


class Notice(StrEnum):
    """What a device says of its own accord (profile-g 5.6)."""

    END_OF_STREAM = "2101"
    START_REACHED = "2104"
    TERMINATED = "2306"


@dataclass(frozen=True, slots=True)
class Channels:
    """The interleaved channels the device granted to a track."""

    media: int
    control: int


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


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """An `m=` line that names one track.

    `index` is its place among all `m=` lines and becomes `AccessUnit.track`. `control` is
    the absolute URL for SETUP, `attribute` what the description says of it.
    `onvif_track` is the recording's track token, if given. `rtpmap` and `fmtp` are what
    the description says of the payload type, `direction` what of who sends (`sendonly`,
    `recvonly` …). `others` are the further payload types of a track of sound.
    """

    index: int
    format: TrackFormat
    payload_type: int
    control: str
    onvif_track: str = ""
    rtpmap: str = ""
    fmtp: str = ""
    attribute: str = ""
    direction: str = ""
    others: tuple[tuple[int, TrackFormat], ...] = ()


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """What DESCRIBE told: all tracks in order, and the URL for PLAY and TEARDOWN."""

    tracks: tuple[MediaTrack, ...]
    control: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """A PLAY; every None or False leaves its header out (one rung of the ladder each).

    `start_ms`/`end_ms`: `Range: clock=` on the device's clock; without a start there is
    no Range (live). `whole_seconds` rounds outwards. `rate_control` False sends
    `Rate-Control: no` (as fast as TCP takes it). ONVIF Streaming 6.4, 6.5, 6.10.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    require_replay: bool = False
    rate_control: bool | None = None
    whole_seconds: bool = False
    immediate: bool = False
    frames: str = ""
    scale: float | None = None
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class RtpInfo:
    """One entry of the RTP-Info header; numbers are None where the device gave none."""

    url: str
    seq: int | None = None
    rtp_time: int | None = None


@dataclass(frozen=True, slots=True)
class PlayAnswer:
    """The answer to PLAY. `cseq`: the low byte shows up in `AccessUnit.play_cseq`.

    `range_start_ms` is what the device says it starts at (device clock), None where it
    says nothing or speaks another unit. `rtp_times` maps track index to the RTP time that
    belongs to `range_start_ms`.
    """

    cseq: int
    range_start_ms: int | None = None
    range_end_ms: int | None = None
    rtp_times: dict[int, int] = field(default_factory=dict)
    scale: float | None = None
    speed: float | None = None
