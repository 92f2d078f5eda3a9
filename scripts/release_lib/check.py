"""Says what is wrong with a zip, as hassfest and HACS would, and then some."""

from collections.abc import Iterator
import json
from pathlib import Path, PurePosixPath
import tempfile
import zipfile

from scripts.validate.__main__ import of_package

from .build import commit_time, committed

MOST_BYTES = 1024 * 1024
"""Of one file; the largest, the player of HLS, has a third of that."""
MOST_IN_ALL = 20 * 1024 * 1024
"""Home Assistant's Marketplace refuses what unpacks to more than 100 MiB."""
BRAND = ("icon.png", "icon@2x.png", "logo.png", "logo@2x.png")
_UNWANTED = {"__pycache__", "tests", "node_modules", ".git"}
_UNWANTED_ENDS = (".pyc", ".map", ".ts", ".orig", ".rej")


def check(root: Path, packed: Path, tag: str | None = None) -> Iterator[str]:
    """Yield what is wrong with the zip of the last commit below `root`.

    `tag`: what the release is called.
    """
    try:
        with zipfile.ZipFile(packed) as archive:
            if broken := archive.testzip():
                yield f"{broken} is damaged"
                return
            unsafe = list(_names(archive))
            yield from unsafe
            if unsafe:
                return
            yield from _sizes(archive)
            yield from _times(archive, root)
            yield from _complete(archive, root)
            with tempfile.TemporaryDirectory() as folder:
                package = Path(folder, "custom_components", "vtrack_nvr")
                archive.extractall(package)
                yield from of_package(package)
                yield from _brand(package)
                yield from _version(package, tag)
    except (OSError, zipfile.BadZipFile) as error:
        yield f"cannot be read: {error}"
        return
    yield from _as_hacs_asks(root, packed)


def _names(archive: zipfile.ZipFile) -> Iterator[str]:
    names = archive.namelist()
    if names != sorted(set(names)):
        yield "the names are not in order, or come twice"
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ".." in parts or name.endswith("/"):
            yield f"{name} is no plain file below the integration"
        if _UNWANTED & set(parts) or name.endswith(_UNWANTED_ENDS):
            yield f"{name} does not belong to what people install"
    if "manifest.json" not in names:
        yield "manifest.json is not at the top, where HACS looks for it"


def _sizes(archive: zipfile.ZipFile) -> Iterator[str]:
    for info in archive.infolist():
        if info.file_size > MOST_BYTES:
            yield f"{info.filename} has {info.file_size} bytes, {MOST_BYTES} at most"
    total = sum(info.file_size for info in archive.infolist())
    if total > MOST_IN_ALL:
        yield f"{total} bytes in all, {MOST_IN_ALL} at most"


def _times(archive: zipfile.ZipFile, root: Path) -> Iterator[str]:
    if {info.date_time for info in archive.infolist()} != {commit_time(root)}:
        yield "the files do not have the time of the commit"


def _complete(archive: zipfile.ZipFile, root: Path) -> Iterator[str]:
    """Compare with the commit: the built dashboard and everything else, byte for byte."""
    ours = committed(root)
    for name in sorted(ours.keys() | set(archive.namelist())):
        if name not in archive.namelist():
            yield f"{name} is missing"
        elif name not in ours:
            yield f"{name} is not in the commit"
        elif archive.read(name) != ours[name]:
            yield f"{name} is not as committed"


def _brand(package: Path) -> Iterator[str]:
    for name in BRAND:
        if not (package / "brand" / name).is_file():
            yield f"brand/{name} is missing"


def _version(package: Path, tag: str | None) -> Iterator[str]:
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    version = manifest.get("version")
    if tag is not None and tag.removeprefix("v") != version:
        yield f"the manifest says {version}, the tag {tag}"


def _as_hacs_asks(root: Path, packed: Path) -> Iterator[str]:
    hacs = json.loads((root / "hacs.json").read_text(encoding="utf-8"))
    if not hacs.get("zip_release") or hacs.get("filename") != packed.name:
        yield f"hacs.json does not say that releases are installed from {packed.name}"
