"""Comparing the files of one camera's folder on a root with the rows, day by day.

Nothing is deleted here, and no file the index does not know is touched. All blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
import itertools
from pathlib import Path
import sqlite3

from ...models import CameraKey, ClipState
from .. import journal_files
from ..context import LibraryContext
from ..files import FolderEntry
from ..guard import Root
from ..index import camera_rows, clip_rows, outbox, transfer_rows, twins
from ..index.told import Told
from ..naming import DAMAGED_SUFFIX, JOURNAL, SUFFIX, is_day, is_leftover, is_part
from . import adopt

_BATCH = 200


@dataclass(slots=True)
class Result:
    """What one folder brought."""

    adopted: int = 0
    missing: int = 0
    returned: int = 0
    foreign: list[str] = field(default_factory=list)
    parts: list[tuple[str, int]] = field(default_factory=list)
    """Unfinished files of ours by their names, with the time of their last change."""
    leftovers: list[tuple[str, int]] = field(default_factory=list)
    """What a killed salvage left beside them."""


class _Says:
    """What the journal of a folder says; read when it is asked the first time."""

    def __init__(self, store: LibraryContext, journal: Path) -> None:
        self._store, self._journal = store, journal
        self._told: Told | None = None

    @property
    def told(self) -> Told:
        if self._told is None:
            self._told = journal_files.read(self._store, self._journal)
        return self._told

    def close(self) -> None:
        if self._told is not None:
            self._told.close()


def compare_folder(
    store: LibraryContext, root: Root, camera: CameraKey, folder: str, *, is_older: bool
) -> Result:
    """Bring rows and files of `<nvr>/<camera>` together, one day after the other.

    `is_older`: the index knows less than the journal, so that what the journal says about
    protection, trash, removed and lost is taken over as well.
    """
    camera_id = store.read(camera_rows.camera_id, camera)
    journal = root.folder / folder / JOURNAL
    says = _Says(store, journal)
    result = Result()
    comparison = _Comparison(store, root, camera, camera_id, says, result, is_older)
    try:
        if is_older:
            adopt.take_over_journal(store, root, camera_id, says.told)
        on_disk = _days_on_disk(store, root, folder, result)
        in_rows = _days_in_rows(store, root, folder)
        told = says.told.days(folder) if is_older else set()
        for day in sorted({*on_disk, *in_rows, *told}):
            comparison.compare_day(day, is_on_disk=day in on_disk)
        adopt.drop_covered(store, camera_id)
        if is_older:
            size = store.files.size(journal) or 0
            sequence = says.told.sequence
            store.write(outbox.set_known, camera_id, root.id, sequence, size)
    finally:
        says.close()
    return result


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One look at a folder; bounded by what lies in one day."""

    store: LibraryContext
    root: Root
    camera: CameraKey
    camera_id: int
    says: _Says
    result: Result
    is_older: bool

    def compare_day(self, day: str, *, is_on_disk: bool) -> None:
        """Bring rows and files of `<nvr>/<camera>/<day>` together."""
        store, root = self.store, self.root
        now_ms = store.clock.now_ms()
        known = store.read(adopt.known_files, root.id, day)
        others = store.read(transfer_rows.files_in, root.id, day)
        seconds = store.read(twins.by_name, root.id, day)
        present: set[str] = set()
        back: list[int] = []
        batch: list[adopt.New] = []
        found = _files(store, root, day, self.result) if is_on_disk else ()
        for path, size, changed_ms in found:
            row = known.get(path)
            if row is not None and self.is_older and self._is_replaced(path, row, size):
                store.write(adopt.forget_clip, row.id, now_ms)
                del known[path]
                row = None
            if row is None or row.state is not ClipState.COMPLETE or row.size == size:
                present.add(path)
            if row is not None:
                if row.state is ClipState.MISSING and adopt.is_back(
                    store, root, path, row, size
                ):
                    back.append(row.id)
                continue
            if path in others or self._is_second(path, size, seconds):
                continue
            new = self._read_new(path, size, changed_ms)
            if new is None:
                self.result.foreign.append(path)
                continue
            batch.append(new)
            if len(batch) >= _BATCH:
                self._enter(batch)
                batch = []
        self._enter(batch)
        if back:
            store.write(adopt.return_clips, back, now_ms)
            self.result.returned += len(back)
        if self.is_older:
            self._bring_up(known, present)
            self._enter_missing(day, {*present, *known, *others})
        self.result.missing += self._note_missing(day, present)

    def _is_second(self, path: str, size: int, seconds: dict[str, int]) -> bool:
        """Return whether a file is a copy of a clip elsewhere that nobody needs to read."""
        if seconds.get(path) != size:
            return False
        return self.says.told.facts(path) is None

    def _is_replaced(self, path: str, row: adopt.KnownRow, size: int) -> bool:
        return adopt.is_replaced(row, size, self.says.told.facts(path))

    def _read_new(self, path: str, size: int, changed_ms: int) -> adopt.New | None:
        return adopt.read_new(
            self.store, self.root, self.camera, path, size, changed_ms, self.says.told
        )

    def _enter(self, batch: Sequence[adopt.New]) -> None:
        """Write rows for files that are there."""
        if not batch:
            return
        store, root, camera_id = self.store, self.root, self.camera_id
        news = batch
        batch = store.write(
            lambda c: [new for new in news if not self._is_left_alone(c, new)]
        )
        marks = [self.says.told.protection(new.path) or (False, "") for new in batch]
        now_ms = store.clock.now_ms()
        self.result.adopted += store.write(
            adopt.enter_clips, camera_id, root.id, batch, marks, now_ms
        )

    def _is_left_alone(self, connection: sqlite3.Connection, new: adopt.New) -> bool:
        """Return whether a file is a second copy of a clip, there or deleted."""
        store, root = self.store, self.root
        if twins.is_second(connection, root, self.camera_id, new):
            return True
        is_elsewhere = not root.is_current or root is not store.first_root(
            store.chosen_roots.get(self.camera)
        )
        return is_elsewhere and twins.is_left(connection, self.camera_id, new)

    def _enter_missing(self, day: str, known: set[str]) -> None:
        """Write rows for clips that only the journal knows: they are missing, not forgotten.

        Their protection waits for them, should the files come back.
        """
        told, store = self.says.told, self.store
        lost = [path for path in told.clips(day) if path not in known]
        for some in itertools.batched(lost, _BATCH, strict=False):
            news = [
                (new, told.protection(path) or (False, ""))
                for path in some
                if (new := adopt.told_clip(told, path, self.camera)) is not None
                and not store.files.exists(self.root.folder / path)
            ]
            store.guard.check_marker(self.root)
            enter = partial(
                adopt.enter_missing,
                camera_id=self.camera_id,
                root_id=self.root.id,
                news=news,
                now_ms=store.clock.now_ms(),
            )
            self.result.missing += store.write(enter)

    def _bring_up(self, known: dict[str, adopt.KnownRow], present: set[str]) -> None:
        """Bring the rows of an older index up to what the journal says of their clips."""
        told = self.says.told
        here = [(row, path) for path, row in known.items() if path in present]
        for some in itertools.batched(here, _BATCH, strict=False):
            back = [
                row.id
                for row, path in some
                if row.state is ClipState.DELETING
                or (row.state is ClipState.TRASHED and told.is_trashed(path) is False)
            ]
            marks = [
                (row.id, mark)
                for row, path in some
                if (mark := told.protection(path)) is not None
            ]
            now_ms = self.store.clock.now_ms()
            if back or marks:
                change = partial(adopt.bring_up, back=back, marks=marks, now_ms=now_ms)
                self.store.write(change)

    def _note_missing(self, day: str, present: set[str]) -> int:
        """Say of complete rows without a file that they are missing (or known to be gone).

        Each is looked for once more, now that a list may be minutes old, and the marker has
        to be there still.
        """
        store, root = self.store, self.root
        known = store.read(adopt.known_files, root.id, day)
        absent = [
            (path, row)
            for path, row in known.items()
            if row.state in {ClipState.COMPLETE, ClipState.TRASHED}
            and path not in present
        ]
        count = 0
        for some in itertools.batched(absent, _BATCH, strict=False):
            batch = [
                (path, row)
                for path, row in some
                if adopt.is_gone(store, root, path, row)
            ]
            store.guard.check_marker(root)
            now_ms = store.clock.now_ms()
            dropped = [row.id for _path, row in batch if row.state is ClipState.TRASHED]
            gone = self._removed(batch)
            go = partial(clip_rows.set_deleting, clip_ids=dropped, now_ms=now_ms)
            store.write(go)
            leave = partial(
                adopt.leave_missing,
                root_id=root.id,
                batch=batch,
                gone=gone,
                now_ms=now_ms,
            )
            count += store.write(leave)
        return count

    def _removed(self, batch: Sequence[tuple[str, adopt.KnownRow]]) -> dict[str, str]:
        """Return which clips went on purpose, and why, that the index never heard of."""
        if not self.is_older:
            return {}
        found = (
            (path, self.says.told.removal_of(path, r.stretch)) for path, r in batch
        )
        return {path: cause for path, cause in found if cause is not None}


def _days_on_disk(
    store: LibraryContext, root: Root, folder: str, result: Result
) -> set[str]:
    """Return the folders of days, as `<nvr>/<camera>/<day>`; the rest is told in `result`."""
    base = root.folder / folder
    days: set[str] = set()
    if not store.files.exists(base):
        return days
    for found in store.files.list(base):
        path = f"{folder}/{found.name}"
        if found.is_folder and is_day(found.name):
            days.add(path)
        elif found.is_folder or not found.name.startswith(JOURNAL):
            result.foreign.append(path)
    return days


def _days_in_rows(store: LibraryContext, root: Root, folder: str) -> set[str]:
    """Return the folders in which the index knows files of a camera."""
    days: set[str] = set()
    after: str | None = f"{folder}/"
    while after is not None:
        path: str | None = store.read(
            partial(
                clip_rows.next_path, root_id=root.id, after=after, before=f"{folder}0"
            )
        )
        if path is None:
            break
        day = path.rpartition("/")[0]
        if day == folder:  # in no day's folder: not a name of ours
            after = path
            continue
        days.add(day)
        after = f"{day}0"  # "0" follows "/"
    return days


def _files(
    store: LibraryContext, root: Root, day: str, result: Result
) -> Iterator[tuple[str, int, int]]:
    """Return our clip files as (path, size, time of change); everything else is told in `result`."""
    entries: list[FolderEntry] = []
    with store.apart(root, day):
        entries = store.files.list(root.folder / day)
    for found in entries:
        path = f"{day}/{found.name}"
        if is_part(found.name):
            result.parts.append((path, found.changed_ms))
        elif is_leftover(found.name):
            result.leftovers.append((path, found.changed_ms))
        elif found.name.startswith(".") and found.name.endswith(
            f"{SUFFIX}{DAMAGED_SUFFIX}"
        ):
            continue  # put aside by us, for people
        elif found.is_folder or not found.name.endswith(SUFFIX):
            result.foreign.append(path)
        else:
            yield path, found.size_bytes, found.changed_ms
