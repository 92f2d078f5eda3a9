"""Switches that make the simulated web services behave as real devices do.

Everything off is a device that follows the specifications. Sources are the [WILD] rows
and the vendor table of `onvif-profile-g`; a switch acts from the next request on.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from .rtsp_faults import RtspFaults


@dataclass
class Faults:
    """All switches of one NVR; `rtsp` holds those of its RTSP server.

    Where a switch names operations, these are local names (`FindEvents`), prefixed ones
    (`tse:EndSearch`), whole services (`tse:*`) or `*`.
    """

    rtsp: RtspFaults = field(default_factory=RtspFaults)

    # --- Any operation ---------------------------------------------------------------
    delay_s: float = 0.0
    """Seconds before every answer."""
    delay_ops: dict[str, float] = field(default_factory=dict)
    hang_ops: list[str] = field(default_factory=list)
    """Never answered; the socket stays open."""
    drop_ops: list[str] = field(default_factory=list)
    """The connection is closed without an answer."""
    truncate_ops: list[str] = field(default_factory=list)
    """The connection breaks in the middle of the answer."""
    html_ops: list[str] = field(default_factory=list)
    """A web page with status 200 instead of SOAP."""
    malformed_ops: list[str] = field(default_factory=list)
    """Text that is almost XML."""
    empty_ops: list[str] = field(default_factory=list)
    """An empty HTTP body."""
    empty_soap_body_ops: list[str] = field(default_factory=list)
    """An envelope whose Body is empty."""
    status_ops: dict[str, int] = field(default_factory=dict)
    """Only this HTTP status and a line of text."""
    fault_ops: dict[str, str] = field(default_factory=dict)
    """A SOAP fault: "Receiver ter:Action ter:ResourceProblem" and the like."""
    hostile_ops: dict[str, str] = field(default_factory=dict)
    """Operation to what means harm in the place of the answer: `hostile.KINDS`."""
    limits: dict[str, int] = field(default_factory=dict)
    """Operation to how many more times the switches above act on it."""
    fault_status: int | None = None
    """HTTP status of every SOAP fault (200, 401, 403, 500 are all seen)."""
    framing_ops: dict[str, str] = field(default_factory=dict)
    """How answers are framed: a word of `soap.crooked.FRAMINGS`."""
    text_ops: dict[str, str] = field(default_factory=dict)
    """How answers are written: a word of `soap.crooked.TEXTS`."""
    is_soap_11: bool = False
    """Faults as SOAP 1.1 has them: faultcode and faultstring, status 500."""
    device_path: str | None = None
    """The device service is here and not at the path Core 5.1.1 demands."""
    redirects_to: str | None = None
    """Requests elsewhere than here are sent here with 302: a path, or https://…"""
    anonymous_answer: str = ""
    """What a call without a login gets instead of a refusal: "empty", "hangup" or a
    status with an empty body ("400")."""
    forbidden_ops: list[str] = field(default_factory=list)
    """NotAuthorized for this account, whatever its password."""
    missing_ops: dict[str, str] = field(default_factory=dict)
    """Operations the device does not have, and what it says instead: "401", "403",
    "empty-400", "empty-200", "404", "hangup" or "nothing" (no answer at all)."""
    open_ops: list[str] = field(default_factory=list)
    """Operations for everybody, against C 5.9.4.3."""

    # --- Authentication --------------------------------------------------------------
    wss_window_s: float = 300.0
    """How far `Created` may be from the device's clock."""
    wss_true_time: bool = False
    """`Created` is compared with true UTC, not with what the device says its UTC is."""
    wss_html_401: list[str] = field(default_factory=list)
    """On these operations WS-UsernameToken earns an HTML 401 with a digest challenge."""
    unauthorized_status: int | None = None
    """HTTP status of NotAuthorized faults instead of 400."""
    lockout_after: int | None = None
    """So many bad logins in a row lock the account …"""
    lockout_s: float = 300.0
    """… for so many seconds, right passwords included."""
    digest_taken: str = ""
    """Of the digests that are offered only the one with this algorithm is taken."""
    digest_nonce_s: float = 600.0
    """Seconds after which an HTTP digest nonce is stale."""
    date_needs_login: bool = False
    """GetSystemDateAndTime asks for credentials, against C 8.3.6."""
    playback_forbidden: bool = False
    """The account lacks the vendor's playback right: NotAuthorized on replay."""

    # --- Service map -----------------------------------------------------------------
    no_get_services: bool = False
    """GetServices is unknown, as on old firmware."""
    empty_g_xaddrs: bool = False
    """Search, Replay, Recording announced with an empty XAddr."""
    xaddr_host: str | None = None
    """XAddrs name this (inner) host."""
    xaddr_port: int | None = None
    """XAddrs name this port."""
    xaddr_doubled_port: bool = False
    """XAddrs read `http://host:80:80/…`."""
    rtsp_uri_host: str | None = None
    """RTSP URIs name this (inner) host."""
    rtsp_uri_credentials: bool = False
    """RTSP URIs carry user and password."""
    rtsp_uri_blanks: bool = False
    """Blanks and a line feed around URIs."""
    upper_case_booleans: bool = False
    """Capability attributes read TRUE and False."""

    # --- Channels --------------------------------------------------------------------
    main_without_facts: str = ""
    """The main profile's encoder is "empty" (a name only) or "missing"."""
    video_sources_told: int | None = None
    """What Device I/O says of how many video sources there are."""
    vanished_channels: list[str] = field(default_factory=list)
    """Names of cameras that are not there now: no profiles, sources, recordings."""

    # --- Clock -----------------------------------------------------------------------
    no_utc_time: bool = False
    """GetSystemDateAndTime without UTCDateTime."""
    no_times: bool = False
    """Neither UTCDateTime nor LocalDateTime."""
    impossible_date: bool = False
    """Day 0, hour 24, second 60."""

    # --- Search: times ---------------------------------------------------------------
    times_without_z: bool = False
    times_with_offset: bool = False
    """Times as +00:00 instead of Z."""
    whole_seconds: bool = False
    """Times cut to whole seconds."""
    impossible_times: bool = False
    """Half of the event times have 60 minutes and more; one more is of the year 0000."""
    dates_1970: bool = False
    """DataFrom and EarliestRecording lie in 1970: recorded before the clock was set."""
    no_latest: bool = False
    """LatestRecording is missing."""
    no_earliest: bool = False
    frozen_data_to: bool = False
    """DataTo and LatestRecording stay at the start of the newest stretch."""
    future_latest_ms: int = 0
    """LatestRecording lies so far in the device's future."""

    # --- Search: recordings ----------------------------------------------------------
    no_recordings: bool = False
    """The listings are empty although footage exists."""
    find_recordings_empty: bool = False
    """Only FindRecordings lists nothing; GetRecordings does."""
    no_status: bool = False
    """RecordingStatus is Unknown."""
    no_tracks: bool = False
    """RecordingInformation names no tracks."""
    lie_about_lengths_ms: int = 0
    """Segments are announced so much longer than the footage is."""

    # --- Search: sessions ------------------------------------------------------------
    resource_problem: bool = False
    """No search session can be made."""
    max_searches: int = 4
    """More sessions at a time than this are refused with ResourceProblem."""
    shortest_keep_alive_s: float | None = None
    """Sessions end after so many idle seconds whatever KeepAliveTime said."""
    searching_rounds: int = 0
    """So many empty `Searching` answers come first."""
    page_size: int | None = None
    """At most so many results in an answer, whatever MaxResults says."""
    silent_cap: int | None = None
    """At most so many results per search, then `Completed`."""
    unknown_state: bool = False
    """SearchState is `Unknown` where it should be `Completed`."""
    never_completes: bool = False
    """`Searching` for ever, without results after the last."""
    end_search_fault: bool = False
    """EndSearch always faults."""
    refuse_filters: bool = False
    """Any content of SearchFilter or Scope filter: InvalidFilterFault."""

    # --- Search: events --------------------------------------------------------------
    ignore_window: bool = False
    """StartPoint and EndPoint are not applied."""
    ignore_scope: bool = False
    """IncludedRecordings is not applied."""
    no_start_state: bool = False
    """IncludeStartState has no effect."""
    start_state_changed: bool = False
    """Start states come as `Changed` instead of `Initialized`."""
    no_events: bool = False
    """FindEvents finds nothing."""
    only_recording_state: bool = False
    """No Track/State, only Recording/State."""
    no_recording_state: bool = False
    duplicate_events: bool = False
    """Every event comes twice."""
    repeated_values: bool = False
    """Half-way through a stretch the same value is told again."""
    unrelated_events: bool = False
    """Motion and tampering mixed in."""
    topic_prefix: str = "tns1"
    """Another prefix in front of the topics (declared, but not theirs)."""
    odd_dialect: bool = False
    track_token_empty: bool = False
    """TrackToken in Result is empty, the Source has it."""
    source_item_missing: bool = False
    """The Source lacks the track, Result has it."""
    unordered: bool = False
    """Newest first although the search goes forward."""
    file_minutes: float | None = None
    """Each stretch is told as touching files of so many minutes."""

    # --- Replay and media ------------------------------------------------------------
    replay_only_udp: bool = False
    """GetReplayUri refuses protocol RTSP with InvalidStreamSetup."""
    snapshot_status: int | None = None
    """GetSnapshotUri's picture answers with this status."""
    snapshot_tail: str = ""
    """What follows the picture, within its length: "padding" or "text"."""
    no_snapshot: bool = False
    stream_uri: str | None = None
    """GetStreamUri answers exactly this."""

    # --- Events ----------------------------------------------------------------------
    max_pull_points: int = 4
    pull_points_die: bool = False
    """Subscriptions are forgotten at once."""
    refuses_addressing: bool = False
    """Any WS-Addressing header is a MustUnderstand fault."""
    absolute_times_only: bool = False
    """Termination times that are durations are refused."""
    no_end_of_subscription: bool = False
    """InitialTerminationTime is refused, whatever it says."""
    small_pulls: bool = False
    """Pulls of more than ten messages or five seconds are refused (Core 9.2.2)."""
    pull_flood: int = 0
    """Every PullMessages is answered at once with so many messages, whatever MessageLimit
    said."""

    # --- Discovery -------------------------------------------------------------------
    discovery_silent: bool = False
    discovery_wrong_relates_to: bool = False

    def acts(self, name: str, operation: str) -> bool:
        """Return whether the switch acts on `operation` (`tse:FindEvents`), counting."""
        return self._match(getattr(self, name), operation) is not None

    def value(self, name: str, operation: str) -> Any:
        """Return what the switch says for `operation`, None where it does not act."""
        table = getattr(self, name)
        key = self._match(table, operation)
        return None if key is None else table[key]

    def _match(self, keys: list[str] | dict[str, Any], operation: str) -> str | None:
        prefix, local = operation.split(":")
        for key in (operation, local, f"{prefix}:*", "*"):
            if key not in keys:
                continue
            left = self.limits.get(key)
            if left is None:
                return key
            if left > 0:
                self.limits[key] = left - 1
                return key
        return None

    def update(self, changes: dict[str, Any]) -> None:
        """Set switches by name; `rtsp` is a dict of its own. Unknown: ValueError."""
        known = {item.name for item in fields(self)}
        if unknown := set(changes) - known:
            raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            if name == "rtsp":
                self.rtsp.update(value)
            else:
                setattr(self, name, value)

    def values(self) -> dict[str, Any]:
        """Return every switch as a plain value."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        own["rtsp"] = {
            item.name: getattr(self.rtsp, item.name)
            for item in fields(self.rtsp)
            if not item.name.startswith("_")
        }
        return own

    def reset(self) -> None:
        """Turn every switch off, those of RTSP too."""
        fresh = Faults()
        for item in fields(self):
            if item.name != "rtsp":
                setattr(self, item.name, getattr(fresh, item.name))
        self.rtsp.reset()
