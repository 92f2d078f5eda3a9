"""AudioSpecificConfig, as much of it as dating and labelling AAC needs (ISO 14496-3 1.6)."""

from collections.abc import Buffer
from typing import Final, NamedTuple

from .bits import BitReader

RATES: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000,
    22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
"""Sampling rates in the order of their index (table 1.18)."""

_LOW_COMPLEXITY: Final = 2
_ESCAPE: Final = 31
_SPECTRAL_BAND_REPLICATION: Final = frozenset({5, 29})
_ADTS_HEADER: Final = 7
_LAYOUTS: Final = frozenset({1, 2, 3, 4, 5, 6, 8})


def plain_config(rate: int, channels: int) -> bytes:
    """Return the configuration of AAC-LC, b"" where the two bytes cannot say it."""
    if rate not in RATES or channels not in _LAYOUTS:
        return b""
    layout = 7 if channels == 8 else channels
    return (_LOW_COMPLEXITY << 11 | RATES.index(rate) << 7 | layout << 3).to_bytes(2)


def nearest_rate(rate: int) -> int:
    """Return the rate with an index of its own that is next to `rate`."""
    return min(RATES, key=lambda known: abs(known - rate))


def has_band_replication(config: bytes) -> bool:
    """Return whether the configuration announces HE-AAC at its beginning."""
    return bool(config) and config[0] >> 3 in _SPECTRAL_BAND_REPLICATION


class AudioConfig(NamedTuple):
    """An AudioSpecificConfig, read.

    `samples`: of a frame, at `core_rate`. `rate` is that of the decoded sound, twice the
    core's with spectral band replication. `channels` 0: told inside the frames only.
    """

    core_rate: int
    samples: int
    rate: int
    channels: int


def read_config(config: bytes) -> AudioConfig | None:
    """Return what a configuration says, None where it is none."""
    bits = BitReader(config)
    try:
        kind = _read_object_type(bits)
        core_rate = rate = _read_rate(bits)
        layout = bits.read(4)
        if kind in _SPECTRAL_BAND_REPLICATION:
            rate = _read_rate(bits)
            _read_object_type(bits)
        is_short = bits.read(1)
    except IndexError:
        return None
    if not kind or not core_rate or not rate or layout > 7:
        return None
    return AudioConfig(
        core_rate, 960 if is_short else 1024, rate, 8 if layout == 7 else layout
    )


def ticks_per_frame(config: bytes, clock_rate: int) -> int:
    """Return how far apart two frames are in RTP time."""
    known = read_config(config)
    if known is None:
        return 1024
    return max(1, round(known.samples * clock_rate / known.core_rate))


class AdtsFrame(NamedTuple):
    """A frame of AAC behind its ADTS header."""

    data: bytes
    config: bytes
    """AudioSpecificConfig, as the header tells it."""


def is_adts(data: Buffer) -> bool:
    """Return whether a unit begins with an ADTS header; no raw frame begins like that."""
    head = memoryview(data)[:2]
    return len(head) == 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def split_adts(data: bytes, channels: int) -> list[AdtsFrame]:
    """Return the frames of a unit that `is_adts`, without their headers.

    `channels` counts where a header leaves it to the frame. A length that is wrong is not
    believed: the frame ends with the unit. What cannot be read is left out (ISO 13818-7
    6.2).
    """
    found: list[AdtsFrame] = []
    while is_adts(data) and len(data) > _ADTS_HEADER:
        head = int.from_bytes(data[:_ADTS_HEADER])
        start = _ADTS_HEADER if head >> 40 & 1 else _ADTS_HEADER + 2
        index = head >> 34 & 15
        length = head >> 13 & 0x1FFF
        if head & 3 or index >= len(RATES):
            break  # several blocks behind one header cannot be told apart
        if not start < length <= len(data):
            length = len(data)
        layout = head >> 30 & 7 or (7 if channels == 8 else channels)
        kind = (head >> 38 & 3) + 1
        config = (kind << 11 | index << 7 | layout << 3).to_bytes(2)
        if body := data[start:length]:
            found.append(AdtsFrame(body, config))
        data = data[length:]
    return found


def _read_object_type(bits: BitReader) -> int:
    kind = bits.read(5)
    return 32 + bits.read(6) if kind == _ESCAPE else kind


def _read_rate(bits: BitReader) -> int:
    index = bits.read(4)
    if index == 15:
        return bits.read(24)
    return RATES[index] if index < len(RATES) else 0
