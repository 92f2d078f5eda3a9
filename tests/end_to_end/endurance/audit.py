"""What is true whenever the process is dead: rows and files, protection, deletions."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
import shutil
import sqlite3
import tempfile

from .disks import Disk
from .rig import BOUNDS, FLOOR_BYTES

DAY_MS = 86_400_000
OPEN_CLIPS = 8
"""So many clips are being written at once, at most, for each of which room is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """A clip as the index has it."""

    id: int
    camera: str
    root: str
    state: str
    path: str
    part: str | None
    size: int
    start_ms: int
    end_ms: int
    is_protected: bool
    cause: str | None
    created_ms: int


@dataclass
class Audit:
    """Looks at an index and its files, again and again."""

    index: Path
    disks: Sequence[Disk]
    problems: list[str] = field(default_factory=list)
    protected: set[int] = field(default_factory=set)
    """Clips that a person protected, and was told so."""
    known: dict[int, Row] = field(default_factory=dict)
    times: int = 0
    deleted: dict[str, int] = field(default_factory=dict)
    """Clips by the cause of their deletion."""
    spent: list[tuple[int, str, int]] = field(default_factory=list)
    """(true time, root, bytes) of what went for room or a limit in GB."""
    written: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    """(true time first seen, bytes) of each clip on each root."""

    def look(self, true_ms: int) -> None:
        """Look once; the process must be dead or at rest."""
        if not self.index.exists():
            return
        self.times += 1
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for suffix in ("", "-wal"):
                path = self.index.with_name(self.index.name + suffix)
                if path.exists():
                    shutil.copy(path, folder / path.name)
            with closing(sqlite3.connect(folder / self.index.name)) as connection:
                connection.row_factory = sqlite3.Row
                try:
                    self._rows(connection, true_ms)
                except sqlite3.OperationalError as error:
                    if self.known:
                        raise
                    if "no such table" not in str(error):
                        raise  # else it was killed before the tables were there

    def _rows(self, connection: sqlite3.Connection, true_ms: int) -> None:
        disks = {str(disk.path): disk for disk in self.disks}
        rows = [
            Row(*row)
            for row in connection.execute(
                "select clip.id, camera.key, root.path, clip.state, clip.path, part,"
                " size_bytes, start_ms, end_ms, is_protected, cause, created_ms"
                " from clip join camera on camera.id = camera_id"
                " join root on root.id = clip.root_id"
            )
        ]
        owned: dict[str, set[str]] = {root: set() for root in disks}
        for row in rows:
            owned[row.root] |= {row.path, row.part or row.path}
            if row.state in {"complete", "trashed"}:
                file = disks[row.root].inside / "vtrack_nvr" / row.path
                if not file.is_file() or file.stat().st_size != row.size:
                    self.problems.append(f"{row.state} without its file: {row.path}")
        for root, path, part in connection.execute(
            "select root.path, transfer.path, part from transfer"
            " join root on root.id = root_id"
        ):
            owned[root] |= {path, part or path}
        for root, disk in disks.items():
            self._strays(disk, owned[root])
        self._protection(rows)
        self._deletions(connection, rows, true_ms)
        self.known = {row.id: row for row in rows if row.state == "complete"}
        for row in self.known.values():
            self.written.setdefault((row.id, row.root), (true_ms, row.size))

    def over_budget(self) -> int:
        """Return by how many bytes most a day's deletions went beyond its budget.

        A look sees what happened since the one before, so a day may hold what was written
        in the two before it.
        """
        slack = BOUNDS.brake_slack_bytes + FLOOR_BYTES
        slack += OPEN_CLIPS * BOUNDS.clip_reserve_bytes
        worst = 0
        for at_ms, root, _ in self.spent:
            spent = sum(
                size
                for then_ms, where, size in self.spent
                if where == root and at_ms - DAY_MS < then_ms <= at_ms
            )
            written = sum(
                size
                for (_, where), (then_ms, size) in self.written.items()
                if where == root and at_ms - 2 * DAY_MS < then_ms <= at_ms
            )
            worst = max(worst, spent - written - slack)
        return worst

    def _strays(self, disk: Disk, owned: set[str]) -> None:
        folder = disk.inside / "vtrack_nvr"
        for path in folder.glob("*/*/*/*"):
            name = str(path.relative_to(folder))
            if path.suffix in {".mp4", ".part"} and name not in owned:
                self.problems.append(f"a file that no row knows: {name}")

    def _protection(self, rows: Sequence[Row]) -> None:
        safe = {r.id for r in rows if r.is_protected and r.state == "complete"}
        self.problems += [
            f"clip {clip} was protected and is not there"
            for clip in sorted(self.protected - safe)
        ]
        self.protected &= safe  # told once

    def _deletions(
        self, connection: sqlite3.Connection, rows: Sequence[Row], true_ms: int
    ) -> None:
        now = {row.id: row for row in rows}
        for clip, row in self.known.items():
            later = now.get(clip)
            if later is not None and later.state in {"complete", "fetching"}:
                continue
            if later is not None and later.state == "missing":
                self.problems.append(f"clip {clip} is missing: {row.path}")
                continue
            cause = later.cause if later is not None else None
            cause = cause or self._cause(connection, row)
            if cause is None:
                said = self._said(connection, row)
                self.problems.append(
                    f"clip {clip} went without a cause: {row.path}, {said}"
                )
                continue
            self.deleted[cause] = self.deleted.get(cause, 0) + 1
            if cause in {"quota", "floor"}:
                self.spent.append((true_ms, row.root, row.size))

    @staticmethod
    def _said(connection: sqlite3.Connection, row: Row) -> list[tuple[object, ...]]:
        """Return what the ledger says of the time of a clip."""
        return [
            tuple(found)
            for found in connection.execute(
                "select state, reason, start_ms - ?, end_ms - ? from coverage"
                " join camera on camera.id = camera_id"
                " where key = ? and start_ms < ? and end_ms > ?",
                (row.start_ms, row.end_ms, row.camera, row.end_ms, row.start_ms),
            )
        ]

    @staticmethod
    def _cause(connection: sqlite3.Connection, row: Row) -> str | None:
        """Return what the ledger says of the stretch of a clip that is gone."""
        found = connection.execute(
            "select state, reason from coverage join camera on camera.id = camera_id"
            " where key = ? and start_ms < ? and end_ms > ?",
            (row.camera, row.end_ms, row.start_ms),
        ).fetchall()
        for state, reason in found:
            if state == "removed":
                return str(reason)
        for state, reason in found:
            if state in {"not_wanted", "on_device", "lost"}:
                return f"{state} {reason}".strip()
        kept = connection.execute(
            "select 1 from clip join camera on camera.id = camera_id"
            " where key = ? and state = 'complete' and start_ms < ? and end_ms > ?",
            (row.camera, row.end_ms, row.start_ms),
        ).fetchone()
        return "kept again" if kept else None
