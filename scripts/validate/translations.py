"""translations/*.json: the schema, and other languages against English."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import probatio

from . import languages
from .texts import key, plain, slug, text

TEXTS = {str: text}
STATES = {key: plain}


def panel(value: object) -> object:
    """Accept texts of the dashboard at any depth; Home Assistant reads them as all others."""
    if isinstance(value, dict):
        return {slug(key): panel(below) for key, below in value.items()}
    return text(value)


STEP = {
    "title": text,
    "description": text,
    "data": TEXTS,
    "data_description": TEXTS,
    "menu_options": TEXTS,
    "menu_option_descriptions": TEXTS,
    "submit": text,
    "sections": {
        str: {
            "name": text,
            "description": text,
            "data": TEXTS,
            "data_description": TEXTS,
        }
    },
}


def described_fields_exist(flow: dict[str, Any]) -> dict[str, Any]:
    """Refuse the description of a field that a step does not have."""
    for name, step in flow["step"].items():
        for part in (step, *step.get("sections", {}).values()):
            for field in part.get("data_description", {}).keys() - part.get("data", {}):
                raise probatio.Invalid(
                    f"step {name} describes {field}, which is no field"
                )
    return flow


STEPS: dict[Any, Any] = {
    "flow_title": text,
    probatio.Required("step"): {str: STEP},
    "error": TEXTS,
    "abort": TEXTS,
    "progress": TEXTS,
    "create_entry": TEXTS,
}
FLOW = probatio.All(
    {**STEPS, "initiate_flow": {probatio.Required("user"): text}},
    described_fields_exist,
)
SUBENTRY_FLOW = probatio.All(
    {
        **STEPS,
        probatio.Required("entry_type"): text,
        probatio.Required("initiate_flow"): {
            probatio.Required("user"): text,
            str: text,
        },
    },
    described_fields_exist,
)

FIELD = {
    probatio.Required("name"): text,
    probatio.Required("description"): text,
    "example": text,
}
CHOSEN = {
    probatio.Required("name"): text,
    probatio.Required("description"): text,
    "fields": {key: FIELD},
}
ACTION = {
    **CHOSEN,
    "sections": {key: {probatio.Required("name"): text, "description": text}},
}


SCHEMA = probatio.Schema(
    {
        "title": text,
        "config": FLOW,
        "options": FLOW,
        "config_subentries": {probatio.Any("_", slug): SUBENTRY_FLOW},
        "entity": {
            slug: {
                key: {
                    "name": text,
                    "state": STATES,
                    "unit_of_measurement": plain,
                    "state_attributes": {key: {"name": plain, "state": STATES}},
                }
            }
        },
        "device": {key: {probatio.Required("name"): text}},
        "device_automation": {
            probatio.Any(
                "action_type",
                "condition_type",
                "trigger_type",
                "trigger_subtype",
                "extra_fields",
                "extra_fields_descriptions",
            ): TEXTS
        },
        "exceptions": {slug: {probatio.Required("message"): text}},
        "issues": {
            str: probatio.All(
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
        "services": {key: ACTION},
        "triggers": {slug: CHOSEN},
        "conditions": {slug: CHOSEN},
        "selector": {
            probatio.Any("_", slug): {
                "choices": {key: text},
                "options": {key: text},
                "fields": probatio.Any({slug: str}, {key: FIELD}),
                "unit_of_measurement": {key: text},
            }
        },
        "system_health": {"info": {key: text}},
        "common": {slug: text},
        "config_panel": panel,
    }
)


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


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with the translations."""
    folder = package / "translations"
    english, wrong = load(folder / "en.json")
    yield from wrong
    for path in sorted(folder.glob("*.json")):
        if path.name != "en.json":
            wrong = load(path)[1]
            yield from wrong or languages.check_file(path, english)
