"""AudioSpecificConfig: as much of it as dating AAC frames needs (ISO 14496-3 1.6.2.1)."""

from ...frames import TrackFormat
from .bits import BitReader

_RATES = (
    96000,
    88200,
    64000,
    48000,
    44100,
    32000,
    24000,
    22050,
    16000,
    12000,
    11025,
    8000,
    7350,
)
_ESCAPE = 31
_SPECTRAL_BAND_REPLICATION = frozenset({5, 29})


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
    return _RATES[index] if index < len(_RATES) else 0
