"""Footage that is still on the device: seen within moments, kept, and only as far as wanted."""

import asyncio
import time
from typing import Any
from urllib.parse import urljoin

import av
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.clip_links import clip_url, hls_url
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from tests.insides import workers_of
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, until
from tests.simulator.footage import read_frame_numbers
from tests.simulator.timeline import frame_number

WITHIN_S = 60.0
"""A bound for a busy machine; what it took is printed."""


class Door:
    """Opens a range as a player does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def lists(self, url: str) -> tuple[str, str]:
        """Return the address and the text of the media playlist."""
        master = await self.text(url)
        media = urljoin(url, master.strip().splitlines()[-1])
        return media, await self.text(media)

    async def text(self, url: str) -> str:
        async with asyncio.timeout(WITHIN_S):
            while True:
                answer = await self._client.get(url)
                if answer.status == 200:
                    return await answer.text()
                assert answer.status == 503, answer.status
                await asyncio.sleep(0.1)

    async def bytes(self, url: str) -> bytes:
        answer = await self._client.get(url)
        assert answer.status == 200, (answer.status, url)
        return await answer.read()

    async def first_picture(self, media: str, text: str) -> bytes:
        """Return the first segment with its header, as soon as it is listed."""
        async with asyncio.timeout(WITHIN_S):
            while ".m4s" not in text:
                await asyncio.sleep(0.1)
                text = await self.text(media)
        lines = text.splitlines()
        init = next(line for line in lines if line.startswith("#EXT-X-MAP"))
        init = init.partition('URI="')[2].partition('"')[0]
        segment = next(line for line in lines if line.endswith(".m4s"))
        return await self.bytes(urljoin(media, init)) + await self.bytes(
            urljoin(media, segment)
        )


async def footage_of(hass: HomeAssistant, nvr: Any, entry: Any) -> tuple[str, int, int]:
    """Return a camera and the first stretch that its device holds."""
    [camera] = entry.runtime_data.cameras.values()
    [timeline] = [c.timeline for c in nvr.channels if c.timeline]
    start_ms, end_ms = timeline.segments(nvr.clock.now_ms())[0]
    return camera.key, start_ms, end_ms


def numbers(tmp_path: Any, data: bytes) -> list[int]:
    path = tmp_path / "seen.mp4"
    path.write_bytes(data)
    return [number for number, _ in read_frame_numbers(path)]


async def test_any_moment_on_the_device_is_seen_at_once_and_kept(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Any,
) -> None:
    nvr, entry = await whole(mode="on_demand")
    key, start_ms, end_ms = await footage_of(hass, nvr, entry)
    door = Door(await hass_client())
    asked_ms = start_ms + 3_000
    window = TimeRange(asked_ms, end_ms)
    began = time.monotonic()
    media, text = await door.lists(hls_url(key, window, "fetch.m3u8"))
    data = await door.first_picture(media, text)
    print(f"first picture after {time.monotonic() - began:.2f} s")
    seen = await hass.async_add_executor_job(numbers, tmp_path, data)
    assert seen[0] <= frame_number(asked_ms) <= seen[-1]
    async with asyncio.timeout(WITHIN_S):
        while "#EXT-X-ENDLIST" not in await door.text(media):  # noqa: ASYNC110 - a client can only ask
            await asyncio.sleep(0.2)
    library = hass.data[DOMAIN].library
    clips = await library.ledger.clips(key, window)
    assert clips
    assert clips[0].facts.range.start_ms <= asked_ms
    assert clips[-1].facts.range.end_ms >= end_ms - 1_000
    assert nvr.rtsp.counters.sessions_most == 1


async def test_a_device_in_real_time_is_watched_as_it_plays_and_left_alone_afterwards(
    hass: HomeAssistant,
    whole: MakeWhole,
    hass_client: ClientSessionGenerator,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from custom_components.vtrack_nvr.core.archive import watching

    nvr, entry = await whole(mode="on_demand")
    nvr.faults.rtsp.ignore_rate_control = True
    key, start_ms, end_ms = await footage_of(hass, nvr, entry)
    door = Door(await hass_client())
    window = TimeRange(start_ms, end_ms)
    media, text = await door.lists(hls_url(key, window, "fetch.m3u8"))
    await door.first_picture(media, text)
    monkeypatch.setattr(watching, "IDLE_S", 2.0)
    engine = hass.data[DOMAIN].engine

    def fetching() -> int:
        return sum(len(w.state.fetches) for w in workers_of(engine).values())

    assert fetching() == 1
    await until(hass, lambda: fetching() == 0, WITHIN_S)
    kept = await hass.data[DOMAIN].library.ledger.clips(key, window)
    assert kept, "what was seen is kept"
    assert kept[-1].facts.range.end_ms < end_ms


@pytest.mark.parametrize("name", ["fetch-h264.m3u8", "fetch-browser.m3u8"])
async def test_h265_on_the_device_is_seen_as_h264(
    hass: HomeAssistant,
    media_dir: Any,
    start_nvr: StartNvr,
    hass_client: ClientSessionGenerator,
    tmp_path: Any,
    name: str,
) -> None:
    nvr = (await start_nvr("h265-media2-only"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    key, start_ms, end_ms = await footage_of(hass, nvr, entry)
    door = Door(await hass_client())
    window = TimeRange(start_ms, end_ms)
    media, text = await door.lists(hls_url(key, window, name))
    data = await door.first_picture(media, text)

    def look() -> tuple[str, list[int]]:
        seen = numbers(tmp_path, data)  # the data of that moment
        with av.open(str(tmp_path / "seen.mp4")) as file:
            return file.streams.video[0].codec_context.name, seen

    codec, seen = await hass.async_add_executor_job(look)
    assert codec == "h264"
    assert seen[0] == frame_number(start_ms)
    library = hass.data[DOMAIN].library
    async with asyncio.timeout(WITHIN_S):
        while not (clips := await library.ledger.clips(key, window)):  # noqa: ASYNC110 - a client can only ask
            await asyncio.sleep(0.2)
    for query, expected in (
        ("?h264", "h264"),
        ("", "hevc"),
        ("?h264&original", "hevc"),
    ):
        data = await door.bytes(f"{clip_url(clips[0].id)}{query}")
        assert (await hass.async_add_executor_job(look))[0] == expected
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
