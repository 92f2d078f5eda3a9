"""The action that lists what is recorded: kept, on the device, and why not."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageState,
    EventClass,
    EventMark,
)
from tests.shell.rig import MakeWhole, sync


def text(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat()


def span_of(nvr: Any) -> dict[str, str]:
    """Return a range around all that the device holds."""
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    segments = timeline.segments(nvr.clock.now_ms())
    return {
        "start": text(segments[0][0] - 60_000),
        "end": text(segments[-1][1] + 60_000),
    }


async def listed(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Return what is told of the only camera."""
    answer = await hass.services.async_call(
        DOMAIN, "list_recordings", data, blocking=True, return_response=True
    )
    assert answer is not None
    [camera] = answer["cameras"]
    return dict(camera)


def states(camera: dict[str, Any]) -> list[str]:
    return [item["state"] for item in camera["recordings"]]


def the_key(entry: Any) -> CameraKey:
    [camera] = entry.runtime_data.cameras.values()
    return CameraKey(camera.key)


async def test_what_is_on_the_device_is_listed_before_and_after_it_is_copied(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    [switch] = hass.states.async_entity_ids("switch")
    wanted = span_of(nvr)
    await sync(hass)
    camera = await listed(hass, **wanted)
    assert states(camera) == ["kept", "kept"]
    assert camera["camera"] == "First"
    assert camera["entity_id"] == "camera.first_live"
    assert camera["coverage_percent"] == 100
    assert camera["next"] is None
    clip = camera["recordings"][0]
    assert clip["url"] == f"/api/vtrack_nvr/clip/{clip['clip_id']}"
    assert clip["thumbnail"] == f"/api/vtrack_nvr/thumbnail/{clip['clip_id']}"
    assert clip["source"] == "replay"
    assert clip["events"] == []
    assert clip["start"] < clip["end"] <= camera["recordings"][1]["start"]
    assert switch

    library = hass.data[DOMAIN].library
    await library.care.delete([clip["clip_id"]])
    camera = await listed(hass, **wanted)
    assert states(camera) == ["kept"], "what a person removed is left out"
    camera = await listed(hass, **wanted, states=["removed"])
    [removed] = camera["recordings"]
    assert removed["reason"] == "person"
    assert removed["reason_text"]
    assert removed["start"] == clip["start"]
    assert removed["seconds"] == pytest.approx(camera["seconds"]["removed"], abs=1)
    assert the_key(entry) == camera["key"]


async def test_footage_that_could_not_be_copied_is_listed_with_its_reason(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    key = the_key(entry)
    library = hass.data[DOMAIN].library
    hour = 3_600_000
    start_ms = round(datetime(2026, 1, 2, tzinfo=UTC).timestamp() * 1000)
    for n, (state, reason) in enumerate(
        (
            (CoverageState.ON_DEVICE, ""),
            (CoverageState.FAILED, "damaged"),
            (CoverageState.LOST, "overwritten"),
        )
    ):
        stretch = TimeRange(start_ms + n * hour, start_ms + (n + 1) * hour)
        await library.ledger.mark(key, [stretch], state, reason)
    day = {"start": "2026-01-02 00:00:00+00:00", "end": "2026-01-03 00:00:00+00:00"}
    camera = await listed(hass, **day)
    assert states(camera) == ["on_device", "failed", "lost"]
    told = [item["reason"] for item in camera["recordings"]]
    assert told == [None, "damaged", "overwritten"]
    words = [item["reason_text"] for item in camera["recordings"]]
    assert words[0] is None
    assert all(words[1:])
    assert camera["coverage_percent"] == 0
    assert camera["seconds"]["lost"] == 3600

    camera = await listed(hass, **day, states="lost")
    assert states(camera) == ["lost"]
    camera = await listed(hass, **day, limit=2)
    assert states(camera) == ["on_device", "failed"]
    assert camera["next"] == text(start_ms + 2 * hour)
    camera = await listed(hass, start=camera["next"], end=day["end"], limit=2)
    assert states(camera) == ["lost"]


async def test_clips_are_found_by_event_and_by_protection(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    await sync(hass)
    wanted, key = span_of(nvr), the_key(entry)
    library = hass.data[DOMAIN].library
    first, second = sorted(
        await library.browse.recent(9), key=lambda clip: clip.facts.range
    )
    inside = second.facts.range.start_ms + 1000
    await library.ledger.add_marks(
        key,
        [
            EventMark(EventClass.PERSON, TimeRange(inside, inside)),
            EventMark(EventClass.MOTION, first.facts.range),
        ],
    )
    camera = await listed(hass, **wanted, event_class="person")
    [found] = camera["recordings"]
    assert found["clip_id"] == second.id
    assert found["events"] == ["person"]
    assert (await listed(hass, **wanted, event_class="animal"))["recordings"] == []

    await library.care.protect([first.id])
    for is_protected, clip in ((True, first), (False, second)):
        camera = await listed(hass, **wanted, protected=is_protected)
        assert [item["clip_id"] for item in camera["recordings"]] == [clip.id]
    camera = await listed(hass, **wanted, limit=1)
    assert [item["clip_id"] for item in camera["recordings"]] == [first.id]
    assert camera["next"] == text(second.facts.range.start_ms)


async def test_without_a_range_the_last_day_is_listed(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    answer = await hass.services.async_call(
        DOMAIN, "list_recordings", {}, blocking=True, return_response=True
    )
    assert answer is not None
    start, end = (datetime.fromisoformat(str(answer[k])) for k in ("start", "end"))
    assert (end - start).total_seconds() == 86_400
    assert abs((datetime.now(UTC) - end).total_seconds()) < 600


async def test_a_list_is_not_endless(hass: HomeAssistant, whole: MakeWhole) -> None:
    await whole(mode="on_demand")
    with pytest.raises(ServiceValidationError) as raised:
        await listed(hass, start="2026-01-01 00:00:00", end="2026-03-01 00:00:00")
    assert raised.value.translation_key == "range_too_long_days"
    assert "At most 31 days can be asked for at once" in str(raised.value)
    for wrong in ({"limit": 0}, {"limit": 1001}, {"states": ["x"]}, {"start": "2026"}):
        with pytest.raises(vol.Invalid):
            await listed(hass, **wrong)
