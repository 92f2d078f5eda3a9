"""What watching costs: from a click to a picture, playlists, many viewers at once.

Run: `scripts/bench playback [--clips N] [--seconds N]`. Footage is drawn by the simulator and
says when it was taken. Chromium is asked if it, Playwright (`scripts/browser` prepares it)
and hls.js (`npm ci` in `frontend`) are there; ffmpeg and nginx if they are there. The
machine's load is printed beside: the ratios are what counts.
"""

import asyncio
from collections.abc import Callable
import io
from itertools import pairwise
import json
import os
from pathlib import Path
import random
import shutil
import sys
import tempfile
import time
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp import web
import av

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import ClipSource
from tests.core.playback.rig import CAMERA, START, Device, allowed

from ._bars import row_of
from ._measures import lateness, percentile, resident_mb
from ._playback_client import pieces_of
from ._playback_files import Cost, RangeFile, as_a_phone, as_ffmpeg
from ._playback_peers import nginx
from ._playback_rig import SMALL, PlaybackBenchRig, Shot, a_clip, find_hls_js, stage
from ._rows import Row, finish, make_parser

CLIP_MS = 20_000
CLIPS = 72
ROUNDS = 30
HERE = Path(__file__).parent
BROWSER = Path.home() / ".cache/vtrack-nvr/browser/bin/python"
COPIES = 500
"""How many copies of all clips are entered at once, each two hours earlier."""
INSERT = (
    "with recursive copy(n) as (select ?1 union all select n + 1 from copy where n < ?2)"
    " insert into clip (id, camera_id, root_id, state, path, start_ms, end_ms,"
    " last_frame_ms, device_start_ms, era_id, source, created_ms, state_ms, size_bytes,"
    " sha256, video_codec, width, height, frames) select id + n * ?3, camera_id,"
    " root_id, state, path || n, start_ms - n * 7200000, end_ms - n * 7200000,"
    " last_frame_ms, device_start_ms, era_id, source, created_ms, state_ms, size_bytes,"
    " sha256, video_codec, width, height, frames from clip, copy where id <= ?3"
)


def show(name: str, values: list[float], unit: str = "ms") -> float:
    """Print the median and the slow end; returns the latter."""
    print(
        f"{name:<46} p50 {percentile(values, 0.5):8.1f}  "
        f"p95 {percentile(values, 0.95):8.1f} {unit}"
    )
    return percentile(values, 0.95)


class Counter:
    """Counts what is asked of the server, and how much is answered."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self.requests = self.bytes = 0

    def reset(self) -> None:
        """Begin anew."""
        self.requests = self.bytes = 0

    @property
    def megabytes(self) -> str:
        """Return the bytes in words."""
        return f"{self.bytes / 1e6:.2f} MB"

    async def note(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Count one; a signal of aiohttp."""
        self.requests += 1
        self.bytes += response.content_length or 0


async def first_picture(session: aiohttp.ClientSession, url: str) -> int:
    """Do what an Apple player does up to its first picture; returns its size in bytes.

    Master and media playlist, the first map, the first segment; then it can decode.
    """
    media = urljoin(url, pieces_of(await (await session.get(url)).text())[0])
    while True:
        answer = await session.get(media)
        if answer.status == 200:
            break
        await asyncio.sleep(0.1)
    found = pieces_of(await answer.text())[:2]
    data = b"".join(
        [await (await session.get(urljoin(media, piece))).read() for piece in found]
    )

    def decode() -> int:
        with av.open(io.BytesIO(data)) as file:
            next(file.decode(video=0))
        return len(data)

    return await asyncio.to_thread(decode)


async def clicks(
    rig: PlaybackBenchRig,
    base: str,
    window: Callable[[], TimeRange],
    *,
    fetch: bool = False,
) -> list[float]:
    """Return milliseconds from opening a range to its first picture, again and again."""
    found = []
    async with aiohttp.ClientSession() as session:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            opened = await rig.desk.open(
                "person", CAMERA, window(), allowed, fetch=fetch
            )
            url = f"{base}/api/vtrack_nvr/s/{opened.token}/index.m3u8"
            await first_picture(session, url)
            found.append((time.perf_counter() - began) * 1000)
            rig.desk.end(opened.token)
    return found


def somewhere() -> TimeRange:
    """Return an hour that begins at some moment of what is kept."""
    at = START + random.randrange(CLIPS * CLIP_MS - 60_000)
    return TimeRange(at, at + 3_600_000)


async def from_click_to_picture(rig: PlaybackBenchRig, base: str) -> list[Row]:
    """Measure kept footage (first looked at, then known), growing, and on a device."""
    found = []
    for _ in range(3):
        rig.footage._known.clear()  # noqa: SLF001 - nothing is known yet
        found += await clicks(rig, base, somewhere)
    kept = show("first picture, kept", found)
    at = (CLIPS + 10) * CLIP_MS
    clip = await asyncio.to_thread(
        lambda: rig.begin_shot(Shot(at, CLIP_MS), ClipSource.LIVE)
    )
    await asyncio.to_thread(clip.write, 6)
    window = TimeRange(START + at, START + at + 60_000)
    found = await clicks(rig, base, lambda: window)
    growing = show("first picture, growing", found)
    await asyncio.to_thread(rig.finish, clip)
    found = await on_device(rig, base)
    show("first picture, on the device (answers at once)", found)
    return [
        row_of("playback.kept", kept),
        row_of("playback.growing", growing),
        row_of("playback.device", max(found), said="it answers at once"),
    ]


async def on_device(rig: PlaybackBenchRig, base: str) -> list[float]:
    """Measure footage that a device begins to send when it is asked, a group in 50 ms."""
    found: list[float] = []
    async with aiohttp.ClientSession() as session:
        for number in range(5):
            at = (CLIPS + 20 + 2 * number) * CLIP_MS
            window = TimeRange(START + at, START + at + CLIP_MS)
            device = Device(window)
            rig.desk.watching = device
            began = time.perf_counter()
            opened = await rig.desk.open("person", CAMERA, window, allowed, fetch=True)

            async def send(at: int = at, device: Device = device) -> None:
                clip = await asyncio.to_thread(
                    lambda: rig.begin_shot(Shot(at, CLIP_MS))
                )
                for _ in range(10):
                    await asyncio.to_thread(clip.write, 1)
                    await asyncio.sleep(0.05)
                await asyncio.to_thread(rig.finish, clip)
                device.ranges = ()

            sending = asyncio.create_task(send())
            url = f"{base}/api/vtrack_nvr/s/{opened.token}/index.m3u8"
            await first_picture(session, url)
            found.append((time.perf_counter() - began) * 1000)
            await sending
            rig.desk.end(opened.token)
    rig.desk.watching = None
    return found


async def requests_to_picture(
    rig: PlaybackBenchRig, base: str, counter: Counter
) -> list[Row]:
    """Count requests and bytes up to the first picture of different players."""
    opened = await rig.desk.open(
        "person", CAMERA, TimeRange(START, START + 3_600_000), allowed
    )
    url = f"{base}/api/vtrack_nvr/s/{opened.token}/index.m3u8"
    async with aiohttp.ClientSession() as session:
        counter.reset()
        await first_picture(session, url)
    told("as an Apple player asks", counter)
    rows = [row_of("playback.requests", counter.requests, said=counter.megabytes)]
    if ffmpeg := shutil.which("ffmpeg"):
        counter.reset()
        await run(
            *(ffmpeg, "-v", "error", "-i", url, "-frames:v", "1", "-f", "null", "-")
        )
        told("ffmpeg", counter)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not (chromium and BROWSER.exists() and find_hls_js()):
        why = "Chromium, Playwright, or hls.js is not there"
        names = ("playback.chromium", "playback.requests_chromium")
        return rows + [row_of(name, said=why) for name in names]
    film = TimeRange(START + (CLIPS - 2) * CLIP_MS, START + (CLIPS + 2) * CLIP_MS)
    whole = await rig.desk.open("person", CAMERA, film, allowed)
    parts = f"{base}/api/vtrack_nvr/s/{whole.token}/index.m3u8"
    moments = [START + at for at in (50, 19_950, 20_050, 39_900, 700_100)]
    steps = [
        *(["first", url] for _ in range(5)),
        ["open", url],
        *(["seek", moment] for moment in moments),
        ["run", parts, 4, 60_000],
    ]
    task = json.dumps({"page": f"{base}/page", "chromium": chromium, "steps": steps})
    out = await run(
        *("timeout", "180", str(BROWSER), str(HERE / "_playback_browser.py")), data=task
    )
    answers = [json.loads(line) for line in out.splitlines()]
    firsts = [each for each in answers[:5] if each["answer"]["time"]]
    if firsts:
        took = show(
            "Chromium: click to picture", [it["answer"]["took"] for it in firsts]
        )
        said = f"{firsts[0]['bytes'] / 1e6:.2f} MB"
        rows += [
            row_of("playback.chromium", took, said=f"{len(firsts)} of 5 shown"),
            row_of("playback.requests_chromium", firsts[0]["requests"], said=said),
        ]
    seeks = zip(moments, answers[6:], strict=False)
    off = [
        abs(each["answer"]["time"] - moment)
        for moment, each in seeks
        if each["answer"].get("time")
    ]
    if off:
        print(f"Chromium: {len(off)} seeks, shown at most {max(off)} ms beside")
    if len(answers) == len(steps):
        tell_run(answers[-1]["answer"])
    return rows


async def file_to_picture(base: str, counter: Counter) -> None:
    """Print requests and bytes up to the first picture of a clip's file, by player."""
    url = f"{base}/kept"
    size = await asyncio.to_thread(lambda: RangeFile(url).seek(0, io.SEEK_END))
    print(f"a clip's file has {size / 1e6:.2f} MB")
    counter.reset()
    cost = await asyncio.to_thread(as_a_phone, url)
    print(f"{'file, as a phone asks (0-1, then ranges)':<46} {cost}")
    counter.reset()
    if (read := await as_ffmpeg(url)) is not None:
        print(f"{'file, ffmpeg':<46} {Cost(counter.requests, read)}")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not (chromium and BROWSER.exists() and find_hls_js()):
        print("file, Chromium: it, Playwright, or hls.js is not there")
        return
    task = {"page": f"{base}/page", "chromium": chromium, "steps": [["file", url]]}
    out = await run(
        *("timeout", "180", str(BROWSER), str(HERE / "_playback_browser.py")),
        data=json.dumps(task),
    )
    [told_back] = [json.loads(line) for line in out.splitlines()]
    took, time_ms = told_back["answer"]["took"], told_back["answer"]["time"]
    cost = Cost(told_back["requests"], told_back["bytes"])
    shown = f"{took:.0f} ms, {'read' if time_ms else 'NOT read'}"
    print(f"{'file, Chromium':<46} {cost} ({shown})")


def tell_run(run: dict[str, Any]) -> None:
    """Print how two clips, a gap, and a small clip without sound were shown at 4x."""
    times = [time for time, *_ in run["seen"] if time]
    waits = [after[2] - before[2] for before, after in pairwise(run["seen"])]
    print(
        f"Chromium: {len(set(times))} of {3 * CLIP_MS // 100} pictures at 4x, "
        f"{'in order' if times == sorted(times) else 'NOT in order'}, "
        f"to the end: {run['over']}, errors: {len(run['errors'])}, "
        f"longest wait {max(waits, default=0):.0f} ms"
    )


def told(who: str, counter: Counter) -> None:
    """Print what was counted."""
    print(f"{who:<46} {counter.requests} requests, {counter.megabytes} to a picture")


async def first_bytes(base: str, theirs: str) -> Row:
    """Measure a clip's first byte, and that of the plain file beside it."""
    found: dict[str, list[float]] = {}
    urls = {"ours": f"{base}/kept", "aiohttp": f"{base}/clip"}
    if theirs:
        urls["nginx"] = f"{theirs}/clip"
    async with aiohttp.ClientSession() as session:
        for _ in range(10 * ROUNDS):
            for who, url in urls.items():
                began = time.perf_counter()
                async with session.get(url, headers={"Range": "bytes=0-"}) as answer:
                    assert answer.status == 206, answer.status
                    await answer.content.readany()
                    took = (time.perf_counter() - began) * 1000
                found.setdefault(who, []).append(took)
    ends = {who: show(f"first byte, {who}", times) for who, times in found.items()}
    return row_of("playback.first_byte", ends["ours"], ends["aiohttp"])


async def run(*command: str, data: str = "") -> str:
    """Return what a program says."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(data.encode())
    return out.decode()


async def playlist_among_many(rig: PlaybackBenchRig, clips: int) -> list[Row]:
    """Measure a playlist where the index holds a million clips."""
    store = rig.library._store  # noqa: SLF001 - a million rows without files
    first = await asyncio.wrap_future(
        store.db.read(lambda c: c.execute("select max(id) from clip").fetchone()[0])
    )
    for number in range(1, clips // first + 1, COPIES):
        rows = (number, number + COPIES - 1, first)
        await asyncio.wrap_future(
            store.db.write(lambda c, rows=rows: c.execute(INSERT, rows))
        )
    count = await asyncio.wrap_future(
        store.db.read(lambda c: c.execute("select count(*) from clip").fetchone()[0])
    )
    window = TimeRange(START - 100, START - 100 + 6 * 3_600_000)
    rows = []
    for name, line in (("first", "list"), ("again", "list_again")):
        if name == "first":
            rig.footage._known.clear()  # noqa: SLF001 - nothing is known yet
        began = time.perf_counter()
        opened = await rig.desk.open("person", CAMERA, window, allowed)
        viewing = await rig.desk.use(opened.token)
        assert viewing is not None
        text = await rig.desk.media(viewing)
        took = (time.perf_counter() - began) * 1000
        rig.desk.end(opened.token)
        print(
            f"6 h among {count} clips, {name:<5} "
            f"{took:8.0f} ms, {len(text) // 1024} KB"
            f"{'' if 'ENDLIST' in text else ', not whole yet'}"
        )
        said = f"{count} clips, {len(text) // 1024} KB"
        rows.append(row_of(f"playback.{line}", took, said=said))
    return rows


async def many(
    rig: PlaybackBenchRig, base: str, theirs: str, seconds: float
) -> list[Row]:
    """Measure the loop beside 20 viewers and 10 downloads, and what a viewer takes."""
    opened = await rig.desk.open(
        "person", CAMERA, TimeRange(START, START + CLIPS * CLIP_MS), allowed
    )
    url = f"{base}/api/vtrack_nvr/s/{opened.token}/index.m3u8"
    rates: dict[str, float] = {}
    lates: dict[str, float] = {}
    added: dict[str, float] = {}
    plain = "20 downloads of the plain file"
    steps = [
        ("nobody", 0, 0, url),
        ("20 viewers", 20, 0, url),
        (f"{plain} (aiohttp)", 0, 20, url),
        ("20 viewers beside 10 downloads", 20, 10, url),
    ]
    if theirs:
        steps.append((f"{plain} (nginx)", 0, 20, theirs))
    for name, viewers, downloads, where in steps:
        before = resident_mb()
        stop = asyncio.Event()
        measuring = asyncio.create_task(lateness(stop))
        out = await run(
            *(sys.executable, "-m", "benchmarks._playback_client"),
            *(str(seconds), str(viewers), str(downloads), where),
        )
        stop.set()
        late = await measuring
        lates[name] = percentile(late, 0.99)
        added[name] = resident_mb() - before
        rates[name] = int(out or 0) / 1e6 / seconds
        print(
            f"{name:<46} loop late p99 {lates[name]:6.1f} ms, "
            f"{rates[name]:7.1f} MB/s, {added[name]:+.1f} MiB"
        )
    both, segments = "20 viewers beside 10 downloads", rates["20 viewers"]
    beside = rates.get(f"{plain} (nginx)")
    return [
        row_of("playback.late", lates[both], said=f"idle {lates['nobody']:.1f}"),
        row_of("playback.memory", added["20 viewers"] / 20),
        row_of("playback.segments", segments, rates[f"{plain} (aiohttp)"]),
        row_of("playback.segments_nginx", segments, beside)
        if beside
        else row_of("playback.segments_nginx", said="nginx is not installed"),
    ]


async def measure(clips: int, seconds: float) -> list[Row]:
    """Make the footage and measure everything."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    counter = Counter()
    with tempfile.TemporaryDirectory(prefix="bench-playback-") as name:
        async with stage(Path(name), counter.note) as (rig, base):
            began = time.perf_counter()
            for number in range(CLIPS):
                await rig.keep_shot(Shot(number * CLIP_MS, CLIP_MS))
            await rig.keep_shot(Shot((CLIPS + 1) * CLIP_MS, CLIP_MS, SMALL, False))
            print(f"{CLIPS + 1} clips made in {time.perf_counter() - began:.0f} s")
            peer = nginx(a_clip(rig), Path(name) / "nginx", is_root=not os.getuid())
            with peer as theirs:
                await file_to_picture(base, counter)
                return [
                    *await from_click_to_picture(rig, base),
                    *await requests_to_picture(rig, base, counter),
                    await first_bytes(base, theirs),
                    *await many(rig, base, theirs, seconds),
                    *await playlist_among_many(rig, clips),
                ]


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    rows = asyncio.run(measure(arguments.clips, arguments.seconds))
    sys.exit(finish(rows, arguments))
