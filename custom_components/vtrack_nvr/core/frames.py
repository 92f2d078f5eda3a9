"""What a stream consists of: tracks and access units, whatever brought them here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class TrackKind(StrEnum):
    """What a track carries (tt:TrackType)."""

    VIDEO = "video"
    AUDIO = "audio"
    METADATA = "metadata"
    EXTENDED = "extended"


class Codec(StrEnum):
    """How a track is encoded."""

    H264 = "h264"
    H265 = "h265"
    AAC = "aac"
    PCMU = "pcmu"
    PCMA = "pcma"
    G722 = "g722"
    G726 = "g726"
    LATM = "latm"
    OPUS = "opus"
    L8 = "l8"
    L16 = "l16"
    L24 = "l24"
    MJPEG = "mjpeg"
    MPEG4 = "mpeg4"
    UNKNOWN = "unknown"

    @property
    def is_video(self) -> bool:
        """Return whether this is a picture codec."""
        return self in {Codec.H264, Codec.H265, Codec.MJPEG, Codec.MPEG4}


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """How to read one track, as its session description tells it.

    `parameter_sets` are NAL units without start code (H.264: SPS, PPS; H.265: VPS, SPS,
    PPS), possibly empty; of MPEG-4 Visual the one string of headers. `config` is the AudioSpecificConfig of AAC. `name` is what the
    session description called the codec, for messages. `bits_per_sample` is for G.726.
    Units of LATM are LOAS frames with their configuration inside; LATM with its
    configuration outside arrives here as AAC.
    """

    kind: TrackKind
    codec: Codec
    clock_rate: int
    channels: int = 1
    parameter_sets: tuple[bytes, ...] = ()
    config: bytes = b""
    name: str = ""
    bits_per_sample: int = 0
    au_header_bits: tuple[int, int, int] = (13, 3, 3)
    """Of AAC in RFC 3640: sizeLength, indexLength, indexDeltaLength."""
    au_bytes: int = 0
    """Of AAC in RFC 3640: constantSize, 0 where each unit tells its own."""


class AccessUnit(NamedTuple):
    """One frame of one track.

    `data` is Annex B (start codes, no access unit delimiter) for H.264 and H.265, the raw
    codec frame otherwise. `time_us` is the capture time on the device's clock in
    microseconds since 1970, or None where the device sent none. `rtp_time` is the 32-bit
    RTP timestamp. `is_clean` to `is_terminal` are the bits C, E, D and T of the replay
    header extension (ONVIF Streaming 6.3). `is_damaged`: packets of it are known missing.
    `arrival_ms`: when its last byte came, by the host's clock in UTC, where it was held
    back to see whether it is whole; None: with the batch that it is in.
    """

    track: int
    data: bytes
    rtp_time: int
    time_us: int | None
    is_key: bool
    is_damaged: bool = False
    is_clean: bool = False
    is_last: bool = False
    is_discontinuous: bool = False
    is_terminal: bool = False
    play_cseq: int | None = None
    arrival_ms: int | None = None
    format: TrackFormat | None = None
    """How sound is coded, where its track may carry more than one format."""
    config: bytes = b""
    """AudioSpecificConfig that came with a frame of AAC (ADTS), empty where none did."""
