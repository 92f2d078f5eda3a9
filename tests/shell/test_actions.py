"""What actions do with their target, their caller and several cameras at once."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import Context, HomeAssistant, ServiceResponse
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.vtrack_nvr.actions import answers
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import (
    ErrorKind,
    Limit,
    LimitError,
    NvrError,
)
from custom_components.vtrack_nvr.core.sync.status import SavedClip
from tests.shell.rig import MakeWhole, clips_below, sync

FOUR = "mapping-video-source"
"""A scenario with an NVR of four channels."""
RANGE = {"start": "2026-01-02 00:00:00+00:00", "end": "2026-01-02 01:00:00+00:00"}


async def act(
    hass: HomeAssistant, name: str, data: dict[str, Any], context: Context | None = None
) -> ServiceResponse:
    return await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True, context=context
    )


def names(answer: ServiceResponse) -> list[str]:
    assert answer is not None
    return [camera["camera"] for nvr in answer["nvrs"] for camera in nvr["cameras"]]


def live_entities(hass: HomeAssistant) -> list[str]:
    return sorted(hass.states.async_entity_ids("camera"))


# Targets


async def test_cameras_are_chosen_by_entity_device_and_area_and_an_nvr_by_name(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(FOUR, mode="on_demand")
    devices, entities = dr.async_get(hass), er.async_get(hass)
    runtime = entry.runtime_data
    [first, second, *_] = live_entities(hass)
    device = entities.async_get(first).device_id

    assert len(names(await act(hass, "get_status", {}))) == 4
    assert len(names(await act(hass, "get_status", {"entity_id": "all"}))) == 4
    assert len(names(await act(hass, "get_status", {"entity_id": [first]}))) == 1
    both = {"entity_id": [first, second]}
    assert len(names(await act(hass, "get_status", both))) == 2
    assert len(names(await act(hass, "get_status", {"device_id": device}))) == 1
    of_nvr = {"device_id": runtime.device_id}
    assert len(names(await act(hass, "get_status", of_nvr))) == 4

    [button] = [
        entity.entity_id
        for entity in er.async_entries_for_device(entities, runtime.device_id)
        if entity.domain == "button"
    ]
    assert len(names(await act(hass, "get_status", {"entity_id": button}))) == 4
    # an area with the NVR and one of its cameras is that one camera
    devices.async_update_device(runtime.device_id, area_id="cellar")
    devices.async_update_device(device, area_id="cellar")
    assert len(names(await act(hass, "get_status", {"area_id": "cellar"}))) == 1


@pytest.mark.parametrize("target", ["camera.of_others", "none", "camera.unknown"])
async def test_a_target_without_a_camera_of_ours_is_said_to_be(
    hass: HomeAssistant, whole: MakeWhole, target: str
) -> None:
    await whole(mode="on_demand")
    er.async_get(hass).async_get_or_create("camera", "other", "of_others")
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, "get_status", {"entity_id": target})
    assert raised.value.translation_key == "no_cameras_selected"
    with pytest.raises(ServiceValidationError):
        await act(hass, "export", RANGE)


# Callers


async def test_people_act_on_what_they_may_use_and_no_more(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(FOUR)
    [readable, usable, hidden, _] = live_entities(hass)
    person = MockUser().add_to_hass(hass)
    person.mock_policy(
        {
            "entities": {
                "entity_ids": {
                    readable: {POLICY_READ: True},
                    usable: {POLICY_READ: True, POLICY_CONTROL: True},
                }
            }
        }
    )
    caller = Context(user_id=person.id)

    seen = await act(hass, "get_status", {}, caller)
    assert len(names(seen)) == 2
    with pytest.raises(Unauthorized):
        await act(hass, "get_status", {"entity_id": [readable, hidden]}, caller)
    for name, data in (
        ("sync", {}),
        ("save_clip", {}),
        ("record", {}),
        ("export", RANGE),
        ("verify", {}),
    ):
        with pytest.raises(Unauthorized) as raised:
            await act(hass, name, {"entity_id": readable, **data}, caller)
        assert raised.value.entity_id == readable
        assert raised.value.permission == POLICY_CONTROL
    answer = await act(hass, "sync", {"wait": False}, caller)
    assert answer is not None
    assert answer["cameras"] == 1

    await sync(hass)
    library = hass.data[DOMAIN].library
    for entity_id, may in ((readable, False), (usable, True)):
        unique_id = er.async_get(hass).async_get(entity_id).unique_id
        key = unique_id.removesuffix("_live")
        [camera] = [c for c in entry.runtime_data.cameras.values() if c.key == key]
        clip = next(c for c in await library.browse.recent(99) if c.camera == key)
        call = hass.services.async_call(
            DOMAIN, "protect", {"clip_id": clip.id}, blocking=True, context=caller
        )
        if may:
            await call
        else:
            with pytest.raises(Unauthorized):
                await call
        kept = await library.browse.clip(clip.id)
        assert kept.is_protected is may, camera.name
    with pytest.raises(UnknownUser):
        await act(hass, "get_status", {}, Context(user_id="nobody"))


# Several at once


async def test_a_range_is_asked_of_all_cameras_before_any_is_waited_for(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(FOUR, mode="on_demand")
    engine = hass.data[DOMAIN].engine
    all_asked = asyncio.Barrier(4)

    async def wait_for(want: Any, deadline_s: float | None = None) -> SavedClip:
        await all_asked.wait()
        return SavedClip(want.camera, want.range, "missing")

    with patch.object(engine, "wait_for", wait_for):
        async with asyncio.timeout(60):
            answer = await act(hass, "sync", RANGE)
    assert answer == {"cameras": 4, "clips": 0}


async def test_a_range_can_be_left_to_itself(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole(mode="on_demand")
    with patch.object(hass.data[DOMAIN].engine, "wait_for", side_effect=AssertionError):
        answer = await act(hass, "sync", {**RANGE, "wait": False})
    assert answer == {"cameras": 1, "clips": 0}
    assert nvr.spec.cameras


async def test_the_failure_of_one_camera_lets_the_others_finish(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(FOUR, mode="on_demand")
    done: list[str] = []

    async def record(camera: Any, seconds: float) -> Any:
        if not done:
            done.append("failed")
            raise NvrError(ErrorKind.BUSY)
        await asyncio.sleep(0)
        done.append(camera)
        return answers.TimeRange(0, 1000)

    with (
        patch.object(hass.data[DOMAIN].live, "record", record),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "record", {"entity_id": live_entities(hass)})
    assert raised.value.translation_key == "busy"
    assert len(done) == 4


async def test_times_without_a_zone_are_those_of_the_house(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    wanted = answers.as_range(
        datetime(2026, 1, 2, 0, 0),  # as it comes from a form: without a zone
        datetime(2026, 1, 2, 6, 0, tzinfo=UTC),
    )
    assert wanted.duration_ms == 3_600_000


async def test_a_clip_is_saved_whatever_becomes_of_its_film(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Any
) -> None:
    nvr, _ = await whole(mode="on_demand")
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    data = {
        "entity_id": live_entities(hass),
        "start": datetime.fromtimestamp((start_ms + 2000) / 1000, UTC),
        "end": datetime.fromtimestamp((end_ms - 2000) / 1000, UTC),
        "timeout": 60,
    }
    exports = hass.data[DOMAIN].archive.exports
    numbers = {"needed": "3.1", "used": "9.0", "most": "10.0"}
    for error, key, told in (
        (NvrError(ErrorKind.STORAGE_FULL), "storage_full", "full"),
        (LimitError(Limit.EXPORT_SHARE, numbers), "limit_export_share", "10.0 GB"),
    ):
        with patch.object(exports, "make", side_effect=error):
            answer = await act(hass, "save_clip", data)
        assert answer is not None
        [saved] = answer["saved"]
        assert saved["clips"]
        assert saved["complete"]
        assert saved["export"] is None
        assert saved["export_problem"] == key
        assert told in saved["export_message"]
    assert clips_below(media_dir)
    answer = await act(hass, "save_clip", data)
    assert answer is not None
    [saved] = answer["saved"]
    assert saved["export"]["export_id"]
    assert saved["export_problem"] is None


@pytest.mark.parametrize(("length", "is_fine"), [(200, True), (201, False)])
async def test_a_note_is_short(
    hass: HomeAssistant, whole: MakeWhole, length: int, is_fine: bool
) -> None:
    await whole(mode="on_demand")
    data = {"entity_id": live_entities(hass), **RANGE, "timeout": 5}
    if is_fine:
        await act(hass, "save_clip", {**data, "note": "x" * length})
    else:
        with pytest.raises(vol.Invalid):
            await act(hass, "save_clip", {**data, "note": "x" * length})


async def test_nothing_kept_means_no_clip_and_no_file(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    answer = await act(
        hass,
        "save_clip",
        {"entity_id": live_entities(hass), **RANGE, "timeout": 5},
    )
    assert answer is not None
    [saved] = answer["saved"]
    assert not saved["complete"]
    assert saved["clips"] == []
    assert saved["export"] is None


async def test_cameras_of_one_name_get_files_of_their_own(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(FOUR, mode="on_demand")
    for subentry in [*entry.subentries.values()][:2]:
        hass.config_entries.async_update_subentry(entry, subentry, title="Door")
    await hass.async_block_till_done()
    given: list[dict[str, str]] = []

    async def make(cameras: dict[str, str], *_: Any, **__: Any) -> Any:
        given.append(cameras)
        raise NvrError(ErrorKind.NO_FOOTAGE)

    with (
        patch.object(hass.data[DOMAIN].archive.exports, "make", make),
        pytest.raises(ServiceValidationError),
    ):
        await act(hass, "export", {"entity_id": live_entities(hass), **RANGE})
    [files] = given
    assert len(set(files.values())) == 4
    assert sum("door" in name for name in files.values()) == 2
