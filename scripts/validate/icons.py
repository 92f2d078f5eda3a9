"""icons.json: the schema, and that no state repeats its default."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import probatio

from .texts import icon, key, slug

STATES = {key: icon}


def ascending(value: object) -> object:
    """Accept icons by the number from which they are shown, in order."""
    ranges = probatio.Schema({probatio.Coerce(float): icon})(value)
    if list(ranges) != sorted(ranges):
        raise probatio.Invalid("the numbers of a range must rise")
    return ranges


FORMS = {"step": {str: {"sections": {str: icon}}}}
SHOWN = {"default": icon, "state": STATES, "range": ascending}
SCHEMA = probatio.Schema(
    {
        "entity": {slug: {key: {**SHOWN, "state_attributes": {key: SHOWN}}}},
        "services": {
            key: {probatio.Required("service"): icon, "sections": {key: icon}},
        },
        "config": FORMS,
        "options": FORMS,
        "issues": {str: {"fix_flow": FORMS}},
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
        for name, section in keys.items():
            yield from repeated(f"entity.{platform}.{name}", section)
