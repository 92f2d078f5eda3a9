"""Clips that no browser can show: converted when watched or exported, and as they came."""

# Reads private members: waits of minutes are shortened, and nothing public tells what is left behind.

import asyncio
from collections.abc import Iterator
from dataclasses import replace
import os
from pathlib import Path
import re
import shutil
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import urljoin
import zipfile

from aiohttp import ClientError
import av
from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr import clip_response
from custom_components.vtrack_nvr.clip_links import hls_url
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.archive import playback
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.models import (
    Clip,
    ClipSource,
    ClockEra,
)
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.runtime import hub as hub_module
from tests.core.media.test_other_codecs import START, footage
from tests.insides import turns_of
from tests.shell.rig import MakeWhole
from tests.simulator.footage import read_frame_numbers, read_picture
from tests.simulator.timeline import frame_number

API = f"/api/{DOMAIN}"
FIRST = frame_number(START)


async def keep(hass: HomeAssistant, codec: str, start_ms: int = START) -> Clip:
    """Put two seconds of footage into the library, as live recording does."""
    library = hass.data[DOMAIN].library
    [camera, *_] = await library.browse.cameras()
    plan = SeriesPlan(
        camera.key,
        ClockEra(0, 0, 0),
        ClipSource.LIVE,
        300_000,
        Bounds(),
        check_tables,
    )

    def write() -> None:
        series = ClipSeries(library.ledger.sink(camera.key), plan)
        video, groups = footage(codec, start_ms=start_ms)
        for gop in groups:
            series.write(gop, video, None)
        series.finish()

    await asyncio.to_thread(write)
    found = await library.ledger.clips(
        camera.key, TimeRange(start_ms, start_ms + 2_000)
    )
    return found[0]


def codec_of(path: Path) -> str:
    with av.open(str(path)) as file:
        return file.streams.video[0].codec_context.name


def shown(path: Path, data: bytes) -> list[int]:
    path.write_bytes(data)
    return [number for number, _ in read_frame_numbers(path)]


@pytest.mark.parametrize("codec", ["JPEG", "MPEG4"])
async def test_a_clip_is_watched_as_h264_and_kept_as_it_came(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    codec: str,
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, codec)
    client = await hass_client()
    media = await async_resolve_media(
        hass, f"media-source://{DOMAIN}/clip/{clip.id}", None
    )
    assert media.mime_type == "video/mp4"
    answer = await client.get(f"{API}/clip/{clip.id}")
    assert answer.status == 200
    film = tmp_path / "film.mp4"
    assert shown(film, await answer.read()) == list(range(FIRST, FIRST + 20))
    assert codec_of(film) == "h264"
    await hass.data[DOMAIN].archive.playback.file(clip)
    answer = await client.get(f"{API}/clip/{clip.id}")
    data = await answer.read()
    assert answer.content_length == len(data)
    assert shown(film, data) == list(range(FIRST, FIRST + 20))
    part = await client.get(f"{API}/clip/{clip.id}", headers={"Range": "bytes=100-299"})
    assert part.status == 206
    assert await part.read() == data[100:300]
    original = await client.get(f"{API}/clip/{clip.id}?original")
    kept = await original.read()
    assert len(kept) == clip.facts.size_bytes
    assert shown(tmp_path / "kept.mp4", kept) == list(range(FIRST, FIRST + 20))
    assert codec_of(tmp_path / "kept.mp4") == {"JPEG": "mjpeg"}.get(codec, "mpeg4")
    still = await client.get(f"{API}/thumbnail/{clip.id}")
    assert read_picture(await still.read()).number == FIRST


@pytest.mark.parametrize("codec", ["JPEG", "MPEG4"])
async def test_a_browser_is_offered_a_clip_as_h264_by_the_piece(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    codec: str,
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, codec)
    client = await hass_client()

    async def ask(url: str) -> bytes:
        answer = await client.get(url)
        assert answer.status == 200, url
        return await answer.read()

    url = hls_url(clip.camera, clip.facts.range, "browser.m3u8")
    master = (await ask(url)).decode().split()
    assert 'CODECS="mp4v.' in master[-4]
    assert 'CODECS="avc1.64002a"' in master[-2]
    media = urljoin(url, master[-1])
    listed = (await ask(media)).decode()
    pieces = re.findall(r'URI="([^"]+)"|^([^#].*)$', listed, re.MULTILINE)
    data = [await ask(urljoin(media, init or segment)) for init, segment in pieces]
    film = tmp_path / "film.mp4"
    assert shown(film, b"".join(data)) == list(range(FIRST, FIRST + 20))
    assert codec_of(film) == "h264"


async def test_watching_begins_before_all_is_converted(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = tmp_path / "ffmpeg"
    go_on = tmp_path / "go_on"
    slow.write_text(
        "#!/bin/sh\n"
        f'"{shutil.which("ffmpeg")}" "$@" || exit 1\n'
        f'while [ ! -e "{go_on}" ]; do sleep 0.05; done\n'
    )
    slow.chmod(0o755)
    monkeypatch.setattr(
        hub_module, "get_ffmpeg_manager", lambda _: SimpleNamespace(binary=str(slow))
    )
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    client = await hass_client()
    answer = await client.get(f"{API}/clip/{clip.id}", headers={"Range": "bytes=0-"})
    assert answer.status == 200
    data = await answer.content.readany()
    assert data
    assert not hass.data[DOMAIN].archive.playback.is_ready(clip)
    later = asyncio.ensure_future(
        client.get(f"{API}/clip/{clip.id}", headers={"Range": "bytes=0-1"})
    )
    go_on.touch()
    data += await answer.read()
    assert shown(tmp_path / "film.mp4", data) == list(range(FIRST, FIRST + 20))
    assert (await later).status == 206


async def test_a_conversion_that_breaks_ends_the_connection(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "ffmpeg"
    go_on = tmp_path / "go_on"
    broken.write_text(
        "#!/bin/sh\n"
        f'"{shutil.which("ffmpeg")}" "$@" || exit 1\n'
        f'while [ ! -e "{go_on}" ]; do sleep 0.05; done\nexit 1\n'
    )
    broken.chmod(0o755)
    monkeypatch.setattr(
        hub_module, "get_ffmpeg_manager", lambda _: SimpleNamespace(binary=str(broken))
    )
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    client = await hass_client()
    answer = await client.get(f"{API}/clip/{clip.id}")
    assert await answer.content.readany()
    go_on.touch()
    with pytest.raises(ClientError):
        await answer.read()


async def test_who_goes_away_during_a_conversion_is_no_failure(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    client = await hass_client()
    with patch.object(clip_response, "async_write", side_effect=ConnectionResetError):
        answer = await client.get(f"{API}/clip/{clip.id}")
        assert await answer.read() == b""
    assert "Error handling request" not in caplog.text
    answer = await client.get(f"{API}/clip/{clip.id}")
    assert await answer.read()


async def test_times_of_pictures_survive(hass: HomeAssistant, whole: MakeWhole) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    path = await hass.data[DOMAIN].archive.playback.file(clip)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        times = [float(frame.pts * stream.time_base) for frame in file.decode(stream)]
    assert times == pytest.approx([n / 10 for n in range(20)], abs=0.001)


async def test_a_film_to_take_away_can_be_shown_anywhere(
    hass: HomeAssistant, whole: MakeWhole, tmp_path: Path
) -> None:
    await whole("nvr16", mode="on_demand")
    clip = await keep(hass, "JPEG")
    exports = hass.data[DOMAIN].archive.exports
    wanted = TimeRange(START, START + 2_000)
    one = await exports.make({clip.camera: "yard"}, wanted, keep_gaps=True)
    assert codec_of(one.path) == "h264"
    assert [n for n, _ in read_frame_numbers(one.path)] == list(
        range(FIRST, FIRST + 20)
    )
    assert [item.name for item in one.path.parent.iterdir()] == [one.path.name]
    cameras = await hass.data[DOMAIN].library.browse.cameras()
    other = next(item.key for item in cameras if item.key != clip.camera)
    both = await exports.make({clip.camera: "yard", other: "x"}, wanted, keep_gaps=True)
    with zipfile.ZipFile(both.path) as archive:
        archive.extract("yard.mp4", tmp_path)
    assert codec_of(tmp_path / "yard.mp4") == "h264"


async def test_what_was_watched_last_is_kept_and_a_stop_removes_it(
    hass: HomeAssistant, whole: MakeWhole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await whole(mode="on_demand")
    hub = hass.data[DOMAIN]
    first = await keep(hass, "JPEG")
    second = await keep(hass, "JPEG", START + 10_000)
    hub.archive.playback._most_bytes = 1
    one, again = await asyncio.gather(
        hub.archive.playback.file(first), hub.archive.playback.file(first)
    )
    assert one == again
    made = one.stat().st_mtime_ns
    assert (await hub.archive.playback.file(first)).stat().st_mtime_ns == made
    two = await hub.archive.playback.file(second)
    assert not one.exists()
    await hub.archive.playback.stop()
    assert not two.exists()
    third = await keep(hass, "JPEG", START + 20_000)
    with pytest.raises(NvrError) as caught:
        await hub.archive.playback.file(third)
    assert caught.value.kind is ErrorKind.CANCELLED


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Nothing:
        binary = "/bin/false"

    monkeypatch.setattr(hub_module, "get_ffmpeg_manager", lambda _: Nothing)
    return


async def test_without_ffmpeg_it_is_said_so_and_the_original_is_there(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    no_ffmpeg: None,
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, "MPEG4")
    client = await hass_client()
    assert (await client.get(f"{API}/clip/{clip.id}")).status == 503
    assert (await client.get(f"{API}/clip/{clip.id}?original")).status == 200
    folder = Path(hass.config.cache_path(DOMAIN, "playback"))
    assert await asyncio.to_thread(lambda: list(folder.iterdir())) == []


async def test_a_full_disk_is_said_so(
    hass: HomeAssistant, whole: MakeWhole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage._replace(free=playback.SPARE_BYTES)
    )
    with pytest.raises(NvrError) as caught:
        await hass.data[DOMAIN].archive.playback.file(clip)
    assert caught.value.kind is ErrorKind.STORAGE_FULL


async def test_head_answers_and_makes_nothing(
    hass: HomeAssistant, whole: MakeWhole, hass_client: ClientSessionGenerator
) -> None:
    """Whatever comes after it on the connection is the next answer, not a body."""
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    client = await hass_client()
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    token = client.session.headers["Authorization"]
    for method in ("HEAD", "GET"):
        what = f"{API}/clip/{clip.id}" if method == "HEAD" else f"{API}/clip/4711"
        ask = f"{method} {what} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
        writer.write(ask.encode())
    async with asyncio.timeout(30):
        first = await reader.readuntil(b"\r\n\r\n")
        second = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert first.startswith(b"HTTP/1.1 200")
    assert b"video/mp4" in first
    assert second.startswith(b"HTTP/1.1 404")
    assert not turns_of(hass.data[DOMAIN].archive.playback)._open
    assert not hass.data[DOMAIN].archive.playback.is_ready(clip)
    await hass.data[DOMAIN].archive.playback.file(clip)
    head = await client.head(f"{API}/clip/{clip.id}")
    assert int(head.headers["Content-Length"]) > 1000


@pytest.fixture
def slow_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """One that notes its process and never ends."""
    binary, begun = tmp_path / "ffmpeg", tmp_path / "begun"
    binary.write_text(f"#!/bin/sh\necho $$ >> {begun}\nexec sleep 600\n")
    binary.chmod(0o755)
    begun.touch()
    manager = SimpleNamespace(binary=str(binary))
    monkeypatch.setattr(hub_module, "get_ffmpeg_manager", lambda _: manager)
    return begun


async def test_what_nobody_waits_for_is_dropped_and_each_person_has_a_few(
    hass: HomeAssistant, whole: MakeWhole, slow_ffmpeg: Path
) -> None:
    await whole(mode="on_demand")
    hub = hass.data[DOMAIN]
    clips = [
        await keep(hass, "JPEG", START + number * 10_000)
        for number in range(playback.MOST_OPEN + 1)
    ]
    turns_of(hub.archive.playback)._grace_s = 0.2
    asked = [
        asyncio.ensure_future(hub.archive.playback.file(clip, "one"))
        for clip in clips[:-1]
    ]
    async with asyncio.timeout(30):
        while not slow_ffmpeg.read_text():  # noqa: ASYNC110, ASYNC240 - a child tells nobody
            await asyncio.sleep(0.01)
    with pytest.raises(NvrError) as caught:
        await hub.archive.playback.file(clips[-1], "one")
    assert caught.value.kind is ErrorKind.LIMIT
    shared = asyncio.ensure_future(hub.archive.playback.file(clips[0], "two"))
    await asyncio.sleep(0)
    assert len(turns_of(hub.archive.playback)._open) == playback.MOST_OPEN
    for task in (*asked, shared):
        task.cancel()
    await asyncio.gather(*asked, shared, return_exceptions=True)
    async with asyncio.timeout(30):
        while turns_of(hub.archive.playback)._open:  # noqa: ASYNC110 - no event tells of the end
            await asyncio.sleep(0.01)
    [begun] = slow_ffmpeg.read_text().split()  # noqa: ASYNC240 - a small file
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun), 0)  # what ran has ended, the rest never began
    assert not turns_of(hub.archive.playback)._persons


async def test_who_comes_back_in_time_finds_the_conversion_going_on(
    hass: HomeAssistant, whole: MakeWhole, slow_ffmpeg: Path
) -> None:
    await whole(mode="on_demand")
    hub, clip = hass.data[DOMAIN], await keep(hass, "JPEG")
    first = asyncio.ensure_future(hub.archive.playback.file(clip))
    await asyncio.sleep(0)
    [job] = turns_of(hub.archive.playback)._open.values()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert job.end is not None
    again = asyncio.ensure_future(hub.archive.playback.file(clip))
    await asyncio.sleep(0)
    assert job.end is None
    assert [*turns_of(hub.archive.playback)._open.values()] == [job]
    again.cancel()
    await hub.archive.playback.stop()


async def test_a_clip_that_cannot_be_converted_is_not_tried_again_and_again(
    hass: HomeAssistant, whole: MakeWhole, no_ffmpeg: None
) -> None:
    await whole(mode="on_demand")
    hub, clip = hass.data[DOMAIN], await keep(hass, "JPEG")
    with patch.object(playback, "to_h264", wraps=playback.to_h264) as convert:
        for _ in range(3):
            with pytest.raises(NvrError) as caught:
                await hub.archive.playback.file(clip)
            assert caught.value.kind is ErrorKind.FFMPEG_FAILED
        assert convert.call_count == 1
        turns_of(hub.archive.playback)._failed_s = 0
        with pytest.raises(NvrError):
            await hub.archive.playback.file(clip)
        assert convert.call_count == 2


async def test_a_picture_that_is_too_large_is_not_converted(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    clip = await keep(hass, "JPEG")
    huge = replace(clip, facts=replace(clip.facts, width=8176, height=8176))
    with pytest.raises(NvrError) as caught:
        await hass.data[DOMAIN].archive.playback.file(huge)
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
