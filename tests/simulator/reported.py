"""From a device report to a simulated device: what it is and how it behaves.

The report is the file that *Test the connection* and `scripts/nvr report` write. Its
footage is the simulator's own, placed where the device said it has some.
"""

from collections.abc import Iterator, Mapping
import itertools
import re
from typing import Any

from .faults import Faults
from .report_file import Exchange, Reported
from .reported_rtsp import rtsp_challenges_of, rtsp_faults_of
from .rtsp_faults import RtspFaults
from .soap.auth import AuthMode
from .spec import ALL_SERVICES, CameraSpec, NvrSpec
from .timeline import AudioCodec, Stretch, VideoCodec

_LABELS = {"device_io": "deviceio"}
_VIDEO: dict[str, VideoCodec] = {
    "H264": "H264",
    "H265": "H265",
    "HEVC": "H265",
    "JPEG": "JPEG",
    "MPEG4": "MPEG4",
    "MPV4-ES": "MPEG4",
}
_AUDIO: dict[str, AudioCodec] = {
    "AAC": "AAC",
    "MP4A-LATM": "AAC",
    "MPEG4-GENERIC": "AAC",
    "G711": "PCMU",
    "PCMU": "PCMU",
    "PCMA": "PCMA",
    "G722": "G722",
}
_PREFIXES = {
    "device": "tds",
    "media": "trt",
    "media2": "tr2",
    "events": "tev",
    "search": "tse",
    "replay": "trp",
    "recording": "trc",
}
_LONGEST_MS = 60_000
_MOST_MS = 15 * 60_000
_ASSUMED_MS = 20_000


_PLACEHOLDER = re.compile(r"\*\*([a-z]+)(?:-(\d+))?\*\*")


def plausible(text: str, user: str = "viewer") -> str:
    """Put made-up identities where the report has taken the real ones out."""

    def put(found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2] or 0)
        return {
            "serial": f"REPORTED{number:04d}",
            "mac": f"02:00:5e:00:01:{number % 256:02x}",
            "uuid": f"7f3d4c1e-0000-4000-8001-{number:012d}",
            "host": f"127.0.0.{8 + number % 200}",
            "user": user,
            "place": "home",
        }.get(kind, f"{kind}{number}")

    return _PLACEHOLDER.sub(put, text)


def spec_of(reported: Reported) -> NvrSpec:
    """Return the device: identity, cameras with footage, logins, clock, behaviour."""
    facts = reported.facts
    identity = {
        name: plausible(text)
        for name, text in facts["identity"].items()
        if isinstance(text, str)
    }
    labels = {_LABELS.get(label, label) for label in facts["services"]}
    time_zone = _first(reported, "GetSystemDateAndTime", r"<(?:\w+:)?TZ>([^<]*)<")
    how = _first(reported, "GetSystemDateAndTime", r"DateTimeType>([^<]*)<")
    rtsp = rtsp_faults_of(reported)
    replay_url = str(facts["urls"]["replay"])
    query = replay_url.partition("?")[2]
    return NvrSpec(
        name=facts["name"] or identity["model"] or "Reported",
        cameras=tuple(_cameras(facts)),
        manufacturer=identity["manufacturer"],
        model=identity["model"],
        firmware=identity["firmware"],
        serial=identity["serial"],
        hardware_id=identity["hardware_id"],
        mac=identity["mac"] or "02:00:5e:00:01:00",
        services=frozenset(labels & ALL_SERVICES),
        auth=AuthMode(facts["auth"]),
        digest_algorithms=_algorithms(
            line for item in reported.exchanges for line in item.challenges
        )
        or ("MD5",),
        rtsp_challenges=rtsp_challenges_of(reported),
        has_tls=bool(facts["address"]["tls"]),
        clock_offset_ms=-int(facts["clock_offset_ms"]),
        timezone=time_zone or "UTC0",
        is_ntp=how != "Manual",
        replay_query=f"?{query}" if query else "",
        faults=_faults(reported, rtsp),
    )


def _first(reported: Reported, operation: str, pattern: str) -> str:
    for item in reported.exchanges:
        if item.operation == operation and (found := re.search(pattern, item.answer)):
            return found[1]
    return ""


def _algorithms(lines: Iterator[str]) -> tuple[str, ...]:
    found = [re.search(r"^digest algorithm=(\S+)", line) for line in lines]
    known = ("MD5", "SHA-256")
    names = [match[1] for match in found if match and match[1] in known]
    return tuple(dict.fromkeys(names))


def _cameras(facts: Mapping[str, Any]) -> Iterator[CameraSpec]:
    """Yield a camera per channel, and one per recording that belongs to none."""
    recordings = {item["token"]: item for item in facts["recordings"]}
    for channel in facts["channels"]:
        tokens = [token for token in channel["recording_tokens"] if token in recordings]
        profile = next(iter(channel["profiles"]), None)
        yield _camera(
            facts,
            plausible(channel["name"]),
            recordings[tokens[0]] if tokens else None,
            profile,
            has_sub=len(channel["profiles"]) > 1,
        )
    for token in facts["unassigned"]:
        yield _camera(facts, token, recordings[token], None, has_sub=False)


def _camera(
    facts: Mapping[str, Any],
    name: str,
    recording: Mapping[str, Any] | None,
    profile: Mapping[str, Any] | None,
    *,
    has_sub: bool,
) -> CameraSpec:
    spans, grows = _spans(facts, recording) if recording else ([], False)
    base_ms = spans[0][0] if spans else None
    profile = profile or {}
    is_small = 0 < profile.get("width", 0) <= 640 and profile.get("height", 0) <= 360
    audio = str(profile.get("audio_encoding", "")).upper()
    return CameraSpec(
        name,
        tuple(Stretch(start - spans[0][0], end - start) for start, end in spans),
        grows=grows,
        base_ms=base_ms,
        codec=_VIDEO.get(str(profile.get("encoding", "")).upper(), "H264"),
        audio=_AUDIO.get(audio) or _replayed_sound(facts),
        width=profile["width"] if is_small else 640,
        height=profile["height"] if is_small else 360,
        is_recorded=recording is not None,
        recording_token=recording["token"] if recording else None,
        has_sub_stream=has_sub,
    )


def _replayed_sound(facts: Mapping[str, Any]) -> AudioCodec | None:
    for session in facts["sessions"].values():
        for track in session["tracks"]:
            if track["kind"] == "audio":
                return _AUDIO.get(str(track["codec"]).upper())
    return None


def _spans(
    facts: Mapping[str, Any], recording: Mapping[str, Any]
) -> tuple[list[tuple[int, int]], bool]:
    """Return where footage lies on the device's clock, and whether it still grows."""
    listed = facts["segments"].get(recording["token"], [])
    held: list[tuple[int, int]] = []
    for segment in listed:
        start_ms, end_ms = segment["start_ms"], segment["end_ms"]
        if segment["is_assumed"] and end_ms - start_ms > 2 * _ASSUMED_MS:
            # Between its ends nothing is known of it.
            held.append((start_ms, start_ms + _ASSUMED_MS))
            held.append((end_ms - _ASSUMED_MS, end_ms))
        elif not segment["is_growing"]:
            held.append((start_ms, end_ms))
    grows = any(s["is_growing"] for s in listed)
    if not held and not grows and recording["device_latest_ms"]:
        latest_ms = recording["device_latest_ms"]
        held = [(latest_ms - _ASSUMED_MS, latest_ms)]
    left_ms = _MOST_MS // max(1, len(facts["recordings"]))
    spans: list[tuple[int, int]] = []
    for start_ms, end_ms in sorted(held, reverse=True):
        length_ms = min(end_ms - start_ms, _LONGEST_MS, left_ms)
        if length_ms <= 0:
            break
        left_ms -= length_ms
        spans.insert(0, (start_ms, start_ms + length_ms))
    return spans, grows


def _faults(reported: Reported, rtsp: RtspFaults) -> Faults:
    exchanges = reported.exchanges
    faults = Faults(rtsp=rtsp)
    if reported.facts["auth"] == "wss":
        faults.wss_html_401 = sorted(
            {
                f"{prefix}:*"
                for item in exchanges
                if item.login == "wss"
                and item.status == 401
                and any(line.startswith("digest") for line in item.challenges)
                and (prefix := service_prefix(item))
            }
        )
    offset_ms = abs(int(reported.facts["clock_offset_ms"]))
    faults.wss_true_time = offset_ms > 600_000 and any(
        item.is_good
        and item.created_off_ms is not None
        and abs(item.created_off_ms) < 60_000
        for item in exchanges
    )
    events = "".join(
        item.answer for item in exchanges if item.operation == "GetEventSearchResults"
    )
    times = re.findall(r"<(?:\w+:)?Time>([^<]+)<", events)
    faults.times_without_z = bool(times) and not any(
        time.endswith("Z") or re.search(r"[+-]\d\d:\d\d$", time) for time in times
    )
    faults.only_recording_state = "Recording/State" in events and (
        "Track/State" not in events
    )
    results = re.findall(r"<(?:\w+:)?Result>.*?</(?:\w+:)?Result>", events, re.DOTALL)
    pairs = itertools.pairwise(results)
    faults.duplicate_events = any(first == second for first, second in pairs)
    if any(item.content_type.startswith("multipart") for item in exchanges):
        faults.framing_ops = {"*": "multipart"}
    faults.no_status = all(
        item["status"] == "Unknown" for item in reported.facts["recordings"]
    )
    for urls in ("GetStreamUri", "GetReplayUri"):
        uri = _first(reported, urls, r"<(?:\w+:)?Uri>([^<]*)<")
        faults.rtsp_uri_blanks |= bool(uri) and uri != uri.strip()
    faults.replay_only_udp = _was_refused(
        exchanges, "GetReplayUri", "InvalidStreamSetup"
    )
    return faults


def _was_refused(exchanges: tuple[Exchange, ...], operation: str, subcode: str) -> bool:
    found = [item for item in exchanges if item.operation == operation]
    return any(subcode in item.answer for item in found) and any(
        item.is_good for item in found
    )


def service_prefix(item: Exchange) -> str:
    """Return the usual prefix of the service a recorded request went to."""
    found = re.search(r"onvif\.org/(ver\d0)/(\w+)/wsdl", item.request)
    if not found:
        return ""
    label = "media2" if found[1] == "ver20" and found[2] == "media" else found[2]
    return _PREFIXES.get(label, "")
