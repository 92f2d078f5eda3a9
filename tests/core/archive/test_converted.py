"""Converted segments: made once, from anywhere, for few at a time, and forgotten."""

# Reads private members: nothing public names the folder that must be empty.

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import shutil
from unittest.mock import patch

import av
import pytest

from custom_components.vtrack_nvr.core.archive import converted
from custom_components.vtrack_nvr.core.archive.converted import ConvertedSegments
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import h264_segment
from custom_components.vtrack_nvr.core.media.fragment_index import FragmentIndex, Look
from custom_components.vtrack_nvr.core.media.h264_segment import Encoder
from custom_components.vtrack_nvr.core.models import Clip
from tests.core.playback.rig import PlaybackRig

FFMPEG = shutil.which("ffmpeg") or ""


@pytest.fixture(autouse=True)
def _no_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has beside its processor is no part of the tests."""
    monkeypatch.setattr(h264_segment, "HARDWARE", ())


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaybackRig]:
    rig = PlaybackRig(tmp_path)
    await rig.open()
    yield rig
    await rig.library.close()


@pytest.fixture
async def maker(rig: PlaybackRig, tmp_path: Path) -> AsyncIterator[ConvertedSegments]:
    maker = ConvertedSegments(rig.footage, tmp_path / "cache", FFMPEG)
    await maker.start()
    yield maker
    await maker.stop()
    assert not (tmp_path / "cache" / "h264").exists()


async def kept(rig: PlaybackRig, **options: object) -> tuple[Clip, FragmentIndex]:
    """Keep a clip of four groups in H.265."""
    clip_id = await rig.keep(codec=Codec.H265, **options)
    clip = await rig.browse.clip(clip_id)
    assert clip is not None
    return clip, await rig.footage.index(clip_id, "one")


def pictures(tmp_path: Path, data: bytes) -> list[float]:
    """Return when the pictures of a film are shown, in seconds."""
    path = tmp_path / "look.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        return [round(float(frame.time), 3) for frame in file.decode(video=0)]


async def test_a_segment_takes_the_place_of_its_original(
    rig: PlaybackRig, maker: ConvertedSegments, tmp_path: Path
) -> None:
    clip, index = await kept(rig)
    init = await maker.init(clip, index, "one")
    path = await maker.segment(clip, index, 2, 3, "one")
    shown = pictures(tmp_path, init + path.read_bytes())
    begin = index.shown[2] / index.scale
    assert shown == [round(begin + n / 10, 3) for n in range(20)]
    everything = init + b"".join(
        [
            (await maker.segment(clip, index, 0, 1, "one")).read_bytes(),
            path.read_bytes(),
        ]
    )
    assert len(pictures(tmp_path, everything)) == 40


async def test_a_growing_clip_is_converted_as_far_as_it_is_there(
    rig: PlaybackRig, maker: ConvertedSegments, tmp_path: Path
) -> None:
    writing = await asyncio.to_thread(rig.begin, 0, Codec.H265)
    await asyncio.to_thread(writing.write, 3)
    clip = await rig.browse.clip(writing.target.clip_id)
    assert clip is not None
    with await rig.footage.of(clip.camera, clip.id, "one") as found:
        index = found.index
    assert len(index) >= 2
    path = await maker.segment(clip, index, 1, 1, "one")
    init = await maker.init(clip, index, "one")
    assert len(pictures(tmp_path, init + path.read_bytes())) == 10


async def test_it_is_told_what_footage_becomes(maker: ConvertedSegments) -> None:
    large = Look("hvc1.1,mp4a.40.2", "hvc1.1", "mp4a.40.2", 3840, 2160)
    name = "avc1.64002a"
    assert maker.look(large) == Look(f"{name},mp4a.40.2", name, "mp4a.40.2", 1920, 1080)
    unknown = Look("hvc1.1", "hvc1.1", "", 0, 0)
    assert maker.look(unknown) == Look(name, name, "", 0, 0)
    assert maker.can_make(large)
    assert not maker.can_make(large._replace(width=8192, height=8192))


async def test_it_is_made_once_for_all_who_want_it(
    rig: PlaybackRig, maker: ConvertedSegments
) -> None:
    clip, index = await kept(rig)
    with patch.object(
        converted, "convert_segment", wraps=h264_segment.convert_segment
    ) as make:
        found = await asyncio.gather(
            *(maker.segment(clip, index, 1, 1, f"{n}") for n in range(6))
        )
        assert len(set(found)) == 1
        await maker.segment(clip, index, 1, 1, "another")
        assert make.call_count == 1


async def test_one_person_waits_for_so_much_and_keeps_nobody_else_waiting(
    rig: PlaybackRig, maker: ConvertedSegments
) -> None:
    clip, index = await kept(rig)
    ranges = [(a, b) for a in range(4) for b in range(a, 4)]
    asked = [
        asyncio.ensure_future(maker.segment(clip, index, *pair, "greedy"))
        for pair in ranges[: converted.MOST_OPEN]
    ]
    await asyncio.sleep(0)
    with pytest.raises(NvrError) as raised:
        await maker.segment(clip, index, *ranges[-1], "greedy")
    assert raised.value.kind is ErrorKind.LIMIT
    await maker.segment(clip, index, *ranges[-1], "modest")
    assert not all(task.done() for task in asked)
    await asyncio.gather(*asked)


async def test_what_was_not_wanted_for_long_makes_room(
    rig: PlaybackRig, tmp_path: Path
) -> None:
    maker = ConvertedSegments(rig.footage, tmp_path / "cache", FFMPEG, most_bytes=1)
    clip, index = await kept(rig)
    first = await maker.segment(clip, index, 0, 0, "one")
    second = await maker.segment(clip, index, 1, 1, "one")
    assert not first.exists()
    assert second.exists()
    assert (await maker.segment(clip, index, 0, 0, "one")).exists()
    await maker.stop()


async def test_a_clip_that_is_gone_is_said_so(
    rig: PlaybackRig, maker: ConvertedSegments
) -> None:
    clip, index = await kept(rig)
    await rig.library.care.delete([clip.id])
    with pytest.raises(NvrError) as raised:
        await maker.segment(clip, index, 0, 0, "one")
    assert raised.value.kind is ErrorKind.GONE
    assert not list((maker._folder).glob("*"))


async def test_a_picture_that_is_too_large_is_refused(
    rig: PlaybackRig, maker: ConvertedSegments
) -> None:
    clip, index = await kept(rig)
    index.look = index.look._replace(width=8192, height=4320)
    with pytest.raises(NvrError) as raised:
        await maker.init(clip, index, "one")
    assert raised.value.kind is ErrorKind.UNSUPPORTED_CODEC


async def test_a_full_disk_is_said_so(
    rig: PlaybackRig, maker: ConvertedSegments
) -> None:
    clip, index = await kept(rig)
    with (
        patch.object(converted, "SPARE_BYTES", 2**62),
        pytest.raises(NvrError) as raised,
    ):
        await maker.segment(clip, index, 0, 0, "one")
    assert raised.value.kind is ErrorKind.STORAGE_FULL


async def test_hardware_that_fails_is_done_without(
    rig: PlaybackRig,
    maker: ConvertedSegments,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    clip, index = await kept(rig)
    tried: list[str] = []
    broken = Encoder("h264_of_no_machine")

    def find(*_: object) -> Encoder:
        tried.append("once")
        return broken

    monkeypatch.setattr(converted, "find_encoder", find)
    path = await maker.segment(clip, index, 0, 0, "one")
    init = await maker.init(clip, index, "one")
    assert len(pictures(tmp_path, init + path.read_bytes())) == 10
    await maker.segment(clip, index, 1, 1, "one")
    assert tried == ["once"]


async def test_a_conversion_that_fails_is_not_tried_again_at_once(
    rig: PlaybackRig, tmp_path: Path
) -> None:
    maker = ConvertedSegments(rig.footage, tmp_path / "cache", "/bin/false")
    clip, index = await kept(rig)
    with patch.object(
        converted, "convert_segment", wraps=h264_segment.convert_segment
    ) as make:
        for _ in range(3):
            with pytest.raises(NvrError) as raised:
                await maker.segment(clip, index, 0, 0, "one")
            assert raised.value.kind is ErrorKind.FFMPEG_FAILED
        assert make.call_count == 1
    await maker.stop()
