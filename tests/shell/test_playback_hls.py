"""A range of a camera, opened and watched through a real Home Assistant."""

# Reads private members: what a restart forgets is forgotten.

import asyncio
from datetime import timedelta
import hashlib
from http import HTTPStatus
import json
import logging
import re
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.clip_links import (
    camera_of_address,
    hls_url,
    viewing_url,
)
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.file_reader import FileReader
from custom_components.vtrack_nvr.core.models import CameraKey, Clip
from custom_components.vtrack_nvr.core.playback.viewings import LONGEST_MS
from custom_components.vtrack_nvr.playback_sessions import (
    async_close_playback,
    async_open_playback,
)
from custom_components.vtrack_nvr.runtime import VtrackHub
from tests.shell.rig import MakeWhole, sync

HLS = "application/x-mpegURL"


class HlsRig:
    """A camera with footage of yesterday, and how to watch it."""

    def __init__(self, hass: HomeAssistant, clips: tuple[Clip, ...]) -> None:
        self.hass = hass
        self.hub: VtrackHub = hass.data[DOMAIN]
        begin_ms = clips[0].facts.range.start_ms
        self.window = TimeRange(begin_ms, begin_ms + LONGEST_MS)
        self.clips = [
            clip for clip in clips if self.window.contains(clip.facts.range.start_ms)
        ]
        self.camera = clips[0].camera

    async def open(self, user: Any = None, **how: Any) -> dict[str, Any]:
        return await async_open_playback(
            self.hass,
            user,
            None,
            self.camera,
            self.window.start_ms,
            self.window.end_ms,
            **how,
        )


@pytest.fixture
async def rig(hass: HomeAssistant, whole: MakeWhole) -> HlsRig:
    await whole()
    await sync(hass)
    browse = hass.data[DOMAIN].library.browse
    [newest] = await browse.recent(1)
    everything = TimeRange(0, 2**42)
    clips = await browse.clips_at(newest.camera, everything)
    return HlsRig(hass, clips)


def pieces(text: str) -> list[str]:
    inits = re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)
    return [*inits, *(line for line in text.splitlines() if line[:1] != "#")]


async def no_readers() -> None:
    async with asyncio.timeout(20):
        while FileReader.open_count():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)


async def test_a_range_is_watched_from_its_address_alone(
    rig: HlsRig, hass_client_no_auth: ClientSessionGenerator
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    master = await client.get(told["url"])
    assert master.status == HTTPStatus.OK
    assert master.headers["Content-Type"] == HLS
    assert master.headers["Cache-Control"] == "no-store"
    text = await master.text()
    assert told["codecs"][0].split(",")[0] in text
    base = told["url"].rsplit("/", 1)[0]
    [media] = pieces(text)
    listed = await (await client.get(f"{base}/{media}")).text()
    assert "#EXT-X-ENDLIST" in listed
    total = 0
    for piece in pieces(listed):
        answer = await client.get(f"{base}/{piece}")
        data = await answer.read()
        assert answer.status == HTTPStatus.OK, piece
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Content-Length"] == str(len(data))
        assert "immutable" in answer.headers["Cache-Control"]
        assert data[4:8] in {b"ftyp", b"moof"}
        part = await client.get(f"{base}/{piece}", headers={"Range": "bytes=4-7"})
        assert part.status == HTTPStatus.PARTIAL_CONTENT
        assert await part.read() == data[4:8]
        again = await client.get(
            f"{base}/{piece}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert again.status == HTTPStatus.NOT_MODIFIED
        total += len(data)
    assert total > sum(clip.facts.size_bytes for clip in rig.clips) * 0.9
    told_map = json.loads(await (await client.get(told["map_url"])).text())
    assert [clip["id"] for clip in told_map["clips"]] == [clip.id for clip in rig.clips]
    await no_readers()


async def test_players_are_given_one_address(
    rig: HlsRig,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    path = hls_url(rig.camera, rig.window)
    stranger = await hass_client_no_auth()
    assert (await stranger.get(path)).status == HTTPStatus.UNAUTHORIZED
    client = await hass_client()
    answer = await client.get(path)
    assert answer.status == HTTPStatus.OK
    assert answer.headers["Content-Type"] == HLS
    [media] = pieces(await answer.text())
    assert media.startswith("../../../s/")
    target = f"{path.rsplit('/', 1)[0]}/{media}"
    listed = await stranger.get(target)
    assert listed.status == HTTPStatus.OK
    assert (await listed.text()).startswith("#EXTM3U")
    signed = async_sign_path(rig.hass, path, timedelta(hours=1))
    assert (await stranger.get(signed)).status == HTTPStatus.OK
    before = len(rig.hub.archive.desk.viewings)
    assert (await client.head(path)).status == HTTPStatus.OK
    assert len(rig.hub.archive.desk.viewings) == before


async def test_what_cannot_be_opened_is_said(
    rig: HlsRig, hass_client: ClientSessionGenerator
) -> None:
    camera = hls_url(rig.camera, rig.window).split("/")[4]
    client = await hass_client()
    for path, status in (
        (f"{camera}/5-5/index.m3u8", HTTPStatus.BAD_REQUEST),
        (f"{camera}/9-5/index.m3u8", HTTPStatus.BAD_REQUEST),
        (f"{camera}/0-99999999999/index.m3u8", HTTPStatus.BAD_REQUEST),
        (f"{camera}/x/index.m3u8", HTTPStatus.BAD_REQUEST),
        ("!!!/0-5/index.m3u8", HTTPStatus.BAD_REQUEST),
        ("bm9uZQ/0-5/index.m3u8", HTTPStatus.NOT_FOUND),
        (f"{camera}/0-5/index.m3u8", HTTPStatus.NOT_FOUND),
        (f"{camera}/0-5/other.m3u8", HTTPStatus.NOT_FOUND),
        (f"{camera}/0-5/h264.m3u8", HTTPStatus.NOT_FOUND),
    ):
        answer = await client.get(f"/api/{DOMAIN}/hls/{path}")
        assert answer.status == status, path


async def test_a_person_watches_what_they_may_see_and_no_longer(
    rig: HlsRig,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    [entity_id] = rig.hass.states.async_entity_ids("camera")
    hass_admin_user.groups = []
    hass_admin_user.is_owner = False
    see = {"entities": {"entity_ids": {entity_id: {POLICY_READ: True}}}}
    hass_admin_user.mock_policy(see)
    told = await rig.open(hass_admin_user)
    client = await hass_client_no_auth()
    assert (await client.get(told["url"])).status == HTTPStatus.OK
    with pytest.raises(NvrError) as caught:
        await rig.open(hass_admin_user, fetch=True)
    assert caught.value.kind is ErrorKind.NO_PERMISSION

    hass_admin_user.mock_policy({})
    assert (await client.get(told["url"])).status == HTTPStatus.NOT_FOUND
    with pytest.raises(NvrError) as caught:
        await rig.open(hass_admin_user)
    assert caught.value.kind is ErrorKind.NO_PERMISSION
    own = await hass_client()
    answer = await own.get(hls_url(rig.camera, rig.window))
    assert answer.status == HTTPStatus.FORBIDDEN
    hass_admin_user.mock_policy(see)
    assert (await client.get(told["url"])).status == HTTPStatus.NOT_FOUND


async def test_a_login_that_was_revoked_watches_nothing(
    rig: HlsRig,
    hass_admin_user: MockUser,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    auth = rig.hass.auth
    refresh = await auth.async_create_refresh_token(hass_admin_user, "https://x.test")
    told = await async_open_playback(
        rig.hass,
        hass_admin_user,
        refresh.id,
        rig.camera,
        rig.window.start_ms,
        rig.window.end_ms,
    )
    client = await hass_client_no_auth()
    assert (await client.get(told["url"])).status == HTTPStatus.OK
    auth.async_remove_refresh_token(refresh)
    assert (await client.get(told["url"])).status == HTTPStatus.NOT_FOUND


async def test_a_link_brings_its_own_check(
    rig: HlsRig, hass_client_no_auth: ClientSessionGenerator
) -> None:
    is_valid = True

    async def check() -> bool:
        return is_valid

    told = await rig.open(owner="share:1", check=check)
    client = await hass_client_no_auth()
    assert (await client.get(told["url"])).status == HTTPStatus.OK
    is_valid = False
    assert (await client.get(told["url"])).status == HTTPStatus.NOT_FOUND


async def test_only_who_opened_it_closes_it(
    rig: HlsRig, hass_admin_user: MockUser, hass_read_only_user: MockUser
) -> None:
    told = await rig.open(hass_admin_user)
    await async_close_playback(rig.hass, hass_read_only_user, told["token"])
    assert await rig.hub.archive.desk.use(told["token"]) is not None
    await async_close_playback(rig.hass, hass_admin_user, told["token"])
    assert await rig.hub.archive.desk.use(told["token"]) is None
    await async_close_playback(rig.hass, hass_admin_user, "none")


async def test_addresses_are_told_to_no_log(
    rig: HlsRig,
    hass_client_no_auth: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    caplog.set_level(logging.DEBUG)
    # as Home Assistant sets it: the log of each request is aiohttp's own
    caplog.set_level(logging.WARNING, "aiohttp.access")
    base = told["url"].rsplit("/", 1)[0]
    for what in ("index.m3u8", "media.m3u8", "map.json", "999/init.mp4", "nothing"):
        await client.get(f"{base}/{what}")
    rig.hub.archive.desk.end(told["token"])
    assert (await client.get(told["url"])).status == HTTPStatus.NOT_FOUND
    assert told["token"] not in caplog.text


async def test_nothing_else_lies_below_a_token(
    rig: HlsRig, hass_client_no_auth: ClientSessionGenerator
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    clip = rig.clips[0].id
    for what in (
        "",
        "other.m3u8",
        "h264/map.json",
        "1/2.m4s",
        "1/2-x.m4s",
        "../index.m3u8",
        "1/-1-2.m4s",
        "9999999999999999/init.mp4",
        "1/0-0.m4s/",
        "\N{ARABIC-INDIC DIGIT ONE}/init.mp4",
        "99999/init.mp4",
        f"{clip}/0-9999.m4s",
        f"{clip}/3-2.m4s",
    ):
        answer = await client.get(viewing_url(told["token"], what))
        assert answer.status == HTTPStatus.NOT_FOUND, what
    for other in ("x", "A" * 43, "A" * 5000):
        answer = await client.get(viewing_url(other, "index.m3u8"))
        assert answer.status == HTTPStatus.NOT_FOUND
    await no_readers()


async def test_head_only_answers(
    rig: HlsRig, hass_client_no_auth: ClientSessionGenerator
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    base = told["url"].rsplit("/", 1)[0]
    rig.hub.archive.desk.footage._known.clear()
    for what, kind in (
        ("index.m3u8", HLS),
        ("media.m3u8", HLS),
        ("map.json", "application/json"),
        (f"{rig.clips[0].id}/init.mp4", "video/mp4"),
        (f"{rig.clips[0].id}/0-0.m4s", "video/mp4"),
    ):
        answer = await client.head(f"{base}/{what}")
        assert answer.status == HTTPStatus.OK
        assert answer.headers["Content-Type"] == kind
    assert rig.hub.archive.desk.footage._known == {}


async def test_other_sites_may_play_it(
    rig: HlsRig, hass_client_no_auth: ClientSessionGenerator
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    answer = await client.get(told["url"], headers={"Origin": "https://cast.test"})
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", "https://cast.test"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    asked = await client.options(
        told["url"],
        headers={"Origin": "https://cast.test", "Access-Control-Request-Method": "GET"},
    )
    assert asked.status == HTTPStatus.OK


async def test_players_are_told_whether_to_ask_again(
    rig: HlsRig,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = await rig.open()
    client = await hass_client_no_auth()
    base = told["url"].rsplit("/", 1)[0]
    for kind, status in (
        (ErrorKind.LIMIT, HTTPStatus.TOO_MANY_REQUESTS),
        (ErrorKind.TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE),
        (ErrorKind.STORAGE_MISSING, HTTPStatus.SERVICE_UNAVAILABLE),
        (ErrorKind.INDEX_FAILED, HTTPStatus.SERVICE_UNAVAILABLE),
        (ErrorKind.NO_FOOTAGE, HTTPStatus.NOT_FOUND),
        (ErrorKind.VERIFY_FAILED, HTTPStatus.NOT_FOUND),
    ):

        async def fail(_viewing: object, kind: ErrorKind = kind) -> str:
            raise NvrError(kind)

        monkeypatch.setattr(rig.hub.archive.desk, "media", fail)
        answer = await client.get(f"{base}/media.m3u8")
        assert answer.status == status
        assert ("Retry-After" in answer.headers) is (status != HTTPStatus.NOT_FOUND)
        assert await answer.read() == b""


def test_cameras_survive_being_named_in_an_address() -> None:
    for text in ("nvr/1", "ä/ö?#%2F", "a" * 200, "…"):
        path = hls_url(CameraKey(text), TimeRange(1, 2))
        assert camera_of_address(path.split("/")[4]) == text
    for text in ("a", "====", "ä", "_w"):
        with pytest.raises(ValueError):  # noqa: PT011  of several kinds
            camera_of_address(text)


async def test_without_the_integration_nothing_is_opened(hass: HomeAssistant) -> None:
    with pytest.raises(NvrError) as caught:
        await async_open_playback(hass, None, None, CameraKey("x"), 0, 1)
    assert caught.value.kind is ErrorKind.INDEX_FAILED


async def test_a_clip_is_served_with_its_table_first(
    rig: HlsRig, hass_client: ClientSessionGenerator
) -> None:
    clip = rig.clips[0]
    client = await hass_client()
    url = f"/api/{DOMAIN}/clip/{clip.id}"
    answer = await client.get(url)
    data = await answer.read()
    assert answer.status == HTTPStatus.OK
    assert answer.headers["Content-Length"] == str(clip.facts.size_bytes)
    kind = answer.headers["Content-Type"]
    assert re.fullmatch(r'video/mp4; codecs="avc1\.[0-9a-f]{6}(,mp4a\.40\.2)?"', kind)
    assert data.index(b"moov") < 64
    part = await client.get(url, headers={"Range": "bytes=100-299"})
    assert part.status == HTTPStatus.PARTIAL_CONTENT
    assert await part.read() == data[100:300]
    assert part.headers["ETag"] == answer.headers["ETag"]
    head = await client.head(url)
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    assert head.headers["Content-Type"] == kind
    known = await client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert known.status == HTTPStatus.NOT_MODIFIED

    original = await client.get(f"{url}?original")
    on_disk = await original.read()
    assert hashlib.sha256(on_disk).hexdigest() == clip.facts.sha256
    assert original.headers["ETag"] != answer.headers["ETag"]
    assert len(on_disk) == len(data)
    await no_readers()

    reader = await rig.hub.library.browse.reader(clip.id)
    reader.release()
    later = on_disk + b"\0\0\0\x08free"
    reader.path.write_bytes(later)
    rig.hub.archive.desk.footage._known.clear()
    changed = await client.get(url)
    assert await changed.read() == later, "it is laid out otherwise: sent as it is"
    broken = bytearray(on_disk)
    at = broken.rindex(b"stsc") + 8
    broken[at : at + 4] = b"\x7f\xff\xff\xff"
    reader.path.write_bytes(broken)
    odd = await client.get(url)
    assert odd.headers["Content-Type"] == "video/mp4"
    assert await odd.read() == bytes(broken), "no fragments are found: sent as it is"
    reader.path.write_bytes(on_disk[: len(on_disk) // 2])
    assert (await client.get(url)).status == HTTPStatus.OK
    reader.path.unlink()
    assert (await client.get(url)).status == HTTPStatus.NOT_FOUND
    await no_readers()
