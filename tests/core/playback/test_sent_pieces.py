"""What is sent: segments on one time line, as they came or converted, and whole clips."""

# Reads private members: how much is held in memory is told to nobody, and has a bound.

import asyncio
from itertools import pairwise
from pathlib import Path

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.file_reader import FileReader
from custom_components.vtrack_nvr.core.playback import sent_pieces
from custom_components.vtrack_nvr.core.playback.viewings import Viewing
from tests.core.media import clip_files

from .rig import CLIP_MS, START, Device, Maker, PlaybackRig


async def piece(rig: PlaybackRig, viewing: Viewing, clip_id: int, last: int) -> bytes:
    init = await rig.desk.init(viewing, clip_id)
    with await rig.desk.segment(viewing, clip_id, (0, last)) as found:
        return init + await found.read(0, found.state.size)


async def test_times_run_on_over_clips_and_gaps(rig: PlaybackRig) -> None:
    ids = [await rig.keep(at, sound=True) for at in (0, CLIP_MS, 50_000)]
    viewing = await rig.view(500)
    path = rig.folder / "piece.mp4"
    for clip_id, at_ms in zip(ids, (0, CLIP_MS, 50_000), strict=True):
        path.write_bytes(await piece(rig, viewing, clip_id, 3))
        lead_us = (START + at_ms - viewing.origin_ms) * 1000
        times = [time - lead_us for time, _ in clip_files.packets(path)]
        assert times == [100_000 * number for number in range(40)]
        sound = [time - lead_us for time, _ in clip_files.packets(path, "audio")]
        assert sound[:3] == pytest.approx([0, 64_000, 128_000], abs=70)
    await no_open_files()


async def no_open_files() -> None:
    async with asyncio.timeout(20):
        while FileReader.open_count():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("as_file", [False, True])
async def test_what_is_converted_is_on_the_same_time_line(
    rig: PlaybackRig, *, as_file: bool
) -> None:
    clip_id = await rig.keep(CLIP_MS, sound=True)
    viewing = await rig.view()
    for ask in (
        rig.desk.init(viewing, clip_id, is_h264=True),
        rig.desk.h264_segment(viewing, clip_id, (0, 3)),
    ):
        with pytest.raises(NvrError) as caught:
            await ask
        assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    rig.desk.h264 = Maker(rig, as_file=as_file)
    text = await rig.desk.master(viewing, None, "h264.m3u8")
    assert 'CODECS="avc1.640028,mp4a.40.2"' in text
    init = await rig.desk.init(viewing, clip_id, is_h264=True)
    made = await rig.desk.h264_segment(viewing, clip_id, (1, 3))
    with await rig.desk.segment(viewing, clip_id, (1, 3)) as found:
        original = await found.read(0, found.state.size)
    assert made[16:] == original
    assert made[4:8] == b"styp"
    assert init == await rig.desk.init(viewing, clip_id)


async def test_nothing_but_the_range_is_given(rig: PlaybackRig) -> None:
    """Whoever has the token of a range may know the numbers of other clips."""
    before, inside, after = [
        await rig.keep(at_ms) for at_ms in (0, 60_000, 60_000 + 5 * CLIP_MS)
    ]
    rig.desk.h264 = Maker(rig, as_file=False)
    viewing = await rig.view(60_000, 61_000)
    (await rig.desk.segment(viewing, inside, (0, 3))).release()
    await rig.desk.h264_segment(viewing, inside, (0, 3))
    for clip_id in (before, after):
        for ask in (rig.desk.segment, rig.desk.h264_segment):
            with pytest.raises(NvrError) as caught:
                await ask(viewing, clip_id, (0, 0))
            assert caught.value.kind is ErrorKind.GONE
    await no_open_files()


async def test_progress_is_told_to_who_fetches(rig: PlaybackRig) -> None:
    clip_id = await rig.keep()
    device = Device(TimeRange(START + CLIP_MS, START + 60_000))
    rig.desk.watching = device
    viewing = await rig.view(fetch=True)
    await rig.desk.media(viewing)
    device.watched.clear()
    (await rig.desk.segment(viewing, clip_id, (1, 3))).release()
    (await rig.desk.segment(viewing, clip_id, (2, 2))).release()
    assert device.watched == [START + 1_000]
    await no_open_files()


async def test_fronts_of_clips_are_remembered_within_bounds(
    rig: PlaybackRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = []
    for number in range(3):
        clip = await rig.clip(await rig.keep(CLIP_MS * number))
        assert clip is not None
        paths.append(next(rig.media.rglob(Path(clip.path).name)))
    fast = rig.desk.fast_clips
    for path in (*paths, paths[0]):
        found = await fast.open(path, "person")
        assert found is not None
        with found:
            data = await found.read(0, found.state.size)
        assert data.index(b"moov") < 64
        assert len(data) == path.stat().st_size
    assert len(fast._known) == 3
    front = fast._bytes // 3
    monkeypatch.setattr(sent_pieces, "MOST_FRONT_BYTES", 2 * front + 9)
    paths[0].write_bytes(paths[0].read_bytes())
    again = await fast.open(paths[0], "person")
    assert again is not None
    again.release()
    assert len(fast._known) == 2
    assert fast._bytes == sum(it.held for _, it in fast._known.values())
    paths[1].write_bytes(b"\0\0\0\x08free" * 20)
    assert await fast.open(paths[1], "person") is None
    with pytest.raises(NvrError) as caught:
        await fast.open(rig.media / "none.mp4", "person")
    assert caught.value.kind is ErrorKind.GONE
    await no_open_files()


@pytest.mark.parametrize("first_has_sound", [True, False])
async def test_a_clip_without_sound_is_given_silence_among_clips_with_it(
    rig: PlaybackRig, *, first_has_sound: bool
) -> None:
    kinds = [first_has_sound, not first_has_sound, first_has_sound]
    ids = [await rig.keep(CLIP_MS * at, sound=sound) for at, sound in enumerate(kinds)]
    viewing = await rig.view()
    await rig.desk.media(viewing)
    path = rig.folder / "piece.mp4"
    heard: list[tuple[int, bytes]] = []
    for clip_id, sound in zip(ids, kinds, strict=True):
        init = await rig.desk.init(viewing, clip_id)
        data = b""
        for fragments in ((0, 0), (1, 3)):
            with await rig.desk.segment(viewing, clip_id, fragments) as found:
                data += await found.read(0, found.state.size)
        path.write_bytes(init + data)
        plain = await rig.segment(clip_id, 0, 3)
        (rig.folder / "plain.mp4").write_bytes(plain)
        shown = [frame for _, frame in clip_files.packets(path)]
        assert shown == [
            frame for _, frame in clip_files.packets(rig.folder / "plain.mp4")
        ]
        audible = clip_files.packets(path, "audio")
        if not sound:
            assert len({frame for _, frame in audible}) == 1
            steps = {b[0] - a[0] for a, b in pairwise(audible)}
            assert steps == {64_000}
            with av.open(str(path)) as file:
                assert not any(
                    frame.to_ndarray().any() for frame in file.decode(audio=0)
                )
        heard += audible
    times = [time for time, _ in heard]
    assert times == sorted(times)
    assert max(b - a for a, b in pairwise(times)) < 140_000
    await no_open_files()


async def test_where_nothing_is_heard_nothing_is_added(rig: PlaybackRig) -> None:
    ids = [await rig.keep(CLIP_MS * at) for at in range(2)]
    viewing = await rig.view()
    await rig.desk.media(viewing)
    assert viewing.silence is None
    index = await rig.footage.index(ids[0], "person")
    assert await rig.desk.init(viewing, ids[0]) == index.init


async def test_what_is_converted_is_given_silence_as_well(rig: PlaybackRig) -> None:
    await rig.keep(0, sound=True)
    clip_id = await rig.keep(CLIP_MS)
    rig.desk.h264 = Maker(rig, as_file=False)
    viewing = await rig.view()
    await rig.desk.media(viewing)
    path = rig.folder / "made.mp4"
    init = await rig.desk.init(viewing, clip_id, is_h264=True)
    path.write_bytes(init + await rig.desk.h264_segment(viewing, clip_id, (0, 3)))
    assert len(clip_files.packets(path)) == 40
    assert len(clip_files.packets(path, "audio")) == pytest.approx(62, abs=1)
