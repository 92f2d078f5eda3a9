"""Reads media profiles of Media 1 and Media 2 and groups them into channels.

A channel is a video source; its streams are profiles. Some recorders hand out a video
source per stream instead, and then the numbers in the tokens tell what belongs together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
import math
import re

from ..models import Channel, StreamProfile
from .lenient import parse_float, parse_int
from .xml import Element, attribute, children, find, text

_CODECS = {
    "H264": "H264",
    "H.264": "H264",
    "AVC": "H264",
    "H265": "H265",
    "H.265": "H265",
    "HEVC": "H265",
    "JPEG": "JPEG",
    "MJPEG": "JPEG",
    "MPEG4": "MPEG4",
    "MPV4-ES": "MPEG4",
}
_AUDIO = {"MP4A-LATM": "AAC", "MPEG4-GENERIC": "AAC"}
_MOST_PROFILES = 2_000
_LESSER_NAME = re.compile(r"sub|minor|second|third|mobile|low", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)(?!.*\d)")
_STREAM_NUMBER = re.compile(r"^(.*?)([1-9]\d*)(0[1-9])$")
_GENERIC_NAME = re.compile(
    r"^(video[ _-]?source([ _-]?(config(uration)?)?)?([ _-]?(name|token))?|vs[ _-]?c?|"
    r"main[ _-]?stream|profile|media[ _-]?profile|user|default|ch(annel)?|source|none|"
    r"unknown|recording|rec|video)?[ _#:-]*\d*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourcedProfile:
    """A profile with the video source it shows."""

    profile: StreamProfile
    source: str
    source_name: str = ""
    configuration: str = ""


def _codec(written: str) -> str:
    return _CODECS.get(written.strip().upper(), written.strip().upper())


def _read_encoder(encoder: Element | None, audio: Element | None) -> dict[str, str]:
    rate = find(encoder, "RateControl")
    sound = text(audio, "Encoding").upper()
    return {
        "encoding": _codec(text(encoder, "Encoding")),
        "width": text(encoder, "Resolution/Width"),
        "height": text(encoder, "Resolution/Height"),
        "rate": text(rate, "FrameRateLimit"),
        "bitrate": text(rate, "BitrateLimit"),
        "audio": _AUDIO.get(sound, sound),
    }


def _profile(
    item: Element, values: Mapping[str, str], source: Element | None, version: int
) -> SourcedProfile | None:
    token = attribute(item, "token")
    source_token = text(source, "SourceToken")
    if not token or not source_token:
        return None
    return SourcedProfile(
        StreamProfile(
            token=token,
            name=text(item, "Name"),
            encoding=values["encoding"],
            width=parse_int(values["width"]) or 0,
            height=parse_int(values["height"]) or 0,
            frame_rate=parse_float(values["rate"]),
            bitrate_kbit=parse_int(values["bitrate"]),
            audio_encoding=values["audio"],
            media_version=version,
        ),
        source=source_token,
        source_name=text(source, "Name"),
        configuration=attribute(source, "token"),
    )


def read_profiles1(answer: Element) -> tuple[SourcedProfile, ...]:
    """Read Media 1's GetProfilesResponse; profiles without a video source are left out."""
    found = []
    for item in islice(children(answer, "Profiles"), _MOST_PROFILES):
        values = _read_encoder(
            find(item, "VideoEncoderConfiguration"),
            find(item, "AudioEncoderConfiguration"),
        )
        found.append(_profile(item, values, find(item, "VideoSourceConfiguration"), 1))
    return tuple(item for item in found if item)


def read_profiles2(answer: Element) -> tuple[SourcedProfile, ...]:
    """Read Media 2's GetProfilesResponse (asked for with `Type` All)."""
    found = []
    for item in islice(children(answer, "Profiles"), _MOST_PROFILES):
        configurations = find(item, "Configurations")
        values = _read_encoder(
            find(configurations, "VideoEncoder"), find(configurations, "AudioEncoder")
        )
        found.append(_profile(item, values, find(configurations, "VideoSource"), 2))
    return tuple(item for item in found if item)


def merge(
    first: Sequence[SourcedProfile], second: Sequence[SourcedProfile]
) -> tuple[SourcedProfile, ...]:
    """Return Media 2's profiles and those of Media 1 that show other video sources.

    Media 1 lacks or half-fills H.265 profiles, so a source that Media 2 knows is taken
    from there alone; of a profile that does not say there what it is, Media 1 may tell.
    """
    known = {item.source for item in second}
    told = {item.profile.token: item for item in first if _area(item)}
    return (
        *(
            item if _area(item) else _filled(item, told.get(item.profile.token))
            for item in second
        ),
        *(item for item in first if item.source not in known),
    )


def _filled(item: SourcedProfile, other: SourcedProfile | None) -> SourcedProfile:
    if other is None:
        return item
    facts = replace(
        other.profile,
        encoding=item.profile.encoding or other.profile.encoding,
        media_version=item.profile.media_version,
    )
    return replace(item, profile=facts)


def last_number(token: str) -> int | None:
    """Return the last run of digits in a token."""
    found = _NUMBER.search(token)
    return int(found[1]) if found and len(found[1]) < 10 else None


def is_generic(name: str) -> bool:
    """Return whether a name is one that devices give to everything."""
    return bool(_GENERIC_NAME.match(name.strip()))


def _area(item: SourcedProfile) -> int:
    return item.profile.width * item.profile.height


def _sizes(items: Sequence[SourcedProfile]) -> Mapping[str, float]:
    """Return the area of each profile's picture by token, what is not told guessed.

    A profile that does not say what it is keeps its place among the others: devices list
    the main stream first, and leave out the facts of codecs that Media 1 cannot name.
    """
    sizes: dict[str, float] = {}
    last = math.inf
    for item in items:
        area: float = _area(item)
        if not area:
            name = f"{item.profile.name} {item.profile.token}"
            area = 0 if _LESSER_NAME.search(name) else last
        sizes[item.profile.token] = last = area
    return sizes


def _grouped(
    profiles: Sequence[SourcedProfile], video_sources: int | None
) -> dict[str, list[SourcedProfile]]:
    groups: dict[str, list[SourcedProfile]] = {}
    for item in profiles:
        groups.setdefault(item.source, []).append(item)
    joined = _joined_streams(groups)
    if joined is None and video_sources:
        joined = _joined_to(groups, video_sources)
    return joined or groups


def may_be_streams(profiles: Sequence[SourcedProfile]) -> bool:
    """Return whether the video sources could be the streams of fewer cameras.

    That is so if there are several and no two of them have pictures of one size, as the
    main streams of several lenses mostly do.
    """
    groups: dict[str, list[SourcedProfile]] = {}
    for item in profiles:
        groups.setdefault(item.source, []).append(item)
    is_single = all(len(items) == 1 for items in groups.values())
    return len(groups) > 1 and is_single and _joined_streams(groups) is None


def _joined_to(
    groups: Mapping[str, list[SourcedProfile]], count: int
) -> dict[str, list[SourcedProfile]] | None:
    """Join sources that are the streams of as many lenses as the device says it has.

    In the order of the device, each of several lenses beginning with its largest picture.
    None if the sources do not look like streams: a lens of its own has several profiles,
    and two of them have pictures of one size.
    """
    streams, rest = divmod(len(groups), count)
    if rest or streams < 2 or any(len(items) > 1 for items in groups.values()):
        return None
    flat = [items[0] for items in groups.values()]
    sizes = _sizes(flat)

    def rank(item: SourcedProfile) -> tuple[bool, float]:
        return item.profile.encoding != "JPEG", sizes[item.profile.token]

    result: dict[str, list[SourcedProfile]] = {}
    for begin in range(0, len(flat), streams):
        lens = flat[begin : begin + streams]
        main = max(lens, key=rank)
        alike = {(item.profile.encoding, sizes[item.profile.token]) for item in lens}
        if len(alike) < streams or (count > 1 and main is not lens[0]):
            return None
        result[main.source] = [main, *(item for item in lens if item is not main)]
    return result


def _joined_streams(
    groups: Mapping[str, list[SourcedProfile]],
) -> dict[str, list[SourcedProfile]] | None:
    """Join sources numbered channel × 100 + stream (101, 102, 201 …), or return None.

    Only where every source has exactly one profile, every stream has its main stream and
    is no larger than that: then the sources are streams.
    """
    joined: dict[tuple[str, str], dict[int, list[SourcedProfile]]] = {}
    for source, items in groups.items():
        found = _STREAM_NUMBER.match(source)
        if not found or len(items) != 1:
            return None
        joined.setdefault((found[1], found[2]), {})[int(found[3])] = items
    result: dict[str, list[SourcedProfile]] = {}
    for streams in joined.values():
        main = streams.get(1)
        if main is None or any(
            _area(item) > _area(main[0]) for items in streams.values() for item in items
        ):
            return None
        result[main[0].source] = [item for items in streams.values() for item in items]
    return result if len(result) < len(groups) else None


def group_channels(
    profiles: Sequence[SourcedProfile], video_sources: int | None = None
) -> tuple[Channel, ...]:
    """Return the channels with their profiles, the largest picture first.

    `video_sources` is how many lenses the device says it has, None if it does not.
    `token` is the video source's. `number` is the number in the token where all tokens
    have different ones (so it stays when a camera is taken away), else the position from
    1. Names that devices give to everything are replaced by "Camera <number>".
    """
    groups = _grouped(profiles, video_sources)
    numbers = _numbers(tuple(groups))
    names = [
        next((p.source_name for p in items if not is_generic(p.source_name)), "")
        for items in groups.values()
    ]
    uses = Counter(names)
    channels = [
        Channel(
            token=token,
            number=number,
            # A name that is not the camera's own says nothing.
            name=name if name and uses[name] == 1 else f"Camera {number}",
            profiles=_ordered(items),
        )
        for (token, items), number, name in zip(
            groups.items(), numbers, names, strict=True
        )
    ]
    return tuple(sorted(channels, key=lambda channel: channel.number))


def _ordered(items: Sequence[SourcedProfile]) -> tuple[StreamProfile, ...]:
    sizes = _sizes(items)
    ordered = sorted(
        items,
        key=lambda item: (
            item.profile.encoding == "JPEG",
            -sizes[item.profile.token],
            # Of what is not told nothing follows.
            -(item.profile.bitrate_kbit or 0) if _area(item) else 0,
        ),
    )
    return tuple(item.profile for item in ordered)


def _numbers(tokens: Sequence[str]) -> tuple[int, ...]:
    streams = [_STREAM_NUMBER.match(token) for token in tokens]
    if streams and all(found and found[3] == "01" for found in streams):
        return _distinct([int(found[2]) for found in streams if found])
    return _distinct([last_number(token) for token in tokens])


def _distinct(numbers: Sequence[int | None]) -> tuple[int, ...]:
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) == len(set(known)):
        return tuple(known)
    return tuple(range(1, len(numbers) + 1))


def tokens_of(
    channels: Iterable[Channel], profiles: Iterable[SourcedProfile]
) -> Mapping[str, str]:
    """Return the channel for every token that can stand for it: of its profiles, their
    sources (one per stream on some recorders) and their configurations.
    """
    owners = {p.token: channel.token for channel in channels for p in channel.profiles}
    found: dict[str, str] = {}
    for item in profiles:
        channel = owners.get(item.profile.token, item.source)
        for token in (item.profile.token, item.source, item.configuration):
            if token:
                found.setdefault(token, channel)
    return found
