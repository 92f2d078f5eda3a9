"""Session descriptions: which tracks there are and where (RFC 8866, RFC 2326 C)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re

from ..frames import Codec, TrackFormat, TrackKind
from .sdp_formats import track_format
from .session_values import MediaTrack, SessionDescription
from .urls import join_control

_TRACKS_ALLOWED = 64
_DYNAMIC = 96
"""From here on a payload type means what its rtpmap says (RFC 3551 6)."""
_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_TOKEN = re.compile(r"x-onvif-track\s*:\s*(\S.*)", re.IGNORECASE)
_KINDS = {"video": TrackKind.VIDEO, "audio": TrackKind.AUDIO}


@dataclass(slots=True)
class _Media:
    """An `m=` section while it is read."""

    kind: str
    payload_types: tuple[int, ...]
    control: str = ""
    token: str = ""
    direction: str = ""
    rtpmaps: dict[int, str] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)


def parse_sdp(text: bytes, base_url: str) -> SessionDescription:
    """Read a description; never raises: what cannot be read is left out.

    `base_url` is Content-Base, else Content-Location, else the request's URL
    (profile-g 5.9), at the host that was asked. Lines that are not understood, vendors' own among them, are skipped.
    The track token is accepted as `a=x-onvif-track:` and, as the specification prints it,
    `a:x-onvif-track:` (ST 6.2).
    """
    sections: list[_Media] = []
    session_control = ""
    name = ""
    for line in map(str.strip, text.decode("utf-8", "replace").splitlines()):
        kind, mark, value = line[:1].lower(), line[1:2], line[2:].strip()
        if kind == "m" and mark == "=":
            if len(sections) == _TRACKS_ALLOWED:
                break
            sections.append(_open_section(value))
        elif kind == "s" and mark == "=" and not sections:
            name = value
        elif kind == "a" and mark in {"=", ":"}:
            if sections:
                _take_attribute(sections[-1], value)
            elif value.lower().startswith("control:"):
                session_control = value[8:].strip()
    base = join_control(base_url, session_control)
    return SessionDescription(
        tuple(
            _finish(index, section, base if session_control else base_url)
            for index, section in enumerate(sections)
        ),
        base,
        name,
    )


def _open_section(value: str) -> _Media:
    """Read `video 0 RTP/AVP 96 97`."""
    words = value.split()
    types = tuple(
        int(word)
        for word in words[3:]
        if word.isascii() and word.isdecimal() and len(word) < 4 and int(word) < 128
    )
    return _Media(words[0].lower() if words else "", types)


def _take_attribute(section: _Media, value: str) -> None:
    if match := _TOKEN.fullmatch(value):
        section.token = match[1].strip()
        return
    name, _, rest = value.partition(":")
    name, rest = name.strip().lower(), rest.strip()
    if name == "control":
        section.control = rest
    elif name in _DIRECTIONS:
        section.direction = name
    elif name in {"rtpmap", "fmtp"}:
        number, text = [*rest.split(None, 1), "", ""][:2]
        if number.isascii() and number.isdecimal() and len(number) < 4:
            table = section.rtpmaps if name == "rtpmap" else section.fmtps
            table[int(number)] = text.strip()


def _meant(table: Mapping[int, str], payload_type: int, types: tuple[int, ...]) -> str:
    """Return the line of a payload type, else the only one there is if it is nobody's."""
    found = table.get(payload_type)
    if found is None and len(table) == 1:
        number, text = next(iter(table.items()))
        found = None if number in types else text
    return found or ""


def _others(
    section: _Media, payload_type: int, kind: TrackKind
) -> tuple[tuple[int, TrackFormat], ...]:
    """Return the formats that a track of sound may change to without a word."""
    if kind is not TrackKind.AUDIO:
        return ()
    return tuple(
        (
            number,
            track_format(
                kind,
                number,
                section.rtpmaps.get(number, ""),
                section.fmtps.get(number, ""),
            ),
        )
        for number in dict.fromkeys(section.payload_types)
        if number != payload_type
    )


def _read_track(
    section: _Media, kind: TrackKind, payload_type: int, types: tuple[int, ...]
) -> tuple[int, TrackFormat, str, str]:
    """Return what a payload type carries, with the lines that say so."""
    rtpmap = section.rtpmaps.get(payload_type, "")
    if payload_type >= _DYNAMIC:
        rtpmap = _meant(section.rtpmaps, payload_type, types)
    fmtp = _meant(section.fmtps, payload_type, types)
    return payload_type, track_format(kind, payload_type, rtpmap, fmtp), rtpmap, fmtp


def _finish(index: int, section: _Media, base: str) -> MediaTrack:
    """Choose the payload type: the first one that is known, has a name, or is there.

    Repeats of lost packets and dialled digits may stand before what carries pictures or
    sound (`97 96` with rtx, `101 8` with telephone-event).
    """
    kind = _KINDS.get(section.kind, TrackKind.EXTENDED)
    types = section.payload_types or tuple(section.rtpmaps) or (0,)
    named = [number for number in types if number in section.rtpmaps]
    choices = [_read_track(section, kind, number, types) for number in (*named, *types)]
    payload_type, track, rtpmap, fmtp = next(
        (choice for choice in choices if choice[1].codec is not Codec.UNKNOWN),
        choices[0],
    )
    return MediaTrack(
        index,
        track,
        payload_type,
        join_control(base, section.control),
        section.token,
        rtpmap,
        fmtp,
        section.control,
        direction=section.direction,
        others=_others(section, payload_type, kind),
    )
