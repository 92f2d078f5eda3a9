"""Mounting real file systems below a test's folder; needs the rights of root."""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import os
from pathlib import Path

import pytest

_LIBC = ctypes.CDLL(None, use_errno=True)
_RDONLY, _REMOUNT, _BIND, _DETACH = 1, 32, 4096, 2


def mount(
    source: str, target: Path, kind: str | None, flags: int = 0, options: str = ""
) -> None:
    """Mount, or skip the test with the reason where this machine does not let us."""
    result = _LIBC.mount(
        source.encode(),
        str(target).encode(),
        kind.encode() if kind else None,
        flags,
        options.encode() or None,
    )
    if result:
        pytest.skip(f"cannot mount here: {os.strerror(ctypes.get_errno())}")


def unmount(target: Path) -> None:
    """Take a mount away, even one that is in use."""
    if _LIBC.umount2(str(target).encode(), _DETACH):
        raise OSError(ctypes.get_errno(), "umount", str(target))


@contextmanager
def tmpfs(target: Path, size: int) -> Iterator[None]:
    """Put a file system of a few bytes at a folder."""
    mount("none", target, "tmpfs", 0, f"size={size}")
    try:
        yield
    finally:
        unmount(target)


def bind(source: Path, target: Path) -> None:
    """Show a folder at another one as well."""
    mount(str(source), target, None, _BIND)


def remount(target: Path, *, is_read_only: bool) -> None:
    """Make a mounted file system read-only, or writable again."""
    flags = _REMOUNT | (_RDONLY if is_read_only else 0)
    mount("none", target, None, flags)


def limit_inodes(target: Path, spare: int) -> None:
    """Let a tmpfs have only so many more files than now (0 would mean no limit)."""
    found = os.statvfs(target)
    used = found.f_files - found.f_ffree
    mount("none", target, None, _REMOUNT, f"nr_inodes={used + spare}")


@contextmanager
def silence(target: Path) -> Iterator[None]:
    """Lay a file system over a folder that never answers; who touches it hangs.

    At the end the hanging calls fail ("not connected") and the folder is itself again.
    """
    try:
        handle = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"no FUSE here: {error.strerror}")
    try:
        mount(
            "silent",
            target,
            "fuse",
            0,
            f"fd={handle},rootmode=40000,user_id=0,group_id=0",
        )
        yield
    finally:
        os.close(handle)
        unmount(target)
