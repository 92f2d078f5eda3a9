"""Which storage takes an export: shares of people and automations, and free space.

All blocks. What is being made counts as what it will be; the floor of a root stays free.
"""

from collections.abc import Sequence
import sqlite3
from typing import NamedTuple

from ..errors import ErrorKind, Limit, LimitError, NvrError, gigabytes
from .guard import Root
from .naming import EXPORT_FOLDER
from .store import Store

_MADE = "state in ('waiting', 'running')"
_THERE = "state in ('waiting', 'running', 'ready')"


class _Used(NamedTuple):
    """Bytes of a user's exports on a root, of all of that kind, and the user's number."""

    own: int
    all: int
    number: int


def place(store: Store, roots: Sequence[Root], needed_bytes: int, user: str) -> Root:
    """Return the first root that can take an export; raises why the first one cannot."""
    refusal: NvrError | None = None
    for root in roots:
        try:
            _check(store, root, needed_bytes, user)
        except NvrError as error:
            refusal = refusal or error
        else:
            return root
    assert refusal is not None
    raise refusal


def check_floor(store: Store, root: Root, needed_bytes: int) -> None:
    """Raise `STORAGE_FULL` where less than its floor is free on a root."""
    space = store.files.space(root.folder)
    if space.total_bytes > 0 and space.free_bytes < root.floor_bytes:
        raise _no_room(root, needed_bytes, 0)


def _check(store: Store, root: Root, needed_bytes: int, user: str) -> None:
    bounds = store.bounds
    store.guard.check_marker(root)  # nothing is written where the root is not mounted
    space = store.files.space(root.folder)
    most = bounds.export_bytes
    if space.total_bytes > 0:  # there are file systems that tell no size
        most = min(most, int(space.total_bytes * bounds.export_share))
    own = int(most * bounds.export_person_share) if user else most
    used = store.read(lambda c: _used(c, root.id, user))
    most_count = bounds.export_person_count if user else bounds.export_count
    if used.number >= most_count:
        raise LimitError(Limit.EXPORT_COUNT, {"most": str(most_count)})
    needed = max(1, needed_bytes)
    if used.own + needed > own:
        raise LimitError(Limit.EXPORT_SHARE, _numbers(needed_bytes, used.own, own))
    if used.all + needed > most:
        raise LimitError(Limit.EXPORT_ALL, _numbers(needed_bytes, used.all, most))
    if space.total_bytes <= 0:
        return
    room = space.free_bytes - root.floor_bytes - _still_to_come(store, root)
    if room < needed_bytes:
        raise _no_room(root, needed_bytes, room)


def _numbers(needed: int, used: int, most: int) -> dict[str, str]:
    return {
        "needed": gigabytes(needed),
        "used": gigabytes(used),
        "most": gigabytes(most),
    }


def _no_room(root: Root, needed: int, room: int) -> LimitError:
    return LimitError(
        Limit.EXPORT_ROOM,
        {
            "needed": gigabytes(needed),
            "free": gigabytes(max(0, room)),
            "storage": root.name,
        },
        kind=ErrorKind.STORAGE_FULL,
    )


def _used(connection: sqlite3.Connection, root_id: int, user: str) -> _Used:
    """Return what a user, and all of that kind, have on a root.

    People are of one kind, Home Assistant itself of another: automations cannot be kept
    from their room by people, nor people by automations.
    """
    return _Used(
        *connection.execute(
            "select coalesce(sum(case when user_id = ?1"  # noqa: S608  a constant
            " then max(size_bytes, reserved_bytes) else 0 end), 0),"
            " coalesce(sum(max(size_bytes, reserved_bytes)), 0),"
            " count(case when user_id = ?1 then 1 end) from export"
            f" where root_id = ?2 and {_THERE} and (user_id = '') = (?1 = '')",
            (user, root_id),
        ).fetchone()
    )


def _still_to_come(store: Store, root: Root) -> int:
    """Return how many bytes exports that are being made on a root still need."""
    rows = store.read(
        lambda c: c.execute(
            f"select path, reserved_bytes from export where root_id = ? and {_MADE}",  # noqa: S608  a constant
            (root.id,),
        ).fetchall()
    )
    folder = root.folder / EXPORT_FOLDER
    return sum(
        max(
            0,
            row["reserved_bytes"]
            - (store.files.size(folder / f"{row['path']}.part") or 0),
        )
        for row in rows
    )
