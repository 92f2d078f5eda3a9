"""What a viewing lists: kept, growing and fetched footage of a real library."""

# Reads private members: how much is held in memory is told to nobody, and has a bound.

import asyncio
import json
from pathlib import Path
import re

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import ClipSource
from custom_components.vtrack_nvr.core.playback import desk as module, footage
from tests.core.media import clip_files
from tests.insides import store_of

from .rig import CAMERA, CLIP_MS, OTHER, START, Device, Maker, PlaybackRig, allowed


def uris(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def parts(text: str) -> list[tuple[int, int, int]]:
    found = re.findall(r"^(\d+)/(\d+)-(\d+)\.m4s$", text, re.MULTILINE)
    return [(int(clip), int(a), int(b)) for clip, a, b in found]


def is_over(text: str) -> bool:
    return "#EXT-X-ENDLIST" in text


async def test_twelve_clips_in_a_row_and_a_gap(rig: PlaybackRig) -> None:
    ids = [await rig.keep(CLIP_MS * number) for number in range(12)]
    late = await rig.keep(CLIP_MS * 20)
    viewing = await rig.view(0, 3_600_000)
    text = await rig.desk.media(viewing)

    assert is_over(text)
    assert list(dict.fromkeys(clip for clip, _, _ in parts(text))) == [*ids, late]
    assert sum(last - first + 1 for _, first, last in parts(text)) == 13 * 4
    assert text.count("#EXT-X-DISCONTINUITY\n") == 12
    assert "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:20.000Z" in text
    assert await rig.desk.media(viewing) == text
    assert len(rig.reads) == 13, "each clip is looked at once"


async def test_it_is_told_what_is_in_a_range_before_all_of_it_is_looked_at(
    rig: PlaybackRig,
) -> None:
    for number in range(6):
        await rig.keep(CLIP_MS * number, sound=True)
    await rig.keep(CLIP_MS * 6, Codec.H265, size=(320, 240))
    opened = await rig.desk.open(
        "person", CAMERA, TimeRange(START + 1_000, START + 60_000), allowed
    )
    assert [look.codecs.split(".")[0] for look in opened.looks] == ["avc1", "hvc1"]
    assert [(look.width, look.height) for look in opened.looks] == [
        (160, 120),
        (320, 240),
    ]
    assert opened.first_ms == START + 1_000
    assert opened.last_ms == START + 7 * CLIP_MS
    assert not opened.is_growing
    assert len(rig.reads) == 2


async def test_the_variant_tells_codecs_and_size(rig: PlaybackRig) -> None:
    await rig.keep(sound=True)
    viewing = await rig.view()
    text = await rig.desk.master(viewing, "media.m3u8")
    assert re.search(r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=160x120', text)
    assert uris(text) == ["media.m3u8"]
    with pytest.raises(NvrError) as caught:
        await rig.desk.master(viewing, None, "h264.m3u8")
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    rig.desk.h264 = Maker(rig, as_file=False)
    converted = await rig.desk.master(viewing, None, "h264.m3u8")
    assert 'CODECS="avc1.640028,mp4a.40.2"' in converted
    assert uris(converted) == ["h264.m3u8"]


async def test_browsers_are_offered_h264_where_some_of_the_footage_is_none(
    rig: PlaybackRig,
) -> None:
    await rig.keep()
    await rig.keep(CLIP_MS, Codec.H265)
    await rig.keep(10 * CLIP_MS, Codec.H265, size=(320, 240))
    both = ("media.m3u8", "h264.m3u8")

    async def offered(begin: int, end: int) -> list[str]:
        viewing = await rig.view(begin * CLIP_MS, end * CLIP_MS)
        text = await rig.desk.master(viewing, *both)
        if len(uris(text)) == 1:
            assert text == await rig.desk.master(viewing, "media.m3u8")
        return re.findall(r'CODECS="([a-z0-9]+)[^"]*"', text)

    assert await offered(0, 2) == ["avc1"], "nothing converts"
    rig.desk.h264 = Maker(rig, as_file=False)
    assert await offered(0, 1) == ["avc1"]
    assert await offered(1, 2) == ["hvc1", "avc1"]
    viewing = await rig.view(0, 2 * CLIP_MS)
    text = await rig.desk.master(viewing, *both)
    assert uris(text) == [*both]
    first, second = re.findall(r'CODECS="([^"]*)"', text)
    assert {name[:4] for name in first.split(",")} == {"avc1", "hvc1"}
    assert second == "avc1.640028"
    assert await offered(10, 11) == ["hvc1"], "the picture is too large"


async def test_a_clip_that_grows_is_offered_as_h264_as_well(rig: PlaybackRig) -> None:
    rig.desk.h264 = Maker(rig, as_file=False)
    clip = await asyncio.to_thread(rig.begin, 0, Codec.H265)
    await asyncio.to_thread(clip.write, 2)
    viewing = await rig.view()
    text = await rig.desk.master(viewing, "media.m3u8", "h264.m3u8")
    assert uris(text) == ["media.m3u8", "h264.m3u8"]
    await asyncio.to_thread(rig.finish, clip)


async def test_a_range_without_footage_is_not_opened(rig: PlaybackRig) -> None:
    await rig.keep(CLIP_MS * 100)
    await rig.keep(camera=OTHER)
    with pytest.raises(NvrError) as caught:
        await rig.view()
    assert caught.value.kind is ErrorKind.NO_FOOTAGE
    assert len(rig.desk.viewings) == 0


@pytest.mark.parametrize("length_ms", [0, 6 * 3_600_000 + 1])
async def test_a_range_of_no_length_or_too_long_is_refused(
    rig: PlaybackRig, length_ms: int
) -> None:
    with pytest.raises(ValueError, match="six hours"):
        await rig.view(0, length_ms)


async def test_the_same_range_is_the_same_viewing(rig: PlaybackRig) -> None:
    await rig.keep()
    one, two = await rig.view(), await rig.view()
    assert one is two
    rig.desk.end(one.token)
    assert await rig.desk.use(one.token) is None
    assert (await rig.view()).token != one.token


async def test_a_viewing_ends_with_the_right_to_it(rig: PlaybackRig) -> None:
    await rig.keep()
    may_see = True

    async def check() -> bool:
        return may_see

    window = TimeRange(START, START + 1000)
    opened = await rig.desk.open("person", CAMERA, window, check)
    assert await rig.desk.use(opened.token) is not None
    may_see = False
    assert await rig.desk.use(opened.token) is None
    may_see = True
    assert await rig.desk.use(opened.token) is None, "it does not come back"


async def test_a_clip_that_grows_is_played_to_its_end(rig: PlaybackRig) -> None:
    before = await rig.keep()
    clip = await asyncio.to_thread(
        lambda: rig.begin(CLIP_MS, source=ClipSource.LIVE, sound=True)
    )
    viewing = await rig.view()
    seen: list[str] = []
    for _ in range(4):
        await asyncio.to_thread(clip.write, 1)
        text = await rig.desk.media(viewing)
        assert not is_over(text)
        assert text.splitlines()[: len(seen)] == seen
        seen = text.splitlines()
    clip_id = clip.target.clip_id
    assert parts("\n".join(seen))[-3:] == [(clip_id, at, at) for at in range(3)]
    early = await rig.segment(clip_id, 1, 1)

    await asyncio.to_thread(rig.finish, clip)
    text = await rig.desk.media(viewing)
    assert is_over(text)
    assert text.splitlines()[: len(seen)] == seen, "only more is told"
    assert parts(text)[-1] == (clip_id, 3, 3)
    assert uris(text)[: len(uris("\n".join(seen)))] == uris("\n".join(seen))
    assert await rig.segment(clip_id, 1, 1) == early
    assert [it for it in parts(text) if it[0] == before] == [
        (before, 0, 0),
        (before, 1, 3),
    ]


async def test_a_viewing_of_the_future_waits_for_it(rig: PlaybackRig) -> None:
    rig.clock.utc_ms = START + CLIP_MS
    await rig.keep()
    viewing = await rig.view(0, 20_000)
    assert not is_over(await rig.desk.media(viewing))
    await rig.keep(CLIP_MS)
    text = await rig.desk.media(viewing)
    assert not is_over(text)
    rig.clock.utc_ms = START + 20_000
    text = await rig.desk.media(viewing)
    assert is_over(text)
    assert len({clip for clip, _, _ in parts(text)}) == 2


async def test_a_clip_that_grows_beyond_the_range_does_not_hold_it_open(
    rig: PlaybackRig,
) -> None:
    clip = await asyncio.to_thread(lambda: rig.begin(source=ClipSource.LIVE))
    await asyncio.to_thread(clip.write, 4)
    viewing = await rig.view(0, 2_500)
    text = await rig.desk.media(viewing)
    assert is_over(text)
    assert parts(text)[-1][2] == 2
    clip.writer.discard()


async def test_what_is_kept_behind_what_is_fetched_waits(rig: PlaybackRig) -> None:
    late = await rig.keep(CLIP_MS * 4)
    first = await rig.keep()
    device = Device(TimeRange(START + CLIP_MS, START + 4 * CLIP_MS))
    rig.desk.watching = device
    viewing = await rig.view(fetch=True)
    assert {clip for clip, _, _ in parts(await rig.desk.media(viewing))} == {first}

    clip = await asyncio.to_thread(lambda: rig.begin(CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    text = await rig.desk.media(viewing)
    assert [it[0] for it in parts(text)][-1] == clip.target.clip_id
    assert not is_over(text)
    await asyncio.to_thread(rig.finish, clip)
    device.ranges = (TimeRange(START + 2 * CLIP_MS, START + 4 * CLIP_MS),)
    text = await rig.desk.media(viewing)
    assert {it[0] for it in parts(text)} == {first, clip.target.clip_id}
    assert not is_over(text)

    device.ranges = ()  # the device did not have the rest
    text = await rig.desk.media(viewing)
    assert [*dict.fromkeys(it[0] for it in parts(text))] == [
        first,
        clip.target.clip_id,
        late,
    ]
    assert is_over(text)
    assert device.watched[0] == START
    assert device.watched[-1] >= START + 2 * CLIP_MS
    rig.desk.end(viewing.token)
    assert device.is_closed


async def test_a_fetch_that_found_nothing_at_its_beginning_is_still_listed(
    rig: PlaybackRig,
) -> None:
    rig.desk.watching = Device(TimeRange(START, START + 60_000))
    viewing = await rig.view(fetch=True)
    clip = await asyncio.to_thread(lambda: rig.begin(3 * CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    text = await rig.desk.media(viewing)
    assert parts(text)[0][0] == clip.target.clip_id
    clip.writer.discard()


async def test_a_request_waits_for_the_first_picture(
    rig: PlaybackRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.desk.watching = Device(TimeRange(START, START + 60_000))
    viewing = await rig.view(fetch=True)
    before_s = rig.clock.monotonic()
    with pytest.raises(NvrError) as caught:
        await rig.desk.media(viewing)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert rig.clock.monotonic() - before_s >= module.HOLD_S

    clip = await asyncio.to_thread(rig.begin)
    monkeypatch.setattr(module, "HOLD_S", 1e9)
    waiting = asyncio.create_task(rig.desk.media(viewing))
    await asyncio.to_thread(clip.write, 2)
    assert parts(await waiting) == [(clip.target.clip_id, 0, 0)]
    text = await rig.desk.master(viewing, "media.m3u8")
    assert "avc1." in text
    clip.writer.discard()


async def test_a_fetch_that_came_to_nothing_is_said(rig: PlaybackRig) -> None:
    device = Device(TimeRange(START, START + 60_000))
    rig.desk.watching = device
    viewing = await rig.view(fetch=True)
    device.ranges = ()
    for ask in (rig.desk.media(viewing), rig.desk.master(viewing, "x")):
        with pytest.raises(NvrError) as caught:
            await ask
        assert caught.value.kind is ErrorKind.NO_FOOTAGE


async def test_without_a_device_nothing_is_fetched(rig: PlaybackRig) -> None:
    await rig.keep()
    viewing = await rig.view(fetch=True)
    assert viewing.watch is None
    assert is_over(await rig.desk.media(viewing))


async def test_a_storage_that_is_away_is_said_and_a_clip_that_is_broken_is_not_shown(
    rig: PlaybackRig,
) -> None:
    await rig.keep()
    broken = await rig.keep(CLIP_MS)
    viewing = await rig.view()
    clip = await rig.clip(broken)
    assert clip is not None
    path = next(rig.media.rglob(clip.path))
    path.write_bytes(b"x" * 1000)
    rig.failing = NvrError(ErrorKind.STORAGE_MISSING)
    rig.footage = rig.desk.footage = footage.Footage(rig, rig.read)
    with pytest.raises(NvrError) as caught:
        await rig.desk.media(viewing)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    with pytest.raises(NvrError) as caught:
        await rig.desk.open("other", CAMERA, TimeRange(START, START + 9_000), allowed)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    rig.failing = None
    text = await rig.desk.media(viewing)
    assert broken not in {clip for clip, _, _ in parts(text)}
    assert is_over(text)


async def test_a_slow_storage_is_told_as_far_as_it_is_known(
    rig: PlaybackRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        await rig.keep(CLIP_MS * number)
    monkeypatch.setattr(module, "BUDGET_S", -1.0)
    viewing = await rig.view()
    first = await rig.desk.media(viewing)
    assert not is_over(first)
    assert len({clip for clip, _, _ in parts(first)}) == footage.AT_ONCE
    rest = await rig.desk.media(viewing)
    assert is_over(rest)
    assert uris(rest)[: len(uris(first))] == uris(first)
    assert len({clip for clip, _, _ in parts(rest)}) == 12


async def test_the_map_is_of_the_same_segments(rig: PlaybackRig) -> None:
    await rig.keep()
    viewing = await rig.view()
    told = json.loads(await rig.desk.map(viewing))
    listed = parts(await rig.desk.media(viewing))
    flat = told["clips"][0]["parts"]
    assert [(flat[at], flat[at + 1]) for at in range(0, len(flat), 3)] == [
        (first, last) for _, first, last in listed
    ]
    assert sum(flat[2::3]) == CLIP_MS


async def test_parts_that_an_earlier_run_left_do_not_grow(rig: PlaybackRig) -> None:
    clip = await asyncio.to_thread(lambda: rig.begin(CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    await rig.keep()
    store_of(rig.library).live.discard(clip.target.clip_id)
    viewing = await rig.view()
    assert is_over(await rig.desk.media(viewing))
    clip.writer.discard()


async def test_a_clip_written_long_before_the_range_is_not_waited_for(
    rig: PlaybackRig,
) -> None:
    clip = await asyncio.to_thread(rig.begin)
    await asyncio.to_thread(clip.write, 2)
    await rig.keep(CLIP_MS * 10)
    viewing = await rig.view(CLIP_MS * 9)
    assert is_over(await rig.desk.media(viewing))
    beside = await rig.view(500)
    assert clip.target.clip_id in {it[0] for it in parts(await rig.desk.media(beside))}
    clip.writer.discard()


async def test_a_clip_of_another_camera_is_none(rig: PlaybackRig) -> None:
    mine, other = await rig.keep(), await rig.keep(camera=OTHER)
    with await rig.footage.of(CAMERA, mine, "person") as found:
        assert len(found.index) == 4
        assert found.start_ms == START
    for camera, clip_id in ((CAMERA, other), (OTHER, mine), (CAMERA, 9_999)):
        with pytest.raises(NvrError) as caught:
            await rig.footage.of(camera, clip_id, "person")
        assert caught.value.kind is ErrorKind.GONE


async def test_a_segment_is_of_the_file_that_grows(rig: PlaybackRig) -> None:
    clip = await asyncio.to_thread(rig.begin)
    with pytest.raises(NvrError):
        await rig.segment(clip.target.clip_id, 0, 0)
    await asyncio.to_thread(clip.write, 3)
    found = rig.folder / "segment.mp4"
    found.write_bytes(await rig.segment(clip.target.clip_id, 1, 1))
    assert [time for time, _ in clip_files.packets(found)] == [
        1_000_000 + 100_000 * number for number in range(10)
    ]
    clip.writer.discard()
    clip.target.part_path.unlink()
    rig.footage._growing.clear()
    with pytest.raises(NvrError) as caught:
        await rig.footage.of(CAMERA, clip.target.clip_id, "person")
    assert caught.value.kind is ErrorKind.GONE


async def test_indexes_are_remembered_within_bounds(
    rig: PlaybackRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "MOST_INDEXES", 2)
    monkeypatch.setattr(footage, "MOST_GROWING", 1)
    ids = [await rig.keep(CLIP_MS * number) for number in range(3)]
    for clip_id in ids:
        await rig.footage.index(clip_id, "person")
    assert [*rig.footage._known] == ids[1:]
    assert rig.footage._bytes == sum(it.cost for it in rig.footage._known.values())
    growing = [
        await asyncio.to_thread(lambda at=at: rig.begin(at, camera=OTHER))
        for at in (0, CLIP_MS)
    ]
    for clip in await rig.growing(OTHER, TimeRange(0, 2**62)):
        assert await rig.footage.growing_index(clip, "person") is None
    assert len(rig.footage._growing) == 1
    for writing in growing:
        writing.writer.discard()


async def test_whoever_stops_waiting_does_not_end_it_for_others(
    rig: PlaybackRig,
) -> None:
    clip_id = await rig.keep()
    one = asyncio.create_task(rig.footage.index(clip_id, "a"))
    two = asyncio.create_task(rig.footage.index(clip_id, "b"))
    await asyncio.sleep(0)
    one.cancel()
    assert len(await two) == 4
    assert len(rig.reads) == 1


async def test_one_person_does_not_take_all_places(
    rig: PlaybackRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await rig.keep(CLIP_MS * number) for number in range(12)]
    going: list[str] = []
    most = 0
    gate, full = asyncio.Event(), asyncio.Event()
    read = rig.read

    async def slow(path: Path, person: str, function: object) -> object:
        nonlocal most
        going.append(person)
        most = max(most, going.count("greedy"))
        if person == "greedy":
            if most == footage.AT_ONCE_FOR_ONE:
                full.set()
            await gate.wait()
        try:
            return await read(path, person, function)
        finally:
            going.remove(person)

    monkeypatch.setattr(rig.footage, "_read", slow)
    greedy = [asyncio.create_task(rig.footage.index(it, "greedy")) for it in ids[:11]]
    await full.wait()
    assert len(await rig.footage.index(ids[11], "modest")) == 4
    gate.set()
    await asyncio.gather(*greedy)
    assert most == footage.AT_ONCE_FOR_ONE
    assert rig.footage._persons == {}
