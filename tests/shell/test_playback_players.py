"""Players of others show every picture of a range once, in order: ffmpeg's own demuxer."""

# Reads private members: clips are written with the flags of older versions.

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from aiohttp.test_utils import TestServer
import av
import pytest

from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import output
from custom_components.vtrack_nvr.core.models import ClipSource
from tests.core.media.clip_files import OLD_FLAGS
from tests.core.playback.rig import CLIP_MS, START, Maker, PlaybackRig
from tests.shell.playback_server import address, serve


@pytest.fixture
async def rig(tmp_path: Path, socket_enabled: None) -> AsyncIterator[PlaybackRig]:
    made = PlaybackRig(tmp_path)
    await made.open()
    yield made
    await made.library.close()


@pytest.fixture
async def server(rig: PlaybackRig) -> AsyncIterator[TestServer]:
    made = await serve(rig)
    yield made
    await made.close()


def shades(url: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield size and shade of each picture: that is what `encoded` draws, 7 apart."""
    with av.open(url, timeout=30) as file:
        for frame in file.decode(video=0):
            luma = frame.reformat(format="gray").to_ndarray()
            yield (frame.width, frame.height), round(float(luma.mean()))


def seconds_of_sound(url: str) -> float:
    with av.open(url, timeout=30) as file:
        if not file.streams.audio:
            return 0.0
        return sum(f.samples / f.sample_rate for f in file.decode(audio=0))


async def kept(rig: PlaybackRig, *ids: int) -> list[tuple[tuple[int, int], int]]:
    """Return what the files of clips show, which no two pictures of a clip have alike."""
    found: list[tuple[tuple[int, int], int]] = []
    for clip_id in ids:
        clip = await rig.clip(clip_id)
        assert clip is not None
        path = next(rig.media.rglob(Path(clip.path).name))
        shown = await asyncio.to_thread(lambda path=path: [*shades(str(path))])
        assert len({shade for _, shade in shown}) > 30
        found += shown
    return found


async def watched(url: str) -> list[tuple[tuple[int, int], int]]:
    return await asyncio.to_thread(lambda: [*shades(url)])


async def test_twelve_clips_in_a_row_and_a_gap(
    rig: PlaybackRig, server: TestServer
) -> None:
    ids = [await rig.keep(CLIP_MS * at, sound=True) for at in (*range(12), 30)]
    viewing = await rig.view(0, 3_600_000)
    url = address(server, viewing.token)
    assert await watched(url) == await kept(rig, *ids)
    sound = await asyncio.to_thread(seconds_of_sound, url)
    assert sound == pytest.approx(13 * 4.0, abs=1.0)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
async def test_it_begins_with_the_group_asked_for(
    rig: PlaybackRig, server: TestServer, codec: Codec
) -> None:
    ids = [await rig.keep(CLIP_MS * at, codec, bframes=2) for at in range(3)]
    viewing = await rig.view(1_500, CLIP_MS + 1_001)
    found = await watched(address(server, viewing.token))
    assert found == (await kept(rig, *ids))[10:60]


async def test_a_change_of_size_and_of_sound(
    rig: PlaybackRig, server: TestServer
) -> None:
    ids = [
        await rig.keep(0, sound=True),
        await rig.keep(CLIP_MS, size=(320, 240), sound=True),
        await rig.keep(2 * CLIP_MS),
        await rig.keep(3 * CLIP_MS, sound=True),
    ]
    viewing = await rig.view()
    url = address(server, viewing.token)
    assert await watched(url) == await kept(rig, *ids)
    sound = await asyncio.to_thread(seconds_of_sound, url)
    # the clip without sound is given silence: the set of tracks does not change
    assert sound == pytest.approx(4 * 4.0, abs=0.5)


async def test_clips_of_earlier_versions_play_beside_new_ones(
    rig: PlaybackRig, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await rig.keep(0, sound=True)]
    with monkeypatch.context() as patched:
        patched.setattr(output, "_FLAGS", OLD_FLAGS)
        ids.append(await rig.keep(CLIP_MS, sound=True))
    ids.append(await rig.keep(2 * CLIP_MS, sound=True))
    viewing = await rig.view()
    assert await watched(address(server, viewing.token)) == await kept(rig, *ids)


async def test_a_clip_that_grows_plays_to_its_end(
    rig: PlaybackRig, server: TestServer
) -> None:
    first = await rig.keep()
    clip = await asyncio.to_thread(lambda: rig.begin(CLIP_MS, source=ClipSource.LIVE))
    await asyncio.to_thread(clip.write, 2)
    rig.clock.utc_ms = START + CLIP_MS + 2_000
    viewing = await rig.view(0, 2 * CLIP_MS)
    seen: list[tuple[tuple[int, int], int]] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def play() -> None:
        for picture in shades(address(server, viewing.token)):
            seen.append(picture)
            if len(seen) == 40:
                loop.call_soon_threadsafe(begun.set)

    playing = asyncio.create_task(asyncio.to_thread(play))
    await begun.wait()
    await asyncio.to_thread(clip.write, 1)
    last = await asyncio.to_thread(rig.finish, clip)
    rig.clock.utc_ms = START + 3_600_000
    await playing
    assert seen == await kept(rig, first, last)


async def test_ffmpeg_opens_every_variant_and_so_is_given_the_original_alone(
    rig: PlaybackRig, server: TestServer
) -> None:
    """Why only browsers are offered H.264 beside H.265: it would be made for nothing."""
    await rig.keep(0, Codec.H265)
    maker = Maker(rig, as_file=False)
    rig.desk.h264 = maker
    viewing = await rig.view(0, CLIP_MS)

    def streams(name: str) -> int:
        with av.open(address(server, viewing.token, name), timeout=30) as file:
            return len(file.streams.video)

    assert await asyncio.to_thread(streams, "index.m3u8") == 1
    assert maker.made == 0
    assert await asyncio.to_thread(streams, "browser.m3u8") == 2
    assert maker.made > 0
