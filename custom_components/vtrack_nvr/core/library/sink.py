"""Where writers hand their clips over: row first, name last (design §3).

The numbered steps are those of `docs/design/library.md`; power-cut tests stop at each.
"""

import contextlib
from dataclasses import replace
import sqlite3
from typing import override

from ..clip_sink import ClipSink, ClipStart, ClipTarget
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..models import CameraKey, ClipFacts, ClipProblem, ClipSource
from .context import LibraryContext, absolute, root_for
from .guard import Root
from .index import camera_rows, clip_rows, room_rows
from .index.camera_rows import camera_folder
from .index.journal_facts import note_clip
from .naming import clip_path, part_path
from .values import LibraryEvent, LibraryEventKind

_LOOKS = 3
_AT_ONCE_S = 0.05
_LOOK_PAUSE_S = 0.3
"""Short enough for a live stream to wait in its socket."""


class LibrarySink(ClipSink):
    """Takes the clips of one camera; see `ClipSink` for the contract."""

    def __init__(self, store: LibraryContext, camera: CameraKey) -> None:
        """Serve one camera."""
        self._store = store
        self._camera = camera

    @override
    def open(self, start: ClipStart) -> ClipTarget:
        store = self._store
        root = root_for(store, self._camera)
        with store.on(root):
            store.root(root.id)
            self._look(root)
        given = start
        start, lead_ms = self._dated(given)
        if root.id not in store.opened:
            raise NvrError(
                ErrorKind.STORAGE_STALLED, "files are being looked at", where=root.name
            )

        def insert(connection: sqlite3.Connection) -> tuple[int, str]:
            camera_id = camera_rows.camera_id(connection, start.camera)
            clip_id = clip_rows.insert_fetching(
                connection, start, camera_id, root.id, store.clock.now_ms()
            )
            folder = camera_folder(connection, camera_id)
            name = f"{folder}/{clip_path(start.utc_start_ms, store.zone)}"
            part = part_path(name, clip_id)
            clip_rows.set_part(connection, clip_id, part)
            if lead_ms:
                clip_rows.set_problem(connection, clip_id, ClipProblem.CLOCK_BEHIND)
            store.live.add(clip_id)
            root.open_clips = room_rows.open_on(connection, root.id)
            return clip_id, part

        clip_id, part = store.write(insert)  # C1
        target = ClipTarget(clip_id, absolute(root, part), start)
        if start is not given:
            store.redated.add(clip_id)
        try:
            with store.on(root):
                store.files.make_folder(target.part_path.parent, root.folder)  # C2
        except NvrError:
            self._forget(target)
            raise
        return target

    @override
    def check_room(self, target: ClipTarget) -> None:
        root = self._store.root_of(target.part_path)
        with self._store.on(root):
            self._look(root)

    @override
    def finish(self, target: ClipTarget, facts: ClipFacts) -> None:
        store = self._store
        try:
            root = store.root_of(target.part_path)
            with store.on(root):
                size = store.files.size(target.part_path)
                if size != facts.size_bytes:
                    store.guard.check_marker(root)
                    raise NvrError(
                        ErrorKind.VERIFY_FAILED,
                        f"file has {size} bytes, {facts.size_bytes} were written",
                        where=target.part_path.name,
                    )
                shift_ms = target.start.utc_start_ms - facts.range.start_ms
                if target.clip_id in store.redated:
                    facts = _shifted(facts, shift_ms)
                store.files.sync_file(target.part_path)  # C3
                settle(store, root, target.clip_id, facts, target.part_path.name)
        except NvrError:
            self._left(target)
            raise
        store.live.discard(target.clip_id)
        store.redated.discard(target.clip_id)

    @override
    def abandon(self, target: ClipTarget, reason: str) -> None:
        store = self._store
        try:
            root = store.root_of(target.part_path)
            with store.on(root):
                store.files.remove(target.part_path)  # A1
            store.write(clip_rows.delete_row, target.clip_id)  # A2
        except NvrError:
            self._left(target)
            raise
        store.live.discard(target.clip_id)

    @override
    def leave(self, target: ClipTarget, error: NvrError) -> None:
        if error.kind in STORAGE_KINDS:
            with contextlib.suppress(NvrError):
                root = self._store.root_of(target.part_path)
                self._store.guard.report(root, error)
        self._left(target)

    def _left(self, target: ClipTarget) -> None:
        """Leave row and part to be salvaged, at once where the root can be used."""
        store = self._store
        store.live.discard(target.clip_id)
        with contextlib.suppress(NvrError):
            root = store.root_of(target.part_path)
            store.left.add(root.id)
            if store.guard.is_usable(root):
                store.on_left(root)

    def _look(self, root: Root) -> None:
        """Look at marker and room; an error at once may be a hiccup, one after a while is none."""
        store = self._store
        for _ in range(_LOOKS - 1):
            begun = store.clock.monotonic()
            try:
                store.require_room(root)
            except NvrError as error:
                is_full = error.kind is ErrorKind.STORAGE_FULL
                is_late = store.clock.monotonic() - begun > _AT_ONCE_S
                if is_full or is_late or store.guard.problem(root) is not None:
                    raise
            else:
                return
            store.clock.wait(store.stopping, _LOOK_PAUSE_S)
        store.require_room(root)

    def _dated(self, start: ClipStart) -> tuple[ClipStart, int]:
        """Return when a clip begins, and by how much its date is a guess (0: it is none).

        Live footage is dated by this host. While its clock is known to be behind, nothing
        is filed into the past, whoever dated it.
        """
        clock = self._store.clock
        lead_ms = clock.lead_ms
        if start.source is not ClipSource.LIVE or not lead_ms:
            return start, 0
        if start.utc_start_ms >= clock.now_ms() - lead_ms // 2:
            return start, lead_ms  # dated by our clock
        return replace(
            start,
            utc_start_ms=start.utc_start_ms + lead_ms,
            device_start_ms=start.device_start_ms + lead_ms,
        ), lead_ms

    def _forget(self, target: ClipTarget) -> None:
        """Take the row back: the folder could not be made, so nothing is there."""
        try:
            self._store.write(clip_rows.delete_row, target.clip_id)
        finally:
            self._store.live.discard(target.clip_id)


def _shifted(facts: ClipFacts, by_ms: int) -> ClipFacts:
    """Return the facts of a clip that was filed at another time."""
    return replace(
        facts,
        range=facts.range.shifted(by_ms),
        last_frame_ms=facts.last_frame_ms + by_ms,
        device_start_ms=facts.device_start_ms + by_ms,
        gaps=tuple(gap.shifted(by_ms) for gap in facts.gaps),
    )


def settle(
    store: LibraryContext, root: Root, clip_id: int, facts: ClipFacts, part_name: str
) -> None:
    """Give a closed, synced part file its name and make its row *complete*.

    Steps C4 to C7. `part_name` is the file's name in its folder of the day on which the
    clip was begun; the final name lies in the folder of the day its first frame is on.
    """
    number = 1
    while True:
        number, path, part = store.write(
            _name, store, root, clip_id, facts, number
        )  # C4
        source, target = absolute(root, part), absolute(root, path)
        assert source.name == part_name
        try:
            store.files.make_folder(target.parent, root.folder)
            store.files.rename_new(source, target)  # C5
        except FileExistsError:
            number += 1
            continue
        break
    store.files.sync_folder(target.parent)  # C6
    if source.parent != target.parent:
        store.files.sync_folder(source.parent)
    store.write(completed, clip_id, store.clock.now_ms())  # C7
    root.finished += 1
    camera = store.read(clip_rows.get_clip, clip_id)
    store.tell(
        LibraryEvent(
            LibraryEventKind.CLIP_ADDED,
            camera=camera.camera if camera else None,
            clip_id=clip_id,
            root_id=root.id,
        )
    )


def _name(
    connection: sqlite3.Connection,
    store: LibraryContext,
    root: Root,
    clip_id: int,
    facts: ClipFacts,
    number: int,
) -> tuple[int, str, str]:
    """Reserve the first free name from `number` on; returns it with the part's path."""
    row = clip_rows.begun(connection, clip_id)
    folder = camera_folder(connection, row["camera_id"])
    while True:
        day_path = clip_path(facts.range.start_ms, store.zone, number)
        path = f"{folder}/{day_path}"
        if not clip_rows.path_is_taken(connection, root.id, path, clip_id):
            break
        number += 1
    clip_rows.set_facts(connection, clip_id, facts, path)
    return number, path, row["part"]


def completed(connection: sqlite3.Connection, clip_id: int, now_ms: int) -> None:
    """Make the row complete and queue the journal's line, in one transaction."""
    clip_rows.complete(connection, clip_id, now_ms)
    note_clip(connection, clip_id)
