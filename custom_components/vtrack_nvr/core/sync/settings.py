"""What a person chose, as frozen values; the shell makes them from entry and subentries.

Lengths say their unit. Every default is what the one form of the set-up preselects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..models import CameraKey, NvrKey
from .ports import Device, Gate, LiveSource, Viewers
from .week import WeekPlan


class SyncMode(StrEnum):
    """Which of the footage on the device is wanted."""

    EVERYTHING = "everything"
    EVENTS = "events"
    """Around events only, with pre- and post-roll."""
    ON_DEMAND = "on_demand"
    """Nothing by itself; requests only."""


class SyncOrder(StrEnum):
    """Which end of the backlog is fetched first."""

    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"


class SourceChoice(StrEnum):
    """Where a person wants a camera's footage to come from."""

    AUTO = "auto"
    """Replay where the device can, live where it cannot or proved broken."""
    REPLAY = "replay"
    LIVE = "live"
    """Live first; holes are filled from the device where it has replay."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera.

    `retention_days`: older footage is not wanted; None is no limit. `event_classes`:
    which `EventClass` values count in mode *events*; None means all but *recording*.
    `bytes_per_second`: None is no limit of its own.
    """

    is_enabled: bool = True
    mode: SyncMode = SyncMode.EVERYTHING
    source: SourceChoice = SourceChoice.AUTO
    order: SyncOrder = SyncOrder.NEWEST_FIRST
    retention_days: float | None = 30.0
    clip_ms: int = 300_000
    pre_roll_ms: int = 10_000
    post_roll_ms: int = 20_000
    event_classes: frozenset[str] | None = None
    week: WeekPlan | None = None
    """When footage is wanted at all; None is always."""
    settle_s: float | None = None
    """Age of footage before a background fetch takes it (None: `Waits.settle`)."""
    bytes_per_second: int | None = None
    with_audio: bool = True


@dataclass(frozen=True, slots=True)
class NvrSettings:
    """One NVR.

    `sessions`: replay sessions at once; None is what was learned of the device (one at
    first). `full_sweep_hour` is an hour of UTC (the shell turns a local hour into it).
    `time_correction_ms` is added to its times, for devices that sell local time as UTC.
    `missing_after_s`: footage that ought to be kept and is not for so long is told as
    missing; 0 is never.
    """

    interval_s: float = 900.0
    sessions: int | None = None
    bytes_per_second: int | None = None
    full_sweep_hour: int = 2
    time_correction_ms: int = 0
    missing_after_s: float = 7200.0


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """The whole engine.

    `old_share` of the background jobs of a camera that fetches the newest first goes to
    its oldest footage. `slice_s`: after so long a fetch makes way for other NVRs that
    wait for one of the `total_sessions`.
    """

    total_sessions: int = 2
    old_share: float = 0.25
    job_ms: int = 3_600_000
    """The longest stretch of footage that one PLAY of background work covers."""
    slice_s: float = 120.0
    endangered_ms: int = 6 * 3_600_000
    """Footage this close to where the device overwrites goes before other background."""
    overlap_ms: int = 60_000
    """How far before its high-water mark a light sweep looks."""
    max_tries: int = 5
    """Tries of a stretch before quarantine; after that one a day."""
    quarantine_s: float = 86_400.0
    request_max_age_s: float = 86_400.0
    """A request that the device has not answered for so long is closed."""
    requests_open: int = 50
    """Open requests of one camera at most."""
    request_ahead_ms: int = 24 * 3_600_000
    """How far in the future a request may end."""
    request_merge_ms: int = 600_000
    """What lies inside an open request of at most this length is a part of it."""
    request_burst: int = 16
    """So many requests of one device are searched for at once; then `request_pace`."""
    status_s: float = 1.0
    preempt_s: float = 2.0
    """How long background work may take to make way for a request."""
    tick_s: float = 5.0
    """The longest the engine looks away from gates, storage and the host's clock."""


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera of an NVR.

    `recording_tokens`: the recordings that hold its footage (the camera ↔ recording map,
    onvif-profile-g §1.6); empty where it has no Profile G. `source_tokens`: what pull-point
    events call it (video source, configuration or recording tokens). `can_live`: a live
    stream exists. `live`: who records it, for requests; None where nobody does.
    """

    settings: CameraSettings = field(default_factory=CameraSettings)
    recording_tokens: tuple[str, ...] = ()
    source_tokens: frozenset[str] = frozenset()
    can_live: bool = False
    live: LiveSource | None = None


@dataclass(frozen=True, slots=True)
class NvrSpec:
    """One NVR: its device, its cameras, the gate of its background work, who watches it."""

    key: NvrKey
    device: Device
    cameras: Mapping[CameraKey, CameraSpec] = field(default_factory=dict)
    settings: NvrSettings = field(default_factory=NvrSettings)
    gate: Gate | None = None
    viewers: Viewers | None = None
