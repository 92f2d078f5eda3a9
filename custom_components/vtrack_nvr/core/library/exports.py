"""The book of exports: what was asked for, where it is, when it goes.

Making the file is outside (`core.export`). An export is a file of its own: retention of
the clips it was made from does not touch it, only its own expiry and the bound do.
"""

import asyncio
from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import sqlite3

from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..models import CameraKey
from . import ids
from .store import Store
from .values import Export, ExportState


class ExportBook:
    """`library.exports`: begin, progress, finish, list, remove, expire."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Keep exports below a local folder (beside the index)."""
        self._store = store
        self.folder = folder / "vtrack_nvr_exports"

    async def begin(
        self,
        cameras: Sequence[CameraKey],
        window: TimeRange,
        name: str,
        *,
        options: Mapping[str, str] | None = None,
        life_ms: int | None = None,
    ) -> Export:
        """Enter an export and return where it is to be written; its folder is made.

        `name` is the file's name (`garden.mp4`, `all.zip`); the file is to be written to
        `path` + ".part" and renamed by `finish`. Raises `STORAGE_FULL` when all exports
        together have reached their bound.
        """
        now_ms = self._store.clock.now_ms()
        bounds = self._store.bounds
        expires_ms = now_ms + (bounds.export_life_ms if life_ms is None else life_ms)
        suffix = Path(name).suffix.lower()

        def run(connection: sqlite3.Connection) -> int:
            used = connection.execute(
                "select coalesce(sum(size_bytes), 0) from export"
            ).fetchone()[0]
            if used >= bounds.export_bytes:
                raise NvrError(
                    ErrorKind.STORAGE_FULL, "exports have reached their bound"
                )
            cursor = connection.execute(
                "insert into export (id, cameras, start_ms, end_ms, state, path,"
                " made_ms, expires_ms, options) values (?, ?, ?, ?, 'waiting', '', ?, ?, ?)",
                (
                    ids.fresh(connection, "export"),
                    json.dumps(list(cameras)),
                    window.start_ms,
                    window.end_ms,
                    now_ms,
                    expires_ms,
                    json.dumps({**(options or {}), "name": name}),
                ),
            )
            assert cursor.lastrowid is not None
            connection.execute(
                "update export set path = ? where id = ?",
                (f"{cursor.lastrowid}{suffix}", cursor.lastrowid),
            )
            return cursor.lastrowid

        export_id = await asyncio.wrap_future(self._store.db.write(run))
        await asyncio.to_thread(
            self._store.files.make_folder, self.folder, self.folder.parent
        )
        found = await self.get(export_id)
        assert found is not None
        return found

    async def progress(self, export_id: int, progress: float) -> None:
        """Say how far it has got (0 to 1)."""
        await self._update(
            "update export set state = 'running', progress = ? where id = ?"
            " and state in ('waiting', 'running')",
            (progress, export_id),
        )

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
            files.sync_folder(self.folder)
            return size

        size = await asyncio.to_thread(settle)
        await self._update(
            "update export set state = 'ready', progress = 1, size_bytes = ?"
            " where id = ?",
            (size, export_id),
        )
        done = await self.get(export_id)
        assert done is not None
        return done

    async def fail(self, export_id: int, detail: str) -> None:
        """Say that it cannot be made, and remove what was written of it."""
        found = await self.get(export_id)
        if found is None:
            return
        await asyncio.to_thread(self._remove_unfinished, found)
        await self._update(
            "update export set state = 'failed', detail = ? where id = ?",
            (detail, export_id),
        )

    async def get(self, export_id: int) -> Export | None:
        """Return an export, None where there is none."""
        found = [item for item in await self.all() if item.id == export_id]
        return found[0] if found else None

    async def all(self) -> tuple[Export, ...]:
        """Return all exports, newest first."""
        return await asyncio.wrap_future(self._store.db.read(self._all))

    async def remove(self, export_id: int) -> None:
        """Remove an export and its file."""
        found = await self.get(export_id)
        if found is not None:
            await asyncio.to_thread(self._remove, found)

    def expire(self) -> int:
        """Remove what is past its time; blocks; returns how many went."""
        now_ms = self._store.clock.now_ms()
        due = [e for e in self._store.read(self._all) if e.expires_ms <= now_ms]
        for item in due:
            self._remove(item)
        return len(due)

    def fail_broken(self) -> None:
        """Say of exports that a killed process was making that they failed; blocks."""
        for item in self._store.read(self._all):
            if item.state in {ExportState.WAITING, ExportState.RUNNING}:
                self._remove_unfinished(item)
        self._store.write(
            lambda c: c.execute(
                "update export set state = 'failed', detail = 'interrupted'"
                " where state in ('waiting', 'running')"
            )
        )

    def _remove(self, item: Export) -> None:
        # the row goes last: a file without a row would stay for ever
        self._remove_unfinished(item)
        self._store.files.remove(item.path)

        def drop(connection: sqlite3.Connection) -> None:
            ids.retire(connection, "export", item.id)
            connection.execute("delete from export where id = ?", (item.id,))

        self._store.write(drop)

    def _remove_unfinished(self, item: Export) -> None:
        """Remove the part file and what was begun beside it."""
        part = part_of(item)
        self._store.files.remove(part)
        self._store.files.remove(beside(part))

    def _all(self, connection: sqlite3.Connection) -> tuple[Export, ...]:
        return tuple(
            Export(
                id=row["id"],
                cameras=tuple(CameraKey(key) for key in json.loads(row["cameras"])),
                range=TimeRange(row["start_ms"], row["end_ms"]),
                state=ExportState(row["state"]),
                path=self.folder / row["path"],
                made_ms=row["made_ms"],
                expires_ms=row["expires_ms"],
                size_bytes=row["size_bytes"],
                progress=row["progress"],
                detail=row["detail"],
                options=json.loads(row["options"]),
            )
            for row in connection.execute("select * from export order by id desc")
        )

    async def _update(self, sql: str, values: tuple[object, ...]) -> None:
        await asyncio.wrap_future(
            self._store.db.write(lambda c: c.execute(sql, values))
        )


def beside(part: Path) -> Path:
    """Return the single movie that is written beside a zip while it is made."""
    return part.with_name(f"{part.name}.movie")


def part_of(item: Export) -> Path:
    """Return the unfinished file of an export."""
    return item.path.with_name(f"{item.path.name}.part")
