"""Profiles become channels with their streams."""

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.models import StreamProfile
from custom_components.vtrack_nvr.core.onvif.profiles import (
    SourcedProfile,
    group_channels,
    is_generic,
    last_number,
    may_be_streams,
    merge,
    read_profiles1,
    read_profiles2,
    tokens_of,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def sourced(
    token: str, source: str, size: int = 640, name: str = "", encoding: str = "H264"
) -> SourcedProfile:
    profile = StreamProfile(token, token, encoding, size, size // 2)
    return SourcedProfile(profile, source, name, f"C_{token}")


def test_media_1_profiles() -> None:
    answer = parse_xml(
        b"""<R><Profiles token="P1"><Name>main</Name>
        <VideoSourceConfiguration token="C1"><Name>Hall</Name>
        <SourceToken>V1</SourceToken></VideoSourceConfiguration>
        <VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution><Width>1920
        </Width><Height>1080</Height></Resolution><RateControl><FrameRateLimit>25
        </FrameRateLimit><BitrateLimit>4096</BitrateLimit></RateControl>
        </VideoEncoderConfiguration><AudioEncoderConfiguration><Encoding>G711</Encoding>
        </AudioEncoderConfiguration></Profiles>
        <Profiles token="audio only"/><Profiles><Name>no token</Name></Profiles></R>"""
    )
    assert read_profiles1(answer) == (
        SourcedProfile(
            StreamProfile("P1", "main", "H264", 1920, 1080, 25.0, 4096, "G711", 1),
            "V1",
            "Hall",
            "C1",
        ),
    )


def test_media_2_profiles_name_codecs_differently() -> None:
    answer = parse_xml(
        b"""<R><Profiles token="P1"><Name>main</Name><Configurations>
        <VideoSource token="C1"><Name>x</Name><SourceToken>V1</SourceToken></VideoSource>
        <VideoEncoder><Encoding>h265</Encoding><Resolution><Width>3840</Width>
        <Height>2160</Height></Resolution></VideoEncoder>
        <AudioEncoder><Encoding>MP4A-LATM</Encoding></AudioEncoder>
        </Configurations></Profiles><Profiles token="bare"/></R>"""
    )
    (found,) = read_profiles2(answer)
    assert found.profile == StreamProfile(
        "P1", "main", "H265", 3840, 2160, None, None, "AAC", 2
    )


def test_media_1_adds_only_sources_that_media_2_does_not_know() -> None:
    first = [sourced("P1", "V1"), sourced("P9", "V9")]
    second = [replace(sourced("Q1", "V1"))]
    assert [p.profile.token for p in merge(first, second)] == ["Q1", "P9"]


def test_a_channel_is_a_source_and_its_largest_picture_comes_first() -> None:
    (channel,) = group_channels(
        [
            sourced("jpeg", "V1", 4000, encoding="JPEG"),
            sourced("sub", "V1", 320, "Hall"),
            sourced("main", "V1", 1920, "Hall"),
        ]
    )
    assert [p.token for p in channel.profiles] == ["main", "sub", "jpeg"]
    assert (channel.token, channel.number, channel.name) == ("V1", 1, "Hall")


@pytest.mark.parametrize(
    ("tokens", "numbers"),
    [
        (["VideoSource_1", "VideoSource_2"], [1, 2]),
        (["000", "001", "002"], [0, 1, 2]),
        (["V10", "V9"], [9, 10]),
        (["a", "b"], [1, 2]),
        (["cam1/x", "cam1/y"], [1, 2]),
        (["V1", "front"], [1, 2]),
        (["VideoSourceToken101", "VideoSourceToken201"], [1, 2]),
        (["VideoSourceToken101", "VideoSourceToken1001"], [1, 10]),
        (["V99999999999"], [1]),
    ],
)
def test_numbers_come_from_tokens_where_they_tell_channels_apart(
    tokens: list[str], numbers: list[int]
) -> None:
    channels = group_channels([sourced(f"P{t}", t) for t in tokens])
    assert [channel.number for channel in channels] == numbers


def test_a_number_stays_when_another_camera_goes() -> None:
    both = group_channels([sourced("a", "V1"), sourced("b", "V2")])
    (left,) = group_channels([sourced("b", "V2")])
    assert left.number == both[1].number == 2


def test_names_given_to_everything_are_replaced() -> None:
    channels = group_channels(
        [
            sourced("a", "V1", name="VideoSourceConfig"),
            sourced("b", "V2", name="Twin"),
            sourced("c", "V3", name="Twin"),
            sourced("d", "V4", name="Garden"),
        ]
    )
    assert [c.name for c in channels] == ["Camera 1", "Camera 2", "Camera 3", "Garden"]


def test_a_source_per_stream_is_grouped_by_its_number() -> None:
    channels = group_channels(
        [
            sourced("P101", "Src101", 1920),
            sourced("P102", "Src102", 640),
            sourced("P201", "Src201", 1920),
            sourced("P202", "Src202", 640),
        ]
    )
    assert [[p.token for p in c.profiles] for c in channels] == [
        ["P101", "P102"],
        ["P201", "P202"],
    ]
    assert [c.number for c in channels] == [1, 2]


@pytest.mark.parametrize(
    "sources",
    [
        # Larger second stream: two cameras. No main stream. Two profiles on one source.
        [("Src101", 640), ("Src102", 1920)],
        [("Src102", 640), ("Src201", 1920)],
        [("Src101", 640), ("Src102", 320), ("Src101", 320)],
        [("Src101", 640), ("other", 320)],
    ],
)
def test_sources_that_are_no_streams_stay_apart(sources: list[tuple[str, int]]) -> None:
    profiles = [sourced(f"P{n}", s, size) for n, (s, size) in enumerate(sources)]
    assert len(group_channels(profiles)) == len({source for source, _ in sources})


def test_no_profiles_are_no_channels() -> None:
    assert group_channels([]) == ()


def test_every_token_leads_to_its_channel() -> None:
    profiles = [sourced("P101", "S101", 1920), sourced("P102", "S102", 640)]
    (channel,) = group_channels(profiles)
    assert tokens_of([channel], profiles) == dict.fromkeys(
        ("P101", "S101", "C_P101", "P102", "S102", "C_P102"), "S101"
    )
    # A profile that belongs to no channel stands for its source.
    assert tokens_of([], [sourced("P1", "V1")])["P1"] == "V1"


def test_generic_names_and_numbers() -> None:
    assert all(
        is_generic(n) for n in ("", "12", "Channel 3", "VideoSource_1", "vsconf "[:2])
    )
    assert not is_generic("Front door")
    assert last_number("Rec_12_video") == 12
    assert last_number("none") is None


@pytest.mark.parametrize(
    ("sizes", "told", "expected"),
    [
        # One lens: its streams in any order.
        ((2560, 1280), 1, [["P0", "P1"]]),
        ((1280, 2560), 1, [["P1", "P0"]]),
        ((2560, 1280, 640), 1, [["P0", "P1", "P2"]]),
        ((0, 640), 1, [["P0", "P1"]]),
        # Two lenses with two streams each.
        ((2560, 640, 2560, 640), 2, [["P0", "P1"], ["P2", "P3"]]),
        # Lenses of their own: pictures of one size, or as many as the device says.
        ((1920, 1920), 1, [["P0"], ["P1"]]),
        ((1920, 640), 2, [["P0"], ["P1"]]),
        ((640, 2560, 640, 2560), 2, [["P0"], ["P1"], ["P2"], ["P3"]]),
        ((1920, 1280, 640), 2, [["P0"], ["P1"], ["P2"]]),
        ((1920, 640), None, [["P0"], ["P1"]]),
    ],
)
def test_sources_are_streams_of_as_many_lenses_as_the_device_says(
    sizes: tuple[int, ...], told: int | None, expected: list[list[str]]
) -> None:
    for names in ("00{}", "VideoSourceConfiguration{}", "source-{}"):
        profiles = [
            sourced(f"P{n}", names.format(n), size) for n, size in enumerate(sizes)
        ]
        channels = group_channels(profiles, told)
        assert [[p.token for p in c.profiles] for c in channels] == expected


def test_a_lens_with_profiles_of_its_own_stays_apart() -> None:
    profiles = [
        sourced("A", "V1", 1920),
        sourced("a", "V1", 640),
        sourced("B", "V2", 1280),
        sourced("b", "V2", 320),
    ]
    assert not may_be_streams(profiles)
    assert len(group_channels(profiles, 1)) == 2
    assert may_be_streams([profiles[0], profiles[2]])
    assert not may_be_streams(profiles[:2])


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ([("main", 0), ("sub", 704)], ["main", "sub"]),
        ([("a", 0), ("b", 704), ("c", 352)], ["a", "b", "c"]),
        # In its place among the others, wherever that is.
        ([("a", 1920), ("b", 0), ("c", 352)], ["a", "b", "c"]),
        ([("a", 352), ("b", 1920), ("c", 0)], ["b", "c", "a"]),
        ([("a", 0), ("b", 0)], ["a", "b"]),
        # Unless it says what it is.
        ([("SubStream", 0), ("a", 1920)], ["a", "SubStream"]),
    ],
)
def test_a_profile_without_facts_keeps_its_place(
    profiles: list[tuple[str, int]], expected: list[str]
) -> None:
    (channel,) = group_channels([sourced(t, "V1", size) for t, size in profiles])
    assert [p.token for p in channel.profiles] == expected


def test_the_picture_for_browsers_is_never_the_main_stream() -> None:
    (channel,) = group_channels(
        [sourced("J", "V1", 1920, encoding="JPEG"), sourced("H", "V1", 0, encoding="")]
    )
    assert [p.token for p in channel.profiles] == ["H", "J"]


def test_what_media_2_does_not_tell_of_a_profile_media_1_may() -> None:
    bare = sourced("P", "V", 0, encoding="")
    other = sourced("Q", "V", 0, encoding="H265")
    first = [sourced("P", "V", 1920), sourced("Q", "V", 640)]
    merged = merge(first, [bare, other])
    assert [(m.profile.encoding, m.profile.width) for m in merged] == [
        ("H264", 1920),
        ("H265", 640),
    ]
    assert merge([], [bare]) == (bare,)
