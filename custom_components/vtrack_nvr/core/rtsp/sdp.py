"""Session descriptions: which tracks there are and where (RFC 8866, RFC 2326 C)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re

from ..frames import TrackFormat, TrackKind
from .sdp_formats import track_format
from .urls import join_control
from .values import MediaTrack, SessionDescription

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
    for line in text.decode("utf-8", "replace").splitlines():
        kind, mark, value = line[:1], line[1:2], line[2:].strip()
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
        number, _, text = rest.partition(" ")
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


def _finish(index: int, section: _Media, base: str) -> MediaTrack:
    """Choose the payload type: the first one that has a name, else the first."""
    types = section.payload_types or tuple(section.rtpmaps) or (0,)
    payload_type = next((pt for pt in types if pt in section.rtpmaps), types[0])
    kind = _KINDS.get(section.kind, TrackKind.EXTENDED)
    rtpmap = section.rtpmaps.get(payload_type, "")
    if payload_type >= _DYNAMIC:
        rtpmap = _meant(section.rtpmaps, payload_type, types)
    fmtp = _meant(section.fmtps, payload_type, types)
    return MediaTrack(
        index,
        track_format(kind, payload_type, rtpmap, fmtp),
        payload_type,
        join_control(base, section.control),
        section.token,
        rtpmap,
        fmtp,
        section.control,
        direction=section.direction,
        others=_others(section, payload_type, kind),
    )
