"""The zip of a release: the same bytes from the same commit, and nothing wrong unnoticed."""

from collections.abc import Callable
import json
from pathlib import Path
import shutil
import subprocess
import zipfile

import homeassistant  # noqa: F401 - it says when schemas of probatio are built
from PIL import Image
import pytest
import yaml

from scripts.release_lib import build, check
from scripts.validate import repository

from .conftest import Package

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
HACS = {
    "name": "x",
    "homeassistant": "2026.10.0",
    "zip_release": True,
    "filename": build.NAME,
}


def commit(root: Path) -> None:
    """Commit everything below `root`, at a time that never changes."""
    when = {"GIT_AUTHOR_DATE": "@1800000001 +0000", "HOME": str(root)}
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "all")):
        subprocess.run(
            ["git", "-C", str(root), *words],
            check=True,
            env={
                "PATH": "/usr/bin:/bin",
                **when,
                "GIT_COMMITTER_DATE": when["GIT_AUTHOR_DATE"],
            },
        )


@pytest.fixture
def tree(package: Package) -> Path:
    """Return a small repository, all committed, that a release could be made of."""
    for name, side in (("logo.png", 128), ("logo@2x.png", 256)):
        Image.new("RGBA", (side, side)).save(package.path / "brand" / name)
    (package.path / "frontend").mkdir()
    package.text("frontend/app.js", "export {};\n")
    (package.root / "hacs.json").write_text(json.dumps(HACS), encoding="utf-8")
    commit(package.root)
    return package.root


@pytest.fixture
def packed(tree: Path, tmp_path: Path) -> Path:
    """Return the zip of that repository."""
    target = tmp_path / "out" / build.NAME
    target.parent.mkdir()
    build.build(tree, target)
    return target


def again(packed: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Write the zip anew with other files in it, in order and dated as before."""
    with zipfile.ZipFile(packed) as archive:
        moment = archive.infolist()[0].date_time
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, moment), files[name])


def test_the_zip_of_a_sound_tree_has_no_findings(tree: Path, packed: Path) -> None:
    assert list(check.check(tree, packed, "v0.1.0")) == []
    with zipfile.ZipFile(packed) as archive:
        assert {"manifest.json", "frontend/app.js", "brand/icon.png"} <= set(
            archive.namelist()
        )
        assert {info.date_time for info in archive.infolist()} == {
            (2027, 1, 15, 8, 0, 0)
        }
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


def test_the_same_commit_gives_the_same_bytes_wherever_it_lies(
    tree: Path, packed: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(tree), str(elsewhere)], check=True)
    package = elsewhere / build.PACKAGE
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"x")
    (package / "manifest.json").chmod(0o755)
    (package / "scratch.py").write_text("not committed")
    other = tmp_path / "other.zip"
    build.build(elsewhere, other)
    assert other.read_bytes() == packed.read_bytes()


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda files: files.pop("frontend/app.js"), "app.js is missing"),
        (
            lambda files: files.update({"sensor.py": b""}),
            "sensor.py is not as committed",
        ),
        (lambda files: files.update({"z.py": b""}), "z.py is not in the commit"),
        (lambda files: files.update({"../z.py": b""}), "is no plain file"),
        (lambda files: files.update({"tests/test_z.py": b""}), "does not belong"),
        (lambda files: files.update({"__pycache__/z.pyc": b""}), "does not belong"),
        (lambda files: files.pop("manifest.json"), "not at the top"),
        (lambda files: files.pop("brand/logo@2x.png"), "logo@2x.png is missing"),
        (
            lambda files: files.update({"frontend/app.js": b" " * (1 << 20) + b";"}),
            "1048577 bytes",
        ),
        (
            lambda files: files.update({"translations/en.json": b"{"}),
            "en.json cannot be read",
        ),
    ],
)
def test_what_is_wrong_with_a_zip_is_found(
    change: Callable[[dict[str, bytes]], object], finding: str, tree: Path, packed: Path
) -> None:
    again(packed, change)
    found = "\n".join(check.check(tree, packed))
    assert finding in found


def test_the_tag_is_the_version(tree: Path, packed: Path) -> None:
    assert list(check.check(tree, packed, "0.1.0")) == []
    assert list(check.check(tree, packed, "v0.2.0")) == [
        "the manifest says 0.1.0, the tag v0.2.0"
    ]


def test_hacs_must_be_told_of_the_zip(tree: Path, packed: Path) -> None:
    renamed = packed.with_name("other.zip")
    shutil.copy(packed, renamed)
    assert "installed from other.zip" in "\n".join(check.check(tree, renamed))
    (tree / "hacs.json").write_text('{"name": "x"}', encoding="utf-8")
    assert "installed from" in "\n".join(check.check(tree, packed))


def test_a_file_that_is_no_zip_is_told(tree: Path, packed: Path) -> None:
    packed.write_bytes(b"no zip")
    assert "cannot be read" in "\n".join(check.check(tree, packed))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a copy without its history")
def test_this_tree_can_be_released(tmp_path: Path) -> None:
    packed = tmp_path / build.NAME
    first = build.build(ROOT, packed)
    assert build.build(ROOT, tmp_path / "again.zip") == first
    manifest = json.loads(build.committed(ROOT)["manifest.json"])
    assert list(check.check(ROOT, packed, f"v{manifest['version']}")) == []


# The version


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("CHANGELOG.md", "## 0.1.0\n", "is not `## 0.1.0 (DATE)`"),
        (
            "CHANGELOG.md",
            "## 0.2.0 (2027-01-01)\n## 0.1.0 (2026-01-01)\n",
            "0.1.0 (DATE)",
        ),
        ("README.md", "version 0.1.0, released on 2026-01-02.", "2026-01-01"),
        ("pyproject.toml", '[project]\nversion = "0.2.0"\n', "different versions"),
    ],
)
def test_the_version_is_the_same_everywhere(
    name: str, content: str, finding: str, package: Package
) -> None:
    sound = {
        "CHANGELOG.md": "## 0.1.0 (2026-01-01)\n",
        "README.md": "version 0.1.0, released on 2026-01-01.",
        "pyproject.toml": '[project]\nversion = "0.1.0"\n',
    }
    for each, text in sound.items():
        (package.root / each).write_text(text, encoding="utf-8")
    assert list(repository.versions(package.root)) == []
    (package.root / name).write_text(content, encoding="utf-8")
    [found] = repository.versions(package.root)
    assert finding in found


# The workflow


def test_only_the_job_that_attaches_the_zip_may_write() -> None:
    path = ROOT / ".github/workflows/release.yml"
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    prove, attach = workflow["jobs"]["prove"], workflow["jobs"]["attach"]
    assert "permissions" not in prove
    assert attach["permissions"] == {"contents": "write"}
    assert attach["needs"] == "prove"
    proven = "\n".join(step.get("run", "") for step in prove["steps"])
    assert proven.index("scripts/release") < proven.index("--check --zip")
    attached = "\n".join(step.get("run", "") for step in attach["steps"])
    assert attached.index("sha256sum --check") < attached.index("gh release upload")
    assert "scripts/setup" not in attached
    assert "pip" not in attached


def test_workflows_use_the_same_actions() -> None:
    used: dict[str, set[str]] = {}
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job["steps"]:
                name, _, pin = step.get("uses", "").partition("@")
                used.setdefault(name, set()).add(pin)
    assert {name: pins for name, pins in used.items() if len(pins) > 1} == {}
