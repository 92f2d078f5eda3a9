"""The rows of the coverage ledger, and the sums that change with them.

Every function takes the index's connection and belongs inside a transaction of
`Database`; times are UTC milliseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
import sqlite3

from ...intervals import Ranges, TimeRange, difference, union
from ...ledger import HoleSum, SweepFindings
from ...models import CoverageState
from . import span_rules
from .rows import coverage_entry_of
from .span_rules import Entry, Rule

_NEAR_MS = 3_600_000
_SOME = 200
"""Stretches that are changed in one transaction."""


def entries_in(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> list[Entry]:
    """Return the rows that touch the window, whole, in order."""
    first = connection.execute(
        "select max(start_ms) from coverage where camera_id = ? and start_ms <= ?",
        (camera_id, window.start_ms),
    ).fetchone()[0]
    rows = connection.execute(
        "select * from coverage where camera_id = ? and start_ms >= ? and start_ms < ?"
        " and end_ms > ? order by start_ms",
        (
            camera_id,
            window.start_ms if first is None else first,
            window.end_ms,
            window.start_ms,
        ),
    )
    return [coverage_entry_of(row) for row in rows]


def kept_ranges(
    connection: sqlite3.Connection,
    camera_id: int,
    window: TimeRange,
    *,
    without_clip: int | None = None,
) -> Ranges:
    """Return what complete clips cover of the window (their union, cut to it)."""
    rows = connection.execute(
        "select start_ms, end_ms, id from clip where state = 'complete'"
        " and camera_id = ?1 and start_ms < ?3 and end_ms > ?2 and start_ms >="
        " ?2 - (select longest_ms from camera where id = ?1)",
        (camera_id, window.start_ms, window.end_ms),
    )
    return union(
        TimeRange(max(row[0], window.start_ms), min(row[1], window.end_ms))
        for row in rows
        if row[2] != without_clip
    )


def repaint_rows(
    connection: sqlite3.Connection,
    camera_id: int,
    ranges: Iterable[TimeRange],
    rule: Rule,
) -> None:
    """Apply a rule inside the ranges, neighbours of equal content becoming one row."""
    for some in _near(union(ranges)):
        # one millisecond more on either side brings in the neighbours to join with
        around = TimeRange(some[0].start_ms - 1, some[-1].end_ms + 1)
        before = entries_in(connection, camera_id, around)
        replace(
            connection,
            camera_id,
            before,
            span_rules.repaint_entries(before, some, rule),
        )


def _near(ranges: Ranges) -> Iterator[list[TimeRange]]:
    """Return ranges in groups of those that lie close together."""
    group: list[TimeRange] = []
    for item in ranges:
        if group and item.start_ms - group[-1].end_ms > _NEAR_MS:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def repaint_free(
    connection: sqlite3.Connection,
    camera_id: int,
    ranges: Iterable[TimeRange],
    rule: Rule,
) -> None:
    """Apply a rule to the parts of the ranges that are not kept."""
    free: list[TimeRange] = []
    for some in _near(union(ranges)):
        window = TimeRange(some[0].start_ms, some[-1].end_ms)
        free += difference(some, kept_ranges(connection, camera_id, window))
    repaint_rows(connection, camera_id, free, rule)


def replace(
    connection: sqlite3.Connection,
    camera_id: int,
    before: Sequence[Entry],
    after: Sequence[Entry],
) -> None:
    """Write the difference of two versions of the same stretch, and of the sums."""
    old, new = set(before), set(after)
    gone = [entry for entry in before if entry not in new]
    come = [entry for entry in after if entry not in old]
    connection.executemany(
        "delete from coverage where camera_id = ? and start_ms = ?",
        [(camera_id, entry.start_ms) for entry in gone],
    )
    connection.executemany(
        "insert into coverage (camera_id, start_ms, end_ms, state, reason, next_try_ms,"
        " attempts, run_id, changed_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(camera_id, *entry) for entry in come],
    )
    sums: dict[CoverageState, int] = {}
    for sign, entries in ((-1, gone), (1, come)):
        for entry in entries:
            length_ms = entry.end_ms - entry.start_ms
            sums[entry.state] = sums.get(entry.state, 0) + sign * length_ms
    connection.executemany(
        "insert into coverage_total (camera_id, state, ms) values (?1, ?2, max(?3, 0))"
        " on conflict do update set ms = ms + ?3",
        [(camera_id, state, ms) for state, ms in sums.items() if ms],
    )


def mark(
    connection: sqlite3.Connection,
    camera_id: int,
    ranges: Iterable[TimeRange],
    new: Entry,
) -> None:
    """Enter a state for the parts that are neither kept nor removed."""
    repaint_free(connection, camera_id, ranges, span_rules.marked(new))


def sweep(
    connection: sqlite3.Connection,
    camera_id: int,
    findings: SweepFindings,
    run_id: int | None,
    now_ms: int,
) -> TimeRange | None:
    """Enter what a search found (rules in `ledger.swept`).

    Returns the time whose footage the device is proven to have dropped, for `lose`.
    """
    cause = Entry(0, 0, CoverageState.ON_DEVICE, run_id=run_id, changed_ms=now_ms)
    window = findings.window
    around = TimeRange(window.start_ms - 1, window.end_ms + 1)
    before = entries_in(connection, camera_id, around)
    kept = kept_ranges(connection, camera_id, window)
    replace(
        connection, camera_id, before, span_rules.swept(before, kept, findings, cause)
    )
    row = connection.execute(
        "select device_oldest_ms, device_newest_ms, device_since_ms from camera"
        " where id = ?",
        (camera_id,),
    ).fetchone()
    since_ms = span_rules.held_since(
        row["device_since_ms"],
        row["device_oldest_ms"],
        row["device_newest_ms"],
        findings,
    )
    connection.execute(
        "update camera set device_since_ms = ?,"
        " device_oldest_ms = coalesce(?, device_oldest_ms),"
        " device_newest_ms = coalesce(?, device_newest_ms) where id = ?",
        (since_ms, findings.device_earliest_ms, findings.device_latest_ms, camera_id),
    )
    return span_rules.overwritten(since_ms, findings)


def lose(
    connection: sqlite3.Connection,
    camera_id: int,
    gone: TimeRange,
    run_id: int | None,
    now_ms: int,
) -> Ranges:
    """Say of some of what waited on the device before it dropped it that it is lost.

    Returns what is newly lost; nothing when all of it is.
    """
    cause = Entry(0, 0, CoverageState.LOST, run_id=run_id, changed_ms=now_ms)
    lost = union(_waiting(connection, camera_id, gone))
    repaint_rows(connection, camera_id, lost, span_rules.lost(cause))
    return lost


def _waiting(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> list[TimeRange]:
    """Return the stretches on the device or failed inside the window."""
    rows = connection.execute(
        "select start_ms, end_ms from coverage indexed by coverage_by_state"
        " where state in ('on_device', 'failed')"
        " and camera_id = ? and start_ms < ? and end_ms > ? limit ?",
        (camera_id, window.end_ms, window.start_ms, _SOME),
    )
    return [
        TimeRange(max(row[0], window.start_ms), min(row[1], window.end_ms))
        for row in rows
    ]


def totals_by_state(
    connection: sqlite3.Connection, camera_id: int
) -> dict[CoverageState, int]:
    """Return the kept sums of everything that is not kept."""
    rows = connection.execute(
        "select state, ms from coverage_total where camera_id = ? and ms > 0",
        (camera_id,),
    )
    return {CoverageState(row[0]): row[1] for row in rows}


def end_fetching(connection: sqlite3.Connection, now_ms: int) -> None:
    """Say of stretches that nobody fetches any more that they are on the device."""
    rows = connection.execute(
        "select camera_id, start_ms, end_ms from coverage where state = 'fetching'"
    ).fetchall()
    cause = Entry(0, 0, CoverageState.ON_DEVICE, "interrupted", changed_ms=now_ms)
    for row in rows:
        stretch = TimeRange(row["start_ms"], row["end_ms"])
        rule = span_rules.only(frozenset({CoverageState.FETCHING}), cause)
        repaint_rows(connection, row["camera_id"], (stretch,), rule)


_HOLES = """
select state, reason, state = 'failed' and attempts >= :tries as is_given_up,
  sum(min(end_ms, :before) - start_ms), min(start_ms), min(changed_ms)
from (select * from coverage indexed by coverage_by_state
  where state = :state and camera_id = :camera
  and start_ms >= :after and start_ms < :stop)
group by reason, is_given_up order by min(start_ms)
"""
HOLE_STATES = (
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
    CoverageState.MISSING,
)
_HOLE_ROWS = 2_000


def some_holes(
    connection: sqlite3.Connection,
    camera_id: int,
    state: CoverageState,
    window: TimeRange,
    tries: int,
) -> tuple[list[HoleSum], TimeRange | None]:
    """Return sums of what is in one state and begins in a window, and the rest of it.

    Only some rows are read; what they reach over the window's end does not count.
    """
    stop = connection.execute(
        "select start_ms from coverage indexed by coverage_by_state"
        " where state = ? and camera_id = ?"
        " and start_ms >= ? and start_ms < ? order by start_ms limit 1 offset ?",
        (state, camera_id, window.start_ms, window.end_ms, _HOLE_ROWS),
    ).fetchone()
    stop_ms = stop[0] if stop else window.end_ms
    rows = connection.execute(
        _HOLES,
        {
            "camera": camera_id,
            "before": window.end_ms,
            "tries": tries,
            "state": state,
            "after": window.start_ms,
            "stop": stop_ms,
        },
    )
    sums = [
        HoleSum(CoverageState(row[0]), row[1], bool(row[2]), row[3], row[4], row[5])
        for row in rows
    ]
    return sums, TimeRange(stop_ms, window.end_ms) if stop else None


def footage_end_ms(connection: sqlite3.Connection, camera_id: int) -> int | None:
    """Return where the newest footage that is known of ends, kept or not."""
    row = connection.execute(
        "select end_ms from coverage where camera_id = ? and state <> 'absent'"
        " order by start_ms desc limit 1",
        (camera_id,),
    ).fetchone()
    kept = connection.execute(
        "select max(end_ms) from clip where camera_id = ?1 and state = 'complete'"
        " and start_ms = (select max(start_ms) from clip where camera_id = ?1"
        " and state = 'complete')",
        (camera_id,),
    ).fetchone()
    ends = [found[0] for found in (row, kept) if found and found[0] is not None]
    return max(ends, default=None)
