"""What a journal says, all lines together: later ones have replaced earlier ones.

A journal may tell of a million clips, so what it says lies in a temporary database on the
disk, not in memory. Used and closed by the thread that read the journal.
"""

from collections.abc import Iterable, Iterator
import contextlib
import json
import sqlite3
from typing import Any, Self

from ...intervals import Ranges, TimeRange
from ...models import CoverageState
from ..journal import FactKind, Line

_CACHE_KIB = 4 * 1024
_GROUP = 500

_TABLES = """
create table file (
  path text primary key,
  facts text,             -- JSON of a clip that is there
  is_protected integer,
  note text,
  is_trashed integer,
  is_gone integer not null default 0
) without rowid;
create table span (id integer primary key, state text, reason text,
  start_ms integer, end_ms integer);
create table removed (start_ms integer primary key, end_ms integer, reason text);
"""

_NEVER_MS = 2**53

type Span = tuple[CoverageState, str, TimeRange]


class Told:
    """The facts of one journal. Use as a context manager."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        """Read all lines; those that make no sense are passed over."""
        self.camera: dict[str, Any] | None = None
        self.sequence = 0
        self._pending: Span | None = None
        self._db = sqlite3.connect("", isolation_level=None)
        try:
            self._read(lines)
        except BaseException:
            self._db.close()
            raise

    def _read(self, lines: Iterable[Line]) -> None:
        self._db.execute(f"pragma cache_size = -{_CACHE_KIB}")
        self._db.execute("pragma journal_mode = off")
        self._db.execute("pragma synchronous = off")
        self._db.executescript(_TABLES)
        self._db.execute("begin")
        for line in lines:
            self.sequence = max(self.sequence, line.sequence)
            with contextlib.suppress(
                KeyError, TypeError, ValueError, AttributeError, OverflowError
            ):
                self._tell(line.fact.kind, line.fact.values)
        self._end_span()
        self._unite_removed()
        self._db.execute("commit")

    def _tell(self, kind: FactKind, values: dict[str, Any]) -> None:
        if kind is FactKind.CAMERA:
            self.camera = values
            return
        if kind is FactKind.SPAN:
            state, reason = CoverageState(values["state"]), str(values["reason"])
            for start_ms, end_ms in values["ranges"]:
                self._add_span(state, reason, _stretch(start_ms, end_ms))
            return
        path = str(values["path"])
        if kind is FactKind.CLIP:
            self._set(path, facts=json.dumps(values), is_trashed=0, is_gone=0)
        elif kind is FactKind.PROTECT:
            on, text = int(bool(values["on"])), str(values["note"])
            self._set(path, is_protected=on, note=text)
        elif kind is FactKind.TRASH:
            self._set(path, is_trashed=int(bool(values["is_trashed"])))
        else:
            if kind is FactKind.GONE:
                cause = str(values.get("cause", ""))
                stretch = _stretch(*values["range"])
                self._add_span(CoverageState.REMOVED, cause, stretch)
            self._set(
                path,
                facts=None,
                is_protected=None,
                note=None,
                is_trashed=None,
                # what was moved is kept elsewhere: its stretch is not *removed*
                is_gone=int(kind is FactKind.GONE),
            )

    def _set(self, path: str, **columns: str | int | None) -> None:
        names = ", ".join(columns)
        places = ", ".join("?" for _ in columns)
        news = ", ".join(f"{name} = excluded.{name}" for name in columns)
        self._db.execute(
            f"insert into file (path, {names}) values (?, {places})"  # noqa: S608  our own columns
            f" on conflict do update set {news}",
            (path, *columns.values()),
        )

    def _add_span(self, state: CoverageState, reason: str, stretch: TimeRange) -> None:
        last = self._pending
        if (
            last is not None
            and last[:2] == (state, reason)
            and last[2].start_ms <= stretch.start_ms <= last[2].end_ms
        ):
            end_ms = max(last[2].end_ms, stretch.end_ms)
            stretch = TimeRange(last[2].start_ms, end_ms)
        else:
            self._end_span()
        self._pending = (state, reason, stretch)

    def _end_span(self) -> None:
        if self._pending is not None and not self._pending[2].is_empty:
            state, reason, stretch = self._pending
            self._db.execute(
                "insert into span (state, reason, start_ms, end_ms) values (?, ?, ?, ?)",
                (state.value, reason, stretch.start_ms, stretch.end_ms),
            )
        self._pending = None

    def _unite_removed(self) -> None:
        """Note all removed time once, without overlap: a moment in it is found at once."""
        last: tuple[int, int, str] | None = None
        for start_ms, end_ms, reason in self._db.execute(
            "select start_ms, end_ms, reason from span where state = 'removed'"
            " order by start_ms"
        ):
            if last is not None and start_ms <= last[1] and reason == last[2]:
                last = (last[0], max(last[1], end_ms), reason)
                continue
            begin_ms = start_ms
            if last is not None:
                begin_ms = max(start_ms, last[1])
                if begin_ms >= end_ms:
                    continue
                self._db.execute("insert into removed values (?, ?, ?)", last)
            last = (begin_ms, end_ms, reason)
        if last is not None:
            self._db.execute("insert into removed values (?, ?, ?)", last)

    # --- questions --------------------------------------------------------------------

    def facts(self, path: str) -> dict[str, Any] | None:
        """Return what is told of the clip at a path, None where it tells of none."""
        text = self._of(path, "facts")
        if text is None:
            return None
        found: dict[str, Any] = json.loads(text)
        return found

    def days(self, folder: str) -> set[str]:
        """Return the folders below a camera's in which clips are told."""
        days: set[str] = set()
        after = f"{folder}/"
        while row := self._db.execute(
            "select path from file where path > ? and path < ? and facts is not null"
            " order by path limit 1",
            (after, f"{folder}0"),
        ).fetchone():
            day = str(row[0]).rpartition("/")[0]
            days.add(day)
            after = f"{day}0" if day > after else row[0]  # "0" follows "/"
        return days

    def clips(self, day: str) -> list[str]:
        """Return the paths of the clips that are told in a folder, those in the trash not."""
        rows = self._db.execute(
            "select path from file where path > ? and path < ? and facts is not null"
            " and is_trashed = 0 order by path",
            (f"{day}/", f"{day}0"),
        )
        return [row[0] for row in rows]

    def protection(self, path: str) -> tuple[bool, str] | None:
        """Return whether the clip at a path is protected, and the note to it."""
        is_protected = self._of(path, "is_protected")
        return (
            None
            if is_protected is None
            else (bool(is_protected), self._of(path, "note"))
        )

    def is_trashed(self, path: str) -> bool | None:
        """Return whether the clip at a path is in the trash, None where nobody told."""
        found = self._of(path, "is_trashed")
        return None if found is None else bool(found)

    def removal_of(self, path: str, stretch: TimeRange) -> str | None:
        """Return why the clip at a path went on purpose, None where nobody says it did.

        A journal that was made small names no path any more: then the stretch tells.
        """
        row = self._db.execute(
            "select max(start_ms), end_ms, reason from removed where start_ms <= ?",
            (stretch.start_ms,),
        ).fetchone()
        is_inside = row[0] is not None and row[1] > stretch.start_ms
        if self._of(path, "is_gone"):
            return row[2] if is_inside else ""
        if not is_inside or self._of(path, "facts") is not None:
            return None
        reason, end_ms = row[2], row[1]
        for start_ms, next_ms in self._db.execute(
            "select start_ms, end_ms from removed where start_ms >= ? order by start_ms",
            (end_ms,),
        ):
            if end_ms >= stretch.end_ms or start_ms > end_ms:
                break
            end_ms = next_ms
        return reason if end_ms >= stretch.end_ms else None

    def spans(self) -> Iterator[tuple[CoverageState, str, Ranges]]:
        """Return stretches without a file in the order told, some of a kind at a time."""
        cause: tuple[str, str] | None = None
        ranges: list[TimeRange] = []
        for state, reason, start_ms, end_ms in self._db.execute(
            "select state, reason, start_ms, end_ms from span order by id"
        ):
            if ranges and (cause != (state, reason) or len(ranges) == _GROUP):
                assert cause is not None
                yield CoverageState(cause[0]), cause[1], tuple(ranges)
                ranges = []
            cause = (state, reason)
            ranges.append(TimeRange(start_ms, end_ms))
        if cause is not None:
            yield CoverageState(cause[0]), cause[1], tuple(ranges)

    def _of(self, path: str, column: str) -> Any:
        row = self._db.execute(
            f"select {column} from file where path = ?",  # noqa: S608  our own columns
            (path,),
        ).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Let the temporary database go."""
        self._db.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Let the temporary database go."""
        self.close()


def _stretch(start_ms: int, end_ms: int) -> TimeRange:
    """Return the stretch of two numbers of a line; raises ValueError or TypeError."""
    found = TimeRange(int(start_ms), int(end_ms))
    if max(abs(found.start_ms), abs(found.end_ms)) > _NEVER_MS:
        raise ValueError(found)
    return found
