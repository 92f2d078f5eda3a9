"""The only place of the library that touches a file system.

All calls block and belong on a worker thread: a share may hang for minutes. What the
operating system says is classified here, once. File systems differ: some network shares
cannot sync a folder or refuse to; that is accepted, what can be synced is synced.
"""

from collections.abc import Callable, Iterator
import contextlib
import errno
import hashlib
import os
from pathlib import Path
import stat
from typing import NamedTuple

from ..errors import ErrorKind, NvrError

CHUNK = 1024 * 1024

_KINDS = {
    errno.ENOSPC: ErrorKind.STORAGE_FULL,
    errno.EDQUOT: ErrorKind.STORAGE_FULL,
    errno.EROFS: ErrorKind.STORAGE_READ_ONLY,
    errno.EACCES: ErrorKind.STORAGE_READ_ONLY,
    errno.EPERM: ErrorKind.STORAGE_READ_ONLY,
    errno.ENOENT: ErrorKind.STORAGE_MISSING,
    errno.ENOTDIR: ErrorKind.STORAGE_MISSING,
    errno.ESTALE: ErrorKind.STORAGE_MISSING,
    errno.ENODEV: ErrorKind.STORAGE_MISSING,
    errno.ENXIO: ErrorKind.STORAGE_MISSING,
    errno.ENOTCONN: ErrorKind.STORAGE_MISSING,
    errno.EHOSTDOWN: ErrorKind.STORAGE_MISSING,
    errno.EHOSTUNREACH: ErrorKind.STORAGE_MISSING,
    errno.ETIMEDOUT: ErrorKind.STORAGE_STALLED,
}

_NO_SYNC = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EISDIR}
)
"""What file systems answer that have no sync of a folder (or of anything)."""


def storage_error(error: OSError, where: str) -> NvrError:
    """Classify what the operating system says; `where` names the file, not the host."""
    kind = _KINDS.get(error.errno or 0, ErrorKind.STORAGE_FAILED)
    failure = NvrError(kind, error.strerror or type(error).__name__, where=where)
    failure.__cause__ = error
    return failure


@contextlib.contextmanager
def classified(where: Path) -> Iterator[None]:
    """Turn an OSError inside into an `NvrError`; a name that exists passes as it is."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise storage_error(error, where.name) from error


class Space(NamedTuple):
    """Free and total bytes of a file system, and whether it may be written to."""

    free_bytes: int
    total_bytes: int
    is_read_only: bool


class FolderEntry(NamedTuple):
    """An entry of a folder."""

    name: str
    is_folder: bool
    size_bytes: int
    changed_ms: int


class FileLayer:
    """Real files; tests put one in its place that stops at a step or forgets."""

    def exists(self, path: Path) -> bool:
        """Return whether there is something of that name; a dead link counts."""
        try:
            os.lstat(path)
        except FileNotFoundError, NotADirectoryError:
            return False
        except OSError as error:
            raise storage_error(error, path.name) from error
        return True

    def size(self, path: Path) -> int | None:
        """Return a file's size, None where there is none."""
        try:
            found = path.stat()
        except FileNotFoundError, NotADirectoryError:
            return None
        except OSError as error:
            raise storage_error(error, path.name) from error
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def changed_ms(self, path: Path) -> int | None:
        """Return when a file was changed last, None where there is none."""
        try:
            return path.stat().st_mtime_ns // 1_000_000
        except FileNotFoundError, NotADirectoryError:
            return None
        except OSError as error:
            raise storage_error(error, path.name) from error

    def space(self, folder: Path) -> Space:
        """Return the space of the file system below a folder."""
        with classified(folder):
            found = os.statvfs(folder)
        return Space(
            found.f_bavail * found.f_frsize,
            found.f_blocks * found.f_frsize,
            bool(found.f_flag & os.ST_RDONLY),
        )

    def read(self, path: Path, limit: int = 64 * 1024 * 1024, offset: int = 0) -> bytes:
        """Return (a part of) a small file."""
        with classified(path), path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)

    def list(self, folder: Path) -> list[FolderEntry]:
        """Return what is in a folder, by name; links are neither followed nor told."""
        found: list[FolderEntry] = []
        with classified(folder), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    continue
                with contextlib.suppress(FileNotFoundError):
                    info = entry.stat(follow_symlinks=False)
                    found.append(
                        FolderEntry(
                            entry.name,
                            entry.is_dir(follow_symlinks=False),
                            info.st_size,
                            info.st_mtime_ns // 1_000_000,
                        )
                    )
        return sorted(found)

    def make_folder(self, folder: Path, below: Path) -> None:
        """Make a folder and its parents below `below`, which must be there already."""
        missing = []
        here = folder
        while here != below and not self.exists(here):
            missing.append(here)
            here = here.parent
        for new in reversed(missing):
            with classified(new), contextlib.suppress(FileExistsError):
                new.mkdir()
            self.sync_folder(new.parent)

    def write_new(self, path: Path, data: bytes) -> None:
        """Write a small file that was not there, durably; raises FileExistsError."""
        with classified(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                os.write(handle, data)
                self._sync(handle)
            finally:
                os.close(handle)
        self.sync_folder(path.parent)

    def put(self, path: Path, data: bytes) -> None:
        """Write a small file, whole for whoever reads it; a power cut may lose it."""
        new = path.with_name(f"{path.name}.new")
        with classified(path):
            new.write_bytes(data)
            new.replace(path)

    def append(self, path: Path, data: bytes) -> None:
        """Append to a file (made if it is not there), durably."""
        is_new = not self.exists(path)
        with classified(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
                self._sync(handle)
            finally:
                os.close(handle)
        if is_new:
            self.sync_folder(path.parent)

    def sync_file(self, path: Path) -> None:
        """Return when a file's bytes are on the disk (as far as it can tell)."""
        with classified(path):
            handle = os.open(path, os.O_RDWR)
            try:
                self._sync(handle)
            finally:
                os.close(handle)

    def sync_folder(self, folder: Path) -> None:
        """Return when a folder's names are on the disk, where that can be asked for."""
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            if error.errno in _NO_SYNC:
                return
            raise storage_error(error, folder.name) from error
        try:
            with classified(folder):
                self._sync(handle)
        finally:
            os.close(handle)

    @staticmethod
    def _sync(handle: int) -> None:
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise

    def rename_new(self, source: Path, target: Path) -> None:
        """Give a file another name in the same root; raises FileExistsError.

        Nobody but the library writes there, so looking first is enough; a share that
        refuses to rename over something says the same.
        """
        if self.exists(target):
            raise FileExistsError(errno.EEXIST, "name is taken", str(target))
        with classified(source):
            source.rename(target)

    def replace(self, source: Path, target: Path) -> None:
        """Put a finished file in the place of another; shares that refuse get help."""
        with classified(target):
            try:
                source.replace(target)
            except FileExistsError, PermissionError:
                target.unlink()
                source.rename(target)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone already is no error."""
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage_error(error, path.name) from error

    def remove_durably(self, path: Path) -> None:
        """Remove a file so that it stays removed; gone with its folder is no error."""
        self.remove(path)
        if self.exists(path.parent):
            self.sync_folder(path.parent)

    def remove_empty_folder(self, folder: Path) -> bool:
        """Remove a folder if nothing is in it; True when it went."""
        try:
            folder.rmdir()
        except OSError:
            return False
        return True

    def touch(self, path: Path) -> None:
        """Change a file's time: the cheapest way to learn that nothing can be written."""
        with classified(path):
            os.utime(path)

    def copy(self, source: Path, target: Path, proceed: Callable[[], bool]) -> str:
        """Copy a file, durably; returns the SHA-256 of what was read.

        `proceed` is asked between chunks; False leaves a torn target and raises
        `CANCELLED`.
        """
        digest = hashlib.sha256()
        with classified(target), source.open("rb") as origin, target.open("wb") as out:
            while chunk := origin.read(CHUNK):
                if not proceed():
                    raise NvrError(ErrorKind.CANCELLED, "copy was stopped")
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            self._sync(out.fileno())
        return digest.hexdigest()

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, as they are read back."""
        with classified(path), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
