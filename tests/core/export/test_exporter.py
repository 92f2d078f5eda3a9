"""Footage to take away: one film, or a zip that says what it holds."""

import errno
import json
from pathlib import Path
import zipfile

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.export import exporter
from custom_components.vtrack_nvr.core.export.exporter import (
    CameraFootage,
    export_movie,
    export_zip,
)
from tests.core.media.test_join import make, span


def frames_in(path: Path) -> int:
    with av.open(path) as media:
        return sum(1 for _ in media.decode(video=0))


def test_one_camera_is_one_film(tmp_path: Path) -> None:
    parts = tuple(make(tmp_path, n * 4_000) for n in range(2))
    done: list[float] = []
    joined = export_movie(
        CameraFootage("garden", parts),
        span(0, 8_000),
        tmp_path / "out.mp4.part",
        progress=done.append,
    )
    assert joined.parts == 2
    assert frames_in(tmp_path / "out.mp4.part") == joined.frames
    assert done[-1] == 1.0
    assert done == sorted(done)


def test_several_cameras_are_a_zip_with_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    garden = CameraFootage("garden", (make(tmp_path / "a", 0),))
    drive = CameraFootage(
        "drive",
        (make(tmp_path / "b", 0), make(tmp_path / "b", 8_000, size=(320, 240))),
    )
    done: list[float] = []
    to = tmp_path / "all.zip.part"
    manifest = export_zip([garden, drive], span(0, 12_000), to, progress=done.append)
    with zipfile.ZipFile(to) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {
            "garden.mp4",
            "drive.mp4",
            "drive_2.mp4",
            "manifest.json",
        }
        assert json.loads(archive.read("manifest.json")) == manifest
        archive.extractall(tmp_path / "out")
    for camera in manifest["cameras"]:
        for item in camera["files"]:
            assert frames_in(tmp_path / "out" / item["file"]) == item["frames"]
    assert done[-1] == 1.0
    assert [item.name for item in tmp_path.iterdir() if "movie" in item.name] == []


def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "SPARE_BYTES", 1 << 60)
    to = tmp_path / "out.mp4.part"
    with pytest.raises(NvrError) as raised:
        export_movie(CameraFootage("garden", (make(tmp_path, 0),)), span(0, 1000), to)
    assert raised.value.kind is ErrorKind.STORAGE_FULL
    assert not to.exists()


def test_a_clip_that_is_away_is_a_storage_error(tmp_path: Path) -> None:
    part = make(tmp_path, 0)
    part.path.unlink()
    with pytest.raises(NvrError) as raised:
        export_movie(
            CameraFootage("garden", (part,)), span(0, 1000), tmp_path / "out.part"
        )
    assert raised.value.kind is ErrorKind.STORAGE_FAILED


def test_cancelling_a_zip_leaves_no_temporary_film(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel("enough")
    with pytest.raises(NvrError) as raised:
        export_zip(
            [CameraFootage("garden", (make(tmp_path, 0),))],
            span(0, 4_000),
            tmp_path / "out.zip.part",
            cancel=cancel,
        )
    assert raised.value.kind is ErrorKind.CANCELLED
    assert not list(tmp_path.glob("*.movie"))


class FullDisk(zipfile.ZipFile):
    """A zip on a disk that is full after the first film."""

    def write(self, *arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_up_on_the_way_is_a_storage_error_and_leaves_no_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter.zipfile, "ZipFile", FullDisk)
    with pytest.raises(NvrError) as raised:
        export_zip(
            [CameraFootage("garden", (make(tmp_path, 0),))],
            span(0, 4_000),
            tmp_path / "out.zip.part",
        )
    assert raised.value.kind is ErrorKind.STORAGE_FULL
    assert not list(tmp_path.glob("*.movie"))


def test_a_zip_of_a_clip_that_is_away_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = make(tmp_path, 0)
    monkeypatch.setattr(exporter, "_check_room", lambda *_: part.path.unlink())
    with pytest.raises(NvrError) as raised:
        export_zip(
            [CameraFootage("garden", (part,))], span(0, 4_000), tmp_path / "out.part"
        )
    assert raised.value.kind is ErrorKind.STORAGE_FAILED


def test_cameras_of_one_name_do_not_overwrite_each_other_in_a_zip(
    tmp_path: Path,
) -> None:
    """Names that are the same, differ by case, hold slashes, or look like a number."""
    names = ["Garden", "garden", "../../etc/passwd", "garden_2", "\N{CAT}", "a/b\\c"]
    cameras = []
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        folder.mkdir()
        parts = [make(folder, 0)]
        if name == "garden":
            parts.append(make(folder, 8_000, size=(320, 240)))
        cameras.append(CameraFootage(name, tuple(parts)))
    to = tmp_path / "all.zip.part"
    manifest = export_zip(cameras, span(0, 12_000), to)
    with zipfile.ZipFile(to) as archive:
        found = archive.namelist()
    assert len({name.lower() for name in found}) == len(found) == 8
    assert all("/" not in name and "\\" not in name for name in found)
    assert [camera["name"] for camera in manifest["cameras"]] == names
    listed = [
        item["file"] for camera in manifest["cameras"] for item in camera["files"]
    ]
    assert sorted([*listed, "manifest.json"]) == sorted(found)
