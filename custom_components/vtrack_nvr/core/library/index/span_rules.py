"""The rules of the coverage ledger (design §2, §3): pure functions of spans.

A time line is a list of `Entry`, in order, not overlapping, *kept* never among them (it
follows from the clips). A rule says what an entry, or unknown time (None), becomes.
"""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...intervals import Ranges, TimeRange, cut, difference, intersection
from ...ledger import ABSENT_NOT_LISTED, LOST_OVERWRITTEN, HoleSum, SweepFindings
from ...models import CoverageSpan, CoverageState
from ..upkeep_values import LIMIT_CAUSES

S = CoverageState

_MANY = 400
"""Stretches in one look at a time line."""


class Entry(NamedTuple):
    """A stretch of the time line in one state; the fields of a row of `coverage`."""

    start_ms: int
    end_ms: int
    state: CoverageState
    reason: str = ""
    next_try_ms: int | None = None
    attempts: int = 0
    run_id: int | None = None
    changed_ms: int = 0

    @property
    def content(self) -> tuple[CoverageState, str, int | None, int]:
        """Return what makes two touching entries one."""
        return (self.state, self.reason, self.next_try_ms, self.attempts)

    def span(self) -> CoverageSpan:
        """Return it as callers see it."""
        return CoverageSpan(
            self.state,
            TimeRange(self.start_ms, self.end_ms),
            self.reason,
            self.next_try_ms,
            self.attempts,
        )


type Rule = Callable[[Entry | None], Entry | None]
"""What a stretch becomes; the times of what it returns do not matter."""


def repaint_entries(
    entries: Sequence[Entry], ranges: Iterable[TimeRange], rule: Rule
) -> list[Entry]:
    """Apply a rule to every stretch inside the ranges; the rest stays as it is.

    Touching entries of equal content become one, with the newer cause.
    """
    painted: list[Entry] = []
    targets = sorted(item for item in ranges if not item.is_empty)
    borders: set[int] = set()
    for item in targets:
        borders.update((item.start_ms, item.end_ms))
    cuts = sorted(borders)
    position = 0
    pieces: list[Entry] = []
    for entry in entries:
        start_ms = entry.start_ms
        while position < len(cuts) and cuts[position] <= start_ms:
            position += 1
        at = position
        while at < len(cuts) and cuts[at] < entry.end_ms:
            pieces.append(entry._replace(start_ms=start_ms, end_ms=cuts[at]))
            start_ms = cuts[at]
            at += 1
        pieces.append(entry._replace(start_ms=start_ms))
    index = 0
    for target in targets:
        while index < len(pieces) and pieces[index].end_ms <= target.start_ms:
            painted.append(pieces[index])
            index += 1
        now_ms = target.start_ms
        while index < len(pieces) and pieces[index].start_ms < target.end_ms:
            piece = pieces[index]
            _put(painted, rule(None), now_ms, piece.start_ms)
            _put(painted, rule(piece), piece.start_ms, piece.end_ms)
            now_ms = piece.end_ms
            index += 1
        _put(painted, rule(None), now_ms, target.end_ms)
    painted += pieces[index:]
    return _joined(painted)


def _put(painted: list[Entry], entry: Entry | None, start_ms: int, end_ms: int) -> None:
    if entry is not None and start_ms < end_ms:
        painted.append(entry._replace(start_ms=start_ms, end_ms=end_ms))


def _joined(entries: Iterable[Entry]) -> list[Entry]:
    joined: list[Entry] = []
    for entry in entries:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.end_ms == entry.start_ms
            and last.content == entry.content
        ):
            newer = max(last, entry, key=lambda item: item.changed_ms)
            joined[-1] = newer._replace(start_ms=last.start_ms, end_ms=entry.end_ms)
        else:
            joined.append(entry)
    return joined


def erased(_old: Entry | None) -> Entry | None:
    """Return nothing: a complete clip covers the stretch now."""
    return None


def becomes(new: Entry, *, unless: frozenset[CoverageState] = frozenset()) -> Rule:
    """Return the rule that everything becomes `new`, but what is in `unless`."""

    def rule(old: Entry | None) -> Entry | None:
        return old if old is not None and old.state in unless else new

    return rule


def only(states: frozenset[CoverageState], new: Entry) -> Rule:
    """Return the rule that what is in `states` becomes `new` and the rest stays."""

    def rule(old: Entry | None) -> Entry | None:
        return new if old is not None and old.state in states else old

    return rule


def marked(new: Entry) -> Rule:
    """Return the rule of `mark`: anything becomes `new`, but *removed* stays removed."""
    return becomes(new, unless=frozenset({S.REMOVED}))


def listed(cause: Entry) -> Rule:
    """Return the rule for wanted footage that the device says it holds.

    *Absent* stays where a fetch found the hole (any reason but "not listed"): otherwise
    it would be fetched for ever. What a limit removed is wanted again: there is room now.
    """
    new = cause._replace(state=S.ON_DEVICE)

    def rule(old: Entry | None) -> Entry | None:
        if old is None or old.state in {S.LOST, S.MISSING, S.NOT_WANTED}:
            return new
        if old.state is S.ABSENT and old.reason == ABSENT_NOT_LISTED:
            return new
        if old.state is S.REMOVED and old.reason in LIMIT_CAUSES:
            return new
        return old

    return rule


def unwanted(cause: Entry, *, is_present: bool) -> Rule:
    """Return the rule for time outside what is wanted."""
    new = cause._replace(state=S.NOT_WANTED)

    def rule(old: Entry | None) -> Entry | None:
        if old is None:
            return new if is_present else None
        if old.state in {S.FETCHING, S.REMOVED, S.ABSENT}:
            is_false = old.state is S.ABSENT and old.reason == ABSENT_NOT_LISTED
            return new if is_false and is_present else old
        return new

    return rule


def unlisted(cause: Entry) -> Rule:
    """Return the rule for time that a complete listing does not name."""
    new = cause._replace(state=S.ABSENT, reason=ABSENT_NOT_LISTED)
    return lambda old: new if old is None else old


def swept(
    entries: Sequence[Entry], kept: Ranges, findings: SweepFindings, cause: Entry
) -> list[Entry]:
    """Return the time line of the window after a search (design §2).

    Without proof nothing becomes *absent*. Time before the device's earliest footage
    stays unknown: that nothing is there now does not say that nothing was. Entries may
    reach over the window's borders; what lies outside stays.
    """
    window = (findings.window,)
    free = difference(window, kept)
    present = intersection(free, findings.present)
    missing = difference(free, findings.present)
    wanted = free if findings.wanted is None else intersection(free, findings.wanted)
    result = repaint_entries(entries, intersection(present, wanted), listed(cause))
    result = repaint_entries(
        result, difference(present, wanted), unwanted(cause, is_present=True)
    )
    if findings.wanted is not None:
        result = repaint_entries(
            result, difference(missing, wanted), unwanted(cause, is_present=False)
        )
    known = _listed_range(findings)
    if known is not None:
        result = repaint_entries(
            result, intersection(missing, (known,)), unlisted(cause)
        )
    return result


def by_days(findings: SweepFindings, day_ms: int) -> Iterator[SweepFindings]:
    """Return the same findings, each for itself; many of them day by day."""
    if len(findings.present) <= _MANY:
        yield findings
        return
    for window in cut(findings.window, day_ms):
        yield replace(
            findings,
            window=window,
            present=intersection(findings.present, (window,)),
            wanted=(
                None
                if findings.wanted is None
                else intersection(findings.wanted, (window,))
            ),
        )


def held_together(sums: Iterable[HoleSum]) -> tuple[HoleSum, ...]:
    """Return sums of holes with those of one reason together, oldest first."""
    found: dict[tuple[CoverageState, str, bool], HoleSum] = {}
    for item in sums:
        key = (item.state, item.reason, item.is_given_up)
        old = found.get(key)
        found[key] = (
            item
            if old is None
            else replace(
                old,
                ms=old.ms + item.ms,
                first_ms=min(old.first_ms, item.first_ms),
                changed_ms=min(old.changed_ms, item.changed_ms),
            )
        )
    return tuple(sorted(found.values(), key=lambda item: item.first_ms))


def _listed_range(findings: SweepFindings) -> TimeRange | None:
    """Return the time about which the listing is proof, None where it proves nothing."""
    if not findings.is_proof or findings.device_earliest_ms is None:
        return None
    start_ms = max(findings.window.start_ms, findings.device_earliest_ms)
    end_ms = findings.window.end_ms
    if findings.device_latest_ms is not None:
        end_ms = min(end_ms, findings.device_latest_ms)
    return TimeRange(start_ms, end_ms) if start_ms < end_ms else None


def held_since(
    since_ms: int | None,
    oldest_ms: int | None,
    newest_ms: int | None,
    findings: SweepFindings,
) -> int | None:
    """Return from when on the device's footage is one history, without a break.

    A ring that overwrites its oldest moves its earliest forward, but never past what was
    newest before. A jump past it (formatted card, swapped disk) begins another history,
    and so does any advance without proof. Nothing older can ever be proven lost.
    """
    earliest_ms = findings.device_earliest_ms
    if earliest_ms is None:
        return since_ms
    if since_ms is None or earliest_ms < since_ms:
        return earliest_ms
    if newest_ms is not None and earliest_ms >= newest_ms:
        return max(since_ms, earliest_ms)
    if not findings.is_proof and (oldest_ms is None or earliest_ms > oldest_ms):
        return max(since_ms, earliest_ms)
    return since_ms


def overwritten(since_ms: int | None, findings: SweepFindings) -> TimeRange | None:
    """Return the time whose footage the device is proven to have dropped, if any."""
    earliest_ms = findings.device_earliest_ms
    if not findings.is_proof or earliest_ms is None or since_ms is None:
        return None
    return TimeRange(since_ms, earliest_ms) if since_ms < earliest_ms else None


def lost(cause: Entry) -> Rule:
    """Return the rule for time the device has overwritten."""
    new = cause._replace(state=S.LOST, reason=LOST_OVERWRITTEN)
    return only(frozenset({S.ON_DEVICE, S.FAILED}), new)


def forgotten(
    entries: Sequence[Entry],
    busy: Ranges,
    window: TimeRange,
    new: Entry,
    *,
    is_on_device: bool,
) -> list[Entry]:
    """Return a time line whose window lies before all limits and before the device's oldest.

    All of it but what is `busy` (kept, or asked for) becomes `new`: nothing in it can be
    fetched any more, and what it was counts in no percentage. Where the device does not
    tell its oldest (`is_on_device` False), what it may still hold stays.
    """
    stays = {S.FETCHING}
    if not is_on_device:
        stays |= {S.ON_DEVICE, S.FAILED, S.MISSING, S.NOT_WANTED}
    return repaint_entries(
        entries, difference((window,), busy), becomes(new, unless=frozenset(stays))
    )


def condensed(entries: Sequence[Entry], busy: Ranges, window: TimeRange) -> list[Entry]:
    """Return a time line whose *removed* and *not wanted* stretches are joined.

    Inside the window two of one cause become one where only time without footage lies
    between them: recorders that record by events leave a thousand a day.
    """
    done: list[Entry] = []
    last: Entry | None = None
    between: list[Entry] = []
    for entry in entries:
        is_inside = window.start_ms <= entry.start_ms and entry.end_ms <= window.end_ms
        if is_inside and (entry.state, entry.reason) == (S.ABSENT, ABSENT_NOT_LISTED):
            between.append(entry)
            continue
        if (
            is_inside
            and last is not None
            and last.content == entry.content
            and not _touches(busy, last.end_ms, entry.start_ms)
        ):
            last = entry._replace(start_ms=last.start_ms)
        else:
            done += [*([last] if last is not None else ()), *between]
            is_joined = is_inside and entry.state in {S.REMOVED, S.NOT_WANTED}
            last = entry if is_joined else None
            if last is None:
                done.append(entry)
        between = []
    return [*done, *([last] if last is not None else ()), *between]


def joinable_ms(entries: Sequence[Entry], window: TimeRange) -> int:
    """Return where the stretch begins that what follows the window may join."""
    for entry in reversed(entries):
        if entry.end_ms > window.end_ms:
            continue
        if entry.start_ms < window.start_ms:
            break
        if entry.state in {S.REMOVED, S.NOT_WANTED}:
            return entry.start_ms
        if entry.state is not S.ABSENT:
            break
    return window.end_ms


def _touches(ranges: Ranges, start_ms: int, end_ms: int) -> bool:
    """Return whether one of the ranges reaches into a stretch."""
    at = bisect.bisect_left(ranges, end_ms, key=lambda item: item.start_ms)
    return at > 0 and ranges[at - 1].end_ms > start_ms
