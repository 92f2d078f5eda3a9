"""The replay header extension 0xABAC (ONVIF Streaming 6.3)."""

import struct
from typing import Final, NamedTuple

PROFILES: Final = frozenset({0xABAC, 0xABAD})
"""0xABAD is what at least one VMS sends instead (profile-g 5.4)."""

CLEAN: Final = 0x80
LAST: Final = 0x40
DISCONTINUOUS: Final = 0x20
TERMINAL: Final = 0x10

_UNIX_EPOCH = 2_208_988_800
"""1970 in seconds since 1900 (RFC 5905)."""
_ERA = 1 << 32
_WORDS = struct.Struct(">IIBB")


class ReplayStamp(NamedTuple):
    """What the extension says about an access unit.

    `time_us` is the capture time since 1970, None where both NTP words are zero. `flags`
    holds CLEAN, LAST, DISCONTINUOUS and TERMINAL. `cseq` is the low byte of the CSeq of
    the PLAY that caused the packet.
    """

    time_us: int | None
    flags: int
    cseq: int


def ntp_to_us(seconds: int, fraction: int) -> int | None:
    """Return microseconds since 1970 for an NTP time; None for the zero that means none.

    Seconds below 2^31 belong to the era that begins in 2036 (RFC 4330 3).
    """
    if not seconds and not fraction:
        return None
    if seconds < _ERA >> 1:
        seconds += _ERA
    return (seconds - _UNIX_EPOCH) * 1_000_000 + (
        (fraction * 1_000_000 + (_ERA >> 1)) >> 32
    )


def us_to_ntp(time_us: int) -> tuple[int, int]:
    """Return the NTP seconds (modulo an era) and fraction; inverse of `ntp_to_us`."""
    seconds, rest = divmod(time_us, 1_000_000)
    return (seconds + _UNIX_EPOCH) % _ERA, (rest * _ERA + 500_000) // 1_000_000


def parse_extension(
    profile: int, words: int, data: memoryview, start: int
) -> ReplayStamp | None:
    """Read the stamp from the extension whose `words` words begin at `start`.

    Returns None for any other extension or one that is too short. More than three words
    are the JPEG form: the first three mean the same, the rest is skipped.
    """
    if words < 3 or profile not in PROFILES:
        return None
    seconds, fraction, flags, cseq = _WORDS.unpack_from(data, start)
    return ReplayStamp(ntp_to_us(seconds, fraction), flags & 0xF0, cseq)


def build_extension(stamp: ReplayStamp) -> bytes:
    """Return the extension with its four-byte head; inverse of `parse_extension`."""
    seconds, fraction = (0, 0) if stamp.time_us is None else us_to_ntp(stamp.time_us)
    return struct.pack(
        ">HHIIBBxx", 0xABAC, 3, seconds, fraction, stamp.flags, stamp.cseq
    )
