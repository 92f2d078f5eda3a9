"""RTCP: what we read (sender reports, BYE) and the little we send (RFC 3550 6)."""

from collections.abc import Iterator
import struct
from typing import Final, NamedTuple

from .replay_extension import ntp_to_us

_SENDER_REPORT = 200
_RECEIVER_REPORT = 201
_BYE = 203
PACKET_TYPES: Final = range(192, 224)
"""What the second byte of RTCP can be (RFC 5761 4)."""

_HEAD = struct.Struct(">BBH")
_REPORT = struct.Struct(">IIII")


class SenderReport(NamedTuple):
    """A sender's clocks at one moment; `time_us` since 1970, None where it sent zero."""

    ssrc: int
    time_us: int | None
    rtp_time: int


class Goodbye(NamedTuple):
    """A source has ended; `ssrcs` may be empty (a bare BYE means: this stream)."""

    ssrcs: tuple[int, ...]


def parse_rtcp(data: memoryview) -> Iterator[SenderReport | Goodbye]:
    """Yield what a compound packet says; stops silently where it is cut or not RTCP.

    A BYE may come alone and may be as short as four bytes (download-engine §5.1).
    """
    position = 0
    end = len(data)
    while end - position >= 4:
        first, kind, words = _HEAD.unpack_from(data, position)
        if first >> 6 != 2 or kind not in PACKET_TYPES:
            return
        stop = min(position + 4 + 4 * words, end)
        body = position + 4
        if kind == _SENDER_REPORT and stop - body >= 20:
            ssrc, seconds, fraction, rtp_time = _REPORT.unpack_from(data, body)
            yield SenderReport(ssrc, ntp_to_us(seconds, fraction), rtp_time)
        elif kind == _BYE:
            count = min(first & 0x1F, (stop - body) // 4)
            yield Goodbye(struct.unpack_from(f">{count}I", data, body))
        position = stop


def build_receiver_report(ssrc: int) -> bytes:
    """Return an empty receiver report: the cheapest sign of life (ST 5.2.2.2)."""
    return struct.pack(">BBHI", 0x80, _RECEIVER_REPORT, 1, ssrc)
