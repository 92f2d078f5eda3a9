"""quality_scale.yaml: all rules of the integration quality scale, each with an answer."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.yaml import load_yaml_dict
import probatio

TIERS = {
    "bronze": [
        "action-setup",
        "appropriate-polling",
        "brands",
        "common-modules",
        "config-flow-test-coverage",
        "config-flow",
        "dependency-transparency",
        "docs-actions",
        "docs-conditions",
        "docs-high-level-description",
        "docs-installation-instructions",
        "docs-removal-instructions",
        "docs-triggers",
        "entity-event-setup",
        "entity-unique-id",
        "has-entity-name",
        "runtime-data",
        "test-before-configure",
        "test-before-setup",
        "unique-config-entry",
    ],
    "silver": [
        "action-exceptions",
        "config-entry-unloading",
        "docs-configuration-parameters",
        "docs-installation-parameters",
        "entity-unavailable",
        "integration-owner",
        "log-when-unavailable",
        "parallel-updates",
        "reauthentication-flow",
        "test-coverage",
    ],
    "gold": [
        "devices",
        "diagnostics",
        "discovery-update-info",
        "discovery",
        "docs-data-update",
        "docs-examples",
        "docs-known-limitations",
        "docs-supported-devices",
        "docs-supported-functions",
        "docs-troubleshooting",
        "docs-use-cases",
        "dynamic-devices",
        "entity-category",
        "entity-device-class",
        "entity-disabled-by-default",
        "entity-translations",
        "exception-translations",
        "icon-translations",
        "reconfiguration-flow",
        "repair-issues",
        "stale-devices",
    ],
    "platinum": ["async-dependency", "inject-websession", "strict-typing"],
}
"""The rules of each tier, the lowest tier first (the scale's own lines)."""
RULES = tuple(rule for rules in TIERS.values() for rule in rules)

ANSWER = probatio.Any(
    probatio.In(("done", "todo")),
    {probatio.Required("status"): probatio.In(("done", "todo")), "comment": str},
    {probatio.Required("status"): "exempt", probatio.Required("comment"): str},
)
SCHEMA = probatio.Schema(
    {probatio.Required("rules"): {probatio.Required(rule): ANSWER for rule in RULES}}
)


def reached(answers: dict[str, Any]) -> str | None:
    """Return the highest tier of which, and below which, no rule is still to do."""
    tier = None
    for name, rules in TIERS.items():
        for rule in rules:
            answer = answers[rule]
            if (answer if isinstance(answer, str) else answer["status"]) == "todo":
                return tier
        tier = name
    return tier


def check(package: Path) -> Iterator[str]:
    """Yield rules without a valid answer, and a tier that is claimed but not reached."""
    try:
        scale = SCHEMA(load_yaml_dict(str(package / "quality_scale.yaml")))
    except FileNotFoundError:
        yield "quality_scale.yaml is missing"
    except HomeAssistantError as err:
        yield f"cannot be read: {err}"
    except probatio.MultipleInvalid as err:
        yield from (str(each) for each in err.errors)
    else:
        manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
        claimed, tier = manifest.get("quality_scale"), reached(scale["rules"])
        if claimed is not None and claimed != tier:
            yield f"the manifest claims {claimed}, the rules that are done make {tier}"
