from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.rtsp.headers import (
    SessionHeader,
    TransportHeader,
    build_clock_range,
    build_transport,
    format_clock,
    parse_clock,
    parse_clock_range,
    parse_notice,
    parse_number,
    parse_rtp_info,
    parse_session,
    parse_tokens,
    parse_transport,
)
from custom_components.vtrack_nvr.core.rtsp.session_values import RtpInfo

MOMENT = 1_772_349_129_000
"""2026-03-01T07:12:09Z."""


@pytest.mark.parametrize(
    ("value", "session"),
    [
        ("12345678;timeout=60", SessionHeader("12345678", 60)),
        ("abc", SessionHeader("abc", None)),
        ('abc ; timeout = "30" ', SessionHeader("abc", 30)),
        ("abc;x=1;TIMEOUT=5", SessionHeader("abc", 5)),
        ("abc;timeout=0", SessionHeader("abc", None)),
        ("abc;timeout=soon", SessionHeader("abc", None)),
        ('"abc"', SessionHeader("abc", None)),
        ("", SessionHeader("", None)),
    ],
)
def test_session(value: str, session: SessionHeader) -> None:
    assert parse_session(value) == session


@pytest.mark.parametrize(
    ("value", "transport"),
    [
        (
            "RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=1A2B3C4D;mode=play",
            TransportHeader((2, 3), 0x1A2B3C4D),
        ),
        ("RTP/AVP/TCP; interleaved = 4", TransportHeader((4, 5), None)),
        ("RTP/AVP/TCP;interleaved=0-1,RTP/AVP", TransportHeader((0, 1), None)),
        ("RTP/AVP;client_port=1-2", TransportHeader(None, None, is_udp=True)),
        ("RTP/AVP/UDP;server_port=9-10", TransportHeader(None, None, is_udp=True)),
        ("RTP/AVP/TCP;server_port=9-10", TransportHeader(None, None)),
        ("RTP/AVP;interleaved=2-3;port=1", TransportHeader((2, 3), None)),
        ("x;interleaved=300-301;ssrc=zz", TransportHeader(None, None)),
        ("", TransportHeader(None, None)),
    ],
)
def test_transport(value: str, transport: TransportHeader) -> None:
    assert parse_transport(value) == transport


def test_transport_asks_for_two_channels() -> None:
    assert build_transport(2) == "RTP/AVP/TCP;unicast;interleaved=2-3"
    assert parse_transport(build_transport(2)).interleaved == (2, 3)


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("20260301T071209.000Z", MOMENT),
        ("20260301T071209Z", MOMENT),
        ("20260301T071209", MOMENT),
        (" 20260301T071209.5Z ", MOMENT + 500),
        ("20260301T071209.123456789Z", MOMENT + 123),
        ("20260301T071209.9996Z", MOMENT + 1000),
        ("20260301T071209.1234567891Z", MOMENT + 123),
        ("20261301T071209Z", None),
        ("20260301T241209Z", None),
        ("2026-03-01T07:12:09Z", None),
        ("now", None),
        ("", None),
    ],
)
def test_clock_times_keep_their_fraction(text: str, time_ms: int | None) -> None:
    assert parse_clock(text) == time_ms


@given(st.integers(0, 253_402_300_799_999))
def test_clock_times_survive_both_ways(time_ms: int) -> None:
    assert parse_clock(format_clock(time_ms)) == time_ms
    assert parse_clock(format_clock(time_ms, whole_seconds=True)) == (
        time_ms // 1000 * 1000
    )


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "whole", "value"),
    [
        (MOMENT, None, False, "clock=20260301T071209.000Z-"),
        (
            MOMENT + 7,
            MOMENT + 1001,
            False,
            "clock=20260301T071209.007Z-20260301T071210.001Z",
        ),
        (MOMENT + 7, MOMENT + 1001, True, "clock=20260301T071209Z-20260301T071211Z"),
        (MOMENT, MOMENT + 1000, True, "clock=20260301T071209Z-20260301T071210Z"),
    ],
)
def test_ranges_are_built(
    start_ms: int, end_ms: int | None, whole: bool, value: str
) -> None:
    assert build_clock_range(start_ms, end_ms, whole_seconds=whole) == value
    if not whole:
        assert parse_clock_range(value) == (start_ms, end_ms)


@pytest.mark.parametrize(
    ("value", "times"),
    [
        ("clock=20260301T071209.5Z-;time=x", (MOMENT + 500, None)),
        (" Clock = 20260301T071209Z - 20260301T071210Z", (MOMENT, MOMENT + 1000)),
        ("clock=-20260301T071209Z", (None, MOMENT)),
        ("npt=0.000-", (None, None)),
        ("", (None, None)),
    ],
)
def test_ranges_are_read(value: str, times: tuple[int | None, int | None]) -> None:
    assert parse_clock_range(value) == times


@pytest.mark.parametrize(
    ("value", "infos"),
    [
        (
            (
                "url=rtsp://h/a/trackID=0;seq=45102;rtptime=12345678,"
                "url=rtsp://h/a/trackID=1;seq=1;rtptime=4294967295"
            ),
            (
                RtpInfo("rtsp://h/a/trackID=0", 45102, 12345678),
                RtpInfo("rtsp://h/a/trackID=1", 1, 0xFFFFFFFF),
            ),
        ),
        (
            'url="rtsp://h/a?x=1;y=2,z";seq=5, URL=b;rtptime=9',
            (RtpInfo("rtsp://h/a?x=1;y=2,z", 5, None), RtpInfo("b", None, 9)),
        ),
        (
            "url=rtsp://h/a;b=1;seq=5;rtptime=4294967296",
            (RtpInfo("rtsp://h/a;b=1", 5, 0),),
        ),
        ("url=track0", (RtpInfo("track0"),)),
        ("seq=1", ()),
        ("", ()),
    ],
)
def test_rtp_info(value: str, infos: tuple[RtpInfo, ...]) -> None:
    assert parse_rtp_info(value) == infos


def test_words_numbers_and_notices() -> None:
    assert parse_tokens(" PLAY, PAUSE ,,") == {"PLAY", "PAUSE"}
    assert parse_number("-1.5") == -1.5
    assert parse_number("fast") is None
    assert parse_notice('2101 "End-of-Stream Reached"') == 2101
    assert parse_notice("end") is None


@given(st.text(max_size=200))
def test_any_value_is_survived(text: str) -> None:
    parse_session(text)
    parse_transport(text)
    parse_clock_range(f"clock={text}")
    parse_rtp_info(f"url={text}")
    parse_notice(text)
    parse_number(text)
