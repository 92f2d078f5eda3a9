"""AudioSpecificConfig: what it tells, and how the plainest is made."""

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.aac_config import (
    RATES,
    has_band_replication,
    is_adts,
    nearest_rate,
    plain_config,
    read_config,
    split_adts,
    ticks_per_frame,
)


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
    assert ticks_per_frame(bytes.fromhex(config), clock_rate) == ticks


def test_an_explicit_sampling_rate_is_read() -> None:
    config = bytes.fromhex("17802b1108")
    assert read_config(config) == (22050, 1024, 22050, 1)


def test_escaped_object_types_are_read() -> None:
    # 31 escapes to 6 more bits: 42 (USAC), 48 kHz
    known = read_config(bytes.fromhex("f9464040"))
    assert known is not None
    assert (known.core_rate, known.samples) == (48000, 1024)


@pytest.mark.parametrize(
    ("rate", "channels", "config"),
    [
        (16_000, 1, "1408"),
        (48_000, 2, "1190"),
        (7350, 8, "1638"),
        (16_001, 1, ""),
        (16_000, 7, ""),
        (16_000, 9, ""),
        (16_000, 255, ""),
        (16_000, 0, ""),
    ],
)
def test_the_plainest_configuration(rate: int, channels: int, config: str) -> None:
    assert plain_config(rate, channels).hex() == config


@given(st.sampled_from(RATES), st.sampled_from([1, 2, 3, 4, 5, 6, 8]))
def test_what_is_made_is_read_back(rate: int, channels: int) -> None:
    assert read_config(plain_config(rate, channels)) == (rate, 1024, rate, channels)


@given(st.binary(max_size=12))
def test_any_configuration_is_survived(config: bytes) -> None:
    has_band_replication(config)
    known = read_config(config)
    assert known is None or (known.core_rate > 0 and known.samples in {960, 1024})


def test_band_replication_doubles_the_rate() -> None:
    assert read_config(bytes.fromhex("2b098800")) == (24000, 1024, 48000, 1)


def adts(
    body: bytes,
    *,
    rate: int = 16_000,
    channels: int = 1,
    length: int | None = None,
    with_crc: bool = False,
    blocks: int = 1,
) -> bytes:
    """Return an AAC-LC frame behind its header (ISO 13818-7 6.2)."""
    size = len(body) + (9 if with_crc else 7) if length is None else length
    head = (
        0xFFF << 44
        | (not with_crc) << 40
        | 1 << 38
        | RATES.index(rate) << 34
        | channels << 30
        | size << 13
        | 0x7FF << 2
        | blocks - 1
    )
    return head.to_bytes(7) + (b"CC" if with_crc else b"") + body


def test_adts_headers_come_off_and_tell_the_configuration() -> None:
    unit = adts(b"one") + adts(b"two", with_crc=True, rate=48_000, channels=2)
    assert is_adts(unit)
    assert [(f.data, f.config.hex()) for f in split_adts(unit, 1)] == [
        (b"one", "1408"),
        (b"two", "1190"),
    ]


def test_what_adts_leaves_open_comes_from_elsewhere() -> None:
    (frame,) = split_adts(adts(b"one", channels=0), 2)
    assert frame.config.hex() == "1410"


@pytest.mark.parametrize("length", [0, 3, 7, 5000])
def test_a_wrong_length_in_adts_is_not_believed(length: int) -> None:
    assert [f.data for f in split_adts(adts(b"one", length=length), 1)] == [b"one"]


def test_what_is_no_adts_stays_away() -> None:
    assert not is_adts(b"\xff")
    assert not is_adts(b"\xff\xe0" + bytes(9))
    assert split_adts(adts(b""), 1) == []
    assert split_adts(adts(b"one", blocks=2), 1) == []
    assert split_adts(b"\xff\xf1\xff\xff\xff\xff\xff\xff", 1) == []


def test_band_replication_is_seen() -> None:
    assert has_band_replication(bytes.fromhex("2b098800"))
    assert not has_band_replication(bytes.fromhex("1408"))
    assert not has_band_replication(b"")


def test_odd_rates_have_a_neighbour() -> None:
    assert nearest_rate(16_010) == 16_000
    assert nearest_rate(1) == 7350
    assert nearest_rate(10**9) == 96_000
