"""The repository's pages say what is true of the tree."""

from pathlib import Path
import re
import subprocess

import pytest

ROOT = Path(__file__).parent.parent.parent
CORE = ROOT / "custom_components" / "vtrack_nvr" / "core"
SPECIFICATIONS = (ROOT / "docs" / "specifications.md").read_text(encoding="utf-8")

SCRIPTS = sorted(
    path
    for path in [*(ROOT / "scripts").iterdir(), *(ROOT / "scripts/setup_lib").iterdir()]
    if path.is_file() and (not path.suffix or path.suffix == ".sh")
)


def test_the_table_of_specifications_names_files_that_exist() -> None:
    named = re.findall(r"`([\w/]+\.py)`", SPECIFICATIONS)
    assert len(named) > 15
    assert [name for name in named if not (CORE / name).exists()] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_sound_shell(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)
    if not path.suffix:
        assert path.stat().st_mode & 0o111, "must be executable"


def test_files_name_no_place_of_this_machine() -> None:
    """What is committed runs anywhere: no registry, no home of a person."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    hosts = [("deb", "debian"), ("pypi", "org"), ("files", "pythonhosted")]
    hosts.append(("registry", "npmjs"))
    homes = [place for place in (ROOT, Path.home()) if len(place.parts) > 2]
    places = [f"/{'root'}/", *(f"{place}/" for place in homes)]
    forbidden = re.compile(
        "|".join(
            [rf"{left}\.{right}" for left, right in hosts]
            + [re.escape(place) for place in places]
        )
    )
    found = [
        name
        for name in tracked
        if name
        and not name.endswith(".png")
        and (ROOT / name).is_file()
        and forbidden.search(
            (ROOT / name).read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert found == []
