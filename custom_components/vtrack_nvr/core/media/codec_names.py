"""What browsers call a codec: the `codecs` parameter of a media type (RFC 6381, 14496-15 E).

Pure: made of what a file's sample entries say.
"""

from collections.abc import Iterable

from .movie import MovieTrack

_AVC = frozenset({"avc1", "avc3"})
_HEVC = frozenset({"hvc1", "hev1"})
_ESCAPED = 31
"""An audio object type that says that six more bits follow (14496-3 1.6.2.1)."""


def codec_name(track: MovieTrack) -> str:
    """Return a track's name, "" where its sample entry says too little."""
    entry = track.entry.decode("ascii", "replace")
    config = track.config
    if entry in _AVC:
        return f"{entry}.{config[1:4].hex()}" if len(config) >= 4 else ""
    if entry in _HEVC:
        return _hevc_name(entry, config) if len(config) >= 13 else ""
    if entry == "mp4v":
        return f"mp4v.{track.object_type:02X}"
    if entry == "mp4a":
        return _sound_name(track.object_type, config)
    return ""


def joined_names(names: Iterable[str]) -> str:
    """Return the parameter's value: each name once, empty ones left out."""
    return ",".join(dict.fromkeys(name for name in names if name))


def _hevc_name(entry: str, config: bytes) -> str:
    """Read the profile, tier and level of an hvcC record (14496-15 8.3.3.1)."""
    space = ("", "A", "B", "C")[config[1] >> 6]
    tier = "H" if config[1] & 0x20 else "L"
    profile = config[1] & 0x1F
    flags = int.from_bytes(config[2:6])
    reversed_flags = int(f"{flags:032b}"[::-1], 2)
    constraints = config[6:12].rstrip(b"\0")
    return ".".join(
        [
            entry,
            f"{space}{profile}",
            f"{reversed_flags:X}",
            f"{tier}{config[12]}",
            *(f"{byte:X}" for byte in constraints),
        ]
    )


def _sound_name(object_type: int, config: bytes) -> str:
    if object_type != 0x40 or not config:
        return f"mp4a.{object_type:02x}" if object_type else ""
    kind = config[0] >> 3
    if kind == _ESCAPED:
        if len(config) < 2:
            return ""
        kind = 32 + (int.from_bytes(config[:2]) >> 5 & 0x3F)
    return f"mp4a.40.{kind}"
