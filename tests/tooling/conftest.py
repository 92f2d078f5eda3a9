"""A small integration that all checks accept, to be broken by each test."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import homeassistant  # noqa: F401 - it says when schemas of probatio are built
from PIL import Image
import pytest

from scripts.validate import quality_scale

MANIFEST: dict[str, Any] = {
    "domain": "vtrack_nvr",
    "name": "VTrack NVR",
    "codeowners": ["@somebody"],
    "config_flow": True,
    "dependencies": ["camera"],
    "dhcp": [{"registered_devices": True}],
    "documentation": "https://example.org/docs",
    "integration_type": "hub",
    "iot_class": "local_polling",
    "issue_tracker": "https://example.org/issues",
    "requirements": ["onvif-zeep-async>=4.3.0,<5"],
    "version": "0.1.0",
}

ENGLISH: dict[str, Any] = {
    "config": {
        "step": {"user": {"title": "Hello", "data": {"host": "Address"}}},
        "error": {"cannot_connect": "No answer from {host}."},
        "abort": {"gone": "It went away."},
        "progress": {"search": "Searching."},
    },
    "entity": {"sensor": {"backlog": {"name": "Backlog"}}},
    "exceptions": {"busy": {"message": "The device is busy."}},
    "issues": {"no_room": {"title": "No room", "description": "The disk is full."}},
    "services": {
        "sync": {
            "name": "Sync",
            "description": "Fetches now.",
            "fields": {"mode": {"name": "Mode", "description": "How."}},
        }
    },
    "selector": {"mode": {"options": {"all": "All"}}},
}

CODE = {
    "__init__.py": "",
    "config_flow.py": """\
from homeassistant.components.camera import Camera
class Flow:
    async def async_step_user(self, user_input=None):
        errors = {"base": "cannot_connect"}
        self.async_show_progress(step_id="user", progress_action="search")
        self.async_abort(reason="gone")
        return self.async_show_form(step_id="user", errors=errors)
""",
    "sensor.py": """\
SENSORS = (SensorEntityDescription(key="backlog", translation_key="backlog"),)
def fail(hass):
    ir.async_create_issue(hass, DOMAIN, "x", translation_key="no_room")
    raise HomeAssistantError(translation_domain="vtrack_nvr", translation_key="busy")
""",
}

SERVICES = """\
sync:
  target:
    entity:
      integration: vtrack_nvr
  fields:
    mode:
      default: all
      selector:
        select:
          translation_key: mode
          options: [all]
"""


class Package:
    """The folder of the small integration, and ways to break it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "custom_components" / "vtrack_nvr"
        (self.path / "translations").mkdir(parents=True)
        (self.path / "brand").mkdir()
        self.json("manifest.json", MANIFEST)
        self.json("translations/en.json", ENGLISH)
        self.json(
            "icons.json",
            {
                "entity": {"sensor": {"backlog": {"default": "mdi:history"}}},
                "services": {"sync": {"service": "mdi:sync"}},
            },
        )
        self.text("services.yaml", SERVICES)
        rules = "".join(f"  {rule}: done\n" for rule in quality_scale.RULES)
        self.text("quality_scale.yaml", f"rules:\n{rules}")
        for name, code in CODE.items():
            self.text(name, code)
        for name, side in (("icon.png", 256), ("icon@2x.png", 512)):
            Image.new("RGBA", (side, side)).save(self.path / "brand" / name)

    def text(self, name: str, content: str) -> None:
        (self.path / name).write_text(content, encoding="utf-8")

    def json(self, name: str, content: object) -> None:
        self.text(name, json.dumps(content))

    def change(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Apply `change` to a JSON file's content."""
        data = json.loads((self.path / name).read_text(encoding="utf-8"))
        change(data)
        self.json(name, data)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Return an integration that passes all checks."""
    return Package(tmp_path)
