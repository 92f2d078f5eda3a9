"""Every switch does what it says, seen from the wire."""

from itertools import pairwise
import re
import time

import pytest

from tests.simulator.rtsp_range import format_clock
from tests.simulator.timeline import Stretch, frame_number
from tests.simulator_tests.raw_client import BASE, access_units, decode

CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
SIXTY_FRAMES = [(frame_number(BASE + 100 * k), BASE + 100 * k) for k in range(60)]


def start_play(connect, start=0, end=None, tracks=(1, 2), **headers):
    client = connect()
    client.describe("/rec")
    client.setup("/rec", *tracks, Require="onvif-replay")
    last = "" if end is None else format_clock(BASE + end)
    answer = client.play("/rec", format_clock(BASE + start), last, **headers)
    assert answer.status == 200
    return client


def replay(connect, start=0, end=None, tracks=(1, 2), quiet=2.0, **headers):
    """Return (video, audio, client) once nothing comes any more."""
    client = start_play(connect, start, end, tracks, **headers)
    packets = client.collect(quiet)
    video = [packet for packet in packets if packet.channel == 0]
    return video, [packet for packet in packets if packet.channel == 2], client


def stamps(packets):
    return [packet.ntp_ms - BASE for packet in packets if packet.extension]


def read_all(client, into=None):
    """Read until the end of the stream, or an error."""
    while part := client.sock.recv(65536):
        if into is not None:
            into += part


# --- How a stream breaks off -------------------------------------------------------------


def test_dropped_in_the_middle_of_a_frame(connect, faults):
    faults.drop_after_frames = 10
    video, _, client = replay(connect)
    assert client.ended
    assert 10 <= len(access_units(video)) <= 11
    assert not access_units(video)[-1][-1].marker or client.buffer


def test_reset(connect, faults):
    faults.reset_after_frames = 10
    client = start_play(connect)
    with pytest.raises(ConnectionResetError):
        read_all(client)


def test_a_drop_can_happen_once(connect, faults):
    faults.update({"drop_after_frames": 10, "limits": {"drop_after_frames": 1}})
    assert replay(connect, 0, 6000)[2].ended
    video, _, client = replay(connect, 0, 6000)
    assert decode(video) == SIXTY_FRAMES
    assert not client.ended


def test_stalled_but_answering(connect, faults):
    faults.stall_after_frames = 10
    video, _, client = replay(connect)
    assert len(access_units(video)) == 10
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200


def test_forgotten_after_frames(connect, faults):
    faults.expire_after_frames = 10
    video, _, client = replay(connect)
    assert len(access_units(video)) == 10
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 454
    assert not client.ended


def test_deaf(connect, faults):
    faults.deaf_after_frames = 10
    _, _, client = replay(connect)
    client.post("GET_PARAMETER", client.url("/rec"))
    assert not client.pump(0.4)
    assert not client.ended


def test_always_dropped_at_the_same_frame(connect, faults):
    faults.damaged_at_ms = BASE + 3000
    for start in (0, 2500):
        video, _, client = replay(connect, start)
        assert client.ended
        assert stamps(video)[-1] == 2900
    video, _, client = replay(connect, 4000, 6000)
    assert stamps(video) == list(range(4000, 6000, 100))


# --- The end of a range ------------------------------------------------------------------


def test_after_the_end_there_is_silence_and_the_session_lives(connect):
    _, _, client = replay(connect, 0, 2000)
    assert not client.ended
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200


@pytest.mark.parametrize(
    ("kind", "types"),
    [("bye_bare", [203]), ("bye", [200, 203]), ("bye_compound", [200, 202, 203])],
)
def test_kinds_of_bye(connect, faults, kind, types):
    faults.end_of_range = kind
    client = start_play(connect, 0, 2000)
    while client.pump(0.4):
        pass
    last = client.reports()[-1]
    found, position = [], 0
    while position < len(last):
        found.append(last[position + 1])
        position += 4 + 4 * int.from_bytes(last[position + 2 : position + 4])
    assert found == types
    assert position == len(last)


def test_closing_at_the_end(connect, faults):
    faults.end_of_range = "close"
    video, _, client = replay(connect, 0, 2000)
    assert client.ended
    assert decode(video) == SIXTY_FRAMES[:20]


def test_a_notice_at_the_end(connect, faults):
    faults.end_notice = 2101
    _, _, client = replay(connect, 0, 2000)
    assert b"x-notice: 2101" in client.server_requests[0]


def test_playing_past_the_end(connect, faults):
    faults.plays_past_end = True
    video, _, _ = replay(connect, 0, 2000)
    assert stamps(video)[-1] == 69_900


def test_going_over_to_live(connect, faults, clock):
    faults.live_at_end = True
    client = start_play(connect, 0, 2000)
    deadline = time.monotonic() + 5
    seen = []
    while not any(at > 10_000 for at in seen) and time.monotonic() < deadline:
        clock.value_ms += 100
        packets = client.collect(0.05, 0.1)
        seen += stamps([packet for packet in packets if packet.channel == 0])
    assert seen[:20] == list(range(0, 2000, 100))
    assert seen[20] >= 3_600_000


@pytest.mark.parametrize(("kind", "status"), [("404", 404), ("silence", 200)])
def test_a_range_without_footage(connect, faults, kind, status):
    faults.outside_range = kind
    client = connect()
    client.setup("/rec", 1)
    start, end = format_clock(BASE + 10_000), format_clock(BASE + 20_000)
    assert client.play("/rec", start, end).status == status
    assert client.collect(0.3) == []


def test_a_teardown_without_effect(connect, faults, timeline):
    faults.update({"ignore_teardown": True, "rate_limit_bytes": 40_000})
    client = start_play(connect)
    assert client.ask("TEARDOWN", client.url("/rec")).status == 200
    assert client.collect(0.5, 0.6)


# --- The extension -----------------------------------------------------------------------


def test_no_extension(connect, faults):
    faults.no_extension = True
    video, audio, _ = replay(connect, 0, 6000)
    assert not any(packet.extension for packet in video + audio)
    assert decode(video) == SIXTY_FRAMES


def test_extension_on_every_packet(connect, faults, timeline):
    faults.extension_everywhere = True
    timeline.pad_kbps = 400
    video, _, _ = replay(connect, 0, 2000)
    assert len(video) > 40
    assert all(packet.extension for packet in video)


def test_extension_of_another_name_and_length(connect, faults):
    faults.update({"extension_id": 0xABAD, "extension_extra_words": 4})
    video, _, _ = replay(connect, 0, 6000)
    assert {packet.extension_id for packet in video if packet.extension} == {0xABAD}
    assert {len(packet.extension) for packet in video if packet.extension} == {28}
    assert decode(video) == SIXTY_FRAMES


@pytest.mark.parametrize(
    ("need", "on_setup", "on_play", "sent"),
    [
        ("either", False, False, False),
        ("either", True, False, True),
        ("either", False, True, True),
        ("both", True, False, False),
        ("both", True, True, True),
        ("no", False, False, True),
    ],
)
def test_extension_only_when_required(connect, faults, need, on_setup, on_play, sent):
    faults.extension_needs_require = need
    client = connect()
    client.setup("/rec", 1, **({"Require": "onvif-replay"} if on_setup else {}))
    wish = {"Rate_Control": "no"} | ({"Require": "onvif-replay"} if on_play else {})
    client.ask("PLAY", client.url("/rec"), **wish)
    assert any(packet.extension for packet in client.collect(0.2)) == sent


def test_no_terminal_flag_at_the_end_of_a_range(connect, faults):
    faults.terminal_at_range_end = False
    video, _, _ = replay(connect, 0, 2000)
    assert not any(packet.flags & TERMINAL for packet in video)
    video, _, _ = replay(connect, 66_000)
    assert video[-1].flags & TERMINAL


def test_an_answer_to_play_without_times(connect, faults):
    faults.no_rtp_info = True
    client = connect()
    client.setup("/rec", 1)
    headers = client.play("/rec", format_clock(BASE)).headers
    assert not {"range", "rtp-info"} & set(headers)


@pytest.mark.parametrize(
    ("switch", "absent"),
    [
        ("terminal_flags", END | TERMINAL),
        ("discontinuity_flags", DISCONTINUITY),
        ("clean_flags", CLEAN),
    ],
)
def test_flags_left_out(connect, faults, switch, absent):
    setattr(faults, switch, False)
    video, _, _ = replay(connect)
    together = 0
    for packet in video:
        together |= packet.flags
    assert together == 0xF0 & ~absent


def test_the_time_of_sending_in_the_extension(connect, faults, clock):
    faults.wall_clock_ntp = True
    video, _, _ = replay(connect, 0, 2000)
    assert set(stamps(video)) == {clock.now_ms() - BASE}


def test_cseq_left_zero(connect, faults):
    faults.constant_cseq = True
    video, _, _ = replay(connect, 0, 2000)
    assert {packet.extension[9] for packet in video if packet.extension} == {0}


# --- RTP ---------------------------------------------------------------------------------


def test_rtp_times_restart_at_gaps(connect, faults):
    faults.restart_rtp_at_gaps = True
    video, _, _ = replay(connect)
    shifts = {
        (packet.timestamp - packet.ntp_ms * 90) % 2**32
        for packet in video
        if packet.extension
    }
    assert len(shifts) == 2


def test_rtp_times_wrap(connect, faults):
    faults.rtp_wraps = True
    video, _, _ = replay(connect, 0, 6000)
    times = [unit[0].timestamp for unit in access_units(video)]
    assert times[0] == 2**32 - 3 * 90_000
    assert times[29:32] == [2**32 - 9000, 0, 9000]


def test_sources_and_padding(connect, faults):
    faults.csrc_and_padding = True
    client = start_play(connect, 0, 6000)
    while client.pump(0.4):
        pass
    heads = {data[0] for channel, data in client.frames if channel == 0}
    assert all(head & 0x20 and head & 0x0F == 2 for head in heads)
    video = [packet for packet in client.collect(0.01) if packet.channel == 0]
    assert decode(video) == SIXTY_FRAMES


def test_packets_of_sixty_kilobytes(connect, faults, timeline):
    faults.packet_size = 60_000
    timeline.pad_kbps = 8000
    video, _, _ = replay(connect, 0, 6000)
    assert 50_000 < max(len(packet.payload) for packet in video) <= 60_000
    assert decode(video) == SIXTY_FRAMES


def test_sequence_holes(connect, faults, timeline):
    faults.sequence_hole_every = 25
    timeline.pad_kbps = 200
    video, _, _ = replay(connect, 0, 6000)
    numbers = [packet.sequence for packet in video]
    assert 2 in {(b - a) % 65536 for a, b in pairwise(numbers)}


def test_no_marker(connect, faults):
    faults.no_marker = True
    video, _, _ = replay(connect, 0, 6000)
    assert not any(packet.marker for packet in video)
    assert decode(video) == SIXTY_FRAMES


def test_stray_bytes_between_frames(connect, faults):
    faults.garbage_every_frames = 5
    client = start_play(connect, 0, 6000)
    data = bytearray(client.buffer)
    client.sock.settimeout(0.4)
    with pytest.raises(TimeoutError):
        read_all(client, data)
    assert data.count(b"\x00\x7fVT") >= 11


def test_frames_on_foreign_channels(connect, faults):
    faults.unknown_channel_frames = True
    client = start_play(connect, 0, 2000)
    while client.pump(0.4):
        pass
    assert 0x2A in {channel for channel, _ in client.frames}


def test_a_length_that_lies(connect, faults):
    faults.update(
        {"wrong_length_after_frames": 5, "limits": {"wrong_length_after_frames": 1}}
    )
    client = start_play(connect, 0, 2000, tracks=(1,))
    while client.pump(0.4):
        pass
    good = [data for channel, data in client.frames if channel == 0]
    assert len(good) < 20


# --- Parameter sets and sound ------------------------------------------------------------


def test_parameter_sets_in_one_place_only(connect, faults):
    faults.parameter_sets = "sdp"
    client = connect()
    assert b"sprop" in client.describe("/rec").body
    video, _, _ = replay(connect, 0, 2000)
    assert not any(packet.payload[0] & 0x1F == 24 for packet in video)
    faults.parameter_sets = "in-band"
    assert b"sprop" not in client.describe("/rec").body
    video, _, _ = replay(connect, 0, 2000)
    assert video[0].payload[0] & 0x1F == 24


def test_parameter_sets_of_the_description_fit_the_pictures(server, footage, timeline):
    for codec in ("H264", "H265"):
        timeline.codec = codec
        (first, *_) = timeline.spans(BASE + 60_000)
        for count in (1, 7, 20):
            sets = footage.gop(first.look, first.start_ms, count).parameter_sets
            assert sets == footage.gop(first.look, 1_577_836_800_000, 20).parameter_sets


def test_late_sound(connect, faults):
    faults.audio_starts_late = 1.5
    _, audio, _ = replay(connect, 0, 6000)
    assert 1500 <= stamps(audio)[0] < 1564


def test_announced_but_absent_sound(connect, faults):
    faults.audio_absent = True
    _, audio, _ = replay(connect, 0, 6000)
    assert audio == []


def test_sound_not_even_announced(connect, faults):
    faults.audio_not_in_sdp = True
    client = connect()
    assert b"m=audio" not in client.describe("/rec").body
    assert client.setup("/rec", 2)[0].status == 404


# --- Speed and replies -------------------------------------------------------------------


def test_spinning_up(connect, faults):
    faults.first_packet_delay = 0.4
    client = start_play(connect, 0, 2000)
    started = time.monotonic()
    client.pump(3)
    assert time.monotonic() - started >= 0.3


def test_limited_rate(connect, faults, timeline):
    faults.rate_limit_bytes = 200_000
    timeline.pad_kbps = 800
    started = time.monotonic()
    video, _, _ = replay(connect, 0, 2000, quiet=0.6)
    assert 0.8 < time.monotonic() - started < 20
    assert len(access_units(video)) == 20


def test_slow_start(connect, faults):
    faults.slow_start = 0.5
    started = time.monotonic()
    video, _, _ = replay(connect, 0, 2000)
    assert time.monotonic() - started > 0.5
    assert decode(video) == SIXTY_FRAMES[:20]


def test_rate_control_ignored(connect, faults):
    faults.update({"ignore_rate_control": True, "real_time_factor": 4.0})
    started = time.monotonic()
    video, _, _ = replay(connect, 0, 6000)
    assert 1.4 < time.monotonic() - started < 6
    assert decode(video) == SIXTY_FRAMES


def test_range_start_ignored(connect, faults):
    faults.ignore_range_start = True
    video, _, _ = replay(connect, 4000, 6000)
    assert stamps(video)[0] == 0


def test_no_sender_reports(connect, faults):
    faults.sender_reports = "none"
    client = start_play(connect, 0, 2000)
    while client.pump(0.4):
        pass
    assert client.reports() == []


def test_replies_stuck_behind_media(connect, faults, timeline):
    faults.update({"replies_behind_media": True, "rate_limit_bytes": 100_000})
    client = start_play(connect, 0, 6000)
    started = time.monotonic()
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200
    assert time.monotonic() - started > 1


def test_the_answer_to_play_behind_the_first_frames(connect, faults):
    faults.play_reply_after_media = True
    client = start_play(connect, 0, 6000)
    assert any(channel == 0 for channel, _ in client.frames)


def test_requests_of_the_server(connect, faults):
    faults.server_requests = True
    _, _, client = replay(connect, 0, 6000)
    assert any(re.match(rb"OPTIONS \*", text) for text in client.server_requests)
    client.write(b"RTSP/1.0 200 OK\r\nCSeq: 9001\r\n\r\n")
    assert client.ask("GET_PARAMETER", client.url("/rec")).status == 200


def test_media_stops_for_a_keep_alive_without_login(connect, faults):
    faults.update(
        {"stop_without_authorized_keep_alive": True, "rate_limit_bytes": 20_000}
    )
    client = start_play(connect)
    client.challenge = ""
    assert client.once("GET_PARAMETER", client.url("/rec")).status == 401
    client.collect(0.3)
    assert not client.pump(0.5)


def test_damaged_pictures_are_sent_broken(connect, timeline):
    timeline.damaged_numbers = frozenset({frame_number(BASE + 1000)})
    timeline.stretches = [Stretch(0, 2000)]
    damaged, _, _ = replay(connect, tracks=(1,))
    timeline.damaged_numbers = frozenset()
    whole, _, _ = replay(connect, tracks=(1,))
    differing = [
        a.ntp_ms - BASE
        for a, b in zip(damaged, whole, strict=True)
        if a.payload != b.payload
    ]
    assert differing == [1000]


def test_switches_of_one_path_only(connect, server, faults):
    server.path_faults["/rec"] = type(faults)(not_found=True)
    assert connect().describe("/rec").status == 404
    assert connect().describe("/live").status == 200
