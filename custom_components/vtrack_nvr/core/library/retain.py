"""Retention, carried out: gathers the cases, asks the pure plan, deletes in two phases."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
import logging
import sqlite3
import threading

from ..intervals import TimeRange
from ..models import CameraKey
from . import deletion
from .guard import Root
from .retention import CameraCase, Candidate, RootCase, plan
from .rows import retention_of
from .store import Store
from .values import (
    DAY_MS,
    DeleteCause,
    LibraryEvent,
    LibraryEventKind,
    PlannedDeletion,
    RetentionPlan,
)

_LOGGER = logging.getLogger(__name__)

_PATIENCE_S = 1.0
"""How often it is looked whether a root that deletes still answers."""


class Retainer:
    """Runs one at a time; `braked` and `full_roots` tell of the last run."""

    def __init__(self, store: Store) -> None:
        """Retain within a library."""
        self._store = store
        self._lock = threading.Lock()
        self._clock_base = self._clock_difference()
        self.braked: RetentionPlan | None = None
        self.full_roots: tuple[int, ...] = ()

    def plan(self) -> RetentionPlan:
        """Return what a run would do now; blocks on the index only."""
        store = self._store
        now_ms = store.clock.now_ms()
        roots = self._root_cases(now_ms)
        needs = {root.root_id: root.needed_bytes for root in roots}
        cameras = [
            store.read(lambda c, k=key: _camera_case(c, k, now_ms))  # type: ignore[misc]
            for key in store.read(_camera_ids)
        ]
        extra = store.read(lambda c: _oldest_on(c, needs))
        cases = [_with(case, extra) for case in cameras]
        difference = abs(self._clock_difference() - self._clock_base)
        return plan(
            cases,
            [root for root in roots if root.needed_bytes > 0],
            store.bounds,
            now_ms,
            clock_jumped=difference > store.bounds.clock_jump_ms,
        )

    def run(self, confirm: str = "") -> RetentionPlan:
        """Do what is due, but what the brake holds and `confirm` does not name; blocks.

        What aged or went over a limit can be brought back for the undo window; where a
        root needs room, files go at once.
        """
        store = self._store
        with self._lock:
            self._free_trash()
            made = self.plan()
            is_confirmed = bool(made.token) and confirm == made.token
            held = (
                frozenset()
                if is_confirmed
                else frozenset(item.camera for item in made.braked)
            )
            due = [item for item in made.deletions if item.camera not in held]
            if is_confirmed and self.braked is not None:
                due = _confirmed(due, made, self.braked)
            self._trash(due)
            self._settle(made, held)
            self._free_trash()
            self.braked = made if held else None
            self.full_roots = made.full_roots
            if not made.deletions or is_confirmed:
                self._clock_base = self._clock_difference()
            for item in made.cameras:
                if item.clips:
                    _LOGGER.info(
                        "Retention of %s: %d clips, %d MB, because of %s%s",
                        item.camera,
                        item.clips,
                        item.bytes // 1_000_000,
                        ", ".join(f"{c} ({n})" for c, n in item.by_cause.items()),
                        f"; held: {item.brake}" if item.camera in held else "",
                    )
        store.tell(LibraryEvent(LibraryEventKind.RETENTION))
        return made

    def _trash(self, due: Sequence[PlannedDeletion]) -> None:
        store = self._store
        step = store.bounds.delete_batch
        for cause in DeleteCause:
            ids = [item.clip_id for item in due if item.cause is cause]
            for start in range(0, len(ids), step):
                if store.stopping.is_set():
                    return
                batch = ids[start : start + step]
                now_ms = store.clock.now_ms()
                gone = store.write(
                    lambda c, b=batch, w=cause, n=now_ms: deletion.trash(c, b, w, n)  # type: ignore[misc]
                )
                for clip in gone:
                    store.tell(
                        LibraryEvent(
                            LibraryEventKind.CLIP_REMOVED,
                            clip.camera,
                            clip.id,
                            clip.root_id,
                        )
                    )

    def _settle(self, made: RetentionPlan, held: frozenset[CameraKey]) -> None:
        """Remember under which limits this run was, for those it was not held for."""
        store = self._store

        def run(connection: sqlite3.Connection) -> None:
            for item in made.cameras:
                if item.camera not in held:
                    connection.execute(
                        "update camera set applied_retention = retention,"
                        " retained_ms = ? where key = ?",
                        (made.made_ms, item.camera),
                    )
            if not held:
                connection.execute("update root set applied_floor_bytes = floor_bytes")

        store.write(run)

    def _free_trash(self) -> None:
        """Let files of the trash go: what is past its time, all where room is needed."""
        store = self._store
        now_ms = store.clock.now_ms()
        needy = {case.root_id for case in self._root_cases(now_ms) if case.needed_bytes}
        pending: dict[Future[int], Root] = {}
        for root in store.guard.roots():
            if not store.guard.is_usable(root):
                continue
            before_ms = now_ms - (0 if root.id in needy else store.bounds.undo_ms)
            future = root.worker.submit(
                lambda r=root.id, b=before_ms: deletion.empty_trash(  # type: ignore[misc]
                    store, before_ms=b, root_id=r
                )
            )
            pending[future] = root
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
        for root in store.guard.roots():
            if root.id in needy and store.guard.is_usable(root):
                store.guard.measure(root)

    def _root_cases(self, now_ms: int) -> list[RootCase]:
        store = self._store
        rows = store.read(
            lambda c: {
                row["id"]: row
                for row in c.execute(
                    "select id, floor_bytes, applied_floor_bytes from root"
                )
            }
        )
        written: dict[int, int] | None = None
        cases: list[RootCase] = []
        for root in store.guard.roots():
            if (
                root.space is None
                or root.id not in rows
                or not store.guard.is_usable(root)
            ):
                continue
            margin = store.bounds.floor_margin_bytes
            free = root.space.free_bytes
            floor = store.floor_of(root)
            is_low = free < floor + margin // 2
            if is_low and written is None:
                written = store.read(lambda c: _written_by_root(c, now_ms))
            cases.append(
                RootCase(
                    root_id=root.id,
                    needed_bytes=floor + margin - free if is_low else 0,
                    written_bytes=(written or {}).get(root.id, 0),
                    floor_bytes=root.floor_bytes,
                    applied_floor_bytes=rows[root.id]["applied_floor_bytes"],
                )
            )
        return cases

    def _clock_difference(self) -> int:
        clock = self._store.clock
        return clock.now_ms() - int(clock.monotonic() * 1000)


def _confirmed(
    due: Sequence[PlannedDeletion], made: RetentionPlan, shown: RetentionPlan
) -> list[PlannedDeletion]:
    """Return what a person has seen, and what has aged beyond that since.

    For cameras that nobody was asked about, everything.
    """
    asked = {item.camera for item in made.braked}
    seen = {item.clip_id for item in shown.deletions}
    newest = {item.camera: item.newest_ms or 0 for item in shown.cameras}
    return [
        item
        for item in due
        if item.camera not in asked
        or item.clip_id in seen
        or (
            item.cause is DeleteCause.AGE
            and item.range.end_ms > newest.get(item.camera, item.range.end_ms)
        )
    ]


def _camera_ids(connection: sqlite3.Connection) -> list[int]:
    return [
        row[0] for row in connection.execute("select id from camera where clips > 0")
    ]


def _candidate(row: sqlite3.Row, key: CameraKey) -> Candidate:
    return Candidate(
        row["id"],
        key,
        row["root_id"],
        TimeRange(row["start_ms"], row["end_ms"]),
        row["size_bytes"],
        row["created_ms"],
        bool(row["is_protected"]),
    )


def _camera_case(
    connection: sqlite3.Connection, camera_id: int, now_ms: int
) -> CameraCase:
    """Return a camera with its oldest clips, as far as its own limits may reach."""
    camera = connection.execute(
        "select * from camera where id = ?", (camera_id,)
    ).fetchone()
    key = CameraKey(camera["key"])
    wanted = retention_of(camera["retention"])
    applied = retention_of(camera["applied_retention"])
    before_ms = -1 if wanted.days is None else int(now_ms - wanted.days * DAY_MS)
    excess = (
        0 if wanted.max_bytes is None else max(0, camera["bytes"] - wanted.max_bytes)
    )
    clips: list[Candidate] = []
    for row in connection.execute(
        "select id, root_id, start_ms, end_ms, size_bytes, created_ms, is_protected"
        " from clip where state = 'complete' and camera_id = ? order by start_ms, id",
        (camera_id,),
    ):
        if row["start_ms"] >= before_ms and excess <= 0:
            break
        clips.append(_candidate(row, key))
        if not row["is_protected"]:
            excess -= row["size_bytes"]
    last_run_ms = camera["retained_ms"]
    written = 0
    if wanted.max_bytes is not None and last_run_ms is not None:
        written = connection.execute(
            "select coalesce(sum(size_bytes), 0) from clip where state = 'complete'"
            " and camera_id = ? and created_ms >= ?",
            (camera_id, last_run_ms),
        ).fetchone()[0]
    return CameraCase(
        camera=key,
        wanted=wanted,
        applied=applied,
        last_run_ms=last_run_ms,
        clips=clips,
        bytes=camera["bytes"],
        written_bytes=written,
    )


def _oldest_on(
    connection: sqlite3.Connection, needs: dict[int, int]
) -> dict[CameraKey, list[Candidate]]:
    """Return the oldest clips of roots that need room, enough of them and some more."""
    found: dict[CameraKey, list[Candidate]] = {}
    for root_id, needed in needs.items():
        if needed <= 0:
            continue
        left = 2 * needed
        for row in connection.execute(
            "select clip.*, camera.key as camera_key from clip join camera"
            " on camera.id = clip.camera_id where clip.state = 'complete'"
            " and clip.root_id = ? and clip.is_protected = 0"
            " order by clip.start_ms, clip.id",
            (root_id,),
        ):
            if left <= 0:
                break
            key = CameraKey(row["camera_key"])
            found.setdefault(key, []).append(_candidate(row, key))
            left -= row["size_bytes"]
    return found


def _with(case: CameraCase, extra: dict[CameraKey, list[Candidate]]) -> CameraCase:
    more = extra.get(case.camera)
    if not more:
        return case
    clips = {clip.id: clip for clip in (*case.clips, *more)}
    ordered = sorted(clips.values(), key=lambda clip: (clip.range.start_ms, clip.id))
    return CameraCase(
        case.camera,
        case.wanted,
        case.applied,
        case.last_run_ms,
        ordered,
        case.bytes,
        case.written_bytes,
    )


def _written_by_root(connection: sqlite3.Connection, now_ms: int) -> dict[int, int]:
    """Return what was written to each root since the last run (at most for a day)."""
    rows = connection.execute(
        "select clip.root_id, sum(clip.size_bytes) from camera join clip"
        " on clip.camera_id = camera.id and clip.state = 'complete'"
        " and clip.created_ms >= max(coalesce(camera.retained_ms, 0), ?)"
        " group by clip.root_id",
        (now_ms - DAY_MS,),
    )
    return {row[0]: row[1] for row in rows}
