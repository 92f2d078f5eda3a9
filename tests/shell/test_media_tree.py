"""What lies beside kept days in the media browser, and how its titles are read by others."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
import re
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import yaml

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import (
    CoverageState,
    EventClass,
    EventMark,
)
from custom_components.vtrack_nvr.media_identifier import (
    CameraNode,
    DayNode,
    HourNode,
)
from tests.shell.rig import MakeWhole, sync
from tests.shell.test_media_browser import (
    CAMERA,
    HOUR,
    MINUTE,
    TREE,
    keep,
    library as library,  # noqa: PLC0414 - a fixture
)

START = round(datetime(2027, 1, 15, 18, tzinfo=UTC).timestamp() * 1000)
"""A full hour, in the zones that tests use as well."""
DOCS = Path(__file__).parents[2] / "docs" / "cards.md"


async def titles(hass: HomeAssistant, place: object) -> list[str]:
    found = await async_browse_media(hass, f"{TREE}/{place}" if place else TREE)
    return [
        child.title
        for child in found.children
        if not (child.identifier or "").startswith("play/")
    ]


async def mark(
    library: Library, start_ms: int, length_ms: int, state: CoverageState
) -> None:
    await library.ledger.mark(
        CAMERA, [TimeRange(start_ms, start_ms + length_ms)], state
    )


async def test_an_hour_shows_what_is_still_on_the_device_and_on_its_way(
    hass: HomeAssistant, library: Library
) -> None:
    await hass.config.async_update(time_zone="UTC")
    await keep(library, START + 10 * MINUTE)
    await mark(library, START + 20 * MINUTE, 7 * MINUTE, CoverageState.ON_DEVICE)
    await mark(library, START + 40 * MINUTE, 5 * MINUTE, CoverageState.FETCHING)
    await mark(library, START + 50 * MINUTE, 5 * MINUTE, CoverageState.ABSENT)
    await mark(library, START + HOUR, 5 * MINUTE, CoverageState.ON_DEVICE)
    assert await titles(hass, DayNode(CAMERA, date(2027, 1, 15))) == [
        "18:00 (5 min) · on the device",
        "19:00 · on the device",
    ]
    assert await titles(hass, HourNode(CAMERA, START)) == [
        "18:10:00 (5 min)",
        "18:20:00 (5 min) · on the device",
        "18:25:00 (2 min) · on the device",
        "18:40:00 (5 min) · being fetched",
    ]


async def test_an_hour_shows_what_is_copied_on_request_while_the_device_holds_it(
    hass: HomeAssistant, library: Library
) -> None:
    await hass.config.async_update(time_zone="UTC")
    held = TimeRange(START + 20 * MINUTE, START + HOUR)
    await keep(library, START)
    await mark(library, START + 10 * MINUTE, 20 * MINUTE, CoverageState.NOT_WANTED)
    await library.ledger.note_sweep(
        SweepFindings(CAMERA, held, (), True, held.start_ms, held.end_ms)
    )
    assert await titles(hass, DayNode(CAMERA, date(2027, 1, 15))) == [
        "18:00 (5 min) · on the device"
    ]
    assert await titles(hass, HourNode(CAMERA, START)) == [
        "18:00:00 (5 min)",
        "18:20:00 (5 min) · on the device",
        "18:25:00 (5 min) · on the device",
    ]


async def test_a_clip_that_reaches_into_an_hour_is_shown_in_both(
    hass: HomeAssistant, library: Library
) -> None:
    await hass.config.async_update(time_zone="UTC")
    await keep(library, START + 57 * MINUTE)
    assert await titles(hass, HourNode(CAMERA, START)) == ["18:57:00 (5 min)"]
    assert await titles(hass, HourNode(CAMERA, START + HOUR)) == ["18:57:00 (5 min)"]


async def test_a_full_hour_is_shown_in_parts_in_order(
    hass: HomeAssistant, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hass.config.async_update(time_zone="UTC")
    for number in range(4):
        await keep(library, START + number * 10 * MINUTE)
    await mark(library, START + 15 * MINUTE, 2 * MINUTE, CoverageState.ON_DEVICE)
    search = library.browse.search

    async def two_at_a_time(**options: Any) -> Any:
        return await search(**{**options, "limit": 2})

    monkeypatch.setattr(library.browse, "search", two_at_a_time)
    seen: list[str] = []
    place = f"{TREE}/{HourNode(CAMERA, START)}"
    while place:
        page = await async_browse_media(hass, place)
        seen += [
            child.title[:8]
            for child in page.children
            if child.can_play and not child.identifier.startswith("play/")
        ]
        more = [child for child in page.children if child.can_expand]
        place = more[0].media_content_id if more else ""
    assert seen == ["18:00:00", "18:10:00", "18:15:00", "18:20:00", "18:30:00"]


async def test_protected_clips_and_events_have_folders_of_their_own(
    hass: HomeAssistant, library: Library
) -> None:
    await hass.config.async_update(time_zone="UTC")
    first = await keep(library, START)
    await keep(library, START + HOUR)
    await library.care.protect([first])
    moment = TimeRange(START + HOUR, START + HOUR + 1000)
    await library.ledger.add_marks(CAMERA, [EventMark(EventClass.PERSON, moment)])
    top = await async_browse_media(hass, TREE)
    assert [child.title for child in top.children][1:] == ["Protected", "Events"]
    below = await titles(hass, CameraNode(CAMERA))
    assert below[-2:] == ["Protected", "Events"]
    for camera in ("", str(CameraNode(CAMERA)).partition("/")[2]):
        assert await titles(hass, f"protected/{camera}") == [
            "Tür / Hof · 2027-01-15 18:00:00 (5 min) · protected"
        ]
        classes = await titles(hass, f"events/{camera}")
        assert classes == [
            "Motion",
            "Person",
            "Vehicle",
            "Animal",
            "Doorbell",
            "Line crossed",
            "Recording",
            "Other",
        ]
        assert await titles(hass, f"events/{camera}/person") == [
            "Tür / Hof · 2027-01-15 19:00:00 (5 min)"
        ]
        assert await titles(hass, f"events/{camera}/motion") == []
    with pytest.raises(BrowseError):
        await titles(hass, "protected/nobody")


async def test_films_that_were_made_are_listed_and_play(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    hub = hass.data[DOMAIN]
    [clip, *_] = await hub.library.browse.recent(1)
    assert "Exports" not in await titles(hass, "")
    export = await hub.archive.exports.make(
        {clip.camera: "a"}, clip.facts.range, keep_gaps=True
    )
    assert "Exports" in await titles(hass, "")
    [film] = (await async_browse_media(hass, f"{TREE}/exports")).children
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.*\) · .+", film.title)
    media = await async_resolve_media(hass, film.media_content_id, None)
    assert media.url.startswith(f"/api/{DOMAIN}/export/{export.id}")
    assert media.mime_type == "video/mp4"
    alone = await async_browse_media(hass, film.media_content_id)
    assert alone.title == film.title
    await hub.library.exports.remove(export.id)
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, film.media_content_id, None)
    with pytest.raises(BrowseError):
        await async_browse_media(hass, film.media_content_id)


async def on_device(hass: HomeAssistant, whole: MakeWhole) -> tuple[Any, Any, str]:
    """Return a device whose footage is not kept, and the place of some of it."""
    nvr, entry = await whole(mode="on_demand")
    [camera] = entry.runtime_data.cameras.values()
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    await hass.data[DOMAIN].library.ledger.mark(
        camera.key, [TimeRange(start_ms, end_ms)], CoverageState.ON_DEVICE
    )
    hour = HourNode(camera.key, start_ms // HOUR * HOUR)
    found = (await async_browse_media(hass, f"{TREE}/{hour}")).children
    [item, *_] = [child for child in found if child.identifier.startswith("device/")]
    return nvr, camera, item.media_content_id


async def test_footage_on_the_device_plays_as_a_stream_at_once(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    _, _, place = await on_device(hass, whole)
    media = await async_resolve_media(hass, place, None)
    assert media.mime_type == "application/x-mpegURL"
    client = await hass_client()
    answer = await client.get(media.url)
    assert answer.status == 200
    assert (await answer.text()).startswith("#EXTM3U")


async def test_a_player_without_streams_is_given_the_clip_once_it_came(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, _, place = await on_device(hass, whole)
    registry = er.async_get(hass)
    speaker = registry.async_get_or_create("media_player", "cast", "tv").entity_id
    media = await async_resolve_media(hass, place, speaker)
    assert media.mime_type == "video/mp4"
    assert f"/api/{DOMAIN}/clip/" in media.url
    kodi = registry.async_get_or_create("media_player", "kodi", "tv").entity_id
    assert (await async_resolve_media(hass, place, kodi)).mime_type != "video/mp4"


async def test_a_device_that_sends_nothing_is_said_so(
    hass: HomeAssistant, whole: MakeWhole, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.vtrack_nvr import media_source

    nvr, _, place = await on_device(hass, whole)
    monkeypatch.setattr(media_source, "FETCH_S", 0.01)
    nvr.faults.rtsp.busy = True
    speaker = er.async_get(hass).async_get_or_create("media_player", "cast", "tv")
    with pytest.raises(Unresolvable) as raised:
        await async_resolve_media(hass, place, speaker.entity_id)
    assert raised.value.translation_key == "not_fetched_yet"


async def test_who_may_only_look_is_not_offered_to_fetch(
    hass: HomeAssistant, whole: MakeWhole, hass_admin_user: MockUser
) -> None:
    _, camera, place = await on_device(hass, whole)
    [entity] = hass.states.async_entity_ids("camera")
    hass_admin_user.groups = []
    hass_admin_user.is_owner = False

    class Connection:
        user = hass_admin_user

    token = current_connection.set(Connection())
    try:
        for policies, is_offered in (
            ({POLICY_READ: True}, False),
            ({POLICY_READ: True, POLICY_CONTROL: True}, True),
        ):
            hass_admin_user.mock_policy(
                {"entities": {"entity_ids": {entity: policies}}}
            )
            start_ms = int(place.rpartition("/")[2].partition("-")[0])
            hour = HourNode(camera.key, start_ms // HOUR * HOUR)
            found = (await async_browse_media(hass, f"{TREE}/{hour}")).children
            assert bool(found) is is_offered
            if not is_offered:
                with pytest.raises(Unresolvable):
                    await async_resolve_media(hass, place, None)
    finally:
        current_connection.reset(token)


# advanced-camera-card, src/card-controller/folders/ha: a title is matched by a regular
# expression (its group `value`, or all that matches), and what it gives is read by a format of
# date-fns into the date of the folder above.

FORMATS = {"yyyy-MM-dd": "%Y-%m-%d", "HH:mm": "%H:%M", "HH:mm:ss": "%H:%M:%S"}


def extracted(expression: str, title: str) -> str | None:
    found = re.search(expression.replace("(?<", "(?P<"), title)
    if found is None:
        return None
    return found.groupdict().get("value") or found.group(0)


def parsed(
    parser: dict[str, str], title: str, base: datetime | None
) -> datetime | None:
    text = extracted(parser["regexp"], title)
    if text is None:
        return base
    found = datetime.strptime(text, FORMATS[parser["format"]])
    if "y" in parser["format"]:
        return found
    assert base is not None
    return base.replace(hour=found.hour, minute=found.minute, second=found.second)


def matches(component: dict[str, Any], title: str) -> bool:
    return all(
        extracted(matcher["regexp"], title) is not None
        for matcher in component.get("matchers", ())
    )


async def walk(
    hass: HomeAssistant, path: list[dict[str, Any]]
) -> list[tuple[str, datetime | None]]:
    """Return what the card would show: titles with the times it reads."""
    [root, *components] = path
    level: list[tuple[str, str, datetime | None]] = [(root["id"], "", None)]
    for depth, component in enumerate(components):
        is_last = depth == len(components) - 1
        following = []
        for place, _, base in level:
            for child in (await async_browse_media(hass, place)).children:
                if not matches(component, child.title) or not (
                    is_last or child.can_expand
                ):
                    continue
                when = base
                for parser in component.get("parsers", ()):
                    when = parsed(parser, child.title, when)
                following.append((child.media_content_id, child.title, when))
        level = following
    return [(title, when) for _, title, when in level]


async def test_the_recipe_for_advanced_camera_card_reads_every_time(
    hass: HomeAssistant, library: Library
) -> None:
    """As the documentation gives it, with the card's own rules."""
    await hass.config.async_update(time_zone="UTC")
    await keep(library, START)
    await keep(library, START + 57 * MINUTE)
    await keep(library, START - 30 * HOUR)
    await mark(library, START + 20 * MINUTE, 5 * MINUTE, CoverageState.ON_DEVICE)
    text = await asyncio.to_thread(DOCS.read_text, "utf-8")
    [recipe] = re.findall(r"```yaml\n(folders:.*?)```", text, re.DOTALL)
    path = yaml.safe_load(recipe)["folders"][0]["ha"]["path"]
    assert path[0]["id"].startswith(f"{TREE}/camera/")
    path[0]["id"] = f"{TREE}/{CameraNode(CAMERA)}"
    shown = await walk(hass, path)
    assert len({title for title, _ in shown}) == len(shown) - 1
    for title, when in shown:
        assert when is not None
        assert title.startswith(f"{when:%H:%M:%S}")
    assert {when for _, when in shown} == {
        datetime(2027, 1, 15, 18),
        datetime(2027, 1, 15, 18, 20),
        datetime(2027, 1, 15, 18, 57),
        datetime(2027, 1, 14, 12),
    }
