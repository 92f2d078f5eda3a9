from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.rtp.packet import (
    PacketDefectError,
    RtpPacket,
    parse_packet,
)
from custom_components.vtrack_nvr.core.rtp.replay_extension import ReplayStamp

from .packets import SSRC, rtp

STAMP = ReplayStamp(1_700_000_000_000_000, 0x80, 3)


@pytest.mark.parametrize("csrc", [0, 1, 15])
@pytest.mark.parametrize("padding", [0, 1, 7])
@pytest.mark.parametrize("stamp", [None, STAMP])
def test_csrc_extension_and_padding_are_taken_off(
    csrc: int, padding: int, stamp: ReplayStamp | None
) -> None:
    data = rtp(b"payload", 7, 99, marker=True, csrc=csrc, padding=padding, stamp=stamp)
    packet = parse_packet(memoryview(data))
    assert packet == RtpPacket(True, 96, 7, 99, SSRC, stamp, packet.payload)
    assert bytes(packet.payload) == b"payload"


def test_an_unknown_extension_is_skipped() -> None:
    data = rtp(b"x", 1, 1, extension=b"\xbe\xde\0\1abcd")
    packet = parse_packet(memoryview(data))
    assert packet.stamp is None
    assert bytes(packet.payload) == b"x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes is shorter"),
        (rtp(b"", 1, 1)[:11], "11 bytes is shorter"),
        (b"\x40" + rtp(b"abc", 1, 1)[1:], "version 1"),
        (rtp(b"", 1, 1, extension=b"\xab\xac"), "extension is cut off"),
        (rtp(b"", 1, 1, extension=b"\xab\xac\0\x03" + bytes(8)), "3 words is cut off"),
        (rtp(b"", 1, 1, csrc=2)[:16], "shorter than its CSRC"),
        (rtp(b"", 1, 1, padding=1)[:-1] + b"\xff", "shorter than its CSRC"),
    ],
)
def test_a_defect_is_named(data: bytes, message: str) -> None:
    with pytest.raises(PacketDefectError, match=message):
        parse_packet(memoryview(data))


@given(st.binary(max_size=64))
def test_anything_parses_or_is_a_defect(data: bytes) -> None:
    try:
        packet = parse_packet(memoryview(data))
    except PacketDefectError:
        return
    assert len(packet.payload) <= len(data) - 12
