"""What a person should look at on a device, as repair issues."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import NEWER_INDEX, ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey
from custom_components.vtrack_nvr.core.sync.status import (
    CameraStatus,
    MissingCause,
    MissingFootage,
    NvrStatus,
    Problem,
)
from custom_components.vtrack_nvr.issues.library import async_tell_of_index
from custom_components.vtrack_nvr.issues.nvr_watch import (
    GONE_PATIENCE_MS,
    PATIENCE_MS,
    is_clock_off,
    is_not_offered,
    keeps_failing,
)
from tests.shell.rig import MakeWhole

CAM, NVR = CameraKey("nvr/1"), NvrKey("nvr")
NOW = 1_800_000_000_000


def problem(kind: ErrorKind, ago_ms: int) -> Problem:
    return Problem(kind, NOW - ago_ms)


def status(**values: Any) -> CameraStatus:
    return CameraStatus(CAM, **values)


@pytest.mark.parametrize(
    ("offset_ms", "was_off", "is_off"),
    [
        (None, False, False),
        (119_000, False, False),
        (121_000, False, True),
        (-121_000, False, True),
        (90_000, True, True),
        (59_000, True, False),
    ],
)
def test_a_clock_is_off_beyond_its_limit_and_not_on_and_off(
    offset_ms: int | None, was_off: bool, is_off: bool
) -> None:
    assert is_clock_off(offset_ms, was_off) is is_off


def test_recordings_that_are_not_offered_any_more_are_told_after_a_while() -> None:
    for kind in (ErrorKind.GONE, ErrorKind.UNSUPPORTED):
        assert is_not_offered(status(problem=problem(kind, GONE_PATIENCE_MS)), NOW)
        assert not is_not_offered(status(problem=problem(kind, 1000)), NOW)
    timeout = problem(ErrorKind.TIMEOUT, GONE_PATIENCE_MS)
    assert not is_not_offered(status(problem=timeout), NOW)
    assert not is_not_offered(status(), NOW)


def test_what_fails_for_hours_is_told_unless_something_else_tells_it() -> None:
    long = problem(ErrorKind.PROTOCOL, PATIENCE_MS)
    healthy = NvrStatus(NVR)
    assert keeps_failing(healthy, status(problem=long), NOW) is long
    assert keeps_failing(replace(healthy, problem=long), status(), NOW) is long
    short = problem(ErrorKind.PROTOCOL, PATIENCE_MS - 1)
    for quiet in (
        status(),
        status(problem=short),
        status(problem=long, is_enabled=False),
        status(
            problem=long,
            missing=MissingFootage(MissingCause.NOT_COPIED, NOW, 9.0),
        ),
        status(problem=problem(ErrorKind.STORAGE_FULL, PATIENCE_MS)),
        status(problem=problem(ErrorKind.GONE, PATIENCE_MS)),
        status(problem=problem(ErrorKind.AUTH_REFUSED, PATIENCE_MS)),
    ):
        assert keeps_failing(healthy, quiet, NOW) is None


def show(entry: MockConfigEntry, **values: Any) -> None:
    """Let a status be the last one."""
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()
    of_camera = values.pop("camera", {})
    runtime.coordinator.async_set_updated_data(
        NvrStatus(
            runtime.key,
            cameras={camera.key: CameraStatus(camera.key, **of_camera)},
            **values,
        )
    )


def keys(registry: ir.IssueRegistry) -> set[str | None]:
    return {issue.translation_key for issue in registry.issues.values()}


async def test_issues_come_and_go_with_the_status(
    hass: HomeAssistant, whole: MakeWhole, issue_registry: ir.IssueRegistry
) -> None:
    _, entry = await whole(mode="on_demand")
    now_ms = round(dt_util.utcnow().timestamp() * 1000)
    long = Problem(ErrorKind.PROTOCOL, now_ms - PATIENCE_MS)
    gone = Problem(ErrorKind.GONE, now_ms - PATIENCE_MS)
    for values, key in (
        ({"clock_offset_ms": 400_000}, "clock_slow"),
        ({}, None),
        ({"clock_offset_ms": -400_000}, "clock_fast"),
        ({"camera": {"problem": gone}}, "recordings_not_offered"),
        ({"camera": {"problem": long}}, "keeps_failing"),
    ):
        show(entry, **values)
        await hass.async_block_till_done()
        assert keys(issue_registry) == ({key} if key else set())
    [issue] = issue_registry.issues.values()
    assert issue.translation_placeholders["reason"] == "Answer not understood"
    assert issue.translation_placeholders["camera"] == "First"
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not keys(issue_registry)


async def test_an_issue_that_is_over_before_it_was_worded_is_not_raised(
    hass: HomeAssistant, whole: MakeWhole, issue_registry: ir.IssueRegistry
) -> None:
    _, entry = await whole(mode="on_demand")
    show(entry, clock_offset_ms=400_000)
    show(entry, clock_offset_ms=0)
    await hass.async_block_till_done()
    assert not keys(issue_registry)


@pytest.mark.parametrize(
    ("where", "key"), [(NEWER_INDEX, "index_newer"), ("index", "index_unreadable")]
)
async def test_an_index_that_cannot_be_opened_is_told(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, where: str, key: str
) -> None:
    async_tell_of_index(hass, NvrError(ErrorKind.INDEX_FAILED, where=where))
    assert keys(issue_registry) == {key}
    async_tell_of_index(hass, None)
    assert not keys(issue_registry)
    assert issue_registry.async_get_issue(DOMAIN, key) is None
