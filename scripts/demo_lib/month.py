"""Enters a month of footage into the index of the big demo, with few real films behind it.

Each clip is a link to a film of five minutes that Home Assistant itself has copied before, so
that a month of 32 cameras takes the room of a few. What a picture shows of its time is that of
the film.
"""

from collections.abc import Iterable, Iterator
import os
from pathlib import Path
import random
import sqlite3
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.vtrack_nvr.core.library.index import clip_rows, day_sums
from custom_components.vtrack_nvr.core.library.naming import clip_path

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CLIP = 5 * MINUTE
DAYS = 29
"""A day less than the clips live."""
LINKS = 60_000
"""Names of one file; some file systems allow 65 000."""
SEED = 32
"""The same house on every run."""
_ZONE = ZoneInfo("UTC")
_FILMS = (
    "select root.path || '/vtrack_nvr/' || clip.path as file, size_bytes, sha256,"
    " video_codec, width, height, frames from clip join root on root.id = clip.root_id"
    " where state = 'complete' and end_ms - start_ms > ? order by clip.id"
)
_TROUBLES = (("lost", "overwritten"), ("removed", "person"))
_LATE = (("failed", "busy"), ("on_device", ""))
"""What is tried again and again is of the last day: the simulator does not hold it."""
_EVENTS = (("motion", 0.35), ("person", 0.06), ("vehicle", 0.05), ("animal", 0.02))


class Month(NamedTuple):
    """What was entered."""

    cameras: int
    clips: int
    days: int


class Past(NamedTuple):
    """What a camera kept and saw, and the time between: times in ms."""

    clips: list[int]
    gaps: list[tuple[int, int, str, str]]
    marks: list[tuple[int, int, str]]


def enter_month(config: Path, now_ms: int) -> Month:
    """Give each camera of an index that nobody has open a month; blocks for some seconds."""
    base = sqlite3.connect(config / "vtrack_nvr" / "index.db")
    base.row_factory = sqlite3.Row
    base.execute("pragma synchronous = off")
    try:
        films = [dict(row) for row in base.execute(_FILMS, (CLIP - 1000,))]
        (root,) = base.execute("select path || '/vtrack_nvr' from root").fetchone()
        cameras = [row[0] for row in base.execute("select id from camera order by id")]
        end_ms = now_ms // CLIP * CLIP - 2 * CLIP
        start_ms = end_ms // DAY * DAY - (DAYS - 1) * DAY
        count = 0
        for number, camera in enumerate(cameras):
            chance = random.Random(SEED + number)
            busy = _busy(base, camera)
            past = past_of(number, chance, start_ms, end_ms, busy)
            with base:
                _enter(base, Path(root), camera, films[number % len(films)], past)
            count += len(past.clips)
    finally:
        base.close()
    return Month(len(cameras), count, DAYS)


def _busy(base: sqlite3.Connection, camera: int) -> list[tuple[int, int]]:
    found = base.execute(
        "select start_ms, end_ms from clip where camera_id = ?", (camera,)
    )
    return [(row[0], row[1]) for row in found]


def past_of(
    number: int,
    chance: random.Random,
    start_ms: int,
    end_ms: int,
    busy: list[tuple[int, int]],
) -> Past:
    """Make up what a camera saw: all day, by day only, or around events."""
    clips, marks = [], []
    gaps: list[tuple[int, int, str, str]] = []
    trouble: tuple[int, tuple[str, str]] = (0, _TROUBLES[0])
    for at in range(start_ms, end_ms, CLIP):
        if any(begin < at + CLIP and end > at for begin, end in busy):
            continue
        if at >= trouble[0] and chance.random() < 0.0012:
            length = chance.randrange(2, 30) * CLIP
            kinds = _LATE if at > end_ms - DAY else _TROUBLES
            trouble = (at + length, chance.choice(kinds))
        if at < trouble[0]:
            gaps.append((at, at + CLIP, *trouble[1]))
        elif _records(number, chance, at):
            clips.append(at)
            marks += _marks(chance, at)
        else:
            gaps.append((at, at + CLIP, "absent", "not_listed"))
    return Past(clips, list(_joined(gaps)), marks)


def _records(number: int, chance: random.Random, at: int) -> bool:
    hour = at % DAY / HOUR
    match number % 4:
        case 0 | 1:
            return True
        case 2:
            return 6 <= hour < 22
        case _:
            return chance.random() < (0.45 if 7 <= hour < 21 else 0.08)


def _marks(chance: random.Random, at: int) -> Iterator[tuple[int, int, str]]:
    for name, share in _EVENTS:
        if chance.random() < share:
            begin = at + chance.randrange(0, CLIP - MINUTE)
            yield begin, begin + chance.randrange(5_000, MINUTE), name


def _joined(
    gaps: Iterable[tuple[int, int, str, str]],
) -> Iterator[tuple[int, int, str, str]]:
    held: tuple[int, int, str, str] | None = None
    for gap in gaps:
        if held and held[1] == gap[0] and held[2:] == gap[2:]:
            held = (held[0], *gap[1:])
            continue
        if held:
            yield held
        held = gap
    if held:
        yield held


def _enter(
    base: sqlite3.Connection, root: Path, camera: int, film: dict[str, Any], past: Past
) -> None:
    folder = base.execute(
        "select nvr.folder || '/' || camera.folder from camera join nvr"
        " on nvr.id = camera.nvr_id where camera.id = ?",
        (camera,),
    ).fetchone()[0]
    rows = []
    folders: set[Path] = set()
    for number, at in enumerate(past.clips):
        path = f"{folder}/{clip_path(at, _ZONE)}"
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        os.link(film["file"], file)
        values = {**film, "camera": camera, "path": path, "at": at, "end": at + CLIP}
        rows.append({**values, "protected": int(number % 199 == 0)})
    end_ms = max((gap[1] for gap in past.gaps), default=0)
    # What the first look at the device said of this time is told anew.
    base.execute(
        "delete from coverage where camera_id = ? and start_ms < ?", (camera, end_ms)
    )
    base.executemany(
        "insert into clip (camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, size_bytes, sha256, video_codec, width,"
        " height, frames, source, created_ms, state_ms, is_protected)"
        " values (:camera, 1, 'complete', :path, :at, :end, :end - 100, :at, 1,"
        " :size_bytes, :sha256, :video_codec, :width, :height, :frames, 'replay', :at,"
        " :at, :protected)",
        rows,
    )
    base.executemany(
        f"insert or ignore into mark values ({camera}, ?, ?, ?, '')",
        past.marks,
    )
    base.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, changed_ms)"
        f" values ({camera}, ?, ?, ?, ?, 0)",
        past.gaps,
    )
    base.execute("delete from coverage_total where camera_id = ?", (camera,))
    base.execute(
        "insert into coverage_total select camera_id, state, sum(end_ms - start_ms)"
        " from coverage where camera_id = ? group by state",
        (camera,),
    )
    size = len(rows) * film["size_bytes"]
    base.execute(
        "update camera set clips = clips + ?1, bytes = bytes + ?2, kept_ms = kept_ms + ?3,"
        " longest_ms = max(longest_ms, ?4), longest_mark_ms = max(longest_mark_ms, ?5),"
        " device_oldest_ms = ?6 where id = ?7",
        (len(rows), size, len(rows) * CLIP, CLIP, MINUTE, min(past.clips), camera),
    )
    clip_rows.count_on_root(base, 1, len(rows), size)
    day_sums.recount_days(base, camera, _ZONE)
