"""What Assist answers about footage, to whom, and about which cameras."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, llm
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    Clip,
    CoverageState,
    EventClass,
    EventMark,
)
from tests.shell.rig import MakeWhole, sync

FOUR = "mapping-video-source"
FIND, EVENTS = f"{DOMAIN}__find_footage", f"{DOMAIN}__list_events"


@pytest.fixture(autouse=True)
async def _assist(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "llm", {})
    await hass.config.async_set_time_zone("Europe/Berlin")


def asked_by(user: MockUser | None = None, assistant: str = "conversation") -> Any:
    return llm.LLMContext(
        platform="test",
        context=Context(user_id=user.id if user else None),
        language="en",
        assistant=assistant,
        device_id=None,
    )


async def tools(hass: HomeAssistant, context: Any = None) -> Any:
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, context or asked_by())


async def ask(
    hass: HomeAssistant, tool: str, context: Any = None, **args: str
) -> llm.ToolResult:
    context = context or asked_by()
    [found] = [each for each in (await tools(hass, context)).tools if each.name == tool]
    result: llm.ToolResult = await found.async_call(
        hass, llm.ToolInput(tool, args), context
    )
    return result


def expose(hass: HomeAssistant, *entity_ids: str) -> None:
    for entity_id in entity_ids:
        async_expose_entity(hass, "conversation", entity_id, True)


def local(utc_ms: int, seconds: int = 0) -> str:
    """Return a time as a person says it: of the house, without a zone."""
    moment = dt_util.as_local(
        datetime.fromtimestamp(utc_ms / 1000, UTC) + timedelta(seconds=seconds)
    )
    return f"{moment:%Y-%m-%d %H:%M:%S}"


async def kept(hass: HomeAssistant) -> list[Clip]:
    clips = await hass.data[DOMAIN].library.browse.recent(99)
    return sorted(clips, key=lambda clip: clip.facts.range)


async def test_nothing_is_offered_until_a_camera_is_exposed(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")

    async def offered(context: Any = None) -> set[str]:
        found = (await tools(hass, context)).tools
        return {tool.name for tool in found if tool.name.startswith(DOMAIN)}

    assert await offered() == set()
    expose(hass, "camera.first_live")
    assert await offered() == {FIND, EVENTS}
    assert await offered(asked_by(assistant="")) == set()
    for tool in (await tools(hass)).tools:
        if tool.name in {FIND, EVENTS}:
            assert tool.integration == DOMAIN
            assert tool.annotations.read_only
            described = probatio.to_openapi(
                tool.parameters, custom_serializer=llm.selector_serializer
            )
            assert described["properties"]["camera"]["type"] == "string"
    with patch.dict(hass.data):
        del hass.data[DOMAIN]
        assert await offered() == set()


async def test_a_moment_is_shown_by_the_clip_that_holds_it(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    expose(hass, "camera.first_live")
    clip, *_ = await kept(hass)
    start_ms = clip.facts.range.start_ms
    answer = await ask(hass, FIND, camera="first", start=local(start_ms, 2))
    assert not answer.error
    [found] = answer.data["clips"]
    assert found["media_content_id"] == f"media-source://{DOMAIN}/clip/{clip.id}"
    assert found["camera"] == "First"
    assert found["start"].startswith(local(start_ms))
    assert answer.data["number_of_clips"] == 1
    assert "media_player__play_media" in answer.data["instruction"]

    day = local(start_ms)[:10]
    answer = await ask(hass, FIND, camera="First Live", start=day, end=day)
    assert answer.data["number_of_clips"] >= 1
    answer = await ask(hass, FIND, camera="first", start="2026-01-02 08:00")
    assert answer.data["clips"] == []
    assert "instruction" not in answer.data


async def test_why_nothing_is_there_is_said(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    expose(hass, "camera.first_live")
    [camera] = entry.runtime_data.cameras.values()
    zone = dt_util.get_default_time_zone()
    at = datetime(2026, 1, 2, 8, tzinfo=zone)
    start_ms = round(at.timestamp() * 1000)
    library = hass.data[DOMAIN].library
    for hour, (state, reason) in enumerate(
        ((CoverageState.ON_DEVICE, ""), (CoverageState.LOST, "overwritten"))
    ):
        stretch = TimeRange(
            start_ms + hour * 3_600_000, start_ms + (hour + 1) * 3_600_000
        )
        await library.ledger.mark(camera.key, [stretch], state, reason)
    answer = await ask(hass, FIND, camera="first", start="2026-01-02T08:30")
    assert [item["state"] for item in answer.data["not_kept"]] == [
        "still on the device, not copied yet"
    ]
    answer = await ask(hass, FIND, camera="first", start="2026-01-02 09:30")
    [told] = answer.data["not_kept"]
    assert (told["state"], told["reason"]) == ("lost", "overwritten")


async def test_who_was_at_the_door_is_answered_from_the_events(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    expose(hass, "camera.first_live")
    clip, *_ = await kept(hass)
    start_ms = clip.facts.range.start_ms
    await hass.data[DOMAIN].library.ledger.add_marks(
        clip.camera,
        [
            EventMark(EventClass.PERSON, TimeRange(start_ms + 1000, start_ms + 2000)),
            EventMark(EventClass.MOTION, TimeRange(start_ms + 500, start_ms + 900)),
            EventMark(EventClass.PERSON, TimeRange(60_000, 60_000)),
        ],
    )
    day = local(start_ms)[:10]
    answer = await ask(hass, EVENTS, camera="first", start=day)
    assert [item["event"] for item in answer.data["events"]] == ["person", "motion"]
    assert answer.data["number_of_events"] == {"person": 1, "motion": 1}
    assert answer.data["events"][0]["media_content_id"].endswith(f"/clip/{clip.id}")

    answer = await ask(hass, EVENTS, start=day, event="person")
    assert answer.data["number_of_events"] == {"person": 1}
    answer = await ask(hass, EVENTS, start="1970-01-01", end="1970-01-01")
    [old] = answer.data["events"]
    assert old["media_content_id"] is None, "nothing is kept of it"
    answer = await ask(hass, EVENTS, start=day, event="animal")
    assert answer.data == {"events": [], "number_of_events": {}}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"camera": "first", "start": "this morning"}, "not a date"),
        ({"camera": "first", "start": "2026-01-02", "end": "2026-01-01"}, "after"),
        ({"camera": "first", "start": "2026-01-02", "end": "2026-06-01"}, "31 days"),
        ({"camera": "cellar", "start": "2026-01-02"}, "no camera 'cellar'"),
        ({"start": "2026-01-02"}, "camera"),
    ],
)
async def test_what_cannot_be_asked_is_told_to_the_model(
    hass: HomeAssistant, whole: MakeWhole, args: dict[str, str], told: str
) -> None:
    await whole(mode="on_demand")
    expose(hass, "camera.first_live")
    answer = await ask(hass, FIND, **args)
    assert answer.error
    assert told in answer.data["error"]


async def test_an_index_that_fails_is_told(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    expose(hass, "camera.first_live")
    failure = NvrError(ErrorKind.INDEX_FAILED, "disk I/O error")
    with patch.object(
        hass.data[DOMAIN].library.browse, "clips_at", side_effect=failure
    ):
        answer = await ask(hass, FIND, camera="first", start="2026-01-02 08:00")
    assert answer.error
    assert "index" in answer.data["error"]


async def test_a_person_is_answered_about_the_cameras_they_may_see(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(FOUR, mode="on_demand")
    entities = sorted(hass.states.async_entity_ids("camera"))
    expose(hass, *entities[:3])
    person = MockUser().add_to_hass(hass)
    person.mock_policy({"entities": {"entity_ids": {entities[0]: {POLICY_READ: True}}}})
    keys = [CameraKey(camera.key) for camera in entry.runtime_data.cameras.values()]
    moment = TimeRange(60_000, 60_000)
    for key in keys:
        await hass.data[DOMAIN].library.ledger.add_marks(
            key, [EventMark(EventClass.PERSON, moment)]
        )
    day = {"start": "1970-01-01", "end": "1970-01-01"}

    async def seen(user: MockUser | None) -> int:
        answer = await ask(hass, EVENTS, asked_by(user), **day)
        return len(answer.data["events"])

    assert await seen(None) == 3, "a speaker in the house: what is exposed"
    assert await seen(person) == 1
    administrator = MockUser(is_owner=True).add_to_hass(hass)
    assert await seen(administrator) == 3, "what is not exposed is not for Assist"
    stranger = MockUser(id="gone")
    assert await seen(stranger) == 0
    hidden = hass.states.get(entities[1]).name
    answer = await ask(hass, FIND, asked_by(person), camera=hidden, start="1970-01-01")
    assert answer.error
    assert answer.data["error"].count("camera") == 1
    names = answer.data["error"].rpartition("Cameras: ")[2]
    assert "," not in names, "the names of other cameras are not told"


async def test_cameras_are_named_by_device_area_and_alias(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(FOUR, mode="on_demand")
    entities = sorted(hass.states.async_entity_ids("camera"))
    expose(hass, *entities)
    porch = ar.async_get(hass).async_create("Porch", aliases={"front"})
    devices = [
        device
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        if device.via_device_id
    ]
    for device in devices[:2]:
        dr.async_get(hass).async_update_device(device.id, area_id=porch.id)
    dr.async_get(hass).async_update_device(devices[2].id, name_by_user="Back yard")
    for key in [camera.key for camera in entry.runtime_data.cameras.values()]:
        await hass.data[DOMAIN].library.ledger.add_marks(
            key, [EventMark(EventClass.PERSON, TimeRange(60_000, 60_000))]
        )
    day = {"start": "1970-01-01", "end": "1970-01-01"}
    for asked, number in (("porch", 2), ("FRONT", 2), ("yard", 1), ("back yard", 1)):
        answer = await ask(hass, EVENTS, camera=asked, **day)
        assert len(answer.data["events"]) == number, asked
