"""icons.json: the schema, and that no state repeats its default."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import probatio

from .texts import icon, slug

STATES = {slug: icon}
SCHEMA = probatio.Schema(
    {
        "entity": {
            slug: {
                slug: {
                    "default": icon,
                    "state": STATES,
                    "range": {probatio.Coerce(float): icon},
                    "state_attributes": {slug: {"default": icon, "state": STATES}},
                }
            }
        },
        "services": {
            slug: {probatio.Required("service"): icon, "sections": {slug: icon}},
        },
        "config": object,
        "options": object,
        "issues": object,
        "triggers": {slug: {"trigger": icon}},
        "conditions": {slug: {"condition": icon}},
    }
)


def repeated(where: str, section: dict[str, Any]) -> Iterator[str]:
    """Yield states whose icon is the default's."""
    for state, value in section.get("state", {}).items():
        if value == section.get("default"):
            yield f"{where}.state.{state} repeats the default icon"


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with the icons."""
    path = package / "icons.json"
    if not path.exists():
        return
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        SCHEMA(data)
    except ValueError as err:
        yield f"cannot be read: {err}"
        return
    except probatio.MultipleInvalid as err:
        yield from (str(each) for each in err.errors)
        return
    for platform, keys in data.get("entity", {}).items():
        for key, section in keys.items():
            yield from repeated(f"entity.{platform}.{key}", section)
