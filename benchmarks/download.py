"""How fast and at what cost footage is downloaded, next to ffmpeg on the same bytes.

    python -m benchmarks.download [--seconds 600] [--runs 3] [--devices 10]

One stream without a limit: throughput and CPU per gigabyte against `ffmpeg -c copy` of
the same bytes from the same server, in alternating runs; the ratios of the medians count.
Then several downloads at 40 Mbit/s: how late the event loop wakes up, against idle, and
the memory added. Everything is on loopback; the sender is a process of its own.
"""

import argparse
import asyncio
from fractions import Fraction
import json
import os
from pathlib import Path
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from types import ModuleType

import av

ROOT = Path(__file__).parents[1]
BASE_MS = 1_795_000_000_000
FPS = 25
PACKET = 1400
RATE = 40_000_000 // 8


# --- The footage ---------------------------------------------------------------------------


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


# --- The sender ----------------------------------------------------------------------------


def serve(path: Path, sets: bytes, rate: int | None) -> None:
    """Serve one stream to any number of clients; prints its port, runs until killed."""
    import base64

    sps, _, pps = sets.partition(b",")
    sprop = ",".join(base64.b64encode(item).decode() for item in (sps, pps))
    sdp = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
        "a=control:track1\r\n"
    )
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def client(connection: socket.socket) -> None:
        buffer = b""
        with connection:
            while b"PLAY" not in buffer.partition(b"\r\n")[0]:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        return
                    buffer += data
                if buffer.startswith(b"PLAY"):
                    break
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                answer(connection, head.decode(), sdp)
            head, _, _ = buffer.partition(b"\r\n\r\n")
            answer(connection, head.decode(), sdp)
            send(connection, path, rate)
            bye = struct.pack(">BBHI", 0x81, 203, 1, 0x1234)
            connection.sendall(struct.pack(">BBH", 0x24, 1, len(bye)) + bye)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=client, args=(connection,), daemon=True).start()


def answer(connection: socket.socket, head: str, sdp: str) -> None:
    """Answer one request."""
    method, url, _ = head.split("\r\n", maxsplit=1)[0].split(" ")
    cseq = next(
        line.split(":")[1].strip()
        for line in head.split("\r\n")
        if line.lower().startswith("cseq")
    )
    lines = ["RTSP/1.0 200 OK", f"CSeq: {cseq}", "Session: 1"]
    body = ""
    if method == "DESCRIBE":
        body = sdp
        lines += [
            f"Content-Base: {url}/",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        ]
    elif method == "SETUP":
        lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    elif method == "OPTIONS":
        lines.append("Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
    connection.sendall("\r\n".join([*lines, "", body]).encode())


def send(connection: socket.socket, path: Path, rate: int | None) -> None:
    """Send the file, at a rate or as fast as the client takes it."""
    with path.open("rb") as file:
        if rate is None:
            connection.sendfile(file)
            return
        begun = time.monotonic()
        sent = 0
        while data := file.read(65536):
            connection.sendall(data)
            sent += len(data)
            ahead = sent / rate - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)


# --- Ours ----------------------------------------------------------------------------------


def without_home_assistant() -> None:
    """Let the core be imported where the shell cannot be."""
    for name in ("custom_components", "custom_components.vtrack_nvr"):
        module = ModuleType(name)
        module.__path__ = [str(ROOT / name.replace(".", "/"))]
        sys.modules[name] = module


async def fetch_all(port: int, count: int, seconds: int, folder: Path, verify: str):
    """Download `count` times at once; return wall and CPU seconds and bytes kept."""
    from custom_components.vtrack_nvr.core.cancel import CancelToken
    from custom_components.vtrack_nvr.core.clips import ClipTarget
    from custom_components.vtrack_nvr.core.clock import SystemClock
    from custom_components.vtrack_nvr.core.download.downloader import (
        Downloader,
        Verify,
    )
    from custom_components.vtrack_nvr.core.fetching import FetchJob
    from custom_components.vtrack_nvr.core.intervals import TimeRange
    from custom_components.vtrack_nvr.core.models import CameraKey, ClockEra
    from custom_components.vtrack_nvr.core.rtsp.values import Endpoint

    class Sink:
        def __init__(self, name: str) -> None:
            self.name = name
            self.count = 0

        def open(self, start):
            self.count += 1
            part = folder / f".{self.name}-{self.count}.part"
            return ClipTarget(self.count, part, start)

        def check_room(self, _target) -> None:
            shutil.disk_usage(folder)

        def finish(self, target, _facts) -> None:
            target.part_path.unlink()

        def abandon(self, target, _reason) -> None:
            target.part_path.unlink(missing_ok=True)

    downloader = Downloader(
        lambda job: Endpoint(job.replay_uri),
        clock=SystemClock(),
        max_workers=max(4, count),
        verify=Verify(verify),
    )
    now = time.time_ns() // 1_000_000

    def job(number: int) -> FetchJob:
        return FetchJob(
            CameraKey(f"bench/{number}"),
            "REC",
            f"rtsp://127.0.0.1:{port}/rec",
            TimeRange(BASE_MS, BASE_MS + seconds * 1000),
            ClockEra(1, 0, now - BASE_MS - 86_400_000),
        )

    begun, used = time.monotonic(), cpu_seconds()
    outcomes = await asyncio.gather(
        *(
            downloader.fetch(
                job(number),
                Sink(str(number)),
                CancelToken(),
                lambda _: None,
                lambda: False,
            )
            for number in range(count)
        )
    )
    wall, spent = time.monotonic() - begun, cpu_seconds() - used
    await downloader.close()
    for outcome in outcomes:
        assert outcome.frames == seconds * FPS, outcome
    return wall, spent


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def resident_mb() -> float:
    """Return the memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def lateness(stop: asyncio.Event) -> list[float]:
    """Return how late, in ms, a sleep of 5 ms ended, again and again."""
    late = []
    while not stop.is_set():
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        late.append((time.perf_counter() - due) * 1000)
    return late


def percentile(values: list[float], share: float) -> float:
    """Return a percentile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def worker(arguments: argparse.Namespace) -> None:
    """Run in a process of its own: downloads, or downloads watched from the loop."""
    without_home_assistant()
    folder = Path(arguments.folder)
    if arguments.work == "one":
        wall, spent = await fetch_all(
            arguments.port, 1, arguments.seconds, folder, arguments.verify
        )
        print(json.dumps({"wall": wall, "cpu": spent}))
        return
    import custom_components.vtrack_nvr.core.download.downloader as _  # noqa: F401

    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(4, stop.set)
    idle = await lateness(stop)
    before = resident_mb()
    peak = before
    stop = asyncio.Event()

    async def watch() -> None:
        nonlocal peak
        while not stop.is_set():
            peak = max(peak, resident_mb())
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    measuring = asyncio.create_task(lateness(stop))
    wall, spent = await fetch_all(
        arguments.port, arguments.devices, arguments.seconds, folder, arguments.verify
    )
    stop.set()
    busy = await measuring
    await watching
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": spent,
                "idle": [percentile(idle, 0.5), percentile(idle, 0.99)],
                "busy": [percentile(busy, 0.5), percentile(busy, 0.99)],
                "memory": peak - before,
            }
        )
    )


# --- The comparison ------------------------------------------------------------------------


class Sender:
    """The sender's process."""

    def __init__(self, path: Path, sets: Path, rate: int | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(path), str(sets), str(rate or 0)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def run_worker(port: int, folder: Path, **options: object) -> dict:
    """Run ours in a process of its own."""
    flags = [f"--{name}={value}" for name, value in options.items()]
    output = subprocess.run(
        [sys.executable, __file__, f"--port={port}", f"--folder={folder}", *flags],
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
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--verify", default="tables", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        path, sets, rate = arguments.serve
        serve(Path(path), Path(sets).read_bytes(), int(rate) or None)
    elif arguments.work:
        asyncio.run(worker(arguments))
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(arguments, Path(folder))


if __name__ == "__main__":
    main()
