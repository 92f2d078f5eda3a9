"""Playlists as text (RFC 8216, protocol version 7): pure, from segments.

Addresses are relative: below the token that the playlist itself was asked for with.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
import json
import math
from typing import NamedTuple

from ..media.codec_names import joined_names
from ..media.fragment_index import Look
from .media_segments import MediaSegment, Timeline

CONTENT_TYPE = "application/x-mpegURL"
GROWING_TARGET_S = 6
"""What a playlist that grows promises at least: it may not change its mind later."""


def target_s(segments: Sequence[MediaSegment], *, is_over: bool) -> int:
    """Return the longest duration as a playlist promises it, in whole seconds (4.3.3.1)."""
    longest = max((item.duration_us for item in segments), default=0)
    least = 1 if is_over else GROWING_TARGET_S
    return max(least, math.ceil(longest / 1_000_000))


def media_playlist(
    timeline: Timeline, *, target: int, is_over: bool, has_grown: bool = False
) -> str:
    """Return the list of segments; it may grow unless `is_over`.

    `has_grown`: it was told before without an end. Nothing but more may be told then (6.2.1).
    """
    is_event = has_grown or not is_over
    lines = _media_lines(timeline.segments, target, is_over=is_over, is_event=is_event)
    return "\n".join(lines) + "\n"


def _media_lines(
    segments: Sequence[MediaSegment], target: int, *, is_over: bool, is_event: bool
) -> Iterator[str]:
    yield "#EXTM3U"
    yield "#EXT-X-VERSION:7"
    yield f"#EXT-X-TARGETDURATION:{target}"
    yield "#EXT-X-MEDIA-SEQUENCE:0"
    yield f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if is_event else 'VOD'}"
    yield "#EXT-X-INDEPENDENT-SEGMENTS"
    if is_event:
        # without it players begin near the end of what grows
        yield "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES"
    clip_id: int | None = None
    for item in segments:
        if item.clip_id != clip_id:
            if clip_id is not None:
                yield "#EXT-X-DISCONTINUITY"
            clip_id = item.clip_id
            yield f'#EXT-X-MAP:URI="{clip_id}/init.mp4"'
        yield f"#EXT-X-PROGRAM-DATE-TIME:{date_time(item.start_us)}"
        yield f"#EXTINF:{item.duration_us // 1_000_000}.{item.duration_us % 1_000_000:06},"
        yield f"{clip_id}/{item.first}-{item.last}.m4s"
    if is_over:
        yield "#EXT-X-ENDLIST"


def date_time(utc_us: int) -> str:
    """Return a moment with milliseconds, as players read it."""
    moment = datetime.fromtimestamp(utc_us // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{utc_us // 1000 % 1000:03}Z"


class Variant(NamedTuple):
    """One way to watch a range: what is in it, its bits per second, its media playlist."""

    looks: tuple[Look, ...]
    bandwidth: int
    media: str


def master_playlist(variants: Sequence[Variant]) -> str:
    """Return the playlist that leads to one variant, or to the original and a converted one.

    `CODECS` names every kind of footage in a variant (4.3.4.2); players that cannot show
    one of them leave that variant out. Of two variants both of which it can show, a player
    is to take the first and stay with it. So both need the same bandwidth, and the first
    is told without its size: hls.js leaves out kinds of pictures of more than 1080 lines
    where there are smaller ones, and goes down to a smaller variant when data comes late.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    bandwidth = max((variant.bandwidth for variant in variants), default=0)
    for variant in variants:
        has_size = variant is variants[-1]
        lines += [_stream_line(variant, bandwidth, has_size=has_size), variant.media]
    return "\n".join(lines) + "\n"


def _stream_line(variant: Variant, bandwidth: int, *, has_size: bool) -> str:
    looks = variant.looks
    names = joined_names(
        [*(look.video for look in looks), *(look.sound for look in looks)]
    )
    largest = max(
        ((look.width, look.height) for look in looks),
        key=lambda size: size[0] * size[1],
        default=(0, 0),
    )
    attributes = [f"BANDWIDTH={max(1, bandwidth)}"]
    if names:
        attributes.append(f'CODECS="{names}"')
    if has_size and all(largest):
        attributes.append(f"RESOLUTION={largest[0]}x{largest[1]}")
    return f"#EXT-X-STREAM-INF:{','.join(attributes)}"


def fragment_map(
    timeline: Timeline, *, target: int, is_over: bool, has_grown: bool = False
) -> str:
    """Return the same as `media_playlist` as JSON for clients of ours."""
    looks = timeline.looks
    clips: list[dict[str, object]] = []
    parts: list[int] = []
    clip_id: int | None = None
    origin_us = 0
    for item in timeline.segments:
        if item.clip_id != clip_id:
            clip_id, origin_us, parts = item.clip_id, item.start_us, []
            clips.append(
                {
                    "id": clip_id,
                    "start": _ms(origin_us),
                    "format": looks.index(timeline.clips[clip_id].look),
                    "parts": parts,
                }
            )
        begin, end = item.start_us - origin_us, item.end_us - origin_us
        parts += [item.first, item.last, _ms(end) - _ms(begin)]
    return json.dumps(
        {
            "from": timeline.window.start_ms,
            "to": timeline.window.end_ms,
            "growing": not is_over,
            "target": target,
            "clips": clips,
            "formats": [format_of(look) for look in looks],
        },
        separators=(",", ":"),
    )


def format_of(look: Look) -> dict[str, object]:
    """Return a kind of footage as clients of ours are told it."""
    return {"codecs": look.codecs, "width": look.width, "height": look.height}


def _ms(microseconds: int) -> int:
    return (microseconds + 500) // 1000
