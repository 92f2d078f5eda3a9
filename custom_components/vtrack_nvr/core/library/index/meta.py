"""Single values that outlive a restart, by key.

Every function takes the index's connection and belongs inside a transaction.
"""

import sqlite3


def get(connection: sqlite3.Connection, key: str) -> str | None:
    """Return a value, None if there is none."""
    row = connection.execute("select value from meta where key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def put(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Store a value."""
    connection.execute(
        "insert or replace into meta (key, value) values (?, ?)", (key, value)
    )
