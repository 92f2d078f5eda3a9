"""How fast and at what cost footage is downloaded, next to others on the same bytes.

    scripts/bench download [--seconds 600] [--runs 3] [--devices 10]

One stream without a limit: throughput and CPU per gigabyte against `ffmpeg -c copy`,
GStreamer's `rtspsrc` if it is installed, and a socket that is read and nothing else, of the
same bytes from the same server, in alternating runs; the ratios of the medians count.
Then several downloads at 40 Mbit/s: how late the event loop wakes up, against idle, and
the memory added. Everything is on loopback; the sender is a process of its own.
"""

import argparse
from collections.abc import Callable
from functools import partial
import json
from pathlib import Path
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from benchmarks._bars import row_of
from benchmarks._footage import encode, packetize
from benchmarks._measures import cpu_seconds
from benchmarks._rows import Row, finish, make_parser
from benchmarks._sender import Sender

ROOT = Path(__file__).parents[1]
RATE = 40_000_000 // 8


class Cost(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


def run_worker(port: int, folder: Path, **options: object) -> dict:
    """Run ours in a process of its own."""
    flags = [f"--{name}={value}" for name, value in options.items()]
    output = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks._downloads"),
            *(f"--port={port}", f"--folder={folder}", *flags),
        ],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ).stdout
    return json.loads(output)


def run_ours(port: int, folder: Path, seconds: int, verify: str) -> Cost:
    """Run one download of ours."""
    told = run_worker(port, folder, work="one", seconds=seconds, verify=verify)
    return Cost(told["wall"], told["cpu"])


def run_command(command: list[str], film: Path, least: int) -> Cost:
    """Run another program that writes the stream into a film of so many bytes at least."""
    begun, used = time.monotonic(), cpu_seconds()
    # GStreamer ends red when the device closes before it says goodbye: the film is judged.
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    cost = Cost(time.monotonic() - begun, cpu_seconds() - used)
    assert film.stat().st_size >= least, f"{command[0]} left out some of the footage"
    film.unlink()
    return cost


def ffmpeg(port: int, film: Path) -> list[str]:
    """Return how ffmpeg copies the stream."""
    return [
        *("ffmpeg", "-v", "error", "-y", "-rtsp_transport", "tcp"),
        *("-i", f"rtsp://127.0.0.1:{port}/rec", "-c", "copy", str(film)),
    ]


def gstreamer(port: int, film: Path) -> list[str]:
    """Return how GStreamer copies the stream."""
    return [
        *("gst-launch-1.0", "-q", "rtspsrc", "protocols=tcp", "latency=0"),
        # By arrival, as by default, it finds no times in what comes faster than real time.
        *(
            "buffer-mode=none",
            f"location=rtsp://127.0.0.1:{port}/rec",
            "!",
            "rtph264depay",
            "!",
        ),
        *("h264parse", "!", "mp4mux", "!", "filesink", f"location={film}"),
    ]


def read_raw(port: int) -> Cost:
    """Read the same bytes from the same sender, and do nothing with them."""
    buffer = bytearray(256 * 1024)
    begun, used = time.monotonic(), time.process_time()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"PLAY rtsp://127.0.0.1/rec RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        while connection.recv_into(buffer):
            pass
    return Cost(time.monotonic() - begun, time.process_time() - used)


def ways(
    arguments: argparse.Namespace, port: int, folder: Path, size: int
) -> dict[str, Callable[[], Cost]]:
    """Return who reads the stream, and how."""
    film, least = folder / "film.mp4", size * 9 // 10
    ours = partial(run_ours, port, folder, arguments.seconds)
    found: dict[str, Callable[[], Cost]] = {
        "raw socket read": partial(read_raw, port),
        "ffmpeg -c copy": partial(run_command, ffmpeg(port, film), film, least),
        "ours, hash and tables checked": partial(ours, "tables"),
        "ours, clip ends decoded too": partial(ours, "decode"),
    }
    if shutil.which("gst-launch-1.0"):
        command = gstreamer(port, film)
        found["GStreamer rtspsrc"] = partial(run_command, command, film, least)
    return found


def one_stream(arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Read one stream in every way, in turns."""
    stream, sets = folder / "stream.rtp", folder / "sets"
    sets.write_bytes(packetize(encode(8, 4000, 50), arguments.seconds, stream))
    size = stream.stat().st_size
    print(f"{arguments.seconds} s of 1080p25 H.264, {size / 1e6:.0f} MB of RTP")
    with Sender(stream, sets, None) as sender:
        found = ways(arguments, sender.port, folder, size)
        costs: dict[str, list[Cost]] = {name: [] for name in found}
        for _ in range(arguments.runs):
            for name, run in found.items():
                costs[name].append(run())
    speed, cpu, wall = {}, {}, {}
    for name, runs in costs.items():
        wall[name] = statistics.median(run.wall for run in runs)
        speed[name] = size / wall[name] / 1e6
        cpu[name] = statistics.median(run.cpu for run in runs) / size * 1e9
        print(f"{name:32} {speed[name]:6.0f} MB/s  {cpu[name]:5.2f} CPU-s/GB")
    raw, theirs, ours, decoded, *others = costs
    rows = [
        row_of("download.speed", speed[ours], speed[theirs]),
        row_of("download.cpu", cpu[ours], cpu[theirs]),
        row_of("download.speed_decoded", speed[decoded], speed[theirs]),
        row_of("download.cpu_decoded", cpu[decoded], cpu[theirs]),
        row_of("download.wall", wall[ours], wall[raw]),
    ]
    for name, measured in (("speed", speed), ("cpu", cpu)):
        told = f"download.gstreamer_{name}"
        rows += [row_of(told, measured[ours], measured[each]) for each in others] or [
            row_of(told, said="GStreamer is not installed")
        ]
    return rows


def many_streams(arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Download from several devices at once, at the speed of devices."""
    stream, sets = folder / "stream.rtp", folder / "sets"
    seconds = min(arguments.seconds, 60)
    sets.write_bytes(packetize(encode(8, 4000, 50), seconds, stream))
    with Sender(stream, sets, RATE) as sender:
        run = run_worker(
            sender.port,
            folder,
            work="many",
            devices=arguments.devices,
            seconds=seconds,
            verify="tables",
        )
    idle, busy = run["idle"][1], run["busy"][1]
    print(
        f"{arguments.devices} downloads at 40 Mbit/s: loop lateness p50/p99"
        f" {run['busy'][0]:.2f}/{busy:.2f} ms (idle {run['idle'][0]:.2f}/{idle:.2f}),"
        f" {run['cpu'] / run['wall'] * 100:.0f} % of a core"
    )
    return [
        row_of("download.late", busy - idle, said=f"{busy:.1f}, idle {idle:.1f}"),
        row_of("download.memory", run["memory"]),
    ]


def main() -> int:
    """Read the arguments."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = one_stream(arguments, folder) + many_streams(arguments, folder)
    return finish(rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
