"""AudioSpecificConfig: what it tells, and how the plainest is made."""

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.aac import (
    RATES,
    core_rate_and_length,
    has_band_replication,
    nearest_rate,
    plain_config,
    ticks_per_frame,
)
from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind


@pytest.mark.parametrize(
    ("config", "clock_rate", "ticks"),
    [
        ("1408", 16000, 1024),
        ("1190", 48000, 1024),
        ("140c", 16000, 960),
        ("2b098800", 48000, 2048),
        ("", 8000, 1024),
        ("16", 8000, 1024),
        ("1688", 8000, 1024),
    ],
)
def test_the_frame_length_follows_from_the_configuration(
    config: str, clock_rate: int, ticks: int
) -> None:
    made = TrackFormat(
        TrackKind.AUDIO, Codec.AAC, clock_rate, config=bytes.fromhex(config)
    )
    assert ticks_per_frame(made) == ticks


def test_an_explicit_sampling_rate_is_read() -> None:
    config = bytes.fromhex("17802b1108")
    assert core_rate_and_length(config) == (22050, 1024)


def test_escaped_object_types_are_read() -> None:
    # 31 escapes to 6 more bits: 42 (USAC), 48 kHz
    assert core_rate_and_length(bytes.fromhex("f9464040")) == (48000, 1024)


@pytest.mark.parametrize(
    ("rate", "channels", "config"),
    [
        (16_000, 1, "1408"),
        (48_000, 2, "1190"),
        (7350, 8, "1638"),
        (16_001, 1, ""),
        (16_000, 9, ""),
        (16_000, 255, ""),
        (16_000, 0, ""),
    ],
)
def test_the_plainest_configuration(rate: int, channels: int, config: str) -> None:
    assert plain_config(rate, channels).hex() == config


@given(st.sampled_from(RATES), st.integers(1, 8))
def test_what_is_made_is_read_back(rate: int, channels: int) -> None:
    assert core_rate_and_length(plain_config(rate, channels)) == (rate, 1024)


@given(st.binary(max_size=12))
def test_any_configuration_is_survived(config: bytes) -> None:
    has_band_replication(config)
    known = core_rate_and_length(config)
    assert known is None or (known[0] > 0 and known[1] in {960, 1024})


def test_band_replication_is_seen() -> None:
    assert has_band_replication(bytes.fromhex("2b098800"))
    assert not has_band_replication(bytes.fromhex("1408"))
    assert not has_band_replication(b"")


def test_odd_rates_have_a_neighbour() -> None:
    assert nearest_rate(16_010) == 16_000
    assert nearest_rate(1) == 7350
    assert nearest_rate(10**9) == 96_000
