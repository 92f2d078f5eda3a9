"""Odd answers, URLs, keep-alives and dates: every switch does what it says."""

import time

import pytest

from tests.simulator.rtsp_range import format_clock
from tests.simulator_tests.raw_client import BASE


def opened(connect, **headers):
    """Return a client with the video set up."""
    client = connect()
    client.describe("/rec")
    client.setup("/rec", 1, Require="onvif-replay", **headers)
    return client


def played(connect, start: int = 0, end: int = 4_000):
    client = opened(connect)
    answer = client.play("/rec", format_clock(BASE + start), format_clock(BASE + end))
    assert answer.status == 200
    return client, answer


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("echo", f"clock={format_clock(BASE)}-{format_clock(BASE + 4_000)}"),
        ("npt", "npt=0.000-"),
        ("1900", "clock=19000101T000000Z-"),
        ("smpte", "smpte=0:00:00-"),
        ("absent", None),
    ],
)
def test_what_is_played_is_told_oddly(connect, faults, kind, text) -> None:
    faults.play_range = kind
    _, answer = played(connect)
    assert answer.headers.get("range") == text
    assert "rtp-info" in answer.headers


@pytest.mark.parametrize(
    ("switches", "first", "second"),
    [
        ({"extension_off_ms": 7_200_000}, 7_200_000, 7_200_100),
        ({"extension_times": "constant"}, 0, 0),
        ({"extension_times": "1900", "extension_off_ms": 0}, None, None),
    ],
)
def test_times_of_capture_are_false(connect, faults, switches, first, second) -> None:
    faults.update(switches)
    client, _ = played(connect)
    stamps = [packet.ntp_ms for packet in client.collect() if packet.extension]
    if first is None:
        assert abs(stamps[10] - stamps[0] - 1_000) <= 1
        assert stamps[0] < 0 or stamps[0] > BASE + 9 * 365 * 86_400_000
    else:
        assert [stamp - BASE for stamp in stamps[:2]] == [first, second]


def test_only_key_pictures_carry_a_time(connect, faults) -> None:
    faults.extension_on_keys = True
    client, _ = played(connect)
    stamps = [packet.ntp_ms for packet in client.collect() if packet.extension]
    assert 1 < len(stamps) <= 4


def test_live_comes_whatever_is_asked(connect, faults, server, clock) -> None:
    faults.plays_live = True
    server.live["/rec"] = server.live["/live"]
    _, answer = played(connect)
    assert "range" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("path", "/rec/"),
        ("host-port", "127.0.0.1:{port}/rec/"),
        ("scheme-twice", "rtsp://rtsp://127.0.0.1:{port}/rec/"),
        ("other-host", "rtsp://192.168.77.20/rec/"),
        ("unknown-path", "rtsp://127.0.0.1:{port}/nowhere/"),
    ],
)
def test_content_base_is_odd_and_other_urls_are_unknown(
    connect, faults, server, kind, base
) -> None:
    faults.content_base = kind
    client = connect()
    described = client.describe("/rec")
    assert described.headers["content-base"] == base.format(port=server.port)
    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
    wrong = client.ask("SETUP", client.url("/nowhere/trackID=1"), Transport=transport)
    assert wrong.status == 404


def test_unknown_urls_are_met_with_silence(connect, faults) -> None:
    client = connect()
    client.describe("/rec")
    faults.silent_404 = True
    cseq = client.post(
        "SETUP", client.url("/nowhere/trackID=1"), Transport="RTP/AVP/TCP"
    )
    client.pump(0.3)
    assert cseq not in client.answers


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("seconds", "; Timeout = 60s"),
        ("zero", ";timeout=0"),
        ("huge", ";timeout=4294967295"),
        ("negative", ";timeout=-1"),
    ],
)
def test_the_timeout_is_written_oddly(connect, faults, form, text) -> None:
    faults.timeout_form = form
    client = connect()
    client.describe("/rec")
    answers = client.setup("/rec", 1)
    assert answers[0].headers["session"].endswith(text)


def test_keep_alives_are_refused_and_ignored_while_media_flows(connect, faults) -> None:
    faults.keep_alive_status = {"GET_PARAMETER": 454, "OPTIONS": 0}
    client = opened(connect)
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200
    client.play("/rec", format_clock(BASE))
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 454
    assert client.ask("SET_PARAMETER", client.url("/rec")).status == 200
    cseq = client.post("OPTIONS", client.url("/rec"), Session=client.session)
    client.pump(0.3)
    assert cseq not in client.answers


def test_a_session_ends_whatever_is_sent_that_does_not_count(connect, faults) -> None:
    faults.update(
        {
            "session_timeout": 1,
            "keep_alive_counts": ["OPTIONS"],
            "closes_at_timeout": True,
        }
    )
    client, _ = played(connect)
    deadline = time.monotonic() + 30
    while not client.ended and time.monotonic() < deadline:
        client.post("GET_PARAMETER", client.url("/rec"))
        client.pump(0.3)
    assert client.ended


@pytest.mark.parametrize(
    ("switches", "begin"),
    [
        ({"status_line": "1.1"}, b"RTSP/1.1 200 OK\r\n"),
        ({"status_line": "http"}, b"HTTP/1.1 200 OK\r\n"),
        ({"status_line": "blanks"}, b"RTSP/1.0  200 OK\r\n"),
        ({"bare_line_feeds": True}, b"RTSP/1.0 200 OK\nCSeq: 1\n"),
        ({"cseq_behind": True}, b"RTSP/1.0 200 OK\r\nCSeq: 0\r\n"),
    ],
)
def test_answers_are_worded_oddly(connect, faults, switches, begin) -> None:
    faults.update(switches)
    client = connect()
    client.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    assert client.sock.recv(4096).startswith(begin)


def test_answers_come_twice(connect, faults) -> None:
    faults.duplicate_replies = True
    client = connect()
    client.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    said = b""
    while said.count(b"RTSP/1.0 200") < 2:
        said += client.sock.recv(4096)


def test_other_channels_are_granted(connect, faults) -> None:
    faults.channel_shift = 4
    client = connect()
    client.describe("/rec")
    assert "interleaved=4-5" in client.setup("/rec", 1)[0].headers["transport"]


@pytest.mark.parametrize("how", ["461", "answer"])
def test_only_udp_is_offered(connect, faults, how) -> None:
    faults.udp_only = how
    client = connect()
    client.describe("/rec")
    answer = client.ask(
        "SETUP",
        client.url("/rec/trackID=1"),
        Transport="RTP/AVP/TCP;unicast;interleaved=0-1",
    )
    if how == "461":
        assert answer.status == 461
    else:
        assert "server_port" in answer.headers["transport"]


def test_teardown_is_not_answered(connect, faults) -> None:
    faults.no_teardown_answer = True
    client, _ = played(connect)
    cseq = client.post("TEARDOWN", client.url("/rec"))
    client.collect(0.3, 1.0)
    assert cseq not in client.answers


def test_half_of_the_connection_is_closed_at_the_end(connect, faults) -> None:
    faults.end_of_range = "half_close"
    client, _ = played(connect)
    client.collect()
    while client.pump(5.0):
        pass
    assert client.ended


def test_the_servers_own_requests_are_of_all_kinds(connect, faults) -> None:
    faults.server_requests = True
    client, _ = played(connect, end=6_000)
    client.collect()
    methods = [request.split()[0] for request in client.server_requests]
    assert methods[:4] == [b"OPTIONS", b"GET_PARAMETER", b"ANNOUNCE", b"REDIRECT"]
