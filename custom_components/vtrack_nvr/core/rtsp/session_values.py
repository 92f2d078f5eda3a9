"""What the RTSP room is asked for and what it answers, as frozen values."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..frames import TrackFormat


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
