"""What the account of a storage reads in the index and books there.

Every function takes the index's connection and belongs inside a transaction of `Database`.
None reads more rows than a page, but those that sum up over an index alone.
"""

from collections.abc import Iterable, Mapping, Sequence
import sqlite3

from ...intervals import DAY_MS, HOUR_MS, TimeRange
from ...models import CameraKey, ClipState, CoverageState
from ..upkeep.account import CameraCase, ClipCase
from ..upkeep_values import LIMIT_CAUSES
from . import span_rows, span_rules
from .rows import retention_of
from .span_rules import Entry

PAGE = 1000
_SOON_MINUTES = (15, 120)
MINUTE_MS = 60_000
_DAY_HOURS = 24
_NEARLY = 0.95
"""A limit in GB counts as reached a little before, so that little is fetched for nothing."""

_COLUMNS = (
    "clip.id, camera_id, clip.root_id, start_ms, end_ms, size_bytes, created_ms, state_ms,"
    " is_protected, clip.path"
)


def candidate(
    row: sqlite3.Row,
    key: CameraKey,
    stuck: frozenset[int] = frozenset(),
    leaving: Mapping[int, tuple[int, int]] | None = None,
) -> ClipCase:
    """Return a clip for the account.

    `stuck`: clips whose files cannot be removed now. `leaving`: before which moment a
    camera's clips (by its row) are due for another storage, and which.
    """
    before_ms, elsewhere = (leaving or {}).get(row["camera_id"], (0, 0))
    return ClipCase(
        row["id"],
        key,
        row["root_id"],
        TimeRange(row["start_ms"], row["end_ms"]),
        row["size_bytes"],
        row["created_ms"],
        row["state_ms"],
        bool(row["is_protected"]),
        is_stuck=row["id"] in stuck,
        leaves=row["end_ms"] < before_ms and row["root_id"] != elsewhere,
    )


def camera_case(connection: sqlite3.Connection, camera_id: int) -> CameraCase:
    """Return a camera with its limits, without clips."""
    row = connection.execute(
        "select * from camera where id = ?", (camera_id,)
    ).fetchone()
    return CameraCase(
        CameraKey(row["key"]),
        retention_of(row["retention"]),
        retention_of(row["applied_retention"]),
        (),
        row["bytes"],
    )


def oldest_of_camera(
    connection: sqlite3.Connection, camera_id: int, after: tuple[int, int]
) -> list[sqlite3.Row]:
    """Return a page of a camera's clips in order, from behind (start, id)."""
    return connection.execute(
        f"select {_COLUMNS} from clip where state = 'complete' and camera_id = ?"  # noqa: S608  our own words
        " and (start_ms, id) > (?, ?) order by start_ms, id limit ?",
        (camera_id, *after, PAGE),
    ).fetchall()


def oldest_of_root(
    connection: sqlite3.Connection, root_id: int, after: tuple[int, int]
) -> list[sqlite3.Row]:
    """Return a page of a root's unprotected clips in order, from behind (start, id)."""
    return connection.execute(
        f"select {_COLUMNS}, camera.key as camera_key"  # noqa: S608  our own words
        " from clip join camera on camera.id = clip.camera_id where state = 'complete'"
        " and is_protected = 0 and clip.root_id = ? and (start_ms, clip.id) > (?, ?)"
        " order by start_ms, clip.id limit ?",
        (root_id, *after, PAGE),
    ).fetchall()


def open_on(connection: sqlite3.Connection, root_id: int) -> int:
    """Return how many clips are being written on a root."""
    # said twice: only so is it looked up among the few that are unsettled
    found: int = connection.execute(
        "select count(*) from clip where state = 'fetching' and state <> 'complete'"
        " and root_id = ?",
        (root_id,),
    ).fetchone()[0]
    return found


def on_root_in_state(
    connection: sqlite3.Connection,
    root_id: int,
    state: ClipState,
    after: int,
    limit: int,
) -> list[sqlite3.Row]:
    """Return the rows of a root in an unsettled state with ids beyond one, in order."""
    return connection.execute(
        "select clip.*, camera.key as camera_key from clip join camera"
        " on camera.id = clip.camera_id where clip.state = ? and clip.state <> 'complete'"
        " and clip.root_id = ? and clip.id > ? order by clip.id limit ?",
        (state.value, root_id, after, limit),
    ).fetchall()


def kept_since(
    connection: sqlite3.Connection, root_id: int, since_ms: int, now_ms: int
) -> int:
    """Return the bytes of the clips on a root that were begun since a moment.

    What lies in the future was kept under another clock. The cross join says that cameras
    come first: every camera's newest are found at once, all clips of a root are not.
    """
    found: int = connection.execute(
        "select coalesce(sum(size_bytes), 0) from camera cross join clip on camera_id ="
        " camera.id and state = 'complete' and created_ms between ? and ?"
        " where clip.root_id = ?",
        (since_ms, now_ms + HOUR_MS, root_id),
    ).fetchone()[0]
    return found


def soon(connection: sqlite3.Connection, root_id: int, now_ms: int) -> tuple[int, int]:
    """Return the bytes that ten minutes bring to a root, and how many clips are open.

    Clips count from their beginning, and those that are open have no size yet: so more
    than their length has to be looked at.
    """
    rates = (
        kept_since(connection, root_id, now_ms - minutes * MINUTE_MS, now_ms) / minutes
        for minutes in _SOON_MINUTES
    )
    return int(10 * max(rates)), open_on(connection, root_id)


def condemned(
    connection: sqlite3.Connection, root_id: int, stuck: Iterable[int]
) -> int:
    """Return the bytes on a root whose clips are trashed or deleted, and can go."""
    found: int = connection.execute(
        "select coalesce(sum(size_bytes), 0) from clip where root_id = ?"
        " and state in ('trashed', 'deleting')",
        (root_id,),
    ).fetchone()[0]
    for clip_id in stuck:
        row = connection.execute(
            "select size_bytes from clip where id = ? and root_id = ?"
            " and state in ('trashed', 'deleting')",
            (clip_id, root_id),
        ).fetchone()
        found -= row[0] if row else 0
    return found


# The budget of a day


def written_since_ms(now_ms: int) -> int:
    """Return from when on what was kept counts as written within a day."""
    return (now_ms // HOUR_MS - _DAY_HOURS) * HOUR_MS


def spent(connection: sqlite3.Connection, root_id: int, now_ms: int) -> int:
    """Return what was deleted on a root within a day, and was older than a day."""
    first = now_ms // HOUR_MS - _DAY_HOURS
    found: int = connection.execute(
        "select coalesce(sum(bytes), 0) from spent where root_id = ? and hour > ?"
        " and kept_hour < ?",
        (root_id, first, first),
    ).fetchone()[0]
    return found


def book(
    connection: sqlite3.Connection,
    root_id: int,
    created_ms: int,
    size_bytes: int,
    now_ms: int,
) -> None:
    """Count a deletion (or, below 0, what came by a move or was taken back)."""
    hour = now_ms // HOUR_MS
    kept_hour = max(created_ms // HOUR_MS, hour - _DAY_HOURS - 1)
    connection.execute(
        "delete from spent where root_id = ? and hour < ?",
        (root_id, hour - _DAY_HOURS - 1),
    )
    connection.execute(
        "insert into spent (root_id, hour, kept_hour, bytes) values (?1, ?2, ?3, ?4)"
        " on conflict do update set bytes = bytes + ?4",
        (root_id, hour, kept_hour, size_bytes),
    )


def shift(connection: sqlite3.Connection, moved_ms: int) -> None:
    """Follow a jump of the clock: it makes no new day."""
    hours = round(moved_ms / HOUR_MS)
    rows = connection.execute("select * from spent").fetchall()
    connection.execute("delete from spent")
    connection.executemany(
        "insert into spent (root_id, hour, kept_hour, bytes) values (?, ?, ?, ?)",
        [
            (r["root_id"], r["hour"] + hours, r["kept_hour"] + hours, r["bytes"])
            for r in rows
        ],
    )


# What is worth fetching


def kept_from_ms(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    *,
    is_tight: bool,
) -> int | None:
    """Return from when on footage would stay if it came now; None: all of it.

    Once a limit is reached, what is older than all there is would only displace itself;
    so would what the limit removed. `is_tight`: of the root that keeps what is old.
    """
    camera = connection.execute(
        "select bytes, retention from camera where id = ?", (camera_id,)
    ).fetchone()
    limit = retention_of(camera["retention"]).max_bytes
    is_reached = limit is not None and camera["bytes"] >= _NEARLY * limit
    if not (is_reached or is_tight):
        return None
    moments: list[int] = []
    if is_reached:
        moments += _first(
            connection,
            "select start_ms from clip where state = 'complete' and camera_id = ?"
            " and is_protected = 0 order by start_ms, id limit 1",
            (camera_id,),
        )
    if is_tight:
        moments += _first(
            connection,
            "select start_ms from clip where state = 'complete' and is_protected = 0"
            " and root_id = ? order by start_ms, id limit 1",
            (root_id,),
        )
    causes = sorted(LIMIT_CAUSES)
    moments += _first(
        connection,
        "select end_ms from coverage where state = 'removed' and camera_id = ?"
        " and reason in (?, ?) order by start_ms desc limit 1",
        (camera_id, *causes),
    )
    return max(moments, default=None)


def _first(
    connection: sqlite3.Connection, query: str, values: Sequence[object]
) -> list[int]:
    row = connection.execute(query, values).fetchone()
    return [row[0]] if row else []


def unwant(
    connection: sqlite3.Connection, camera_id: int, before_ms: int, now_ms: int
) -> None:
    """Say of what is on the device from before a moment that it is not wanted."""
    rows = connection.execute(
        "select start_ms, end_ms from coverage where state in ('on_device', 'failed')"
        " and camera_id = ? and start_ms < ?",
        (camera_id, before_ms),
    ).fetchall()
    new = Entry(0, 0, CoverageState.NOT_WANTED, changed_ms=now_ms)
    rule = span_rules.only(
        frozenset({CoverageState.ON_DEVICE, CoverageState.FAILED}), new
    )
    for row in rows:
        stretch = TimeRange(row["start_ms"], min(row["end_ms"], before_ms))
        span_rows.repaint_rows(connection, camera_id, (stretch,), rule)


def homes(
    connection: sqlite3.Connection,
) -> list[tuple[int, CameraKey, int | None, int | None]]:
    """Return of every camera in use its row, key, root, and root for older clips."""
    return [
        (
            row["id"],
            CameraKey(row["key"]),
            row["root_id"],
            retention_of(row["retention"]).move_to_root,
        )
        for row in connection.execute("select * from camera where is_former = 0")
    ]


def leaving(
    connection: sqlite3.Connection, now_ms: int, roots: Iterable[int]
) -> dict[int, tuple[int, int]]:
    """Return before which moment clips of cameras are due for which of these roots."""
    usable = set(roots)
    found: dict[int, tuple[int, int]] = {}
    for row in connection.execute("select id, retention from camera"):
        wanted = retention_of(row["retention"])
        root_id = wanted.move_to_root
        if wanted.move_after_days is not None and root_id in usable:
            assert root_id is not None
            before_ms = int(now_ms - wanted.move_after_days * DAY_MS)
            found[row["id"]] = (before_ms, root_id)
    return found
