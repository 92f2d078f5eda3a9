"""Who is given footage by the views and the media browser, and what is said if not."""

# Reads private members: waits of minutes are shortened, and nothing public tells what is left behind.

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.archive import pictures
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from tests.insides import turns_of
from tests.shell.rig import MakeWhole, sync

API = f"/api/{DOMAIN}"
TREE = f"media-source://{DOMAIN}"


async def first_clip(hass: HomeAssistant) -> int:
    [clip] = await hass.data[DOMAIN].library.browse.recent(1)
    return clip.id


def allow(user: MockUser, *entities: str) -> None:
    """Let a person see these cameras and nothing else."""
    user.groups = []
    user.is_owner = False
    user.mock_policy(
        {
            "entities": {
                "entity_ids": {entity: {POLICY_READ: True} for entity in entities}
            }
        }
    )


async def test_a_person_is_given_the_footage_of_cameras_they_may_see(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    assert await async_setup_component(hass, "websocket_api", {})
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    hub = hass.data[DOMAIN]
    found = await hub.library.browse.clip(clip)
    export = await hub.archive.exports.make(
        {found.camera: "a"}, found.facts.range, keep_gaps=True
    )
    paths = [
        f"{API}/{what}"
        for what in (
            f"clip/{clip}",
            f"thumbnail/{clip}",
            f"strip/{clip}",
            f"export/{export.id}",
        )
    ]
    [entity_id] = hass.states.async_entity_ids("camera")
    client = await hass_client()
    socket = await hass_ws_client()

    async def browse(place: str) -> dict[str, object]:
        await socket.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": place}
        )
        return await socket.receive_json()

    for visible in ([entity_id], []):
        allow(hass_admin_user, *visible)
        expected = HTTPStatus.OK if visible else HTTPStatus.FORBIDDEN
        for path in paths:
            assert (await client.get(path)).status == expected, path
        top = await browse(TREE)
        # the NVR, and what is protected, has events, or was exported
        assert len(top["result"]["children"]) == 4 * len(visible)
        assert (await browse(f"{TREE}/clip/{clip}"))["success"] is bool(visible)


async def test_storage_and_index_that_are_away_are_unavailable(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    library = hass.data[DOMAIN].library
    client = await hass_client()
    away = NvrError(ErrorKind.STORAGE_STALLED)
    with patch.object(library.browse, "reader", side_effect=away):
        for what in ("clip", "thumbnail", "strip"):
            answer = await client.get(f"{API}/{what}/{clip}")
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, what
    broken = NvrError(ErrorKind.INDEX_FAILED)
    with (
        patch.object(library.browse, "clip", side_effect=broken),
        patch.object(library.exports, "get", side_effect=broken),
        patch.object(library.browse, "cameras", side_effect=broken),
    ):
        for what in ("clip", "thumbnail", "strip", "export"):
            answer = await client.get(f"{API}/{what}/{clip}")
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, what
        with pytest.raises(BrowseError):
            await async_browse_media(hass, TREE)
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"{TREE}/clip/{clip}", None)


async def test_a_clip_whose_file_vanished_is_not_found(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    library = hass.data[DOMAIN].library
    with await library.browse.reader(clip) as reader:
        path = reader.path
    await hass.async_add_executor_job(path.unlink)
    client = await hass_client()
    assert (await client.get(f"{API}/clip/{clip}")).status == HTTPStatus.NOT_FOUND


async def test_views_answer_without_a_library(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()
    hub = hass.data.pop(DOMAIN)
    for what in ("clip", "thumbnail", "strip", "export"):
        answer = await client.get(f"{API}/{what}/1")
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, what
    hass.data[DOMAIN] = hub


async def test_an_export_that_is_not_ready_is_not_given_out(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    _, entry = await whole(mode="on_demand")
    [camera] = entry.runtime_data.cameras.values()
    book = hass.data[DOMAIN].library.exports
    export = await book.begin([camera.key], TimeRange(0, 1000), "a.mp4")
    client = await hass_client()
    answer = await client.get(f"{API}/export/{export.id}")
    assert answer.status == HTTPStatus.NOT_FOUND


async def test_pictures_that_were_swept_away_are_made_again(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    hub = hass.data[DOMAIN]
    first = await hub.archive.pictures.picture(clip)
    known = await hub.library.thumbnails.find(clip, pictures.START)
    await hass.async_add_executor_job(known.path.unlink)
    assert await hub.archive.pictures.picture(clip) == first


async def test_pictures_that_cannot_be_written_are_a_failing_storage(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    hub = hass.data[DOMAIN]
    with (
        patch.object(pictures, "thumbnail", side_effect=PermissionError),
        pytest.raises(NvrError) as raised,
    ):
        await hub.archive.pictures.picture(await first_clip(hass))
    assert raised.value.kind is ErrorKind.STORAGE_FAILED


async def test_titles_of_a_day_tell_length_and_protection(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    library = hass.data[DOMAIN].library
    clips = await library.browse.recent(9)
    await library.care.protect([clips[0].id])
    [nvr, *_] = (await async_browse_media(hass, TREE)).children
    [camera] = (await async_browse_media(hass, nvr.media_content_id)).children
    [_, day, *_] = (await async_browse_media(hass, camera.media_content_id)).children
    titles = []
    below = (await async_browse_media(hass, day.media_content_id)).children
    for hour in (child for child in below if child.can_expand):
        page = await async_browse_media(hass, hour.media_content_id)
        titles += [
            child.title
            for child in page.children
            if child.identifier.startswith("clip/")
        ]
    assert len(titles) == len(clips)
    assert len(set(titles)) == len(clips)
    assert sum("protected" in title.lower() for title in titles) == 1
    alone = await async_browse_media(hass, f"{TREE}/clip/{clips[0].id}")
    assert alone.can_play


async def test_names_of_downloads_tell_camera_and_local_time(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    await hass.config.async_set_time_zone("Asia/Tokyo")
    hub = hass.data[DOMAIN]
    clip = await hub.library.browse.clip(await first_clip(hass))
    start = datetime.fromtimestamp(clip.facts.range.start_ms / 1000 + 9 * 3600, UTC)
    name = hub.download_name(clip)
    assert name.endswith(f"_{start:%Y-%m-%d_%H-%M-%S}.mp4")
    assert name.replace("_", "").replace("-", "").replace(".", "").isalnum()


async def test_one_picture_is_made_once_for_all_who_ask(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    client = await hass_client()
    with patch.object(pictures, "key_strip", wraps=pictures.key_strip) as make:
        answers = await asyncio.gather(
            *(client.get(f"{API}/strip/{clip}") for _ in range(20))
        )
        assert {answer.status for answer in answers} == {HTTPStatus.OK}
        assert len({await answer.read() for answer in answers}) == 1
        assert make.call_count == 1
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answers[0].headers["Content-Security-Policy"]


async def test_any_second_of_a_clip_has_its_picture(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    client = await hass_client()

    async def frame(at: str) -> tuple[int, bytes]:
        answer = await client.get(f"{API}/frame/{clip}/{at}")
        return answer.status, await answer.read()

    with patch.object(pictures, "thumbnail", wraps=pictures.thumbnail) as make:
        first, again, later = [await frame(at) for at in ("1000", "1999", "2000")]
        assert make.call_count == 2
    assert first[0] == later[0] == HTTPStatus.OK
    assert first == again
    assert first[1] != later[1]
    assert (await frame("999999999"))[0] == HTTPStatus.NOT_FOUND
    for wrong in ("-1", "1.5", "1" * 10, "x"):
        assert (await frame(wrong))[0] == HTTPStatus.BAD_REQUEST


async def test_a_picture_that_cannot_be_made_is_not_tried_again_at_once(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    clip = await first_clip(hass)
    hub = hass.data[DOMAIN]
    broken = NvrError(ErrorKind.VERIFY_FAILED, "no picture")
    with patch.object(pictures, "thumbnail", side_effect=broken) as make:
        for _ in range(3):
            with pytest.raises(NvrError):
                await hub.archive.pictures.picture(clip)
        assert make.call_count == 1
    turns_of(hub.archive.pictures)._failed_s = 0
    assert await hub.archive.pictures.picture(clip)


async def test_pictures_of_one_person_keep_nobody_else_waiting(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    """Two are made at the same time, one of them for somebody else."""
    await whole()
    jobs = turns_of(hass.data[DOMAIN].archive.pictures)
    order: list[str] = []
    go_on = asyncio.Event()

    def ask(person: str, number: int) -> asyncio.Future[bytes]:
        async def make(_cancel: object) -> bytes:
            order.append(f"{person} {number}")
            await go_on.wait()
            return b""

        async def wait() -> bytes:
            with jobs.waiting((number, person), person, make) as job:
                return await job.result()

        return asyncio.ensure_future(wait())

    greedy = [ask("one", number) for number in range(pictures.MOST_OPEN)]
    await asyncio.sleep(0.01)
    with pytest.raises(NvrError) as raised:
        await ask("one", 4711)
    assert raised.value.kind is ErrorKind.LIMIT
    other = ask("two", 0)
    await asyncio.sleep(0.01)
    assert order == ["one 0", "two 0"]
    for task in greedy[50:]:
        task.cancel()
    go_on.set()
    await asyncio.gather(other, *greedy, return_exceptions=True)
    async with asyncio.timeout(10):
        while jobs._open:  # noqa: ASYNC110 - no event tells of the end
            await asyncio.sleep(0.01)
    assert len(order) <= 52, "what nobody waited for was not made"
