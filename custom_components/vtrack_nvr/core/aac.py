"""AudioSpecificConfig, as much of it as dating and labelling AAC needs (ISO 14496-3 1.6)."""

from typing import Final

from .bits import BitReader
from .frames import TrackFormat

RATES: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000,
    22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
"""Sampling rates in the order of their index (table 1.18)."""

_LOW_COMPLEXITY: Final = 2
_ESCAPE: Final = 31
_SPECTRAL_BAND_REPLICATION: Final = frozenset({5, 29})


def plain_config(rate: int, channels: int) -> bytes:
    """Return the configuration of AAC-LC, b"" where the two bytes cannot say it."""
    if rate not in RATES or not 0 < channels <= 8:
        return b""
    layout = 7 if channels == 8 else channels
    return (_LOW_COMPLEXITY << 11 | RATES.index(rate) << 7 | layout << 3).to_bytes(2)


def nearest_rate(rate: int) -> int:
    """Return the rate with an index of its own that is next to `rate`."""
    return min(RATES, key=lambda known: abs(known - rate))


def has_band_replication(config: bytes) -> bool:
    """Say whether the configuration announces HE-AAC at its beginning."""
    return bool(config) and config[0] >> 3 in _SPECTRAL_BAND_REPLICATION


def core_rate_and_length(config: bytes) -> tuple[int, int] | None:
    """Return sampling rate and samples of a frame of the core codec, None if unreadable."""
    bits = BitReader(config)
    try:
        kind = _read_object_type(bits)
        rate = _read_rate(bits)
        bits.read(4)
        if kind in _SPECTRAL_BAND_REPLICATION:
            _read_rate(bits)
            _read_object_type(bits)
        is_short = bits.read(1)
    except IndexError:
        return None
    return (rate, 960 if is_short else 1024) if rate else None


def ticks_per_frame(track_format: TrackFormat) -> int:
    """Return how far apart two frames are in RTP time."""
    known = core_rate_and_length(track_format.config)
    if known is None:
        return 1024
    rate, samples = known
    return max(1, round(samples * track_format.clock_rate / rate))


def _read_object_type(bits: BitReader) -> int:
    kind = bits.read(5)
    return 32 + bits.read(6) if kind == _ESCAPE else kind


def _read_rate(bits: BitReader) -> int:
    index = bits.read(4)
    if index == 15:
        return bits.read(24)
    return RATES[index] if index < len(RATES) else 0
