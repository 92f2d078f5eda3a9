"""From a device report to the switches of the simulated RTSP server."""

from collections.abc import Mapping
import re
from typing import Any, Literal

from .report_file import Reported
from .rtsp_faults import RtspFaults


def rtsp_challenges_of(
    reported: Reported,
) -> tuple[Literal["md5", "sha256", "basic"], ...]:
    """Return what the RTSP server offered to log in with."""
    names: dict[str, Literal["md5", "sha256", "basic"]] = {
        "digest algorithm=MD5": "md5",
        "digest algorithm=SHA-256": "sha256",
        "basic": "basic",
    }
    for connection in reported.content["rtsp"]:
        found = [
            name
            for line in connection["challenges"]
            for words, name in names.items()
            if line.startswith(words)
        ]
        if found:
            return tuple(dict.fromkeys(found))
    return ("md5",)


def rtsp_faults_of(reported: Reported) -> RtspFaults:
    """Return how the device's RTSP server behaves."""
    facts = reported.facts
    rtsp = RtspFaults()
    _from_second(facts, rtsp)
    _from_dialogue(reported, rtsp)
    sessions = facts["sessions"]
    fast = sessions.get("fast")
    for session in sessions.values():
        for way, status in session["keep_alive"].items():
            if status not in (0, 200):
                rtsp.keep_alive_status[way] = status
    if fast is None:
        return rtsp
    refused = {(method, status) for method, status in fast["refused"]}
    rtsp.refuse_require = any(status == 551 for _, status in refused)
    if fast["rate_control"] is None:
        statuses = [s for m, s in refused if m == "PLAY" and s in (400, 501)]
        rtsp.refuse_rate_control = statuses[0] if statuses else 501
    rtsp.refuse_fractions = fast["whole_seconds"] and not fast["open_range"]
    rtsp.refuse_closed_range = fast["open_range"]
    footage_s, play_s = fast["footage_s"], fast["play_s"]
    rtsp.ignore_rate_control = bool(footage_s and play_s and footage_s < 1.5 * play_s)
    media = _connection(reported, "fast").get("media", {})
    video = _track(fast, media, "video")
    if video is not None:
        _from_video(fast, video, rtsp)
    _from_end(fast, video or {}, media, rtsp)
    audio = [track for track in fast["tracks"] if track["kind"] == "audio"]
    rtsp.audio_absent = bool(audio) and _track(fast, media, "audio") is None
    return rtsp


def _from_second(facts: Mapping[str, Any], rtsp: RtspFaults) -> None:
    second = facts["second_session"]
    if second and not second["is_allowed"] and second["status"]:
        rtsp.max_sessions = 1
        rtsp.busy_status = second["status"]
        rtsp.busy_on_describe = second["method"] == "DESCRIBE"


def _from_video(
    session: Mapping[str, Any], video: Mapping[str, Any], rtsp: RtspFaults
) -> None:
    rtsp.no_extension = not video.get("stamped")
    rtsp.extension_everywhere = video.get("stamped", 0) == video["packets"]
    rtsp.no_marker = not video.get("markers")
    flags = video.get("flags", {})
    rtsp.terminal_flags = bool(flags.get("T") or flags.get("E")) or rtsp.no_extension
    rtsp.clean_flags = bool(flags.get("C")) or rtsp.no_extension
    first_us = video.get("first_stamp_us")
    if first_us is None:
        return
    if video.get("stamps", 0) < 2 <= video.get("markers", 0):
        rtsp.extension_times = "constant"
    elif first_us < 0:
        rtsp.extension_times = "1900"
    else:
        off_ms = first_us // 1000 - session["asked_ms"][0]
        if abs(off_ms) > 3_600_000:
            rtsp.extension_off_ms = off_ms


def _from_end(
    session: Mapping[str, Any],
    video: Mapping[str, Any],
    media: Mapping[str, Any],
    rtsp: RtspFaults,
) -> None:
    last_us = video.get("last_stamp_us")
    past_us = last_us - session["asked_ms"][1] * 1000 if last_us is not None else 0
    # Whoever was told no end cannot obey one.
    rtsp.plays_past_end = not session["open_range"] and (
        session["end"] == "past_end" or past_us > 2_500_000
    )
    if session["end"] == "bye" or any(item.get("bye") for item in media.values()):
        rtsp.end_of_range = "bye"
    elif session["end"] == "close":
        rtsp.end_of_range = "close"
    elif session["end"] == "notice":
        rtsp.end_notice = 2101


def _connection(reported: Reported, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        (item for item in reported.content["rtsp"] if item["for"] == name), {}
    )
    return found


def _track(
    session: Mapping[str, Any], media: Mapping[str, Any], kind: str
) -> Mapping[str, Any] | None:
    for track in session["tracks"]:
        if track["kind"] == kind and track["channel"] is not None:
            facts: Mapping[str, Any] = media.get(str(track["channel"]), {})
            if facts.get("packets"):
                return facts
    return None


def _from_dialogue(reported: Reported, rtsp: RtspFaults) -> None:
    """Read what only the messages themselves show."""
    name = "fast" if _connection(reported, "fast") else "live"
    messages = [
        ("".join(item["text"]), item["from"] == "us")
        for item in _connection(reported, name).get("dialogue", ())
    ]
    answers = [text for text, is_ours in messages if not is_ours]
    whole = "\n".join(answers)
    if found := re.search(
        r"^Session:[^;\n]*;\s*timeout=(\d+)", whole, re.MULTILINE | re.IGNORECASE
    ):
        rtsp.session_timeout = int(found[1])
    elif re.search(r"^Session:", whole, re.MULTILINE | re.IGNORECASE):
        rtsp.timeout_form = "absent"
    described = next((text for text in answers if "\nm=" in text), "")
    if described:
        _from_sdp(described, rtsp)
    played = [
        answers[number]
        for number, (text, is_ours) in enumerate(_answered(messages))
        if is_ours and text.startswith("PLAY ") and number < len(answers)
    ]
    if played:
        has_range = re.search(r"^Range:", played[-1], re.MULTILINE | re.IGNORECASE)
        has_info = re.search(r"^RTP-Info:", played[-1], re.MULTILINE | re.IGNORECASE)
        rtsp.no_rtp_info = not has_range and not has_info
        if not has_range:
            rtsp.play_range = "absent"
        elif re.search(r"^Range:\s*npt", played[-1], re.MULTILINE | re.IGNORECASE):
            rtsp.play_range = "npt"


def _answered(messages: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return our requests alone, so that each stands at its answer's place."""
    return [(text, is_ours) for text, is_ours in messages if is_ours]


def _from_sdp(described: str, rtsp: RtspFaults) -> None:
    base = re.search(r"^Content-Base:\s*(\S*)", described, re.MULTILINE | re.IGNORECASE)
    if base is None:
        rtsp.content_base = "absent"
    elif not base[1].endswith("/"):
        rtsp.content_base = "no-slash"
    session, _, media = described.partition("\nm=")
    controls = re.findall(r"^a=control:(\S*)", media, re.MULTILINE)
    if not controls:
        rtsp.control = "missing"
    elif all(control == "*" for control in controls):
        rtsp.control = "star"
    elif all("://" in control and "?" in control for control in controls):
        rtsp.control = "after-query"
    elif all("://" in control for control in controls):
        rtsp.control = "absolute"
    elif "a=control:" not in session:
        rtsp.control = "media-only"
    if found := re.search(r"^m=video \d+ \S+ (\d+)", described, re.MULTILINE):
        rtsp.video_payload_type = int(found[1])
