"""What years leave behind: index, journals, start and weekly check of event recorders.

32 cameras that record 784 events a day (a minute each), three years old, of which 30 days
are kept; upkeep has run all the time. Then one camera as an older version left it: a line
of the journal and two rows of the ledger for each clip that was ever removed. Prints sizes,
times, memory above idle, and what held the index longest.

Run: `scripts/bench years`, or `scripts/bench years --cameras 4 --days 7`.
"""

import argparse
import asyncio
from collections.abc import Callable
import datetime as dt
from pathlib import Path
import shutil
import sqlite3
import tempfile
import threading
import time
from typing import Self
from zoneinfo import ZoneInfo

from benchmarks._measures import resident_mb
from benchmarks.library import DAY, MINUTE, NoProbe, camera_key
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import (
    Library,
    LibraryBounds,
    Retention,
    RootConfig,
    forget,
    index_clips,
    journals,
    tidy,
)
from custom_components.vtrack_nvr.core.library.journal import Fact, FactKind, encode
from custom_components.vtrack_nvr.core.library.naming import JOURNAL, clip_path
from custom_components.vtrack_nvr.core.library.store import Store
from custom_components.vtrack_nvr.core.models import CameraKey, EventClass, NvrKey

ZONE = ZoneInfo("Europe/Berlin")


def open_library(folder: Path) -> Library:
    media = folder / "media"
    media.mkdir(exist_ok=True)
    return Library(
        folder / "index" / "vtrack_nvr.db",
        [RootConfig(media, "media", 0)],
        clock=SystemClock(),
        probe=NoProbe(),
        time_zone=ZONE.key,
        bounds=LibraryBounds(open_wait=600),
        with_keeper=False,
    )


class Memory:
    """Watches what a process takes above where it began."""

    def __init__(self) -> None:
        self._idle = resident_mb()
        self.most = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.most = max(self.most, resident_mb() - self._idle)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()


async def measure(
    store: Store, name: str, call: Callable[[], object], *, is_async: bool = False
) -> None:
    store.db.longest = ("", 0.0)
    begun = time.perf_counter()
    with Memory() as memory:
        if is_async:
            await call()  # type: ignore[misc]
        else:
            await asyncio.to_thread(call)
    took = time.perf_counter() - begun
    held, seconds = store.db.longest
    print(
        f"  {name:<46} {took:7.2f} s   +{memory.most:4.0f} MB"
        f"   longest {seconds * 1000:4.0f} ms ({held})"
    )


def keep(
    connection: sqlite3.Connection,
    root: Path,
    camera_id: int,
    start_ms: int,
    now_ms: int,
    per_day: int,
) -> None:
    """Enter clips of a camera, with empty files, and the time between them."""
    folder = connection.execute(
        "select nvr.folder || '/' || camera.folder from camera join nvr"
        " on nvr.id = camera.nvr_id where camera.id = ?",
        (camera_id,),
    ).fetchone()[0]
    step = DAY // per_day
    starts = range(start_ms, now_ms - MINUTE, step)
    clips, marks, gaps = [], [], []
    folders: set[Path] = set()
    for begun in starts:
        path = f"{folder}/{clip_path(begun, ZONE)}"
        clips.append((camera_id, path, begun, begun + MINUTE))
        marks.append((camera_id, begun, begun + MINUTE // 2, "motion", ""))
        gaps.append((camera_id, begun + MINUTE, begun + step))
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        file.touch()
    connection.executemany(
        "insert into clip (camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, size_bytes, sha256, video_codec,"
        " audio_codec, width, height, frames, source, created_ms, state_ms)"
        " values (?1, 1, 'complete', ?2, ?3, ?4, ?4, ?3, 1, 0, hex(randomblob(32)),"
        " 'h264', 'aac', 1920, 1080, 1500, 'replay', ?3, ?3)",
        clips,
    )
    connection.executemany("insert into mark values (?, ?, ?, ?, ?)", marks)
    connection.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        " values (?, ?, ?, 'absent', 'not_listed', 0)",
        gaps,
    )
    connection.execute(
        "insert into coverage_total values (?, 'absent', ?)",
        (camera_id, sum(end - begin for _id, begin, end in gaps)),
    )
    connection.execute(
        "update camera set clips = ?, kept_ms = ?, longest_ms = ?, longest_mark_ms = ?,"
        " device_oldest_ms = ? where id = ?",
        (len(clips), len(clips) * MINUTE, MINUTE, MINUTE, start_ms, camera_id),
    )
    index_clips.count_on_root(connection, 1, len(clips), 0)
    index_clips.recount_days(connection, camera_id, ZONE)


def remember(
    connection: sqlite3.Connection, camera_id: int, first_ms: int, end_ms: int
) -> None:
    """Enter the past as upkeep leaves it."""
    connection.execute(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        " values (?, ?, ?, 'removed', 'age', 0)",
        (camera_id, first_ms, end_ms),
    )
    connection.execute(
        "insert into coverage_total values (?, 'removed', ?)",
        (camera_id, end_ms - first_ms),
    )


def neglect(
    connection: sqlite3.Connection,
    camera_id: int,
    first_ms: int,
    end_ms: int,
    per_day: int,
) -> None:
    """Enter the past as an older version left it: two rows for each clip removed."""
    step = DAY // per_day
    connection.execute("delete from coverage where camera_id = ?", (camera_id,))
    connection.execute("delete from coverage_total where camera_id = ?", (camera_id,))
    for state, reason, begin, length in (
        ("removed", "age", 0, MINUTE),
        ("absent", "not_listed", MINUTE, step - MINUTE),
    ):
        starts = range(first_ms + begin, end_ms - step, step)
        connection.executemany(
            "insert into coverage (camera_id, start_ms, end_ms, state, reason,"
            " changed_ms) values (?, ?, ?, ?, ?, 0)",
            ((camera_id, at, at + length, state, reason) for at in starts),
        )
        connection.execute(
            "insert into coverage_total values (?, ?, ?)",
            (camera_id, state, len(starts) * length),
        )


def write_old_journal(
    path: Path, folder: str, first_ms: int, end_ms: int, per_day: int
) -> int:
    """Write the journal of an older version: a line for each clip that went."""
    step = DAY // per_day
    count = 0
    with path.open("wb") as file:
        for at in range(first_ms, end_ms - step, step):
            count += 1
            moment = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
            name = f"{folder}/{moment:%Y-%m-%d/%H-%M-%S}+0000.mp4"
            fact = Fact(
                FactKind.GONE,
                {"path": name, "range": [at, at + MINUTE], "cause": "age"},
            )
            file.write(encode(count, fact.text()))
    return count


def size_mb(*paths: Path) -> float:
    return sum(path.stat().st_size for path in paths if path.exists()) / 1e6


async def fill(library: Library, arguments: argparse.Namespace, folder: Path) -> None:
    store = library._store  # noqa: SLF001 - a full index is made below the library
    now_ms = store.clock.now_ms()
    first_ms = now_ms - int(arguments.years * 365 * DAY)
    start_ms = now_ms - arguments.days * DAY
    for number in range(arguments.cameras):
        nvr = NvrKey(f"nvr{number // 16}")
        await library.register_nvr(nvr, f"Recorder {number // 16}")
        await library.register_camera(nvr, camera_key(number), f"Camera {number % 16}")
        await library.set_retention(camera_key(number), Retention(days=arguments.days))
    root = folder / "media" / "vtrack_nvr"
    for row in store.read(lambda c: c.execute("select id from camera").fetchall()):
        store.write(
            lambda c, n=row[0]: keep(c, root, n, start_ms, now_ms, arguments.per_day)
        )
        store.write(lambda c, n=row[0]: remember(c, n, first_ms, start_ms - DAY))


async def compare(library: Library) -> None:
    store = library._store  # noqa: SLF001 - what upkeep does
    show = library.browse
    key = camera_key(0)
    whole = TimeRange(0, store.clock.now_ms())

    await measure(
        store, "nightly upkeep (what is forgotten)", lambda: forget.forget_old(store)
    )
    await measure(store, "weekly check", library.care.check, is_async=True)
    await measure(
        store,
        "coverage of three years",
        lambda: library.coverage(key, whole),
        is_async=True,
    )
    await measure(
        store,
        "another time zone",
        lambda: library.set_time_zone("America/New_York"),
        is_async=True,
    )
    for name, call in (
        (
            "search for motion of one camera",
            lambda: show.search(cameras=[key], event_class=EventClass.MOTION),
        ),
        (
            "search for protected clips of one camera",
            lambda: show.search(cameras=[key], is_protected=True),
        ),
        (
            "search for protected clips with motion",
            lambda: show.search(is_protected=True, event_class=EventClass.MOTION),
        ),
        ("all clips of one camera", lambda: show.clips_at(key, whole)),
        ("cameras with totals", show.cameras),
        ("what is missing", lambda: library.holes(key, whole.end_ms, 5)),
    ):
        await measure(store, name, call, is_async=True)


async def old(library: Library, arguments: argparse.Namespace) -> None:
    store = library._store  # noqa: SLF001 - an old index is made below the library
    now_ms = store.clock.now_ms()
    first_ms = now_ms - int(arguments.years * 365 * DAY)
    end_ms = now_ms - arguments.days * DAY
    nvr, key = NvrKey("old"), CameraKey("old/0")
    await library.register_nvr(nvr, "Old")
    await library.register_camera(nvr, key, "Old camera")
    await library.set_retention(key, Retention(days=arguments.days))
    (root,) = store.guard.roots()
    journals.flush(store, root)
    camera_id = store.read(
        lambda c: c.execute("select id from camera where key = 'old/0'").fetchone()[0]
    )
    journal = root.folder / "old" / "old_camera" / JOURNAL
    lines = write_old_journal(
        journal, "old/old_camera", first_ms, end_ms, arguments.per_day
    )
    store.write(lambda c: neglect(c, camera_id, first_ms, end_ms, arguments.per_day))
    print(
        f"one camera of an older version: journal {size_mb(journal):.0f} MB of {lines} lines,"
        f" {count(store, camera_id)} rows of the ledger"
    )

    def read() -> None:
        journals.read(store, journal).close()

    await measure(store, "reading the journal", read)
    await measure(
        store, "its past is made small", lambda: forget.condense(store, camera_id)
    )
    store.write(lambda c: journals.set_known(c, camera_id, root.id, lines, 0))
    await measure(
        store, "its journal is made small", lambda: tidy.tidy(store, root, camera_id)
    )
    print(
        f"  afterwards: journal {journal.stat().st_size} bytes,"
        f" {count(store, camera_id)} rows of the ledger"
    )
    write_old_journal(journal, "old/old_camera", first_ms, end_ms, arguments.per_day)

    def lose() -> None:
        store.write(
            lambda c: c.execute("delete from journal where camera_id = ?", (camera_id,))
        )
        store.write(
            lambda c: c.execute(
                "delete from coverage where camera_id = ?", (camera_id,)
            )
        )
        store.write(
            lambda c: c.execute(
                "delete from coverage_total where camera_id = ?", (camera_id,)
            )
        )

    lose()
    await measure(
        store,
        "index lost: the old journal is taken over",
        lambda: library.care.checker.fast(root),
    )
    await measure(
        store, "its past is made small", lambda: forget.condense(store, camera_id)
    )
    print(f"  afterwards: {count(store, camera_id)} rows of the ledger")


def count(store: Store, camera_id: int) -> int:
    return store.read(
        lambda c: c.execute(
            "select count(*) from coverage where camera_id = ?", (camera_id,)
        ).fetchone()[0]
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=32)
    parser.add_argument("--per-day", type=int, default=784)
    parser.add_argument("--years", type=float, default=3)
    parser.add_argument("--days", type=int, default=30, help="how long clips are kept")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vtrack-bench-"))
    index = folder / "index" / "vtrack_nvr.db"
    try:
        library = open_library(folder)
        await library.open()
        begun = time.perf_counter()
        await fill(library, arguments, folder)
        store = library._store  # noqa: SLF001 - journals are made below the library
        (root,) = store.guard.roots()
        journals.flush(store, root)
        for row in store.read(lambda c: c.execute("select id from camera").fetchall()):
            store.write(lambda c, n=row[0]: journals.set_known(c, n, root.id, 1, 2**40))
            assert tidy.tidy(store, root, row[0])
        await library.close()
        found = list((folder / "media").rglob(JOURNAL))
        print(
            f"{arguments.cameras} cameras, {arguments.per_day} events a day,"
            f" {arguments.years:g} years, {arguments.days} days kept;"
            f" made in {time.perf_counter() - begun:.0f} s"
        )
        largest = max(path.stat().st_size for path in found) / 1e6
        print(
            f"index {size_mb(index):.0f} MB; journals {size_mb(*found):.0f} MB,"
            f" the largest {largest:.1f} MB"
        )
        library = open_library(folder)
        begun = time.perf_counter()
        await library.open()
        print(f"start: {time.perf_counter() - begun:.2f} s")
        await compare(library)
        await old(library, arguments)
        await library.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
