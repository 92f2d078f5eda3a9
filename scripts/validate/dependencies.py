"""Every core component we import must be named in the manifest."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import override

from homeassistant.const import Platform
from homeassistant.requirements import DISCOVERY_INTEGRATIONS

ALWAYS_THERE = frozenset(
    {
        *map(str, Platform),
        "alert", "automation", "conversation", "default_config", "device_automation",
        "frontend", "group", "homeassistant", "input_boolean", "input_button",
        "input_datetime", "input_number", "input_select", "input_text", "media_source",
        "mjpeg", "onboarding", "panel_custom", "persistent_notification", "person",
        "script", "shopping_list", "stream", "sun", "system_health", "system_log",
        "timer", "webhook", "websocket_api", "zone",
    }
)  # fmt: skip
"""Components that validation takes for granted."""

SIGN_PATH = ("homeassistant.components.http.auth", ["async_sign_path"])
"""The one import from a component that needs no entry."""


class Imports(ast.NodeVisitor):
    """Collects the core components that a file imports at run time."""

    def __init__(self) -> None:
        """Begin with none."""
        self.found: set[str] = set()

    @override
    def visit_If(self, node: ast.If) -> None:
        """Leave out what only type checkers import."""
        if ast.unparse(node.test) not in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            self.generic_visit(node)

    @override
    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Take `from homeassistant.components...`."""
        names = [alias.name for alias in node.names]
        if node.level or not node.module or (node.module, names) == SIGN_PATH:
            return
        parts = node.module.split(".")
        if parts[:2] == ["homeassistant", "components"]:
            self.found |= {parts[2]} if parts[2:] else set(names)

    @override
    def visit_Import(self, node: ast.Import) -> None:
        """Take `import homeassistant.components...`."""
        for alias in node.names:
            parts = alias.name.split(".")
            if parts[:2] == ["homeassistant", "components"] and parts[2:]:
                self.found.add(parts[2])


def components_imported(path: Path) -> set[str]:
    """Return the core components a file imports at run time."""
    imports = Imports()
    imports.visit(ast.parse(path.read_text(encoding="utf-8")))
    return imports.found


def check(package: Path) -> Iterator[str]:
    """Yield components that are imported but not declared.

    A platform file or folder of a component's name is loaded by that component.
    """
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    declared = {
        *manifest.get("dependencies", []),
        *manifest.get("after_dependencies", []),
        *(
            domain
            for domain, keys in DISCOVERY_INTEGRATIONS.items()
            if any(key in manifest for key in keys)
        ),
    }
    for path in sorted(package.rglob("*.py")):
        for name in sorted(components_imported(path) - declared - ALWAYS_THERE):
            if not (package / f"{name}.py").exists() and not (package / name).is_dir():
                where = path.relative_to(package)
                yield f"{where} imports {name}, the manifest does not"
