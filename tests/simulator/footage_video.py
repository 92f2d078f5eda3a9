"""Encoding groups of pictures, each decodable alone.

Real H.264, H.265, Motion JPEG and MPEG-4 Visual.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import av

from .footage_picture import draw
from .timeline import FRAME_MS, Look, frame_number

ENCODERS = {
    "H264": "libx264",
    "H265": "libx265",
    "JPEG": "mjpeg",
    "MPEG4": "mpeg4",
}
NAL_CODECS = frozenset({"H264", "H265"})
PADDING_ID = b"VTrack simulator"
H264_IDR, H264_SEI, H264_SPS, H264_PPS, H264_AUD = 5, 6, 7, 8, 9
H265_VPS, H265_SPS, H265_PPS, H265_AUD, H265_SEI = 32, 33, 34, 35, 39
H265_SEI_SUFFIX = 40


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture, without parameter sets."""

    time_ms: int
    nals: tuple[bytes, ...]
    """One piece, the whole picture, in JPEG and MPEG-4."""
    key: bool


@dataclass(frozen=True, slots=True)
class Gop:
    """A closed group of pictures in decoding order; the first one is an IDR picture."""

    start_ms: int
    parameter_sets: tuple[bytes, ...]
    """SPS, PPS; before them the VPS in H.265. MPEG-4: VOS to VOL. JPEG: none."""
    units: tuple[AccessUnit, ...]


def encode_gop(look: Look, start_ms: int, count: int) -> Gop:
    """Return `count` pictures from `start_ms` on, encoded as one closed group."""
    context = av.CodecContext.create(ENCODERS[look.codec], "w")
    context.width, context.height = look.width, look.height
    pixels = "yuvj420p" if look.codec == "JPEG" else "yuv420p"
    context.pix_fmt = pixels
    context.time_base = Fraction(1, 1000)
    context.framerate = Fraction(1000, FRAME_MS)
    context.thread_count = 1
    context.options = _options(look, max(count, look.gop_ms // FRAME_MS), start_ms)
    if look.codec == "MPEG4":
        context.flags |= av.codec.context.Flags.global_header
        context.time_base = Fraction(FRAME_MS, 1000)
        context.gop_size = max(count, look.gop_ms // FRAME_MS)
    packets = []
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(
            draw(look, start_ms + index * FRAME_MS), format="yuv420p"
        )
        if look.codec == "JPEG":
            frame = frame.reformat(format=pixels, dst_color_range="JPEG")
        frame.pts = index if look.codec == "MPEG4" else index * FRAME_MS
        frame.time_base = context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    if look.codec not in NAL_CODECS:
        return _plain(look, start_ms, packets, bytes(context.extradata or b""))
    parameter_sets: list[bytes] = []
    units = []
    for packet in packets:
        nals = []
        for nal in split_annex_b(bytes(packet)):
            kind = nal_kind(look.codec, nal)
            if kind == "parameters":
                if nal not in parameter_sets:
                    parameter_sets.append(nal)
            elif kind == "picture":
                nals.append(nal)
        moment = start_ms + (packet.pts or 0)
        if frame_number(moment) in look.damaged_numbers:
            nals = [_damaged(nal) for nal in nals]
        if look.pad_kbps:
            wanted = look.pad_kbps * 1000 // 8 * FRAME_MS // 1000
            nals.insert(0, _padding(look.codec, wanted))
        units.append(AccessUnit(moment, tuple(nals), packet.is_keyframe))
    return Gop(start_ms, tuple(parameter_sets), tuple(units))


def _plain(look: Look, start_ms: int, packets: list[av.Packet], config: bytes) -> Gop:
    """Return a group whose coded pictures are sent as they are."""
    sets = (config,) if look.codec == "MPEG4" else ()
    step = FRAME_MS if look.codec == "MPEG4" else 1
    units = [
        AccessUnit(
            start_ms + (packet.pts or 0) * step, (bytes(packet),), packet.is_keyframe
        )
        for packet in packets
    ]
    return Gop(start_ms, sets, tuple(units))


def without_foreign_damage(look: Look, start_ms: int, count: int) -> Look:
    """Return the look with only the damaged frames that lie in this group."""
    if not look.damaged_numbers:
        return look
    first = frame_number(start_ms)
    here = {
        number for number in look.damaged_numbers if first <= number < first + count
    }
    return replace(look, damaged_numbers=frozenset(here))


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a byte stream (ITU-T H.264 Annex B)."""
    position = data.find(b"\0\0\1")
    while position >= 0:
        start = position + 3
        position = data.find(b"\0\0\1", start)
        nal = data[start:] if position < 0 else data[start:position]
        nal = nal.rstrip(b"\0")
        if nal:
            yield nal


def nal_kind(codec: str, nal: bytes) -> str:
    """Return "parameters", "picture" or "other" for a NAL unit."""
    if codec == "H264":
        kind = nal[0] & 0x1F
        if kind in {H264_SPS, H264_PPS}:
            return "parameters"
        return "picture" if 1 <= kind <= H264_IDR else "other"
    kind = nal[0] >> 1 & 0x3F
    if kind in {H265_VPS, H265_SPS, H265_PPS}:
        return "parameters"
    return "picture" if kind < H265_VPS else "other"


def _options(look: Look, keyint: int, start_ms: int) -> dict[str, str]:
    """Return what the encoder is told for a group that begins at a time.

    The quantiser of the first picture stands in the picture parameter set.
    """
    is_odd = look.changing_sets and start_ms // look.gop_ms % 2 == 1
    first = ":qp=20" if is_odd else ""
    if look.codec == "JPEG":
        return {"huffman": "default", "qmin": "3", "qmax": "3"}
    if look.codec == "MPEG4":
        return {"qmin": "2", "qmax": "4", "bf": str(look.bframes)}
    if look.codec == "H264":
        options = {"preset": "ultrafast", "crf": "24"}
        params = (
            f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes={look.bframes}"
        )
        if look.bframes:
            params += ":b-adapt=0:b-pyramid=none:rc-lookahead=10"
        if look.slices > 1:
            params += f":slices={look.slices}"
        return options | {"x264-params": params + first}
    slices = min(look.slices, look.height // 64)
    threads = f"pools=1:wpp=1:slices={slices}" if slices > 1 else "pools=none:wpp=0"
    params = (
        f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes={look.bframes}"
        f":b-adapt=0:log-level=none:frame-threads=1:info=0:rc-lookahead=5"
        f":{threads}{first}"
    )
    return {"preset": "ultrafast", "crf": "26", "x265-params": params}


@cache
def _padding(codec: str, size: int) -> bytes:
    """Return an SEI message (user data, unregistered) of about `size` bytes.

    Always the same object: hours of padded footage take no memory.
    """
    header = bytes([H264_SEI]) if codec == "H264" else bytes([H265_SEI << 1, 1])
    body = PADDING_ID + b"\xaa" * max(0, size - 40)
    length = len(body)
    return (
        header
        + b"\x05"
        + b"\xff" * (length // 255)
        + bytes([length % 255])
        + body
        + b"\x80"
    )


def _damaged(nal: bytes) -> bytes:
    middle = len(nal) // 3
    return nal[:middle] + b"\x55" * (len(nal) - middle)
