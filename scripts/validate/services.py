"""services.yaml: its schema, and a name and a text for each action and field."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import validate_selector
from homeassistant.util.yaml import load_yaml_dict
import probatio

from .texts import slug
from .translations import english_of


def given(value: object) -> object:
    """Accept anything but nothing."""
    if value is None:
        raise probatio.Invalid("must not be empty")
    return value


PLAIN_FIELD = {
    "required": bool,
    "default": given,
    "example": given,
    "advanced": bool,
    "selector": probatio.All(dict, validate_selector),
}
FILTERED_FIELD = {
    **PLAIN_FIELD,
    "filter": {
        probatio.Exclusive("attribute", "filter"): {str: [object]},
        probatio.Exclusive("supported_features", "filter"): [str],
    },
}


def fields(field: dict[str, Any]) -> object:
    """Return what accepts fields and sections of fields; a filter needs a target."""
    one = probatio.Schema(field)
    section = probatio.Schema(
        {"collapsed": bool, probatio.Required("fields"): {slug: one}}
    )

    def field_or_section(value: object) -> object:
        if isinstance(value, dict) and "fields" in value:
            return section(value)
        return one(value)

    return {slug: field_or_section}


def target(value: object) -> object:
    """Accept a target by entities; filters by device are no longer allowed."""
    if value is None:
        return value
    if not isinstance(value, dict) or set(value) - {"entity", "exclude"}:
        raise probatio.Invalid("a target may filter by entity only")
    return validate_selector({"target": value})


TARGETED = probatio.Schema(
    {probatio.Required("target"): target, "fields": fields(FILTERED_FIELD)}
)
UNTARGETED = probatio.Schema({"fields": fields(PLAIN_FIELD)})


def action(value: object) -> object:
    """Accept an action: nothing, or a target and fields."""
    if value is None:
        return value
    is_targeted = isinstance(value, dict) and "target" in value
    return (TARGETED if is_targeted else UNTARGETED)(value)


SCHEMA = probatio.Schema({slug: action})


def fields_of(action: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, description) of all fields, those in sections too."""
    for name, value in ((action or {}).get("fields") or {}).items():
        if isinstance(value, dict) and "fields" in value:
            yield from value["fields"].items()
        else:
            yield name, value or {}


def sections_of(action: dict[str, Any] | None) -> set[str]:
    """Return the names of an action's sections."""
    found = ((action or {}).get("fields") or {}).items()
    return {name for name, value in found if "fields" in (value or {})}


def selector_keys(value: object) -> Iterator[str]:
    """Yield the translation keys that a field's selector names."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "translation_key" and isinstance(below, str):
                yield below
            yield from selector_keys(below)


def texts_missing(
    name: str, action: dict[str, Any] | None, english: dict[str, Any]
) -> Iterator[str]:
    """Yield what en.json lacks for an action."""
    words = english.get("services", {}).get(name)
    if words is None:
        yield f"{name} has no text in en.json"
        return
    names = [field for field, _ in fields_of(action)]
    if len(names) != len(set(names)):
        yield f"{name} has two fields of one name"
    for field, description in fields_of(action):
        if not words.get("fields", {}).get(field, {}).get("name"):
            yield f"{name}.{field} has no name in en.json"
        for key in selector_keys(description.get("selector")):
            if key not in english.get("selector", {}):
                yield f"{name}.{field}: selector.{key} is not in en.json"
    for section in sections_of(action):
        if not words.get("sections", {}).get(section, {}).get("name"):
            yield f"{name}.{section} is a section without a name in en.json"
    for field in words.get("fields", {}):
        if field not in names:
            yield f"{name}.{field} is in en.json but no field"


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with the actions."""
    path = package / "services.yaml"
    code = "".join(each.read_text(encoding="utf-8") for each in package.rglob("*.py"))
    if not path.exists():
        if re.search(r"services\.async_register|async_register_platform_entity", code):
            yield "actions are registered, but there is no services.yaml"
        return
    english = english_of(package)
    try:
        data = load_yaml_dict(str(path))
        SCHEMA(data)
    except HomeAssistantError as err:
        yield f"cannot be read: {err}"
        return
    except probatio.MultipleInvalid as err:
        yield from (str(each) for each in err.errors)
        return
    icons = package / "icons.json"
    drawn = json.loads(icons.read_text(encoding="utf-8")) if icons.exists() else {}
    for name, action in data.items():
        yield from texts_missing(name, action, english)
        if name not in drawn.get("services", {}):
            yield f"{name} has no icon in icons.json"
            continue
        for section in drawn["services"][name].get("sections", {}):
            if section not in sections_of(action):
                yield f"{name}.{section} has an icon in icons.json, but is no section"
    yield from (
        f"{name} is in en.json but no action"
        for name in english.get("services", {}).keys() - data.keys()
    )
