"""Retention, carried out: gathers the account, deletes what nobody has to be asked about."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
import logging
import sqlite3
import threading

from ...intervals import DAY_MS
from ..context import LibraryContext
from ..guard import Root
from ..index import camera_rows, meta, room_rows, root_rows
from ..index.room_rows import candidate
from ..upkeep_values import (
    LIMIT_CAUSES,
    BrakeReason,
    DayPlan,
    DeleteCause,
    PlannedDeletion,
    RetentionPlan,
    RoomTrouble,
)
from ..values import LibraryEvent, LibraryEventKind
from . import account, deletion
from .account import CameraCase, ClipCase, ClockState
from .room import RoomMaker

_LOGGER = logging.getLogger(__name__)

_PATIENCE_S = 1.0
"""How often it is looked whether a root that deletes still answers."""


_CLOCK = "clock"
"""The key of when the clock was last known to be right."""
_CLOCK_KEPT = "clock_kept"
"""The key of whether somebody keeps it right, as far as is known."""


class ClockWatch:
    """Knows whether the host's clock can be believed; may be asked from any thread."""

    def __init__(self, store: LibraryContext) -> None:
        """Believe nothing before the first look."""
        self._store = store
        self._lock = threading.Lock()
        self._base: int | None = None
        """Difference of UTC and steady clock, of which all is well."""
        self._last: int | None = None
        self._since = 0.0
        self._state = ClockState.TRUSTED

    def look(self) -> ClockState:
        """Return how far the clock can be believed; a jump makes no new day's budget."""
        with self._lock:
            return self._look(self._store.clock.now_ms())

    def earliest_ms(self) -> int:
        """Return the time that has come even if a jump of the clock was wrong.

        What ends by itself (an undo window, an export) must not end by such a jump.
        """
        with self._lock:
            now_ms = self._store.clock.now_ms()
            if self._look(now_ms) is ClockState.TRUSTED or self._base is None:
                return now_ms
            return min(now_ms, self._base + int(self._store.clock.monotonic() * 1000))

    def at[T](self, function: Callable[[int], T]) -> T:
        """Call it with the time of now, after a look; no jump is noticed meanwhile.

        What was deleted is booked by hours of the clock: read or booked between a jump
        and its notice, a day's budget would begin anew.
        """
        with self._lock:
            now_ms = self._store.clock.now_ms()
            self._look(now_ms)
            return function(now_ms)

    def _look(self, now_ms: int) -> ClockState:
        store, bounds = self._store, self._store.bounds
        steady = store.clock.monotonic()
        base = now_ms - int(steady * 1000)
        if self._last is None:
            known = store.read(_last_seen)
            self._last = base if known is None else base - (now_ms - known)
            self._base = self._last
            is_start = True
        else:
            is_start = False
        moved_ms = base - self._last
        if abs(moved_ms) > bounds.clock_jump_ms:
            self._since = steady
            if not is_start:
                store.write(room_rows.shift, moved_ms)
        self._last = base
        away_ms = abs(base - (self._base if self._base is not None else base))
        is_long = away_ms >= bounds.clock_ask_ms
        # a wrong clock agrees with the steady one as well: whoever keeps it right says so
        if away_ms <= bounds.clock_jump_ms or (
            steady - self._since >= bounds.clock_wait
            and (not is_long or store.clock.is_synchronised())
        ):
            self._base = base
            self._state = ClockState.TRUSTED
        elif not is_long:
            self._state = ClockState.WAITING
        else:
            self._state = ClockState.JUMPED
        return self._state

    def believe(self) -> None:
        """Take the clock as it is: a person says so."""
        with self._lock:
            self._base = self._last

    def remember(self) -> None:
        """Store that the clock was right just now, for the next start."""
        clock = self._store.clock
        self._store.write(meta.put, _CLOCK, str(clock.now_ms()))
        self._store.write(meta.put, _CLOCK_KEPT, "yes" if clock.was_kept else "no")


def was_clock_kept(connection: sqlite3.Connection) -> bool:
    """Return whether somebody kept the host's clock right, before this start."""
    return meta.get(connection, _CLOCK_KEPT) == "yes"


def _last_seen(connection: sqlite3.Connection) -> int | None:
    last = meta.get(connection, _CLOCK)
    return None if last is None else int(last)


class Retainer:
    """Runs one at a time; `braked` tells of the last run."""

    def __init__(self, store: LibraryContext, room: RoomMaker) -> None:
        """Retain within a library."""
        self._store = store
        self._room = room
        self._lock = threading.Lock()
        self._clock = ClockWatch(store)
        room.clock = self._clock
        store.earliest_ms = self._clock.earliest_ms
        self.braked: RetentionPlan | None = None

    @property
    def full_roots(self) -> tuple[int, ...]:
        """Return the roots at their floor on which nothing may be deleted."""
        return tuple(
            root.id
            for root in self._store.guard.roots()
            if root.room is RoomTrouble.PROTECTED
        )

    def plan(self) -> RetentionPlan:
        """Return what a run would do now; blocks on the index only."""
        store = self._store
        now_ms = store.clock.now_ms()
        roots = {
            root.id: root
            for root in store.guard.roots()
            if deletion.is_usable(store, root.id)
        }
        stuck, leaving = store.stuck(), self._room.leaving()
        cameras = [
            self._camera_case(key, now_ms, stuck, leaving, frozenset(roots))
            for key in store.read(camera_rows.ids_with_clips)
        ]
        return account.plan_deletions(
            cameras,
            [self._room.case(root) for root in roots.values()],
            store.bounds,
            now_ms,
            self._clock.look(),
        )

    def preview(self) -> tuple[DayPlan, ...]:
        """Return what a run would do, by camera and local day; blocks on the index only."""
        return account.days_of(self.plan(), self._store.zone)

    def run(self, confirm: str = "") -> RetentionPlan:
        """Do what is due, but what is held and `confirm` does not name; blocks.

        What aged or went over a limit can be brought back for the undo window; where a
        root needs room, files go at once.
        """
        store = self._store
        with self._lock:
            made = self.plan()
            is_confirmed = bool(made.token) and confirm == made.token
            seen = _seen(made, self.braked) if is_confirmed else frozenset()
            held = [item for item in made.held if item.clip_id not in seen]
            self._trash(
                [
                    item
                    for item in made.deletions
                    if item.clip_id in seen
                    or (item.brake is None and item.cause is not DeleteCause.FLOOR)
                ],
                seen,
            )
            self._settle(made, held, is_confirmed=is_confirmed)
            self._on_roots(self._empty_trash)
            self._on_roots(self._make_room)
            self._room.note_limits()
            self.braked = None
            if held:
                is_all = len(held) == len(made.deletions)
                self.braked = made if is_all else replace(made, deletions=tuple(held))
            self._tell_log(made)
        store.tell(LibraryEvent(LibraryEventKind.RETENTION))
        return made

    def _camera_case(
        self,
        camera_id: int,
        now_ms: int,
        stuck: frozenset[int],
        leaving: dict[int, tuple[int, int]],
        usable: frozenset[int],
    ) -> CameraCase:
        """Return a camera with its oldest clips, as far as its own limits may reach."""
        store = self._store
        case = store.read(room_rows.camera_case, camera_id)
        days, limit = case.wanted.days, case.wanted.max_bytes
        before_ms = -1 if days is None else int(now_ms - days * DAY_MS)
        excess = 0 if limit is None else max(0, case.bytes - limit)
        clips: list[ClipCase] = []
        after = (-(2**62), 0)
        while rows := store.read(room_rows.oldest_of_camera, camera_id, after):
            for row in rows:
                if row["start_ms"] >= before_ms and excess <= 0:
                    return replace(case, clips=clips)
                clip = candidate(row, case.camera, stuck, leaving)
                if clip.root_id not in usable or not store.may_remove(row):
                    clip = replace(clip, is_stuck=True)
                clips.append(clip)
                if account.may_go(clip, store.bounds, now_ms):
                    excess -= clip.size_bytes
            after = (rows[-1]["start_ms"], rows[-1]["id"])
        return replace(case, clips=clips)

    def _trash(self, due: Sequence[PlannedDeletion], confirmed: frozenset[int]) -> None:
        """Put clips in the trash; what nobody confirmed and has not aged is booked."""
        store = self._store
        step = store.bounds.delete_batch
        for cause in DeleteCause:
            ids = [item.clip_id for item in due if item.cause is cause]
            for start in range(0, len(ids), step):
                if store.stopping.is_set():
                    return
                batch = ids[start : start + step]
                now_ms = store.clock.now_ms()

                def condemn(
                    connection: sqlite3.Connection,
                    batch: Sequence[int] = batch,
                    cause: DeleteCause = cause,
                    now_ms: int = now_ms,
                ) -> list[LibraryEvent]:
                    gone = deletion.trash(connection, batch, cause, now_ms)
                    for clip in gone:
                        if cause in LIMIT_CAUSES and clip.id not in confirmed:
                            room_rows.book(
                                connection,
                                clip.root_id,
                                clip.created_ms,
                                clip.facts.size_bytes,
                                now_ms,
                            )
                    return [
                        LibraryEvent(
                            LibraryEventKind.CLIP_REMOVED,
                            clip.camera,
                            clip.id,
                            clip.root_id,
                        )
                        for clip in gone
                    ]

                for event in store.write(condemn):
                    store.tell(event)

    def _settle(
        self,
        made: RetentionPlan,
        held: Sequence[PlannedDeletion],
        *,
        is_confirmed: bool,
    ) -> None:
        """Remember under which limits this run was, and that the clock was right."""
        store = self._store
        if is_confirmed:
            self._clock.believe()
        asked = {
            item.camera
            for item in held
            if item.brake is BrakeReason.STRICTER
            and item.cause is not DeleteCause.FLOOR
            and not is_confirmed
        }
        raised = {
            item.root_id
            for item in held
            if item.brake is BrakeReason.STRICTER
            and item.cause is DeleteCause.FLOOR
            and not is_confirmed
        }

        def run(connection: sqlite3.Connection) -> None:
            for item in made.cameras:
                if item.camera not in asked:
                    camera_rows.apply_retention(connection, item.camera, made.made_ms)
            for root in store.guard.roots():
                if root.id not in raised:
                    root_rows.apply_floor(connection, root.id)

        store.write(run)
        for root in store.guard.roots():
            if root.id not in raised:
                root.applied_floor_bytes = root.floor_bytes
        if self._clock.look() is ClockState.TRUSTED:
            self._clock.remember()

    def _empty_trash(self, root: Root) -> Future[object]:
        """Let the files go that are past their time."""
        store = self._store
        before_ms = store.earliest_ms() - store.bounds.undo_ms
        return root.worker.submit(
            deletion.empty_trash, store, before_ms=before_ms, root_id=root.id
        )

    def _make_room(self, root: Root) -> Future[None]:
        self._room.case(root, with_clips=False)
        return self._room.wake(root)

    def _on_roots[T](self, start: Callable[[Root], Future[T]]) -> None:
        """Do something on all usable roots at once, each on a thread of its own."""
        store = self._store
        pending = {
            start(root): root
            for root in store.guard.roots()
            if deletion.is_usable(store, root.id)
        }
        while pending and not store.stopping.is_set():
            done, left = wait(pending, timeout=_PATIENCE_S)
            for future in done:
                future.result()
            # a root that stopped answering keeps its own thread, not this one
            pending = {
                future: pending[future]
                for future in left
                if store.guard.is_usable(pending[future])
            }

    @staticmethod
    def _tell_log(made: RetentionPlan) -> None:
        for item in made.cameras:
            if item.clips:
                _LOGGER.info(
                    "Retention of %s: %d clips, %d MB, because of %s%s",
                    item.camera,
                    item.clips,
                    item.bytes // 1_000_000,
                    ", ".join(f"{c} ({n})" for c, n in item.by_cause.items()),
                    f"; held: {item.brake}" if item.brake else "",
                )


def _seen(made: RetentionPlan, shown: RetentionPlan | None) -> frozenset[int]:
    """Return what is held and a person has seen, and what has aged beyond that since."""
    if shown is None:
        return frozenset(item.clip_id for item in made.held)
    seen = {item.clip_id for item in shown.deletions}
    newest = {item.camera: item.newest_ms or 0 for item in shown.cameras}
    return frozenset(
        item.clip_id
        for item in made.held
        if item.clip_id in seen
        or (
            item.cause is DeleteCause.AGE
            and item.range.end_ms > newest.get(item.camera, item.range.end_ms)
        )
    )
