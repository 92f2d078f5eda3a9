"""Triggers, conditions and logbook lines, with real automations."""

from typing import Any

from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_mock_service,
)

from custom_components.vtrack_nvr.announcements import LossWatch, SyncWatch
from custom_components.vtrack_nvr.condition import CONDITIONS
from custom_components.vtrack_nvr.const import (
    DOMAIN,
    EVENT_CLIP,
    EVENT_FOOTAGE_LOST,
    EVENT_STORAGE_PROBLEM,
    EVENT_SYNC_FAILED,
    EVENT_SYNC_FINISHED,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.sync.status import (
    CameraStatus,
    NvrStatus,
    Problem,
    SyncReport,
)
from custom_components.vtrack_nvr.logbook import async_describe_events
from custom_components.vtrack_nvr.trigger import TRIGGERS
from tests.shell.rig import MakeWhole, sync, until

CAMERA = "camera.first_live"


async def automate(hass: HomeAssistant, trigger: dict[str, Any]) -> list[ServiceCall]:
    """Set up an automation with one trigger; returns what it calls."""
    calls = async_mock_service(hass, "test", "called")
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": trigger,
                "actions": {
                    "action": "test.called",
                    "data": {"trigger": "{{ trigger }}"},
                },
            }
        },
    )
    await hass.async_block_till_done()
    return calls


async def is_so(hass: HomeAssistant, condition: str, entity_id: str) -> bool:
    """Return whether a condition passes, by an automation that asks it."""
    passed = async_mock_service(hass, "test", condition)
    assert await async_setup_component(
        hass,
        "script",
        {
            "script": {
                condition: {
                    "sequence": [
                        {
                            "condition": f"{DOMAIN}.{condition}",
                            "target": {"entity_id": entity_id},
                        },
                        {"action": f"test.{condition}"},
                    ]
                }
            }
        },
    )
    await hass.services.async_call("script", condition, blocking=True)
    return bool(passed)


async def test_a_kept_clip_starts_an_automation_with_all_about_it(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    calls = await automate(
        hass, {"trigger": f"{DOMAIN}.clip_kept", "target": {"entity_id": CAMERA}}
    )
    await sync(hass)
    await until(hass, lambda: len(calls) == 2)
    trigger = calls[0].data["trigger"]
    assert trigger["entity_id"] == CAMERA
    assert trigger["url"].startswith(f"/api/{DOMAIN}/clip/")
    assert trigger["media_content_id"].startswith("media-source://")
    assert trigger["path"].endswith(".mp4")


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("clip_kept", EVENT_CLIP),
        ("footage_lost", EVENT_FOOTAGE_LOST),
        ("storage_problem", EVENT_STORAGE_PROBLEM),
        ("sync_failed", EVENT_SYNC_FAILED),
        ("sync_finished", EVENT_SYNC_FINISHED),
    ],
)
async def test_only_what_is_targeted_counts(
    hass: HomeAssistant, whole: MakeWhole, kind: str, event_type: str
) -> None:
    await whole("nvr16", mode="on_demand")
    registry = er.async_get(hass)
    one, other = sorted(hass.states.async_entity_ids("camera"))[:2]
    calls = await automate(
        hass, {"trigger": f"{DOMAIN}.{kind}", "target": {"entity_id": one}}
    )
    device = registry.async_get(one).device_id
    above = dr.async_get(hass).async_get(device).via_device_id
    for about in (registry.async_get(other).device_id, None, "none"):
        hass.bus.async_fire(event_type, {"device_id": about})
    await hass.async_block_till_done()
    assert not calls
    is_about_nvr = kind.startswith("sync_")
    hass.bus.async_fire(event_type, {"device_id": above if is_about_nvr else device})
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_a_targeted_recorder_means_all_its_cameras(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("nvr16", mode="on_demand")
    calls = await automate(
        hass,
        {
            "trigger": f"{DOMAIN}.clip_kept",
            "target": {"device_id": entry.runtime_data.device_id},
        },
    )
    camera = er.async_get(hass).async_get(hass.states.async_entity_ids("camera")[3])
    hass.bus.async_fire(EVENT_CLIP, {"device_id": camera.device_id})
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_only_clips_with_the_chosen_events_count(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    calls = await automate(
        hass,
        {"trigger": f"{DOMAIN}.clip_kept", "options": {"event_class": "person"}},
    )
    for classes in (["motion"], [], ["motion", "person"]):
        hass.bus.async_fire(EVENT_CLIP, {"event_classes": classes})
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_missing_footage_starts_an_automation(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    sensor = "binary_sensor.first_footage_missing"
    calls = await automate(
        hass,
        {"trigger": f"{DOMAIN}.footage_missing", "target": {"entity_id": sensor}},
    )
    for state in ("off", "on"):
        hass.states.async_set(sensor, state)
        await hass.async_block_till_done()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("condition", "entity_id", "states"),
    [
        ("is_copying", "sensor.first_sync_state", {"fetching", "searching"}),
        ("is_recording", "sensor.first_sync_state", {"recording"}),
        ("is_paused", "sensor.first_sync_state", {"paused"}),
        ("is_up_to_date", "sensor.first_sync_state", {"idle"}),
        ("is_footage_missing", "binary_sensor.first_footage_missing", {"on"}),
        ("is_footage_complete", "binary_sensor.first_footage_missing", {"off"}),
        ("is_online", "binary_sensor.first_connectivity", {"on"}),
        ("is_storage_in_trouble", "binary_sensor.storage_media_problem", {"on"}),
    ],
)
async def test_conditions(
    hass: HomeAssistant,
    whole: MakeWhole,
    condition: str,
    entity_id: str,
    states: set[str],
) -> None:
    await whole(mode="on_demand")
    for state in (*states, "unknown"):
        hass.states.async_set(entity_id, state)
        assert await is_so(hass, condition, entity_id) is (state in states)


def test_every_trigger_and_condition_is_tried_here() -> None:
    assert len(TRIGGERS) == 6
    assert len(CONDITIONS) == 8


async def test_a_sync_is_told_when_it_is_news(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    finished = async_capture_events(hass, EVENT_SYNC_FINISHED)
    failed = async_capture_events(hass, EVENT_SYNC_FAILED)
    watch = SyncWatch(hass, entry.runtime_data)
    nothing = SyncReport(0, 1, is_complete=True)
    trouble = Problem(ErrorKind.TIMEOUT, 0)
    broken = SyncReport(0, 1, is_complete=False, problem=trouble)
    watch.synced(RunKind.LIGHT, nothing)
    watch.synced(RunKind.MANUAL, nothing)
    watch.synced(RunKind.LIGHT, SyncReport(0, 1, is_complete=True, clips=3, bytes=9))
    for _ in range(3):
        watch.synced(RunKind.LIGHT, broken)
    watch.synced(RunKind.LIGHT, nothing)
    await hass.async_block_till_done()
    assert [event.data["clips"] for event in finished] == [0, 3, 0]
    assert [event.data["reason"] for event in failed] == ["timeout"]
    assert failed[0].data["device_id"] == entry.runtime_data.device_id


async def test_footage_that_is_lost_meanwhile_is_told_once(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    events = async_capture_events(hass, EVENT_FOOTAGE_LOST)
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()
    watch = LossWatch(hass, runtime)

    def look(lost_s: float, *, is_judged: bool = True) -> None:
        status = CameraStatus(camera.key, lost_s=lost_s, is_judged=is_judged)
        runtime.coordinator.data = NvrStatus(runtime.key, cameras={camera.key: status})
        watch.async_look()

    look(0, is_judged=False)
    look(500)  # what was lost before the start was told then
    look(500)
    look(560)
    runtime.coordinator.data = NvrStatus(runtime.key)
    watch.async_look()
    await hass.async_block_till_done()
    [event] = events
    assert event.data["seconds"] == 60
    assert event.data["entity_id"] == CAMERA


async def test_the_logbook_has_a_line_for_each(hass: HomeAssistant) -> None:
    described: dict[str, Any] = {}
    async_describe_events(
        hass, lambda _domain, kind, function: described.update({kind: function})
    )

    def line(kind: str, **data: Any) -> dict[str, Any]:
        return dict(described[kind](Event(kind, data)))

    clip = line(EVENT_CLIP, start="2026-05-01T08:00:00+00:00", entity_id=CAMERA)
    assert clip["message"].startswith("kept the clip of ")
    assert clip["entity_id"] == CAMERA
    assert line(EVENT_CLIP, start="?")["message"] == "kept a clip"
    assert "2 min" in line(EVENT_FOOTAGE_LOST, seconds=120)["message"]
    assert line(EVENT_SYNC_FINISHED, clips=1)["message"].endswith("1 new clip")
    assert line(EVENT_SYNC_FINISHED, clips=2)["message"].endswith("2 new clips")
    assert "auth refused" in line(EVENT_SYNC_FAILED, reason="auth_refused")["message"]
    line_of_disk = line(EVENT_STORAGE_PROBLEM, reason="storage_full", name="Disk")
    assert line_of_disk["name"] == "Disk"
    assert line_of_disk["message"] == "has a problem: storage full"


async def test_a_problem_of_a_storage_is_told_once(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Any
) -> None:
    await whole(mode="on_demand")
    events = async_capture_events(hass, EVENT_STORAGE_PROBLEM)
    (media_dir / "vtrack_nvr").rename(media_dir / "elsewhere")
    await until(hass, lambda: bool(events), 40)
    assert events[0].data["reason"] == "storage_missing"
    assert events[0].data["path"] == str(media_dir)
    assert events[0].data["device_id"] is not None
