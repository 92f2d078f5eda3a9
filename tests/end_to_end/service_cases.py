"""What devices do to web services."""

from typing import Any

from tests.simulator.soap.auth import AuthMode
from tests.simulator.soap.crooked import FRAMINGS, TEXTS

from .case import Case, End, Events


def _soap(name: str, end: End = End.WHOLE, *, setup: bool = False, **sw: Any) -> Case:
    return Case(name.replace("_", "-"), end, soap=sw, is_at_setup=setup, calls=40)


def _soap_each(*names: str, value: Any = True, setup: bool = False) -> list[Case]:
    return [_soap(name, setup=setup, **{name: value}) for name in names]


SERVICES = [
    _soap("slow-services", delay_s=0.1),
    *(
        Case(
            f"{fault}-{operation}".replace("_", "-"),
            soap={fault: [operation]},
            soap_limits={operation: 1},
            calls=60,
            waits={"soap_call": 2.0} if fault == "hang_ops" else {},
        )
        for fault in (
            "hang_ops",
            "drop_ops",
            "truncate_ops",
            "html_ops",
            "malformed_ops",
            "empty_ops",
            "empty_soap_body_ops",
        )
        for operation in ("FindEvents", "GetReplayUri")
    ),
    Case(
        "503-search",
        soap={"status_ops": {"FindEvents": 503}},
        soap_limits={"FindEvents": 1},
        calls=60,
    ),
    Case(
        "resource-problem",
        soap={"fault_ops": {"FindEvents": "Receiver ter:Action ter:ResourceProblem"}},
        soap_limits={"FindEvents": 1},
        calls=60,
    ),
    _soap("xaddr-host", setup=True, xaddr_host="192.168.77.20"),
    _soap("rtsp-uri-host", rtsp_uri_host="192.168.77.20"),
    *_soap_each("no_get_services", "xaddr_doubled_port", setup=True),
    *_soap_each("rtsp_uri_credentials", "rtsp_uri_blanks", "replay_only_udp"),
]
SEARCHES = [
    *_soap_each(
        "times_without_z",
        "times_with_offset",
        "no_latest",
        "no_earliest",
        "frozen_data_to",
        "no_status",
        "no_tracks",
        "unknown_state",
        "end_search_fault",
        "refuse_filters",
        "ignore_window",
        "ignore_scope",
        "no_start_state",
        "start_state_changed",
        "only_recording_state",
        "no_recording_state",
        "duplicate_events",
        "repeated_values",
        "unrelated_events",
        "odd_dialect",
        "track_token_empty",
        "source_item_missing",
        "unordered",
    ),
    Case("dates-1970", soap={"dates_1970": True}, calls=90),
    _soap("topic-prefix", topic_prefix="x9"),
    _soap("searching-rounds", searching_rounds=3),
    _soap("small-pages", page_size=1),
    _soap("files-as-events", file_minutes=0.1),
    _soap("capped-3", silent_cap=3),
    _soap("capped-9", silent_cap=9),
    _soap("future-latest", future_latest_ms=3_600_000),
    Case("never-completes", soap={"never_completes": True}, calls=60, timeout_s=90),
    Case("no-events", soap={"no_events": True}, calls=60, plays=60, connections=60),
]
_SEEN_OFTEN = (
    "length-too-big",
    "chunks-without-end",
    "odd-headers",
    "no-colon-kept",
    "packed",
    "multipart",
    "soap-1.1",
    "undeclared-prefix",
    "nul",
    "utf-16",
)
"""The other ways to write and to frame an answer are tried by the slow run."""
CROOKED = [
    *(
        Case(
            f"framing-{framing}",
            soap={"framing_ops": {"*": framing}},
            is_at_setup=True,
            calls=40,
            waits={"soap_quiet": 0.05},
            is_slow=framing not in _SEEN_OFTEN,
        )
        for framing in FRAMINGS
        # Without a head there is no challenge to answer.
        if framing != "no-head"
    ),
    *(
        Case(
            f"text-{text}",
            soap={"text_ops": {"*": text}},
            is_at_setup=True,
            calls=40,
            is_slow=text not in _SEEN_OFTEN,
        )
        for text in TEXTS
    ),
    *_soap_each("is_soap_11", "upper_case_booleans", setup=True),
    Case(
        "date-needs-login",
        soap={"date_needs_login": True},
        is_at_setup=True,
        calls=40,
        # The time is asked for without a login first: none is sent that is refused.
        refusals=20,
    ),
    *(
        _soap(f"faults-as-{status}", setup=True, fault_status=status)
        for status in (200, 403, 500)
    ),
    _soap("unauthorized-500", setup=True, unauthorized_status=500),
    _soap("service-elsewhere", setup=True, device_path="/onvif/device"),
    *(
        _soap(f"without-login-{answer}", setup=True, anonymous_answer=answer)
        for answer in ("empty", "400", "hangup")
    ),
    *(
        _soap(
            f"missing-is-{way}",
            setup=True,
            missing_ops=dict.fromkeys(
                (
                    "GetServices",
                    "GetNetworkInterfaces",
                    "GetScopes",
                    "tse:GetRecordingSummary",
                ),
                way,
            ),
        )
        for way in ("401", "403", "404", "empty-200", "empty-400", "hangup")
    ),
    _soap("forbidden", setup=True, forbidden_ops=["GetScopes", "GetNetworkInterfaces"]),
    _soap("open-to-all", setup=True, open_ops=["*"]),
    _soap(
        "no-device-information", setup=True, status_ops={"GetDeviceInformation": 500}
    ),
    _soap("xaddr-port", setup=True, xaddr_port=9),
    *_soap_each(
        "no_utc_time",
        "whole_seconds",
        "impossible_times",
        "find_recordings_empty",
        "empty_g_xaddrs",
    ),
    _soap("streams-of-one-lens", setup=True, video_sources_told=1),
    *(
        _soap(f"main-{kind}", setup=True, main_without_facts=kind)
        for kind in ("empty", "missing")
    ),
    _soap("one-search", max_searches=1),
    _soap("searches-forgotten", shortest_keep_alive_s=0.05),
    Case(
        "weaker-digest",
        soap={"digest_taken": "MD5"},
        device={"auth": AuthMode.DIGEST, "digest_algorithms": ("SHA-256", "MD5")},
        is_at_setup=True,
    ),
]
"""Web services that break HTTP, XML and SOAP, or lack what is optional."""
EVENTS = [
    *(
        Case(name.replace("_", "-"), soap={name: True}, events=Events.HEARD)
        for name in (
            "refuses_addressing",
            "absolute_times_only",
            "no_end_of_subscription",
            "small_pulls",
        )
    ),
    Case("pull-points-die", soap={"pull_points_die": True}, events=Events.LOST),
    Case("no-pull-points", soap={"max_pull_points": 0}, events=Events.LOST),
]
"""Pull points that want to be asked in their own way, and such as do not live."""
