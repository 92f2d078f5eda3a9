"""What whoever has a link is shown."""

# Reads private members: that memory is bounded is told to nobody.

import asyncio
from base64 import b64encode
import hashlib
import logging
import re
from typing import Any
from unittest.mock import patch
from urllib.parse import urljoin

from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr import share_view
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.shares import (
    async_clip_target,
    async_revoke_share,
    range_target,
)
from tests.core.media.encoded import START_MS
from tests.shell.rig import MakeWhole, keep_clip
from tests.shell.sharing import allow, is_closed, kept, link, targets

pytestmark = pytest.mark.long


async def test_whoever_has_a_link_sees_one_thing_without_a_login(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    allow(hass, hass_admin_user)
    for kind, target in (await targets(hass, clip)).items():
        made = await link(hass, target, hass_admin_user)
        answer = await client.get(made.path)
        data = await answer.read()
        assert answer.status == 200, kind
        told = answer.headers.get("Content-Disposition", answer.headers["Content-Type"])
        assert told.startswith(kind)
        assert data
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_clip_is_given_in_parts(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, await async_clip_target(hass, clip.id))
    client = await hass_client_no_auth()
    answer = await client.get(made.path, headers={"Range": "bytes=0-99"})
    assert answer.status == 206
    assert len(await answer.read()) == 100


async def test_the_pages_of_links_may_use_their_own_style_and_script_and_no_other(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, range_target(clip.camera, clip.facts.range))
    client = await hass_client_no_auth()
    for path, kinds in (
        (made.path, ("style", "script")),
        (f"{made.path}x", ("style",)),
    ):
        answer = await client.get(path)
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        found = re.findall(r"<(style|script)[^>]*>(.*?)</\1>", page, re.DOTALL)
        assert [kind for kind, _ in found] == [*kinds]
        for kind, text in found:
            known = b64encode(hashlib.sha256(text.encode()).digest()).decode()
            [source] = re.findall(rf"{kind}-src ([^;]*)", policy)
            assert f"'sha256-{known}'" in source
            assert "unsafe" not in source
        assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")


async def test_a_range_plays_through_the_door_of_all_players(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, range_target(clip.camera, clip.facts.range))
    client = await hass_client_no_auth()
    page = await (await client.get(made.path)).text()
    assert f'data-playlist="{made.path}/browser.m3u8"' in page
    offered = await client.get(f"{made.path}/browser.m3u8", allow_redirects=False)
    assert offered.headers["Location"].endswith("/browser.m3u8")
    answer = await client.get(f"{made.path}/index.m3u8", allow_redirects=False)
    assert answer.status == 302
    master_url = answer.headers["Location"]
    master = await (await client.get(master_url)).text()
    media_url = urljoin(master_url, master.strip().splitlines()[-1])
    media = await (await client.get(media_url)).text()
    segment = next(line for line in media.splitlines() if line.endswith(".m4s"))
    assert (await client.get(urljoin(media_url, segment))).status == 200
    converted = await client.get(f"{made.path}/h264.m3u8", allow_redirects=False)
    assert converted.headers["Location"].endswith("/h264/index.m3u8")
    await async_revoke_share(hass, None, made.share.id)
    assert (await client.get(media_url)).status == 404, "what was open ends as well"
    assert await is_closed(client, f"{made.path}/index.m3u8")


PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_a_clip_that_browsers_may_not_show_has_a_page(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    everything_logged: Any,
) -> None:
    await whole(mode="on_demand")
    clip = await keep_clip(hass, Codec.H265, START_MS)
    other = await keep_clip(hass, Codec.H265, START_MS + 60_000)
    plain = await keep_clip(hass, Codec.H264, START_MS + 20_000)
    made = await link(hass, await async_clip_target(hass, clip.id))
    client = await hass_client_no_auth()
    answer = await client.get(made.path, headers=PAGE)
    assert answer.headers["Content-Type"].startswith("text/html")
    page = await answer.text()
    assert f'data-playlist="{made.path}/browser.m3u8"' in page
    assert f'href="{made.path}?original" download="' in page
    assert re.search(r'download="(\d{4}(-\d\d){2}_\d\d(-\d\d){2}\.mp4)">\1</a>', page)
    assert clip.camera not in page
    head = await client.head(made.path, headers=PAGE)
    assert head.headers["Content-Type"].startswith("text/html")
    assert await head.read() == b""

    opened = await client.get(f"{made.path}/browser.m3u8", allow_redirects=False)
    master_url = opened.headers["Location"]
    master = (await (await client.get(master_url)).text()).split()
    assert "hvc1" in master[-4]
    assert "avc1" in master[-2]
    media_url = urljoin(master_url, master[-1])
    media = await (await client.get(media_url)).text()
    segment = next(line for line in media.splitlines() if line.endswith(".m4s"))
    converted = await client.get(urljoin(media_url, segment))
    assert converted.status == 200
    assert b"moof" in await converted.read()
    for clip_id, status in ((clip.id, 200), (other.id, 404)):
        found = await client.get(urljoin(master_url, f"{clip_id}/0-0.m4s"))
        assert found.status == status, "a link to one clip shows no other"

    original = await client.get(f"{made.path}?original", headers=PAGE)
    assert hashlib.sha256(await original.read()).hexdigest() == clip.facts.sha256
    fetched = await client.get(made.path)
    assert fetched.headers["Content-Type"].startswith("video/mp4"), "who sends it on"
    link_to_plain = await link(hass, await async_clip_target(hass, plain.id))
    shown = await client.get(link_to_plain.path, headers=PAGE)
    assert shown.headers["Content-Type"].startswith("video/mp4")

    await hass.data[DOMAIN].library.care.delete([clip.id])
    assert (await client.get(media_url)).status == 404
    assert (await client.get(made.path, headers=PAGE)).status == 404
    assert await is_closed(client, f"{made.path}/browser.m3u8")
    for secret in (made.path.rpartition("/")[2], master_url.split("/")[4]):
        theirs = [
            record
            for record in everything_logged.records
            if secret in record.getMessage()
            and record.name not in {"aiohttp.access", "asyncio"}
        ]
        assert theirs == []


async def test_no_link_is_followed_while_home_assistant_stops(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, range_target(clip.camera, clip.facts.range))
    client = await hass_client_no_auth()
    hass.set_state(CoreState.stopping)
    answer = await client.get(made.path)
    hass.set_state(CoreState.running)
    assert answer.status == 503


async def test_a_look_with_head_does_nothing(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    hub = hass.data[DOMAIN]
    with (
        patch.object(hub.archive.pictures, "picture") as picture,
        patch.object(share_view, "async_open_playback") as opened,
    ):
        for target in (await targets(hass, clip)).values():
            made = await link(hass, target)
            more = [f"{made.path}/index.m3u8"] if made.playlist else []
            for path in (made.path, *more):
                answer = await client.head(path)
                assert answer.status == 200
                assert await answer.read() == b""
    picture.assert_not_called()
    opened.assert_not_called()
    nothing = await client.head("/api/vtrack_nvr/shared/abc")
    assert nothing.status == 404


async def test_who_guesses_has_to_wait_and_holds_back_nobody_elses_address(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await whole(mode="on_demand")
    client = await hass_client_no_auth()
    hub = hass.data[DOMAIN]
    for _ in range(share_view.MOST_MISSES):
        assert await is_closed(client, f"/api/{DOMAIN}/shared/{'A' * 43}")
    with patch.object(hub.library.shares, "find") as find:
        answer = await client.get(f"/api/{DOMAIN}/shared/{'A' * 43}")
        assert answer.status == 429
        find.assert_not_called()
    visits = share_view.Visits()
    for number in range(5000):
        visits.missed(f"10.0.{number}", 0.0)
    assert len(visits._misses) <= 1000
    for _ in range(share_view.MOST_MISSES):
        visits.missed("a", 1.0)
    assert visits.is_flooding("a", 2.0)
    assert not visits.is_flooding("b", 2.0)
    assert not visits.is_flooding("a", 2.0 + share_view.MISSES_S)


async def test_one_link_is_followed_by_so_many_at_once(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, await async_clip_target(hass, clip.id, is_picture=True))
    client = await hass_client_no_auth()
    go_on = asyncio.Event()
    begun: list[int] = []

    async def slow(*_: object) -> bytes:
        begun.append(1)
        await go_on.wait()
        return b"picture"

    hub = hass.data[DOMAIN]
    with patch.object(hub.archive.pictures, "picture", slow):
        asked = [
            asyncio.ensure_future(client.get(made.path))
            for _ in range(share_view.MOST_AT_ONCE)
        ]
        async with asyncio.timeout(60):
            while len(begun) < share_view.MOST_AT_ONCE:  # noqa: ASYNC110 - the views tell no test
                await asyncio.sleep(0.01)
        assert (await client.get(made.path)).status == 429
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {200}
    assert (await client.get(made.path)).status == 200


async def test_a_storage_that_is_away_is_no_closed_link(
    hass: HomeAssistant, whole: MakeWhole, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await kept(hass, whole)
    made = await link(hass, await async_clip_target(hass, clip.id))
    client = await hass_client_no_auth()
    library = hass.data[DOMAIN].library
    away = NvrError(ErrorKind.STORAGE_STALLED)
    with patch.object(library.browse, "reader", side_effect=away):
        assert (await client.get(made.path)).status == 503
    broken = NvrError(ErrorKind.STORAGE_FAILED)
    with patch.object(library.shares, "find", side_effect=broken):
        assert (await client.get(made.path)).status == 503
    hub = hass.data.pop(DOMAIN)
    assert (await client.get(made.path)).status == 503
    hass.data[DOMAIN] = hub


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    return caplog


async def test_no_log_is_told_of_a_link(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client_no_auth: ClientSessionGenerator,
    everything_logged: Any,
) -> None:
    clip = await kept(hass, whole)
    client = await hass_client_no_auth()
    for target in (await targets(hass, clip)).values():
        made = await link(hass, target)
        token = made.path.rpartition("/")[2]
        await client.get(made.path)
        await client.get(f"{made.path}/index.m3u8")
        await async_revoke_share(hass, None, made.share.id)
        await client.get(made.path)
        theirs = [
            record
            for record in everything_logged.records
            if token in record.getMessage()
            and record.name not in {"aiohttp.access", "asyncio"}
        ]
        assert theirs == []
