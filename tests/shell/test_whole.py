"""The whole integration in Home Assistant, with a simulated camera behind it."""

from datetime import UTC, datetime
from http import HTTPStatus
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
from homeassistant.components.camera import (
    async_get_image,
    async_get_stream_source,
)
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.const import DOMAIN, EVENT_CLIP
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.diagnostics import (
    async_get_config_entry_diagnostics,
)
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, clips_below, sync, until

pytestmark = pytest.mark.long


async def clips_of_first_day(hass: HomeAssistant, above: Any) -> list[Any]:
    """Return what can be played of the only camera's first day, in the media browser."""
    [camera] = (await async_browse_media(hass, above.media_content_id)).children
    [_, day, *_] = (await async_browse_media(hass, camera.media_content_id)).children
    hours = (await async_browse_media(hass, day.media_content_id)).children
    found = []
    for hour in (child for child in hours if child.can_expand):
        page = await async_browse_media(hass, hour.media_content_id)
        found += [child for child in page.children if child.identifier[:4] == "clip"]
    return found


async def test_recordings_come_home_and_can_be_played(
    hass: HomeAssistant,
    whole: MakeWhole,
    media_dir: Path,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    events = async_capture_events(hass, EVENT_CLIP)
    await whole()
    answer = await sync(hass)
    assert answer["complete"], answer
    assert answer["errors"] == 0
    files = clips_below(media_dir)
    assert len(files) == 2
    assert not clips_below(media_dir, ".*")

    await until(hass, lambda: len(events) == 2)
    [entity_id] = hass.states.async_entity_ids("camera")
    device_id = er.async_get(hass).async_get(entity_id).device_id
    for event in events:
        assert event.data["entity_id"] == entity_id
        assert event.data["device_id"] == device_id
        assert event.data["url"] == f"/api/{DOMAIN}/clip/{event.data['clip_id']}"
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    assert top.children is not None
    [nvr, *_] = top.children
    clips = await clips_of_first_day(hass, nvr)
    assert len(clips) == 2
    played = await async_resolve_media(hass, clips[0].media_content_id, None)
    assert played.mime_type == "video/mp4"
    assert played.path in files

    client = await hass_client()
    whole_file = await client.get(played.url)
    assert whole_file.status == HTTPStatus.OK
    part = await client.get(played.url, headers={"Range": "bytes=0-99"})
    assert part.status == HTTPStatus.PARTIAL_CONTENT
    assert part.content_type == "video/mp4"
    assert await part.read() == (await whole_file.read())[:100]
    with av.open(io.BytesIO(await whole_file.read())) as media:
        assert sum(1 for _ in media.decode(video=0)) == 120
    picture = await client.get(clips[0].thumbnail)
    assert picture.status == HTTPStatus.OK
    assert (await picture.read())[:2] == b"\xff\xd8"
    again = await client.get(clips[0].thumbnail)
    assert await again.read() == await picture.read()
    strip = await client.get(clips[0].thumbnail.replace("thumbnail", "strip"))
    assert strip.status == HTTPStatus.OK
    assert len(await strip.read()) > len(await picture.read())
    assert (await client.get("/api/vtrack_nvr/clip/4711")).status == 404
    assert (await client.get("/api/vtrack_nvr/clip/..")).status in {400, 404}
    stranger = await hass_client_no_auth()
    assert (await stranger.get(played.url)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities_tell_the_state(hass: HomeAssistant, whole: MakeWhole) -> None:
    _, entry = await whole()
    await sync(hass)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    states = {
        state.entity_id.removeprefix("sensor.first_"): state.state
        for state in hass.states.async_all("sensor")
    }
    assert states["clips"] == "2"
    assert float(states["coverage"]) == 100
    assert float(states["backlog"]) == 0
    assert states["footage_source"] == "replay"
    assert states["problem"] == "none"
    assert hass.states.get("binary_sensor.first_connectivity").state == "on"
    registry = er.async_get(hass)
    camera_ids = set(entry.subentries)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        assert entity.translation_key or entity.original_device_class
        assert entity.config_subentry_id in camera_ids | {None}
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) == 2  # the camera, which is the NVR, and the storage
    assert all(device.via_device_id is None for device in devices)


async def test_status_and_protection_by_action(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    answer = await hass.services.async_call(
        DOMAIN, "get_status", {}, blocking=True, return_response=True
    )
    [nvr] = answer["nvrs"]
    [camera] = nvr["cameras"]
    assert camera["clips"] == 2
    assert camera["backlog_seconds"] == 0
    for name, is_protected in (("protect", True), ("unprotect", False)):
        await hass.services.async_call(
            DOMAIN, name, {"clip_id": camera["last_clip_id"]}, blocking=True
        )
        hub = hass.data[DOMAIN]
        clip = await hub.library.browse.clip(camera["last_clip_id"])
        assert clip.is_protected is is_protected
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN, "protect", {"clip_id": 4711}, blocking=True
        )


async def test_a_saved_clip_is_returned(hass: HomeAssistant, whole: MakeWhole) -> None:
    nvr, _ = await whole(mode="on_demand")
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    camera = hass.states.async_entity_ids("camera")[0]
    answer = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": camera,
            "start": datetime.fromtimestamp((start_ms + 2000) / 1000, UTC),
            "end": datetime.fromtimestamp((end_ms - 2000) / 1000, UTC),
            "timeout": 20,
        },
        blocking=True,
        return_response=True,
    )
    [saved] = answer["saved"]
    assert saved["complete"]
    assert saved["clips"]
    export = await hass.data[DOMAIN].library.exports.get(saved["export"]["export_id"])
    assert export.is_ready
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"entity_id": camera, "start": "2026-01-02 00:00", "end": "2026-01-01"},
            blocking=True,
        )
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "save_clip", {}, blocking=True)


async def test_the_switch_survives_a_reload(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    [switch] = hass.states.async_entity_ids("switch")
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": switch}, blocking=True
    )
    await until(hass, lambda: hass.states.get(switch).state == "off")
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await until(hass, lambda: hass.states.get(switch).state == "off")
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": switch}, blocking=True
    )
    await until(hass, lambda: hass.states.get(switch).state == "on")


async def test_buttons_start_a_sync(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    await whole()
    for button in hass.states.async_entity_ids("button"):
        await hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )
    await until(hass, lambda: len(clips_below(media_dir)) == 2)


async def test_a_recorder_has_one_button_for_all_its_cameras(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("mapping-video-source", mode="on_demand")
    [button] = hass.states.async_entity_ids("button")
    with patch.object(
        type(entry.runtime_data), "async_start_sync", autospec=True
    ) as started:
        await hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )
    started.assert_awaited_once_with(entry.runtime_data)


async def test_a_camera_is_removed_without_its_clips(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    _, entry = await whole()
    await sync(hass)
    [subentry] = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry)
    await hass.async_block_till_done()
    assert not hass.states.async_entity_ids("camera")
    assert len(clips_below(media_dir)) == 2
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    [*_, former] = top.children
    assert former.title == "Former cameras"
    clips = await clips_of_first_day(hass, former)
    assert len(clips) == 2


async def test_removing_the_entry_keeps_files_and_archive(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    _, entry = await whole()
    await sync(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert len(clips_below(media_dir)) == 2
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    titles = [child.title for child in top.children]
    assert titles == ["Protected", "Events", "Former cameras"]


async def test_an_nvr_that_is_off_is_tried_again_and_the_archive_is_there(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    await sync(hass)
    await nvr.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    assert top.children[0].title == nvr.spec.name


async def test_a_refused_login_asks_for_a_new_one(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("three-on-one-host"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    nvr.accounts[nvr.spec.user] = "changed"
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"


async def test_places_that_do_not_exist_are_said_to(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    for place in (
        "nonsense",
        "camera/none",
        "nvr/none",
        "clip/4711",
        "day/x/2026-13-1",
    ):
        with pytest.raises(BrowseError):
            await async_browse_media(hass, f"media-source://{DOMAIN}/{place}")
    for place in ("nonsense", "camera/none", "clip/4711"):
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"media-source://{DOMAIN}/{place}", None)


async def test_diagnostics_hold_no_secret(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole()
    text = repr(await async_get_config_entry_diagnostics(hass, entry))
    assert nvr.spec.password not in text
    assert nvr.spec.user not in text
    assert nvr.spec.serial not in text
    assert nvr.spec.mac not in text.lower()


async def test_the_archive_opens_without_any_device(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    assert top.children == []


@pytest.mark.parametrize("count", [1, 2])
async def test_an_export_is_made_and_can_be_fetched(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    count: int,
) -> None:
    nvr, _ = await whole("nvr16" if count > 1 else "three-on-one-host")
    timelines = [c.timeline for c in nvr.channels if c.timeline][:count]
    starts = [line.segments(nvr.clock.now_ms())[0] for line in timelines]
    wanted = {
        "start": datetime.fromtimestamp(min(s for s, _ in starts) / 1000, UTC),
        "end": datetime.fromtimestamp(max(e for _, e in starts) / 1000, UTC),
    }
    cameras = sorted(
        hass.states.async_entity_ids("camera"),
        key=lambda item: hass.states.get(item).name,
    )[:count]
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN, "export", {"entity_id": cameras, **wanted}, blocking=True
        )
    await sync(hass)
    answer = await hass.services.async_call(
        DOMAIN,
        "export",
        {"entity_id": cameras, **wanted},
        blocking=True,
        return_response=True,
    )
    client = await hass_client()
    response = await client.get(answer["url"])
    assert response.status == HTTPStatus.OK
    assert "attachment" in response.headers["Content-Disposition"]
    data = await response.read()
    assert len(data) == answer["bytes"]
    assert data[:2] == b"PK" if count > 1 else data[4:8] == b"ftyp"
    assert (await client.get("/api/vtrack_nvr/export/4711")).status == 404


async def test_stills_come_from_the_device_and_streams_carry_the_login(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole()
    entity_id = hass.states.async_entity_ids("camera")[0]
    image = await async_get_image(hass, entity_id)
    assert image.content[:2] == b"\xff\xd8"
    source = await async_get_stream_source(hass, entity_id)
    assert source is not None
    assert source.startswith(f"rtsp://{nvr.spec.user}:")
    assert f"127.0.0.1:{nvr.rtsp_port}/" in source


async def test_a_range_is_synced_by_action(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    nvr, _ = await whole(mode="on_demand")
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    answer = await hass.services.async_call(
        DOMAIN,
        "sync",
        {
            "entity_id": hass.states.async_entity_ids("binary_sensor")[0],
            "start": datetime.fromtimestamp(start_ms / 1000, UTC),
            "end": datetime.fromtimestamp(end_ms / 1000, UTC),
        },
        blocking=True,
        return_response=True,
    )
    assert answer["clips"] >= 1
    assert len(clips_below(media_dir)) == 1


async def test_addresses_that_are_no_clip(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
) -> None:
    await whole()
    client = await hass_client()
    for kind in ("clip", "thumbnail", "strip", "export"):
        for clip, status in (("abc", 400), ("9" * 20, 400), ("4711", 404)):
            url = f"/api/{DOMAIN}/{kind}/{clip}"
            assert (await client.get(url)).status == status, url


async def test_a_clip_whose_storage_is_away_is_unavailable_not_gone(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
) -> None:
    await whole()
    await sync(hass)
    hub = hass.data[DOMAIN]
    [clip] = await hub.library.browse.recent(1)
    client = await hass_client()
    url = f"/api/{DOMAIN}/clip/{clip.id}"
    saved = await client.get(f"{url}?download")
    assert "attachment" in saved.headers["Content-Disposition"]
    away = NvrError(ErrorKind.STORAGE_MISSING)
    with patch.object(hub.library.browse, "reader", side_effect=away):
        assert (await client.get(url)).status == HTTPStatus.SERVICE_UNAVAILABLE
        with pytest.raises(Unresolvable):
            await async_resolve_media(
                hass, f"media-source://{DOMAIN}/clip/{clip.id}", None
            )


async def test_a_damaged_clip_is_put_aside_and_fetched_again(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    await whole()
    await sync(hass)
    path = clips_below(media_dir)[0]
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    camera = hass.states.async_entity_ids("camera")
    answer = await hass.services.async_call(
        DOMAIN, "verify", {"entity_id": camera}, blocking=True, return_response=True
    )
    assert (answer["checked"], len(answer["damaged"])) == (2, 1)
    assert not path.exists()
    await sync(hass)
    await until(hass, lambda: len(clips_below(media_dir)) == 2)
    answer = await hass.services.async_call(
        DOMAIN, "verify", {"entity_id": camera}, blocking=True, return_response=True
    )
    assert (answer["checked"], answer["damaged"]) == (2, [])
