"""CPU seconds per GB of the pure receiving path, on packets made in memory.

`scripts/bench receive` prints one line per shape of stream. No sockets, no files:
what is measured is framing, RTP, depacketizing and joining.
"""

import struct
import sys
import time

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtp.receiver import Receiver

BLOCK = 256 * 1024


def stream(
    codec: Codec, mtu: int, stamp_all: bool, frames: int = 750, size: int = 20_000
) -> bytes:
    """Return interleaved bytes of `frames` pictures, stamped as ONVIF wants it."""
    out = bytearray()
    seq = 0
    header = 1 if codec is Codec.H264 else 2
    for number in range(frames):
        nal_type = 5 if number % 50 == 0 else 1
        if codec is Codec.H265:
            nal_type = 19 if number % 50 == 0 else 1
        body = bytes([0x80]) + bytes(size * (4 if number % 50 == 0 else 1)) + b"\x80"
        chunks = [body[i : i + mtu] for i in range(0, len(body), mtu)]
        for place, chunk in enumerate(chunks):
            is_first, is_last = place == 0, place == len(chunks) - 1
            bits = (0x80 if is_first else 0) | (0x40 if is_last else 0)
            if header == 1:
                head = bytes((0x7C, bits | nal_type))
            else:
                head = bytes((49 << 1, 1, bits | nal_type))
            has_stamp = is_first or stamp_all
            rtp = struct.pack(
                ">BBHII",
                0x90 if has_stamp else 0x80,
                0xE0 if is_last else 0x60,
                seq,
                (number * 3600) & 0xFFFFFFFF,
                0x11223344,
            )
            if has_stamp:
                rtp += struct.pack(
                    ">HHIIBBH", 0xABAC, 3, 0xE93DFBA5 + number // 25, 1 << 20, 0, 7, 0
                )
            packet = rtp + head + chunk
            out += struct.pack(">BBH", 0x24, 0, len(packet)) + packet
            seq = (seq + 1) & 0xFFFF
    return bytes(out)


def measure(data: bytes, codec: Codec, rounds: int) -> tuple[float, int]:
    """Return CPU-s/GB and the number of units."""
    track = TrackFormat(TrackKind.VIDEO, codec, 90_000)
    units = 0
    buffer = bytearray(BLOCK + 70_000)
    view = memoryview(buffer)
    source = memoryview(data)
    began = time.process_time()
    for _ in range(rounds):
        receiver = Receiver(Bounds())
        receiver.add_track(0, track, 96, 0, 1)
        held = 0
        for at in range(0, len(data), BLOCK):
            block = source[at : at + BLOCK]
            view[held : held + len(block)] = block
            end = held + len(block)
            position = receiver.take(view, 0, end)
            held = end - position
            buffer[:held] = buffer[position:end]
            units += len(receiver.drain()[0])
        assert receiver.holes == 0
    spent = time.process_time() - began
    return spent / (rounds * len(data) / 1e9), units


def compare(rounds: int) -> list[Row]:
    """Measure every shape of stream; the most usual one of each codec is a row."""
    rows = []
    for codec in (Codec.H264, Codec.H265):
        for mtu in (1400, 8000):
            for stamp_all in (False, True):
                data = stream(codec, mtu, stamp_all)
                figures = sorted(measure(data, codec, rounds)[0] for _ in range(3))
                print(
                    f"{codec} fragments of {mtu} bytes, stamp on "
                    f"{'every packet' if stamp_all else 'first packet'}: "
                    f"{figures[1]:.2f} CPU-s/GB"
                )
                if mtu == 1400 and not stamp_all:
                    rows.append(row_of(f"receive.{codec.lower()}", figures[1]))
    return rows


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    sys.exit(finish(compare(options.rounds), options))
