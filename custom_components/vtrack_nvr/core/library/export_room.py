"""Which storage takes an export: shares of people and automations, and free space.

All blocks. What is being made counts as what it will be; the floor of a root stays free.
"""

from collections.abc import Sequence

from ..errors import ErrorKind, Limit, LimitError, NvrError, gigabytes
from .context import LibraryContext
from .guard import Root
from .index import export_rows
from .index.export_rows import room_used
from .naming import EXPORT_FOLDER


def place(
    store: LibraryContext, roots: Sequence[Root], needed_bytes: int, user: str
) -> Root:
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


def check_floor(store: LibraryContext, root: Root, needed_bytes: int) -> None:
    """Raise `STORAGE_FULL` where less than its floor is free on a root."""
    space = store.files.space(root.folder)
    if space.total_bytes > 0 and space.free_bytes < root.floor_bytes:
        raise _no_room(root, needed_bytes, 0)


def _check(store: LibraryContext, root: Root, needed_bytes: int, user: str) -> None:
    bounds = store.bounds
    store.guard.check_marker(root)  # nothing is written where the root is not mounted
    space = store.files.space(root.folder)
    most = bounds.export_bytes
    if space.total_bytes > 0:  # there are file systems that tell no size
        most = min(most, int(space.total_bytes * bounds.export_share))
    own = int(most * bounds.export_person_share) if user else most
    used = store.read(room_used, root.id, user)
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


def _still_to_come(store: LibraryContext, root: Root) -> int:
    """Return how many bytes exports that are being made on a root still need."""
    rows = store.read(export_rows.being_made, root.id)
    folder = root.folder / EXPORT_FOLDER
    return sum(
        max(
            0,
            row["reserved_bytes"]
            - (store.files.size(folder / f"{row['path']}.part") or 0),
        )
        for row in rows
    )
