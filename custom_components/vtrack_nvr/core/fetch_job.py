"""What is asked of a fetch and what it answers: values between engine and downloader."""

from dataclasses import dataclass, field
from enum import StrEnum

from .endpoint import Endpoint
from .errors import NvrError
from .intervals import Ranges, TimeRange
from .login_guard import LoginGuard
from .models import CameraKey, ClipSource, ClockEra
from .policy import DevicePolicy


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """Where a recording is played; `guard` is shared by all logins at the device."""

    endpoint: Endpoint
    guard: LoginGuard | None = None


@dataclass(frozen=True, slots=True)
class FetchJob:
    """One PLAY: a stretch of one recording, cut into clips on the way.

    `device_range` is on the device's clock; `era` translates it. `kept` are the device
    times of footage already in complete clips: frames inside are dropped as overlap.
    `clip_ms` is the distance of the wall-clock boundaries (UTC) where files are cut.
    `bytes_per_second` limits by reading slower; None is no limit.
    """

    camera: CameraKey
    recording_token: str
    replay: ReplaySource
    device_range: TimeRange
    era: ClockEra
    kept: Ranges = ()
    clip_ms: int = 300_000
    policy: DevicePolicy = field(default_factory=DevicePolicy)
    source: ClipSource = ClipSource.REPLAY
    with_audio: bool = True
    bytes_per_second: int | None = None


class EndReason(StrEnum):
    """Why a fetch ended (download-engine §8.3)."""

    REACHED = "reached"
    """Footage at or after the wanted end was seen; everything before is settled."""
    END_OF_FOOTAGE = "end_of_footage"
    """The device said that there is no more (T, BYE, close) before the wanted end."""
    YIELDED = "yielded"
    """Stopped at a GOP border because something more urgent came."""
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FetchedGap:
    """A stretch in which no footage came although the stream went past it."""

    device_range: TimeRange
    reason: str


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What one fetch did. What is kept, the sink's rows say; this says the rest.

    `device_reached_ms`: up to here every stretch is either in a complete clip or in
    `gaps`; beyond it nothing is known. `learned` is the policy with what was found out.
    `error` is set when `reason` is FAILED.
    """

    reason: EndReason
    device_reached_ms: int
    clips: int = 0
    bytes: int = 0
    frames: int = 0
    gaps: tuple[FetchedGap, ...] = ()
    learned: DevicePolicy = field(default_factory=DevicePolicy)
    error: NvrError | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch has got; reported at most once a second, from a worker thread."""

    device_ms: int
    bytes: int
    speed: float
