"""What a simulated NVR is: identity, cameras, accounts, services. Values only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from .faults import Faults
from .soap.auth import AuthMode
from .timeline import AudioCodec, LiveSource, Stretch, Timeline, VideoCodec

DAY_MS = 86_400_000
ALL_SERVICES = frozenset(
    {"media", "media2", "events", "search", "replay", "recording", "deviceio"}
)


class Mapping(StrEnum):
    """By what a recording can be traced to its channel."""

    JOB_PROFILE = "job-profile"
    VIDEO_SOURCE = "video-source"
    SOURCE_ID = "source-id"
    OPTIONS = "options"
    NUMBERS = "numbers"
    ORDER = "order"


@dataclass(frozen=True)
class CameraSpec:
    """One channel. `stretches` lie relative to `base_days` midnights (UTC) ago.

    `grows` starts a recording that runs for as long as the device does; it began
    `grown_ms` before the device was switched on. `base_ms` overrides the midnights.
    """

    name: str
    stretches: tuple[Stretch, ...] = ()
    grows: bool = False
    grown_ms: int = 20_000
    base_days: int = 2
    base_ms: int | None = None
    capacity_ms: int | None = None
    codec: VideoCodec = "H264"
    audio: AudioCodec | None = "AAC"
    width: int = 640
    height: int = 360
    gop_ms: int = 2000
    bframes: int = 0
    pad_kbps: int = 0
    is_recorded: bool = True
    recording_token: str | None = None
    has_sub_stream: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    """Further fields of the timeline, e.g. `damaged_numbers`."""

    def timeline(self, token: str, now_ms: int) -> Timeline:
        """Return what the camera has recorded when the device is switched on."""
        base = self.base_ms
        if base is None:
            base = now_ms // DAY_MS * DAY_MS - self.base_days * DAY_MS
        growing = (now_ms - self.grown_ms) // 1000 * 1000 - base if self.grows else None
        return Timeline(
            self.recording_token or token,
            self.name,
            base,
            list(self.stretches),
            growing,
            self.capacity_ms,
            codec=self.codec,
            audio=self.audio,
            width=self.width,
            height=self.height,
            gop_ms=self.gop_ms,
            bframes=self.bframes,
            pad_kbps=self.pad_kbps,
            **self.extra,
        )

    def live(self, *, is_sub: bool = False) -> LiveSource:
        """Return the live picture, half as large for the sub stream."""
        shrink = 2 if is_sub else 1
        return LiveSource(
            self.name,
            codec="H264" if is_sub else self.codec,
            audio=self.audio,
            width=self.width // shrink,
            height=self.height // shrink // 2 * 2,
            gop_ms=self.gop_ms,
        )


@dataclass
class NvrSpec:
    """One device. Ports 0 are chosen when it starts."""

    name: str
    cameras: tuple[CameraSpec, ...]
    host: str = "127.0.0.1"
    port: int = 0
    rtsp_port: int = 0
    user: str = "viewer"
    password: str = "harbour-42"
    manufacturer: str = "Simulated"
    model: str = "SIM-1"
    firmware: str = "1.0.0"
    serial: str = "SIM000001"
    hardware_id: str = "sim-hw-1"
    mac: str = "02:00:5e:00:00:01"
    uuid: str = "7f3d4c1e-0000-4000-8000-000000000001"
    location: str = "home"
    services: frozenset[str] = ALL_SERVICES
    auth: AuthMode = AuthMode.BOTH
    digest_algorithms: tuple[str, ...] = ("MD5",)
    rtsp_challenges: tuple[Literal["md5", "sha256", "basic"], ...] = ("md5",)
    rtsp_accounts: dict[str, str] = field(default_factory=dict)
    """RTSP accounts of their own, by user; empty: those of the web services."""
    has_tls: bool = False
    has_old_tls: bool = False
    """Nothing newer than TLS 1.0 is spoken."""
    clock_offset_ms: int = 0
    timezone: str = "UTC0"
    local_offset_ms: int = 0
    """What LocalDateTime is ahead of UTC; belongs to `timezone`."""
    is_ntp: bool = True
    mapping: Mapping = Mapping.JOB_PROFILE
    first_channel: int = 1
    """The number in the first channel's tokens."""
    source_token: str = "VideoSource_{n}"
    profile_token: str = "Profile_{n}_{stream}"
    recording_token: str = "OnvifRecordingToken_{n}"
    source_per_stream: bool = False
    """A video source token per stream, as some NVRs have."""
    lists_backwards: bool = False
    """Recordings are listed in the reverse order of the channels."""
    replay_query: str = ""
    """Appended to replay URIs, with its question mark."""
    discovery_types: tuple[str, ...] = ("dn:NetworkVideoTransmitter", "tds:Device")
    true_now: Callable[[], int] | None = None
    """The host's clock in milliseconds, for tests that move it."""
    faults: Faults = field(default_factory=Faults)

    @property
    def has_profile_g(self) -> bool:
        """Return whether recordings can be found and replayed."""
        return {"search", "replay"} <= self.services
