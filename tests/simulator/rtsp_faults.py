"""Switches that make the simulated RTSP server behave as real devices do.

Everything off is a device that follows RFC 2326 and the ONVIF Streaming specification.
A switch may be changed while sessions run; what is decided at PLAY holds for that PLAY.
"""

from dataclasses import dataclass, field, fields
import threading
from typing import Any, Literal


@dataclass
class RtspFaults:
    """All switches; `limits` says how often one acts before it turns itself off.

    Limits count for what breaks a stream off (`drop_…`, `reset_…`, `stall_…`, `deaf_…`,
    `damaged_at_ms`, `wrong_length_…`, `expire_after_frames`), for `busy` and for `status_on`.
    """

    # --- Speed -----------------------------------------------------------------------
    rate_limit_bytes: int | None = None
    """Send at most so many bytes a second, whatever Rate-Control says."""
    first_packet_delay: float = 0.0
    """Seconds between the answer to PLAY and the first packet: a disk spinning up."""
    reply_delay: float = 0.0
    """Seconds before every reply."""
    slow_start: float = 0.0
    """Seconds of trickle (one frame each 0.2 s) before full speed."""
    real_time_factor: float = 1.0
    """How many times faster than life "real time" runs, to keep tests short."""

    # --- How a stream breaks or ends -------------------------------------------------
    drop_after_frames: int | None = None
    """Close (FIN) in the middle of the video frame after so many."""
    reset_after_frames: int | None = None
    """Reset (RST) in the middle of the video frame after so many."""
    stall_after_frames: int | None = None
    """Stop sending after so many video frames, socket open, requests still answered."""
    deaf_after_frames: int | None = None
    """Stop sending after so many video frames, and answer nothing any more."""
    damaged_at_ms: int | None = None
    """Close the connection whenever the frame taken at this time would be sent."""
    end_of_range: Literal[
        "silence", "bye", "bye_bare", "bye_compound", "close", "half_close"
    ] = "silence"
    """What follows the last frame; the specification says silence, still playing."""
    plays_past_end: bool = False
    """Ignore the end of the range."""
    live_at_end: bool = False
    """Go over to the live picture after the last frame."""

    repeats: int = 0
    """Each frame of a live stream is sent so many times more: a flood."""

    # --- The header extension --------------------------------------------------------
    no_extension: bool = False
    extension_everywhere: bool = False
    """On every packet instead of the first of an access unit."""
    extension_on_keys: bool = False
    """On key pictures only, and not on sound."""
    extension_off_ms: int = 0
    """Times in it are so far off: hours, or the device's local time."""
    extension_times: Literal["capture", "1900", "constant"] = "capture"
    """What it tells: of 1900 counts from the beginning of the PLAY."""
    extension_id: int = 0xABAC
    extension_extra_words: int = 0
    """Words after the usual three, as the JPEG variant has."""
    terminal_flags: bool = True
    """Set E at the end of a contiguous stretch and T on the last frame of all."""
    terminal_at_range_end: bool = True
    """Set T on the last frame of the range too, not only of the footage."""
    discontinuity_flags: bool = True
    """Set D after a jump (Immediate) and after gaps."""
    clean_flags: bool = True
    constant_cseq: bool = False
    """Leave the CSeq byte 0."""
    wall_clock_ntp: bool = False
    """Put the time of sending instead of the time of capture into the extension."""
    extension_needs_require: Literal["either", "both", "no"] = "either"
    """Whether `Require: onvif-replay` is needed on SETUP or PLAY, on both, or not."""

    # --- RTP -------------------------------------------------------------------------
    restart_rtp_at_gaps: bool = False
    """New random RTP time after each gap, as after a reboot."""
    rtp_wraps: bool = False
    """Choose RTP times that wrap a few seconds after the start."""
    csrc_and_padding: bool = False
    packet_size: int = 1400
    """Most bytes of one RTP packet; up to 60000 over TCP."""
    sequence_hole_every: int | None = None
    """Leave out every n-th packet, its number included."""
    garbage_every_frames: int | None = None
    """Put stray bytes between interleaved frames."""
    unknown_channel_frames: bool = False
    """Send frames on channels nobody set up, as left from another session."""
    wrong_length_after_frames: int | None = None
    """Give one interleaved frame a length that is not its own."""
    no_marker: bool = False
    """Never set the marker bit: only the RTP time tells access units apart."""
    marks_slices: bool = False
    """Set the marker bit at the end of every NAL unit (footage: `slices`)."""
    unmarked_every: int | None = None
    """Leave the marker bit out at every n-th picture."""
    annex_b: bool = False
    """Send each picture as one NAL unit with start codes inside."""
    odd_nals: bool = False
    """Around each picture: delimiters, empty and unknown NAL units, a message alone."""
    no_key_pictures: bool = False
    """Leave key pictures out, as an encoder does that refreshes row by row."""

    # --- Times of live streams ---------------------------------------------------------
    rtp_pace: float = 1.0
    """How fast the RTP clocks run."""
    rtp_jump: tuple[int, int] | None = None
    """(every so many ms, by so many ms) the RTP times of the video jump."""
    live_burst_ms: int = 0
    """Begin with this much of what was filmed before, all at once."""
    late_keys_ms: int = 0
    """Key pictures take this much longer than others."""

    # --- Parameter sets and audio ----------------------------------------------------
    parameter_sets: Literal["both", "sdp", "in-band"] = "both"
    audio_starts_late: float = 0.0
    """Seconds of each play without audio at its beginning."""
    audio_absent: bool = False
    """Announced in the SDP, never sent."""
    audio_not_in_sdp: bool = False
    video_not_in_sdp: bool = False
    """A stream of sound alone."""
    sound_ahead_ms: int = 0
    """Sound is sent so long before its pictures, or behind them where it is negative."""
    sound_form: Literal[
        "usual",
        "adts",
        "size-alone",
        "other-number",
        "no-config",
        "no-headers",
        "latm",
    ] = "usual"
    """How AAC is described and packed; see `sound_forms`."""
    talk_back_in_sdp: Literal["before", "behind"] | None = None
    """A track for talking to the device, which cannot be played."""

    # --- RTCP ------------------------------------------------------------------------
    sender_reports: Literal["zero", "none", "wall"] = "zero"
    """Sender reports while rate control is off."""
    live_sender_reports: Literal[
        "good", "zero", "none", "wrong", "contrary", "late"
    ] = "good"
    """Sender reports of live streams; "wrong": hours off, "contrary": each otherwise."""
    report_seconds: float = 5.0

    # --- Requests refused or misread -------------------------------------------------
    refuse_require: bool = False
    """551 on `Require: onvif-replay`."""
    refuse_rate_control: int | None = None
    """This status (400, 501) on a PLAY with Rate-Control."""
    ignore_rate_control: bool = False
    """Always real time."""
    refuse_fractions: bool = False
    """457 on fractions of a second in Range."""
    refuse_closed_range: bool = False
    """457 on a Range with an end."""
    ignore_range_start: bool = False
    """Play from the beginning of the recording."""
    plays_live: bool = False
    """Whatever is asked for, the live picture comes."""
    outside_range: Literal["457", "404", "silence", "live"] = "457"
    """The answer to a Range without any footage."""
    max_sessions: int | None = None
    """More sessions than this are refused with `busy_status`."""
    busy_status: int = 453
    busy_on_describe: bool = False
    """Refuse already on DESCRIBE."""
    busy: bool = False
    """Refuse every new session, as if others held them all."""
    expire_sessions_after: float | None = None
    """Forget sessions after so many seconds whatever is sent: 454."""
    expire_after_frames: int | None = None
    """Stop sending after so many video frames of a PLAY, and forget the session: 454."""
    refuse_interleaved: bool = False
    """461 on TCP outside an HTTP tunnel."""
    udp_only: Literal["no", "461", "answer"] = "no"
    """TCP is refused, in a tunnel too; or SETUP is answered with ports of UDP."""
    keep_alive_status: dict[str, int] = field(default_factory=dict)
    """Method to the status it is refused with while media flows; 0: no answer at all."""
    keep_alive_counts: tuple[str, ...] | None = None
    """Methods that keep a session alive ("reports": RTCP); None: all and reports."""
    closes_at_timeout: bool = False
    """A session that times out takes the connection along."""
    no_get_parameter: bool = False
    """405, and absent from Public."""
    not_found: bool = False
    """404 on DESCRIBE."""
    forbidden: bool = False
    """403 on PLAY."""
    status_on: dict[str, int] = field(default_factory=dict)
    """Method to the status it is always refused with."""

    # --- Authentication --------------------------------------------------------------
    challenges: tuple[Literal["md5", "sha256", "basic"], ...] = ("md5",)
    """What is offered, in this order."""
    qop: bool = True
    stale_after: float | None = None
    """Seconds after which a nonce is stale (401 stale=true), in mid-session too."""
    lock_after_failures: int | None = None
    """Refuse every login once so many have failed, the right one too."""
    stop_without_authorized_keep_alive: bool = False
    """Stop sending when a request without Authorization arrives."""

    # --- Replies ---------------------------------------------------------------------
    wrong_cseq: bool = False
    cseq_behind: bool = False
    """Answers carry the number of the request before."""
    duplicate_replies: bool = False
    """Every answer comes twice."""
    status_line: Literal["plain", "1.1", "http", "blanks"] = "plain"
    bare_line_feeds: bool = False
    """Heads of answers end their lines with LF alone."""
    channel_shift: int = 0
    """Channels are granted so much higher than asked for."""
    no_cseq: bool = False
    replies_behind_media: bool = False
    """Answer requests only after several megabytes or seconds of further media."""
    play_reply_after_media: bool = False
    """The answer to PLAY comes behind the first frames."""
    inner_host: str | None = None
    """Content-Base and controls name this host."""
    content_base: Literal[
        "slash",
        "no-slash",
        "absent",
        "location",
        "path",
        "host-port",
        "scheme-twice",
        "other-host",
        "unknown-path",
        "garbage",
    ] = "slash"
    control: Literal[
        "relative",
        "absolute",
        "after-query",
        "media-only",
        "other-host",
        "with-query",
        "with-slash",
        "star",
        "missing",
    ] = "relative"
    """How `a=control` is written; "after-query": `?…/trackID=1` appended to the query;
    "media-only": without one for the whole session; "star" and "missing": a video alone
    is set up at the URL of the whole."""
    silent_404: bool = False
    """Requests for URLs that are not known are not answered."""
    track_attribute: Literal["a=", "a:"] = "a="
    """How x-onvif-track begins; "a:" is what the specification prints."""
    video_payload_type: int = 96
    more_media_in_sdp: bool = False
    """A JPEG track before ours and a metadata track behind, which cannot be set up."""
    timeout_form: Literal[
        "plain", "quoted", "absent", "seconds", "zero", "huge", "negative"
    ] = "plain"
    session_timeout: int = 60
    play_range: Literal[
        "clock", "echo", "npt", "1900", "1970", "far", "smpte", "absent"
    ] = "clock"
    """How the answer to PLAY says what is played; "echo": what was asked for."""
    no_rtp_info: bool = False
    """Neither Range nor RTP-Info in the answer to PLAY."""
    no_reason_phrase: bool = False
    lower_case_headers: bool = False
    server_requests: bool = False
    """Send requests of the server's own amid the media."""
    end_notice: int | None = None
    """Send ANNOUNCE with this x-notice (2101) at the end of the range."""
    no_teardown_answer: bool = False
    ignore_teardown: bool = False
    """Answer TEARDOWN, go on sending."""
    leaks_sessions: bool = False
    """A connection lost without TEARDOWN counts as a session until the timeout."""

    instead_of_rtsp: Literal["silence", "close", "html", "noise"] | None = None
    """What new connections get instead of answers."""

    limits: dict[str, int] = field(default_factory=dict)
    """Name of a switch to how many more times it acts."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def spend[T](self, name: str, value: T) -> T | None:
        """Return `value` if the switch may still act (counting it), None if used up."""
        with self._lock:
            left = self.limits.get(name)
            if left is None:
                return value
            if left <= 0:
                return None
            self.limits[name] = left - 1
            return value

    def update(self, changes: dict[str, Any]) -> None:
        """Set switches by name, as the control port does; unknown names: ValueError."""
        known = {item.name for item in fields(self) if not item.name.startswith("_")}
        if unknown := set(changes) - known:
            raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            is_list = name in {"challenges", "keep_alive_counts", "rtp_jump"}
            is_list &= value is not None
            setattr(self, name, tuple(value) if is_list else value)

    def reset(self) -> None:
        """Turn every switch off."""
        fresh = RtspFaults()
        for item in fields(self):
            if not item.name.startswith("_"):
                setattr(self, item.name, getattr(fresh, item.name))
