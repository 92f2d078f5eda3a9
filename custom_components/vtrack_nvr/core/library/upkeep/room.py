"""Makes room on storage roots, each by itself, as soon as it is needed.

What is decided is in `account.py`; here it is looked up, done, and looked at again.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
import logging
import sqlite3
import threading
from typing import Protocol

from ...errors import ErrorKind, NvrError
from ...models import CameraKey
from ..context import DAY_S, LibraryContext
from ..guard import Root
from ..index import clip_rows, room_rows
from ..index.room_rows import candidate
from ..upkeep_values import DeleteCause, RoomTrouble
from ..values import GIGABYTE, LibraryEvent, LibraryEventKind
from . import account, deletion
from .account import ClipCase, DeletionVerdict, RootCase
from .transfer import Mover

_LOGGER = logging.getLogger(__name__)

_PAGES = 25
"""So many pages of the oldest clips are looked at for some that may go."""
_WRITTEN_S = 60.0
"""How long the sum of what was written in a day is good for."""
_PROBE = 5
"""So many clips at most are deleted to see whether deleting helps again."""
_DENIALS = 2
_RETRY_S = 60.0
"""After so many seconds a storage that was full is written to again, come what may."""
_TIGHT_SHARE = 50
_TIGHT_BYTES = 10 * GIGABYTE


@dataclass(slots=True)
class _State:
    """What is remembered of a root between looks, all on the steady clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    running: Future[None] | None = None
    deleted: int = 0
    """Bytes deleted since it was last seen that deleting helps."""
    free: int | None = None
    """What was free before that."""
    since: float = 0.0
    since_ms: int = 0
    shown: int = 0
    """What became free while files were deleted."""
    deleted_at: float = 0.0
    finished: int = 0
    """How many clips had been completed when something was deleted last."""
    refusals: int = 0
    """How many files in a row could not be removed."""
    echoes: int = 0
    denials: int = 0
    """How often a write found no room although something had been deleted for it."""
    is_denied: bool = False
    """Writes found no room whatever was deleted: only one that ends well says otherwise."""
    pause: float = 0.0
    """Above 0: deleting did not help, or was refused."""
    rests_until: float = 0.0
    low_since: float | None = None
    written: int = 0
    written_at: float | None = None


class SpentClock(Protocol):
    """The time by which what was deleted is counted against a day's budget."""

    def at[T](self, function: Callable[[int], T]) -> T:
        """Call it with the time of now; no jump of the clock is noticed meanwhile."""
        ...


class _SteadyClock:
    """A clock that does not jump."""

    def __init__(self, store: LibraryContext) -> None:
        self._store = store

    def at[T](self, function: Callable[[int], T]) -> T:
        return function(self._store.clock.now_ms())


class RoomMaker:
    """One for all roots; `wake` never blocks, `make` does."""

    def __init__(self, store: LibraryContext, mover: Mover) -> None:
        """Make room in a library; what is due elsewhere is moved first."""
        self._store = store
        self._mover = mover
        self._states: dict[int, _State] = {}
        self._lock = threading.RLock()
        self.clock: SpentClock = _SteadyClock(store)
        """By what time the budget is counted; retention has one that notices jumps."""
        store.require_room = self.require

    def wake(self, root: Root) -> Future[None]:
        """Queue a look at a root's account, unless one is queued; returns when it is over."""
        state = self._state(root)
        with self._lock:
            if state.running is None or state.running.done():
                state.running = root.roomer.submit(self._try, root)
            return state.running

    def require(self, root: Root) -> None:
        """Return where something may be written; makes room first, and raises why not."""
        guard = self._store.guard
        try:
            guard.check_now(root)
        except NvrError as error:
            if error.kind is not ErrorKind.STORAGE_FULL:
                raise
            wait((self.wake(root),), timeout=self._store.bounds.room_wait)
            guard.check_now(root)

    def make(self, root: Root) -> None:
        """Make the room that is needed, as long as deleting helps; raises storage errors."""
        store, state = self._store, self._state(root)
        with state.lock:
            while not store.stopping.is_set() and deletion.is_usable(store, root.id):
                store.guard.measure(root)
                if not self._step(root, state):
                    return

    def case(self, root: Root, *, with_clips: bool = True) -> RootCase:
        """Return the account of a root; reads the index, touches no disk."""
        store, state = self._store, self._state(root)
        now_ms, bounds = store.clock.now_ms(), store.bounds
        soon, open_clips = store.read(room_rows.soon, root.id, now_ms)
        stuck = store.stuck()
        found = RootCase(
            root_id=root.id,
            free_bytes=root.free_bytes,
            floor_bytes=root.floor_bytes,
            applied_floor_bytes=root.applied_floor_bytes,
            promised_bytes=store.floor_of(root) - root.floor_bytes,
            open_clips=open_clips,
            soon_bytes=soon,
            condemned_bytes=store.read(room_rows.condemned, root.id, stuck),
            written_bytes=self._written(root, state, now_ms),
            spent_bytes=self.clock.at(
                lambda at_ms: store.read(room_rows.spent, root.id, at_ms)
            ),
            is_full=root.full is not None,
            is_resting=store.clock.monotonic() < state.rests_until,
        )
        root.soon_bytes, root.open_clips = soon, open_clips
        root.wanted_bytes = account.target_bytes(found, bounds)
        if not with_clips:
            return found
        raised = max(0, root.floor_bytes - root.applied_floor_bytes)
        needed = account.gap_bytes(found, bounds) + raised
        return replace(found, clips=self._oldest(root, needed, stuck, state))

    def leaving(self) -> dict[int, tuple[int, int]]:
        """Return before when clips of cameras are due for another storage, and for which.

        None of one that gets no room itself.
        """
        store = self._store
        roots = [
            root.id
            for root in store.guard.roots()
            if root.room is None and deletion.is_usable(store, root.id)
        ]
        now_ms = store.clock.now_ms()
        return store.read(room_rows.leaving, now_ms, roots)

    def note_limits(self) -> None:
        """Find out for every camera what is worth fetching; reads the index."""
        store = self._store
        for camera_id, key, own, second in store.read(room_rows.homes):
            root = store.guard.get(second) if second is not None else None
            try:
                home = root or store.first_root(own)
            except NvrError:
                continue
            is_tight = self._is_tight(home)
            from_ms = store.read(
                room_rows.kept_from_ms, camera_id, home.id, is_tight=is_tight
            )
            if from_ms is not None and from_ms != store.kept_from_ms.get(key):
                now_ms = store.clock.now_ms()
                store.write(room_rows.unwant, camera_id, from_ms, now_ms)
            store.kept_from_ms[key] = from_ms

    def _is_tight(self, root: Root) -> bool:
        """Return whether what is older than all there is would have to go again."""
        if root.space is None:
            return True
        free = root.free_bytes
        if free is None:
            last = root.was_full_at
            return last is not None and self._store.clock.monotonic() - last < DAY_S
        headroom = min(_TIGHT_BYTES, root.space.total_bytes // _TIGHT_SHARE)
        return free < root.wanted_bytes + headroom

    # --- one step ---------------------------------------------------------------------

    def _try(self, root: Root) -> None:
        before = root.room
        try:
            self.make(root)
        except NvrError as error:
            if error.kind is ErrorKind.INDEX_FAILED:
                _LOGGER.warning("Making room on %s: %s", root.name, error)
        except Exception:
            _LOGGER.exception("Making room on %s failed", root.name)
        if root.room is not before:
            if root.room is not None:
                _LOGGER.warning("Storage %s gets no room: %s", root.name, root.room)
            self._store.tell(LibraryEvent(LibraryEventKind.RETENTION, root_id=root.id))

    def _step(self, root: Root, state: _State) -> bool:
        """Look, and delete a batch if that is due; False: nothing more to do now."""
        store, bounds = self._store, self._store.bounds
        now, now_ms = store.clock.monotonic(), store.clock.now_ms()
        case = self.case(root, with_clips=False)
        gap = account.gap_bytes(case, bounds)
        if gap <= 0:
            # one that tells no size has room when something could be written again
            tells_size = case.free_bytes is not None and not state.is_denied
            if tells_size or root.finished > state.finished:
                self._over(root, state)
            return False
        if not account.is_refusing(case):
            state.low_since = None
        elif state.low_since is None:
            state.low_since = now
        if not self._may_delete(root, case, state, now):
            return False
        is_probe = state.pause > 0
        before = root.free_bytes
        gone = self._empty(root)
        if not gone:
            case = self.case(root)
            needed = min(gap, bounds.proof_bytes) if is_probe else gap
            wanted = account.choose(case, needed, bounds, now_ms)
            chosen = account.within(wanted, account.budget_bytes(case, bounds))
            chosen = chosen[: _PROBE if is_probe else bounds.delete_batch]
            gone = self._delete(root, [clip.id for clip in chosen])
            if not gone:
                return self._say_why(root, case, state, wanted, chosen)
        if not state.deleted:
            state.free, state.since, state.shown = before, now, 0
            state.since_ms = now_ms
        state.deleted += gone
        state.finished, state.echoes, state.refusals = root.finished, 0, 0
        state.deleted_at = store.clock.monotonic()
        if root.room in {RoomTrouble.ASKS, RoomTrouble.PROTECTED, RoomTrouble.REFUSED}:
            root.room = None
        free = store.guard.measure(root)
        state.shown += max(0, (free or 0) - (before or 0))
        rest = replace(case, free_bytes=free, is_full=False)
        if root.full is not None and not account.is_refusing(rest):
            store.guard.has_room(root)
            return False  # what is written next tells whether it helped
        return True

    def _may_delete(
        self, root: Root, case: RootCase, state: _State, now: float
    ) -> bool:
        """Judge what was deleted before; False: it did not help, or is not known yet."""
        store, bounds = self._store, self._store.bounds
        if now < state.rests_until:
            if case.is_full and now - (root.was_full_at or 0.0) >= _RETRY_S:
                store.guard.has_room(root)
            return False
        if not state.deleted:
            return True
        if root.finished > state.finished:
            state.denials, state.echoes, state.is_denied = 0, 0, False
        elif case.is_full and (root.was_full_at or 0.0) >= state.deleted_at:
            return self._was_denied(root, state, now - state.deleted_at)
        if case.free_bytes is None or state.free is None:
            gained = state.deleted if root.finished > state.finished else 0
            verdict = DeletionVerdict.HELPED if gained else DeletionVerdict.GO_ON
        else:
            written = max(
                int(case.soon_bytes * (now - state.since) / 600),
                store.read(
                    room_rows.kept_since, root.id, state.since_ms, store.clock.now_ms()
                ),
            )
            gained = max(state.shown, case.free_bytes - state.free + written)
            verdict = account.judge_deletion(
                state.deleted,
                gained,
                now - state.deleted_at,
                bounds,
                is_probe=state.pause > 0,
            )
        if verdict is DeletionVerdict.HELPED and state.is_denied:
            return (
                False  # free space rose; what is written next tells whether it helped
            )
        if verdict is DeletionVerdict.HELPED:
            state.deleted, state.pause = 0, 0.0
            if root.room is RoomTrouble.NOT_FREED:
                root.room = None
        elif verdict is DeletionVerdict.USELESS:
            self._rest(root, state, RoomTrouble.NOT_FREED)
        return verdict in {DeletionVerdict.HELPED, DeletionVerdict.GO_ON}

    def _was_denied(self, root: Root, state: _State, waited: float) -> bool:
        """Return whether to delete on although a write found no room after the last time.

        Writers that failed meanwhile say so late; they are let try again before it counts.
        """
        has_waited = waited >= self._store.bounds.free_wait
        if state.echoes == 0 or (state.echoes == 1 and has_waited):
            state.echoes += 1
            self._store.guard.has_room(root)
            return False
        if not has_waited:
            return False
        state.denials += 1
        if state.denials >= _DENIALS or state.pause > 0:
            state.denials, state.is_denied = 0, True
            self._rest(root, state, RoomTrouble.NOT_FREED)
            return False
        return True

    def _rest(self, root: Root, state: _State, why: RoomTrouble) -> None:
        """Delete nothing more for a while, each time for longer."""
        first = self._store.bounds.useless_pause
        state.deleted = 0
        state.pause = min(max(first, 2 * state.pause), max(first, DAY_S))
        state.rests_until = self._store.clock.monotonic() + state.pause
        root.room = why

    def _over(self, root: Root, state: _State) -> None:
        """Forget all trouble: there is room."""
        state.deleted, state.pause, state.rests_until = 0, 0.0, 0.0
        state.denials, state.low_since, state.is_denied = 0, None, False
        root.room = None

    def _say_why(
        self,
        root: Root,
        case: RootCase,
        state: _State,
        wanted: list[ClipCase],
        chosen: list[ClipCase],
    ) -> bool:
        """Remember why nothing went although there is need; True: try others."""
        state.refusals += len(chosen)
        if chosen and state.refusals < self._store.bounds.delete_batch:
            return True
        if state.refusals:
            state.refusals = 0
            self._rest(root, state, RoomTrouble.REFUSED)
        elif wanted:
            root.room = RoomTrouble.ASKS
        elif any(clip.leaves for clip in case.clips):
            root.room = None  # it is being moved
        else:
            is_refusing = account.is_refusing(case)
            root.room = RoomTrouble.PROTECTED if is_refusing else None
        now = self._store.clock.monotonic()
        if root.full is not None and now - (root.was_full_at or 0.0) >= _RETRY_S:
            self._store.guard.has_room(root)  # somebody else may have made some
        return False

    def _oldest(
        self, root: Root, needed: int, stuck: frozenset[int], state: _State
    ) -> tuple[ClipCase, ...]:
        """Return the oldest clips of a root, enough of them; moves what is due."""
        store = self._store
        if needed <= 0:
            return ()
        now_ms = store.clock.now_ms()
        leaving = self.leaving()
        if leaving and self._moves_fail(state):
            root.room = RoomTrouble.NOT_MOVED
            leaving = {}
        found: list[ClipCase] = []
        after = (-(2**62), 0)
        for _page in range(_PAGES):
            rows = store.read(room_rows.oldest_of_root, root.id, after)
            for row in rows:
                clip = candidate(row, CameraKey(row["camera_key"]), stuck, leaving)
                if not store.may_remove(row):
                    clip = replace(clip, is_stuck=True)
                found.append(clip)
                if account.may_go(clip, store.bounds, now_ms) and not clip.leaves:
                    needed -= clip.size_bytes
            if needed <= 0 or len(rows) < room_rows.PAGE:
                break
            after = (rows[-1]["start_ms"], rows[-1]["id"])
        if any(clip.leaves for clip in found):
            self._mover.start()
        # those that could not be removed before come last, or they would hold up the others
        return tuple(sorted(found, key=lambda clip: clip.id in store.refused))

    def _moves_fail(self, state: _State) -> bool:
        """Return whether moving has not made the room for so long that deleting has to."""
        patience = self._store.bounds.move_patience
        low = state.low_since
        return self._mover.fails_for() >= patience or (
            low is not None and self._store.clock.monotonic() - low >= patience
        )

    def _empty(self, root: Root) -> int:
        """Remove some of what is in the trash; returns the bytes that went."""
        store = self._store
        stuck = store.stuck()
        limit = store.bounds.delete_batch + len(stuck)
        rows = store.read(deletion.condemned_on, root.id, limit)
        rows = [row for row in rows if row["id"] not in stuck]
        gone = deletion.remove_trashed(
            store, root.id, rows[: store.bounds.delete_batch]
        )
        return sum(row["size_bytes"] for row in gone)

    def _delete(self, root: Root, clip_ids: list[int]) -> int:
        """Delete clips for good, at once; returns the bytes that went."""
        store = self._store
        if not clip_ids:
            return 0

        def condemn(connection: sqlite3.Connection, now_ms: int) -> list[sqlite3.Row]:
            gone = deletion.trash(connection, clip_ids, DeleteCause.FLOOR, now_ms)
            for clip in gone:
                room_rows.book(
                    connection,
                    clip.root_id,
                    clip.created_ms,
                    clip.facts.size_bytes,
                    now_ms,
                )
            return clip_rows.rows_of(connection, [clip.id for clip in gone])

        rows = self.clock.at(lambda at_ms: store.write(partial(condemn, now_ms=at_ms)))
        gone = deletion.remove_trashed(store, root.id, rows)
        _LOGGER.info("Storage %s: %d clips went for room", root.name, len(gone))
        return sum(row["size_bytes"] for row in gone)

    def _written(self, root: Root, state: _State, now_ms: int) -> int:
        now = self._store.clock.monotonic()
        if state.written_at is None or now - state.written_at >= _WRITTEN_S:
            since_ms = room_rows.written_since_ms(now_ms)
            state.written = self._store.read(
                room_rows.kept_since, root.id, since_ms, now_ms
            )
            state.written_at = now
        return state.written

    def _state(self, root: Root) -> _State:
        with self._lock:
            return self._states.setdefault(root.id, _State())
