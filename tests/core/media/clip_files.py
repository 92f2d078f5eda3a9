"""Clips written by the real writer, for tests of what is read out of them."""

from pathlib import Path

import av

from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.units import Gop
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource

from . import encoded

START = encoded.START_MS
OLD_FLAGS = "hybrid_fragmented+frag_keyframe+delay_moov+use_metadata_tags"
"""How earlier versions wrote: every fragment names its place in the file."""


def tags(start_ms: int = START) -> ClipTags:
    """Return tags of a clip that begins then."""
    return ClipTags(CameraKey("nvr/1"), start_ms, start_ms, 1, ClipSource.REPLAY)


def groups(codec: Codec, *, sound: bool, **options: object) -> list[Gop]:
    """Return groups of pictures, ten a second, each with its sound."""
    found = encoded.groups(codec, **options)
    if sound:
        start_us = found[0].start_us
        for item in encoded.aac_units(start_us, 70):
            gop = next((gop for gop in found if gop.end_us > item.time_us), None)
            if gop is not None:
                gop.audio.append(item)
    return found


def writer(
    path: Path, codec: Codec = Codec.H264, *, sound: bool = False, **options: object
) -> tuple[ClipWriter, list[Gop]]:
    """Return a writer without a group yet, and the groups to write."""
    found = groups(codec, sound=sound, **options)
    shape = {key: value for key, value in options.items() if key != "start_ms"}
    made = ClipWriter(
        path,
        encoded.video_format(codec, **shape),
        encoded.aac_format() if sound else None,
        tags(found[0].start_us // 1000),
        found[0].video[0].unit,
    )
    return made, found


def clip(
    path: Path, codec: Codec = Codec.H264, *, sound: bool = False, **options: object
) -> Path:
    """Write a whole clip; returns its path."""
    made, found = writer(path, codec, sound=sound, **options)
    for gop in found:
        made.write(gop)
    made.close()
    return path


def packets(path: Path, kind: str = "video") -> list[tuple[int, bytes]]:
    """Return (time shown in microseconds, bytes) of every frame, in decoding order."""
    with av.open(str(path)) as file:
        stream = getattr(file.streams, kind)[0]
        base = stream.time_base
        return [
            (round(packet.pts * base * 1_000_000), bytes(packet))
            for packet in file.demux(stream)
            if packet.pts is not None and packet.size
        ]
