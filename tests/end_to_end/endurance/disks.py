"""A storage that goes away, turns read-only and runs full: a small real file system.

It needs the rights of root. Without them there is a plain folder that can only go away.
"""

import ctypes
import os
from pathlib import Path
import shutil

_LIBC = ctypes.CDLL(None, use_errno=True)
_RDONLY, _REMOUNT, _BIND, _DETACH = 1, 32, 4096, 2
_FILLER = ".other_program"


def _mount(source: Path | str, target: Path, kind: str, flags: int, data: str) -> None:
    done = _LIBC.mount(
        str(source).encode(),
        str(target).encode(),
        kind.encode() or None,
        flags,
        data.encode() or None,
    )
    if done:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


def _unmount(target: Path) -> None:
    if _LIBC.umount2(str(target).encode(), _DETACH):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


class Disk:
    """A storage at `path`; what is on it stays while it is away."""

    def __init__(self, folder: Path, name: str, size_bytes: int) -> None:
        """Make and mount it."""
        self._disk = folder / f".{name}"
        self.path = folder / name
        self.size_bytes = size_bytes
        self._disk.mkdir()
        self.path.mkdir()
        self.is_away = self.is_read_only = self.is_full = False
        self.is_real = os.geteuid() == 0
        if self.is_real:
            try:
                _mount("none", self._disk, "tmpfs", 0, f"size={size_bytes}")
            except PermissionError:
                self.is_real = False  # a container without the right to mount
        self.come_back(is_first=True)

    @property
    def inside(self) -> Path:
        """Return where its files can be seen, also while it is away."""
        if self.is_real:
            return self._disk
        return self._disk / "content" if self.is_away else self.path

    def go_away(self) -> None:
        """Show an empty folder in its place."""
        if self.is_away:
            return
        if self.is_real:
            _unmount(self.path)
        else:
            self.path.rename(self._disk / "content")
            self.path.mkdir()
        self.is_away = True

    def come_back(self, *, is_first: bool = False) -> None:
        """Show it again, writable."""
        if not (self.is_away or is_first):
            return
        if self.is_real:
            _mount(self._disk, self.path, "", _BIND, "")
        elif not is_first:
            self.path.rmdir()
            (self._disk / "content").rename(self.path)
        self.is_away = self.is_read_only = False

    def set_read_only(self, is_read_only: bool) -> bool:
        """Mount it read-only or writable; False while somebody writes to it."""
        if not self.is_real or self.is_away:
            return False
        flags = _BIND | _REMOUNT | (_RDONLY if is_read_only else 0)
        try:
            _mount("none", self.path, "", flags, "")
        except OSError:
            return False
        self.is_read_only = is_read_only
        return True

    def fill(self, spare_bytes: int) -> bool:
        """Let another program take all room but a little."""
        if not self.is_real:
            return False
        found = os.statvfs(self._disk)
        take = found.f_bavail * found.f_frsize - spare_bytes
        if take > 0:
            (self._disk / _FILLER).write_bytes(bytes(take))
        self.is_full = True
        return True

    def empty(self) -> None:
        """Let the other program give its room back."""
        (self._disk / _FILLER).unlink(missing_ok=True)
        self.is_full = False

    def cure(self) -> None:
        """Put everything right."""
        self.empty()
        self.come_back()
        if self.is_read_only:
            self.set_read_only(is_read_only=False)

    def close(self) -> None:
        """Take it away for good, with everything on it."""
        if self.is_real:
            if not self.is_away:
                _unmount(self.path)
            _unmount(self._disk)
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self._disk, ignore_errors=True)
