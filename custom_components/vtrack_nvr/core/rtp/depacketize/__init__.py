"""Frames out of the payloads of RTP packets, one file per payload format. No I/O."""

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit, Codec, TrackFormat
from ...policy import Bounds
from .aac import AacDepacketizer
from .base import Depacketizer
from .h264 import H264Depacketizer
from .h265 import H265Depacketizer
from .jpeg import JpegDepacketizer
from .latm import LatmDepacketizer
from .mpeg4 import Mpeg4Depacketizer
from .plain import PlainDepacketizer

PICTURES = frozenset({Codec.H264, Codec.H265, Codec.MJPEG, Codec.MPEG4})
_PLAIN = frozenset(
    {
        Codec.PCMU,
        Codec.PCMA,
        Codec.G722,
        Codec.G726,
        Codec.OPUS,
        Codec.L8,
        Codec.L16,
        Codec.L24,
    }
)
LATM_NAME = "MP4A-LATM"


def can_depacketize(track_format: TrackFormat) -> bool:
    """Return whether `make_depacketizer` knows the format."""
    return (
        track_format.codec in _PLAIN
        or track_format.codec in PICTURES
        or track_format.codec in {Codec.AAC, Codec.LATM}
    ) and track_format.clock_rate > 0


def check_format(track_format: TrackFormat) -> None:
    """Raise `NvrError(UNSUPPORTED_CODEC)` for what `make_depacketizer` does not know."""
    if not can_depacketize(track_format):
        raise NvrError(
            ErrorKind.UNSUPPORTED_CODEC,
            f"{track_format.name or track_format.codec} ({track_format.kind})",
        )


def make_depacketizer(
    track: int, track_format: TrackFormat, bounds: Bounds, out: list[AccessUnit]
) -> Depacketizer:
    """Return the depacketizer that appends the units of track `track` to `out`.

    Raises `NvrError(UNSUPPORTED_CODEC)` for anything else.
    """
    check_format(track_format)
    limit = bounds.access_unit_bytes
    codec = track_format.codec
    if codec is Codec.H264:
        return H264Depacketizer(track, out, track_format.parameter_sets, limit)
    if codec is Codec.H265:
        return H265Depacketizer(track, out, track_format.parameter_sets, limit)
    if codec is Codec.MJPEG:
        return JpegDepacketizer(track, out, limit)
    if codec is Codec.MPEG4:
        return Mpeg4Depacketizer(track, out, limit)
    if codec in _PLAIN:
        return PlainDepacketizer(track, out, limit)
    if codec is Codec.LATM or track_format.name.upper() == LATM_NAME:
        return LatmDepacketizer(track, out, track_format, limit)
    return AacDepacketizer(track, out, track_format, limit)
