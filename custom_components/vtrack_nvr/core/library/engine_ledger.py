"""The coverage ledger and everything else the sync engine remembers here."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
import itertools
import sqlite3

from ..errors import ErrorKind, NvrError
from ..intervals import Ranges, TimeRange, intersection, union
from ..ledger import (
    ABSENT_NOT_LISTED,
    LOST_OVERWRITTEN,
    CameraTotals,
    HoleSum,
    RunKind,
    RunResult,
    SweepFindings,
    Want,
)
from ..models import (
    CameraKey,
    Clip,
    ClockEra,
    CoverageSpan,
    CoverageState,
    EventMark,
    NvrKey,
)
from ..policy import DevicePolicy
from . import index_cameras, index_ledger, index_notes, ledger
from .browser import Browser
from .journal_facts import span_fact
from .ledger import Entry
from .rows import era_of
from .store import Store, note
from .values import DAY_MS

_LOOKOUT = "lookout:"
_JOURNALED = frozenset(
    {CoverageState.ABSENT, CoverageState.LOST, CoverageState.REMOVED}
)
_RANGES = 100
"""Stretches that are entered in one transaction."""


class EngineLedger:
    """What `core.sync.ports.Library` asks for; times are UTC milliseconds."""

    def __init__(self, store: Store) -> None:
        """Keep the ledger in the store of a library."""
        self._store = store
        self.browse = Browser(store)

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        """Return the spans inside the window, in order, *kept* among them.

        Time of which nothing is known has no span.
        """
        return await self.browse.coverage(camera, window)

    async def note_sweep(
        self, findings: SweepFindings, run_id: int | None = None
    ) -> None:
        """Enter what a search found; never turns kept or removed into anything else."""
        now_ms = self._store.clock.now_ms()
        root_id = self._journal_root(findings.camera)
        findings = self._within_limits(findings)
        gone: TimeRange | None = None
        for part in ledger.by_days(findings, DAY_MS):
            gone = await self._write(partial(_sweep, part, run_id, now_ms))
        while gone is not None and await self._write(
            partial(_lose, findings.camera, gone, root_id, run_id, now_ms)
        ):
            pass

    def kept_from_ms(self, camera: CameraKey) -> int | None:
        """Return from when on footage would stay if it came now; None: all of it.

        From memory: what limits in GB and floors would delete again is not worth fetching.
        """
        return self._store.kept_from_ms.get(camera)

    def _within_limits(self, findings: SweepFindings) -> SweepFindings:
        """Return findings of which nothing is wanted that a limit would delete again."""
        from_ms = self.kept_from_ms(findings.camera)
        window = findings.window
        if from_ms is None or from_ms <= window.start_ms:
            return findings
        wanted = (window,) if findings.wanted is None else findings.wanted
        stays = TimeRange(min(from_ms, window.end_ms), window.end_ms)
        return replace(findings, wanted=intersection(wanted, (stays,)))

    async def mark(
        self,
        camera: CameraKey,
        ranges: Sequence[TimeRange],
        state: CoverageState,
        reason: str = "",
        next_try_ms: int | None = None,
        attempts: int = 0,
        run_id: int | None = None,
    ) -> None:
        """Enter a state for stretches that are neither kept nor removed.

        *Absent* with any reason but `ABSENT_NOT_LISTED` is for good: listing the stretch
        again does not bring it back.
        """
        if state is CoverageState.KEPT:
            raise NvrError(ErrorKind.INDEX_FAILED, "kept follows from clips")
        new = Entry(
            0,
            0,
            state,
            reason,
            next_try_ms,
            attempts,
            run_id,
            self._store.clock.now_ms(),
        )
        root_id = self._journal_root(camera)

        def run(connection: sqlite3.Connection, some: Sequence[TimeRange]) -> None:
            camera_id = index_cameras.camera_id(connection, camera)
            index_ledger.mark(connection, camera_id, some, new)
            if (
                state in _JOURNALED
                and reason != ABSENT_NOT_LISTED
                and root_id is not None
            ):
                _note_spans(connection, camera_id, root_id, some, state, reason)

        groups = [*itertools.batched(union(ranges), _RANGES, strict=False)]
        for some in groups or [()]:
            await self._write(partial(run, some=some))

    def _journal_root(self, camera: CameraKey) -> int | None:
        """Return the root whose journal tells what has no file; no matter which."""
        del camera
        try:
            return self._store.first_root(None).id
        except NvrError:
            return None

    async def kept_on_device_clock(
        self, camera: CameraKey, era: ClockEra, device_window: TimeRange
    ) -> Ranges:
        """Return the device times already in complete clips of that era."""

        def run(connection: sqlite3.Connection) -> Ranges:
            row = index_cameras.camera_row(connection, camera)
            # a clip's UTC may differ from today's offset: clocks drift within an era
            slack_ms = self._store.bounds.era_slack_ms + row["longest_ms"]
            utc = device_window.shifted(era.offset_ms)
            rows = connection.execute(
                "select device_start_ms, end_ms - start_ms from clip"
                " where state = 'complete' and camera_id = ? and era_id = ?"
                " and start_ms >= ? and start_ms < ?",
                (row["id"], era.id, utc.start_ms - slack_ms, utc.end_ms + slack_ms),
            )
            kept = union(TimeRange(r[0], r[0] + r[1]) for r in rows)
            return intersection(kept, (device_window,))

        return await self._read(run)

    async def totals(self, camera: CameraKey) -> CameraTotals:
        """Return a camera's sums."""
        return await self.browse.totals(camera)

    async def holes(
        self, camera: CameraKey, before_ms: int, tries: int
    ) -> tuple[HoleSum, ...]:
        """Return what is expected before a moment and not kept, by reason, oldest first.

        What was tried `tries` times and failed counts as given up.
        """
        camera_id = await self._read(lambda c: index_cameras.camera_id(c, camera))
        sums: list[HoleSum] = []
        for state in index_ledger.HOLE_STATES:
            rest: TimeRange | None = TimeRange(min(-(2**62), before_ms), before_ms)
            while rest is not None:
                some, rest = await self._read(
                    lambda c, s=state, w=rest: index_ledger.some_holes(  # type: ignore[misc]
                        c, camera_id, s, w, tries
                    )
                )
                sums += some
        return ledger.held_together(sums)

    async def footage_end_ms(self, camera: CameraKey) -> int | None:
        """Return where the newest footage that is known of ends, kept or not."""
        return await self._read(
            lambda c: index_ledger.footage_end_ms(c, index_cameras.camera_id(c, camera))
        )

    async def lookout(self, camera: CameraKey) -> str:
        """Return what was remembered of the look-out for missing footage, empty: nothing."""

        def run(connection: sqlite3.Connection) -> str:
            row = connection.execute(
                "select value from meta where key = ?", (_LOOKOUT + camera,)
            ).fetchone()
            return str(row[0]) if row else ""

        return await self._read(run)

    async def set_lookout(self, camera: CameraKey, text: str) -> None:
        """Remember something of the look-out for missing footage, across restarts."""
        await self._write(
            lambda c: c.execute(
                "insert into meta (key, value) values (?1, ?2)"
                " on conflict do update set value = ?2",
                (_LOOKOUT + camera, text),
            )
        )

    async def eras(self, nvr: NvrKey) -> tuple[ClockEra, ...]:
        """Return an NVR's clock eras, oldest first."""
        return await self._read(lambda c: index_cameras.eras(c, nvr))

    async def era(self, era_id: int) -> ClockEra | None:
        """Return the clock era of a clip."""

        def run(connection: sqlite3.Connection) -> ClockEra | None:
            row = connection.execute(
                "select * from era where id = ?", (era_id,)
            ).fetchone()
            return era_of(row) if row else None

        return await self._read(run)

    async def add_era(self, nvr: NvrKey, era: ClockEra) -> ClockEra:
        """Store a new era; returns it with its id."""
        return await self._write(lambda c: index_cameras.add_era(c, nvr, era))

    async def policy(self, nvr: NvrKey) -> DevicePolicy:
        """Return what was learned about an NVR."""
        return await self._read(lambda c: index_cameras.policy(c, nvr))

    async def set_policy(self, nvr: NvrKey, policy: DevicePolicy) -> None:
        """Remember what was learned."""
        await self._write(lambda c: index_cameras.set_policy(c, nvr, policy))

    async def high_water_ms(self, camera: CameraKey) -> int | None:
        """Return UTC up to which light sweeps have looked, None before the first."""

        def run(connection: sqlite3.Connection) -> int | None:
            found: int | None = index_cameras.camera_row(connection, camera)[
                "high_water_ms"
            ]
            return found

        return await self._read(run)

    async def set_high_water_ms(self, camera: CameraKey, utc_ms: int) -> None:
        """Move the mark."""
        await self._write(
            lambda c: c.execute(
                "update camera set high_water_ms = ? where id = ?",
                (utc_ms, index_cameras.camera_id(c, camera)),
            )
        )

    async def wants(self, nvr: NvrKey) -> tuple[Want, ...]:
        """Return open requests, oldest first."""
        return await self._read(lambda c: index_notes.wants(c, nvr))

    async def add_want(self, camera: CameraKey, wanted: TimeRange, note: str) -> Want:
        """Store a request; what was removed inside it may be fetched again."""
        now_ms = self._store.clock.now_ms()
        index_notes.require_range(wanted)
        return await self._write(
            lambda c: index_notes.add_want(c, camera, wanted, note, now_ms)
        )

    async def close_want(self, want_id: int, outcome: str) -> None:
        """Close a request with its outcome."""
        now_ms = self._store.clock.now_ms()
        await self._write(lambda c: index_notes.close_want(c, want_id, outcome, now_ms))

    async def add_marks(self, camera: CameraKey, marks: Sequence[EventMark]) -> None:
        """Store events on the time line; equal ones are merged."""
        await self._write(lambda c: index_notes.add_marks(c, camera, marks))

    async def marks(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[EventMark, ...]:
        """Return the events that touch the window, in order."""
        return await self._read(lambda c: index_notes.marks(c, camera, window))

    async def begin_run(self, nvr: NvrKey, kind: RunKind) -> int:
        """Open a line in the history of sync runs; returns its id."""
        now_ms = self._store.clock.now_ms()
        return await self._write(lambda c: index_notes.begin_run(c, nvr, kind, now_ms))

    async def end_run(self, run_id: int, result: RunResult) -> None:
        """Close it."""
        now_ms = self._store.clock.now_ms()
        await self._write(lambda c: index_notes.end_run(c, run_id, result, now_ms))

    async def clips(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        """Return the complete clips that touch the window, in order."""
        return await self.browse.clips_at(camera, window)

    async def _read[T](self, function: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._store.db.read(function))

    async def _write[T](self, function: Callable[[sqlite3.Connection], T]) -> T:
        future: Future[T] = self._store.db.write(function)
        return await asyncio.wrap_future(future)


def _sweep(
    findings: SweepFindings,
    run_id: int | None,
    now_ms: int,
    connection: sqlite3.Connection,
) -> TimeRange | None:
    camera_id = index_cameras.camera_id(connection, findings.camera)
    return index_ledger.sweep(connection, camera_id, findings, run_id, now_ms)


def _lose(
    camera: CameraKey,
    gone: TimeRange,
    root_id: int | None,
    run_id: int | None,
    now_ms: int,
    connection: sqlite3.Connection,
) -> bool:
    """Enter some of what is lost; True while there may be more."""
    camera_id = index_cameras.camera_id(connection, camera)
    lost = index_ledger.lose(connection, camera_id, gone, run_id, now_ms)
    if lost and root_id is not None:
        state, reason = CoverageState.LOST, LOST_OVERWRITTEN
        _note_spans(connection, camera_id, root_id, lost, state, reason)
    return bool(lost)


def _note_spans(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    ranges: Sequence[TimeRange],
    state: CoverageState,
    reason: str,
) -> None:
    """Queue the journal's line about stretches that have no file."""
    spans = [(item.start_ms, item.end_ms) for item in ranges]
    note(connection, camera_id, root_id, span_fact(state.value, reason, spans))
