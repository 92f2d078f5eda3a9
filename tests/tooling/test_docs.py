"""What the README says, held against what the code offers."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.helpers import config_validation as cv
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "custom_components" / "vtrack_nvr"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACTIONS: dict[str, dict[str, Any]] = yaml.safe_load(
    (PACKAGE / "services.yaml").read_text(encoding="utf-8")
)
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def section(title: str) -> str:
    """Return the text below a heading, up to the next of its kind or above."""
    level, _, _ = title.partition(" ")
    _, _, rest = README.partition(f"\n{title}\n")
    assert rest, title
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def steps(actions: Any) -> list[dict[str, Any]]:
    return [step for step in actions if "action" in step]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_is_an_automation_with_actions_that_exist(
    hass: Any, example: str
) -> None:
    automation = yaml.safe_load(example)
    assert set(automation) == {"triggers", "actions"}
    cv.TRIGGER_SCHEMA(automation["triggers"])
    cv.SCRIPT_SCHEMA(automation["actions"])
    ours = [
        step
        for step in steps(automation["actions"])
        if step["action"].startswith("vtrack_nvr.")
    ]
    for step in ours:
        fields = ACTIONS[step["action"].partition(".")[2]].get("fields", {})
        assert set(step.get("data", {})) <= set(fields), step["action"]


def test_the_table_of_actions_names_all_with_their_fields_and_defaults() -> None:
    rows = re.findall(
        r"^\| `vtrack_nvr\.(\w+)` \|[^|]*\|([^|]*)\|$", README, re.MULTILINE
    )
    assert {name for name, _ in rows} == set(ACTIONS)
    for name, told in rows:
        fields = ACTIONS[name].get("fields") or {}
        said = dict(re.findall(r"`(\w+)`(?: \((\w+)\))?", told))
        assert set(said) == set(fields), name
        defaults = {
            field: str(value.get("default", "")).lower()
            for field, value in fields.items()
        }
        assert said == defaults, name


def test_the_table_of_entities_names_all() -> None:
    texts = json.loads((PACKAGE / "translations" / "en.json").read_text("utf-8"))
    told = section("### Entities")
    names = [
        entity["name"]
        for platform in texts["entity"].values()
        for entity in platform.values()
    ]
    for name in [*names, "Connectivity"]:
        assert re.search(rf"\b{re.escape(name.rstrip(')'))}", told), name


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", README):
        assert (ROOT / target).exists(), target
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", README):
        assert anchor in anchors, anchor
