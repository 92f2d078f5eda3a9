"""Footage to take away: one film, or a zip that says what it holds."""

# Reads private members: bounds are lowered: real ones are gigabytes.

from collections.abc import Callable, Sequence
import json
import os
from pathlib import Path
from typing import Any
import zipfile

import av
import pytest

from custom_components.vtrack_nvr.core.archive import export_files
from custom_components.vtrack_nvr.core.archive.export_files import (
    CameraFootage,
    plan_export,
)
from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.convert import LARGEST_GROWTH
from tests.core.library.mounts import tmpfs
from tests.core.media.test_join import make, span


def export_zip(
    cameras: Sequence[CameraFootage],
    wanted: TimeRange,
    to: Path,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    with plan_export(cameras, wanted, is_zip=True) as plan:
        return plan.write(to, progress=progress)


def frames_in(path: Path) -> int:
    with av.open(path) as media:
        return sum(1 for _ in media.decode(video=0))


def export(
    cameras: Sequence[CameraFootage], wanted: TimeRange, to: Path, **options: Any
) -> dict[str, Any]:
    """Plan and write, as the shell does."""
    with plan_export(cameras, wanted) as plan:
        size = plan.size
        manifest = plan.write(to, **options)
    if not plan.is_zip:
        assert to.stat().st_size == size, "the size is known before the first byte"
    assert to.stat().st_size <= size
    return manifest


def test_one_camera_is_one_film(tmp_path: Path) -> None:
    parts = tuple(make(tmp_path, n * 4_000) for n in range(2))
    done: list[float] = []
    manifest = export(
        [CameraFootage("garden", parts)],
        span(0, 8_000),
        tmp_path / "out.mp4.part",
        progress=done.append,
    )
    [file] = manifest["cameras"][0]["files"]
    assert frames_in(tmp_path / "out.mp4.part") == file["frames"] == 80
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


def test_a_camera_without_footage_in_the_range_has_no_file(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    cameras = [
        CameraFootage("garden", (make(tmp_path, 0),)),
        CameraFootage("drive", (make(tmp_path / "b", 60_000),)),
    ]
    to = tmp_path / "all.zip"
    manifest = export_zip(cameras, span(0, 4_000), to)
    assert [len(camera["files"]) for camera in manifest["cameras"]] == [1, 0]
    with zipfile.ZipFile(to) as archive:
        assert set(archive.namelist()) == {"garden.mp4", "manifest.json"}
    with pytest.raises(NvrError) as raised:
        plan_export(cameras, span(20_000, 30_000))
    assert raised.value.kind is ErrorKind.NO_FOOTAGE


def test_a_clip_that_is_away_is_a_storage_error(tmp_path: Path) -> None:
    part = make(tmp_path, 0)
    footage = [CameraFootage("garden", (part,))]
    plan = plan_export(footage, span(0, 1000))
    part.path.unlink()
    with plan, pytest.raises(NvrError) as raised:
        plan.write(tmp_path / "out.part")
    assert raised.value.kind is ErrorKind.STORAGE_FAILED
    with pytest.raises(NvrError) as raised:
        plan_export(footage, span(0, 1000))
    assert raised.value.kind is ErrorKind.STORAGE_FAILED


def test_a_clip_that_is_shorter_than_it_was_is_no_film(tmp_path: Path) -> None:
    part = make(tmp_path, 0)
    with plan_export([CameraFootage("garden", (part,))], span(0, 4_000)) as plan:
        os.truncate(part.path, part.path.stat().st_size // 2)
        with pytest.raises(NvrError) as raised:
            plan.write(tmp_path / "out.part")
    assert raised.value.kind is ErrorKind.VERIFY_FAILED


def test_cancelling_a_zip_leaves_no_temporary_film(tmp_path: Path) -> None:
    cancel = CancelToken()
    footage = [CameraFootage("garden", (make(tmp_path, 0),))]
    with plan_export(footage, span(0, 4_000), is_zip=True) as plan:
        cancel.cancel("enough")
        with pytest.raises(NvrError) as raised:
            plan.write(tmp_path / "out.zip.part", cancel=cancel)
    assert raised.value.kind is ErrorKind.CANCELLED
    assert not list(tmp_path.glob("*.movie"))
    with pytest.raises(NvrError) as raised:
        plan_export(footage, span(0, 4_000), cancel=cancel)
    assert raised.value.kind is ErrorKind.CANCELLED


def test_a_disk_that_fills_up_on_the_way_is_a_storage_error(tmp_path: Path) -> None:
    """A real file system that runs full while a zip is written to it."""
    small = tmp_path / "small"
    small.mkdir()
    footage = [
        CameraFootage("garden", tuple(make(tmp_path, n * 4_000) for n in range(9)))
    ]
    with (
        plan_export(footage, span(0, 36_000), is_zip=True) as plan,
        tmpfs(small, 16_384),
        pytest.raises(NvrError) as raised,
    ):
        plan.write(small / "out.zip.part")
    assert raised.value.kind is ErrorKind.STORAGE_FULL


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_disk_that_just_holds_the_export_is_enough(
    tmp_path: Path, is_zip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No film is written twice: nothing but the export itself ever lies there."""
    small = tmp_path / "small"
    small.mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setattr(export_files, "_ZIP_BYTES", 512)
    footage = [CameraFootage("a", tuple(make(tmp_path, n * 4_000) for n in range(5)))]
    if is_zip:
        footage.append(CameraFootage("b", (make(tmp_path / "b", 0),)))
    with plan_export(footage, span(0, 20_000)) as plan:
        assert plan.needed_bytes == plan.size
        with tmpfs(small, -(-plan.size // 4096) * 4096):
            plan.write(small / "out.part")
            assert (small / "out.part").stat().st_size <= plan.size


def test_room_is_looked_at_while_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else fills the disk meanwhile: it stops before nothing is left."""
    monkeypatch.setattr(export_files, "_LOOK_BYTES", 4_000)
    looks: list[int] = []
    to = tmp_path / "out.part"

    def look() -> None:
        looks.append(to.stat().st_size)
        if len(looks) == 3:
            raise NvrError(ErrorKind.STORAGE_FULL, "no room")

    footage = [
        CameraFootage("garden", tuple(make(tmp_path, n * 4_000) for n in range(9)))
    ]
    with (
        plan_export(footage, span(0, 36_000)) as plan,
        pytest.raises(NvrError) as raised,
    ):
        plan.write(to, look=look)
    assert raised.value.kind is ErrorKind.STORAGE_FULL
    assert len(looks) == 3
    assert looks[-1] < plan.size


def test_a_film_that_has_to_be_converted_is_counted_and_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "is_playable", lambda _codec: False)
    footage = [CameraFootage("garden", (make(tmp_path, 0),))]
    to = tmp_path / "out.part"

    def finish(film: Path, seconds: float) -> None:
        assert (frames_in(film), seconds) == (40, 4.0)
        film.write_bytes(b"converted")

    with plan_export(footage, span(0, 4_000)) as plan:
        film = plan.size // LARGEST_GROWTH
        assert plan.needed_bytes == plan.size + (1 + LARGEST_GROWTH) * film
        plan.write(to, finish=finish)
    assert to.read_bytes() == b"converted"
    assert not list(tmp_path.glob("*.movie"))


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
