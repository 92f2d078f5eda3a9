"""What people see in Chromium, Firefox and WebKitGTK, picture by picture.

The three are driven without a screen. What a picture is, it says itself: the simulator draws
its number into it. Nothing is bounded by the time it takes: a busy machine shows fewer
pictures, but none twice, none in another order, and it does not stand still for want of data.
"""

# Reads private members: nothing public counts conversions.

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise, product
import json
import os
from pathlib import Path
import shutil
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.archive.converted import ConvertedSegments
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.fragment_index import Look as FragmentLook
from custom_components.vtrack_nvr.core.playback.playlist import Variant, master_playlist
from scripts.browser_lib.engines import BINARIES, ENGINES, Page
from tests.browser.rig import H265, LOOK, SMALL, BrowserRig, numbers, serve
from tests.core.playback.rig import CAMERA, PlaybackRig
from tests.simulator.timeline import NUMBER_EPOCH_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

START = NUMBER_EPOCH_MS + 3_600_000
CLIP_S = 4
CLIP_MS = CLIP_S * 1000
MOST_MISSED_MS = 1_000
"""No stretch longer than this goes by unseen, however busy the machine."""
_WANTED = os.environ.get("BROWSERS", "chromium firefox webkit").split()


@pytest.fixture
async def rig(tmp_path: Path, socket_enabled: None) -> AsyncIterator[BrowserRig]:
    playback = PlaybackRig(tmp_path)
    playback.clock.utc_ms = START + 3_600_000
    await playback.open()
    converted = ConvertedSegments(
        playback.footage, tmp_path / "cache", shutil.which("ffmpeg") or ""
    )
    playback.desk.h264 = converted
    yield BrowserRig(playback)
    await converted.stop()
    await playback.library.close()


@pytest.fixture(params=_WANTED)
async def page(
    request: pytest.FixtureRequest, socket_enabled: None
) -> AsyncIterator[Page]:
    name = request.param
    assert BINARIES[name](), (
        f"{name} is not installed: scripts/browser --playback --install"
    )
    async with ENGINES[name]() as page:
        yield page


class Screen:
    """A page with a viewing open in it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def run(self, script: str) -> Any:
        return await self._page.run(script)

    async def shown(self) -> list[int]:
        """Return the numbers of the pictures that were shown, in their order."""
        return [item[3] for item in await self.run("return watch.pictures;")]

    async def events(self) -> list[str]:
        return [item[1] for item in await self.run("return watch.events;")]


@pytest.fixture
async def watch(rig: BrowserRig, page: Page) -> AsyncIterator[Any]:
    """Return how to open a range: `await watch(from_ms, to_ms, "h264/index.m3u8")`."""
    server = await serve(rig)

    async def check() -> bool:
        return True

    async def open_range(
        begin_ms: int, end_ms: int, name: str = "index.m3u8", how: str = "{}"
    ) -> Screen:
        opened = await rig.playback.desk.open(
            "one", CAMERA, TimeRange(begin_ms, end_ms), check
        )
        await page.open(str(server.make_url("/playback_page.html")))
        url = f"/api/vtrack_nvr/s/{opened.token}/{name}"
        await page.run(f"await watch.open({url!r}, {how});")
        return Screen(page)

    yield open_range
    await server.close()


def check_pictures(shown: list[int], expected: list[int]) -> None:
    """Hold what was shown against what there is: in order, nothing foreign, few missed."""
    assert -1 not in shown, "a picture that cannot be read"
    assert set(shown) <= set(expected)
    assert shown == sorted(shown), "a picture in another order"
    places = [expected.index(number) for number in dict.fromkeys(shown)]
    most = MOST_MISSED_MS // 100
    holes = [later - before for before, later in pairwise([-1, *places, len(expected)])]
    assert max(holes) <= most, f"{max(holes) * 100} ms went by unseen"
    print(
        f"{len(places)} of {len(expected)} pictures seen, at most {max(holes) - 1} missed in a row"
    )


async def test_twelve_clips_in_a_row_without_a_hitch(
    rig: BrowserRig, watch: Any
) -> None:
    for number in range(12):
        await rig.keep(START + number * CLIP_MS, CLIP_S)
    screen = await watch(START, START + 12 * CLIP_MS)
    await screen.run("await watch.playTo(Infinity, 300);")
    check_pictures(await screen.shown(), numbers(START, 12 * CLIP_S))
    events = await screen.events()
    playing = events.index("playing")
    assert "waiting" not in events[playing:], events
    assert "ended" in events


async def test_a_gap_is_passed_and_told(rig: BrowserRig, watch: Any) -> None:
    later = START + 10 * CLIP_MS
    await rig.keep(START, CLIP_S)
    await rig.keep(later, CLIP_S)
    screen = await watch(START, later + CLIP_MS)
    times = await screen.run(
        "await watch.video.play(); const seen = [];"
        "await watch.until(() => { seen.push(watch.trueTime()); return watch.video.ended; },"
        " 120, 'the end'); return seen;"
    )
    expected = numbers(START, CLIP_S) + numbers(later, CLIP_S)
    check_pictures(await screen.shown(), expected)
    told = [time for time in times if time is not None]
    assert any(START <= time < START + CLIP_MS for time in told)
    assert any(later <= time <= later + CLIP_MS for time in told)
    assert not any(START + CLIP_MS + 500 < time < later - 500 for time in told)


async def test_another_size_and_another_sound_play_on(
    rig: BrowserRig, watch: Any
) -> None:
    await rig.keep(START, CLIP_S, LOOK, rate=16_000)
    await rig.keep(START + CLIP_MS, CLIP_S, SMALL, rate=8_000)
    await rig.keep(START + 2 * CLIP_MS, CLIP_S, LOOK, rate=16_000)
    screen = await watch(START, START + 3 * CLIP_MS)
    await screen.run("await watch.playTo();")
    check_pictures(await screen.shown(), numbers(START, 3 * CLIP_S))
    widths = [item[2] for item in await screen.run("return watch.pictures;")]
    assert [width for width, _ in _runs(widths)] == [640, 320, 640]


def _runs(values: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for value in values:
        if found and found[-1][0] == value:
            found[-1] = (value, found[-1][1] + 1)
        else:
            found.append((value, 1))
    return found


async def test_seeking_back_over_a_border_shows_the_picture_asked_for(
    rig: BrowserRig, watch: Any
) -> None:
    for number in range(3):
        await rig.keep(START + number * CLIP_MS, CLIP_S)
    screen = await watch(START, START + 3 * CLIP_MS)
    await screen.run(f"await watch.playTo({2 * CLIP_S + 1});")
    for at_s in (5.25, 1.45, 9.05, 3.95, 4.05, 0.05):
        wanted_ms = START + round(at_s * 1000)
        place = await screen.run(f"return watch.placeOf({wanted_ms});")
        shown = await screen.run(f"return await watch.seek({place});")
        wanted = numbers(START, at_s)[-1] if at_s > 0.1 else numbers(START, 1)[0]
        assert abs(shown[3] - wanted) <= 1, at_s
    await screen.run("await watch.seek(3.55); await watch.playTo(4.5);")


async def test_a_clip_that_grows_is_watched_to_its_end(
    rig: BrowserRig, watch: Any
) -> None:
    """As while it is fetched from a device: more of it comes as it is watched."""
    await rig.keep(START, CLIP_S)
    writing = rig.begin(START + CLIP_MS, 2 * CLIP_S)
    await writing.write(3)
    screen = await watch(START, START + 3 * CLIP_MS)
    playing = asyncio.create_task(screen.run("await watch.playTo(Infinity, 300);"))
    for _ in range(2 * CLIP_S - 3):
        await asyncio.sleep(0.5)
        await writing.write(1)
    await writing.finish()
    await playing
    check_pictures(await screen.shown(), numbers(START, 3 * CLIP_S))


async def test_h265_is_seen_as_h264_from_any_moment(
    rig: BrowserRig, watch: Any
) -> None:
    for number in range(2):
        await rig.keep(START + number * CLIP_MS, CLIP_S, H265)
    screen = await watch(START, START + 2 * CLIP_MS, "h264/index.m3u8")
    shown = await screen.run("return await watch.seek(5.05);")
    assert abs(shown[3] - numbers(START, 5.1)[-1]) <= 1
    await screen.run("watch.pictures.length = 0; await watch.playTo();")
    seen = await screen.shown()
    check_pictures(seen, numbers(START, 2 * CLIP_S)[49:])


def made(rig: BrowserRig) -> int:
    """Return how many segments were converted."""
    converted = rig.playback.desk.h264
    assert isinstance(converted, ConvertedSegments)
    return len(converted._made)


async def shows_h265(screen: Screen) -> bool:
    return await screen.run(
        "return MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.B0\"');"
    )


async def test_a_browser_is_given_what_it_can_show(rig: BrowserRig, watch: Any) -> None:
    """H.265 behind H.264, and more of it as it is written: no picture is black."""
    await rig.keep(START, CLIP_S)
    await rig.keep(START + CLIP_MS, CLIP_S, H265)
    writing = rig.begin(START + 2 * CLIP_MS, CLIP_S, H265)
    await writing.write(2)
    screen = await watch(START, START + 3 * CLIP_MS, "browser.m3u8")
    playing = asyncio.create_task(screen.run("await watch.playTo(Infinity, 300);"))
    await writing.finish()
    await playing
    check_pictures(await screen.shown(), numbers(START, 3 * CLIP_S))
    assert (made(rig) == 0) is await shows_h265(screen)


async def test_h264_is_played_as_it_is_kept(rig: BrowserRig, watch: Any) -> None:
    await rig.keep(START, CLIP_S)
    screen = await watch(START, START + CLIP_MS, "browser.m3u8")
    await screen.run("await watch.playTo(Infinity, 300);")
    check_pictures(await screen.shown(), numbers(START, CLIP_S))
    assert made(rig) == 0


async def test_the_browsers_own_hls_chooses_as_well(
    rig: BrowserRig, watch: Any
) -> None:
    """As on Apple's devices; Firefox has none."""
    await rig.keep(START, CLIP_S, H265)
    await rig.keep(START + CLIP_MS, CLIP_S)
    screen = await watch(START + CLIP_MS, START + 2 * CLIP_MS)
    kind = "return watch.video.canPlayType('application/vnd.apple.mpegurl');"
    if not await screen.run(kind):  # of those that are tried only WebKit has it
        pytest.skip("no HLS of its own")
    screen = await watch(START, START + CLIP_MS, "browser.m3u8", "{ isNative: true }")
    await screen.run("await watch.playTo(Infinity, 300);")
    check_pictures(await screen.shown(), numbers(START, CLIP_S))


_CHOOSE = """
const { default: Hls } = await import("./hls.mjs");
const shows = MediaSource.isTypeSupported.bind(MediaSource);
const answers = [];
for (const [text, decodes] of CASES) {
  MediaSource.isTypeSupported = (type) =>
    (decodes || !type.includes("hvc1")) && shows(type.replace(/hvc1[^",]*/, "avc1.64002a"));
  const hls = new Hls({ enableWorker: false });
  const asked = new Promise((done) =>
    hls.on(Hls.Events.LEVEL_LOADING, (_name, { url }) => done(url.split("/").at(-1))));
  hls.loadSource(URL.createObjectURL(new Blob([text])));
  answers.push([await asked, hls.levels.map((level) => level.uri.split("/").at(-1))]);
  hls.destroy();
}
MediaSource.isTypeSupported = shows;
return answers;
"""
_SIZES = [(640, 360), (1920, 1080), (2592, 1944), (3840, 2160), (1080, 1920)]
_SOUNDS = ["", "mp4a.40.2"]
_RATES = [1, 400_000, 3_000_000, 40_000_000]
_OLDER = FragmentLook("", "avc1.4d401f", "", 640, 360)


async def test_hls_js_takes_the_original_where_it_can_and_h264_where_it_must(
    rig: BrowserRig, page: Page
) -> None:
    """Whatever the size and the rate, and never back and forth for want of bandwidth."""
    server = await serve(rig)
    await page.open(str(server.make_url("/playback_page.html")))
    converted = rig.playback.desk.h264
    assert isinstance(converted, ConvertedSegments)
    cases: list[tuple[str, bool]] = []
    for size, sound, rate, older in product(_SIZES, _SOUNDS, _RATES, ([], [_OLDER])):
        looks = (FragmentLook("", "hvc1.1.6.L150.90", sound, *size), *older)
        text = master_playlist(
            [
                Variant(looks, rate, "https://x.test/original.m3u8"),
                Variant(
                    tuple(converted.look(look) for look in looks),
                    rate,
                    "https://x.test/h264.m3u8",
                ),
            ]
        )
        cases += [(text, True), (text, False)]
    script = _CHOOSE.replace("CASES", json.dumps(cases))
    for (text, decodes), (asked, levels) in zip(
        cases, await page.run(script), strict=True
    ):
        if decodes:
            # down is where it goes when data comes late
            assert (asked, levels) == (
                "original.m3u8",
                ["original.m3u8", "h264.m3u8"],
            ), text
        else:
            assert (asked, levels) == ("h264.m3u8", ["h264.m3u8"]), text
    print(f"{len(cases)} playlists, each one chosen from")
    await server.close()


_LATE = """
const shows = MediaSource.isTypeSupported.bind(MediaSource);
MediaSource.isTypeSupported = (type) => shows(type.replace(/hvc1[^",]*/, "avc1.64002a"));
const { open, send } = XMLHttpRequest.prototype;
const asked = [];
XMLHttpRequest.prototype.open = function (method, url, ...more) {
  this.isSegment = url.endsWith(".m4s");
  if (this.isSegment) asked.push(url.includes("/h264/") ? "h264" : "original");
  return open.call(this, method, url, ...more);
};
XMLHttpRequest.prototype.send = function (...body) {
  setTimeout(() => send.apply(this, body), this.isSegment ? 6000 : 0);
};
await watch.open(URL.createObjectURL(new Blob([TEXT])));
const { levels } = watch.hls;
await watch.playTo(Infinity, 300);
return [asked, levels.map((level) => level.codecSet), watch.events.map(([, name]) => name)];
"""


async def test_hls_js_stays_with_the_original_when_data_comes_late(
    rig: BrowserRig, page: Page
) -> None:
    """Footage that Chromium shows poses as H.265, so that it can be played here."""
    for number in range(4):
        await rig.keep(START + number * CLIP_MS, CLIP_S, rate=None)
    server = await serve(rig)

    async def check() -> bool:
        return True

    window = TimeRange(START, START + 4 * CLIP_MS)
    opened = await rig.playback.desk.open("one", CAMERA, window, check)
    below = str(server.make_url(f"/api/vtrack_nvr/s/{opened.token}/"))
    look = FragmentLook("", "hvc1.1.6.L93.B0", "", 640, 360)
    converted = rig.playback.desk.h264
    assert isinstance(converted, ConvertedSegments)
    text = master_playlist(
        [
            Variant((look,), 4_000_000, f"{below}media.m3u8"),
            Variant((converted.look(look),), 4_000_000, f"{below}h264/media.m3u8"),
        ]
    )
    await page.open(str(server.make_url("/playback_page.html")))
    script = _LATE.replace("TEXT", json.dumps(text))
    asked, sets, events = await page.run(script)
    assert sets == ["hvc1", "avc1"]
    assert "waiting" in events, "data came late"
    assert set(asked) == {"original"}
    assert made(rig) == 0
    await server.close()
