"""Every core component we import must be named in the manifest."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path

ALWAYS_THERE = frozenset(
    {
        "alert", "automation", "conversation", "default_config", "device_automation",
        "frontend", "group", "hassio", "homeassistant", "input_boolean",
        "input_button", "input_datetime", "input_number", "input_select",
        "input_text", "media_source", "onboarding", "persistent_notification",
        "person", "script", "shopping_list", "sun", "system_health", "system_log",
        "timer", "webhook", "websocket_api", "zone",
        # Platforms of entities, set up with ours.
        "binary_sensor", "button", "event", "sensor", "switch", "select", "number",
        # Their platform files are loaded by them, only where they are.
        "diagnostics", "recorder", "backup", "media_player",
    }
)  # fmt: skip
"""Components that validation takes for granted."""

PLATFORM_OF = {"camera": "camera", "repairs": "repairs", "logbook": "logbook"}
"""Files loaded by the component of that name; importing it there needs no entry."""


def components_imported(path: Path) -> set[str]:
    """Return the core components a file imports at run time."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            parts = node.module.split(".")
            if parts[:2] == ["homeassistant", "components"]:
                found |= {parts[2]} if parts[2:] else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[:2] == ["homeassistant", "components"] and parts[2:]:
                    found.add(parts[2])
    return found


def check(package: Path) -> Iterator[str]:
    """Yield components that are imported but not declared."""
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    declared = {
        *manifest.get("dependencies", []),
        *manifest.get("after_dependencies", []),
    }
    for path in sorted(package.rglob("*.py")):
        own = {PLATFORM_OF.get(path.stem, "")} if path.parent == package else set()
        for name in sorted(components_imported(path) - declared - ALWAYS_THERE - own):
            yield f"{path.relative_to(package)} imports {name}, the manifest does not"
