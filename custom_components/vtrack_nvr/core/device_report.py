"""What a device turned out to be able to do, for onboarding and connection tests."""

from dataclasses import dataclass
from enum import StrEnum

from .models import Channel, ClockReading, DeviceIdentity, NvrKey, Recording


class ReplaySupport(StrEnum):
    """How much of Profile G a device offers."""

    FULL = "full"
    """Search and replay: its recordings can be copied."""
    SEARCH_ONLY = "search_only"
    """It lists what it recorded and cannot play it back."""
    REPLAY_ONLY = "replay_only"
    """It plays back and cannot say what there is."""
    NONE = "none"
    """No Profile G: only the live stream can be recorded."""


class ReportWarning(StrEnum):
    """Something a person should know; texts are translations of these."""

    CLOCK_OFF = "clock_off"
    """The device's clock differs from ours by more than a minute."""
    LOCAL_TIME_AS_UTC = "local_time_as_utc"
    """The clock is off by whole quarters of an hour: local time sold as UTC."""
    RECORDINGS_AHEAD = "recordings_ahead"
    """Footage is dated in the future of the device's own clock."""
    CLOCK_NOT_NTP = "clock_not_ntp"
    """The device's clock is set by hand and will drift."""
    NO_CLOCK = "no_clock"
    """The device does not tell its time; an offset of zero is assumed."""
    NO_RECORDINGS = "no_recordings"
    """Profile G works and the device has recorded nothing (no card, no disk)."""
    NO_REPLAY = "no_replay"
    """No Profile G, or only part of it: live recording will be used."""
    NO_PLAYBACK_RIGHT = "no_playback_right"
    """The login may not search or replay."""
    UNASSIGNED_RECORDINGS = "unassigned_recordings"
    """Some recordings could not be matched to a camera."""
    NO_SERIAL = "no_serial"
    """The device tells no usable serial number; it is known by other marks."""
    INNER_ADDRESS = "inner_address"
    """The device advertises addresses that are not the one it was reached at."""
    BASIC_AUTH = "basic_auth"
    """The password travels readable inside TLS (HTTP Basic, PasswordText)."""
    CLEARTEXT_LOGIN = "cleartext_login"
    """The password travels readable, as a person chose: the device takes no other."""
    PLAIN_HTTP = "plain_http"
    """The connection is not encrypted."""
    SEARCH_FAILED = "search_failed"
    """The recordings could not be listed now."""
    REPLAY_FAILED = "replay_failed"
    """The recordings are listed; whether they can be replayed could not be asked now."""


class Playback(StrEnum):
    """What is known of how a device plays its recordings back."""

    UNTRIED = "untried"
    """Nothing, or nothing that lasts (it was busy)."""
    DESCRIBED = "described"
    """It tells what is in them; none of them was played."""
    UNDATED = "undated"
    """It plays them without saying when they were made."""
    UDP_ONLY = "udp_only"
    """It sends them over UDP only."""
    NO_PICTURES = "no_pictures"
    """What it plays has no pictures that can be kept."""
    REFUSED = "refused"
    """The login may list them and not play them."""
    BROKEN = "broken"
    """It failed again and again, and nothing came."""


BAD_PLAYBACK = frozenset(Playback) - {Playback.UNTRIED, Playback.DESCRIBED}
"""Playback that nothing is copied from; live recording takes over."""


class StreamContent(StrEnum):
    """What the first live stream of a device carries."""

    UNKNOWN = "unknown"
    PICTURES = "pictures"
    SOUND_ONLY = "sound_only"
    NOTHING = "nothing"
    """Neither pictures nor sound."""


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """Everything onboarding shows of one NVR.

    `name` and `location` come from its scopes. `device_oldest_ms` and `device_newest_ms`
    are on the device's clock, None where unknown. `services` are the short names of what
    it offers ("media2", "search" …). `unassigned` are recordings without a camera.
    `auth` is how it wants to be logged in to: "none", "wss", "wss_text", "digest" or
    "basic".
    `rtsp_auth` is "digest", "basic" where RTSP takes nothing better, empty if unknown.
    `is_rtsp_tls`: whether RTSP runs inside TLS, None if unknown. `playback` and `live` are what was seen of replay
    and of the first live stream.
    `endpoint_id` is its WS-Discovery UUID where known.
    """

    key: NvrKey
    identity: DeviceIdentity
    channels: tuple[Channel, ...]
    replay: ReplaySupport
    clock: ClockReading
    recordings: tuple[Recording, ...] = ()
    unassigned: tuple[str, ...] = ()
    device_oldest_ms: int | None = None
    device_newest_ms: int | None = None
    name: str = ""
    location: str = ""
    endpoint_id: str = ""
    services: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    auth: str = ""
    rtsp_auth: str = ""
    is_rtsp_tls: bool | None = None
    playback: Playback = Playback.UNTRIED
    live: StreamContent = StreamContent.UNKNOWN
    warnings: tuple[ReportWarning, ...] = ()
