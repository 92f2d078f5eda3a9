"""Describing a stream: SDP (RFC 4566) with ONVIF's x-onvif-track (ST §6.2)."""

import base64
from dataclasses import dataclass

from .footage import FootageStore
from .footage_audio import audio_loop
from .rtsp_faults import RtspFaults
from .sound_forms import AAC_TYPE, aac_attributes
from .timeline import FRAME_MS, NUMBER_EPOCH_MS, AudioCodec, LiveSource, Look, Timeline

JPEG_PAYLOAD_TYPE = 26
TALK_BACK = ("m=audio 0 RTP/AVP 0", "a=control:trackID=7", "a=sendonly")
STATIC_PAYLOAD_TYPES: dict[AudioCodec, int] = {"PCMU": 0, "PCMA": 8, "G722": 9}


@dataclass(frozen=True, slots=True)
class Media:
    """One media of a description."""

    kind: str
    """"video" or "audio"."""
    payload_type: int
    clock: int
    attributes: tuple[str, ...]
    track_token: str | None
    suffix: str
    """How its control URL ends."""


def media_of(
    source: Timeline | LiveSource, footage: FootageStore, faults: RtspFaults
) -> list[Media]:
    """Return the media of a recording or live picture, video first."""
    tracks = source.tracks if isinstance(source, Timeline) else []
    tokens = {kind: token for token, kind in tracks}
    found = [
        Media(
            "video",
            faults.video_payload_type,
            90_000,
            _video(source.look(), footage, faults),
            tokens.get("Video"),
            "trackID=1",
        )
    ]
    if source.audio is not None and not faults.audio_not_in_sdp:
        payload_type, clock, attributes = _audio(source.audio, faults.sound_form)
        found.append(
            Media(
                "audio",
                payload_type,
                clock,
                attributes,
                tokens.get("Audio"),
                "trackID=2",
            )
        )
    return found[1:] if faults.video_not_in_sdp else found


def write_sdp(name: str, media: list[Media], base: str, faults: RtspFaults) -> bytes:
    """Return the description; `base` is the aggregate URL, for absolute controls."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
    ]
    if faults.control != "media-only":
        lines.append(f"a=control:{base if faults.control == 'absolute' else '*'}")
    if faults.more_media_in_sdp:
        lines += ["m=video 0 RTP/AVP 26", "a=control:trackID=8"]
        lines.append(f"{faults.track_attribute}x-onvif-track:VIDEO009")
    if faults.talk_back_in_sdp == "before":
        lines += TALK_BACK
    for item in media:
        lines.append(f"m={item.kind} 0 RTP/AVP {item.payload_type}")
        lines += [f"a={attribute}" for attribute in item.attributes]
        if faults.control != "missing":
            lines.append(f"a=control:{control_of(item, base, faults)}")
        if item.track_token is not None:
            lines.append(f"{faults.track_attribute}x-onvif-track:{item.track_token}")
    if faults.talk_back_in_sdp == "behind":
        lines += TALK_BACK
    if faults.more_media_in_sdp:
        lines += [
            "m=application 0 RTP/AVP 107",
            "a=rtpmap:107 vnd.onvif.metadata/90000",
        ]
        lines += ["a=control:trackID=9", "a=recvonly"]
    return "\r\n".join(lines).encode() + b"\r\n"


def control_of(media: Media, base: str, faults: RtspFaults) -> str:
    """Return what a media's `a=control` says."""
    url = control_url(media, base, faults)
    match faults.control:
        case "absolute":
            return url
        case "other-host":
            return (
                f"rtsp://192.168.77.20{url.partition('://')[2].lstrip('.:0123456789')}"
            )
        case "with-query":
            return f"{media.suffix}?stream=1"
        case "with-slash":
            return f"/{media.suffix}"
        case "star":
            return "*"
    return media.suffix


def control_url(media: Media, base: str, faults: RtspFaults) -> str:
    """Return the URL at which a media is set up."""
    return f"{base.rstrip('/')}/{media.suffix}"


def _video(look: Look, footage: FootageStore, faults: RtspFaults) -> tuple[str, ...]:
    kind = faults.video_payload_type
    with_sets = faults.parameter_sets != "in-band"
    if look.codec == "JPEG":
        return () if kind == JPEG_PAYLOAD_TYPE else (f"rtpmap:{kind} JPEG/90000",)
    count = look.gop_ms // FRAME_MS
    sets = footage.gop(look, NUMBER_EPOCH_MS, count).parameter_sets
    if look.codec == "MPEG4":
        fmtp = "profile-level-id=1"
        if with_sets:
            fmtp += f";config={sets[0].hex().upper()}"
        return f"rtpmap:{kind} MP4V-ES/90000", f"fmtp:{kind} {fmtp}"
    coded = [base64.b64encode(item).decode() for item in sets]
    if look.codec == "H264":
        fmtp = f"packetization-mode=1;profile-level-id={sets[0][1:4].hex()}"
        if with_sets:
            fmtp += f";sprop-parameter-sets={','.join(coded)}"
        return f"rtpmap:{kind} H264/90000", (f"fmtp:{kind} {fmtp}")
    lines = [f"rtpmap:{kind} H265/90000"]
    if with_sets:
        fmtp = f"sprop-vps={coded[0]};sprop-sps={coded[1]};sprop-pps={coded[2]}"
        lines.append(f"fmtp:{kind} {fmtp}")
    return tuple(lines)


def _audio(codec: AudioCodec, form: str) -> tuple[int, int, tuple[str, ...]]:
    loop = audio_loop(codec)
    clock = loop.format.rtp_clock
    if codec == "AAC":
        return AAC_TYPE, clock, aac_attributes(loop, form)
    kind = STATIC_PAYLOAD_TYPES.get(codec, AAC_TYPE)
    name = {"PCMA16": "PCMA"}.get(codec, codec)
    return kind, clock, (f"rtpmap:{kind} {name}/{clock}",)
