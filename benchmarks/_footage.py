"""Footage for benchmarks: 1080p H.264, packed as a device sends it while it replays."""

from fractions import Fraction
import os
from pathlib import Path
import struct

import av

BASE_MS = 1_795_000_000_000
FPS = 25
PACKET = 1400


def encode(seconds: int, kbit: int, gop: int) -> list[tuple[bytes, bool]]:
    """Return `seconds` of 1080p as Annex B units and whether they are key frames."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = 1920, 1080
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.framerate = FPS
    context.bit_rate = kbit * 1000
    context.options = {
        "preset": "ultrafast",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:"
        "repeat-headers=1:annexb=1:nal-hrd=cbr:"
        f"vbv-maxrate={kbit}:vbv-bufsize={kbit}",
    }
    noise = os.urandom(1920 * 1080)
    units = []
    for number in range(seconds * FPS):
        frame = av.VideoFrame(1920, 1080, "yuv420p")
        luma = bytearray(frame.planes[0].buffer_size)
        start = number * 997 % 100_000
        band = 1920 * 60
        luma[start : start + band] = noise[:band]
        frame.planes[0].update(bytes(luma))
        for plane in frame.planes[1:]:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts = number
        units += context.encode(frame)
    units += context.encode(None)
    return [(bytes(unit), unit.is_keyframe) for unit in units]


def nal_units(data: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B unit."""
    found = []
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        found.append(data[at + 3 : end if end >= 0 else None].rstrip(b"\0"))
        at = end
    return found


def packetize(units: list[tuple[bytes, bool]], seconds: int, to: Path) -> bytes:
    """Write RTP in interleaved frames, repeating the units; return the parameter sets.

    Every access unit begins with the replay header extension.
    """
    sets: dict[int, bytes] = {}
    templates = []
    for data, is_key in units:
        payloads = []
        for nal in nal_units(data):
            if nal[0] & 31 in {7, 8}:
                sets[nal[0] & 31] = nal
            if len(nal) <= PACKET:
                payloads.append(nal)
                continue
            head = bytes([nal[0] & 0xE0 | 28])
            chunks = [nal[i : i + PACKET] for i in range(1, len(nal), PACKET)]
            for place, chunk in enumerate(chunks):
                flags = 0x80 if place == 0 else 0x40 if place == len(chunks) - 1 else 0
                payloads.append(head + bytes([flags | nal[0] & 31]) + chunk)
        templates.append((payloads, is_key))
    sequence = 0
    with to.open("wb") as file:
        for number in range(seconds * FPS):
            payloads, is_key = templates[number % len(templates)]
            stamp = number * 90_000 // FPS & 0xFFFFFFFF
            ms = BASE_MS + number * 1000 // FPS
            ntp = ((ms // 1000 + 2_208_988_800) << 32) + (ms % 1000 << 32) // 1000
            flags = 0x80 if is_key else 0
            extension = struct.pack(">HHQB3x", 0xABAC, 3, ntp, flags)
            for place, payload in enumerate(payloads):
                extra = extension if place == 0 else b""
                marker = 0x80 if place == len(payloads) - 1 else 0
                first = 0x90 if extra else 0x80
                packet = (
                    struct.pack(">BBHII", first, marker | 96, sequence, stamp, 0x1234)
                    + extra
                    + payload
                )
                file.write(struct.pack(">BBH", 0x24, 0, len(packet)) + packet)
                sequence = sequence + 1 & 0xFFFF
    return b",".join([sets[7], sets[8]])
