"""`scripts/demo --check --zip`: what is proven is the zip, and nothing beside it."""

# Reads private members: one step of starting is tried alone.

import asyncio
from pathlib import Path
import subprocess
import sys
from typing import Any
import zipfile

from homeassistant.core import HomeAssistant
import pytest

import custom_components.vtrack_nvr.const as loaded
from scripts.demo_lib import home_assistant, origin_proof, whereabouts
from scripts.demo_lib.config_dir import ConfigDir
from scripts.demo_lib.processes import Child

ROOT = Path(__file__).parents[2]


class Answering:
    """Stands in for the API: Home Assistant has loaded these files."""

    def __init__(self, *files: Path) -> None:
        self.files = files

    async def action(self, domain: str, name: str, data: Any) -> Any:
        assert (domain, name, data) == ("whereabouts", "files", {"domain": "cam"})
        return {"files": [str(path) for path in self.files]}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Return the zip of an integration called `cam`."""
    path = tmp_path / "any-name.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", '{"domain": "cam"}')
        archive.writestr("frontend/app.js", "")
    return path


def test_a_zip_is_unpacked_where_home_assistant_looks(
    packed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    config = ConfigDir(folder, 1)
    place = config.place_of(packed)
    assert place == folder / "custom_components" / "cam"
    config._put(packed)
    assert (place / "frontend" / "app.js").is_file()
    assert not place.is_symlink()
    (place / "frontend" / "app.js").write_text("of the first start")
    config._put(packed)
    assert (place / "frontend" / "app.js").read_text() == "of the first start"


async def test_what_was_loaded_from_elsewhere_is_wrong(tmp_path: Path) -> None:
    place = tmp_path / "cam"
    ours, clone = place / "sensor.py", tmp_path / "clone" / "cam" / "sensor.py"

    async def wrong(*files: Path) -> list[str]:
        return await origin_proof.wrong_about_origin(Answering(*files), "cam", place)

    assert await wrong(ours) == []
    assert await wrong(ours, clone) == [f"{clone} was loaded, which is not in {place}"]
    assert await wrong() == ["nothing of cam was loaded"]


async def test_home_assistant_tells_which_files_it_loaded(hass: HomeAssistant) -> None:
    assert await whereabouts.async_setup(hass, {})
    answer = await hass.services.async_call(
        "whereabouts",
        "files",
        {"domain": "vtrack_nvr"},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    assert loaded.__file__ in answer["files"]
    package = ROOT / "custom_components" / "vtrack_nvr"
    assert all(Path(name).is_relative_to(package) for name in answer["files"])


async def test_home_assistant_is_started_without_a_way_to_this_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    async def start(*_: Any, **options: Any) -> Child | None:
        started.update(options)
        return None

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(home_assistant, "start", start)
    await home_assistant.launch(Path(sys.executable), ConfigDir(tmp_path, 1))
    told = await asyncio.to_thread(
        subprocess.check_output,
        [sys.executable, "-c", "import sys; print(sys.path)"],
        text=True,
        cwd=tmp_path,
        env=started["environment"],
    )
    assert str(ROOT / "custom_components") not in told
    assert f"'{ROOT}'" not in told
