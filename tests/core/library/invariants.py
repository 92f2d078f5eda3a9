"""What has to be true of a library at any quiet moment (design §3)."""

import hashlib
import itertools
from pathlib import Path
import sqlite3

from custom_components.vtrack_nvr.core.intervals import TimeRange, total_ms, union
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.naming import ROOT_FOLDER
from tests.insides import store_of

from .rig import TextProbe


def check(library: Library, *, with_files: bool = True) -> None:
    """Raise AssertionError where rows, files and sums do not agree."""
    store = store_of(library)
    store.read(check_index)
    if with_files:
        for root in store.guard.roots():
            store.read(lambda c, r=root: check_files(c, r.id, r.path))


def check_index(connection: sqlite3.Connection) -> None:
    assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    for camera in connection.execute("select * from camera").fetchall():
        _check_camera(connection, camera)
    for row in connection.execute("select * from root_total").fetchall():
        sums = connection.execute(
            "select count(*), coalesce(sum(size_bytes), 0) from clip"
            " where state = 'complete' and root_id = ?",
            (row["root_id"],),
        ).fetchone()
        assert (row["clips"], row["bytes"]) == tuple(sums)


def _check_camera(connection: sqlite3.Connection, camera: sqlite3.Row) -> None:
    clips = connection.execute(
        "select * from clip where camera_id = ? and state = 'complete'",
        (camera["id"],),
    ).fetchall()
    ranges = [TimeRange(row["start_ms"], row["end_ms"]) for row in clips]
    assert camera["clips"] == len(clips)
    assert camera["bytes"] == sum(row["size_bytes"] for row in clips)
    assert camera["kept_ms"] == total_ms(ranges)
    days = connection.execute(
        "select coalesce(sum(clips), 0), coalesce(sum(bytes), 0),"
        " coalesce(sum(kept_ms), 0), coalesce(sum(protected), 0)"
        " from camera_day where camera_id = ?",
        (camera["id"],),
    ).fetchone()
    protected = sum(row["is_protected"] for row in clips)
    assert tuple(days[:2]) == (camera["clips"], camera["bytes"])
    assert days[2] == camera["kept_ms"]
    assert days[3] == protected
    spans = connection.execute(
        "select * from coverage where camera_id = ? order by start_ms", (camera["id"],)
    ).fetchall()
    for before, after in itertools.pairwise(spans):
        assert before["end_ms"] <= after["start_ms"]
    kept = union(ranges)
    for span in spans:
        here = TimeRange(span["start_ms"], span["end_ms"])
        assert not any(here.overlaps(item) for item in kept), "kept twice"
    sums: dict[str, int] = {}
    for span in spans:
        length = span["end_ms"] - span["start_ms"]
        sums[span["state"]] = sums.get(span["state"], 0) + length
    stored = {
        row["state"]: row["ms"]
        for row in connection.execute(
            "select * from coverage_total where camera_id = ? and ms > 0",
            (camera["id"],),
        )
    }
    assert stored == sums


def check_files(connection: sqlite3.Connection, root_id: int, path: Path) -> None:
    folder = path / ROOT_FOLDER
    probe = TextProbe()
    owned: set[str] = set()
    for row in connection.execute(
        "select * from clip where root_id = ?", (root_id,)
    ).fetchall():
        file = folder / row["path"]
        owned.add(row["path"])
        if row["part"]:
            owned.add(row["part"])
        if row["state"] not in {"complete", "trashed"}:
            continue
        data = file.read_bytes()
        assert len(data) == row["size_bytes"]
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        embedded = probe.read_clip(file)
        assert embedded is not None
        assert embedded.facts.range == TimeRange(row["start_ms"], row["end_ms"])
    for row in connection.execute(
        "select path, part from transfer where root_id = ?", (root_id,)
    ):
        owned |= {row["path"], row["part"]}
    for file in folder.rglob("*"):
        is_clip = file.suffix in {".mp4", ".part"} and file.is_file()
        if is_clip and not file.name.startswith(".journal"):
            is_ours = str(file.relative_to(folder)) in owned
            assert is_ours or _is_second(connection, root_id, file), f"nobody's: {file}"


def _is_second(connection: sqlite3.Connection, root_id: int, file: Path) -> bool:
    """Return whether a file is the same as that of a clip on another root.

    An earlier version copied clips, and an index that lost its last commits does not know
    that it was moving one: such files are left alone.
    """
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return (
        connection.execute(
            "select 1 from clip where sha256 = ? and root_id <> ? and state = 'complete'",
            (digest, root_id),
        ).fetchone()
        is not None
    )
