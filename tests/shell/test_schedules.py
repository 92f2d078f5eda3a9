"""Real schedule helpers that say which footage is wanted."""

import datetime as dt
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import CONF_SCHEDULE, DOMAIN
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.sync.week import DAY_S, WeekBlock
from custom_components.vtrack_nvr.runtime.schedules import DAYS, week_of
from tests.insides import workers_of
from tests.shell.rig import MakeWhole, sync, until

HELPER = "schedule.office"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow what a schedule helper waits for: its next block."""
    return True


async def make_helper(hass: HomeAssistant, **days: list[dict[str, str]]) -> None:
    assert await async_setup_component(
        hass, "schedule", {"schedule": {"office": {"name": "Office", **days}}}
    )
    await hass.async_block_till_done()


def plan_of(entry: MockConfigEntry) -> Any:
    runtime = entry.runtime_data
    worker = workers_of(runtime.hub.engine)[runtime.key]
    [camera] = worker.state.cameras.values()
    return camera.spec.settings.week


def test_a_helper_is_read_as_a_week() -> None:
    plan = week_of(
        {
            "monday": [{"from": dt.time(8), "to": dt.time(12, 30)}],
            "sunday": [{"from": "22:00:00", "to": "24:00:00"}],
            "friday": [{"from": dt.time(0), "to": dt.time.max}],
        },
        "Europe/Berlin",
    )
    assert plan.zone == "Europe/Berlin"
    assert set(plan.blocks) == {
        WeekBlock(0, 8 * 3600, 12 * 3600 + 1800),
        WeekBlock(6, 22 * 3600, DAY_S),
        WeekBlock(4, 0, DAY_S),
    }


@pytest.mark.parametrize("is_on", [True, False])
async def test_footage_of_closed_hours_is_not_wanted(
    hass: HomeAssistant, whole: MakeWhole, is_on: bool
) -> None:
    blocks = [{"from": "00:00:00", "to": "24:00:00"}] if is_on else []
    await make_helper(hass, **dict.fromkeys(DAYS, blocks))
    _, entry = await whole(**{CONF_SCHEDULE: HELPER})
    answer = await sync(hass)
    assert answer["complete"]
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()
    totals = await runtime.hub.library.ledger.totals(camera.key)
    assert totals.clips == (2 if is_on else 0)
    unwanted = totals.by_state_ms.get(CoverageState.NOT_WANTED, 0)
    assert (unwanted == 0) is is_on
    assert not totals.by_state_ms.get(CoverageState.ON_DEVICE)


async def test_a_schedule_that_is_changed_is_followed(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await make_helper(hass, monday=[{"from": "08:00:00", "to": "12:00:00"}])
    _, entry = await whole(mode="on_demand", **{CONF_SCHEDULE: HELPER})
    assert plan_of(entry).blocks == (WeekBlock(0, 8 * 3600, 12 * 3600),)
    changed = {"monday": [{"from": dt.time(9), "to": dt.time(10)}]}

    async def answer(_call: Any) -> dict[str, Any]:
        return {HELPER: changed}

    hass.services.async_register(
        "schedule", "get_schedule", answer, supports_response="only"
    )
    hass.states.async_set(HELPER, "on", {"moved": True})
    await until(hass, lambda: plan_of(entry).blocks == (WeekBlock(0, 32400, 36000),))


async def test_a_schedule_that_is_gone_leaves_everything_wanted_and_is_told(
    hass: HomeAssistant, whole: MakeWhole, issue_registry: ir.IssueRegistry
) -> None:
    _, entry = await whole(mode="on_demand", **{CONF_SCHEDULE: HELPER})
    assert plan_of(entry) is None
    issue_id = f"gate_missing_{entry.entry_id}_{HELPER}"
    assert issue_registry.async_get_issue(DOMAIN, issue_id)
    [subentry] = entry.subentries.values()
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, CONF_SCHEDULE: None}
    )
    await until(hass, lambda: not issue_registry.async_get_issue(DOMAIN, issue_id))


async def test_a_schedule_that_cannot_be_read_leaves_everything_wanted(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    hass.states.async_set(HELPER, "on")
    _, entry = await whole(mode="on_demand", **{CONF_SCHEDULE: HELPER})
    assert plan_of(entry) is None
