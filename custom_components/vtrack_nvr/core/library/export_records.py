"""The book of exports: what was asked for, where it is, whose it is, when it goes.

Making the file is outside (`core.export`). An export is a file of its own on the storage
of its cameras: retention of the clips it was made from does not touch it, only its own
expiry does. Its name tells when it expires, so that one whose row was lost goes as well.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
import contextlib
from functools import partial
import json
from pathlib import Path
import re
import secrets
import sqlite3
import threading
from typing import Any, Concatenate

from ..errors import ErrorKind, Limit, LimitError, NvrError
from ..intervals import DAY_MS, HOUR_MS, TimeRange
from ..models import CameraKey
from . import export_room
from .context import LibraryContext
from .guard import Root
from .index import export_rows
from .naming import EXPORT_FOLDER, ROOT_FOLDER
from .values import Export, ExportState

_NAME = re.compile(r"\d+-(\d{13})-[0-9a-f]{16}\.(?:mp4|zip)(\.part(?:\..+)?)?")
_ROOM_POLL_S = 1.0


class ExportBook:
    """`library.exports`: begin, progress, finish, list, remove, expire."""

    def __init__(self, store: LibraryContext, folder: Path) -> None:
        """Keep exports on the roots; those of earlier versions are below `folder`."""
        self._store = store
        self.folder = folder / "vtrack_nvr_exports"
        self._lock = threading.Lock()
        self._tidied: set[int] = set()

    async def begin(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange,
        name: str,
        *,
        needed_bytes: int = 0,
        user: str = "",
        roots: Sequence[int] = (),
        options: Mapping[str, str] | None = None,
        life_ms: int | None = None,
    ) -> Export:
        """Enter an export and return where it is to be written; its folder is made.

        `name` is the file's name (`garden.mp4`, `all.zip`); the file is to be written to
        `path` + ".part" and renamed by `finish`. It goes to the first of `roots` that can
        take it, else to another one. `user` is whose it is, "" Home Assistant's own.
        Where a root is full, room is made on it as for recordings, and waited for.

        Raises `LimitError`: `EXPORT_SHARE` where the user has as much as one may have,
        `EXPORT_ROOM` (of kind `STORAGE_FULL`) where there is no room; and the storage
        problem where no root can be used.
        """
        now_ms = self._store.clock.now_ms()
        bounds = self._store.bounds
        life_ms = bounds.export_life_ms if life_ms is None else life_ms
        deadline = self._store.clock.monotonic() + bounds.export_room_wait
        promised: list[int] = []
        try:
            while True:
                try:
                    return await self._entered(
                        cameras,
                        window,
                        name,
                        needed_bytes,
                        user,
                        self._candidates(roots),
                        options or {},
                        (now_ms, now_ms + life_ms),
                    )
                except LimitError as error:
                    is_late = self._store.clock.monotonic() >= deadline
                    if error.limit is not Limit.EXPORT_ROOM or is_late:
                        raise
                    if not promised:
                        promised = self._promise(roots, needed_bytes)
                    await asyncio.sleep(_ROOM_POLL_S)
        finally:
            for root_id in promised:
                self._store.promise(root_id, -needed_bytes)

    async def _entered(self, *details: Any) -> Export:
        """Return what `_begin` does; whoever stops waiting leaves no open row behind."""
        begun = asyncio.ensure_future(asyncio.to_thread(self._begin, *details))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            with contextlib.suppress(NvrError):
                await self.fail((await begun).id, str(ErrorKind.CANCELLED))
            raise

    def check_length(self, window: TimeRange) -> None:
        """Raise `LimitError` where a range is longer than one export may be."""
        most_ms = self._store.bounds.export_ms
        if window.duration_ms > most_ms:
            hours = f"{window.duration_ms / HOUR_MS:.1f}"
            numbers = {"hours": hours, "most": f"{most_ms / HOUR_MS:.0f}"}
            raise LimitError(Limit.EXPORT_LENGTH, numbers)

    def _promise(self, roots: Sequence[int], needed_bytes: int) -> list[int]:
        """Let room be made on the first root that can be used."""
        root = self._candidates(roots)[0]
        self._store.promise(root.id, needed_bytes)
        return [root.id]

    def _candidates(self, wanted: Sequence[int]) -> list[Root]:
        """Return the roots that can be used, the wanted ones first; raises why none."""
        guard = self._store.guard
        found = [root for root_id in wanted if (root := guard.get(root_id)) is not None]
        found += [r for r in guard.roots() if r.is_current and r not in found]
        if not found:
            raise NvrError(ErrorKind.STORAGE_MISSING, "no storage is configured")
        usable = [root for root in found if guard.is_usable(root)]
        if not usable:
            problem = guard.problem(found[0])
            assert problem is not None
            raise problem
        return usable

    def _begin(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange,
        name: str,
        needed_bytes: int,
        user: str,
        roots: Sequence[Root],
        options: Mapping[str, str],
        times_ms: tuple[int, int],
    ) -> Export:
        store = self._store
        made_ms, expires_ms = times_ms
        with self._lock:  # what is being made is counted before the next one begins
            root = export_room.place(store, roots, needed_bytes, user)

            suffix = Path(name).suffix.lower()
            token = secrets.token_hex(8)
            ending = f"{expires_ms:013}-{token}{suffix}"
            new = export_rows.NewExport(
                cameras=tuple(cameras),
                window=window,
                ending=ending,
                made_ms=made_ms,
                expires_ms=expires_ms,
                options={**options, "name": name},
                root_id=root.id,
                user=user,
                reserved_bytes=needed_bytes,
            )
            export_id = store.write(export_rows.insert, new)
        store.files.make_folder(root.folder / EXPORT_FOLDER, root.folder)
        return self._read(export_rows.one_export, export_id)[0]

    def check_room(self, item: Export) -> None:
        """Raise `STORAGE_FULL` where an export that is being made reached the floor; blocks."""
        root = self._store.guard.get(item.root_id or 0)
        if root is None:
            raise NvrError(ErrorKind.STORAGE_MISSING, "the storage is gone")
        export_room.check_floor(self._store, root, item.reserved_bytes)

    async def find(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange,
        *,
        user: str,
        options: Mapping[str, str],
        life_ms: int,
    ) -> Export | None:
        """Return an export of the same that the user has already; it is kept longer."""
        same = await self._find(export_rows.ready_of, user, window)
        for item in same:
            if tuple(cameras) != item.cameras:
                continue
            if any(item.options.get(key) != value for key, value in options.items()):
                continue
            with contextlib.suppress(NvrError):
                self.check_readable(item)
                size = await asyncio.to_thread(self._store.files.size, item.path)
                if size != item.size_bytes:
                    continue
                expires_ms = self._store.clock.now_ms() + life_ms
                await self._store.async_write(
                    partial(
                        export_rows.keep_until,
                        export_id=item.id,
                        expires_ms=expires_ms,
                    )
                )
                return await self.get(item.id)
        return None

    def check_readable(self, item: Export) -> None:
        """Raise the problem of the storage an export lies on, from cached health."""
        if item.root_id is not None:
            self._store.readable(item.root_id)

    async def progress(self, export_id: int, progress: float) -> None:
        """Say how far it has got (0 to 1)."""
        await self._store.async_write(export_rows.advance, export_id, progress)

    async def finish(self, export_id: int) -> Export:
        """Make the written part file durable, give it its name and say *ready*."""
        found = await self.get(export_id)
        if found is None:
            raise NvrError(ErrorKind.GONE, "there is no such export")
        files = self._store.files
        part = part_of(found)

        def settle() -> int:
            size = files.size(part)
            if size is None:
                raise NvrError(ErrorKind.VERIFY_FAILED, "the export was not written")
            files.sync_file(part)
            files.replace(part, found.path)
            files.sync_folder(found.path.parent)
            return size

        size = await asyncio.to_thread(settle)
        await self._store.async_write(export_rows.finish, export_id, size)
        done = await self.get(export_id)
        assert done is not None
        return done

    async def fail(self, export_id: int, detail: str) -> None:
        """Say that it cannot be made, and remove what was written of it."""
        found = await self.get(export_id)
        if found is None:
            return
        until_ms = self._store.clock.now_ms() + DAY_MS
        await self._store.async_write(export_rows.fail, export_id, detail, until_ms)
        await asyncio.to_thread(self._remove_unfinished, found)

    async def get(self, export_id: int) -> Export | None:
        """Return an export, None where there is none."""
        found = await self._find(export_rows.one_export, export_id)
        return found[0] if found else None

    async def all(self) -> tuple[Export, ...]:
        """Return all exports, newest first."""
        return await self._find(export_rows.every)

    async def page(self, limit: int, before_id: int = 2**62) -> tuple[Export, ...]:
        """Return the newest exports before an id."""
        return await self._find(export_rows.export_page, before_id, limit)

    @property
    def longest_ms(self) -> int:
        """How long the range of one export may be."""
        return self._store.bounds.export_ms

    async def remove(self, export_id: int) -> None:
        """Remove an export and its file; raises the storage's problem where it is away."""
        found = await self.get(export_id)
        if found is not None:
            self.check_readable(found)
            await asyncio.to_thread(self._remove, found)

    def expire(self) -> int:
        """Remove what is past its time; blocks; returns how many went.

        The file of one whose storage is away goes when that is back, by its name.
        """
        now_ms = self._store.earliest_ms()
        due = [e for e in self._read(export_rows.every) if e.expires_ms <= now_ms]
        for item in due:
            try:
                self.check_readable(item)
                self._remove(item)
            except NvrError:
                self._drop(item)
        self._tidied.clear()
        return len(due)

    def fail_broken(self) -> None:
        """Say of exports that a killed process was making that they failed; blocks."""
        for item in self._read(export_rows.every):
            if item.root_id is None and item.state is not ExportState.READY:
                self._remove_unfinished(item)
        self._store.write(export_rows.fail_unfinished)

    def tidy(self, root: Root) -> None:
        """Remove what killed processes and lost rows left on a root, once a day; blocks.

        An unfinished file goes that no row is making, after a day where no row knows it at
        all: another Home Assistant might be making it. A whole one that no row knows goes
        when the time has come that its name tells. Other files are not touched.
        """
        if root.id in self._tidied:
            return
        store = self._store
        folder = root.folder / EXPORT_FOLDER
        if store.files.exists(folder):
            known = {e.path.name: e for e in self._read(export_rows.every)}
            now_ms = store.clock.now_ms()
            for found in store.files.list(folder):
                parts = _NAME.fullmatch(found.name)
                if parts is None or found.is_folder:
                    continue
                item = known.get(found.name.partition(".part")[0])
                if parts[2]:
                    is_stray = (
                        found.changed_ms < now_ms - store.bounds.stale_part_ms
                        if item is None
                        else item.state in {ExportState.FAILED, ExportState.READY}
                    )
                else:
                    is_stray = item is None and int(parts[1]) <= now_ms
                if is_stray:
                    store.files.remove(folder / found.name)
        self._tidied.add(root.id)

    def _remove(self, item: Export) -> None:
        # the row goes last: a file without a row would stay until it expires
        self._remove_unfinished(item)
        self._store.files.remove(item.path)
        self._drop(item)

    def _drop(self, item: Export) -> None:
        self._store.write(export_rows.delete_export, item.id)

    def _remove_unfinished(self, item: Export) -> None:
        """Remove the part file and what was begun beside it."""
        part = part_of(item)
        with contextlib.suppress(NvrError):
            for path in (part, beside(part), beside(part, ".h264")):
                self._store.files.remove(path)

    def _read[**P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], list[sqlite3.Row]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[Export, ...]:
        """Return the exports of some rows; blocks."""
        rows = self._store.read(function, *args, **kwargs)
        return tuple(self._export_of(row) for row in rows)

    async def _find[**P](
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], list[sqlite3.Row]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[Export, ...]:
        rows = await self._store.async_read(function, *args, **kwargs)
        return tuple(self._export_of(row) for row in rows)

    def _export_of(self, row: sqlite3.Row) -> Export:
        return Export(
            id=row["id"],
            cameras=tuple(CameraKey(key) for key in json.loads(row["cameras"])),
            range=TimeRange(row["start_ms"], row["end_ms"]),
            state=ExportState(row["state"]),
            path=self._path(row["root_path"], row["path"]),
            made_ms=row["made_ms"],
            expires_ms=row["expires_ms"],
            size_bytes=row["size_bytes"],
            progress=row["progress"],
            detail=row["detail"],
            options=json.loads(row["options"]),
            root_id=row["root_id"],
            user=row["user_id"],
            reserved_bytes=row["reserved_bytes"],
        )

    def _path(self, root_path: str | None, name: str) -> Path:
        """Return where a file is; one whose root is gone for good is nowhere."""
        folder = self.folder
        if root_path is not None:
            folder = Path(root_path) / ROOT_FOLDER / EXPORT_FOLDER
        return folder / name


def beside(part: Path, suffix: str = "") -> Path:
    """Return the single film that is written beside an export while it is made."""
    return part.with_name(f"{part.name}.movie{suffix}")


def part_of(item: Export) -> Path:
    """Return the unfinished file of an export."""
    return item.path.with_name(f"{item.path.name}.part")
