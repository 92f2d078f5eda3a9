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

from .house import CAMERA, CLIP_MS, OTHER, START, Device, House, Maker, allowed


def uris(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def parts(text: str) -> list[tuple[int, int, int]]:
    found = re.findall(r"^(\d+)/(\d+)-(\d+)\.m4s$", text, re.MULTILINE)
    return [(int(clip), int(a), int(b)) for clip, a, b in found]


def is_over(text: str) -> bool:
    return "#EXT-X-ENDLIST" in text


async def test_twelve_clips_in_a_row_and_a_gap(house: House) -> None:
    ids = [await house.keep(CLIP_MS * number) for number in range(12)]
    late = await house.keep(CLIP_MS * 20)
    viewing = await house.view(0, 3_600_000)
    text = await house.desk.media(viewing)

    assert is_over(text)
    assert list(dict.fromkeys(clip for clip, _, _ in parts(text))) == [*ids, late]
    assert sum(last - first + 1 for _, first, last in parts(text)) == 13 * 4
    assert text.count("#EXT-X-DISCONTINUITY\n") == 12
    assert "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:20.000Z" in text
    assert await house.desk.media(viewing) == text
    assert len(house.reads) == 13, "each clip is looked at once"


async def test_it_is_told_what_is_in_a_range_before_all_of_it_is_looked_at(
    house: House,
) -> None:
    for number in range(6):
        await house.keep(CLIP_MS * number, sound=True)
    await house.keep(CLIP_MS * 6, Codec.H265, size=(320, 240))
    opened = await house.desk.open(
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
    assert len(house.reads) == 2


async def test_the_variant_tells_codecs_and_size(house: House) -> None:
    await house.keep(sound=True)
    viewing = await house.view()
    text = await house.desk.master(viewing, "media.m3u8")
    assert re.search(r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=160x120', text)
    assert uris(text) == ["media.m3u8"]
    with pytest.raises(NvrError) as caught:
        await house.desk.master(viewing, None, "h264.m3u8")
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    house.desk.h264 = Maker(house, as_file=False)
    converted = await house.desk.master(viewing, None, "h264.m3u8")
    assert 'CODECS="avc1.640028,mp4a.40.2"' in converted
    assert uris(converted) == ["h264.m3u8"]


async def test_browsers_are_offered_h264_where_some_of_the_footage_is_none(
    house: House,
) -> None:
    await house.keep()
    await house.keep(CLIP_MS, Codec.H265)
    await house.keep(10 * CLIP_MS, Codec.H265, size=(320, 240))
    both = ("media.m3u8", "h264.m3u8")

    async def offered(begin: int, end: int) -> list[str]:
        viewing = await house.view(begin * CLIP_MS, end * CLIP_MS)
        text = await house.desk.master(viewing, *both)
        if len(uris(text)) == 1:
            assert text == await house.desk.master(viewing, "media.m3u8")
        return re.findall(r'CODECS="([a-z0-9]+)[^"]*"', text)

    assert await offered(0, 2) == ["avc1"], "nothing converts"
    house.desk.h264 = Maker(house, as_file=False)
    assert await offered(0, 1) == ["avc1"]
    assert await offered(1, 2) == ["hvc1", "avc1"]
    viewing = await house.view(0, 2 * CLIP_MS)
    text = await house.desk.master(viewing, *both)
    assert uris(text) == [*both]
    first, second = re.findall(r'CODECS="([^"]*)"', text)
    assert {name[:4] for name in first.split(",")} == {"avc1", "hvc1"}
    assert second == "avc1.640028"
    assert await offered(10, 11) == ["hvc1"], "the picture is too large"


async def test_a_clip_that_grows_is_offered_as_h264_as_well(house: House) -> None:
    house.desk.h264 = Maker(house, as_file=False)
    clip = await asyncio.to_thread(house.begin, 0, Codec.H265)
    await asyncio.to_thread(clip.write, 2)
    viewing = await house.view()
    text = await house.desk.master(viewing, "media.m3u8", "h264.m3u8")
    assert uris(text) == ["media.m3u8", "h264.m3u8"]
    await asyncio.to_thread(house.finish, clip)


async def test_a_range_without_footage_is_not_opened(house: House) -> None:
    await house.keep(CLIP_MS * 100)
    await house.keep(camera=OTHER)
    with pytest.raises(NvrError) as caught:
        await house.view()
    assert caught.value.kind is ErrorKind.NO_FOOTAGE
    assert len(house.desk.viewings) == 0


@pytest.mark.parametrize("length_ms", [0, 6 * 3_600_000 + 1])
async def test_a_range_of_no_length_or_too_long_is_refused(
    house: House, length_ms: int
) -> None:
    with pytest.raises(ValueError, match="six hours"):
        await house.view(0, length_ms)


async def test_the_same_range_is_the_same_viewing(house: House) -> None:
    await house.keep()
    one, two = await house.view(), await house.view()
    assert one is two
    house.desk.end(one.token)
    assert await house.desk.use(one.token) is None
    assert (await house.view()).token != one.token


async def test_a_viewing_ends_with_the_right_to_it(house: House) -> None:
    await house.keep()
    may_see = True

    async def check() -> bool:
        return may_see

    window = TimeRange(START, START + 1000)
    opened = await house.desk.open("person", CAMERA, window, check)
    assert await house.desk.use(opened.token) is not None
    may_see = False
    assert await house.desk.use(opened.token) is None
    may_see = True
    assert await house.desk.use(opened.token) is None, "it does not come back"


async def test_a_clip_that_grows_is_played_to_its_end(house: House) -> None:
    before = await house.keep()
    clip = await asyncio.to_thread(
        lambda: house.begin(CLIP_MS, source=ClipSource.LIVE, sound=True)
    )
    viewing = await house.view()
    seen: list[str] = []
    for _ in range(4):
        await asyncio.to_thread(clip.write, 1)
        text = await house.desk.media(viewing)
        assert not is_over(text)
        assert text.splitlines()[: len(seen)] == seen
        seen = text.splitlines()
    clip_id = clip.target.clip_id
    assert parts("\n".join(seen))[-3:] == [(clip_id, at, at) for at in range(3)]
    early = await house.segment(clip_id, 1, 1)

    await asyncio.to_thread(house.finish, clip)
    text = await house.desk.media(viewing)
    assert is_over(text)
    assert text.splitlines()[: len(seen)] == seen, "only more is told"
    assert parts(text)[-1] == (clip_id, 3, 3)
    assert uris(text)[: len(uris("\n".join(seen)))] == uris("\n".join(seen))
    assert await house.segment(clip_id, 1, 1) == early
    assert [it for it in parts(text) if it[0] == before] == [
        (before, 0, 0),
        (before, 1, 3),
    ]


async def test_a_viewing_of_the_future_waits_for_it(house: House) -> None:
    house.clock.utc_ms = START + CLIP_MS
    await house.keep()
    viewing = await house.view(0, 20_000)
    assert not is_over(await house.desk.media(viewing))
    await house.keep(CLIP_MS)
    text = await house.desk.media(viewing)
    assert not is_over(text)
    house.clock.utc_ms = START + 20_000
    text = await house.desk.media(viewing)
    assert is_over(text)
    assert len({clip for clip, _, _ in parts(text)}) == 2


async def test_a_clip_that_grows_beyond_the_range_does_not_hold_it_open(
    house: House,
) -> None:
    clip = await asyncio.to_thread(lambda: house.begin(source=ClipSource.LIVE))
    await asyncio.to_thread(clip.write, 4)
    viewing = await house.view(0, 2_500)
    text = await house.desk.media(viewing)
    assert is_over(text)
    assert parts(text)[-1][2] == 2
    clip.writer.discard()


async def test_what_is_kept_behind_what_is_fetched_waits(house: House) -> None:
    late = await house.keep(CLIP_MS * 4)
    first = await house.keep()
    device = Device(TimeRange(START + CLIP_MS, START + 4 * CLIP_MS))
    house.desk.watching = device
    viewing = await house.view(fetch=True)
    assert {clip for clip, _, _ in parts(await house.desk.media(viewing))} == {first}

    clip = await asyncio.to_thread(lambda: house.begin(CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    text = await house.desk.media(viewing)
    assert [it[0] for it in parts(text)][-1] == clip.target.clip_id
    assert not is_over(text)
    await asyncio.to_thread(house.finish, clip)
    device.ranges = (TimeRange(START + 2 * CLIP_MS, START + 4 * CLIP_MS),)
    text = await house.desk.media(viewing)
    assert {it[0] for it in parts(text)} == {first, clip.target.clip_id}
    assert not is_over(text)

    device.ranges = ()  # the device did not have the rest
    text = await house.desk.media(viewing)
    assert [*dict.fromkeys(it[0] for it in parts(text))] == [
        first,
        clip.target.clip_id,
        late,
    ]
    assert is_over(text)
    assert device.watched[0] == START
    assert device.watched[-1] >= START + 2 * CLIP_MS
    house.desk.end(viewing.token)
    assert device.is_closed


async def test_a_fetch_that_found_nothing_at_its_beginning_is_still_listed(
    house: House,
) -> None:
    house.desk.watching = Device(TimeRange(START, START + 60_000))
    viewing = await house.view(fetch=True)
    clip = await asyncio.to_thread(lambda: house.begin(3 * CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    text = await house.desk.media(viewing)
    assert parts(text)[0][0] == clip.target.clip_id
    clip.writer.discard()


async def test_a_request_waits_for_the_first_picture(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.desk.watching = Device(TimeRange(START, START + 60_000))
    viewing = await house.view(fetch=True)
    before_s = house.clock.monotonic()
    with pytest.raises(NvrError) as caught:
        await house.desk.media(viewing)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert house.clock.monotonic() - before_s >= module.HOLD_S

    clip = await asyncio.to_thread(house.begin)
    monkeypatch.setattr(module, "HOLD_S", 1e9)
    waiting = asyncio.create_task(house.desk.media(viewing))
    await asyncio.to_thread(clip.write, 2)
    assert parts(await waiting) == [(clip.target.clip_id, 0, 0)]
    text = await house.desk.master(viewing, "media.m3u8")
    assert "avc1." in text
    clip.writer.discard()


async def test_a_fetch_that_came_to_nothing_is_said(house: House) -> None:
    device = Device(TimeRange(START, START + 60_000))
    house.desk.watching = device
    viewing = await house.view(fetch=True)
    device.ranges = ()
    for ask in (house.desk.media(viewing), house.desk.master(viewing, "x")):
        with pytest.raises(NvrError) as caught:
            await ask
        assert caught.value.kind is ErrorKind.NO_FOOTAGE


async def test_without_a_device_nothing_is_fetched(house: House) -> None:
    await house.keep()
    viewing = await house.view(fetch=True)
    assert viewing.watch is None
    assert is_over(await house.desk.media(viewing))


async def test_a_storage_that_is_away_is_said_and_a_clip_that_is_broken_is_not_shown(
    house: House,
) -> None:
    await house.keep()
    broken = await house.keep(CLIP_MS)
    viewing = await house.view()
    clip = await house.clip(broken)
    assert clip is not None
    path = next(house.media.rglob(clip.path))
    path.write_bytes(b"x" * 1000)
    house.failing = NvrError(ErrorKind.STORAGE_MISSING)
    house.footage = house.desk.footage = footage.Footage(house, house.read)
    with pytest.raises(NvrError) as caught:
        await house.desk.media(viewing)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    with pytest.raises(NvrError) as caught:
        await house.desk.open("other", CAMERA, TimeRange(START, START + 9_000), allowed)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    house.failing = None
    text = await house.desk.media(viewing)
    assert broken not in {clip for clip, _, _ in parts(text)}
    assert is_over(text)


async def test_a_slow_storage_is_told_as_far_as_it_is_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        await house.keep(CLIP_MS * number)
    monkeypatch.setattr(module, "BUDGET_S", -1.0)
    viewing = await house.view()
    first = await house.desk.media(viewing)
    assert not is_over(first)
    assert len({clip for clip, _, _ in parts(first)}) == footage.AT_ONCE
    rest = await house.desk.media(viewing)
    assert is_over(rest)
    assert uris(rest)[: len(uris(first))] == uris(first)
    assert len({clip for clip, _, _ in parts(rest)}) == 12


async def test_the_map_is_of_the_same_segments(house: House) -> None:
    await house.keep()
    viewing = await house.view()
    told = json.loads(await house.desk.map(viewing))
    listed = parts(await house.desk.media(viewing))
    flat = told["clips"][0]["parts"]
    assert [(flat[at], flat[at + 1]) for at in range(0, len(flat), 3)] == [
        (first, last) for _, first, last in listed
    ]
    assert sum(flat[2::3]) == CLIP_MS


async def test_parts_that_an_earlier_run_left_do_not_grow(house: House) -> None:
    clip = await asyncio.to_thread(lambda: house.begin(CLIP_MS))
    await asyncio.to_thread(clip.write, 3)
    await house.keep()
    store_of(house.library).live.discard(clip.target.clip_id)
    viewing = await house.view()
    assert is_over(await house.desk.media(viewing))
    clip.writer.discard()


async def test_a_clip_written_long_before_the_range_is_not_waited_for(
    house: House,
) -> None:
    clip = await asyncio.to_thread(house.begin)
    await asyncio.to_thread(clip.write, 2)
    await house.keep(CLIP_MS * 10)
    viewing = await house.view(CLIP_MS * 9)
    assert is_over(await house.desk.media(viewing))
    beside = await house.view(500)
    assert clip.target.clip_id in {
        it[0] for it in parts(await house.desk.media(beside))
    }
    clip.writer.discard()


async def test_a_clip_of_another_camera_is_none(house: House) -> None:
    mine, other = await house.keep(), await house.keep(camera=OTHER)
    with await house.footage.of(CAMERA, mine, "person") as found:
        assert len(found.index) == 4
        assert found.start_ms == START
    for camera, clip_id in ((CAMERA, other), (OTHER, mine), (CAMERA, 9_999)):
        with pytest.raises(NvrError) as caught:
            await house.footage.of(camera, clip_id, "person")
        assert caught.value.kind is ErrorKind.GONE


async def test_a_segment_is_of_the_file_that_grows(house: House) -> None:
    clip = await asyncio.to_thread(house.begin)
    with pytest.raises(NvrError):
        await house.segment(clip.target.clip_id, 0, 0)
    await asyncio.to_thread(clip.write, 3)
    found = house.folder / "segment.mp4"
    found.write_bytes(await house.segment(clip.target.clip_id, 1, 1))
    assert [time for time, _ in clip_files.packets(found)] == [
        1_000_000 + 100_000 * number for number in range(10)
    ]
    clip.writer.discard()
    clip.target.part_path.unlink()
    house.footage._growing.clear()
    with pytest.raises(NvrError) as caught:
        await house.footage.of(CAMERA, clip.target.clip_id, "person")
    assert caught.value.kind is ErrorKind.GONE


async def test_indexes_are_remembered_within_bounds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "MOST_INDEXES", 2)
    monkeypatch.setattr(footage, "MOST_GROWING", 1)
    ids = [await house.keep(CLIP_MS * number) for number in range(3)]
    for clip_id in ids:
        await house.footage.index(clip_id, "person")
    assert [*house.footage._known] == ids[1:]
    assert house.footage._bytes == sum(it.cost for it in house.footage._known.values())
    growing = [
        await asyncio.to_thread(lambda at=at: house.begin(at, camera=OTHER))
        for at in (0, CLIP_MS)
    ]
    for clip in await house.growing(OTHER, TimeRange(0, 2**62)):
        assert await house.footage.growing_index(clip, "person") is None
    assert len(house.footage._growing) == 1
    for writing in growing:
        writing.writer.discard()


async def test_whoever_stops_waiting_does_not_end_it_for_others(house: House) -> None:
    clip_id = await house.keep()
    one = asyncio.create_task(house.footage.index(clip_id, "a"))
    two = asyncio.create_task(house.footage.index(clip_id, "b"))
    await asyncio.sleep(0)
    one.cancel()
    assert len(await two) == 4
    assert len(house.reads) == 1


async def test_one_person_does_not_take_all_places(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await house.keep(CLIP_MS * number) for number in range(12)]
    going: list[str] = []
    most = 0
    gate, full = asyncio.Event(), asyncio.Event()
    read = house.read

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

    monkeypatch.setattr(house.footage, "_read", slow)
    greedy = [asyncio.create_task(house.footage.index(it, "greedy")) for it in ids[:11]]
    await full.wait()
    assert len(await house.footage.index(ids[11], "modest")) == 4
    gate.set()
    await asyncio.gather(*greedy)
    assert most == footage.AT_ONCE_FOR_ONE
    assert house.footage._persons == {}
