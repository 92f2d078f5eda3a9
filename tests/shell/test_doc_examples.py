"""Every example of the pages, run as it stands: real automations, real actions."""

from datetime import UTC, datetime, timedelta
import logging
import os
from pathlib import Path
import re
from typing import Any

from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er, label_registry as lr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)
import yaml

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import HOUR_MS, TimeRange
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.shell.rig import MakeWhole, sync

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CAMERA = "camera.porch_live"
FRAGMENT = "# configuration.yaml"


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """Return the headings of a page's examples with the examples below them."""
    found: list[tuple[str, str]] = []
    title = page.stem
    text = page.read_text(encoding="utf-8")
    for heading, block in re.findall(
        r"^#+ ([^\n]+)$|^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        if heading:
            title = heading
        else:
            found.append((title, block))
    return found


EXAMPLES = [each for page in PAGES for each in blocks_of(page)]
AUTOMATIONS = {title: text for title, text in EXAMPLES if text.startswith("triggers:")}
FRAGMENTS = {title: text for title, text in EXAMPLES if FRAGMENT in text}
MAY_FIND_NOTHING = {"One file of every night"}
"""Those that ask for times of which the simulated device may have nothing."""


@pytest.fixture
async def porch(hass: HomeAssistant, whole: MakeWhole) -> datetime:
    """Return a moment of which a camera at the porch has kept footage."""
    await whole()
    registry = er.async_get(hass)
    entity = registry.async_update_entity("camera.first_live", new_entity_id=CAMERA)
    lr.async_get(hass).async_create("outside")
    registry.async_update_entity(CAMERA, labels={"outside"})
    await hass.async_block_till_done()
    assert entity.entity_id == CAMERA
    await sync(hass)
    library = hass.data[DOMAIN].library
    [clip, *_] = await library.browse.recent(1)
    span = clip.facts.range
    # what lies before and after is known: nothing would come of waiting for it
    around = [
        TimeRange(span.start_ms - HOUR_MS, span.start_ms),
        TimeRange(span.end_ms, span.end_ms + HOUR_MS),
    ]
    await library.ledger.mark(clip.camera, around, CoverageState.ABSENT, "no_footage")
    lost = TimeRange(span.start_ms - 48 * HOUR_MS, span.start_ms - 47 * HOUR_MS)
    await library.ledger.mark(clip.camera, [lost], CoverageState.LOST, "overwritten")
    return datetime.fromtimestamp((span.start_ms + span.end_ms) / 2000, UTC)


async def happen(hass: HomeAssistant, trigger: dict[str, Any], at: datetime) -> None:
    """Let what a trigger waits for happen, as if at that moment."""
    match trigger["trigger"]:
        case "state":
            entity_id = trigger["entity_id"]
            to = trigger.get("to", at.isoformat())
            hass.states.async_set(entity_id, to, timestamp=at.timestamp())
        case "time":
            then = dt_util.parse_time(trigger["at"])
            assert then is not None
            now = dt_util.now()
            due = datetime.combine(now.date(), then, now.tzinfo)
            if due <= now:
                due += timedelta(days=1)
            async_fire_time_changed(hass, due + timedelta(seconds=1))
            await hass.async_block_till_done()
            await hass.services.async_call(
                "automation",
                "turn_off",
                {"entity_id": "automation.example", "stop_actions": False},
                blocking=True,
            )
        case "event":
            [clip, *_] = await hass.data[DOMAIN].library.browse.recent(1)
            hass.bus.async_fire(
                trigger["event_type"],
                {
                    **trigger["event_data"],
                    "media_content_id": f"media-source://{DOMAIN}/clip/{clip.id}",
                },
            )
        case "vtrack_nvr.clip_kept":
            [clip, *_] = await hass.data[DOMAIN].library.browse.recent(1)
            [event_class, *_] = trigger["options"]["event_class"]
            hass.bus.async_fire(
                "vtrack_nvr_clip",
                {
                    "entity_id": CAMERA,
                    "device_id": er.async_get(hass).async_get(CAMERA).device_id,
                    "clip_id": clip.id,
                    "event_class": event_class,
                    "event_classes": [event_class],
                },
            )
        case kind:
            pytest.fail(f"a trigger that is not tried: {kind}")
    await hass.async_block_till_done()


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_in(each)]
    return [str(value)]


def check_message(call: ServiceCall) -> None:
    """A message says something, and nothing of it was left unfilled."""
    assert call.data["message"].strip()
    for text in texts_in(dict(call.data)):
        assert "None" not in text, text
        assert "{{" not in text, text


async def automate(hass: HomeAssistant, example: dict[str, Any]) -> list[Event]:
    """Set an example up; returns where the times that it was triggered are noted."""
    triggered: list[Event] = []
    for trigger in example["triggers"]:
        if trigger["trigger"] == "state":
            hass.states.async_set(trigger["entity_id"], "before", timestamp=1.0)
    hass.bus.async_listen("automation_triggered", triggered.append)
    automation = {"alias": "Example", "mode": "parallel", **example}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    assert hass.states.get("automation.example").state == "on"
    return triggered


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR
        and record.name.startswith(
            ("homeassistant.components.automation", "homeassistant.helpers")
        )
    ]


def test_there_are_examples() -> None:
    assert len(AUTOMATIONS) >= 8
    assert FRAGMENTS


def test_every_other_example_can_be_read() -> None:
    """Cards are tried where the frontend is."""
    for title, text in EXAMPLES:
        assert isinstance(yaml.safe_load(text), dict | list), title


@pytest.mark.parametrize("title", sorted(AUTOMATIONS.keys() - FRAGMENTS.keys()))
async def test_an_example_does_what_it_says(
    hass: HomeAssistant,
    porch: datetime,
    caplog: pytest.LogCaptureFixture,
    title: str,
) -> None:
    example = yaml.safe_load(AUTOMATIONS[title])
    assert set(example) == {"triggers", "actions"}
    told = async_mock_service(hass, "notify", "mobile_app_phone")
    shown = async_mock_service(hass, "persistent_notification", "create")
    played = async_mock_service(hass, "media_player", "play_media")
    called: list[Event] = []
    hass.bus.async_listen("call_service", called.append)
    triggered = await automate(hass, example)
    caplog.clear()
    for trigger in example["triggers"]:
        await happen(hass, trigger, porch)
    assert len(triggered) == len(example["triggers"])
    if title in MAY_FIND_NOTHING:
        assert all("holds no recordings" in line for line in failures(caplog))
    else:
        assert failures(caplog) == []
    for call in (*told, *shown):
        check_message(call)
    for call in shown:
        assert re.search(
            r'<a href="\S+/shared/\S+" target="_blank">', call.data["message"]
        )
    done = {f"{e.data['domain']}.{e.data['service']}" for e in called}
    named = set(re.findall(r"action: ([\w.]+)", AUTOMATIONS[title]))
    assert named <= done | {"notify.mobile_app_phone"}
    assert told or "notify" not in AUTOMATIONS[title]
    assert played or "media_player" not in AUTOMATIONS[title]


async def test_the_doorbell_message_is_honest_where_nothing_was_recorded(
    hass: HomeAssistant, porch: datetime
) -> None:
    example = yaml.safe_load(AUTOMATIONS["The doorbell rang"])
    told = async_mock_service(hass, "notify", "mobile_app_phone")
    await automate(hass, example)
    await happen(hass, example["triggers"][0], porch)
    await happen(hass, example["triggers"][0], porch - timedelta(hours=47.5))
    with_clip, without = told
    assert with_clip.data["message"].startswith("Somebody is at the door.")
    assert with_clip.data["data"]["image"].startswith(f"/api/{DOMAIN}/thumbnail/")
    assert with_clip.data["data"]["url"]
    assert "nothing was recorded: Overwritten by the device" in without.data["message"]
    assert without.data["data"] == {"image": "", "url": "", "clickAction": ""}


@pytest.mark.parametrize("succeeds", [True, False])
async def test_the_off_site_copy_runs_and_tells_of_failures(
    hass: HomeAssistant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    succeeds: bool,
) -> None:
    title = "A copy elsewhere"
    program = tmp_path / "bin" / "rclone"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'for each in "$@"; do echo "$each" >> {tmp_path}/arguments; done\n'
        + ("" if succeeds else "echo no such remote >&2\nexit 1\n")
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    told = async_mock_service(hass, "notify", "mobile_app_phone")
    assert await async_setup_component(
        hass, "shell_command", yaml.safe_load(FRAGMENTS[title])
    )
    example = yaml.safe_load(AUTOMATIONS[title])
    triggered = await automate(hass, example)
    await happen(hass, example["triggers"][0], datetime.now(UTC))
    assert len(triggered) == 1
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[:3] == ["copy", "/media/vtrack_nvr", "offsite:vtrack_nvr"]
    assert arguments[-2:] == ["--filter", "- .*"]
    if succeeds:
        assert told == []
    else:
        [call] = told
        assert "no such remote" in call.data["message"]
