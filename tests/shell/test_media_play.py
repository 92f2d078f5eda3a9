"""*Play from here* in the media browser: to whom a stream is given, and what else."""

# Reads private members: nothing public counts conversions.

from http import HTTPStatus
import re
from typing import Any
from urllib.parse import urljoin

from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import HOUR_MS, TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.core.playback.viewings import LONGEST_MS
from custom_components.vtrack_nvr.media_identifier import (
    CameraNode,
    ClipNode,
    DeviceNode,
    MediaIdentifier,
    PlayNode,
    parse_identifier,
)
from custom_components.vtrack_nvr.media_play import blocks_of
from tests.core.media.encoded import START_MS
from tests.shell.rig import MakeWhole, keep_clip, sync

TREE = f"media-source://{DOMAIN}"


def test_a_day_is_watched_in_stretches_of_six_hours() -> None:
    for hours, count in ((23, 4), (24, 4), (25, 5), (1, 1), (6, 1)):
        day = TimeRange(1000, 1000 + hours * HOUR_MS)
        blocks = [*blocks_of(day)]
        assert len(blocks) == count
        assert blocks[0].start_ms == day.start_ms
        assert blocks[-1].end_ms == day.end_ms
        assert all(0 < block.duration_ms <= LONGEST_MS for block in blocks)


def test_a_stretch_has_a_text_form() -> None:
    place = PlayNode(CameraKey("n/1 ä"), TimeRange(5, 17))
    assert str(place) == "play/n%2F1%20%C3%A4/5-17"
    assert parse_identifier(str(place)) == place
    for text in ("play/x/5", "play/x/9-5", "play//1-2", "play/x/a-b", "play/x/-1-2"):
        with pytest.raises(ValueError):  # noqa: PT011  of several kinds
            parse_identifier(text)


async def test_days_and_cameras_are_played_from_where_they_begin(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "websocket_api", {})
    await whole()
    await sync(hass)
    [clip] = await hass.data[DOMAIN].library.browse.recent(1)
    camera = await async_browse_media(hass, f"{TREE}/{CameraNode(clip.camera)}")
    assert camera.children is not None
    latest, *days = camera.children
    assert latest.can_play
    assert latest.title.startswith("Play the latest footage, from ")
    assert latest.thumbnail is not None
    days = [each for each in days if "/day/" in each.media_content_id]
    day = await async_browse_media(hass, days[-1].media_content_id)
    assert day.children is not None
    blocks = [each for each in day.children if "/play/" in each.media_content_id]
    assert blocks == day.children[: len(blocks)]
    assert blocks
    assert all(block.title.startswith("Play from ") for block in blocks)
    assert all(block.can_play and not block.can_expand for block in blocks)

    socket = await hass_ws_client()
    stranger = await hass_client_no_auth()
    for item in (latest, *blocks):
        await socket.send_json_auto_id(
            {
                "type": "media_source/resolve_media",
                "media_content_id": item.media_content_id,
            }
        )
        told: dict[str, Any] = (await socket.receive_json())["result"]
        assert told["mime_type"] == "application/x-mpegURL"
        assert "authSig=" in told["url"]
        answer = await stranger.get(told["url"])
        assert answer.status == HTTPStatus.OK
        assert "#EXT-X-STREAM-INF" in await answer.text()


async def test_players_that_cannot_are_given_a_clip(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    [clip] = await hass.data[DOMAIN].library.browse.recent(1)
    start_ms = clip.facts.range.start_ms
    registry = er.async_get(hass)
    players = {
        platform: registry.async_get_or_create("media_player", platform, "x").entity_id
        for platform in ("cast", "kodi")
    }
    place = PlayNode(clip.camera, TimeRange(start_ms, start_ms + 60_000))
    media = f"{TREE}/{place}"
    for player, is_stream in (
        (players["cast"], False),
        (players["kodi"], True),
        ("media_player.unknown", False),
        (None, True),
    ):
        found = await async_resolve_media(hass, media, player)
        expected = "application/x-mpegURL" if is_stream else "video/mp4"
        assert found.mime_type == expected, player
        assert (f"/clip/{clip.id}" in found.url) is not is_stream
    nothing = PlayNode(clip.camera, TimeRange(1, 2))
    long = PlayNode(clip.camera, TimeRange(0, LONGEST_MS + 1))
    stranger = PlayNode(CameraKey("none"), place.range)
    for other in (nothing, long, stranger):
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"{TREE}/{other}", players["cast"])


def variants(text: str) -> list[str]:
    return re.findall(r'CODECS="([a-z0-9]+)[^"]*"', text)


async def test_h265_is_offered_to_browsers_as_h264_and_to_others_as_it_is(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "websocket_api", {})
    await whole(mode="on_demand")
    clip = await keep_clip(hass, Codec.H265, START_MS)
    older = await keep_clip(hass, Codec.H264, START_MS + 10_000)
    socket = await hass_ws_client()
    anybody = await hass_client_no_auth()

    async def in_browser(place: MediaIdentifier) -> tuple[str, str]:
        media = f"{TREE}/{place}"
        await socket.send_json_auto_id(
            {"type": "media_source/resolve_media", "media_content_id": media}
        )
        told = (await socket.receive_json())["result"]
        return told["mime_type"], told["url"]

    whole_range = TimeRange(START_MS, START_MS + 20_000)
    for place, expected in (
        (ClipNode(clip.id), ["hvc1", "avc1"]),
        (PlayNode(clip.camera, clip.facts.range), ["hvc1", "avc1"]),
        (PlayNode(clip.camera, whole_range), ["hvc1", "avc1"]),
        (PlayNode(clip.camera, older.facts.range), ["avc1"]),
        (DeviceNode(clip.camera, whole_range), ["hvc1", "avc1"]),
    ):
        kind, url = await in_browser(place)
        assert kind == "application/x-mpegURL", place
        answer = await anybody.get(url)
        assert answer.status == HTTPStatus.OK
        text = await answer.text()
        assert variants(text) == expected, place
        *_, last = text.split()
        listed = await anybody.get(urljoin(url, last))
        assert listed.status == HTTPStatus.OK
        segments = [line for line in (await listed.text()).split() if "m4s" in line]
        assert segments
    converted = hass.data[DOMAIN].archive.desk.h264
    assert converted._made == {}, "nobody asked for a segment"
    assert (await in_browser(ClipNode(older.id)))[0] == "video/mp4"

    registry = er.async_get(hass)
    players = {
        platform: registry.async_get_or_create("media_player", platform, "x").entity_id
        for platform in ("cast", "kodi", "browser_mod")
    }
    for player, name in (
        (None, None),
        (players["cast"], None),
        (players["kodi"], None),
        (players["browser_mod"], "browser.m3u8"),
    ):
        found = await async_resolve_media(hass, f"{TREE}/{ClipNode(clip.id)}", player)
        if name is None:
            assert found.url == f"/api/{DOMAIN}/clip/{clip.id}"
            assert found.path is not None
        else:
            assert found.url.endswith(name)
    for player, name in (
        (None, "index.m3u8"),
        (players["kodi"], "index.m3u8"),
        (players["browser_mod"], "browser.m3u8"),
    ):
        place = PlayNode(clip.camera, clip.facts.range)
        found = await async_resolve_media(hass, f"{TREE}/{place}", player)
        assert found.url.endswith(f"/{name}")
