"""A device report by one click: made, kept in memory, given to administrators only."""

from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any

from homeassistant.components.http import KEY_HASS_REFRESH_TOKEN_ID, current_request
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.diagnose.questions import Questions
from custom_components.vtrack_nvr.core.diagnose.report import read_report
from custom_components.vtrack_nvr.core.diagnose.sessions import Patience
from custom_components.vtrack_nvr.runtime import reporting
from tests.shell.conftest import RemoteNvr, StartNvr, entry_for
from tests.shell.rig import until
from tests.shell.test_lifecycle import sync_range

SHORT = Patience(quiet=0.5, paced=0.5, live=0.5, events=1.0)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "Questions", partial(Questions, patience=SHORT))


@pytest.fixture
async def rig(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> AsyncIterator[tuple[RemoteNvr, MockConfigEntry]]:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield nvr, entry
    await hass.config_entries.async_unload(entry.entry_id)


async def make(hass: HomeAssistant, entry: MockConfigEntry, *clicks: str) -> Any:
    """Click until the report is there."""
    options = hass.config_entries.options
    result = await options.async_init(entry.entry_id)
    for click in (*clicks, "report"):
        result = await options.async_configure(
            result["flow_id"], {"next_step_id": click}
        )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "report"
    await hass.async_block_till_done()
    return await options.async_configure(result["flow_id"])


async def test_a_report_is_made_from_the_connection_test(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    nvr, entry = rig
    told = async_capture_events(hass, "data_entry_flow_progress_update")
    result = await make(hass, entry, "test")
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "reported"
    assert [event.data["progress"] for event in told][-1] == 1.0
    link = result["description_placeholders"]["link"]
    client = await hass_client()
    answer = await client.get(link)
    assert answer.status == HTTPStatus.OK
    assert "attachment" in answer.headers["Content-Disposition"]
    text = await answer.text()
    content = read_report(text)
    assert "It can be searched and played back (Profile G)." in content["summary"]
    for secret in (entry.data["password"], entry.data["username"], nvr.spec.serial):
        assert secret not in text
    hass_admin_user.groups = []
    hass_admin_user.is_owner = False
    assert (await client.get(link)).status == HTTPStatus.FORBIDDEN


async def test_the_link_opens_in_the_browser_of_the_person_who_asked(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    _, entry = rig
    token = await hass.auth.async_create_refresh_token(
        hass_admin_user, client_id="https://example.com/"
    )
    reset = current_request.set({KEY_HASS_REFRESH_TOKEN_ID: token.id})
    try:
        result = await make(hass, entry)
    finally:
        current_request.reset(reset)
    client = await hass_client_no_auth()
    link = result["description_placeholders"]["link"]
    assert (await client.get(link)).status == HTTPStatus.OK
    bare = link.partition("?")[0]
    assert (await client.get(bare)).status == HTTPStatus.UNAUTHORIZED


async def test_a_silent_device_has_a_report_too(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    hass_client: ClientSessionGenerator,
) -> None:
    nvr, entry = rig
    nvr.faults.html_ops = ["*"]
    client = await hass_client()
    url = f"/api/{DOMAIN}/report/{entry.entry_id}"
    assert (await client.get(url)).status == HTTPStatus.NOT_FOUND
    result = await make(hass, entry)
    assert result["step_id"] == "reported_silence"
    content = json.loads(await (await client.get(url)).text())
    assert content["summary"][0] == "The device could not be asked what it is."
    assert content["facts"]["problems"]
    assert "Log in" in json.dumps(content["soap"])


async def test_only_the_newest_few_are_kept_and_a_closed_flow_ends_the_work(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    kept = hass.data.setdefault(reporting.REPORTS, {})
    for number in range(4):
        kept[f"other-{number}"] = reporting.MadeReport("{}", has_answered=True)
    await make(hass, entry)
    assert list(kept) == ["other-1", "other-2", "other-3", entry.entry_id]
    options = hass.config_entries.options
    result = await options.async_init(entry.entry_id)
    result = await options.async_configure(
        result["flow_id"], {"next_step_id": "report"}
    )
    options.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert len(kept) == 4


async def test_a_report_asks_everything_that_is_asked_in_daily_life(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    nvr, entry = rig
    await sync_range(hass, nvr)
    [camera] = hass.states.async_entity_ids("camera")
    await hass.services.async_call(
        DOMAIN, "record", {"entity_id": camera, "duration": 1}, blocking=True
    )
    await until(hass, lambda: nvr.counts()["rtsp"]["requests"].get("TEARDOWN", 0) > 1)
    daily = nvr.counts()
    assert daily["operations"]["tev:PullMessages"]
    assert daily["operations"]["trc:GetRecordingJobs"]
    nvr.reset_counts()
    await make(hass, entry)
    asked = nvr.counts()
    assert daily["operations"].keys() <= asked["operations"].keys()
    assert daily["rtsp"]["requests"].keys() <= asked["rtsp"]["requests"].keys()
