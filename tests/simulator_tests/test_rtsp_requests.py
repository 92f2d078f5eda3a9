"""What the server lets pass, and what it refuses, by RFC 2326 and by switch."""

import contextlib
import re
import socket
import threading
import time

import pytest

from tests.simulator.rtsp_message import MalformedMessageError, RequestReader
from tests.simulator.rtsp_range import format_clock, parse_clock
from tests.simulator.rtsp_server import RtspServer
from tests.simulator_tests.raw_client import BASE

FIRST = format_clock(BASE)


def test_options_needs_no_login_and_names_the_methods(connect):
    answer = connect().once("OPTIONS", "*")
    assert answer.status == 200
    assert "SET_PARAMETER" in answer.headers["public"]


@pytest.mark.parametrize(
    ("offered", "start"),
    [
        (("md5",), "Digest"),
        (("sha256",), "Digest"),
        (("sha256", "md5", "basic"), "Digest"),
        (("basic", "md5"), "Basic"),
    ],
)
@pytest.mark.parametrize("qop", [True, False])
def test_the_right_password_opens_every_lock(
    connect, server, faults, offered, start, qop
):
    faults.challenges, faults.qop = offered, qop
    client = connect()
    assert client.describe("/rec").status == 200
    assert client.challenge.startswith(start)
    assert server.counters.auth_failures == 0


def test_a_wrong_password_is_refused_and_counted(connect, server):
    client = connect(password="wrong")
    assert client.describe("/rec").status == 401
    assert server.counters.auth_failures == 1


def test_all_challenges_are_offered_in_their_order(connect, faults):
    faults.challenges = ("sha256", "md5", "basic")
    answer = connect().once("DESCRIBE", "rtsp://127.0.0.1/rec")
    assert answer.status == 401
    assert [text.partition(" ")[0] for text in answer.challenges] == [
        "Digest",
        "Digest",
        "Basic",
    ]
    assert "algorithm=SHA-256" in answer.challenges[0]


def test_a_digest_made_for_another_uri_is_refused(connect, monkeypatch):
    client = connect()
    client.describe("/rec")
    right = client.authorization
    monkeypatch.setattr(client, "authorization", lambda m, u: right(m, u + "/"))
    assert client.once("DESCRIBE", client.url("/rec")).status == 401


def test_a_nonce_grows_stale_in_mid_session(connect, server, faults):
    client = connect()
    client.setup("/rec", 1)
    faults.stale_after = 0.0
    answer = client.once("GET_PARAMETER", client.url("/rec"))
    assert answer.status == 401
    assert "stale=true" in answer.challenges[0]
    faults.stale_after = 60
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200
    assert server.counters.auth_failures == 0


def test_a_nonce_count_used_twice_is_stale(connect):
    client = connect()
    client.describe("/rec")
    client.nonce_count = 0
    answer = client.once("DESCRIBE", client.url("/rec"))
    assert "stale=true" in answer.challenges[0]


def test_the_description_names_tracks_and_parameter_sets(connect):
    answer = connect().describe("/rec")
    sdp = answer.body.decode()
    assert answer.headers["content-type"] == "application/sdp"
    assert "a=x-onvif-track:VIDEO001" in sdp
    assert "a=x-onvif-track:AUDIO001" in sdp
    assert re.search(r"sprop-parameter-sets=[\w+/=]+,[\w+/=]+", sdp)
    assert re.search(r"mode=AAC-hbr.*config=1408", sdp)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("DESCRIBE", "/none", {}, 404),
        ("DESCRIBE", "/rec", {"Accept": "text/plain"}, 406),
        (
            "SETUP",
            "/rec/trackID=1",
            {"Transport": "RTP/AVP;unicast;client_port=1-2"},
            461,
        ),
        ("SETUP", "/rec/trackID=7", {"Transport": "RTP/AVP/TCP;unicast"}, 404),
        ("SETUP", "/rec", {"Transport": "RTP/AVP/TCP;unicast"}, 459),
        ("SETUP", "/rec/trackID=1", {"Require": "something"}, 551),
        ("PLAY", "/rec", {}, 454),
        ("PAUSE", "/rec", {}, 454),
        ("TEARDOWN", "/rec", {}, 454),
        ("RECORD", "/rec", {}, 501),
    ],
)
def test_what_the_specification_forbids_is_refused(
    connect, method, path, headers, status
):
    client = connect()
    assert client.ask(method, client.url(path), **headers).status == status


def test_a_single_track_of_two_cannot_be_played(connect):
    client = connect()
    client.setup("/rec", 1, 2)
    assert client.play("/rec/trackID=1").status == 460


def test_setting_up_while_playing_is_out_of_place(connect):
    client = connect()
    client.setup("/rec", 1)
    client.play("/rec")
    assert client.setup("/rec", 2)[0].status == 455


def test_a_request_without_cseq_is_bad(connect):
    client = connect()
    client.write(b"OPTIONS * RTSP/1.0\r\n\r\n")
    client.pump(2)
    assert client.answers[0].status == 400


def test_noise_ends_the_connection(connect, server):
    client = connect()
    client.write(b"what is this\r\n\r\n")
    while client.pump(2):
        pass
    assert client.ended
    assert server.counters.malformed == 1


def test_channels_are_as_wished_but_never_shared(connect):
    client = connect()
    wish = {"Transport": "RTP/AVP/TCP;unicast;interleaved=4-5"}
    first = client.ask("SETUP", client.url("/rec/trackID=1"), **wish)
    client.session = first.headers["session"].partition(";")[0]
    second = client.ask("SETUP", client.url("/rec/trackID=2"), **wish)
    assert "interleaved=4-5" in first.headers["transport"]
    assert "interleaved=6-7" in second.headers["transport"]


def test_an_idle_session_expires_and_a_sign_of_life_prevents_it(
    connect, server, faults
):
    faults.session_timeout = 0.5
    client = connect()
    client.setup("/rec", 1)
    for _ in range(4):
        time.sleep(0.2)
        client.write(b"$\x01\x00\x08" + bytes((0x80, 201, 0, 1)) + bytes(4))
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200
    time.sleep(1)
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 454
    assert server.counters.sessions_expired == 1
    assert server.sessions_open == 0


def test_sessions_are_counted(connect, server):
    clients = [connect(), connect()]
    for client in clients:
        client.setup("/rec", 1)
    assert server.sessions_open == 2
    clients[0].ask("TEARDOWN", clients[0].url("/rec"))
    assert server.sessions_open == 1
    clients[1].sock.close()
    deadline = time.monotonic() + 3
    while server.sessions_open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.sessions_open == 0
    assert server.counters.sessions_opened == 2
    assert server.counters.sessions_most == 2


def test_a_play_is_kept_with_its_headers(connect, server):
    client = connect()
    client.setup("/rec", 1)
    client.play("/rec", FIRST)
    (play,) = server.plays
    assert play.headers["range"] == f"clock={FIRST}-"
    assert play.headers["rate-control"] == "no"
    assert play.start_ms == BASE
    assert play.end_ms is None


# --- Switches ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "status"),
    [
        ({"refuse_require": True}, 551),
        ({"refuse_rate_control": 400}, 400),
        ({"refuse_rate_control": 501}, 501),
        ({"refuse_fractions": True}, 457),
        ({"refuse_closed_range": True}, 457),
        ({"forbidden": True}, 403),
        ({"status_on": {"PLAY": 503}}, 503),
    ],
)
def test_refusals_of_play(connect, faults, switch, status):
    client = connect()
    client.setup("/rec", 1)
    faults.update(switch)
    assert client.play("/rec", FIRST, format_clock(BASE + 2000)).status == status
    faults.reset()
    assert client.play("/rec", FIRST, format_clock(BASE + 2000)).status == 200


def test_whole_seconds_and_open_ranges_pass_where_others_are_refused(connect, faults):
    faults.refuse_fractions = faults.refuse_closed_range = True
    client = connect()
    client.setup("/rec", 1)
    assert client.play("/rec", FIRST.replace(".000", "")).status == 200


@pytest.mark.parametrize(
    ("switch", "method", "status"),
    [
        ({"not_found": True}, "DESCRIBE", 404),
        ({"busy": True, "busy_on_describe": True}, "DESCRIBE", 453),
        ({"busy": True}, "SETUP", 453),
        ({"max_sessions": 0, "busy_status": 503}, "SETUP", 503),
        ({"refuse_interleaved": True}, "SETUP", 461),
    ],
)
def test_refusals_before_play(connect, faults, switch, method, status):
    faults.update(switch)
    client = connect()
    if method == "DESCRIBE":
        assert client.describe("/rec").status == status
    else:
        assert client.setup("/rec", 1)[0].status == status


def test_a_limited_switch_turns_itself_off(connect, faults):
    faults.update({"busy": True, "limits": {"busy": 1}})
    client = connect()
    assert client.setup("/rec", 1)[0].status == 453
    assert client.setup("/rec", 1)[0].status == 200


def test_a_leaked_session_takes_room_until_its_timeout(connect, server, faults):
    faults.update({"leaks_sessions": True, "session_timeout": 1, "max_sessions": 1})
    first = connect()
    first.setup("/rec", 1)
    first.sock.close()
    second = connect()
    time.sleep(0.3)
    assert second.setup("/rec", 1)[0].status == 453
    deadline = time.monotonic() + 5
    while second.setup("/rec", 1)[0].status == 453:
        assert time.monotonic() < deadline


def test_sessions_forgotten_by_the_device(connect, faults):
    faults.expire_sessions_after = 0.2
    client = connect()
    client.setup("/rec", 1)
    time.sleep(0.6)
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 454


def test_get_parameter_can_be_unknown(connect, faults):
    faults.no_get_parameter = True
    client = connect()
    assert "GET_PARAMETER" not in client.once("OPTIONS", "*").headers["public"]
    client.setup("/rec", 1)
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 405


@pytest.mark.parametrize(
    ("form", "text"),
    [("plain", ";timeout=60"), ("quoted", ';timeout="60"'), ("absent", "")],
)
def test_forms_of_the_session_header(connect, faults, form, text):
    faults.timeout_form = form
    header = connect().setup("/rec", 1)[0].headers["session"]
    assert re.fullmatch(r"\d{8}" + re.escape(text), header)


def test_forms_of_the_base(connect, faults):
    client = connect()
    base = client.url("/rec")
    assert client.describe("/rec").headers["content-base"] == base + "/"
    faults.content_base = "no-slash"
    assert client.describe("/rec").headers["content-base"] == base
    faults.content_base = "location"
    assert client.describe("/rec").headers["content-location"] == base
    faults.content_base = "absent"
    assert "content-base" not in client.describe("/rec").headers
    faults.update({"content_base": "slash", "inner_host": "10.0.0.8:554"})
    faults.control = "absolute"
    answer = client.describe("/rec")
    assert answer.headers["content-base"] == "rtsp://10.0.0.8:554/rec/"
    assert "a=control:rtsp://10.0.0.8:554/rec/trackID=1" in answer.body.decode()


def test_tracks_named_behind_the_query(connect, faults, server, timeline):
    server.timelines["/play?id=7"] = timeline
    faults.control = "after-query"
    client = connect()
    answer = client.describe("/play?id=7")
    assert answer.headers["content-base"] == client.url("/play?id=7")
    assert client.setup("/play?id=7", 1)[0].status == 200
    assert client.play("/play?id=7", FIRST).status == 200
    lost = client.url("/trackID=1")
    wish = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    assert client.ask("SETUP", lost, **wish).status == 404


@pytest.mark.parametrize(
    ("switch", "raw"),
    [
        ({"no_reason_phrase": True}, rb"RTSP/1\.0 200\r\n"),
        ({"lower_case_headers": True}, rb"\r\ncseq: 1\r\n"),
        ({"no_cseq": True}, rb"^(?:(?!CSeq).)*$"),
        ({"wrong_cseq": True}, rb"CSeq: 1001"),
    ],
)
def test_odd_replies(connect, faults, switch, raw):
    faults.update(switch)
    client = connect()
    client.post("OPTIONS", "*")
    assert re.search(raw, client.sock.recv(4096), re.DOTALL)


@pytest.mark.parametrize(
    ("kind", "start"),
    [("silence", None), ("close", b""), ("html", b"HTTP/1.1 400"), ("noise", b"\0\1")],
)
def test_something_else_than_rtsp(connect, faults, kind, start):
    faults.instead_of_rtsp = kind
    client = connect()
    client.post("OPTIONS", "*")
    client.sock.settimeout(0.5)
    if start is None:
        with pytest.raises(TimeoutError):
            client.sock.recv(100)
    else:
        assert client.sock.recv(100).startswith(start)


def test_a_reply_can_take_its_time(connect, faults):
    faults.reply_delay = 0.3
    started = time.monotonic()
    connect().once("OPTIONS", "*")
    assert time.monotonic() - started >= 0.3


def test_unknown_switches_are_refused(faults):
    with pytest.raises(ValueError, match="no such switch"):
        faults.update({"drop_after_fames": 3})


def test_stopping_does_not_wait_for_silent_clients(server):
    with socket.create_connection(("127.0.0.1", server.port)):
        time.sleep(0.05)
        started = time.monotonic()
        server.stop_now()
        assert time.monotonic() - started < 20


def test_restarted_on_the_same_port(server, connect):
    port = server.port
    server.stop_now()
    server.start_now()
    assert server.port == port
    assert connect().describe("/rec").status == 200


# --- Pure parts --------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_requests_and_frames_are_read_however_they_are_cut(step):
    data = (
        b"\r\nSET_PARAMETER a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nhi"
        b"$\x01\x00\x03abcRTSP/1.0 200 OK\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n"
    )
    reader, found = RequestReader(), []
    for start in range(0, len(data), step):
        found += reader.feed(data[start : start + step])
    first, frame, last = found
    assert (first.method, first.uri, first.body) == ("SET_PARAMETER", "a", b"hi")
    assert frame == (1, b"abc")
    assert last.headers == {"cseq": "2"}


@pytest.mark.parametrize(
    "data",
    [b"x" * 70_000, b"GET / HTTP/1.1\r\n\r\n", b"A b RTSP/1.0\r\nno colon\r\n\r\n"],
)
def test_what_is_no_request(data):
    with pytest.raises(MalformedMessageError):
        RequestReader().feed(data)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("20261118T110640Z", 0),
        ("20261118T110640.5Z", 500),
        ("20261118T110640.123456789Z", 123),
        ("20261118T110640", None),
        ("20261318T110640Z", None),
        ("2026-11-18T11:06:40Z", None),
    ],
)
def test_clock_times(text, offset):
    assert parse_clock(text) == (None if offset is None else BASE + offset)


# --- Descriptions as devices write them --------------------------------------------------


def test_odd_descriptions(connect, faults):
    faults.update(
        {
            "control": "media-only",
            "track_attribute": "a:",
            "video_payload_type": 35,
            "more_media_in_sdp": True,
        }
    )
    client = connect()
    lines = client.describe("/rec").body.decode().split("\r\n")
    assert "a=control:*" not in lines
    assert "a:x-onvif-track:VIDEO001" in lines
    assert "a=rtpmap:35 H264/90000" in lines
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 26",
        "m=video 0 RTP/AVP 35",
        "m=audio 0 RTP/AVP 97",
        "m=application 0 RTP/AVP 107",
    ]
    assert client.setup("/rec", 9)[0].status == 404
    client.setup("/rec", 1)
    client.play("/rec", FIRST)
    assert {packet.payload_type for packet in client.collect()} == {35}


def test_too_many_failures_lock_everybody_out(connect, faults):
    faults.lock_after_failures = 2
    for _ in range(2):
        assert connect(password="wrong").describe("/rec").status == 401
    assert connect().describe("/rec").status == 401


def test_whoever_calls_while_it_stops_leaves_no_thread_behind(
    server: RtspServer,
) -> None:
    server.stop_now()
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                socket.create_connection((server.host, server.port), 1).close()

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(50):
            server.start_now()
            time.sleep(0.002)
            server.stop_now()
            assert "sim-rtsp" not in {thread.name for thread in threading.enumerate()}
    finally:
        ended.set()
        for caller in callers:
            caller.join()
