"""Walks through a config flow as a person would, whatever its forms are.

Fields are filled by their names from `answers`; what is not known is left at its default.
"""

import asyncio
from collections.abc import Mapping
import time
from typing import Any

from .api import Api
from .errors import DemoError

_FLOWS = "/api/config/config_entries/flow"


class RefusedError(DemoError):
    """A form came back with errors; `flow_id` is still open."""

    def __init__(self, step: Mapping[str, Any]) -> None:
        super().__init__(f"{where(step)} said {step['errors']}")
        self.flow_id: str = step["flow_id"]
        self.keys = set(step["errors"].values())


async def add(
    api: Api,
    handler: str,
    answers: Mapping[str, Any],
    *,
    choices: tuple[str, ...] = (),
    patience: float = 90,
) -> dict[str, Any]:
    """Add an entry of `handler` and return the flow's result, its forms under "forms".

    In a menu, the first of `choices` that is offered is taken. Raises DemoError with the
    step and its errors when the flow does not end with an entry.
    """
    deadline = time.monotonic() + patience
    step = await api.post(_FLOWS, {"handler": handler, "show_advanced_options": True})
    forms: list[dict[str, Any]] = []
    while step["type"] != "create_entry":
        if time.monotonic() > deadline:
            raise DemoError(
                f"the flow still stood at {where(step)} after {patience:.0f} s"
            )
        path = f"{_FLOWS}/{step['flow_id']}"
        if step["type"] == "form":
            if step.get("errors"):
                raise RefusedError(step)
            if [form["step_id"] for form in forms].count(step["step_id"]) > 2:
                raise DemoError(f"{where(step)} comes again and again")
            forms.append(step)
            step = await api.post(path, fill(step["data_schema"], answers, where(step)))
        elif step["type"] == "menu":
            options = list(step["menu_options"])
            chosen = next((each for each in choices if each in options), options[0])
            step = await api.post(path, {"next_step_id": chosen})
        elif step["type"] in {"progress", "progress_done"}:
            await asyncio.sleep(0.2)
            step = await api.get(path)
        else:
            raise DemoError(
                f"{where(step)} ended with {step.get('reason') or step['type']}"
            )
    return {**step, "forms": forms}


async def drop(api: Api, flow_id: str) -> None:
    """Close a flow as the cross in its corner does."""
    await api.delete(f"{_FLOWS}/{flow_id}")


def where(step: Mapping[str, Any]) -> str:
    """Name a step for an error text."""
    return f"step {step.get('step_id', '?')} of {step.get('handler', 'the flow')}"


def fill(
    schema: list[dict[str, Any]], answers: Mapping[str, Any], place: str
) -> dict[str, Any]:
    """Return the input for a form: answers by name, else what the form suggests."""
    filled: dict[str, Any] = {}
    for field in schema:
        name = field["name"]
        if field.get("type") == "expandable":
            filled[name] = fill(field["schema"], answers, place)
        elif name in answers:
            filled[name] = answers[name]
        elif "default" in field:
            filled[name] = field["default"]
        elif (field.get("description") or {}).get("suggested_value") is not None:
            filled[name] = field["description"]["suggested_value"]
        elif field.get("required"):
            raise DemoError(f"{place} asks for {name}, and we have no answer")
    return filled
