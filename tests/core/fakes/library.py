"""The library in memory, with the ledger rules of the real one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import override

from custom_components.vtrack_nvr.core.clip_sink import ClipSink, ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.clock import Clock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import (
    Ranges,
    TimeRange,
    difference,
    intersection,
    union,
)
from custom_components.vtrack_nvr.core.ledger import (
    CameraTotals,
    HoleSum,
    RunKind,
    RunResult,
    SweepFindings,
    Want,
)
from custom_components.vtrack_nvr.core.library.index import span_rules
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    Clip,
    ClipFacts,
    ClipState,
    ClockEra,
    CoverageSpan,
    CoverageState,
    EventMark,
    NvrKey,
)
from custom_components.vtrack_nvr.core.policy import DevicePolicy

ALWAYS = TimeRange(0, 10**15)
HOLES = frozenset(
    {
        CoverageState.ON_DEVICE,
        CoverageState.FETCHING,
        CoverageState.FAILED,
        CoverageState.MISSING,
    }
)


@dataclass
class CameraBook:
    """All that is stored of one camera."""

    entries: list[span_rules.Entry] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    marks: list[EventMark] = field(default_factory=list)
    high_water_ms: int | None = None
    oldest_ms: int | None = None
    newest_ms: int | None = None
    since_ms: int | None = None

    @property
    def kept(self) -> Ranges:
        """Return what complete clips cover."""
        return union(clip.facts.range for clip in self.clips)


class FakeLibrary:
    """Implements `core.sync.ports.EngineLedger`; tests look into `book(camera)`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.books: dict[CameraKey, CameraBook] = defaultdict(CameraBook)
        self.nvr_eras: dict[NvrKey, list[ClockEra]] = defaultdict(list)
        self.policies: dict[NvrKey, DevicePolicy] = {}
        self.open_wants: dict[int, Want] = {}
        self.closed_wants: dict[int, str] = {}
        self.run_kinds: dict[int, RunKind] = {}
        self.run_results: dict[int, RunResult] = {}
        self.problem: NvrError | None = None
        self.kept_from: int | None = None
        self.index_problem: NvrError | None = None
        self.lookouts: dict[CameraKey, str] = {}
        self.earliest: dict[CameraKey, dict[int, int]] = defaultdict(dict)
        self._ids = count(1)

    def book(self, camera: CameraKey) -> CameraBook:
        """Return what is stored of a camera."""
        return self.books[camera]

    def ms_in(self, camera: CameraKey, state: CoverageState) -> int:
        """Return how much of a camera's time line is in a state."""
        book = self.book(camera)
        if state is CoverageState.KEPT:
            return sum(item.duration_ms for item in book.kept)
        return sum(e.end_ms - e.start_ms for e in book.entries if e.state is state)

    def _check(self) -> None:
        if self.index_problem is not None:
            raise self.index_problem

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        self._check()
        book = self.book(camera)
        spans = [
            CoverageSpan(CoverageState.KEPT, item)
            for item in intersection(book.kept, (window,))
        ]
        for entry in book.entries:
            inside = TimeRange(entry.start_ms, entry.end_ms).intersection(window)
            if inside:
                spans.append(
                    entry._replace(
                        start_ms=inside.start_ms, end_ms=inside.end_ms
                    ).span()
                )
        return tuple(sorted(spans, key=lambda span: span.range))

    async def note_sweep(
        self, findings: SweepFindings, run_id: int | None = None
    ) -> None:
        self._check()
        book = self.book(findings.camera)
        cause = span_rules.Entry(
            0, 0, CoverageState.ON_DEVICE, changed_ms=self.clock.now_ms()
        )
        book.entries = span_rules.swept(book.entries, book.kept, findings, cause)
        book.since_ms = span_rules.held_since(
            book.since_ms, book.oldest_ms, book.newest_ms, findings
        )
        gone = span_rules.overwritten(book.since_ms, findings)
        if gone is not None:
            free = difference((gone,), book.kept)
            book.entries = span_rules.repaint_entries(
                book.entries, free, span_rules.lost(cause)
            )
        if findings.device_earliest_ms is not None:
            book.oldest_ms = findings.device_earliest_ms
        if findings.device_latest_ms is not None:
            book.newest_ms = findings.device_latest_ms

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
        self._check()
        book = self.book(camera)
        now_ms = self.clock.now_ms()
        new = span_rules.Entry(
            0, 0, state, reason, next_try_ms, attempts, run_id, now_ms
        )
        free = difference(ranges, book.kept)
        book.entries = span_rules.repaint_entries(
            book.entries, free, span_rules.marked(new)
        )

    async def kept_on_device_clock(
        self, camera: CameraKey, era: ClockEra, device_window: TimeRange
    ) -> Ranges:
        self._check()
        return intersection(
            (
                TimeRange(
                    clip.facts.device_start_ms,
                    clip.facts.device_start_ms + clip.facts.range.duration_ms,
                )
                for clip in self.book(camera).clips
                if clip.facts.era_id == era.id
            ),
            (device_window,),
        )

    async def totals(self, camera: CameraKey) -> CameraTotals:
        self._check()
        book = self.book(camera)
        by_state: dict[CoverageState, int] = {}
        for entry in book.entries:
            by_state[entry.state] = (
                by_state.get(entry.state, 0) + entry.end_ms - entry.start_ms
            )
        last = max(book.clips, key=lambda clip: clip.facts.range, default=None)
        return CameraTotals(
            clips=len(book.clips),
            bytes=sum(clip.facts.size_bytes for clip in book.clips),
            kept_ms=sum(item.duration_ms for item in book.kept),
            by_state_ms=by_state,
            first_start_ms=book.kept[0].start_ms if book.kept else None,
            last_clip_id=last.id if last else None,
            last_start_ms=last.facts.range.start_ms if last else None,
            last_end_ms=last.facts.range.end_ms if last else None,
            device_oldest_ms=book.oldest_ms,
            device_newest_ms=book.newest_ms,
            last_added_ms=max((clip.created_ms for clip in book.clips), default=None),
        )

    async def holes(
        self, camera: CameraKey, before_ms: int, tries: int
    ) -> tuple[HoleSum, ...]:
        self._check()
        sums: dict[tuple[CoverageState, str, bool], HoleSum] = {}
        for entry in self.book(camera).entries:
            if entry.start_ms >= before_ms or entry.state not in HOLES:
                continue
            is_given_up = (
                entry.state is CoverageState.FAILED and entry.attempts >= tries
            )
            key = (entry.state, entry.reason, is_given_up)
            ms = min(entry.end_ms, before_ms) - entry.start_ms
            old = sums.get(key)
            sums[key] = HoleSum(
                *key,
                ms + (old.ms if old else 0),
                old.first_ms if old else entry.start_ms,
                min(entry.changed_ms, old.changed_ms) if old else entry.changed_ms,
            )
        return tuple(sums.values())

    async def footage_end_ms(self, camera: CameraKey) -> int | None:
        self._check()
        book = self.book(camera)
        ends = [clip.facts.range.end_ms for clip in book.clips]
        ends += [e.end_ms for e in book.entries if e.state is not CoverageState.ABSENT]
        return max(ends, default=None)

    async def lookout(self, camera: CameraKey) -> str:
        self._check()
        return self.lookouts.get(camera, "")

    async def set_lookout(self, camera: CameraKey, text: str) -> None:
        self._check()
        self.lookouts[camera] = text

    async def eras(self, nvr: NvrKey) -> tuple[ClockEra, ...]:
        self._check()
        return tuple(self.nvr_eras[nvr])

    async def add_era(self, nvr: NvrKey, era: ClockEra) -> ClockEra:
        stored = replace(era, id=next(self._ids))
        self.nvr_eras[nvr].append(stored)
        return stored

    async def saw_era(self, era_id: int, device_ms: int) -> None:
        for eras in self.nvr_eras.values():
            eras[:] = [
                replace(era, device_seen_ms=device_ms) if era.id == era_id else era
                for era in eras
            ]

    async def earliest_by_era(self, camera: CameraKey) -> Mapping[int, int]:
        return self.earliest[camera]

    async def set_earliest(
        self, camera: CameraKey, era_id: int, device_ms: int
    ) -> None:
        self.earliest[camera][era_id] = device_ms

    async def policy(self, nvr: NvrKey) -> DevicePolicy:
        self._check()
        return self.policies.get(nvr, DevicePolicy())

    async def set_policy(self, nvr: NvrKey, policy: DevicePolicy) -> None:
        self.policies[nvr] = policy

    async def high_water_ms(self, camera: CameraKey) -> int | None:
        self._check()
        return self.book(camera).high_water_ms

    async def set_high_water_ms(self, camera: CameraKey, utc_ms: int) -> None:
        self.book(camera).high_water_ms = utc_ms

    async def wants(self, nvr: NvrKey) -> tuple[Want, ...]:
        self._check()
        return tuple(self.open_wants.values())

    async def add_want(self, camera: CameraKey, wanted: TimeRange, note: str) -> Want:
        want = Want(next(self._ids), camera, wanted, self.clock.now_ms(), note)
        self.open_wants[want.id] = want
        book = self.book(camera)
        book.entries = span_rules.repaint_entries(
            book.entries,
            (wanted,),
            span_rules.only(
                frozenset({CoverageState.REMOVED}),
                span_rules.Entry(0, 0, CoverageState.ON_DEVICE, "requested"),
            ),
        )
        return want

    async def close_want(self, want_id: int, outcome: str) -> None:
        del self.open_wants[want_id]
        self.closed_wants[want_id] = outcome

    async def add_marks(self, camera: CameraKey, marks: Sequence[EventMark]) -> None:
        self._check()
        self.book(camera).marks.extend(marks)

    async def marks(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[EventMark, ...]:
        return tuple(
            mark
            for mark in self.book(camera).marks
            if mark.range.start_ms < window.end_ms
            and mark.range.end_ms >= window.start_ms
        )

    async def begin_run(self, nvr: NvrKey, kind: RunKind) -> int:
        run_id = next(self._ids)
        self.run_kinds[run_id] = kind
        return run_id

    async def end_run(self, run_id: int, result: RunResult) -> None:
        self.run_results[run_id] = result

    async def clips(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        return tuple(
            sorted(
                (
                    clip
                    for clip in self.book(camera).clips
                    if clip.facts.range.overlaps(window)
                ),
                key=lambda clip: clip.facts.range,
            )
        )

    def kept_from_ms(self, camera: CameraKey) -> int | None:
        return self.kept_from

    def storage_problem(self, camera: CameraKey) -> NvrError | None:
        return self.problem

    def sink(self, camera: CameraKey) -> FakeSink:
        return FakeSink(self)

    def keep(self, start: ClipStart, facts: ClipFacts) -> None:
        """Complete a clip; what overlaps one kept before would be kept twice."""
        book = self.book(start.camera)
        assert not intersection(book.kept, (facts.range,)), "footage kept twice"
        book.clips.append(
            Clip(
                next(self._ids),
                start.camera,
                ClipState.COMPLETE,
                1,
                "x",
                facts,
                created_ms=self.clock.now_ms(),
            )
        )
        book.entries = span_rules.repaint_entries(
            book.entries, (facts.range,), span_rules.erased
        )


class FakeSink(ClipSink):
    """Completes clips in the fake library."""

    def __init__(self, library: FakeLibrary) -> None:
        self._library = library
        self._ids = count(1)

    @override
    def open(self, start: ClipStart) -> ClipTarget:
        self.check_room(ClipTarget(0, Path("part"), start))
        return ClipTarget(next(self._ids), Path("part"), start)

    @override
    def check_room(self, target: ClipTarget) -> None:
        if self._library.problem is not None:
            raise NvrError(ErrorKind.STORAGE_FULL)

    @override
    def finish(self, target: ClipTarget, facts: ClipFacts) -> None:
        self._library.keep(target.start, facts)

    @override
    def abandon(self, target: ClipTarget, reason: str) -> None:
        """Forget it: nothing was written."""
