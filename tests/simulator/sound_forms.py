"""Sound as devices describe and pack it, besides what the specifications say.

Sources: the rows of `docs/devices` about sound.
"""

from .footage_audio import AudioLoop
from .rtp_payload import aac_payloads

AAC_TYPE = 97
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000)
_USUAL = "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"


def payloads(loop: AudioLoop, frame: bytes, form: str, packet_size: int) -> list[bytes]:
    """Return the RTP payloads of a frame in one of the forms of `RtspFaults`."""
    if not loop.config:
        return [frame]
    if form == "adts":
        frame = _adts_header(len(frame), loop.format.sample_rate) + frame
    if form == "latm":
        return [b"\xff" * (len(frame) // 255) + bytes((len(frame) % 255,)) + frame]
    if form == "size-alone":
        return [b"\x00\x0d" + (len(frame) << 3).to_bytes(2) + frame]
    if form == "no-headers":
        return [b"\x00\x00" + frame]
    return aac_payloads(frame, packet_size)


def aac_attributes(loop: AudioLoop, form: str) -> tuple[str, ...]:
    """Return the lines that describe AAC in one of the forms."""
    clock, config = loop.format.rtp_clock, loop.config.hex().upper()
    if form == "latm":
        return (
            f"rtpmap:{AAC_TYPE} MP4A-LATM/{clock}/1",
            "fmtp:40 profile-level-id=15;cpresent=0;config=",
        )
    number: object = AAC_TYPE
    mode = _USUAL
    if form == "adts":
        config = "1588"  # 8 kHz, which the frames contradict
    elif form == "size-alone":
        number, mode = f" {AAC_TYPE}", "mode=AAC-hbr;sizeLength=13"
    elif form == "other-number":
        number = 40
    elif form == "no-config":
        config = ""
    return (
        f"rtpmap:{AAC_TYPE} MPEG4-GENERIC/{clock}/1",
        f"fmtp:{number} streamtype=5;profile-level-id=1;{mode};config={config}",
    )


def _adts_header(size: int, rate: int) -> bytes:
    """Return the header of an AAC-LC frame of one channel (ISO 13818-7 §6.2)."""
    length = size + 7
    return (
        0xFFF1 << 40
        | 1 << 38
        | _RATES.index(rate) << 34
        | 1 << 30
        | length << 13
        | 0x7FF << 2
    ).to_bytes(7)
