"""What README and docs say, held against what the code offers.

The examples themselves are run by `tests/shell/test_doc_examples.py`.
"""

from functools import cache
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.vtrack_nvr.core.models import CoverageState, EventClass

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "custom_components" / "vtrack_nvr"
USER_PAGES = [
    "actions",
    "automations",
    "configuration",
    "entities",
    "onboarding",
    "storage",
    "troubleshooting",
    "upkeep",
]
PAGES = [
    *ROOT.glob("*.md"),
    *sorted((ROOT / "docs").rglob("*.md")),
]
ACTIONS: dict[str, dict[str, Any]] = yaml.safe_load(
    (PACKAGE / "services.yaml").read_text(encoding="utf-8")
)
ENGLISH = json.loads((PACKAGE / "translations" / "en.json").read_text("utf-8"))
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES_OF_A_PICTURE = 150_000
MOST_BYTES_OF_PICTURES = 700_000
"""A page with them opens at once, and a clone stays small."""
BLUEPRINTS = sorted((ROOT / "blueprints/automation/vtrack_nvr").glob("*.yaml"))


HTML_PICTURE = re.compile(r'<(?:img|source)\b[^>]*?\b(?:src|srcset)="([^"]+)"')


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page(name: str) -> str:
    return text_of(ROOT / "docs" / name)


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are linked to."""
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    }


def test_the_tables_of_actions_name_all_with_their_fields_and_defaults() -> None:
    rows = re.findall(
        r"^\| `vtrack_nvr\.(\w+)` \|[^|]*\|([^|]*)\|$",
        page("actions.md"),
        re.MULTILINE,
    )
    assert sorted(name for name, _ in rows) == sorted(ACTIONS)
    for name, told in rows:
        fields = (ACTIONS[name] or {}).get("fields") or {}
        said = dict(re.findall(r"`(\w+)`(?: \((\w+)\))?", told))
        assert set(said) == set(fields), name
        defaults = {
            field: str(value.get("default", "")).lower()
            for field, value in fields.items()
        }
        assert said == defaults, name


def test_actions_for_administrators_are_marked() -> None:
    told = {
        name
        for name, target in re.findall(
            r"^\| `vtrack_nvr\.(\w+)` \|([^|]*)\|", page("actions.md"), re.MULTILINE
        )
        if "admin" in target
    }
    code = "".join(
        path.read_text(encoding="utf-8") for path in (PACKAGE / "actions").glob("*.py")
    )
    checked = {
        name
        for name, body in re.findall(
            r"async def async_(\w+)\(call: ServiceCall\)(.*?)(?=\nasync def |\ndef |\Z)",
            code,
            re.DOTALL,
        )
        if "await async_check_admin(call)" in body
    }
    assert told == checked


def test_every_action_trigger_and_condition_that_a_page_names_exists() -> None:
    files = {"db", "zip"}
    known = {*ACTIONS, *ENGLISH["triggers"], *ENGLISH["conditions"], *files}
    for path in [*PAGES, *BLUEPRINTS]:
        for name in re.findall(r"\bvtrack_nvr\.(\w+)\b(?!\.)", text_of(path)):
            if path.name not in {"CHANGELOG.md", "ARCHITECTURE.md"}:
                assert name in known, f"{path.name}: {name}"


def test_the_table_of_entities_names_all() -> None:
    told = page("entities.md")
    names = [
        entity["name"]
        for platform in ENGLISH["entity"].values()
        for entity in platform.values()
        if "name" in entity
    ]
    for name in [*names, "Connectivity"]:
        assert re.search(rf"\b{re.escape(name.rstrip(')'))}", told), name


def test_forms_offer_every_state_and_every_event() -> None:
    fields = ACTIONS["list_recordings"]["fields"]
    for name, words in (("states", CoverageState), ("event_class", EventClass)):
        select = fields[name]["selector"]["select"]
        assert set(select["options"]) == {str(word) for word in words}
        texts = ENGLISH["selector"][select["translation_key"]]["options"]
        assert set(texts) == set(select["options"])


def test_every_blueprint_is_offered_and_says_where_it_is_from() -> None:
    told = page("automations.md")
    for path in BLUEPRINTS:
        assert f"(../{path.relative_to(ROOT)})" in told, path.name
        source = re.search(r"^  source_url: (\S+)$", text_of(path), re.MULTILINE)
        assert source is not None
        assert source[1].endswith(str(path.relative_to(ROOT)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)
    for target, anchor in re.findall(
        r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)", prose
    ):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors_of(there), f"{target}#{anchor}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pictures_of_a_page_are_there_and_have_a_text_in_their_place(
    path: Path,
) -> None:
    for target in HTML_PICTURE.findall(text_of(path)):
        assert (path.parent / target).resolve().is_file(), target
    for tag in re.findall(r"<img\b[^>]*>", text_of(path)):
        assert re.search(r'\balt="[^"]{20,}"', tag), tag
    for alt in re.findall(r"!\[(.*?)\]\((?:docs/)?pictures/", text_of(path)):
        assert len(alt) >= 20, alt


def test_every_picture_of_the_docs_is_shown_and_small() -> None:
    shown = {
        (path.parent / target).resolve()
        for path in PAGES
        for target in [
            *HTML_PICTURE.findall(text_of(path)),
            *re.findall(r"!\[.*?\]\(([^)]+)\)", text_of(path)),
        ]
    }
    pictures = [path for path in PICTURES.iterdir() if path.is_file()]
    assert pictures
    assert [path.name for path in pictures if path not in shown] == []
    sizes = {path.name: path.stat().st_size for path in pictures}
    assert max(sizes.values()) <= MOST_BYTES_OF_A_PICTURE, sizes
    assert sum(sizes.values()) <= MOST_BYTES_OF_PICTURES, sizes


def test_the_readme_is_short_and_leads_to_every_page_for_users() -> None:
    readme = text_of(ROOT / "README.md")
    assert len(readme.splitlines()) < 200
    for name in USER_PAGES:
        assert f"(docs/{name}.md" in readme, name


def test_repairs_that_a_page_names_exist() -> None:
    titles = {issue["title"] for issue in ENGLISH["issues"].values()}
    for told in re.findall(r"\*(Storage for [^*]+)\*", page("troubleshooting.md")):
        assert told in titles, told


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "docs" / "ARCHITECTURE.md",
        *sorted((ROOT / "docs" / "design").glob("*.md")),
    ],
    ids=lambda path: path.name,
)
def test_files_that_the_design_names_exist(path: Path) -> None:
    there = [
        str(file.relative_to(ROOT))
        for folder in ("custom_components", "tests", "scripts", "benchmarks")
        for file in (ROOT / folder).rglob("*.py")
    ]
    for name in set(re.findall(r"`([\w/]+\.py)`", text_of(path))):
        assert any(f"/{file}".endswith(f"/{name}") for file in there), name
