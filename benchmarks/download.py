"""How fast and at what cost footage is downloaded, next to ffmpeg on the same bytes.

    python -m benchmarks.download [--seconds 600] [--runs 3] [--devices 10]

One stream without a limit: throughput and CPU per gigabyte against `ffmpeg -c copy` of
the same bytes from the same server, in alternating runs; the ratios of the medians count.
Then several downloads at 40 Mbit/s: how late the event loop wakes up, against idle, and
the memory added. Everything is on loopback; the sender is a process of its own.
"""

import argparse
import json
from pathlib import Path
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks._footage import encode, packetize
from benchmarks._measures import cpu_seconds
from benchmarks._sender import Sender

ROOT = Path(__file__).parents[1]
RATE = 40_000_000 // 8


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


def run_ffmpeg(port: int, folder: Path) -> dict:
    """Run ffmpeg on the same stream."""
    begun, used = time.monotonic(), cpu_seconds()
    subprocess.run(
        [
            shutil.which("ffmpeg") or "ffmpeg",
            *("-v", "error", "-y", "-rtsp_transport", "tcp"),
            *("-i", f"rtsp://127.0.0.1:{port}/rec", "-c", "copy"),
            str(folder / "ffmpeg.mp4"),
        ],
        check=True,
    )
    wall, spent = time.monotonic() - begun, cpu_seconds() - used
    (folder / "ffmpeg.mp4").unlink()
    return {"wall": wall, "cpu": spent}


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Print the figures."""
    stream, sets = folder / "stream.rtp", folder / "sets"
    sets.write_bytes(packetize(encode(8, 4000, 50), arguments.seconds, stream))
    size = stream.stat().st_size
    print(f"{arguments.seconds} s of 1080p25 H.264, {size / 1e6:.0f} MB of RTP")
    results: dict[str, list[dict]] = {"ffmpeg": [], "tables": [], "decode": []}
    sender = Sender(stream, sets, None)
    for _ in range(arguments.runs):
        results["ffmpeg"].append(run_ffmpeg(sender.port, folder))
        for verify in ("tables", "decode"):
            results[verify].append(
                run_worker(
                    sender.port,
                    folder,
                    work="one",
                    seconds=arguments.seconds,
                    verify=verify,
                )
            )
    sender.stop()
    middle = {
        name: {
            key: statistics.median(run[key] for run in runs) for key in ("wall", "cpu")
        }
        for name, runs in results.items()
    }
    for name, label in (
        ("ffmpeg", "ffmpeg -c copy"),
        ("tables", "ours, hash and tables checked"),
        ("decode", "ours, pictures decoded too"),
    ):
        run, base = middle[name], middle["ffmpeg"]
        print(
            f"{label:32} {size / run['wall'] / 1e6:6.0f} MB/s"
            f" ({base['wall'] / run['wall']:.2f} x)"
            f"  {run['cpu'] / size * 1e9:5.2f} CPU-s/GB"
            f" ({run['cpu'] / base['cpu']:.2f} x)"
        )
    short = min(arguments.seconds, 60)
    packetize(encode(8, 4000, 50), short, stream)
    sender = Sender(stream, sets, RATE)
    run = run_worker(
        sender.port,
        folder,
        work="many",
        devices=arguments.devices,
        seconds=short,
        verify="tables",
    )
    sender.stop()
    print(
        f"{arguments.devices} downloads at 40 Mbit/s: loop lateness p50/p99"
        f" {run['busy'][0]:.2f}/{run['busy'][1]:.2f} ms"
        f" (idle {run['idle'][0]:.2f}/{run['idle'][1]:.2f}),"
        f" {run['memory']:.0f} MB added, {run['cpu'] / run['wall'] * 100:.0f} % of a core"
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments, Path(folder))


if __name__ == "__main__":
    main()
