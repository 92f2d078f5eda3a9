"""The demo walks through any flow: forms, sections, menus, progress."""

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.demo_lib import flow
from scripts.demo_lib.errors import DemoError


def form(
    step_id: str, *fields: dict[str, Any], errors: object = None
) -> dict[str, Any]:
    return {
        "type": "form",
        "flow_id": "1",
        "handler": "vtrack_nvr",
        "step_id": step_id,
        "data_schema": list(fields),
        "errors": errors,
    }


class FakeApi:
    """Answers with prepared steps and keeps what it was sent."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.steps = list(steps)
        self.sent: list[Mapping[str, Any]] = []

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        self.sent.append(data)
        return self.steps.pop(0)

    async def get(self, path: str) -> Any:
        return self.steps.pop(0)


END = {"type": "create_entry", "flow_id": "1", "title": "House"}


async def test_fields_are_filled_by_name_and_the_rest_by_what_is_suggested() -> None:
    api = FakeApi(
        form(
            "login",
            {"name": "username", "required": True},
            {"name": "days", "default": 30},
            {"name": "mode", "description": {"suggested_value": "all"}},
            {"name": "note", "optional": True},
            {
                "name": "advanced",
                "type": "expandable",
                "schema": [
                    {"name": "rtsp_port", "optional": True},
                    {"name": "a", "default": 1},
                ],
            },
        ),
        END,
    )
    result = await flow.add(api, "vtrack_nvr", {"username": "viewer"})
    assert result["title"] == "House"
    assert [form["step_id"] for form in result["forms"]] == ["login"]
    assert api.sent[-1] == {
        "username": "viewer",
        "days": 30,
        "mode": "all",
        "advanced": {"a": 1},
    }


async def test_progress_is_waited_for_and_menus_are_answered() -> None:
    progress = {"type": "progress", "flow_id": "1", "step_id": "discover"}
    menu = {"type": "menu", "flow_id": "1", "step_id": "m", "menu_options": ["a", "b"]}
    api = FakeApi(progress, progress, menu, END)
    await flow.add(api, "vtrack_nvr", {}, choices=("b",))
    assert api.sent[-1] == {"next_step_id": "b"}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([form("login", errors={"base": "invalid_auth"})], "login.*invalid_auth"),
        ([form("login", {"name": "code", "required": True})], "asks for code"),
        (
            [{"type": "abort", "flow_id": "1", "reason": "already_configured"}],
            "already",
        ),
        ([form("a"), form("a"), form("a"), form("a")], "again and again"),
    ],
)
async def test_a_flow_that_does_not_end_well_says_where(
    steps: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(DemoError, match=message):
        await flow.add(FakeApi(*steps), "vtrack_nvr", {})
