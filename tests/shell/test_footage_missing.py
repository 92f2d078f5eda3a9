"""Footage that ought to be kept and is not: entity, repair, restart, and its end."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import time
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import CONF_MISSING_AFTER, DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import REASONS
from custom_components.vtrack_nvr.core.library.upkeep_values import DeleteCause
from custom_components.vtrack_nvr.core.models import CameraKey, CoverageState
from custom_components.vtrack_nvr.core.sync.missing import MissingMemory
from custom_components.vtrack_nvr.core.sync.status import (
    MissingCause,
    MissingFootage,
    SourceReason,
)
from custom_components.vtrack_nvr.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.vtrack_nvr.issues.footage import (
    FIXABLE,
    LIVE_REASONS,
    PATIENT,
    FootageWatch,
    UnstartedWatch,
    amount_text,
    is_news,
    issue_id_of,
)
from custom_components.vtrack_nvr.repairs import async_create_fix_flow
from custom_components.vtrack_nvr.runtime.settings import nvr_settings
from tests.shell.flow_steps import read
from tests.shell.rig import MakeWhole, until

HOUR = 3_600_000
PACKAGE = Path(__file__).parents[2] / "custom_components" / "vtrack_nvr"
ENGLISH: dict[str, Any] = json.loads(
    (PACKAGE / "translations" / "en.json").read_text(encoding="utf-8")
)
ATTRIBUTES = ENGLISH["entity"]["binary_sensor"]["footage_missing"]["state_attributes"]


def camera_of(entry: MockConfigEntry) -> tuple[CameraKey, str]:
    """Return the first camera of an entry, and its subentry."""
    subentry = next(iter(entry.subentries.values()))
    return CameraKey(str(subentry.unique_id)), subentry.subentry_id


def sensor(hass: HomeAssistant) -> State:
    """Return the entity of the first camera."""
    found = [
        state
        for state in hass.states.async_all("binary_sensor")
        if state.entity_id.endswith("footage_missing")
    ]
    return found[0]


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue of the first camera."""
    issue_id = issue_id_of(camera_of(entry)[1])
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id)


async def restart_with_damage(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Start again after the device failed to deliver a stretch for a day."""
    camera, _ = camera_of(entry)
    library = hass.data[DOMAIN].library
    assert await hass.config_entries.async_unload(entry.entry_id)
    now_ms = round(time.time() * 1000)
    hole = TimeRange(now_ms - 30 * HOUR, now_ms - 30 * HOUR + 300_000)
    later_ms = now_ms + 20 * HOUR
    await library.ledger.mark(
        camera, [hole], CoverageState.FAILED, "damaged", later_ms, attempts=5
    )
    told = MissingFootage(MissingCause.GIVEN_UP, hole.start_ms, 300, "damaged")
    await library.ledger.set_lookout(camera, MissingMemory(now_ms, None, told).text())
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_camera_that_misses_nothing_says_so(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    await until(hass, lambda: sensor(hass).state == "off")
    state = sensor(hass)
    assert state.attributes["device_class"] == "problem"
    assert "cause" not in state.attributes
    assert issue(hass, entry) is None


async def test_a_hole_is_told_after_a_restart_until_a_person_does_without(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    await restart_with_damage(hass, entry)
    await until(hass, lambda: sensor(hass).state == "on")
    attributes = sensor(hass).attributes
    assert (attributes["cause"], attributes["reason"]) == ("given_up", "damaged")
    assert attributes["minutes"] == 5
    assert attributes["since"] < dt_util.utcnow() - timedelta(hours=29)

    await until(hass, lambda: issue(hass, entry) is not None)
    found = issue(hass, entry)
    assert found is not None
    assert found.is_fixable
    assert found.translation_key == "footage_missing_given_up"
    told = read(found.translation_placeholders)
    assert told["amount"] == "5 min"
    assert told["reason"] == "Recording damaged"
    assert told["camera"] in {subentry.title for subentry in entry.subentries.values()}

    flow = await async_create_fix_flow(hass, found.issue_id, found.data)
    flow.hass = hass
    form = await flow.async_step_init()
    assert form["type"] is FlowResultType.FORM
    assert told.pop("source") == ""
    assert read(form["description_placeholders"]) == told
    flow.flow_id, flow.handler = "1", DOMAIN
    done = await flow.async_step_confirm({})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await until(hass, lambda: sensor(hass).state == "off")
    await until(hass, lambda: issue(hass, entry) is None)
    camera, _ = camera_of(entry)
    spans = await hass.data[DOMAIN].library.ledger.coverage(
        camera, TimeRange(0, 10**14)
    )
    assert "left_out" in {span.reason for span in spans}


async def test_automations_and_diagnostics_get_the_codes(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    await restart_with_damage(hass, entry)
    await until(hass, lambda: sensor(hass).state == "on")
    answer = await hass.services.async_call(
        DOMAIN, "get_status", {}, blocking=True, return_response=True
    )
    assert answer is not None
    camera = answer["nvrs"][0]["cameras"][0]
    assert camera["missing"]["cause"] == "given_up"
    assert camera["missing"]["reason"] == "damaged"
    assert camera["missing"]["seconds"] == 300
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    [[gap], *_] = diagnostics["gaps"]
    assert (gap["state"], gap["reason"]) == ("failed", "damaged")
    assert gap["end"] - gap["start"] == 300_000


async def test_a_live_recording_is_covered_from_its_first_seconds(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("no-profile-g")
    engine = hass.data[DOMAIN].engine
    camera, _ = camera_of(entry)
    async with asyncio.timeout(30):
        while True:
            status = (await engine.fresh_status()).camera(
                entry.runtime_data.key, camera
            )
            if status and (status.coverage_percent or 0) > 60:
                break
            await asyncio.sleep(0.1)
    live = hass.data[DOMAIN].live.now(camera)
    assert live.is_expected
    assert live.is_continuous
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await asyncio.sleep(0.1)
    assert hass.data[DOMAIN].live.now(camera).open is None


async def test_unloading_withdraws_what_nobody_follows_any_more(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    await restart_with_damage(hass, entry)
    await until(hass, lambda: issue(hass, entry) is not None)
    found = issue(hass, entry)
    assert found is not None
    flow = await async_create_fix_flow(hass, found.issue_id, found.data)
    flow.hass = hass
    flow.flow_id, flow.handler = "1", DOMAIN
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issue(hass, entry) is None
    assert sensor(hass).state == "unavailable"
    assert (await flow.async_step_init())["reason"] == "not_loaded"


async def test_a_device_that_is_away_since_before_the_start_is_told(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    camera, _ = camera_of(entry)
    library = hass.data[DOMAIN].library
    await nvr.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    watch = UnstartedWatch(hass)
    now_ms = round(time.time() * 1000)

    async def look(memory: MissingMemory) -> ir.IssueEntry | None:
        await library.ledger.set_lookout(camera, memory.text())
        await watch.async_look()
        await hass.async_block_till_done()
        return issue(hass, entry)

    assert await look(MissingMemory(now_ms - HOUR)) is None
    # Home Assistant may have been off: nothing new is told right after a start
    assert await look(MissingMemory(now_ms - 9 * HOUR)) is None
    watch = UnstartedWatch(hass, dt_util.utcnow() - PATIENT)
    assert await look(MissingMemory(now_ms - 9 * HOUR)) is not None
    assert await look(MissingMemory(now_ms)) is None
    told = MissingFootage(MissingCause.NOT_SEEN, now_ms - 9 * HOUR, 1.0, "unreachable")
    watch = UnstartedWatch(hass)
    found = await look(MissingMemory(now_ms - 9 * HOUR, None, told))
    assert found is not None
    assert found.translation_key == "footage_missing_not_seen"
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["reason"] == "Not reachable"
    assert not found.is_fixable

    await nvr.start()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await until(hass, lambda: issue(hass, entry) is None)
    await watch.async_look()
    assert issue(hass, entry) is None


async def test_a_removed_entry_takes_its_repairs_along(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    camera, _ = camera_of(entry)
    await nvr.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.data[DOMAIN].library.ledger.set_lookout(camera, MissingMemory(1).text())
    hass.config_entries.async_update_entry(entry, options={CONF_MISSING_AFTER: 0})
    watch = UnstartedWatch(hass, dt_util.utcnow() - PATIENT)
    await watch.async_look()
    await hass.async_block_till_done()
    assert issue(hass, entry) is None
    hass.config_entries.async_update_entry(entry, options={})
    await watch.async_look()
    await hass.async_block_till_done()
    assert issue(hass, entry) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    await watch.async_look()
    assert issue(hass, entry) is None


async def test_leaving_out_says_when_it_cannot(
    hass: HomeAssistant, whole: MakeWhole, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, entry = await whole()
    _, subentry_id = camera_of(entry)
    words = dict.fromkeys(("camera", "name", "since", "amount", "reason"), "–")

    async def flow(subentry: str) -> RepairsFlow:
        about = {"footage_of": entry.entry_id, "subentry_id": subentry, **words}
        found = await async_create_fix_flow(hass, issue_id_of(subentry), about)
        found.hass, found.flow_id, found.handler = hass, "1", DOMAIN
        return found

    gone = await (await flow("gone")).async_step_init()
    assert gone["reason"] == "not_loaded"

    async def leave_out(*_: object) -> None:
        raise NvrError(ErrorKind.INDEX_FAILED)

    monkeypatch.setattr(hass.data[DOMAIN].engine, "leave_out", leave_out)
    failed = await (await flow(subentry_id)).async_step_confirm({})
    assert failed["type"] is FlowResultType.ABORT


@pytest.mark.parametrize("nobody_expects", [{"mode": "on_demand"}, {"sync": False}])
async def test_nothing_is_told_of_cameras_that_are_not_kept(
    hass: HomeAssistant, whole: MakeWhole, nobody_expects: dict[str, Any]
) -> None:
    nvr, entry = await whole()
    camera, subentry_id = camera_of(entry)
    subentry = entry.subentries[subentry_id]
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, **nobody_expects}
    )
    await hass.async_block_till_done()
    await nvr.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    watch = UnstartedWatch(hass, dt_util.utcnow() - PATIENT)
    library = hass.data[DOMAIN].library
    await library.ledger.set_lookout(camera, MissingMemory(1).text())
    await watch.async_look()
    await hass.async_block_till_done()
    assert issue(hass, entry) is None


def test_the_chosen_time_comes_from_the_options() -> None:
    assert nvr_settings({}).missing_after_s == 7200
    assert nvr_settings({CONF_MISSING_AFTER: 0}).missing_after_s == 0
    assert nvr_settings({CONF_MISSING_AFTER: 1440}).missing_after_s == 86_400


def test_every_reason_of_the_ledger_has_its_words() -> None:
    assert set(ATTRIBUTES["reason"]["state"]) == REASONS
    assert {str(cause) for cause in DeleteCause} <= REASONS
    texts = list(ATTRIBUTES["reason"]["state"].values())
    assert all(texts)


@pytest.mark.parametrize("cause", list(MissingCause))
def test_every_cause_has_its_words_and_its_repair(cause: MissingCause) -> None:
    assert ATTRIBUTES["cause"]["state"][cause]
    texts = ENGLISH["issues"][f"footage_missing_{cause}"]
    assert "{camera_plain}" in texts["title"]
    assert ("fix_flow" in texts) is (cause in FIXABLE)
    body = (
        texts.get("description")
        or (texts["fix_flow"]["step"]["confirm"]["description"])
    )
    assert "{since}" in body
    assert "{amount}" in body


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 min"), (299, "5 min"), (3600, "1 h 0 min"), (93_600, "26 h 0 min")],
)
def test_lengths_are_told_in_hours_and_minutes(seconds: float, text: str) -> None:
    assert amount_text(seconds) == text


def test_only_what_reads_otherwise_is_news() -> None:
    before = MissingFootage(MissingCause.NOT_SEEN, 0, 7200)
    assert not is_news(before, MissingFootage(MissingCause.NOT_SEEN, 0, 9000))
    assert is_news(before, MissingFootage(MissingCause.NOT_SEEN, 0, 10_800))
    assert is_news(before, MissingFootage(MissingCause.NOT_COPIED, 0, 7200))


@pytest.mark.parametrize("reason", sorted(LIVE_REASONS))
async def test_why_a_camera_is_recorded_live_stands_in_the_repair(
    hass: HomeAssistant,
    whole: MakeWhole,
    monkeypatch: pytest.MonkeyPatch,
    reason: SourceReason,
) -> None:
    _, entry = await whole()
    key, _ = camera_of(entry)
    coordinator = entry.runtime_data.coordinator
    now_ms = round(time.time() * 1000)
    status = replace(
        coordinator.data.cameras[key],
        source_reason=reason,
        missing=MissingFootage(
            MissingCause.NOT_RECORDED, now_ms - 9 * HOUR, 300.0, "timeout"
        ),
    )
    cameras = {**coordinator.data.cameras, key: status}
    monkeypatch.setattr(coordinator, "data", replace(coordinator.data, cameras=cameras))
    watch = FootageWatch(hass, entry)
    watch.async_look()
    await until(hass, lambda: issue(hass, entry) is not None)
    found = issue(hass, entry)
    assert found is not None
    told = read(found.translation_placeholders)["source"]
    assert told == ENGLISH["common"][f"live_because_{reason}"]
    assert "{source}" in ENGLISH["issues"][found.translation_key]["description"]
    watch.async_withdraw()
