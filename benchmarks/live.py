"""What live recording costs, next to as many `ffmpeg -c copy` of the same streams.

    python -m benchmarks.live [--minutes 1] [--streams 5] [--kbit 4000]

One process sends every picture when it is due, as cameras do. Our recorders, with a real
library, run in one process and ffmpeg's in one each, at the same time, so that the ratios
hold whatever else the machine does. Printed: CPU seconds and the share of the whole
machine, memory, and how late the event loop wakes up beside idle.
"""

import argparse
import asyncio
import json
import os
from pathlib import Path
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

from ._bars import row_of
from ._downloads import without_home_assistant
from ._footage import FPS, encode, packetize
from ._rows import Row, finish, make_parser
from ._sender import answer

GOP = 2 * FPS
LOOP = 20
"""Seconds of pictures that are encoded; they repeat."""


# --- The cameras ---------------------------------------------------------------------------


def pictures(path: Path) -> list[tuple[int, int]]:
    """Return where each picture begins and ends in a file of interleaved frames."""
    data = path.read_bytes()
    found = []
    start = at = 0
    while at < len(data):
        length = struct.unpack_from(">H", data, at + 2)[0]
        is_last = data[at + 5] & 0x80
        at += 4 + length
        if is_last:
            found.append((start, at))
            start = at
    return found


def serve(path: Path, sets: bytes) -> None:
    """Serve the stream to any number of clients; prints its port, runs until killed."""
    import base64

    sps, _, pps = sets.partition(b",")
    sprop = ",".join(base64.b64encode(item).decode() for item in (sps, pps))
    sdp = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
        "a=control:track1\r\n"
    )
    data = path.read_bytes()
    places = pictures(path)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def client(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in buffer:
                    received = connection.recv(65536)
                    if not received:
                        return
                    buffer += received
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                answer(connection, head.decode(), sdp)
                if head.startswith(b"PLAY"):
                    break
            begun = time.monotonic()
            view = memoryview(data)
            try:
                for number, (start, end) in enumerate(places):
                    wait = begun + number / FPS - time.monotonic()
                    if wait > 0:
                        time.sleep(wait)
                    connection.sendall(view[start:end])
            except OSError:
                return

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=client, args=(connection,), daemon=True).start()


# --- Ours ----------------------------------------------------------------------------------


def memory_kb(process: int | str, name: str) -> int:
    """Return a field of a process's memory in kB."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


async def lateness(seconds: float) -> list[float]:
    """Return by how many milliseconds each of many short sleeps was late."""
    found = []
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        await asyncio.sleep(0.005)
        found.append((time.monotonic() - now - 0.005) * 1000)
    return found


async def record(port: int, streams: int, seconds: float, folder: Path) -> None:
    """Record all streams in this process; prints what it cost as JSON."""
    from custom_components.vtrack_nvr.core.clock import SystemClock
    from custom_components.vtrack_nvr.core.endpoint import Endpoint
    from custom_components.vtrack_nvr.core.intervals import TimeRange
    from custom_components.vtrack_nvr.core.library.library import Library
    from custom_components.vtrack_nvr.core.library.values import RootConfig
    from custom_components.vtrack_nvr.core.live.live_values import LiveSpec
    from custom_components.vtrack_nvr.core.live.recorders import LiveRecorders
    from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
    from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey

    clock = SystemClock()
    media = folder / "media"
    media.mkdir()
    library = Library(
        folder / "index.db",
        [RootConfig(media, name="media")],
        clock=clock,
        probe=ClipProbe(),
        time_zone="UTC",
    )
    await library.open()
    await library.register_nvr(NvrKey("bench"), "Bench")
    cameras = [CameraKey(f"bench/{n}") for n in range(streams)]
    for camera in cameras:
        await library.register_camera(NvrKey("bench"), camera, camera)
    probing = time.process_time()
    idle = await lateness(5)
    probe_share = (time.process_time() - probing) / 5
    begun_ms = clock.now_ms()
    before_kb = memory_kb("self", "Pss")
    live = LiveRecorders(clock=clock)
    times = os.times()
    print("ready", flush=True)
    for camera in cameras:
        spec = LiveSpec(
            camera,
            lambda _: Endpoint(f"rtsp://127.0.0.1:{port}/live"),
            is_on=True,
            clip_ms=60_000,
        )
        await live.attach(spec, library.ledger.sink(camera))
    busy = await lateness(seconds)
    after_kb = memory_kb("self", "Pss")
    stopping = time.monotonic()
    await live.close()
    stopped_s = time.monotonic() - stopping
    now = os.times()
    window = TimeRange(begun_ms - 60_000, clock.now_ms() + 60_000)
    clips = [
        clip for key in cameras for clip in await library.ledger.clips(key, window)
    ]
    await library.close()
    print(
        json.dumps(
            {
                "cpu": now.user
                - times.user
                + now.system
                - times.system
                - probe_share * seconds,
                "probe": probe_share * seconds,
                "total_kb": after_kb,
                "added_kb": after_kb - before_kb,
                "idle_p99": statistics.quantiles(idle, n=100)[98],
                "busy_p99": statistics.quantiles(busy, n=100)[98],
                "clips": len(clips),
                "bytes": sum(clip.facts.size_bytes for clip in clips),
                "frames": sum(clip.facts.frames for clip in clips),
                "holes": sum(clip.facts.holes for clip in clips),
                "stop_s": stopped_s,
            }
        ),
        flush=True,
    )


# --- The comparison ------------------------------------------------------------------------


def ffmpeg(port: int, number: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start one ffmpeg that records the stream in minutes."""
    return subprocess.Popen(
        [
            *("ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"),
            *("-i", f"rtsp://127.0.0.1:{port}/live", "-c", "copy", "-f", "segment"),
            *("-segment_time", "60", "-reset_timestamps", "1"),
            str(folder / f"{number}-%03d.mp4"),
        ]
    )


def machine() -> tuple[float, float]:
    """Return busy and all CPU seconds of the machine."""
    fields = [
        int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    ]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(fields[:8]) - fields[3] - fields[4]) / tick, sum(fields[:8]) / tick


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--streams", type=int, default=5)
    parser.add_argument("--kbit", type=int, default=4000)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--record", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), bytes.fromhex(options.serve[1]))
    seconds = options.minutes * 60
    if options.record:
        without_home_assistant()
        port, folder, length = options.record
        asyncio.run(record(int(port), options.streams, float(length), Path(folder)))
        return 0
    me = [sys.executable, "-m", "benchmarks.live", "--streams", str(options.streams)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stream = folder / "stream"
        units = encode(LOOP, options.kbit, GOP)
        sets = packetize(units, round(seconds) + 60, stream)
        server = subprocess.Popen(
            [*me, "--serve", str(stream), sets.hex()], stdout=subprocess.PIPE
        )
        assert server.stdout
        port = int(server.stdout.readline())
        try:
            return finish(compare(options, port, me, folder, seconds), options)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


def compare(
    options: argparse.Namespace, port: int, me: list[str], folder: Path, seconds: float
) -> list[Row]:
    """Run both at the same time; returns what they cost."""
    ours = folder / "ours"
    theirs = folder / "theirs"
    ours.mkdir()
    theirs.mkdir()
    worker = subprocess.Popen(
        [*me, "--record", str(port), str(ours), str(seconds)], stdout=subprocess.PIPE
    )
    assert worker.stdout
    worker.stdout.readline()
    busy, whole = machine()
    others = [ffmpeg(port, number, theirs) for number in range(options.streams)]
    time.sleep(seconds)
    now_busy, now_whole = machine()
    their_kb = sum(memory_kb(process.pid, "Pss") for process in others)
    their_cpu = 0.0
    for process in others:
        process.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        their_cpu += usage.ru_utime + usage.ru_stime
    found = json.loads(worker.stdout.readline())
    worker.wait()
    worker.stdout.close()
    cores = os.cpu_count() or 1
    share = 100 / seconds / cores
    print(f"{options.streams} streams of {options.kbit} kbit/s for {seconds:.0f} s")
    print(
        f"  ours:   {found['cpu']:.2f} CPU-s ({found['cpu'] * share:.2f} % of the "
        f"machine), {found['added_kb'] / 1024:.0f} MB added "
        f"({found['total_kb'] / 1024:.0f} MB with library and Python), "
        f"{found['clips']} clips, {found['bytes'] / 1e6:.1f} MB, "
        f"{found['frames']} pictures, {found['holes']} holes, "
        f"stopped in {found['stop_s']:.2f} s; measuring the loop took "
        f"{found['probe']:.2f} CPU-s more"
    )
    size = sum(path.stat().st_size for path in theirs.iterdir())
    print(
        f"  ffmpeg: {their_cpu:.2f} CPU-s ({their_cpu * share:.2f} % of the machine), "
        f"{their_kb / 1024:.0f} MB, {size / 1e6:.1f} MB written"
    )
    print(
        f"  whole machine: {100 * (now_busy - busy) / (now_whole - whole):.0f} % busy"
    )
    busy_ms, idle_ms = found["busy_p99"], found["idle_p99"]
    said = f"{options.streams} × {options.kbit} kbit/s, {seconds:.0f} s"
    return [
        row_of("live.cpu", found["cpu"], their_cpu, said),
        row_of("live.memory", found["added_kb"] / 1024, their_kb / 1024),
        row_of(
            "live.late", busy_ms - idle_ms, said=f"{busy_ms:.1f}, idle {idle_ms:.1f}"
        ),
        row_of("live.holes", found["holes"], said=f"{found['frames']} pictures"),
    ]


if __name__ == "__main__":
    sys.exit(main())
