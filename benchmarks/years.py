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
from dataclasses import dataclass
import datetime as dt
import os
from pathlib import Path
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from typing import Self
from zoneinfo import ZoneInfo

from benchmarks._bars import row_of
from benchmarks._measures import resident_mb
from benchmarks._rows import Row, finish, make_parser
from benchmarks.library import DAY, MINUTE, NoProbe, camera_key
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import journal_files
from custom_components.vtrack_nvr.core.library.context import LibraryContext
from custom_components.vtrack_nvr.core.library.index import clip_rows, day_sums, outbox
from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    encode_line,
)
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.naming import JOURNAL, clip_path
from custom_components.vtrack_nvr.core.library.upkeep import forget, journal_tidy
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
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
    store: LibraryContext,
    name: str,
    call: Callable[[], object],
    *,
    is_async: bool = False,
) -> tuple[float, str]:
    """Do something and print what it took; returns how long the index was held, by whom."""
    store.db.longest = ("", 0.0)
    begun = time.perf_counter()
    with Memory() as memory:
        if is_async:
            await call()
        else:
            await asyncio.to_thread(call)
    took = time.perf_counter() - begun
    held, seconds = store.db.longest
    print(
        f"  {name:<46} {took:7.2f} s   +{memory.most:4.0f} MB"
        f"   longest {seconds * 1000:4.0f} ms ({held})"
    )
    return seconds * 1000, name


@dataclass(frozen=True, slots=True)
class Filmed:
    """What each entered clip is: an empty minute, or a film that all of them link to."""

    file: Path | None = None
    length_ms: int = MINUTE
    size_bytes: int = 0
    sha256: str = ""
    video_codec: str = "h264"
    audio_codec: str | None = "aac"
    width: int = 1920
    height: int = 1080
    frames: int = 1500
    audio_frames: int = 0


def keep(
    connection: sqlite3.Connection,
    root: Path,
    camera_id: int,
    start_ms: int,
    now_ms: int,
    per_day: int,
    film: Filmed = Filmed(),
    zone: ZoneInfo = ZONE,
) -> None:
    """Enter clips of a camera, with files, and the time between them."""
    folder = connection.execute(
        "select nvr.folder || '/' || camera.folder from camera join nvr"
        " on nvr.id = camera.nvr_id where camera.id = ?",
        (camera_id,),
    ).fetchone()[0]
    step = DAY // per_day
    length = film.length_ms
    starts = range(start_ms, now_ms - length, step)
    clips, marks, gaps = [], [], []
    folders: set[Path] = set()
    for begun in starts:
        path = f"{folder}/{clip_path(begun, zone)}"
        clips.append((camera_id, path, begun, begun + length))
        marks.append((camera_id, begun, begun + length // 2, "motion", ""))
        gaps.append((camera_id, begun + length, begun + step))
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        if film.file is None:
            file.touch()
        else:
            os.link(film.file, file)
    connection.executemany(
        "insert into clip (camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, size_bytes, sha256, video_codec,"
        " audio_codec, width, height, frames, audio_frames, source, created_ms,"
        " state_ms) values (?1, 1, 'complete', ?2, ?3, ?4, ?4, ?3, 1, ?5,"
        " coalesce(nullif(?6, ''), hex(randomblob(32))), ?7, ?8, ?9, ?10, ?11, ?12,"
        " 'replay', ?3, ?3)",
        (
            (
                *clip,
                film.size_bytes,
                film.sha256,
                film.video_codec,
                film.audio_codec,
                film.width,
                film.height,
                film.frames,
                film.audio_frames,
            )
            for clip in clips
        ),
    )
    connection.executemany("insert or ignore into mark values (?, ?, ?, ?, ?)", marks)
    connection.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        " values (?, ?, ?, 'absent', 'not_listed', 0)",
        gaps,
    )
    connection.execute(
        "insert into coverage_total values (?1, 'absent', ?2)"
        " on conflict do update set ms = ms + ?2",
        (camera_id, sum(end - begin for _id, begin, end in gaps)),
    )
    size = len(clips) * film.size_bytes
    connection.execute(
        "update camera set clips = clips + ?1, bytes = bytes + ?2,"
        " kept_ms = kept_ms + ?3, longest_ms = max(longest_ms, ?4),"
        " longest_mark_ms = max(longest_mark_ms, ?4), device_oldest_ms = ?5"
        " where id = ?6",
        (len(clips), size, len(clips) * length, length, start_ms, camera_id),
    )
    clip_rows.count_on_root(connection, 1, len(clips), size)
    day_sums.recount_days(connection, camera_id, zone)


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
            file.write(encode_line(count, fact.text()))
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


async def compare(library: Library) -> tuple[float, str]:
    """Do what upkeep and people do; returns what held the index longest."""
    store = library._store  # noqa: SLF001 - what upkeep does
    show = library.browse
    key = camera_key(0)
    whole = TimeRange(0, store.clock.now_ms())

    found = [
        await measure(
            store,
            "nightly upkeep (what is forgotten)",
            lambda: forget.forget_old(store),
        )
    ]
    for name, call in (
        ("weekly check", library.care.check),
        ("coverage of three years", lambda: library.ledger.coverage(key, whole)),
        ("another time zone", lambda: library.set_time_zone("America/New_York")),
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
        ("what is missing", lambda: library.ledger.holes(key, whole.end_ms, 5)),
    ):
        found.append(await measure(store, name, call, is_async=True))
    return max(found)


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
    journal_files.flush(store, root)
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
        journal_files.read(store, journal).close()

    await measure(store, "reading the journal", read)
    await measure(
        store, "its past is made small", lambda: forget.condense_past(store, camera_id)
    )
    store.write(lambda c: outbox.set_known(c, camera_id, root.id, lines, 0))
    await measure(
        store,
        "its journal is made small",
        lambda: journal_tidy.tidy(store, root, camera_id),
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
        store, "its past is made small", lambda: forget.condense_past(store, camera_id)
    )
    print(f"  afterwards: {count(store, camera_id)} rows of the ledger")


def count(store: LibraryContext, camera_id: int) -> int:
    return store.read(
        lambda c: c.execute(
            "select count(*) from coverage where camera_id = ?", (camera_id,)
        ).fetchone()[0]
    )


def main() -> int:
    """Read the arguments and run."""
    parser = make_parser(__doc__)
    parser.add_argument("--cameras", type=int, default=32)
    parser.add_argument("--per-day", type=int, default=784)
    parser.add_argument("--years", type=float, default=3)
    parser.add_argument("--days", type=int, default=30, help="how long clips are kept")
    arguments = parser.parse_args()
    return finish(asyncio.run(run(arguments)), arguments)


async def run(arguments: argparse.Namespace) -> list[Row]:
    """Make the years and look at them."""
    folder = Path(tempfile.mkdtemp(prefix="vtrack-bench-"))
    index = folder / "index" / "vtrack_nvr.db"
    try:
        library = open_library(folder)
        await library.open()
        begun = time.perf_counter()
        await fill(library, arguments, folder)
        store = library._store  # noqa: SLF001 - journals are made below the library
        (root,) = store.guard.roots()
        journal_files.flush(store, root)
        for row in store.read(lambda c: c.execute("select id from camera").fetchall()):
            store.write(lambda c, n=row[0]: outbox.set_known(c, n, root.id, 1, 2**40))
            assert journal_tidy.tidy(store, root, row[0])
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
        started = time.perf_counter() - begun
        held_ms, name = await compare(library)
        size = size_mb(index, *found)
        await old(library, arguments)
        await library.close()
        said = f"{arguments.cameras} cameras, {arguments.days} days kept"
        return [
            row_of("years.start", started, said=said),
            row_of("years.held", held_ms, said=name),
            row_of("years.disk", size),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
