"""Frozen values that every room may use.

Words are those of `docs/glossary.md`. Times are integer milliseconds of UTC since 1970;
`device_…_ms` is read on the device's own clock. `utc_ms = device_ms + offset_ms`, where
the offset belongs to a clock era.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType, Self

from .frames import Codec, TrackKind
from .intervals import TimeRange
from .texts import clean_fields

NvrKey = NewType("NvrKey", str)
"""Names an NVR for ever: made from serial or hardware id, never from an address."""

CameraKey = NewType("CameraKey", str)
"""Names a camera for ever, across all NVRs: `<NvrKey>/<channel>`."""


class ClipSource(StrEnum):
    """How a clip's footage reached us."""

    REPLAY = "replay"
    LIVE = "live"
    BACKFILL = "backfill"


class TimeSource(StrEnum):
    """How a clip's times were obtained, best first."""

    CAPTURE = "capture"
    """The device's own time of each frame (ONVIF replay header extension)."""
    SENDER_REPORT = "sender_report"
    """RTCP sender reports of a live stream, found sane."""
    HOST = "host"
    """Home Assistant's clock when the first packet came."""
    ESTIMATED = "estimated"
    """The requested start plus elapsed RTP time."""


class CoverageState(StrEnum):
    """What is known of a stretch of a camera's time line (design §2)."""

    KEPT = "kept"
    ON_DEVICE = "on_device"
    FETCHING = "fetching"
    FAILED = "failed"
    ABSENT = "absent"
    LOST = "lost"
    MISSING = "missing"
    REMOVED = "removed"
    NOT_WANTED = "not_wanted"


EXPECTED_STATES = frozenset(
    {
        CoverageState.KEPT,
        CoverageState.ON_DEVICE,
        CoverageState.FETCHING,
        CoverageState.FAILED,
        CoverageState.LOST,
        CoverageState.MISSING,
    }
)
"""The states that count when coverage is a percentage: kept / sum of these."""


@dataclass(frozen=True, slots=True)
class CoverageSpan:
    """A stretch in one state; `reason` is an `ErrorKind` or a word of the ledger."""

    state: CoverageState
    range: TimeRange
    reason: str = ""
    next_try_ms: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What a device says it is (GetDeviceInformation); any field may be empty.

    `mac` is that of the interface in use, `macs` are those of all interfaces.
    """

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    hardware_id: str = ""
    mac: str = ""
    macs: tuple[str, ...] = ()

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what `dataclasses.asdict` wrote, also of an older version, from JSON."""
        return cls(**{**data, "macs": tuple(data.get("macs", ()))})

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(
            self, "manufacturer", "model", "firmware", "serial", "hardware_id", "mac"
        )


@dataclass(frozen=True, slots=True)
class StreamProfile:
    """A media profile of a channel; `media_version` is 1 or 2 (Media or Media2)."""

    token: str
    name: str
    encoding: str
    width: int
    height: int
    frame_rate: float | None = None
    bitrate_kbit: int | None = None
    audio_encoding: str = ""
    media_version: int = 1

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "name", "encoding", "audio_encoding")


@dataclass(frozen=True, slots=True)
class Channel:
    """A video source of an NVR with its profiles (largest picture first)."""

    token: str
    number: int
    name: str
    profiles: tuple[StreamProfile, ...] = ()
    recording_tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "name")


@dataclass(frozen=True, slots=True)
class Track:
    """A track of a recording; times are the device's, None where it gave none."""

    token: str
    kind: TrackKind
    device_from_ms: int | None = None
    device_to_ms: int | None = None
    description: str = ""

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "description")


class RecordingStatus(StrEnum):
    """tt:RecordingStatus."""

    INITIATED = "Initiated"
    RECORDING = "Recording"
    STOPPED = "Stopped"
    REMOVING = "Removing"
    REMOVED = "Removed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Recording:
    """ONVIF's container of one source's whole time line (RS 5.3)."""

    token: str
    source_id: str = ""
    source_name: str = ""
    video_source_token: str = ""
    status: RecordingStatus = RecordingStatus.UNKNOWN
    device_earliest_ms: int | None = None
    device_latest_ms: int | None = None
    content: str = ""
    tracks: tuple[Track, ...] = ()

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "source_name", "content")


@dataclass(frozen=True, slots=True)
class RecordingJob:
    """What a device records by itself, and whether it is to (RC 5.15)."""

    token: str
    recording_token: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A contiguous stretch the device says it holds, on the device's clock.

    `is_growing`: the end is only how far it has got. `is_assumed`: no event says so, it
    follows from the recording's own range and shows its truth when it is fetched.
    """

    recording_token: str
    device_range: TimeRange
    is_growing: bool = False
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class SegmentListing:
    """The answer to one search over `device_window`.

    `is_complete` is False where the device stopped answering, capped the list or
    contradicted itself: then what is not listed proves nothing.
    """

    recording: Recording
    device_window: TimeRange
    segments: tuple[Segment, ...]
    is_complete: bool


class EventClass(StrEnum):
    """What an event on a time line is about."""

    MOTION = "motion"
    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    DOORBELL = "doorbell"
    LINE = "line"
    """A line or the border of an area was crossed."""
    RECORDING = "recording"
    OTHER = "other"


class DeviceNotice(StrEnum):
    """What a device tells of itself and not of what it sees."""

    VIDEO_LOSS = "video_loss"
    """A channel has no picture: the camera behind it is away."""
    STORAGE_FAILURE = "storage_failure"
    """A disk or a card in the device fails, is full or is not there."""


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """A pull-point notification, on the device's clock; `is_active` is its state.

    `is_moment`: it has no state (a line was crossed), so that no end will follow.
    `is_initial`: the state as it was when the device was first listened to. `notice`: it
    is about the device itself, and no event on any time line.
    """

    event_class: EventClass
    topic: str
    source_token: str
    device_ms: int
    is_active: bool
    is_moment: bool = False
    is_initial: bool = False
    notice: DeviceNotice | None = None

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "topic")


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event on a camera's time line in UTC; an open event ends where it starts."""

    event_class: EventClass
    range: TimeRange
    source: str = ""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One measurement of a device clock; resolution is the device's 1 s (C 8.3.6)."""

    offset_ms: int
    measured_ms: int
    round_trip_ms: int = 0


@dataclass(frozen=True, slots=True)
class ClockEra:
    """A stretch of device time without a jump; `id` is its row, 0 before it has one.

    `is_uncertain`: footage older than our first measurement, so its offset is a guess.
    `device_seen_ms`: what the device's clock read when this offset was measured last; None
    where that was not written down. Equal to the start of the next era: the device's clock
    went on without a jump.
    """

    id: int
    device_start_ms: int
    offset_ms: int
    is_uncertain: bool = False
    device_seen_ms: int | None = field(default=None, compare=False)

    def to_utc(self, device_ms: int) -> int:
        """Return UTC for a time on the device's clock."""
        return device_ms + self.offset_ms

    def to_device(self, utc_ms: int) -> int:
        """Return the device's time for a UTC time."""
        return utc_ms - self.offset_ms


class ClipState(StrEnum):
    """Where a clip is in its life; `design/library.md` draws it."""

    FETCHING = "fetching"
    COMPLETE = "complete"
    TRASHED = "trashed"
    DELETING = "deleting"
    MISSING = "missing"


class ClipProblem(StrEnum):
    """What is wrong with a clip that was kept because live footage comes only once."""

    CHECK_FAILED = "check_failed"
    """Its tables, or the times of its pictures, are not what was received."""
    REFUSED = "refused"
    """Something that was received could not be written; the clip ends before it."""
    CLOCK_BEHIND = "clock_behind"
    """Home Assistant's clock was wrong when it was recorded; its time is a guess."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What was measured of a finished file; all of it goes into the row.

    `range` is UTC from the first frame to where the next would begin. `last_frame_ms` is
    UTC of the last video frame. `holes` counts RTP sequence holes, `gaps` are the freezes
    inside the file in UTC.
    """

    range: TimeRange
    last_frame_ms: int
    device_start_ms: int
    era_id: int
    size_bytes: int
    sha256: str
    video_codec: Codec
    audio_codec: Codec | None
    width: int
    height: int
    frames: int
    audio_frames: int = 0
    holes: int = 0
    gaps: tuple[TimeRange, ...] = ()
    source: ClipSource = ClipSource.REPLAY
    time_source: TimeSource = TimeSource.CAPTURE
    problem: str = ""
    """Why the clip is kept although something is wrong with it; a word of `ClipProblem`."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of the index; `path` is relative to its storage root, with `/`."""

    id: int
    camera: CameraKey
    state: ClipState
    root_id: int
    path: str
    facts: ClipFacts
    is_protected: bool = False
    created_ms: int = 0
    note: str = ""
