"""`rtpmap` and `fmtp` of a track, as a `TrackFormat`, one function per kind of codec."""

import base64
import binascii
from collections.abc import Mapping
import re
from typing import Final, NamedTuple

from ..aac_config import has_band_replication, plain_config, read_config
from ..frames import Codec, TrackFormat, TrackKind

_CODECS: Final = {
    "H264": Codec.H264,
    "H265": Codec.H265,
    "HEVC": Codec.H265,
    "MPEG4-GENERIC": Codec.AAC,
    "MP4A-LATM": Codec.LATM,
    "PCMU": Codec.PCMU,
    "PCMA": Codec.PCMA,
    "G722": Codec.G722,
    "OPUS": Codec.OPUS,
    "L8": Codec.L8,
    "L16": Codec.L16,
    "L24": Codec.L24,
    "JPEG": Codec.MJPEG,
    "MP4V-ES": Codec.MPEG4,
}
_STATIC: Final = {
    0: "PCMU/8000",
    2: "G726-32/8000",
    8: "PCMA/8000",
    9: "G722/8000",
    10: "L16/44100/2",
    11: "L16/44100/1",
    26: "JPEG/90000",
}
"""Payload types that need no rtpmap (RFC 3551 6); 2 is its older meaning."""
_METADATA: Final = "VND.ONVIF.METADATA"
_G726: Final = re.compile(r"(?:AAL2-)?G726-(16|24|32|40)")
_USUAL_BITS: Final = {"aac-hbr": (13, 3, 3), "aac-lbr": (6, 2, 2)}
_SET_NAMES: Final = ("sprop-vps", "sprop-sps", "sprop-pps")


class _RtpMap(NamedTuple):
    name: str
    clock_rate: int
    channels: int


def track_format(
    kind: TrackKind, payload_type: int, rtpmap: str, fmtp: str
) -> TrackFormat:
    """Return the format; codec UNKNOWN where nothing tells it. Never raises.

    The rtpmap counts, whatever range the payload type lies in (Bosch sends 35).
    """
    mapped = _read_rtpmap(rtpmap or _STATIC.get(payload_type, ""))
    name = mapped.name.upper()
    given = _read_fmtp(fmtp)
    if name == _METADATA:
        kind = TrackKind.METADATA
    codec = _CODECS.get(name, Codec.UNKNOWN)
    if codec is Codec.H265 and _number(given.get("sprop-max-don-diff", "")):
        # Its units come out of order, with numbers in front of them (RFC 7798 7.1).
        return TrackFormat(kind, Codec.UNKNOWN, 90_000, name="H265, interleaved")
    if codec in {Codec.H264, Codec.H265}:
        return TrackFormat(
            kind,
            codec,
            mapped.clock_rate or 90_000,
            parameter_sets=_parameter_sets(codec, given),
            name=mapped.name,
        )
    if codec is Codec.MPEG4:
        config = _from_hex(given.get("config", ""))
        return TrackFormat(
            kind,
            codec,
            mapped.clock_rate or 90_000,
            parameter_sets=(config,) if config else (),
            name=mapped.name,
        )
    if codec is Codec.AAC:
        return _aac(mapped, given)
    if codec is Codec.LATM:
        return _latm(mapped, given)
    if match := _G726.fullmatch(name):
        return TrackFormat(
            kind,
            Codec.G726,
            mapped.clock_rate or 8000,
            mapped.channels,
            name=mapped.name,
            bits_per_sample=int(match[1]) // 8,
        )
    default_rate = 90_000 if kind is not TrackKind.AUDIO else 8000
    return TrackFormat(
        kind,
        codec,
        mapped.clock_rate or default_rate,
        mapped.channels,
        name=mapped.name or f"payload type {payload_type}",
    )


def _read_rtpmap(text: str) -> _RtpMap:
    """Read `H264/90000` or `MPEG4-GENERIC/16000/1`."""
    name, _, rest = text.partition("/")
    rate, _, channels = rest.partition("/")
    return _RtpMap(name.strip(), _number(rate), min(_number(channels), 255) or 1)


def _read_fmtp(text: str) -> dict[str, str]:
    """Read `name=value; name=value`; names in lower case, the first of doubles counts."""
    given: dict[str, str] = {}
    for item in text.split(";"):
        name, equals, value = item.partition("=")
        if equals:
            given.setdefault(name.strip().lower(), value.strip().strip('"'))
    return given


def _number(text: str) -> int:
    match = re.match(r"\s*([0-9]{1,9})", text)
    return int(match[1]) if match else 0


def _parameter_sets(codec: Codec, given: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the NAL units of sprop-…; what is not base64 or not a set is left out."""
    if codec is Codec.H264:
        texts = given.get("sprop-parameter-sets", "").split(",")
    else:
        texts = [item for name in _SET_NAMES for item in given.get(name, "").split(",")]
    found = []
    for text in texts:
        nal = _from_base64(text)
        for code in (b"\x00\x00\x00\x01", b"\x00\x00\x01"):
            nal = nal.removeprefix(code)
        if nal and _is_parameter_set(codec, nal[0]):
            found.append(nal)
    return tuple(found)


def _is_parameter_set(codec: Codec, first: int) -> bool:
    if codec is Codec.H264:
        return first & 0x1F in {7, 8}
    return first >> 1 & 0x3F in {32, 33, 34}


def _from_base64(text: str) -> bytes:
    text = text.strip().rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error, ValueError:
        return b""


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _aac(mapped: _RtpMap, given: Mapping[str, str]) -> TrackFormat:
    """MPEG4-GENERIC (RFC 3640 4.1); a config that tells nothing is built as AAC-LC."""
    rate = mapped.clock_rate or 8000
    unit_bytes = _number(given.get("constantsize", ""))
    usual = _USUAL_BITS.get(given.get("mode", "").lower(), _USUAL_BITS["aac-hbr"])
    if unit_bytes or _number(given.get("sizelength", "")):
        usual = (0 if unit_bytes else usual[0], 0, 0)  # what is not named is not there
    bits = (
        _bits(given, "sizelength", usual[0]),
        _bits(given, "indexlength", usual[1]),
        _bits(given, "indexdeltalength", usual[2]),
    )
    config = _from_hex(given.get("config", ""))
    return TrackFormat(
        TrackKind.AUDIO,
        Codec.AAC,
        rate,
        mapped.channels,
        config=config if read_config(config) else plain_config(rate, mapped.channels),
        name=mapped.name,
        au_header_bits=bits,
        au_bytes=unit_bytes,
    )


def _bits(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, "")
    value = _number(text) if text else default
    return value if 0 <= value <= 32 and (value or name != "sizelength") else default


def _latm(mapped: _RtpMap, given: Mapping[str, str]) -> TrackFormat:
    """MP4A-LATM (RFC 6416): with the configuration out of band it is plain AAC inside.

    A configuration in the description says so too where `cpresent` is missing. Where it
    is missing or cannot be read, it is AAC-LC as the rtpmap says.
    """
    rate = mapped.clock_rate or 8000
    present = given.get("cpresent", "")
    config = _config_of_mux(_from_hex(given.get("config", "")))
    is_raw = present == "0" or bool(config and not present)
    if is_raw and not config:
        config = plain_config(rate, mapped.channels)
    return TrackFormat(
        TrackKind.AUDIO,
        Codec.AAC if is_raw else Codec.LATM,
        rate,
        mapped.channels,
        config=config if is_raw else b"",
        name=mapped.name,
    )


def _config_of_mux(mux: bytes) -> bytes:
    """Return the AudioSpecificConfig inside the simplest StreamMuxConfig, else b"".

    Simplest: version 0, one program, one layer, one frame per element; it then begins at
    bit 15. Its length is not told: four bytes hold spectral band replication, two the rest.
    """
    if len(mux) < 4:
        return b""
    value = int.from_bytes(mux[:7].ljust(7, b"\x00"))
    if value >> 41 != 0b0_1_000000_0000_000:
        return b""
    config = ((value << 15) & (1 << 56) - 1).to_bytes(7)
    config = config[:4] if has_band_replication(config) else config[:2]
    return config if read_config(config) else b""
