"""What devices do to footage on its way, by RTSP and RTP."""

from typing import Any

from .case import Case, End


def _rtsp(name: str, end: End = End.WHOLE, **switches: Any) -> Case:
    return Case(name.replace("_", "-"), end, rtsp=switches)


def _each(end: End, *names: str, value: Any = True) -> list[Case]:
    return [_rtsp(name, end, **{name: value}) for name in names]


BREAKS = [
    Case("drop", rtsp={"drop_after_frames": 35}, limits={"drop_after_frames": 2}),
    Case("reset", rtsp={"reset_after_frames": 35}, limits={"reset_after_frames": 2}),
    Case("stall", rtsp={"stall_after_frames": 35}, limits={"stall_after_frames": 2}),
    Case(
        "deaf",
        rtsp={"deaf_after_frames": 35},
        limits={"deaf_after_frames": 2},
        # no TEARDOWN is answered: the device needs a moment to see that we left
        waits={"teardown": 0.3, "retry": (0.5, 0.5, 0.5, 0.5, 1.0)},
    ),
    Case(
        "wrong-length",
        rtsp={"wrong_length_after_frames": 35},
        limits={"wrong_length_after_frames": 1},
    ),
    _rtsp("wrong-length-always", End.HOLES, wrong_length_after_frames=35),
    Case("damaged", End.SKIPPED, rtsp={"damaged_at_ms": -1}, reason="damaged"),
    _rtsp("slow-disk", first_packet_delay=0.7),
    Case(
        "no-first-packet",
        End.FAILED,
        rtsp={"first_packet_delay": 3600.0},
        waits={"first_packet": 0.6},
        plays=80,
        connections=80,
        calls=60,
    ),
    _rtsp("slow-replies", reply_delay=0.15),
    _rtsp("slow-start", slow_start=0.5),
    _rtsp("slow-line", rate_limit_bytes=300_000),
]
ENDS = [
    *(
        _rtsp(f"end-by-{way}", end_of_range=way)
        for way in ("silence", "bye", "bye_bare", "bye_compound", "close")
    ),
    *_each(End.WHOLE, "plays_past_end", "live_at_end"),
    _rtsp("end-notice", end_notice=2101),
]
EXTENSION = [
    *_each(End.ESTIMATED, "no_extension", "wall_clock_ntp"),
    *_each(End.WHOLE, "extension_everywhere", "constant_cseq"),
    _rtsp("extension-abad", extension_id=0xABAD),
    _rtsp("extension-longer", extension_extra_words=5),
    *_each(
        End.WHOLE,
        "terminal_flags",
        "terminal_at_range_end",
        "discontinuity_flags",
        "clean_flags",
        value=False,
    ),
    _rtsp("require-on-both", extension_needs_require="both"),
]
HOUR_OFF = {"extension_off_ms": 7_200_000}
DATES = [
    *(
        Case(f"undated-{name}", End.FAILED, rtsp=switches, reason="undated")
        for name, switches in (
            ("live555", {"refuse_require": True, "play_range": "npt"}),
            ("1900", {"no_extension": True, "play_range": "1900"}),
            ("times-of-1900", {"extension_times": "1900", "play_range": "absent"}),
            ("times-stand-still", {"extension_times": "constant", "play_range": "far"}),
            ("local-times", {**HOUR_OFF, "play_range": "npt"}),
            (
                "from-the-beginning",
                {
                    "ignore_range_start": True,
                    "no_extension": True,
                    "play_range": "npt",
                },
            ),
            ("plays-live", {"plays_live": True}),
        )
    ),
    _rtsp("times-hours-off", End.ESTIMATED, **HOUR_OFF),
    _rtsp("times-stand-still", End.ESTIMATED, extension_times="constant"),
    _rtsp("times-on-keys", extension_on_keys=True, play_range="npt"),
    _rtsp("from-the-beginning", ignore_range_start=True, play_range="npt"),
]
RTP = [
    *_each(
        End.WHOLE, "restart_rtp_at_gaps", "rtp_wraps", "csrc_and_padding", "no_marker"
    ),
    _rtsp("packets-60k", packet_size=60_000),
    _rtsp("sequence-holes", End.HOLES, sequence_hole_every=97),
    _rtsp("garbage", garbage_every_frames=20),
    *_each(End.WHOLE, "unknown_channel_frames", "audio_absent", "audio_not_in_sdp"),
    _rtsp("sets-in-sdp", parameter_sets="sdp"),
    _rtsp("sets-in-band", parameter_sets="in-band"),
    _rtsp("audio-late", audio_starts_late=3.0),
    _rtsp("no-reports", sender_reports="none"),
    _rtsp("wall-reports", sender_reports="wall"),
]
PICTURES = [
    Case(
        name,
        rtsp=switches,
        footage={"slices": 4, "changing_sets": True, "height": 192},
    )
    for name, switches in (
        ("marker-on-slices", {"marks_slices": True}),
        ("marker-now-and-then", {"unmarked_every": 3, "marks_slices": True}),
        ("slices-without-marker", {"no_marker": True, "odd_nals": True}),
        ("start-codes-inside", {"annex_b": True, "packet_size": 400}),
        ("odd-nals", {"odd_nals": True, "marks_slices": True}),
        ("changing-sets-in-band", {"parameter_sets": "in-band"}),
    )
] + [
    Case("b-frames", rtsp={"marks_slices": True}, footage={"bframes": 2, "slices": 2}),
    Case(
        "no-key-pictures",
        End.FAILED,
        rtsp={"no_key_pictures": True},
        reason="no_key_pictures",
        plays=80,
        connections=80,
        calls=60,
    ),
    Case("motion-jpeg", footage={"codec": "JPEG", "height": 176}),
    Case("mpeg-4", footage={"codec": "MPEG4", "height": 176}),
    Case(
        "mpeg-4-without-marker",
        rtsp={"no_marker": True, "packet_size": 300},
        footage={"codec": "MPEG4", "height": 176},
    ),
]
"""Footage cut into packets the way devices do, and codecs of old."""
SOUND = [
    Case(f"sound-{name}", rtsp=switches, sound=codec)
    for name, codec, switches in (
        (
            "ahead-with-adts",
            "AAC",
            {
                "sound_ahead_ms": 3_000,
                "sound_form": "adts",
                "talk_back_in_sdp": "before",
            },
        ),
        (
            "behind-as-latm",
            "AAC",
            {
                "sound_ahead_ms": -3_000,
                "sound_form": "latm",
                "talk_back_in_sdp": "behind",
            },
        ),
        ("ahead-of-16-khz", "PCMA16", {"sound_ahead_ms": 3_000}),
        ("behind-and-linear", "L16", {"sound_ahead_ms": -3_000}),
    )
]
REFUSALS = [
    _rtsp("551-require", End.ESTIMATED, refuse_require=True),
    _rtsp("400-rate-control", refuse_rate_control=400, real_time_factor=20.0),
    _rtsp("501-rate-control", refuse_rate_control=501, real_time_factor=20.0),
    _rtsp("real-time-only", ignore_rate_control=True, real_time_factor=20.0),
    *_each(End.WHOLE, "refuse_fractions", "refuse_closed_range", "ignore_range_start"),
    *(
        Case(
            f"listed-but-not-there-{answer}",
            End.PARTLY if answer == "silence" else End.WHOLE,
            rtsp={"outside_range": answer},
            soap={"lie_about_lengths_ms": 20_000},
            plays=90,
            connections=90,
            calls=60,
            waits={"first_packet": 0.3} if answer == "silence" else {},
            timeout_s=90,
        )
        for answer in ("457", "404", "silence", "live")
    ),
    Case("one-session", rtsp={"max_sessions": 1}),
    Case("busy-453", rtsp={"busy": True}, limits={"busy": 2}),
    Case("busy-503", rtsp={"busy": True, "busy_status": 503}, limits={"busy": 2}),
    Case(
        "busy-on-describe",
        rtsp={"busy": True, "busy_on_describe": True},
        limits={"busy": 2},
    ),
    Case(
        "454-expired",
        rtsp={"expire_sessions_after": 0.4, "rate_limit_bytes": 300_000},
        # a session has time for one group of fifteen at least
        plays=15,
        connections=15,
        timeout_s=90,
    ),
    Case("454-each-second-group", rtsp={"expire_after_frames": 45}, plays=8),
    Case("454-each-group", rtsp={"expire_after_frames": 25}, plays=15, connections=15),
    Case(
        "454-before-a-group",
        End.FAILED,
        rtsp={"expire_after_frames": 15},
        reason="interrupted",
        plays=18,
        connections=18,
    ),
    Case("454-on-play", rtsp={"status_on": {"PLAY": 454}}, limits={"status_on": 2}),
    Case("455-on-play", rtsp={"status_on": {"PLAY": 455}}, limits={"status_on": 2}),
    Case(
        "500-on-describe",
        rtsp={"status_on": {"DESCRIBE": 500}},
        limits={"status_on": 2},
    ),
    Case("461-tunnel", rtsp={"refuse_interleaved": True}),
    *(
        Case(f"udp-{how}", End.FAILED, rtsp={"udp_only": how}, reason="udp_only")
        for how in ("461", "answer")
    ),
    Case("404", End.FAILED, rtsp={"not_found": True}, reason="gone", calls=60),
    Case("403", End.FAILED, rtsp={"forbidden": True}, calls=60),
    *_each(End.WHOLE, "no_get_parameter", "leaks_sessions", "ignore_teardown"),
]
LOGINS = [
    _rtsp("sha-256", challenges=("sha256", "md5")),
    _rtsp("several-challenges", challenges=("basic", "md5", "sha256")),
    _rtsp("no-qop", qop=False),
    _rtsp("stale-nonce", stale_after=0.3, rate_limit_bytes=300_000),
    Case(
        "wrong-rtsp-login",
        End.BLOCKED,
        rtsp={"lock_after_failures": 5},
        rtsp_account=("other", "other-pass-1"),
        refusals=2,
    ),
    Case(
        "wrong-password",
        End.BLOCKED,
        soap={"lockout_after": 5},
        refusals=2,
        is_at_setup=True,
    ),
    _rtsp(
        "keep-alive-needs-login",
        stop_without_authorized_keep_alive=True,
        rate_limit_bytes=300_000,
    ),
]
_KEPT_ALIVE = {"session_timeout": 1, "rate_limit_bytes": 300_000}
REPLIES = [
    *_each(
        End.WHOLE,
        "wrong_cseq",
        "no_cseq",
        "replies_behind_media",
        "play_reply_after_media",
        "more_media_in_sdp",
        "no_rtp_info",
        "no_reason_phrase",
        "lower_case_headers",
        "server_requests",
    ),
    *_each(
        End.WHOLE,
        "cseq_behind",
        "duplicate_replies",
        "bare_line_feeds",
        "no_teardown_answer",
    ),
    _rtsp("status-http", status_line="http", channel_shift=4),
    _rtsp("status-1.1", status_line="1.1", end_of_range="half_close"),
    _rtsp("inner-host", inner_host="192.168.77.20"),
    *(
        _rtsp(f"base-{w}", content_base=w)
        for w in (
            *("no-slash", "absent", "location", "path", "host-port"),
            *("scheme-twice", "other-host", "unknown-path", "garbage"),
        )
    ),
    Case(
        "base-unknown-and-silent",
        rtsp={"content_base": "unknown-path", "silent_404": True},
        waits={"reply": 0.5},
    ),
    *(
        _rtsp(f"control-{w}", control=w)
        for w in ("absolute", "media-only", "other-host", "with-query", "with-slash")
    ),
    *(
        _rtsp(f"keep-alive-{name}", **_KEPT_ALIVE, **switches)
        for name, switches in (
            ("refused", {"keep_alive_status": {"GET_PARAMETER": 454}}),
            ("unanswered", {"keep_alive_status": {"GET_PARAMETER": 0}}),
            (
                "by-set-parameter",
                {"keep_alive_status": {"GET_PARAMETER": 400, "OPTIONS": 500}},
            ),
            (
                "not-counted",
                {"keep_alive_counts": ["OPTIONS"], "closes_at_timeout": True},
            ),
        )
    ),
    _rtsp("track-a-colon", track_attribute="a:"),
    _rtsp("payload-type-35", video_payload_type=35),
    _rtsp("timeout-quoted", timeout_form="quoted"),
    *(
        _rtsp(f"timeout-{form}", timeout_form=form)
        for form in ("absent", "seconds", "zero", "huge", "negative")
    ),
    *(
        Case(
            f"instead-of-rtsp-{w}",
            End.FAILED,
            rtsp={"instead_of_rtsp": w},
            connections=80,
            calls=70,
            waits={"reply": 0.4, "connect": 0.4},
        )
        for w in ("silence", "close", "html", "noise")
    ),
]
