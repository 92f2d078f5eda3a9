"""translations/*.json: the schema, and other languages against English."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import probatio

from .texts import placeholders, slug, text

TEXTS = {slug: text}

STEP = {
    "title": text,
    "description": text,
    "data": {str: text},
    "data_description": {str: text},
    "menu_options": TEXTS,
    "menu_option_descriptions": TEXTS,
    "submit": text,
    "sections": {
        slug: {
            "name": text,
            "description": text,
            "data": {str: text},
            "data_description": {str: text},
        }
    },
}

FLOW: dict[Any, Any] = {
    "flow_title": text,
    probatio.Required("step"): {slug: STEP},
    "error": TEXTS,
    "abort": TEXTS,
    "progress": TEXTS,
    "create_entry": TEXTS,
}

FIELD = {"name": text, "description": text, "example": text}

ACTION = {
    probatio.Required("name"): text,
    probatio.Required("description"): text,
    "fields": {str: FIELD},
    "sections": {slug: {probatio.Required("name"): text, "description": text}},
}

SCHEMA = probatio.Schema(
    {
        "title": text,
        "config": FLOW,
        "options": FLOW,
        "config_subentries": {
            slug: {
                **FLOW,
                probatio.Required("entry_type"): text,
                probatio.Required("initiate_flow"): {
                    probatio.Required("user"): text,
                    "reconfigure": text,
                },
            }
        },
        "entity": {
            slug: {
                slug: {
                    "name": text,
                    "state": TEXTS,
                    "unit_of_measurement": text,
                    "state_attributes": {slug: {"name": text, "state": TEXTS}},
                }
            }
        },
        "device": {slug: {probatio.Required("name"): text}},
        "exceptions": {slug: {probatio.Required("message"): text}},
        "issues": {
            slug: probatio.All(
                {
                    probatio.Required("title"): text,
                    probatio.Exclusive("description", "body"): text,
                    probatio.Exclusive("fix_flow", "body"): FLOW,
                },
                probatio.Any(
                    probatio.Schema(
                        {probatio.Required("description"): text},
                        extra=probatio.ALLOW_EXTRA,
                    ),
                    probatio.Schema(
                        {probatio.Required("fix_flow"): dict},
                        extra=probatio.ALLOW_EXTRA,
                    ),
                    msg="needs a description or a fix_flow",
                ),
            )
        },
        "services": {slug: ACTION},
        "triggers": {slug: ACTION},
        "conditions": {slug: ACTION},
        "selector": {
            slug: {
                "options": {str: text},
                "fields": {str: FIELD},
                "unit_of_measurement": TEXTS,
            }
        },
        "system_health": {"info": TEXTS},
        "common": TEXTS,
        "config_panel": object,
    }
)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted path, text) of all texts."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, f"{path}.{key}" if path else key)
    elif isinstance(value, str):
        yield path, value


def english_of(package: Path) -> dict[str, Any]:
    """Return the English texts, empty if they cannot be read (another check says so)."""
    return load(package / "translations" / "en.json")[0]


def load(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the file's content and what is wrong with it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        return {}, [f"{path.name} cannot be read: {err}"]
    try:
        SCHEMA(data)
    except probatio.MultipleInvalid as err:
        return data, [f"{path.name}: {each}" for each in err.errors]
    return data, []


def compare(name: str, english: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Yield where a language's keys or placeholders are not those of English."""
    wanted, found = dict(leaves(english)), dict(leaves(other))
    yield from (f"{name}: {key} is missing" for key in wanted.keys() - found.keys())
    yield from (
        f"{name}: {key} is not in English" for key in found.keys() - wanted.keys()
    )
    for key in wanted.keys() & found.keys():
        if placeholders(wanted[key]) != placeholders(found[key]):
            yield f"{name}: {key} has other placeholders than English"


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with the translations."""
    folder = package / "translations"
    english, wrong = load(folder / "en.json")
    yield from wrong
    for path in sorted(folder.glob("*.json")):
        if path.name != "en.json":
            data, wrong = load(path)
            yield from wrong or sorted(compare(path.name, english, data))
