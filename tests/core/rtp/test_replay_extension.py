import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.rtp.packet import parse_packet
from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    CLEAN,
    DISCONTINUOUS,
    ReplayStamp,
    build_extension,
    ntp_to_us,
    parse_extension,
    us_to_ntp,
)

VECTOR = bytes.fromhex("90e003e800015f9011223344abac0003e93dfba580000000a0070000")
"""profile-g 5.4: 2024-01-02T03:04:05.5Z, C and D, CSeq 7."""
MOMENT_US = 1_704_164_645_500_000


def parse(data: bytes, profile: int = 0xABAC, words: int = 3) -> ReplayStamp | None:
    return parse_extension(profile, words, memoryview(data), 4)


def test_the_vector_of_the_fact_sheet_is_read() -> None:
    packet = parse_packet(memoryview(VECTOR))
    assert (packet.payload_type, packet.marker) == (96, True)
    assert (packet.sequence, packet.timestamp) == (1000, 90_000)
    assert packet.stamp == ReplayStamp(MOMENT_US, CLEAN | DISCONTINUOUS, 7)


def test_building_gives_the_vector_back() -> None:
    stamp = ReplayStamp(MOMENT_US, CLEAN | DISCONTINUOUS, 7)
    assert build_extension(stamp) == VECTOR[12:]


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_survive_both_ways(time_us: int) -> None:
    seconds, fraction = us_to_ntp(time_us)
    if seconds >= 1 << 31 or time_us >= 2_085_978_496_000_000:
        assert ntp_to_us(seconds, fraction) == time_us


def test_small_seconds_lie_in_the_era_that_begins_in_2036() -> None:
    assert ntp_to_us(0, 1) == 2_085_978_496_000_000
    assert ntp_to_us(5, 0) == 2_085_978_501_000_000


def test_zero_means_no_time() -> None:
    assert ntp_to_us(0, 0) is None
    assert parse(build_extension(ReplayStamp(None, 0, 0))) == ReplayStamp(None, 0, 0)


@pytest.mark.parametrize("profile", [0xABAC, 0xABAD])
def test_both_profiles_are_read(profile: int) -> None:
    assert parse(VECTOR[12:], profile) is not None


@pytest.mark.parametrize(("profile", "words"), [(0xBEDE, 3), (0xABAC, 2), (0xABAC, 0)])
def test_other_and_short_extensions_are_ignored(profile: int, words: int) -> None:
    assert parse(VECTOR[12:], profile, words) is None


def test_the_jpeg_form_is_read_up_to_its_third_word() -> None:
    jpeg = struct.pack(">HH", 0xABAC, 6) + VECTOR[16:28] + b"\xff\xd8\0\2" + bytes(8)
    stamp = parse(jpeg, words=6)
    assert stamp == ReplayStamp(MOMENT_US, CLEAN | DISCONTINUOUS, 7)
