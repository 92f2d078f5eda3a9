"""Ids that are never used twice: links, notifications and browser caches outlive rows.

SQLite gives the highest id again once its row is gone; a link to a deleted clip would show
another one then. Every function belongs inside a transaction of `Database`.
"""

import sqlite3
from typing import Literal

type Table = Literal["clip", "export"]

_EPOCH_MS = 1_704_067_200_000
"""2024-01-01: there were no ids before."""


def fresh(connection: sqlite3.Connection, table: Table) -> int:
    """Return an id that no row of the table has or had."""
    found: int = connection.execute(
        f"select max(coalesce((select max(id) from {table}), 0), coalesce((select"  # noqa: S608  one of two names
        " cast(value as integer) from meta where key = ?), 0))",
        (_key(table),),
    ).fetchone()[0]
    return found + 1


def retire(connection: sqlite3.Connection, table: Table, row_id: int) -> None:
    """Remember the id of a row that is about to go, where it would be given again."""
    highest = connection.execute(f"select max(id) from {table}").fetchone()[0]  # noqa: S608  one of two names
    if highest is not None and row_id >= highest:
        _raise_to(connection, table, row_id)


def leap(connection: sqlite3.Connection, table: Table, now_ms: int) -> None:
    """Leave out all ids an index that was lost or is older may have given meanwhile.

    Nobody makes a row a second for years: the seconds since 2024 are ahead of all.
    """
    _raise_to(connection, table, (now_ms - _EPOCH_MS) // 1000)


def _raise_to(connection: sqlite3.Connection, table: Table, row_id: int) -> None:
    connection.execute(
        "insert into meta (key, value) values (?1, ?2) on conflict do update set"
        " value = max(cast(value as integer), cast(excluded.value as integer))",
        (_key(table), str(row_id)),
    )


def _key(table: Table) -> str:
    return f"last-id-{table}"
