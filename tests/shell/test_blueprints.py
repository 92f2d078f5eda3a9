"""The blueprints we offer, run by Home Assistant's own automations and our own actions."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import Clip, CoverageState
from tests.shell.rig import MakeWhole, clips_below, sync, until

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / DOMAIN
CAMERA = "camera.first_live"


@pytest.fixture(autouse=True)
def _offered(hass: HomeAssistant) -> None:
    """Put our blueprints where Home Assistant keeps those it imported."""
    folder = Path(hass.config.path("blueprints", "automation", DOMAIN))
    shutil.copytree(BLUEPRINTS, folder)


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what is told to the phone of the house."""
    return async_mock_service(hass, "notify", "mobile_app_pixel_9")


async def automate(hass: HomeAssistant, blueprint: str, given: dict[str, Any]) -> None:
    use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": given}
    assert await async_setup_component(
        hass, "automation", {"automation": {"alias": "Ours", "use_blueprint": use}}
    )
    await hass.async_block_till_done()
    assert hass.states.get("automation.ours").state == "on"


def tell(message: str, **data: str) -> list[dict[str, Any]]:
    return [
        {
            "action": "notify.mobile_app_pixel_9",
            "data": {"message": message, **({"data": data} if data else {})},
        }
    ]


def messages(told: list[ServiceCall]) -> list[str]:
    return [call.data["message"] for call in told]


async def kept(hass: HomeAssistant) -> list[Clip]:
    clips = await hass.data[DOMAIN].library.browse.recent(99)
    return sorted(clips, key=lambda clip: clip.facts.range)


def moment(utc_ms: float) -> datetime:
    return datetime.fromtimestamp(utc_ms / 1000, UTC)


async def at_time(hass: HomeAssistant, text: str) -> None:
    """Let the clock reach a time of day, once."""
    at = dt_util.parse_time(text)
    assert at is not None
    now = datetime.now(dt_util.get_default_time_zone())
    due = datetime.combine(now.date(), at, now.tzinfo)
    if due <= now:
        due += timedelta(days=1)
    async_fire_time_changed(hass, due + timedelta(seconds=1))
    await hass.async_block_till_done()
    await hass.services.async_call(
        "automation",
        "turn_off",
        # What it has begun goes on.
        {"entity_id": "automation.ours", "stop_actions": False},
        blocking=True,
    )
    await hass.async_block_till_done()


# The clip of what happened

WHAT_HAPPENED = {
    "happened": [{"trigger": "state", "entity_id": "binary_sensor.bell", "to": "on"}],
    "camera": CAMERA,
    "before": 3,
    "after": 3,
    "link_hours": 0,
    "what_to_do": tell(
        "{{ camera }} {{ is_complete }} {{ video }} {{ missing }}",
        image="{{ image }}",
        start="{{ start }}",
        end="{{ end }}",
    ),
    "nothing_to_do": tell("{{ camera }}: {{ missing }}"),
}


async def ring(hass: HomeAssistant, at: datetime) -> None:
    bell = "binary_sensor.bell"
    hass.states.async_set(bell, "off", timestamp=at.timestamp() - 60)
    hass.states.async_set(bell, "on", timestamp=at.timestamp())
    await hass.async_block_till_done()


async def test_what_happened_is_saved_at_the_moment_it_happened(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall]
) -> None:
    await whole()
    await sync(hass)
    [clip, *_] = await kept(hass)
    await automate(hass, "clip_of_what_happened", WHAT_HAPPENED)
    middle = moment((clip.facts.range.start_ms + clip.facts.range.end_ms) / 2)
    await ring(hass, middle)
    [call] = told
    [export] = await hass.data[DOMAIN].library.exports.all()
    assert call.data["message"] == f"First True /api/{DOMAIN}/export/{export.id}"
    about = call.data["data"]
    assert about["image"] == f"/api/{DOMAIN}/thumbnail/{clip.id}"
    start, end = (datetime.fromisoformat(about[key]) for key in ("start", "end"))
    assert start == middle - timedelta(seconds=3)
    assert end == middle + timedelta(seconds=3)


async def test_what_was_not_recorded_is_told_with_its_reason(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall]
) -> None:
    _, entry = await whole(mode="on_demand")
    [camera] = entry.runtime_data.cameras.values()
    at = datetime(2026, 1, 2, 8, tzinfo=UTC)
    at_ms = round(at.timestamp() * 1000)
    await hass.data[DOMAIN].library.ledger.mark(
        camera.key,
        [TimeRange(at_ms - 60_000, at_ms + 60_000)],
        CoverageState.LOST,
        "overwritten",
    )
    await automate(hass, "clip_of_what_happened", WHAT_HAPPENED)
    await ring(hass, at)
    assert messages(told) == ["First: 6 s missing: Overwritten by the device"]


async def test_a_clip_can_be_asked_for_by_any_trigger(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall]
) -> None:
    """An event has no time of its own: the moment is now."""
    await whole(mode="on_demand")
    asked: asyncio.Queue[Any] = asyncio.Queue()

    def note(event: Event) -> None:
        if event.data["service"] == "save_clip":
            asked.put_nowait(event.data["service_data"])

    hass.bus.async_listen("call_service", callback(note))
    given = {
        **WHAT_HAPPENED,
        "happened": [{"trigger": "event", "event_type": "bell"}],
        "after": 0,
    }
    await automate(hass, "clip_of_what_happened", given)
    hass.bus.async_fire("bell")
    call = await asyncio.wait_for(asked.get(), 60)
    at = datetime.fromisoformat(str(call["at"]))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)
    for _ in range(1000):  # nothing was recorded just now: it would be waited for
        ended = await hass.services.async_call(
            DOMAIN, "cancel_sync", {}, blocking=True, return_response=True
        )
        if ended and ended["requests"]:
            break
        await asyncio.sleep(0.05)
    await hass.async_block_till_done()
    assert len(told) == 1


# New clips on a phone


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """Return the device of a phone with the Companion app."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "x")},
        name="Pixel 9",
    )
    return device.id


async def test_a_new_clip_reaches_the_phone_with_a_picture_and_a_link(
    hass: HomeAssistant,
    whole: MakeWhole,
    told: list[ServiceCall],
    phone: str,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await whole()
    await automate(hass, "clip_kept", {"cameras": [CAMERA], "phone": phone, "pause": 0})
    happened: list[Event] = []
    hass.bus.async_listen("vtrack_nvr_clip", happened.append)
    await sync(hass)
    assert len(happened) == 2
    assert told == [], "old footage that is copied does not flood the phone"

    data = {**happened[0].data, "start": datetime.now(UTC).isoformat()}
    hass.bus.async_fire("vtrack_nvr_clip", {**data, "entity_id": "camera.other"})
    hass.bus.async_fire("vtrack_nvr_clip", data)
    await hass.async_block_till_done()
    [call] = told
    assert call.data["title"] == "First"
    about = call.data["data"]
    assert about["image"] == f"/api/{DOMAIN}/thumbnail/{data['clip_id']}"
    assert about["url"] == about["clickAction"]
    client = await hass_client_no_auth()
    path = about["url"][about["url"].index("/api/") :]
    assert (await client.get(path)).status == 200


# Footage that is missing


async def test_missing_footage_is_told_with_the_name_of_its_entity(
    hass: HomeAssistant, told: list[ServiceCall]
) -> None:
    entity_id = "binary_sensor.porch_footage_missing"
    hass.states.async_set(entity_id, "off", {"friendly_name": "Porch Footage missing"})
    await automate(
        hass,
        "footage_missing",
        {
            "sensors": [entity_id],
            "patience": {"seconds": 0},
            "what_to_do": tell("{{ name }}"),
        },
    )
    hass.states.async_set(entity_id, "on", {"friendly_name": "Porch Footage missing"})
    await hass.async_block_till_done()
    assert messages(told) == ["Porch Footage missing"]


# The report


@pytest.mark.parametrize("only_trouble", [True, False])
async def test_the_report_says_that_all_is_well_if_it_should(
    hass: HomeAssistant,
    whole: MakeWhole,
    told: list[ServiceCall],
    only_trouble: bool,
) -> None:
    await whole()
    await sync(hass)
    await automate(
        hass,
        "nightly_report",
        {
            "at": "07:00:00",
            "only_trouble": only_trouble,
            "what_to_do": tell("{{ is_well }} {{ report }}"),
        },
    )
    await at_time(hass, "07:00:00")
    assert messages(told) == ([] if only_trouble else ["True All 1 cameras are well."])


async def test_the_report_names_cameras_in_trouble_and_why(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall]
) -> None:
    _, entry = await whole("mapping-video-source", mode="on_demand")
    first, second, *_ = entry.runtime_data.cameras.values()
    library = hass.data[DOMAIN].library
    hour = TimeRange(1_767_340_800_000, 1_767_344_400_000)
    await library.ledger.mark(first.key, [hour], CoverageState.LOST, "overwritten")
    await library.ledger.mark(second.key, [hour], CoverageState.FAILED, "damaged")
    engine = hass.data[DOMAIN].engine
    for camera in (first, second):
        engine.notify_kept(camera.key, hour)

    def is_known() -> bool:
        [nvr] = engine.status().nvrs.values()
        return bool(nvr.cameras[first.key].lost_s and nvr.cameras[second.key].failed_s)

    await until(hass, is_known)
    await automate(
        hass,
        "nightly_report",
        {
            "at": "07:00:00",
            "what_to_do": tell("{{ cameras | join(', ') }}\n{{ report }}"),
        },
    )
    await at_time(hass, "07:00:00")
    [message] = messages(told)
    assert message.splitlines() == [
        f"{first.name}, {second.name}",
        f"{first.name}: 0.0 % kept, 60 min lost",
        f"{second.name}: 0.0 % kept, 60 min still to copy",
    ]


# The film of the night


async def test_a_film_is_made_of_the_night(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall], media_dir: Path
) -> None:
    await whole()
    await sync(hass)
    [clip, *_] = await kept(hass)
    start = dt_util.as_local(moment(clip.facts.range.start_ms))
    end = dt_util.as_local(moment(clip.facts.range.end_ms) + timedelta(minutes=1))
    morning = end + timedelta(hours=1)
    await automate(
        hass,
        "nightly_film",
        {
            "camera": CAMERA,
            "begins": f"{start:%H:%M:00}",
            "ends": f"{end:%H:%M:00}",
            "made_at": "07:00:00",
            "what_to_do": tell("{{ url }} {{ gigabytes }} {{ expires }}"),
            "nothing_to_do": tell("{{ reason }}"),
        },
    )
    with patch.object(dt_util, "now", return_value=morning):
        await at_time(hass, "07:00:00")
    [message] = messages(told)
    [export] = await hass.data[DOMAIN].library.exports.all()
    assert message.startswith(f"/api/{DOMAIN}/export/{export.id} ")
    assert export.range.start_ms <= clip.facts.range.start_ms
    expires = moment(export.expires_ms)
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=32)
    assert clips_below(media_dir)


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [("22:00:00", "06:00:00", 8), ("20:00", "23:30", 3.5), ("00:00:00", "06:00:00", 6)],
)
async def test_a_night_is_the_last_one_whenever_its_film_is_made(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    begins: str,
    ends: str,
    hours: float,
) -> None:
    content = load_yaml(BLUEPRINTS / "nightly_film.yaml")
    [wanted, *_] = content["actions"]
    for hour in range(24):
        freezer.move_to(
            datetime(2026, 12, 1, hour, 23, tzinfo=dt_util.DEFAULT_TIME_ZONE)
        )
        known = {"begins": begins, "ends": ends}
        for name in ("end", "start"):
            known[name] = Template(wanted["variables"][name], hass).async_render(known)
        start = datetime.fromisoformat(str(known["start"]))
        end = datetime.fromisoformat(str(known["end"]))
        assert end - start == timedelta(hours=hours), hour
        assert timedelta(0) <= dt_util.now() - end < timedelta(days=1), hour


async def test_a_night_without_footage_is_told(
    hass: HomeAssistant, whole: MakeWhole, told: list[ServiceCall]
) -> None:
    await whole(mode="on_demand")
    await automate(
        hass,
        "nightly_film",
        {
            "camera": CAMERA,
            "what_to_do": tell("{{ url }}"),
            "nothing_to_do": tell("{{ reason }}"),
        },
    )
    await at_time(hass, "07:00:00")
    assert messages(told) == ["Nothing was kept in this time."]
