"""The rows of clips on their way to another root.

Every function takes the index's connection and belongs inside a transaction.
"""

from dataclasses import dataclass
import sqlite3

from ...errors import ErrorKind, NvrError
from ...intervals import DAY_MS
from ...models import Clip, ClipState
from ..journal import Fact, FactKind
from ..naming import SUFFIX
from . import camera_rows, clip_rows
from .journal_facts import note_clip
from .outbox import note
from .rows import retention_of


@dataclass(frozen=True, slots=True)
class Due:
    """A clip that is old enough to go to another root."""

    clip_id: int
    root_id: int


def due_of(
    connection: sqlite3.Connection,
    camera_id: int,
    now_ms: int,
    limit: int,
    without: frozenset[int],
    after: int,
) -> list[Due]:
    """Return a camera's clips that belong on another root by now."""
    row = connection.execute(
        "select retention from camera where id = ?", (camera_id,)
    ).fetchone()
    wanted = retention_of(row["retention"])
    root_id = wanted.move_to_root
    if wanted.move_after_days is None or root_id is None or root_id in without:
        return []
    before_ms = now_ms - wanted.move_after_days * DAY_MS
    rows = connection.execute(
        "select id from clip where state = 'complete' and camera_id = ?"
        " and start_ms < ? and end_ms < ? and root_id <> ? and id > ?"
        " and not exists (select 1 from transfer where clip_id = clip.id"
        " and transfer.root_id = ? and state = 'copying')"
        " order by id limit ?",
        (camera_id, before_ms, before_ms, root_id, after, root_id, limit),
    )
    return [Due(row["id"], root_id) for row in rows]


def free_name(
    connection: sqlite3.Connection, clip: Clip, root_id: int, number: int
) -> tuple[int, str]:
    """Return the first name from `number` on that no row owns on the other root."""
    stem = clip.path.removesuffix(SUFFIX)
    while True:
        path = clip.path if number == 1 else f"{stem}_{number}{SUFFIX}"
        if not clip_rows.path_is_taken(connection, root_id, path):
            return number, path
        number += 1


def enter_transfer(
    connection: sqlite3.Connection,
    clip_id: int,
    root_id: int,
    path: str,
    part: str,
    now_ms: int,
) -> int:
    """Write the row of a file to be (step M1); returns its id."""
    if clip_rows.path_is_taken(connection, root_id, path):
        raise NvrError(ErrorKind.VERIFY_FAILED, "name was taken meanwhile", where=path)
    cursor = connection.execute(
        "insert into transfer (clip_id, root_id, path, part, state, made_ms)"
        " values (?, ?, ?, ?, 'copying', ?)",
        (clip_id, root_id, path, part, now_ms),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


_HAS_COPY = frozenset({ClipState.COMPLETE, ClipState.MISSING})


def switch_over(
    connection: sqlite3.Connection, transfer_id: int, clip_id: int, now_ms: int
) -> int:
    """Let the row name the new file, the old one is *leaving*; returns the new root.

    A clip that was *missing* is complete again.
    """
    new = connection.execute(
        "select * from transfer where id = ?", (transfer_id,)
    ).fetchone()
    clip = clip_rows.get_clip(connection, clip_id)
    if new is None or clip is None or clip.state not in _HAS_COPY:
        raise NvrError(ErrorKind.GONE, "the clip went meanwhile", where=str(clip_id))
    connection.execute(
        "update transfer set state = 'leaving', part = null, root_id = ?, path = ?"
        " where id = ?",
        (clip.root_id, clip.path, transfer_id),
    )
    if clip.state is ClipState.MISSING:
        clip_rows.complete(connection, clip_id, now_ms)
    relocate(connection, clip, new["root_id"], new["path"])
    root_id: int = new["root_id"]
    return root_id


def relocate(
    connection: sqlite3.Connection, clip: Clip, root_id: int, path: str
) -> None:
    """Let a complete clip's row name the same footage in another file."""
    connection.execute(
        "update clip set root_id = ?, path = ? where id = ?", (root_id, path, clip.id)
    )
    size = clip.facts.size_bytes
    clip_rows.count_on_root(connection, clip.root_id, -1, -size)
    clip_rows.count_on_root(connection, root_id, 1, size)
    camera_id = camera_rows.camera_id(connection, clip.camera)
    note(connection, camera_id, clip.root_id, Fact(FactKind.MOVED, {"path": clip.path}))
    note_clip(connection, clip.id)
    if clip.is_protected:
        values = {"path": path, "on": True, "note": clip.note}
        note(connection, camera_id, root_id, Fact(FactKind.PROTECT, values))


def with_clip(connection: sqlite3.Connection, transfer_id: int) -> sqlite3.Row | None:
    """Return a transfer's row and where its clip's file is now, None without a clip."""
    row: sqlite3.Row | None = connection.execute(
        "select transfer.*, clip.root_id as now_root, clip.path as now_path,"
        " clip.size_bytes as now_size from transfer join clip"
        " on clip.id = transfer.clip_id where transfer.id = ?",
        (transfer_id,),
    ).fetchone()
    return row


def on_root(connection: sqlite3.Connection, root_id: int) -> list[sqlite3.Row]:
    """Return the transfers whose file lies on a root."""
    return connection.execute(
        "select * from transfer where root_id = ?", (root_id,)
    ).fetchall()


def part_paths(connection: sqlite3.Connection) -> set[str]:
    """Return the paths of unfinished files."""
    return {
        row[0]
        for row in connection.execute(
            "select part from transfer where part is not null"
        )
    }


def files_in(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> frozenset[str]:
    """Return the paths in a folder that belong to transfers."""
    rows = connection.execute(
        "select path from transfer where root_id = ? and path >= ? and path < ?",
        (root_id, f"{folder}/", f"{folder}0"),
    )
    return frozenset(row["path"] for row in rows)


def let_go(connection: sqlite3.Connection, clip_id: int) -> None:
    """Let what lies elsewhere of a clip go without holding up the clip."""
    connection.execute(
        "update transfer set clip_id = null where clip_id = ?", (clip_id,)
    )


def delete_transfer(connection: sqlite3.Connection, transfer_id: int) -> None:
    """Remove a transfer's row."""
    connection.execute("delete from transfer where id = ?", (transfer_id,))
