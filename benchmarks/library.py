"""How the library fares with a million clips of 160 cameras.

Prints: set-up, every level of browsing (p50, p95), ten writers beside ten readers
(queue to commit, with FULL and with NORMAL sync), retention of 10 000 clips against the
lateness of an event loop, size on disk. Run: `scripts/bench library`, or
`scripts/bench library --clips 1000000 --cameras 160`.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
import datetime as dt
from pathlib import Path
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
# the core alone, without the shell (and so without Home Assistant)
for _name, _folder in (
    ("custom_components", ROOT / "custom_components"),
    ("custom_components.vtrack_nvr", ROOT / "custom_components" / "vtrack_nvr"),
):
    _module = ModuleType(_name)
    _module.__path__ = [str(_folder)]
    sys.modules.setdefault(_name, _module)

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.clip_sink import (
    ClipStart,
    EmbeddedClip,
    MediaProbe,
)
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.index import (
    clip_rows,
    day_sums,
    journal_facts,
)
from custom_components.vtrack_nvr.core.library.index.database import Database, connect
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipFacts,
    EventClass,
    NvrKey,
)

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
CLIP = 5 * MINUTE


class NoProbe(MediaProbe):
    """Nothing is read back here."""

    def read_clip(self, path: Path) -> EmbeddedClip | None:
        del path
        return None

    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        del part, start
        return None


def camera_key(number: int) -> CameraKey:
    return CameraKey(f"nvr{number // 16}/{number % 16}")


def make_library(folder: Path) -> Library:
    media = folder / "media"
    media.mkdir(exist_ok=True)
    return Library(
        folder / "index" / "vtrack_nvr.db",
        [RootConfig(media, "media", 0)],
        clock=SystemClock(),
        probe=NoProbe(),
        time_zone="Europe/Berlin",
        bounds=LibraryBounds(brake_slack_bytes=2**62, minimum_age_ms=0),
        with_keeper=False,
    )


async def fill(library: Library, cameras: int, clips: int, now_ms: int) -> None:
    """Register the cameras and insert their clips; sums as the library keeps them."""
    for number in range(cameras):
        nvr = NvrKey(f"nvr{number // 16}")
        await library.register_nvr(nvr, f"Recorder {number // 16}")
        await library.register_camera(nvr, camera_key(number), f"Camera {number % 16}")
    each = clips // cameras
    store = library._store  # noqa: SLF001 - a full index is made below the library
    ids = store.read(
        lambda c: [
            tuple(row)
            for row in c.execute(
                "select camera.id, nvr.folder || '/' || camera.folder from camera"
                " join nvr on nvr.id = camera.nvr_id order by camera.id"
            )
        ]
    )
    first_ms = (now_ms - each * CLIP) // CLIP * CLIP
    for camera_id, folder in ids:
        store.write(
            lambda c, i=camera_id, f=folder: fill_camera(c, i, f, first_ms, each)
        )


def fill_camera(
    connection, camera_id: int, folder: str, first_ms: int, each: int
) -> None:
    def rows():
        for number in range(each):
            start_ms = first_ms + number * CLIP
            moment = dt.datetime.fromtimestamp(start_ms / 1000, dt.UTC)
            yield (
                camera_id,
                f"{folder}/{moment:%Y-%m-%d}/{moment:%H-%M-%S}+0000.mp4",
                start_ms,
                start_ms + CLIP - 40,
                f"{random.getrandbits(256):064x}",
                int(number % 97 == 0),
            )

    connection.executemany(
        "insert into clip (camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, size_bytes, sha256, video_codec,"
        " audio_codec, width, height, frames, source, created_ms, state_ms,"
        " is_protected) values (?1, 1, 'complete', ?2, ?3, ?4, ?4, ?3, 1, 1, ?5,"
        " 'h264', 'aac', 1920, 1080, 7500, 'replay', ?3, ?3, ?6)",
        rows(),
    )
    connection.executemany(
        "insert into mark values (?, ?, ?, 'motion', '')",
        [
            (
                camera_id,
                first_ms + n * 11 * CLIP + MINUTE,
                first_ms + n * 11 * CLIP + 2 * MINUTE,
            )
            for n in range(each // 11)
        ],
    )
    connection.executemany(
        "insert into mark values (?, ?, ?, 'person', '')",
        [
            (camera_id, first_ms + n * 499 * CLIP, first_ms + n * 499 * CLIP + MINUTE)
            for n in range(each // 499)
        ],
    )
    connection.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        " values (?, ?, ?, 'absent', 'gap', 0)",
        [
            (camera_id, first_ms + (n + 1) * CLIP - 40, first_ms + (n + 1) * CLIP)
            for n in range(each)
        ],
    )
    connection.execute(
        "insert into coverage_total values (?, 'absent', ?)", (camera_id, each * 40)
    )
    connection.execute(
        "update camera set clips = ?1, bytes = ?1, kept_ms = ?2, longest_ms = ?3,"
        " longest_mark_ms = ?4 where id = ?5",
        (each, each * (CLIP - 40), CLIP, MINUTE, camera_id),
    )
    clip_rows.count_on_root(connection, 1, each, each)
    zone = connection.execute(
        "select zone from camera where id = ?", (camera_id,)
    ).fetchone()[0]
    from zoneinfo import ZoneInfo

    day_sums.recount_days(connection, camera_id, ZoneInfo(zone))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(
    name: str, count: int, call: Callable[[], Awaitable[object]]
) -> float:
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        await call()
        times.append((time.perf_counter() - begun) * 1000)
    p95 = percentile(times, 0.95)
    print(f"  {name:<44} p50 {statistics.median(times):7.1f} ms   p95 {p95:7.1f} ms")
    return p95


async def browse(
    library: Library, cameras: int, clips: int, now_ms: int
) -> tuple[float, str]:
    """Ask for every list; returns the slowest p95 and what it is of."""
    show = library.browse
    each = clips // cameras
    span = each * CLIP
    pick = random.Random(7)

    def camera() -> CameraKey:
        return camera_key(pick.randrange(cameras))

    def day() -> dt.date:
        moment = now_ms - pick.randrange(span)
        return dt.datetime.fromtimestamp(moment / 1000, dt.UTC).date()

    def window(length_ms: int) -> TimeRange:
        start_ms = now_ms - pick.randrange(span)
        return TimeRange(start_ms, start_ms + length_ms)

    some = tuple(camera_key(n) for n in range(0, cameras, max(1, cameras // 5)))
    ids = [clip.id for clip in (await show.search(limit=200)).clips]
    worst = (0.0, "")
    for name, call in (
        ("cameras with totals", show.cameras),
        ("days of a camera", lambda: show.days(camera())),
        ("first page of a day", lambda: show.clips_of_day(camera(), day())),
        (
            "last page of a camera's time line",
            lambda: show.search(cameras=(camera(),), after=ids[-1]),
        ),
        ("recent clips of all cameras", lambda: show.recent(20)),
        ("page of all cameras in a window", lambda: show.search(window=window(DAY))),
        (
            "page of five cameras in a window",
            lambda: show.search(cameras=some, window=window(DAY)),
        ),
        ("newest page of five cameras", lambda: show.search(cameras=some)),
        ("protected clips of all cameras", lambda: show.search(is_protected=True)),
        (
            "clips with motion of a camera",
            lambda: show.search(cameras=(camera(),), event_class=EventClass.MOTION),
        ),
        (
            "clips with a person, all cameras",
            lambda: show.search(event_class=EventClass.PERSON),
        ),
        (
            "clips with an animal (none), all cameras",
            lambda: show.search(event_class=EventClass.ANIMAL),
        ),
        ("a clip by its id", lambda: show.clip(pick.choice(ids))),
        ("coverage of a day", lambda: library.ledger.coverage(camera(), window(DAY))),
        (
            "coverage summary of a week",
            lambda: show.coverage_summary(camera(), window(7 * DAY)),
        ),
        ("health of roots and index", library.health),
    ):
        worst = max(worst, (await measure(name, 60, call), name))
    return worst


class Contention(NamedTuple):
    """What writers and readers did to each other."""

    writes_per_s: float
    commit_ms: float
    errors: int


def contend(
    path: Path, synchronous: str, cameras: int, now_ms: int, turn: int
) -> Contention:
    """Ten writers of clips beside ten readers of days."""
    db = Database(path, synchronous=synchronous, batch_seconds=0.02)
    db.start(connect(path, synchronous=synchronous))
    writes: list[float] = []
    reads: list[float] = []
    errors: list[BaseException] = []
    seconds = 3.0
    end = time.monotonic() + seconds

    def clip(connection, camera: int, number: int) -> None:
        facts = ClipFacts(
            range=TimeRange(now_ms + number * CLIP, now_ms + (number + 1) * CLIP),
            last_frame_ms=now_ms + (number + 1) * CLIP - 40,
            device_start_ms=now_ms + number * CLIP,
            era_id=1,
            size_bytes=1,
            sha256="0" * 64,
            video_codec=Codec.H264,
            audio_codec=Codec.AAC,
            width=1920,
            height=1080,
            frames=7500,
        )
        clip_id = clip_rows.insert_found(
            connection, camera, 1, f"{synchronous}/{camera}/{number}.mp4", facts, now_ms
        )
        clip_rows.complete(connection, clip_id, now_ms)
        journal_facts.note_clip(connection, clip_id)

    def write(worker: int) -> None:
        pick = random.Random(worker)
        number = worker * 10_000 + turn * 200_000
        number += 0 if synchronous == "FULL" else 100_000
        while time.monotonic() < end:
            number += 1
            begun = time.perf_counter()
            try:
                db.write(
                    lambda c, n=number: clip(c, pick.randrange(1, cameras), n)
                ).result()
            except Exception as error:  # noqa: BLE001 - counted
                errors.append(error)
            writes.append((time.perf_counter() - begun) * 1000)

    def read(worker: int) -> None:
        pick = random.Random(100 + worker)
        while time.monotonic() < end:
            start_ms = now_ms - pick.randrange(20 * DAY)
            begun = time.perf_counter()
            try:
                db.read(
                    lambda c, s=start_ms: c.execute(
                        "select * from clip where state = 'complete' and camera_id = ?"
                        " and start_ms >= ? and start_ms < ? order by start_ms limit 200",
                        (pick.randrange(1, cameras), s, s + DAY),
                    ).fetchall()
                ).result()
            except Exception as error:  # noqa: BLE001 - counted
                errors.append(error)
            reads.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.005)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(10)]
    threads += [threading.Thread(target=read, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commits = db.commits
    db.close()
    print(
        f"  {synchronous:<7} {len(writes) / seconds:7.0f} writes/s in {commits / seconds:5.0f}"
        f" commits/s   write p50 {statistics.median(writes):5.1f} p99"
        f" {percentile(writes, 0.99):5.1f} ms   read p50 {statistics.median(reads):5.1f}"
        f" p99 {percentile(reads, 0.99):5.1f} ms   errors {len(errors)}"
    )
    return Contention(len(writes) / seconds, percentile(writes, 0.99), len(errors))


async def retention(library: Library, folder: Path, cameras: int, count: int) -> Row:
    """Delete `count` clips of real (tiny) files beside a loop that is watched."""
    each = count // cameras
    store = library._store  # noqa: SLF001 - a full index is made below the library
    rows = store.read(
        lambda c: c.execute(
            "select path, start_ms from clip where is_protected = 0 and state = 'complete'"
            " order by start_ms limit ?",
            (each * cameras,),
        ).fetchall()
    )
    for row in rows:
        path = folder / "media" / "vtrack_nvr" / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    limit_ms = rows[-1]["start_ms"] + CLIP
    days = (SystemClock().now_ms() - limit_ms) / DAY
    for number in range(cameras):
        await library.set_retention(camera_key(number), Retention(days=days))
    late: list[float] = []
    is_done = asyncio.Event()

    async def watch() -> None:
        while not is_done.is_set():
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            late.append((time.perf_counter() - begun) * 1000 - 5)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(3)
    print(
        f"  idle loop lateness p99 {percentile(late, 0.99):.1f} ms, worst {max(late):.1f} ms"
    )
    late.clear()
    begun = time.perf_counter()
    plan = await asyncio.to_thread(library.care.retainer.plan)
    planned = time.perf_counter() - begun
    done = await library.care.run_retention(plan.token)
    await library.care.empty_trash(at_once=True)
    took = time.perf_counter() - begun
    is_done.set()
    await watcher
    left = store.read(
        lambda c: c.execute("select sum(clips) from camera").fetchone()[0]
    )
    print(
        f"  {done.clips} clips in {took:.1f} s (plan {planned * 1000:.0f} ms), {left} left;"
        f" loop lateness p99 {percentile(late, 0.99):.1f} ms, worst {max(late):.1f} ms"
    )
    late_ms = percentile(late, 0.99)
    return row_of("library.retention", late_ms, said=f"{done.clips} clips")


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--cameras", type=int, default=160)
    parser.add_argument("--retention", type=int, default=10_000)
    arguments = parser.parse_args()
    return finish(asyncio.run(run(arguments)), arguments)


async def run(arguments: argparse.Namespace) -> list[Row]:
    """Fill a library, browse it, let many write and read, delete."""
    folder = Path(tempfile.mkdtemp(prefix="vtrack-bench-"))
    now_ms = SystemClock().now_ms() // CLIP * CLIP
    try:
        library = make_library(folder)
        await library.open()
        begun = time.perf_counter()
        await fill(library, arguments.cameras, arguments.clips, now_ms)
        await library.close()
        index = folder / "index" / "vtrack_nvr.db"
        print(
            f"{arguments.clips} clips, {arguments.cameras} cameras, filled in"
            f" {time.perf_counter() - begun:.0f} s; index {index.stat().st_size / 1e6:.0f} MB"
        )
        library = make_library(folder)
        begun = time.perf_counter()
        await library.open()
        setup_s = time.perf_counter() - begun
        print("browsing:")
        worst = await browse(library, arguments.cameras, arguments.clips, now_ms)
        await library.close()
        print("ten writers, ten readers:")
        rates: dict[str, list[Contention]] = {"FULL": [], "NORMAL": []}
        for turn in range(3):
            for synchronous, found in rates.items():
                found.append(
                    contend(index, synchronous, arguments.cameras, now_ms, turn)
                )
        full, normal = (
            statistics.median(each.writes_per_s for each in found)
            for found in rates.values()
        )
        print(f"  FULL / NORMAL: {full / normal:.2f} of the writes per second")
        library = make_library(folder)
        await library.open()
        print("retention:")
        kept = await retention(library, folder, arguments.cameras, arguments.retention)
        await library.close()
        commit_ms = statistics.median(each.commit_ms for each in rates["FULL"])
        errors = sum(each.errors for found in rates.values() for each in found)
        return [
            row_of("library.setup", setup_s, said=f"{arguments.clips} clips"),
            row_of("library.page", worst[0], said=worst[1]),
            row_of("library.commit", commit_ms),
            row_of("library.errors", errors),
            kept,
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
