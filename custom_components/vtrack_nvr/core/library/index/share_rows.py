"""The rows of links that show footage without a login.

Every function takes the index's connection and belongs inside a transaction.
"""

import json
import sqlite3

from ...intervals import TimeRange
from ...models import CameraKey
from ..share_values import Share, ShareKind, ShareTarget


def count_shares(
    connection: sqlite3.Connection, user: str, now_ms: int
) -> tuple[int, int]:
    """Return how many links a user has, and how many there are; the expired ones go."""
    connection.execute("delete from share where expires_ms <= ?", (now_ms,))
    mine, of_all = connection.execute(
        "select count(*) filter (where user_id = ?), count(*) from share", (user,)
    ).fetchone()
    return mine, of_all


def add_share(
    connection: sqlite3.Connection,
    token_hash: str,
    target: ShareTarget,
    user: str,
    made_ms: int,
    expires_ms: int,
) -> Share:
    """Enter a link and return it."""
    cursor = connection.execute(
        "insert into share (token_hash, kind, item_id, cameras, start_ms, end_ms,"
        " user_id, made_ms, expires_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            token_hash,
            str(target.kind),
            target.item_id,
            json.dumps(target.cameras),
            target.range.start_ms,
            target.range.end_ms,
            user,
            made_ms,
            expires_ms,
        ),
    )
    assert cursor.lastrowid is not None
    return Share(cursor.lastrowid, target, user, made_ms, expires_ms)


def by_hash(
    connection: sqlite3.Connection, token_hash: str, now_ms: int
) -> Share | None:
    """Return the link of a token, None where there is none that lives."""
    row = connection.execute(
        "select * from share where token_hash = ? and expires_ms > ?",
        (token_hash, now_ms),
    ).fetchone()
    return _share(row) if row else None


def by_id(connection: sqlite3.Connection, share_id: int, now_ms: int) -> Share | None:
    """Return a link, None where there is none that lives."""
    row = connection.execute(
        "select * from share where id = ? and expires_ms > ?", (share_id, now_ms)
    ).fetchone()
    return _share(row) if row else None


def living(
    connection: sqlite3.Connection, user: str | None, now_ms: int
) -> tuple[Share, ...]:
    """Return the links of a user (None: of all) that live, newest first."""
    rows = connection.execute(
        "select * from share where expires_ms > ?1 and (?2 is null or user_id = ?2)"
        " order by id desc",
        (now_ms, user),
    )
    return tuple(_share(row) for row in rows)


def remove_share(connection: sqlite3.Connection, share_id: int) -> None:
    """End a link."""
    connection.execute("delete from share where id = ?", (share_id,))


def remove_all(connection: sqlite3.Connection) -> None:
    """End all links: an index that came from a copy does not know which were revoked."""
    connection.execute("delete from share")


def _share(row: sqlite3.Row) -> Share:
    return Share(
        id=row["id"],
        target=ShareTarget(
            ShareKind(row["kind"]),
            tuple(CameraKey(key) for key in json.loads(row["cameras"])),
            TimeRange(row["start_ms"], row["end_ms"]),
            row["item_id"],
        ),
        user=row["user_id"],
        made_ms=row["made_ms"],
        expires_ms=row["expires_ms"],
    )
