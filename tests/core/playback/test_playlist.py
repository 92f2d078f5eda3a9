"""Playlists as the RFC has them, read back by a parser of its own."""

import json
import re

from hypothesis import given, settings, strategies as st

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.playback import playlist
from custom_components.vtrack_nvr.core.playback.media_segments import Timeline

from .made import HEVC, LOOK, SCALE, START, WIDE, index, seconds

HOUR = TimeRange(START, START + 3_600_000)


def two_clips() -> Timeline:
    timeline = Timeline(HOUR)
    timeline.add(7, START, seconds(2.0, 2.0, 2.0))
    timeline.add(9, START + 60_000, index([SCALE // 3 * 10], look=WIDE))
    return timeline


def text_of(timeline: Timeline, *, is_over: bool = True) -> str:
    target = playlist.target_s(timeline.segments, is_over=is_over)
    return playlist.media_playlist(timeline, target=target, is_over=is_over)


def test_a_range_that_is_past() -> None:
    assert text_of(two_clips()) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="7/init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n"
        "#EXTINF:2.000000,\n"
        "7/0-0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z\n"
        "#EXTINF:4.000000,\n"
        "7/1-2.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        '#EXT-X-MAP:URI="9/init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:00.000Z\n"
        "#EXTINF:3.333333,\n"
        "9/0-0.m4s\n"
        "#EXT-X-ENDLIST\n"
    )


def test_a_range_that_grows_has_no_end_and_begins_at_its_beginning() -> None:
    text = text_of(two_clips(), is_over=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text
    assert "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n" in text
    assert "#EXT-X-TARGETDURATION:6\n" in text
    assert "ENDLIST" not in text


def test_a_list_that_grows_only_gets_longer() -> None:
    timeline = Timeline(HOUR)
    before: list[str] = []
    for count in range(1, 8):
        timeline.add(3, START, index([2 * SCALE] * count, is_whole=False))
        lines = text_of(timeline, is_over=False).splitlines()
        assert lines[: len(before)] == before
        before = lines


def test_the_variant_names_all_kinds_of_footage() -> None:
    variant = playlist.Variant((LOOK, WIDE), 4_000_000, "media.m3u8")
    assert playlist.master_playlist([variant]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=4000000,"
        'CODECS="avc1.4d400a,avc1.640028,mp4a.40.2",RESOLUTION=1920x1080\n'
        "media.m3u8\n"
    )
    unknown = playlist.master_playlist([playlist.Variant((), 0, "x")])
    assert unknown.endswith("#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n")


def test_of_two_variants_the_original_is_first_and_only_codecs_tell_them_apart() -> (
    None
):
    original = playlist.Variant((HEVC, LOOK), 4_000_000, "media.m3u8")
    converted = playlist.Variant((WIDE,), 3_000_000, "h264/media.m3u8")
    assert playlist.master_playlist([original, converted]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=4000000,"
        'CODECS="hvc1.1.6.L150.90,avc1.4d400a,mp4a.40.2"\n'
        "media.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=4000000,"
        'CODECS="avc1.640028",RESOLUTION=1920x1080\n'
        "h264/media.m3u8\n"
    )


def test_the_map_tells_the_same() -> None:
    told = json.loads(playlist.fragment_map(two_clips(), target=4, is_over=True))
    assert told == {
        "from": HOUR.start_ms,
        "to": HOUR.end_ms,
        "growing": False,
        "target": 4,
        "clips": [
            {"id": 7, "start": START, "format": 0, "parts": [0, 0, 2000, 1, 2, 4000]},
            {"id": 9, "start": START + 60_000, "format": 1, "parts": [0, 0, 3333]},
        ],
        "formats": [
            {"codecs": LOOK.codecs, "width": 160, "height": 120},
            {"codecs": WIDE.codecs, "width": 1920, "height": 1080},
        ],
    }


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 2_000_000), min_size=1, max_size=12), min_size=1),
    st.booleans(),
)
def test_every_duration_is_exact_and_promised(
    clips: list[list[int]], is_over: bool
) -> None:
    timeline = Timeline(TimeRange(START, START + 10**9))
    at_ms, total = START, 0
    for number, ticks in enumerate(clips):
        timeline.add(number, at_ms, index(ticks))
        total += sum(ticks)
        at_ms += sum(ticks) * 1000 // SCALE + 10_000
    text = text_of(timeline, is_over=is_over)

    target = int(re.findall(r"#EXT-X-TARGETDURATION:(\d+)", text)[0])
    durations = [float(found) for found in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert max(durations) <= target, "RFC 8216 4.3.3.1"
    assert abs(sum(durations) - total / SCALE) < 1e-6 * len(durations)
    assert text.count("#EXT-X-MAP:") == len(clips)
    assert text.count("#EXT-X-DISCONTINUITY\n") == len(clips) - 1
    assert text.count("#EXT-X-PROGRAM-DATE-TIME:") == len(durations)
