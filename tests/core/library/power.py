"""A machine whose power can be cut at any step of the library, and what is left of it."""

from collections.abc import Callable
from pathlib import Path
import shutil
from typing import override

from custom_components.vtrack_nvr.core.library.files import FileLayer


class PowerCutError(BaseException):
    """The machine is dead; nothing of it goes on."""


class Power:
    """Counts steps (writes to disks, commits) and cuts before step `cut_at`."""

    def __init__(self, cut_at: int | None = None) -> None:
        self.cut_at = cut_at
        self.count = 0
        self.is_off = False
        self.names: list[str] = []
        self.on_cut: Callable[[], None] = lambda: None

    def step(self, name: str) -> None:
        if self.is_off:
            raise PowerCutError(name)
        self.count += 1
        self.names.append(name)
        if self.count == self.cut_at:
            self.is_off = True
            self.on_cut()
            raise PowerCutError(name)


class DyingFiles(FileLayer):
    """Real files that stop at a step, and remember what no sync has made durable."""

    def __init__(self, power: Power) -> None:
        self.power = power
        self.renamed: list[tuple[Path, Path]] = []
        self.removed: list[tuple[Path, bytes]] = []
        self.unsynced: set[Path] = set()

    def forget(self) -> None:
        """Undo what was not synced: names come back, contents are torn."""
        for source, target in reversed(self.renamed):
            if target.exists():
                target.rename(source)
        for path, data in reversed(self.removed):
            if path.parent.exists() and not path.exists():
                path.write_bytes(data)
        for path in self.unsynced:
            if path.exists():
                path.write_bytes(path.read_bytes()[:40])

    @override
    def make_folder(self, folder: Path, below: Path) -> None:
        self.power.step(f"make folder {folder.name}")
        super().make_folder(folder, below)

    @override
    def write_new(self, path: Path, data: bytes) -> None:
        self.power.step(f"write {path.name}")
        super().write_new(path, data)

    @override
    def append(self, path: Path, data: bytes) -> None:
        self.power.step(f"append {path.name}")
        half = len(data) // 2
        super().append(path, data[:half])
        self.power.step(f"append the rest to {path.name}")
        super().append(path, data[half:])

    @override
    def sync_file(self, path: Path) -> None:
        self.power.step(f"sync {path.name}")
        super().sync_file(path)
        self.unsynced.discard(path)

    @override
    def sync_folder(self, folder: Path) -> None:
        self.power.step(f"sync folder {folder.name}")
        super().sync_folder(folder)
        self.renamed = [
            (s, t) for s, t in self.renamed if folder not in {s.parent, t.parent}
        ]
        self.removed = [(p, d) for p, d in self.removed if p.parent != folder]

    @override
    def rename_new(self, source: Path, target: Path) -> None:
        self.power.step(f"rename {source.name}")
        super().rename_new(source, target)
        self.renamed.append((source, target))

    @override
    def replace(self, source: Path, target: Path) -> None:
        self.power.step(f"replace {target.name}")
        super().replace(source, target)

    @override
    def remove(self, path: Path) -> None:
        self.power.step(f"remove {path.name}")
        if path.exists():
            self.removed.append((path, path.read_bytes()))
        super().remove(path)

    @override
    def copy(self, source: Path, target: Path, proceed: Callable[[], bool]) -> str:
        self.power.step(f"copy {source.name}")
        data = source.read_bytes()
        target.write_bytes(data[: len(data) // 2])
        self.power.step(f"copy the rest of {source.name}")
        return super().copy(source, target, proceed)


class Images:
    """Copies of the index as the disk holds it, one after each commit."""

    def __init__(self, index: Path, folder: Path) -> None:
        self.index = index
        self.folder = folder
        self.count = 0

    def take(self) -> None:
        """Copy database and log as they are now."""
        target = self.folder / str(self.count)
        target.mkdir(parents=True)
        for name in (self.index.name, f"{self.index.name}-wal"):
            source = self.index.with_name(name)
            if source.exists():
                shutil.copy2(source, target / name)
        self.count += 1

    def restore(self, target: Path, back: int = 0) -> None:
        """Put the newest image (or one `back` commits before it) into a folder."""
        target.mkdir(parents=True, exist_ok=True)
        if self.count == 0:
            return
        for file in (self.folder / str(max(0, self.count - 1 - back))).iterdir():
            shutil.copy2(file, target / file.name)
