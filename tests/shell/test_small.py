"""Issues, repairs and events of devices."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY, AsyncMock, MagicMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components import vtrack_nvr
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import (
    STORAGE_KINDS,
    ErrorKind,
    NvrError,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep_values import (
    BrakeReason,
    DeleteCause,
    PlannedDeletion,
    RetentionPlan,
)
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.issues.library import IssueKeeper
from custom_components.vtrack_nvr.repairs import BrakeFlow
from custom_components.vtrack_nvr.runtime.listening import async_listen
from tests.shell.flow_steps import read

CAMERA = CameraKey("nvr/1")


TRANSLATIONS = Path(vtrack_nvr.__file__).parent / "translations"


# Issues and repairs


def held(brake: BrakeReason) -> PlannedDeletion:
    """Return a clip that stays until a person says so."""
    span = TimeRange(0, 1000)
    return PlannedDeletion(1, CAMERA, 1, 5, span, DeleteCause.AGE, brake)


def hub_with(**health: Any) -> MagicMock:
    values = {
        "roots": (),
        "braked": None,
        "full_of_protected": (),
        "index_events": (),
        "problem": None,
        **health,
    }
    hub = MagicMock()
    hub.library.health = AsyncMock(return_value=MagicMock(**values))
    return hub


@pytest.mark.parametrize("kind", sorted(STORAGE_KINDS))
async def test_a_storage_problem_is_an_issue_until_it_is_over(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, kind: ErrorKind
) -> None:
    root = MagicMock(id=1, path="/media", problem=NvrError(kind))
    hub = hub_with(roots=(root,))
    keeper = IssueKeeper(hass, hub)
    keeper.async_start()
    await hass.async_block_till_done()
    assert {issue.translation_key for issue in issue_registry.issues.values()} == {
        str(kind)
    }
    root.problem = None
    told: Callable[[Any], None] = hub.library.subscribe.call_args.args[0]
    told(MagicMock(kind="storage"))
    await hass.async_block_till_done()
    assert not issue_registry.issues


async def test_retention_that_waits_or_has_nothing_left_is_an_issue(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry
) -> None:
    braked = RetentionPlan(0, (), (held(BrakeReason.STRICTER),))
    hub = hub_with(braked=braked, full_of_protected=(1,))
    IssueKeeper(hass, hub).async_start()
    await hass.async_block_till_done()
    issues = issue_registry.issues.values()
    assert {(issue.issue_id, issue.translation_key) for issue in issues} == {
        ("retention_brake", "retention_brake"),
        ("only_protected_left", "only_protected_left"),
    }


async def test_a_clock_that_jumped_is_named_in_the_question_and_in_every_language(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2031-05-06T07:08:09Z")
    limits, clock = held(BrakeReason.STRICTER), held(BrakeReason.CLOCK_JUMP)
    hub = hub_with(braked=RetentionPlan(0, (), (limits, clock)))
    hub.library.care.braked = hub.library.health.return_value.braked
    IssueKeeper(hass, hub).async_start()
    await hass.async_block_till_done()
    key = issue_registry.issues[DOMAIN, "retention_brake"].translation_key
    assert key == "retention_brake_clock"
    hass.data[DOMAIN] = hub
    flow = BrakeFlow()
    flow.hass = hass
    filled = read((await flow.async_step_init())["description_placeholders"])
    assert filled["now"] == f"{dt_util.now():%Y-%m-%d %H:%M}"
    for path in sorted(TRANSLATIONS.glob("*.json")):
        issue = json.loads(path.read_text(encoding="utf-8"))["issues"][str(key)]
        told = issue["fix_flow"]["step"]["confirm"]["description"].format(**filled)
        assert filled["now"] in told, path.name
    hub.library.health.return_value.braked = RetentionPlan(0, (), (limits,))
    told_of: Callable[[Any], None] = hub.library.subscribe.call_args.args[0]
    told_of(MagicMock(kind="retention"))
    await hass.async_block_till_done()
    key = issue_registry.issues[DOMAIN, "retention_brake"].translation_key
    assert key == "retention_brake"


async def test_an_index_that_was_rebuilt_or_is_damaged_is_told(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry
) -> None:
    rebuilt = MagicMock(kind="rebuilt")
    hub = hub_with(index_events=(rebuilt,), problem=ErrorKind.INDEX_FAILED)
    IssueKeeper(hass, hub).async_start()
    await hass.async_block_till_done()
    assert {issue.issue_id for issue in issue_registry.issues.values()} == {
        "index_rebuilt",
        "index_damaged",
    }


async def test_retention_goes_on_with_exactly_what_was_shown(
    hass: HomeAssistant,
) -> None:
    hub = MagicMock()
    hub.library.care.braked = MagicMock(token="T", clips=3, bytes=2e9, braked=(1,))
    hub.library.care.run_retention = AsyncMock()
    hass.data[DOMAIN] = hub
    flow = BrakeFlow()
    flow.hass = hass
    form = await flow.async_step_init()
    assert read(form["description_placeholders"]) == {
        "clips": "3",
        "gigabytes": "2.0",
        "cameras": "1",
        "now": ANY,
    }
    hub.library.care.run_retention.assert_not_called()
    with patch.object(flow, "async_create_entry", return_value={"type": "done"}):
        await flow.async_step_confirm({})
    hub.library.care.run_retention.assert_awaited_once_with("T")
    hub.library.care.braked = None
    result = await flow.async_step_init()
    assert result["type"] is FlowResultType.ABORT


# Events of devices


async def test_listening_ends_where_a_device_has_no_events(
    hass: HomeAssistant,
) -> None:
    async def events(kinds: list[ErrorKind]) -> Any:
        raise NvrError(kinds.pop(0))
        yield

    kinds = [ErrorKind.TIMEOUT, ErrorKind.UNSUPPORTED]
    device = MagicMock()
    device.events = lambda: events(kinds)
    with patch("custom_components.vtrack_nvr.runtime.listening.FIRST_PAUSE_S", 0):
        await async_listen(device, MagicMock(), MagicMock())
    assert not kinds
