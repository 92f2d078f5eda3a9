"""What the user sees: frozen snapshots of the engine, made at most once a second."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import ErrorKind
from ..intervals import Ranges, TimeRange
from ..models import CameraKey, Clip, NvrKey


class SyncState(StrEnum):
    """What the engine is doing for a camera or an NVR."""

    IDLE = "idle"
    SEARCHING = "searching"
    FETCHING = "fetching"
    RECORDING = "recording"
    WAITING = "waiting"
    """Work is there, and something stands before it (busy device, limit, back-off, gate)."""
    PAUSED = "paused"
    """Switched off by a person."""
    BLOCKED = "blocked"
    """Stopped until a person acts (credentials, storage)."""
    OFFLINE = "offline"


class FootageSource(StrEnum):
    """Where a camera's footage comes from."""

    REPLAY = "replay"
    LIVE = "live"
    NONE = "none"


class SourceReason(StrEnum):
    """Why that source is in use."""

    PROFILE_G = "profile_g"
    NO_PROFILE_G = "no_profile_g"
    REPLAY_BROKEN = "replay_broken"
    REPLAY_UNDATED = "replay_undated"
    CHOSEN = "chosen"
    SWITCHED_OFF = "switched_off"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something does not work; `detail` is safe to show."""

    kind: ErrorKind
    since_ms: int
    detail: str = ""


class MissingCause(StrEnum):
    """Why footage that ought to be kept is not."""

    NOT_SEEN = "not_seen"
    """The device could not be asked what it holds."""
    NOT_COPIED = "not_copied"
    """The device holds it, and none of it could be copied for a while."""
    NOT_RECORDED = "not_recorded"
    """The live stream was to be recorded, and most of it was not."""
    NO_NEW_FOOTAGE = "no_new_footage"
    """A device that always recorded without a break has recorded nothing new."""
    GIVEN_UP = "given_up"
    """The device lists it, and again and again does not deliver it."""
    FILE_GONE = "file_gone"
    """It was kept, and the file is gone or damaged."""


@dataclass(frozen=True, slots=True)
class MissingFootage:
    """Footage that was expected and is not kept after the chosen time; times in UTC.

    `seconds`: how much, as far as known (time in which nobody knows what was recorded
    counts whole). `reason`: one of `core.ledger.REASONS`, empty where none is known.
    """

    cause: MissingCause
    since_ms: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LiveNote:
    """What a camera's live recording is doing, as it was told."""

    state: SyncState
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The fetch under way; `done` is 0 to 1, `speed` in seconds of footage per second."""

    start_ms: int
    end_ms: int
    done: float
    bytes: int
    speed: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera; durations in seconds, percentages 0 to 100 or None where undefined."""

    key: CameraKey
    state: SyncState = SyncState.IDLE
    source: FootageSource = FootageSource.NONE
    source_reason: SourceReason = SourceReason.PROFILE_G
    is_enabled: bool = True
    backlog_s: float = 0.0
    failed_s: float = 0.0
    lost_s: float = 0.0
    kept_s: float = 0.0
    coverage_percent: float | None = None
    clips: int = 0
    bytes: int = 0
    last_clip_id: int | None = None
    last_clip_start_ms: int | None = None
    last_clip_end_ms: int | None = None
    device_oldest_ms: int | None = None
    device_newest_ms: int | None = None
    last_sync_ms: int | None = None
    progress: Progress | None = None
    problem: Problem | None = None
    missing: MissingFootage | None = None
    is_recording_on_device: bool | None = None
    """Whether the device says that it records the camera now; None: it does not say."""
    is_judged: bool = False
    """Whether `missing` is known, which takes a moment after a start."""

    def lag_s(self, now_ms: int) -> int | None:
        """Return how far (seconds) what is kept lies behind what there is to keep.

        None if nothing is kept, or if the device does not say what it has.
        """
        if self.last_clip_end_ms is None:
            return None
        if self.source is FootageSource.LIVE:
            if self.state is SyncState.RECORDING:
                return 0
            newest_ms: int | None = now_ms
        else:
            newest_ms = self.device_newest_ms
        if newest_ms is None:
            return None
        return max(0, round((newest_ms - self.last_clip_end_ms) / 1000))


@dataclass(frozen=True, slots=True)
class NvrStatus:
    """One NVR with its cameras."""

    key: NvrKey
    is_online: bool | None = None
    state: SyncState = SyncState.IDLE
    clock_offset_ms: int | None = None
    last_sweep_ms: int | None = None
    next_sweep_ms: int | None = None
    paused_until_ms: int | None = None
    problem: Problem | None = None
    cameras: dict[CameraKey, CameraStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The whole engine at one moment."""

    made_ms: int
    nvrs: dict[NvrKey, NvrStatus] = field(default_factory=dict)
    storage_problem: Problem | None = None

    def camera(self, nvr: NvrKey, camera: CameraKey) -> CameraStatus | None:
        """Return one camera, or None where it is not attached."""
        found = self.nvrs.get(nvr)
        return found.cameras.get(camera) if found else None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one `sync_now` did; `is_complete`: all due work of these cameras is done.

    `problem` says what stands before the rest. `backlog_s` is what is still to fetch.
    """

    started_ms: int
    ended_ms: int
    is_complete: bool
    clips: int = 0
    bytes: int = 0
    errors: int = 0
    backlog_s: float = 0.0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class CancelledWork:
    """How much of a camera's work was ended before its time."""

    fetches: int = 0
    requests: int = 0
    runs: int = 0
    """Syncs that somebody had started by hand."""


@dataclass(frozen=True, slots=True)
class SavedClip:
    """What is kept of a range that was asked for; all ranges in UTC.

    `clips` are the complete clips that touch it, in order; `kept` and `missing` lie inside
    it. `outcome` is `kept`, `partly`, `missing`, `expired` (the deadline came first) or
    `cancelled`.
    """

    camera: CameraKey
    range: TimeRange
    outcome: str
    clips: tuple[Clip, ...] = ()
    kept: Ranges = ()
    missing: Ranges = ()

    @property
    def is_whole(self) -> bool:
        """Return whether everything that was asked for is kept."""
        return not self.missing
