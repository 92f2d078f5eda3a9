"""What the index forgets as years go by, a little in each transaction.

All blocks. Clips are not its business: retention deletes those.
"""

from collections.abc import Callable
from functools import partial
import sqlite3

from ..context import LibraryContext
from ..index import camera_rows, history_rows, past_rows


def forget_old(store: LibraryContext) -> None:
    """Forget old events, runs and closed requests, and make every camera's past small."""
    bounds, now_ms = store.bounds, store.earliest_ms()
    marks_ms, wants_ms = (
        now_ms - bounds.mark_history_ms,
        now_ms - bounds.want_history_ms,
    )
    _all(store, partial(history_rows.drop_old_marks, before_ms=marks_ms))
    _all(store, partial(history_rows.drop_old_wants, before_ms=wants_ms))
    _all(store, partial(history_rows.drop_old_runs, keep=bounds.run_history))
    for camera_id in store.read(camera_rows.ids):
        condense_past(store, camera_id)


def condense_past(store: LibraryContext, camera_id: int) -> None:
    """Merge the rows of a camera's past, which its limits and its device left behind."""
    now_ms = store.earliest_ms()
    past = store.read(partial(past_rows.past_of, camera_id=camera_id, now_ms=now_ms))
    after_ms: int | None = None if past is None else -(2**62)
    while past is not None and after_ms is not None and not store.stopping.is_set():
        after_ms = store.write(
            partial(
                past_rows.condense_rows,
                camera_id=camera_id,
                past=past,
                after_ms=after_ms,
                now_ms=now_ms,
            )
        )


def _all(store: LibraryContext, drop: Callable[[sqlite3.Connection], bool]) -> None:
    """Drop some until there is no more to drop."""
    while not store.stopping.is_set() and store.write(drop):
        pass
