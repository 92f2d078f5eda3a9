import struct

from hypothesis import given, strategies as st

from custom_components.vtrack_nvr.core.rtp.rtcp import (
    Goodbye,
    SenderReport,
    build_receiver_report,
    parse_rtcp,
)

REPORT = struct.pack(
    ">BBHIIIIII", 0x80, 200, 6, 0xAABB, 0xE93DFBA5, 0x80000000, 4711, 9, 1000
)
BYE = struct.pack(">BBHI", 0x81, 203, 1, 0xAABB)


def read(data: bytes) -> list[SenderReport | Goodbye]:
    return list(parse_rtcp(memoryview(data)))


def test_a_compound_of_report_and_bye_is_read() -> None:
    assert read(REPORT + BYE) == [
        SenderReport(0xAABB, 1_704_164_645_500_000, 4711),
        Goodbye((0xAABB,)),
    ]


def test_a_zero_report_has_no_time() -> None:
    data = REPORT[:8] + bytes(12) + REPORT[20:]
    assert read(data) == [SenderReport(0xAABB, None, 0)]


def test_a_bare_bye_of_four_bytes_counts() -> None:
    assert read(b"\x80\xcb\0\0") == [Goodbye(())]


def test_a_bye_that_promises_more_sources_than_it_has_is_read() -> None:
    assert read(b"\x9f\xcb\0\1\0\0\0\5") == [Goodbye((5,))]


def test_what_is_cut_or_not_rtcp_ends_the_compound() -> None:
    assert read(REPORT[:20]) == []
    assert read(BYE + b"\x00\xcb\0\0") == [Goodbye((0xAABB,))]
    assert read(b"\x80\x60\0\0") == []


def test_receiver_reports_are_the_shortest_valid_ones() -> None:
    data = build_receiver_report(0x01020304)
    assert data == bytes.fromhex("80c9000101020304")
    assert read(data) == []


@given(st.binary(max_size=100))
def test_anything_can_be_read(data: bytes) -> None:
    assert len(read(data)) <= 25
