"""File systems with manners of their own, and what their refusals mean."""

import errno
import os
from pathlib import Path
import threading

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.disk_thread import DiskThread
from custom_components.vtrack_nvr.core.library.files import (
    FileLayer,
    storage_error,
)

FILES = FileLayer()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ErrorKind.STORAGE_FULL),
        (errno.EDQUOT, ErrorKind.STORAGE_FULL),
        (errno.EROFS, ErrorKind.STORAGE_READ_ONLY),
        (errno.EACCES, ErrorKind.STORAGE_READ_ONLY),
        (errno.ESTALE, ErrorKind.STORAGE_MISSING),
        (errno.ENOTCONN, ErrorKind.STORAGE_MISSING),
        (errno.EHOSTDOWN, ErrorKind.STORAGE_MISSING),
        (errno.ETIMEDOUT, ErrorKind.STORAGE_STALLED),
        (errno.EIO, ErrorKind.STORAGE_FAILED),
    ],
)
def test_what_the_system_says_is_classified(number: int, kind: ErrorKind) -> None:
    error = storage_error(OSError(number, os.strerror(number)), "a.mp4")
    assert error.kind is kind
    assert error.where == "a.mp4"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_share_that_cannot_sync_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    FILES.write_new(tmp_path / "a", b"x")
    FILES.append(tmp_path / "b", b"x")
    FILES.sync_file(tmp_path / "a")
    FILES.sync_folder(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_disk_that_fails_to_sync_is_said_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setattr(os, "fsync", fail)
    for call in (
        lambda: FILES.sync_file(tmp_path / "a"),
        lambda: FILES.sync_folder(tmp_path),
        lambda: FILES.append(tmp_path / "a", b"y"),
    ):
        with pytest.raises(NvrError) as caught:
            call()
        assert caught.value.kind is ErrorKind.STORAGE_FAILED


def test_a_folder_that_cannot_be_opened_for_sync_is_accepted_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NvrError):
        FILES.sync_folder(tmp_path / "none")

    def refuse(*_arguments: object) -> int:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    FILES.sync_folder(tmp_path)


def test_a_name_is_never_renamed_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        FILES.rename_new(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"b"
    FILES.rename_new(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"a"
    with pytest.raises(NvrError) as caught:
        FILES.rename_new(tmp_path / "a", tmp_path / "d")
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    with pytest.raises(FileExistsError):
        FILES.write_new(tmp_path / "b", b"new")


def test_a_share_that_refuses_to_replace_gets_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    FILES.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"new"


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    assert FILES.size(tmp_path / "none") is None
    assert FILES.size(tmp_path / "file" / "inside") is None
    assert FILES.size(tmp_path) is None
    assert not FILES.exists(tmp_path / "file" / "inside")
    assert FILES.exists(tmp_path / "dead")
    assert FILES.read(tmp_path / "file", 2, 3) == b"45"
    assert [found.name for found in FILES.list(tmp_path)] == ["file"]
    for call in (
        lambda: FILES.read(tmp_path / "none"),
        lambda: FILES.list(tmp_path / "none"),
        lambda: FILES.space(tmp_path / "none"),
        lambda: FILES.touch(tmp_path / "none"),
        lambda: FILES.sha256(tmp_path / "none"),
    ):
        with pytest.raises(NvrError) as caught:
            call()
        assert caught.value.kind is ErrorKind.STORAGE_MISSING
    FILES.remove(tmp_path / "none")
    with pytest.raises(NvrError):
        FILES.remove(tmp_path)
    assert not FILES.remove_empty_folder(tmp_path)


def test_a_mount_that_went_stale_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "lstat", stale)
    monkeypatch.setattr(Path, "stat", stale)
    for call in (FILES.exists, FILES.size):
        with pytest.raises(NvrError) as caught:
            call(tmp_path)
        assert caught.value.kind is ErrorKind.STORAGE_MISSING


def test_folders_are_made_only_below_what_is_there(tmp_path: Path) -> None:
    FILES.make_folder(tmp_path / "a" / "b" / "c", tmp_path)
    FILES.make_folder(tmp_path / "a" / "b" / "c", tmp_path)
    assert (tmp_path / "a" / "b" / "c").is_dir()
    with pytest.raises(NvrError):
        FILES.make_folder(tmp_path / "gone" / "x", tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_a_copy_can_be_stopped_and_tells_its_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    digest = FILES.copy(tmp_path / "a", tmp_path / "b", lambda: True)
    assert digest == FILES.sha256(tmp_path / "b")
    with pytest.raises(NvrError) as caught:
        FILES.copy(tmp_path / "a", tmp_path / "c", lambda: False)
    assert caught.value.kind is ErrorKind.CANCELLED


def test_a_worker_does_one_thing_after_the_other_and_ends() -> None:
    worker = DiskThread("test")
    assert worker.join(0.1), "never started"
    gate = threading.Event()
    first = worker.submit(lambda: gate.wait(5))
    second = worker.submit(lambda: 1 // 0)
    third = worker.submit(lambda: 3)
    cancelled = worker.submit(lambda: 4)
    assert cancelled.cancel()
    gate.set()
    assert first.result(5)
    with pytest.raises(ZeroDivisionError):
        second.result(5)
    assert third.result(5) == 3
    blocked = threading.Event()
    worker.submit(lambda: blocked.wait(5))
    dropped = worker.submit(lambda: 5)
    worker.close()
    assert dropped.cancelled()
    assert not worker.join(0.05)
    blocked.set()
    assert worker.join(5)
    assert worker.submit(lambda: 6).cancelled()
