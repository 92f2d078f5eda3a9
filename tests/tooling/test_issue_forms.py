"""The forms for issues: what they ask for exists, and their links lead somewhere."""

import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/ISSUE_TEMPLATE"
FORMS = sorted(path for path in FOLDER.glob("*.yml") if path.name != "config.yml")
REPOSITORY = "https://github.com/vtrack-nvr/vtrack-nvr"
KINDS = {"checkboxes", "dropdown", "input", "markdown", "textarea"}
ENGLISH = json.loads(
    (ROOT / "custom_components/vtrack_nvr/translations/en.json").read_text("utf-8")
)


def form(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path: Path) -> None:
    found = form(path)
    assert found["name"]
    assert found["description"]
    items = [item for item in found["body"] if item["type"] != "markdown"]
    ids = [item["id"] for item in items]
    assert len(set(ids)) == len(ids)
    for item in found["body"]:
        assert item["type"] in KINDS
        attributes = item["attributes"]
        assert attributes.get("label" if item["type"] != "markdown" else "value")
        if item["type"] == "dropdown":
            options = attributes["options"]
            assert len(set(options)) == len(options) > 1
    assert {"versions", "story", "diagnostics"} <= set(ids)


def test_a_device_that_cannot_be_added_can_be_reported() -> None:
    needed = {
        item["id"]: item.get("validations", {}).get("required", False)
        for item in form(FOLDER / "interop.yml")["body"]
        if item["type"] != "markdown"
    }
    assert needed["report"]
    assert not needed["diagnostics"], "there is none of what could not be added"


def test_what_a_form_tells_people_to_click_is_called_so() -> None:
    clicks = (FOLDER / "interop.yml").read_text(encoding="utf-8")
    menu = ENGLISH["options"]["step"]["init"]["menu_options"]
    for words in (menu["report"], "Save the report"):
        assert words in clicks
        assert words in json.dumps(ENGLISH)
    assert "scripts/nvr report HOST --user NAME" in clicks


def test_links_of_the_forms_and_to_them_lead_somewhere() -> None:
    for link in form(FOLDER / "config.yml")["contact_links"]:
        assert link["url"].startswith(REPOSITORY)
        place = link["url"].removeprefix(REPOSITORY)
        if found := re.fullmatch(r"/blob/main/([^#]+)", place):
            assert (ROOT / found[1]).is_file(), place
        else:
            assert place == "/security/advisories/new"
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"issues/new\?template=([\w.]+)", text))
    assert named == {"interop.yml"}
    assert all((FOLDER / name).is_file() for name in named)


def test_a_hole_is_reported_in_private() -> None:
    told = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "Report a vulnerability privately" in told
    assert "do not open an issue" in told
    assert not (ROOT / ".github/FUNDING.yml").exists(), "left out on purpose"
