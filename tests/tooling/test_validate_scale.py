"""The rules of the quality scale, and the tier that is claimed."""

import pytest

from scripts.validate import quality_scale

from .changes import set_to
from .conftest import Package


@pytest.mark.parametrize(
    "answer", ["maybe", "{status: exempt}", "{status: finished, comment: x}"]
)
def test_a_rule_needs_a_valid_answer(answer: str, package: Package) -> None:
    path = package.path / "quality_scale.yaml"
    text = path.read_text().replace("brands: done", f"brands: {answer}")
    package.text("quality_scale.yaml", text)
    assert "brands" in "\n".join(quality_scale.check(package.path))


@pytest.mark.parametrize(
    ("todo", "tier"),
    [
        ("brands", None),
        ("test-coverage", "bronze"),
        ("discovery", "silver"),
        ("strict-typing", "gold"),
        (None, "platinum"),
    ],
)
def test_the_tier_that_is_claimed_is_reached(
    todo: str | None, tier: str | None, package: Package
) -> None:
    path = package.path / "quality_scale.yaml"
    answer = "{status: todo, comment: later}"
    text = path.read_text().replace(f"  {todo}: done", f"  {todo}: {answer}")
    package.text("quality_scale.yaml", text)
    for claimed in ("bronze", "silver", "gold", "platinum"):
        package.change("manifest.json", set_to("quality_scale", value=claimed))
        found = list(quality_scale.check(package.path))
        assert (found == []) is (claimed == tier), claimed
    assert "the manifest claims platinum" in "".join(found) or tier == "platinum"


def test_every_rule_of_the_scale_is_asked() -> None:
    assert len(set(quality_scale.RULES)) == len(quality_scale.RULES) == 54
