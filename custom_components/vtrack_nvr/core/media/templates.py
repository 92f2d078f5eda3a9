"""Streams of an output file, made from tiny pictures and sounds of our own.

PyAV makes an output stream only after the pattern of an input stream. The pattern here is
constant; parameter sets and sizes of the device are put in its place as plain bytes, so
that no decoder of this process reads anything a device has sent. (Opening the device's
own first group of pictures instead would decode one of them.)
"""

from fractions import Fraction
import io

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..frames import Codec
from .picture_size import PictureSize

VIDEO_TIME_BASE = Fraction(1, 90_000)

_H264 = bytes.fromhex(
    "000000016742c00ada7a1000000300100000030140f1226a0000000168ce0fc8"
    "000000016588843a118a00024ab1c00044663800088ce0"
)
_H265 = bytes.fromhex(
    "0000000140010c01ffff01600000030090000003000003001eba024000000001"
    "42010101600000030090000003000003001ea04208596e92930b9a0200000300"
    "02000003001410000000014401c073c089000000012801ac461debffd169ffe6"
    "3a7fc3c780"
)
_MJPEG = bytes.fromhex(
    "ffd8ffdb0043000804040404040505050505050606060606060606060606060607070708080807"
    "070706060707080808080909090808080809090a0a0a0c0c0b0b0e0e0e111114ffc4004a000100"
    "0000000000000000000000000000000101000000000000000000000000000000001001000000000"
    "0000000000000000000000011010000000000000000000000000000000000ffc000110800100010"
    "03012200021100031100ffda000c03010002110311003f00000fffd9"
)
_MPEG4 = bytes.fromhex(
    "000001b001000001b58913000001000000012000c48d8800cd0084021463000001b3001007000001"
    "b6106051b6dfbf"
)
_AAC = bytes.fromhex(
    "fff16040035ffcdc004c61766336332e312e313032000230400efff16040017f"
    "fc01182007fff16040017ffc01182007"
)
_PATTERNS = {
    Codec.H264: (_H264, "h264"),
    Codec.H265: (_H265, "hevc"),
    Codec.MJPEG: (_MJPEG, "mjpeg"),
    Codec.MPEG4: (_MPEG4, "m4v"),
}
_TAGS = {
    Codec.H264: "avc1",
    Codec.H265: "hvc1",
    Codec.MJPEG: "mp4v",
    Codec.MPEG4: "mp4v",
}
KEPT = frozenset(_PATTERNS)
"""Codecs of pictures that a file can hold as they came."""


def add_video(
    container: OutputContainer, codec: Codec, config: bytes, size: PictureSize
) -> VideoStream:
    """Add a video stream of 90 kHz.

    `config` is avcC or hvcC, or the parameter sets as Annex B; packets must be alike. Of
    MPEG-4 Visual it is its headers, of Motion JPEG nothing.
    """
    data, name = _PATTERNS[codec]
    with av.open(io.BytesIO(data), format=name) as pattern:
        stream = container.add_stream_from_template(
            pattern.streams.video[0], opaque=True
        )
    stream.codec_context.codec_tag = _TAGS[codec]
    stream.codec_context.width, stream.codec_context.height = size
    stream.codec_context.extradata = config or None
    stream.time_base = VIDEO_TIME_BASE
    return stream


def add_aac(
    container: OutputContainer, config: bytes, rate: int, channels: int
) -> AudioStream:
    """Add an AAC stream; `config` is its AudioSpecificConfig, its tick one sample."""
    with av.open(io.BytesIO(_AAC), format="aac") as pattern:
        stream = container.add_stream_from_template(
            pattern.streams.audio[0], opaque=True
        )
    stream.codec_context.extradata = config
    stream.codec_context.sample_rate = rate
    stream.codec_context.layout = LAYOUTS.get(channels, "stereo")
    stream.time_base = Fraction(1, rate)
    return stream


LAYOUTS = {
    1: "mono",
    2: "stereo",
    3: "3.0",
    4: "4.0",
    5: "5.0",
    6: "5.1",
    8: "7.1",
}
