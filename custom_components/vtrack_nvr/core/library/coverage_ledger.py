"""The coverage ledger and everything else the sync engine remembers here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
import itertools
import json
import sqlite3

from ..clip_sink import ClipSink
from ..errors import ErrorKind, NvrError
from ..intervals import DAY_MS, Ranges, TimeRange, intersection, union
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
from .browser import Browser
from .context import LibraryContext
from .index import camera_rows, clip_rows, history_rows, meta, span_rows, span_rules
from .index.journal_facts import span_fact
from .index.outbox import note
from .index.span_rules import Entry
from .sink import LibrarySink

_LOOKOUT = "lookout:"
_EARLIEST = "earliest:"
_ERAS = 50
"""Of so many eras it is remembered where footage began."""
_JOURNALED = frozenset(
    {CoverageState.ABSENT, CoverageState.LOST, CoverageState.REMOVED}
)
_RANGES = 100
"""Stretches that are entered in one transaction."""


class CoverageLedger:
    """What `core.sync.ports.EngineLedger` asks for; times are UTC milliseconds."""

    def __init__(self, store: LibraryContext, browse: Browser) -> None:
        """Keep the ledger in the index of a library."""
        self._store = store
        self._browse = browse

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        """Return the spans inside the window, in order, *kept* among them.

        Time of which nothing is known has no span.
        """
        return await self._browse.coverage(camera, window)

    async def note_sweep(
        self, findings: SweepFindings, run_id: int | None = None
    ) -> None:
        """Enter what a search found; never turns kept or removed into anything else."""
        now_ms = self._store.clock.now_ms()
        root_id = self._journal_root()
        findings = self._within_limits(findings)
        gone: TimeRange | None = None
        for part in span_rules.by_days(findings, DAY_MS):
            gone = await self._store.async_write(partial(_sweep, part, run_id, now_ms))
        while gone is not None and await self._store.async_write(
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
        root_id = self._journal_root()

        def run(connection: sqlite3.Connection, some: Sequence[TimeRange]) -> None:
            camera_id = camera_rows.camera_id(connection, camera)
            span_rows.mark(connection, camera_id, some, new)
            if (
                state in _JOURNALED
                and reason != ABSENT_NOT_LISTED
                and root_id is not None
            ):
                _note_spans(connection, camera_id, root_id, some, state, reason)

        groups = [*itertools.batched(union(ranges), _RANGES, strict=False)]
        for some in groups or [()]:
            await self._store.async_write(partial(run, some=some))

    def _journal_root(self) -> int | None:
        """Return the root whose journal tells what has no file; no matter which."""
        try:
            return self._store.first_root(None).id
        except NvrError:
            return None

    async def kept_on_device_clock(
        self, camera: CameraKey, era: ClockEra, device_window: TimeRange
    ) -> Ranges:
        """Return the device times already in complete clips of that era."""

        def run(connection: sqlite3.Connection) -> Ranges:
            row = camera_rows.camera_row(connection, camera)
            # a clip's UTC may differ from today's offset: clocks drift within an era
            slack_ms = self._store.bounds.era_slack_ms + row["longest_ms"]
            utc = device_window.shifted(era.offset_ms)
            around = TimeRange(utc.start_ms - slack_ms, utc.end_ms + slack_ms)
            kept = union(clip_rows.times_in_era(connection, row["id"], era.id, around))
            return intersection(kept, (device_window,))

        return await self._store.async_read(run)

    async def totals(self, camera: CameraKey) -> CameraTotals:
        """Return a camera's sums."""
        return await self._browse.totals(camera)

    async def holes(
        self, camera: CameraKey, before_ms: int, tries: int
    ) -> tuple[HoleSum, ...]:
        """Return what is expected before a moment and not kept, by reason, oldest first.

        What was tried `tries` times and failed counts as given up.
        """
        camera_id = await self._store.async_read(camera_rows.camera_id, camera)
        sums: list[HoleSum] = []
        for state in span_rows.HOLE_STATES:
            rest: TimeRange | None = TimeRange(min(-(2**62), before_ms), before_ms)
            while rest is not None:
                some, rest = await self._store.async_read(
                    span_rows.some_holes, camera_id, state, rest, tries
                )
                sums += some
        return span_rules.held_together(sums)

    async def footage_end_ms(self, camera: CameraKey) -> int | None:
        """Return where the newest footage that is known of ends, kept or not."""
        return await self._store.async_read(
            lambda c: span_rows.footage_end_ms(c, camera_rows.camera_id(c, camera))
        )

    async def lookout(self, camera: CameraKey) -> str:
        """Return what was remembered of the look-out for missing footage, empty: nothing."""
        return await self._store.async_read(meta.get, _LOOKOUT + camera) or ""

    async def set_lookout(self, camera: CameraKey, text: str) -> None:
        """Remember something of the look-out for missing footage, across restarts."""
        await self._store.async_write(meta.put, _LOOKOUT + camera, text)

    async def eras(self, nvr: NvrKey) -> tuple[ClockEra, ...]:
        """Return an NVR's clock eras, oldest first."""
        return await self._store.async_read(camera_rows.eras, nvr)

    async def era(self, era_id: int) -> ClockEra | None:
        """Return the clock era of a clip."""
        return await self._store.async_read(camera_rows.era, era_id)

    async def add_era(self, nvr: NvrKey, era: ClockEra) -> ClockEra:
        """Store a new era; returns it with its id."""
        return await self._store.async_write(camera_rows.add_era, nvr, era)

    async def saw_era(self, era_id: int, device_ms: int) -> None:
        """Store what the device's clock read when an era's offset was measured last."""
        await self._store.async_write(camera_rows.saw_era, era_id, device_ms)

    async def earliest_by_era(self, camera: CameraKey) -> Mapping[int, int]:
        """Return where a camera's footage began (device clock) when it was asked, by era."""
        return await self._store.async_read(_earliest, camera)

    async def set_earliest(
        self, camera: CameraKey, era_id: int, device_ms: int
    ) -> None:
        """Remember where a camera's footage begins, for the eras found last."""

        def run(connection: sqlite3.Connection) -> None:
            found = {**_earliest(connection, camera), era_id: device_ms}
            newest = {era: found[era] for era in sorted(found)[-_ERAS:]}
            meta.put(connection, _EARLIEST + camera, json.dumps(newest))

        await self._store.async_write(run)

    async def policy(self, nvr: NvrKey) -> DevicePolicy:
        """Return what was learned about an NVR."""
        return await self._store.async_read(camera_rows.policy, nvr)

    async def set_policy(self, nvr: NvrKey, policy: DevicePolicy) -> None:
        """Remember what was learned."""
        await self._store.async_write(camera_rows.set_policy, nvr, policy)

    async def high_water_ms(self, camera: CameraKey) -> int | None:
        """Return UTC up to which light sweeps have looked, None before the first."""

        def run(connection: sqlite3.Connection) -> int | None:
            found: int | None = camera_rows.camera_row(connection, camera)[
                "high_water_ms"
            ]
            return found

        return await self._store.async_read(run)

    async def set_high_water_ms(self, camera: CameraKey, utc_ms: int) -> None:
        """Move the mark."""
        await self._store.async_write(camera_rows.set_high_water_ms, camera, utc_ms)

    async def wants(self, nvr: NvrKey) -> tuple[Want, ...]:
        """Return open requests, oldest first."""
        return await self._store.async_read(history_rows.wants, nvr)

    async def add_want(self, camera: CameraKey, wanted: TimeRange, note: str) -> Want:
        """Store a request; what was removed inside it may be fetched again."""
        now_ms = self._store.clock.now_ms()
        history_rows.require_range(wanted)
        return await self._store.async_write(
            history_rows.add_want, camera, wanted, note, now_ms
        )

    async def close_want(self, want_id: int, outcome: str) -> None:
        """Close a request with its outcome."""
        now_ms = self._store.clock.now_ms()
        await self._store.async_write(history_rows.close_want, want_id, outcome, now_ms)

    async def add_marks(self, camera: CameraKey, marks: Sequence[EventMark]) -> None:
        """Store events on the time line; equal ones are merged."""
        await self._store.async_write(history_rows.add_marks, camera, marks)

    async def marks(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[EventMark, ...]:
        """Return the events that touch the window, in order."""
        return await self._store.async_read(history_rows.marks, camera, window)

    async def begin_run(self, nvr: NvrKey, kind: RunKind) -> int:
        """Open a line in the history of sync runs; returns its id."""
        now_ms = self._store.clock.now_ms()
        return await self._store.async_write(history_rows.begin_run, nvr, kind, now_ms)

    async def end_run(self, run_id: int, result: RunResult) -> None:
        """Close it."""
        now_ms = self._store.clock.now_ms()
        await self._store.async_write(history_rows.end_run, run_id, result, now_ms)

    async def clips(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        """Return the complete clips that touch the window, in order."""
        return await self._browse.clips_at(camera, window)

    def storage_problem(self, camera: CameraKey) -> NvrError | None:
        """Return why nothing may be written for the camera, from cached health.

        Until its files were looked at once that is `STORAGE_STALLED`; while they are adopted
        into an index that is older than they are, `INDEX_FAILED`: footage would be fetched
        twice.
        """
        store = self._store
        root_id = store.chosen_roots.get(camera)
        try:
            root = store.first_root(root_id)
        except NvrError as error:
            return error
        problem = store.guard.problem(root)
        if problem is None and root.id in store.adopting:
            return NvrError(
                ErrorKind.INDEX_FAILED, "files are being adopted", where=root.name
            )
        if problem is None and root.id not in store.opened:
            return NvrError(
                ErrorKind.STORAGE_STALLED, "files are being looked at", where=root.name
            )
        return problem

    def sink(self, camera: CameraKey) -> ClipSink:
        """Return where the camera's clips go; its methods block."""
        return LibrarySink(self._store, camera)


def _earliest(connection: sqlite3.Connection, camera: CameraKey) -> dict[int, int]:
    text = meta.get(connection, _EARLIEST + camera) or "{}"
    return {int(era): int(ms) for era, ms in json.loads(text).items()}


def _sweep(
    findings: SweepFindings,
    run_id: int | None,
    now_ms: int,
    connection: sqlite3.Connection,
) -> TimeRange | None:
    camera_id = camera_rows.camera_id(connection, findings.camera)
    return span_rows.sweep(connection, camera_id, findings, run_id, now_ms)


def _lose(
    camera: CameraKey,
    gone: TimeRange,
    root_id: int | None,
    run_id: int | None,
    now_ms: int,
    connection: sqlite3.Connection,
) -> bool:
    """Enter some of what is lost; True while there may be more."""
    camera_id = camera_rows.camera_id(connection, camera)
    lost = span_rows.lose(connection, camera_id, gone, run_id, now_ms)
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
