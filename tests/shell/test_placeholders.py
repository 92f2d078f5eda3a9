"""Texts of devices and people never become Markdown in somebody's browser."""

# Reads private members: Home Assistant's notifications have no public reader.

import ast
from collections.abc import Iterator
from dataclasses import replace
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.models import Channel
from custom_components.vtrack_nvr.issues.cameras import async_tell
from custom_components.vtrack_nvr.placeholders import Markdown, placeholders
from custom_components.vtrack_nvr.repairs import async_create_fix_flow
from tests.shell.conftest import StartNvr
from tests.shell.flow_steps import begin, choose, found, sign_in, submit
from tests.simulator.scenario import SCENARIOS
from tests.simulator.spec import NvrSpec

PACKAGE = Path("custom_components/vtrack_nvr")
ENGLISH: dict[str, Any] = json.loads(
    (PACKAGE / "translations/en.json").read_text(encoding="utf-8")
)
BAD = "![x](http://127.0.0.1/b.png)"
RENDERED = re.compile(r"(?<!\\)[\[\]()<>`*_!:]")


def shell_calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "core" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def is_plain(call: ast.Call) -> bool:
    """Return whether its text is shown as it is: an exception's, or a device's name."""
    name = ast.unparse(call.func)
    return name.endswith("Error") or name in {"raised", "DeviceInfo"}


def test_all_placeholders_are_made_by_one_function() -> None:
    seen = 0
    for path, call in shell_calls():
        for keyword in call.keywords:
            if keyword.arg not in {
                "description_placeholders",
                "translation_placeholders",
            }:
                continue
            made = keyword.value
            # what the dashboard is answered it shows as plain text
            if is_plain(call) or "websocket" in str(path):
                continue
            seen += 1
            assert isinstance(made, ast.Call), f"{path}:{call.lineno}"
            assert ast.unparse(made.func) == "placeholders", f"{path}:{call.lineno}"
    assert seen > 15


def test_notifications_are_made_of_them_as_well() -> None:
    told = [path.name for path, call in shell_calls()
            if ast.unparse(call.func).startswith("persistent_notification.")]  # fmt: skip
    assert told == ["__init__.py"]  # see the test of a removed device below


def test_only_the_door_says_what_is_markdown_already() -> None:
    makers = {
        path.name
        for path, call in shell_calls()
        if ast.unparse(call.func) == "Markdown"
    }
    assert makers == {
        "report.py", "candidates.py", "certificate.py", "existing_entry.py",
        "options.py", "phrases.py",
    }  # fmt: skip


def texts(part: dict[str, Any], *keys: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from texts(value, *keys, key)
        else:
            yield (*keys, key), value


def test_titles_and_labels_take_the_plain_text_and_descriptions_the_escaped() -> None:
    """A title would show backslashes; a description would render what it is given."""
    for part in ("config", "options", "config_subentries", "issues"):
        for keys, text in texts(ENGLISH[part]):
            if keys == ("flow_title",):
                continue  # context["title_placeholders"], plain as well
            is_label = keys[-1] == "title" or "data" in keys or "menu_options" in keys
            # What is wrong with a field is plain text, too, and names nothing.
            assert "error" not in keys or "{" not in text, keys
            for name in re.findall(r"{(\w+)}", text):
                assert name.endswith("_plain") is is_label, keys


def test_what_is_markdown_stays_and_all_else_is_escaped() -> None:
    made = placeholders(name=BAD, count=3, report=Markdown("- one\n- two"))
    assert made["name"].replace("\\", "") == made["name_plain"] == BAD
    assert made["count"] == "3"
    assert made["report"] == "- one\n- two"
    assert not RENDERED.search(made["name"])


# A device with such names, through the real flow


async def test_a_device_with_such_a_name_is_shown_and_never_rendered(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    monkeypatch: pytest.MonkeyPatch,
    found_by_multicast: AsyncMock,
) -> None:
    def bad_specs() -> list[NvrSpec]:
        return [
            replace(
                spec,
                name=BAD,
                manufacturer=BAD,
                model=BAD,
                cameras=tuple(replace(camera, name=BAD) for camera in spec.cameras),
            )
            for spec in SCENARIOS["three-on-one-host"]()
        ]

    monkeypatch.setitem(SCENARIOS, "bad", bad_specs)
    nvr = (await start_nvr("bad"))[0]
    found_by_multicast.return_value = (found(nvr),)
    result = await submit(hass, await begin(hass), device=f"127.0.0.1:{nvr.port}")
    shown = [result["description_placeholders"]["device"]]
    result = await sign_in(hass, result, nvr)
    shown.append(result["description_placeholders"]["report"])
    result = await choose(hass, result, media_dir)
    entry = result["result"]
    assert entry.title == BAD
    await hass.async_block_till_done()
    present = entry.runtime_data.present
    entry.runtime_data.present = (*present, Channel("new", 9, BAD))
    async_tell(hass, entry)
    [issue] = [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "new_cameras"
    ]
    told = issue.translation_placeholders or {}
    assert told["name_plain"] == BAD
    shown += [told["name"], told["cameras"]]
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass = hass
    shown.append((await flow.async_step_init())["description_placeholders"]["name"])
    for source in ("reauth", "reconfigure"):
        form = await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": source, "entry_id": entry.entry_id},
            data=entry.data if source == "reauth" else None,
        )
        shown.append(form["description_placeholders"]["name"])
        hass.config_entries.flow.async_abort(form["flow_id"])
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    notes = persistent_notification._async_get_or_create_notifications(hass)
    [farewell] = [notes[key] for key in notes if entry.entry_id in key]
    assert BAD in farewell["title"]
    shown.append(farewell["message"])
    for text in shown:
        assert BAD not in text
        assert BAD in text.replace("\\", "")
        assert "![" not in text
        assert "](" not in text
