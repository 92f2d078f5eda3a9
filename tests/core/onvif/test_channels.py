"""Recordings find their channel by the surest rung of the ladder, or stay unplaced."""

from collections.abc import Sequence

import pytest

from custom_components.vtrack_nvr.core.models import Channel, Recording, StreamProfile
from custom_components.vtrack_nvr.core.onvif.channels import (
    JobSource,
    match_recordings,
    with_recordings,
)

PROFILE = "http://www.onvif.org/ver10/schema/Profile"


def channels(count: int, first: int = 1) -> list[Channel]:
    return [
        Channel(
            f"V{n}", n, f"Camera {n}", (StreamProfile(f"P{n}", "", "H264", 640, 360),)
        )
        for n in range(first, first + count)
    ]


def recordings(*tokens: str, **fields: str) -> list[Recording]:
    return [Recording(token, **fields) for token in tokens]


def test_the_only_channel_owns_every_recording() -> None:
    assert match_recordings(channels(1), recordings("a", "b9")) == {
        "a": "V1",
        "b9": "V1",
    }


def test_rung_1_video_source_token_beats_everything() -> None:
    found = match_recordings(
        channels(2),
        [Recording("R1", video_source_token="V2"), Recording("R2", source_id="V1")],
        [JobSource("R1", "P1", PROFILE)],
    )
    assert found == {"R1": "V2", "R2": "V1"}


def test_rung_2_jobs_name_profiles_sources_or_their_configurations() -> None:
    found = match_recordings(
        channels(3),
        recordings("x", "y", "z"),
        [
            JobSource("x", "receiver-1", "http://www.onvif.org/ver10/schema/Receiver"),
            JobSource("x", "P3", PROFILE),
            JobSource("y", "V1"),
            JobSource("z", "C2", PROFILE),
            JobSource("gone", "P2", PROFILE),
        ],
        sources={"C2": "V2"},
    )
    assert found == {"x": "V3", "y": "V1", "z": "V2"}


def test_a_streams_own_source_leads_to_the_channel_of_its_profile() -> None:
    one = Channel(
        "S101",
        1,
        "",
        tuple(StreamProfile(t, "", "H264", 1, 1) for t in ("P101", "P102")),
    )
    other = Channel("S201", 2, "", (StreamProfile("P201", "", "H264", 1, 1),))
    found = match_recordings(
        [one, other],
        [Recording("x", source_id="S102")],
        sources={"P101": "S101", "P102": "S102", "S102": "S102"},
    )
    assert found == {"x": "S101"}


def test_rung_3_source_id() -> None:
    found = match_recordings(channels(2), [Recording("x", source_id="P2")])
    assert found == {"x": "V2"}


def test_rung_4_options_count_only_where_they_choose() -> None:
    found = match_recordings(
        channels(2),
        recordings("x", "y", "z"),
        compatible={"x": ["P2", "V2"], "y": ["P1", "P2"], "z": []},
    )
    assert found == {"x": "V2"}


def test_rung_5_names() -> None:
    named = [
        Channel("V1", 1, "Hall"),
        Channel("V2", 2, "Yard"),
        Channel("V3", 3, "Yard"),
    ]
    found = match_recordings(
        named,
        [Recording("x", source_name=" HALL "), Recording("y", source_name="Yard")],
    )
    assert found == {"x": "V1"}


@pytest.mark.parametrize(
    ("first", "tokens", "expected"),
    [
        (1, ["Rec1", "Rec2"], [1, 2]),
        (1, ["Rec_2"], [2]),
        (1, ["Rec0", "Rec1", "Rec2"], [1, 2, 3]),
        (1, ["Rec0"], [1]),
        (0, ["Rec0", "Rec2"], [0, 2]),
        (0, ["Rec1", "Rec2", "Rec3"], [0, 1, 2]),
        (5, ["Rec5", "Rec6"], [5, 6]),
    ],
)
def test_rung_6_numbers(first: int, tokens: list[str], expected: list[int]) -> None:
    found = match_recordings(channels(3, first), recordings(*tokens))
    assert found == {token: f"V{n}" for token, n in zip(tokens, expected, strict=True)}


@pytest.mark.parametrize(
    ("first", "tokens"),
    [
        # From 0 against from 1 with one missing: either camera could be meant.
        (0, ["Rec1", "Rec2"]),
        (1, ["Rec1", "Rec1_"]),
        (1, ["Rec7", "Rec8"]),
        (1, ["a", "b"]),
        (5, ["Rec0", "Rec1"]),
    ],
)
def test_numbers_that_leave_a_doubt_place_nothing(
    first: int, tokens: list[str]
) -> None:
    assert match_recordings(channels(3, first), recordings(*tokens)) == {}


def test_numbers_in_the_source_come_before_those_in_the_token() -> None:
    found = match_recordings(
        channels(2),
        [
            Recording("Disk9_1", source_id="ch2"),
            Recording("Disk9_2", source_id="ch1"),
        ],
    )
    assert found == {"Disk9_1": "V2", "Disk9_2": "V1"}


def test_rung_7_order_only_where_the_counts_agree() -> None:
    assert match_recordings(channels(2), recordings("a", "b")) == {"a": "V1", "b": "V2"}
    assert match_recordings(channels(3), recordings("a", "b")) == {}


def test_order_is_no_help_once_another_rung_spoke() -> None:
    found = match_recordings(
        channels(2), [Recording("a", source_id="V2"), Recording("b")]
    )
    assert found == {"a": "V2"}


def test_nothing_is_placed_without_channels() -> None:
    assert match_recordings([], recordings("a1")) == {}


def placed_names(names: Sequence[str]) -> list[str]:
    result = with_recordings(
        channels(len(names)),
        [Recording(f"R{n}", source_name=name) for n, name in enumerate(names, 1)],
        {f"R{n}": f"V{n}" for n in range(1, len(names) + 1)},
    )
    return [channel.name for channel in result]


def test_channels_take_the_names_of_their_recordings() -> None:
    assert placed_names(["Hall", "Channel 2"]) == ["Hall", "Camera 2"]


def test_a_channels_own_name_is_kept_and_the_longest_recording_comes_first() -> None:
    (channel,) = with_recordings(
        [Channel("V1", 1, "Gate")],
        [
            Recording(
                "short", source_name="x", device_earliest_ms=0, device_latest_ms=5
            ),
            Recording("unknown"),
            Recording("long", device_earliest_ms=0, device_latest_ms=50),
        ],
        {"short": "V1", "long": "V1", "unknown": "V1"},
    )
    assert channel.name == "Gate"
    assert channel.recording_tokens == ("long", "short", "unknown")
