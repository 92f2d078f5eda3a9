"""Real pictures and sound, encoded once per run, as access units of a stream."""

from fractions import Fraction
import functools
from itertools import pairwise

import av

from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit

START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
FRAME_US = 100_000
GOP = 10


@functools.cache
def pictures(
    codec: Codec = Codec.H264,
    count: int = 40,
    bframes: int = 0,
    size: tuple[int, int] = (160, 120),
    gop: int = GOP,
    first: int | None = None,
) -> tuple[tuple[int, bytes, bool], ...]:
    """Return (number shown, Annex B bytes, is key) in decoding order.

    `first`: the quantiser of the first picture, which the parameter sets tell.
    """
    name = "libx264" if codec is Codec.H264 else "libx265"
    context = av.CodecContext.create(name, "w")
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 10)
    context.framerate = 10
    common = f"scenecut=0:keyint={gop}:bframes={bframes}:repeat-headers=1:annexb=1"
    if first is not None:
        common += f":qp={first}"
    if codec is Codec.H264:
        context.options = {"preset": "ultrafast", "x264-params": common + ":b-adapt=0"}
    else:
        context.options = {
            "preset": "ultrafast",
            "x265-params": common + ":log-level=none:b-adapt=0:pools=none",
        }
    packets = []
    for number in range(count):
        frame = av.VideoFrame(*size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([number * 7 % 256]) * plane.buffer_size)
        frame.pts = number
        frame.time_base = Fraction(1, 10)
        packets += context.encode(frame)
    packets += context.encode(None)
    return tuple((p.pts, bytes(p), p.is_keyframe) for p in packets)


def video_format(codec: Codec = Codec.H264, **options) -> TrackFormat:
    """Return the format with the parameter sets of the pictures."""
    sets = annexb.parameter_sets(pictures(codec, **options)[0][1], codec)
    return TrackFormat(TrackKind.VIDEO, codec, 90_000, parameter_sets=sets)


def video_units(
    codec: Codec = Codec.H264, *, start_ms: int = START_MS, **options
) -> list[TimedUnit]:
    """Return pictures with their times, in decoding order."""
    units = []
    for number, data, is_key in pictures(codec, **options):
        time_us = start_ms * 1000 + number * FRAME_US
        unit = AccessUnit(0, data, number * 9000 & 0xFFFFFFFF, time_us, is_key)
        units.append(TimedUnit(time_us, unit))
    return units


def groups(codec: Codec = Codec.H264, **options) -> list[Gop]:
    """Return whole groups of pictures without sound."""
    found: list[Gop] = []
    for item in video_units(codec, **options):
        if item.unit.is_key:
            found.append(Gop([]))
        found[-1].video.append(item)
        found[-1].bytes += len(item.unit.data)
    for gop, following in pairwise(found):
        gop.end_us = following.start_us
    found[-1].end_us = found[-1].last_us + FRAME_US
    return found


@functools.cache
def aac(count: int = 70, rate: int = 16_000) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the AudioSpecificConfig and raw frames of silence."""
    context = av.CodecContext.create("aac", "w")
    context.sample_rate = rate
    context.layout = "mono"
    context.format = "fltp"
    context.time_base = Fraction(1, rate)
    packets = []
    for number in range(count):
        frame = av.AudioFrame("fltp", "mono", 1024)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = rate
        frame.pts = number * 1024
        frame.time_base = Fraction(1, rate)
        packets += context.encode(frame)
    return bytes(context.extradata), tuple(bytes(p) for p in packets)


def aac_format(rate: int = 16_000) -> TrackFormat:
    """Return the format of `aac`."""
    return TrackFormat(TrackKind.AUDIO, Codec.AAC, rate, 1, config=aac(rate=rate)[0])


def aac_units(start_us: int, count: int = 60, rate: int = 16_000) -> list[TimedUnit]:
    """Return AAC frames one after the other from a moment on."""
    return [
        TimedUnit(
            start_us + number * 1024 * 1_000_000 // rate,
            AccessUnit(1, data, number * 1024, None, is_key=True),
        )
        for number, data in enumerate(aac(rate=rate)[1][:count])
    ]


def g711_units(start_us: int, count: int = 200) -> list[TimedUnit]:
    """Return 20 ms pieces of a loud square wave in G.711 mu-law."""
    data = (b"\x80" * 8 + b"\x00" * 8) * 10
    return [
        TimedUnit(
            start_us + number * 20_000,
            AccessUnit(1, data, number * 160, None, is_key=True),
        )
        for number in range(count)
    ]
