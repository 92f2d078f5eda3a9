"""What the index forgets as years go by, a little in each transaction.

All blocks. Clips are not its business: retention deletes those.
"""

from collections.abc import Callable
from functools import partial
import sqlite3

from . import index_notes, index_past
from .store import Store


def forget_old(store: Store) -> None:
    """Forget old events, runs and closed requests, and make every camera's past small."""
    bounds, now_ms = store.bounds, store.clock.now_ms()
    marks_ms, wants_ms = (
        now_ms - bounds.mark_history_ms,
        now_ms - bounds.want_history_ms,
    )
    _all(store, partial(index_notes.drop_old_marks, before_ms=marks_ms))
    _all(store, partial(index_notes.drop_old_wants, before_ms=wants_ms))
    _all(store, partial(index_notes.drop_old_runs, keep=bounds.run_history))
    for row in store.read(lambda c: c.execute("select id from camera").fetchall()):
        condense(store, row["id"])


def condense(store: Store, camera_id: int) -> None:
    """Merge the rows of a camera's past, which its limits and its device left behind."""
    now_ms = store.clock.now_ms()
    past = store.read(partial(index_past.past_of, camera_id=camera_id, now_ms=now_ms))
    after_ms: int | None = None if past is None else -(2**62)
    while past is not None and after_ms is not None and not store.stopping.is_set():
        after_ms = store.write(
            partial(
                index_past.condense,
                camera_id=camera_id,
                past=past,
                after_ms=after_ms,
                now_ms=now_ms,
            )
        )


def _all(store: Store, drop: Callable[[sqlite3.Connection], bool]) -> None:
    """Drop some until there is no more to drop."""
    while not store.stopping.is_set() and store.write(drop):
        pass
