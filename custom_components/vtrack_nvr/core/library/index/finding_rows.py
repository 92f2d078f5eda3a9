"""Clips as bulk work sees them: narrow rows by id, and those that are not kept.

Every function takes the index's connection and only reads.
"""

from collections.abc import Sequence
import sqlite3
from typing import NamedTuple

from ...models import CameraKey, ClipState, CoverageState
from .clip_search import ClipPlace


class ClipLine(NamedTuple):
    """What is counted and compared of a clip."""

    id: int
    camera_id: int
    state: str
    start_ms: int
    end_ms: int
    size_bytes: int
    is_protected: int
    source: str
    problem: str
    note: str


_COLUMNS = ", ".join(ClipLine._fields)


class CameraLine(NamedTuple):
    """What is asked of a camera when clips are looked for."""

    id: int
    key: CameraKey
    name: str
    longest_ms: int


def camera_lines(connection: sqlite3.Connection) -> list[CameraLine]:
    """Return all cameras."""
    rows = connection.execute("select id, key, name, longest_ms from camera")
    return [CameraLine(row[0], CameraKey(row[1]), row[2], row[3]) for row in rows]


def clip_lines(
    connection: sqlite3.Connection, clip_ids: Sequence[int]
) -> dict[int, ClipLine]:
    """Return clips by their ids, in whatever state; those that are gone are left out."""
    rows = connection.execute(
        f"select {_COLUMNS} from clip where id in ({','.join(map(str, clip_ids))})"  # noqa: S608  numbers only
    )
    return {row[0]: ClipLine(*row) for row in rows}


def unsettled_lines(
    connection: sqlite3.Connection,
    state: ClipState,
    after: ClipPlace | None,
    *,
    is_newest: bool,
    limit: int,
) -> list[tuple[ClipPlace, ClipLine]]:
    """Return clips in a state other than *complete*, by when they came into it."""
    sign, way = ("<", "desc") if is_newest else (">", "asc")
    border = "" if after is None else f" and (state_ms, id) {sign} (?, ?)"
    rows = connection.execute(
        f"select state_ms, {_COLUMNS} from clip where state = ?{border}"  # noqa: S608  our own words
        f" order by state_ms {way}, id {way} limit ?",
        (state.value, *(after or ()), limit),
    )
    return [((row[0], row[1]), ClipLine(*row[1:])) for row in rows]


class ListedStretch(NamedTuple):
    """A row of the ledger as lists show it."""

    camera: CameraKey
    start_ms: int
    end_ms: int
    reason: str
    next_try_ms: int | None
    attempts: int
    changed_ms: int


def stretches(
    connection: sqlite3.Connection,
    camera: CameraLine,
    state: CoverageState,
    before_ms: int,
    limit: int,
) -> list[ListedStretch]:
    """Return a camera's stretches in a state that begin before a moment, latest first."""
    rows = connection.execute(
        "select start_ms, end_ms, reason, next_try_ms, attempts, changed_ms"
        " from coverage indexed by coverage_by_state"
        " where state = ? and camera_id = ? and start_ms < ?"
        " order by start_ms desc limit ?",
        (state.value, camera.id, before_ms, limit),
    )
    return [ListedStretch(camera.key, *row) for row in rows]
