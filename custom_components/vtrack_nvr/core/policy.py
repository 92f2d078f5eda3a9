"""How devices differ, how long we wait, how much we accept.

A device's oddity is a member of `Quirk`, documented with the model that needs it. Every
length and wait of the network and the engine is a field of `Waits` or `Bounds`, so that
tests can shorten them and nothing is unbounded.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any


class Quirk(StrEnum):
    """A way in which a device departs from the specification; learned and remembered."""

    NO_REQUIRE = "no_require"
    """Refuses `Require: onvif-replay` with 551, and so sends no capture times."""
    NO_RATE_CONTROL = "no_rate_control"
    """Refuses the `Rate-Control` header with 400 or 501."""
    WHOLE_SECONDS = "whole_seconds"
    """Refuses a `Range` with a fraction of a second (457 or 400)."""
    OPEN_RANGE = "open_range"
    """Refuses a `Range` with an end (457 or 400)."""
    HTTP_TUNNEL = "http_tunnel"
    """Offers RTSP only inside HTTP (461 on interleaved TCP)."""
    PAUSE_BEFORE_PLAY = "pause_before_play"
    """Ignores the `Range` of the first PLAY."""
    REAL_TIME_ONLY = "real_time_only"
    """Accepts `Rate-Control: no` and sends in real time all the same (Axis, Tapo)."""
    PLAYS_PAST_END = "plays_past_end"
    """Goes on sending after the end of the range (Hikvision)."""
    NO_CAPTURE_TIMES = "no_capture_times"
    """Sends no 0xABAC header extension; times are estimated."""
    PLAYBACK_TIMES = "playback_times"
    """Sends the time of playback in the 0xABAC extension; it must be ignored."""
    STRAY_BYTES = "stray_bytes"
    """Sends bytes between interleaved frames, again and again, that belong to none."""
    WRONG_CAPTURE_TIMES = "wrong_capture_times"
    """Sends capture times that cannot be true: of 1900, standing still, hours off, local."""
    IGNORES_RANGE_START = "ignores_range_start"
    """Plays a recording from its beginning whatever was asked, with true capture times;
    what lies before is passed over."""
    UNDATED_REPLAY = "undated_replay"
    """Neither answers a clock range nor sends capture times that can be believed (live555,
    servers of dashcams): nothing of its replay is kept."""
    OPTIONS_KEEP_ALIVE = "options_keep_alive"
    """Refuses GET_PARAMETER (Thingino: 454), or never answers it and ends the session all
    the same (Hipcam); OPTIONS keeps it alive."""
    SET_PARAMETER_KEEP_ALIVE = "set_parameter_keep_alive"
    """The same, and only SET_PARAMETER keeps it alive."""
    RTCP_KEEP_ALIVE = "rtcp_keep_alive"
    """Takes RTSP requests during PLAY for garbage; only receiver reports keep it alive."""
    IGNORES_SEARCH_FILTER = "ignores_search_filter"
    """Returns events of other recordings and topics (Dahua)."""
    NO_EVENT_SEARCH = "no_event_search"
    """Cannot search events; segments are assumed from the recording's own range."""
    HTTP_DIGEST = "http_digest"
    """Wants HTTP digest for SOAP instead of WS-UsernameToken."""
    LOCAL_TIME_AS_UTC = "local_time_as_utc"
    """Sells local time as UTC in search and replay."""


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """What was learned about one NVR; kept in the index.

    `max_sessions` is how many replay sessions it may be asked to serve at once.
    `time_correction_ms` is added to its times on top of the clock offset, for devices that
    sell local time as UTC; it is the user's setting.
    """

    quirks: frozenset[Quirk] = frozenset()
    max_sessions: int = 1
    time_correction_ms: int = 0

    def has(self, quirk: Quirk) -> bool:
        """Return whether the device shows this oddity."""
        return quirk in self.quirks

    def learn(self, *quirks: Quirk) -> DevicePolicy:
        """Return the policy with more oddities."""
        return replace(self, quirks=self.quirks | frozenset(quirks))

    def forget(self, *quirks: Quirk) -> DevicePolicy:
        """Return the policy without some oddities: a new firmware may have fewer."""
        return replace(self, quirks=self.quirks - frozenset(quirks))


@dataclass(frozen=True, slots=True)
class Waits:
    """Every wait in seconds, with its source: download-engine §8.2-8.3, profile-g §5.6."""

    connect: float = 10.0
    reply: float = 15.0
    first_packet: float = 30.0
    """A recorder's disk may have to spin up."""
    idle: float = 10.0
    """Silence before the wanted end: the connection is given up and resumed."""
    end_quiet: float = 1.0
    """Silence after the last wanted frame."""
    terminal_quiet: float = 0.5
    """Silence after the T flag on every video track."""
    last_unit_quiet: float = 3.0
    """Silence after the E flag."""
    teardown: float = 1.5
    shortest_keep_alive: float = 1.0
    longest_keep_alive: float = 30.0
    """Devices promise timeouts of hours and keep to the usual minute."""
    forgotten: float = 2.0
    """Silence after a keep-alive was answered with 454: the session is gone indeed."""
    lead: float = 120.0
    """How long footage from before the asked start is passed over."""
    date_proof: float = 6 * 3600.0
    """So long a device is believed that has dated footage as it was asked for."""
    retry: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)
    """Pauses between attempts without progress; then the fetch gives up for this round."""
    progress_resets_after: float = 5.0
    """New footage in seconds that resets the count of attempts."""
    busy: tuple[float, ...] = (30.0, 60.0, 120.0, 300.0)
    """Pauses after 453 or 503."""
    body_quiet: float = 1.0
    """Silence behind a session description whose length was not told, or is too long."""
    soap_call: float = 15.0
    soap_optional: float = 5.0
    """The same for an operation that the device need not have."""
    soap_quiet: float = 0.5
    """Silence after an envelope's end on a device that told a wrong length."""
    search_total: float = 60.0
    search_wait: float = 5.0
    settle: float = 75.0
    """Age of footage before a background fetch takes it."""
    request_settle: float = 2.0
    request_retry: float = 5.0
    request_pace: float = 1.0
    """Pause between searches for requests of one device, beyond the first few."""
    storage_answer: float = 30.0
    """A storage root silent for longer counts as stalled."""
    stop: float = 10.0
    offline: tuple[float, ...] = (5.0, 15.0, 60.0, 120.0, 300.0)
    """Pauses of everything about an NVR that does not answer."""
    camera_retry: tuple[float, ...] = (15.0, 60.0, 300.0, 900.0, 3600.0)
    """Pauses of one camera whose fetches fail one after the other."""
    stretch_retry: tuple[float, ...] = (60.0, 300.0, 900.0, 3600.0)
    """Pauses before the same stretch of footage is tried again."""
    clock_check: float = 3600.0
    early_sweep: float = 60.0
    """The shortest pause between two sweeps that events ask for."""
    live_start: float = 15.0
    live_stall: float = 15.0
    live_retry: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    ffmpeg_start: float = 10.0
    ffmpeg_end: float = 5.0
    """For its last pictures when a stream has ended; then it is killed."""
    ffmpeg_stop: float = 1.5
    """The same while we are stopping."""

    def scaled(self, factor: float) -> Waits:
        """Return the same waits, each multiplied by `factor` (tests use 0.01 to 0.1)."""
        changes: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            changes[field.name] = (
                tuple(item * factor for item in value)
                if isinstance(value, tuple)
                else value * factor
            )
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every length we accept from a device or allow ourselves."""

    receive_bytes: int = 256 * 1024
    header_bytes: int = 64 * 1024
    body_bytes: int = 256 * 1024
    resync_bytes: int = 64 * 1024
    setup_urls: int = 6
    """How many URLs are tried to set up one track, and to play."""
    media_resync_bytes: int = 64 * 1024
    """The same once media flows; 0: the first stray byte ends the session."""
    access_unit_bytes: int = 8 * 1024 * 1024
    gop_bytes: int = 16 * 1024 * 1024
    gop_ms: int = 10_000
    gap_ms: int = 10_000
    """A hole up to this long stays inside a clip (a frame freezes); longer ones cut it."""
    live_gap_ms: int = 1_000
    """The same for live footage: what did not come is lost, and the ledger says so."""
    reanchor_ms: int = 500
    """RTP time may drift this far from capture time before capture time wins."""
    lead_bytes: int = 512 * 1024 * 1024
    """How much footage from before the asked start is passed over."""
    skip_ms: int = 10_000
    """How much footage is skipped where a device stops at the same frame twice."""
    clock_jump_ms: int = 2_000
    """A device clock that moved further than this opens a new clock era."""
    channels: int = 256
    """Cameras of one device; the largest recorders have so many."""
    soap_answer_bytes: int = 1024 * 1024
    search_answer_bytes: int = 8 * 1024 * 1024
    """A device may send all results at once, however many were asked for."""
    picture_bytes: int = 8 * 1024 * 1024
    search_results: int = 100
    search_window_ms: int = 24 * 3600 * 1000
    free_check_bytes: int = 64 * 1024 * 1024
