"""What the index tells the journals: the lines of clips, of stretches, of all at once.

Every function takes the index's connection and only reads.
"""

from collections.abc import Iterable, Iterator
import itertools
import sqlite3

from ...ledger import ABSENT_NOT_LISTED
from ...models import Clip, ClipState
from ..journal import Fact, FactKind
from . import camera_rows, clip_rows
from .outbox import note
from .rows import CLIP_COLUMNS, CLIP_TABLES, clip_of, facts_line


def note_clip(connection: sqlite3.Connection, clip_id: int) -> None:
    """Queue the journal's line of a complete clip."""
    clip = clip_rows.get_clip(connection, clip_id)
    assert clip is not None
    camera_id = camera_rows.camera_id(connection, clip.camera)
    note(connection, camera_id, clip.root_id, clip_fact(connection, clip))


_RANGES = 100
"""Stretches in one line."""


def clip_fact(connection: sqlite3.Connection, clip: Clip) -> Fact:
    """Return the line of a complete clip: its path and all its facts."""
    era = connection.execute(
        "select device_start_ms, offset_ms, is_uncertain from era where id = ?",
        (clip.facts.era_id,),
    ).fetchone()
    values = {"path": clip.path, **facts_line(clip.facts)}
    if era is not None:
        values["era"] = list(era)
    return Fact(FactKind.CLIP, values)


def protect_fact(path: str, note: str, *, is_protected: bool) -> Fact:
    """Return the line of a clip's protection."""
    return Fact(FactKind.PROTECT, {"path": path, "on": is_protected, "note": note})


def span_fact(state: str, reason: str, ranges: Iterable[tuple[int, int]]) -> Fact:
    """Return the line of stretches that have no file."""
    return Fact(
        FactKind.SPAN,
        {"state": state, "reason": reason, "ranges": [list(item) for item in ranges]},
    )


def span_facts(
    connection: sqlite3.Connection, camera_id: int, after_ms: int, limit: int
) -> tuple[list[Fact], int | None]:
    """Return lines about stretches that begin after a moment, and where to go on."""
    rows = connection.execute(
        "select start_ms, end_ms, state, reason from coverage where camera_id = ?"
        " and start_ms > ? order by start_ms limit ?",
        (camera_id, after_ms, limit),
    ).fetchall()
    told = [
        row
        for row in rows
        if row["state"] in {"lost", "removed"}
        or (row["state"] == "absent" and row["reason"] != ABSENT_NOT_LISTED)
    ]
    facts = [
        span_fact(*cause, [(row["start_ms"], row["end_ms"]) for row in some])
        for cause, group in itertools.groupby(
            told, key=lambda row: (row["state"], row["reason"])
        )
        for some in itertools.batched(group, _RANGES, strict=False)
    ]
    return facts, rows[-1]["start_ms"] if len(rows) == limit else None


def clip_facts(
    connection: sqlite3.Connection, root_id: int, folder: str, after: str, limit: int
) -> tuple[list[Fact], str | None]:
    """Return lines about clips in a camera's folder after a path, and where to go on."""
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES}"  # noqa: S608  our own columns
        " where clip.root_id = ? and path > ? and path < ? order by path limit ?",
        (root_id, after or f"{folder}/", f"{folder}0", limit),
    ).fetchall()
    facts = [fact for row in rows for fact in _facts_of(connection, row)]
    return facts, rows[-1]["path"] if len(rows) == limit else None


def _facts_of(connection: sqlite3.Connection, row: sqlite3.Row) -> Iterator[Fact]:
    clip = clip_of(row)
    if clip.state not in {ClipState.COMPLETE, ClipState.TRASHED, ClipState.MISSING}:
        return
    yield clip_fact(connection, clip)
    if clip.is_protected:
        yield protect_fact(clip.path, clip.note, is_protected=True)
    if clip.state is ClipState.TRASHED:
        yield Fact(
            FactKind.TRASH,
            {"path": clip.path, "is_trashed": True, "cause": row["cause"] or ""},
        )


def count_lines(connection: sqlite3.Connection, camera_id: int) -> int:
    """Return about how many lines all that the index can tell of a camera takes."""
    clips: int = connection.execute(
        "select clips from camera where id = ?", (camera_id,)
    ).fetchone()[0]
    spans: int = connection.execute(
        "select count(*) from coverage where camera_id = ?", (camera_id,)
    ).fetchone()[0]
    return clips + spans
