"""Replaying a recording: what is sent, and that it is exactly what was asked for."""

from itertools import pairwise

import pytest

from tests.simulator.rtsp_range import format_clock
from tests.simulator.timeline import Stretch, frame_number
from tests.simulator_tests.raw_client import BASE, access_units, decode

CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10


def clock_text(offset_ms):
    return format_clock(BASE + offset_ms)


def play(connect, start, end, tracks=(1, 2), path="/rec", **headers):
    """Return (video packets, audio packets, client) of one replay."""
    client = connect()
    assert client.describe(path).status == 200
    client.setup(path, *tracks, Require="onvif-replay")
    answer = client.play(
        path,
        clock_text(start),
        "" if end is None else clock_text(end),
        **headers,
    )
    assert answer.status == 200, answer
    packets = client.collect()
    video = [packet for packet in packets if packet.channel == 0]
    audio = [packet for packet in packets if packet.channel == 2]
    return video, audio, client


def times(first, count):
    return [
        (frame_number(BASE + first + 100 * k), BASE + first + 100 * k)
        for k in range(count)
    ]


def test_every_frame_of_the_recording_arrives_once(connect, timeline, clock):
    video, _, _ = play(connect, 0, 70_000)
    assert decode(video) == timeline.frames(clock.now_ms())


def test_the_extension_tells_the_time_burnt_into_the_picture(connect):
    video, _, _ = play(connect, 0, 6000)
    stamped = [unit[0].ntp_ms for unit in access_units(video)]
    assert stamped == [time for _, time in decode(video)]


def test_the_extension_is_on_the_first_packet_of_a_unit_only(connect, timeline):
    timeline.pad_kbps = 400
    video, _, _ = play(connect, 0, 2000)
    for unit in access_units(video):
        assert len(unit) > 1
        assert unit[0].extension_id == 0xABAC
        assert all(packet.extension is None for packet in unit[1:])
        assert [packet.marker for packet in unit] == [False] * (len(unit) - 1) + [True]


def test_playing_begins_at_the_clean_point_before_the_start(connect):
    video, _, _ = play(connect, 3500, 5000)
    assert decode(video) == times(2000, 30)
    assert video[0].flags & CLEAN


def test_in_a_gap_playing_begins_after_it(connect):
    video, _, _ = play(connect, 20_000, 67_000)
    assert decode(video) == times(66_000, 10)


def test_flags_mark_clean_points_gap_and_end(connect):
    video, audio, _ = play(connect, 0, None)
    for packets, clean in ((video, 5), (audio, None)):
        units = [unit[0] for unit in access_units(packets)]
        marked = {
            flag: [unit.ntp_ms - BASE for unit in units if unit.flags & flag]
            for flag in (CLEAN, END, DISCONTINUITY, TERMINAL)
        }
        assert len(marked[CLEAN]) == (clean or len(units))
        assert [time // 2000 for time in marked[END]] == [2, 34]
        assert [time // 2000 for time in marked[DISCONTINUITY]] == [33]
        assert [time // 2000 for time in marked[TERMINAL]] == [34]


def test_the_end_of_a_range_is_terminal_but_no_end_of_footage(connect):
    video, _, _ = play(connect, 0, 3000)
    last = access_units(video)[-1][0]
    assert last.flags & (TERMINAL | END) == TERMINAL


def test_a_growing_recording_has_no_end_and_goes_on(connect, timeline, clock):
    clock.value_ms = BASE + 101_050
    timeline.growing_offset_ms = 100_000
    video, _, client = play(connect, 100_000, None)
    assert decode(video) == times(100_000, 10)
    assert not any(packet.flags & (END | TERMINAL) for packet in video)
    clock.value_ms += 2000
    more = [packet for packet in client.collect() if packet.channel == 0]
    assert decode(video + more) == times(100_000, 30)


def test_after_the_end_of_the_footage_new_footage_follows(connect, timeline, clock):
    video, _, client = play(connect, 66_000, None)
    timeline.growing_offset_ms = 3_600_000
    clock.value_ms += 2000
    more = [packet for packet in client.collect() if packet.channel == 0]
    assert decode(video + more) == times(66_000, 40) + times(3_600_000, 20)


def test_footage_overwritten_meanwhile_is_not_sent(connect, timeline, clock):
    timeline.capacity_ms = 4000
    video, _, _ = play(connect, 0, None)
    assert decode(video) == times(66_000, 40)


def test_sound_lies_beside_the_pictures(connect):
    _, audio, _ = play(connect, 0, 6000)
    stamps = [unit[0].ntp_ms for unit in access_units(audio)]
    assert {b - a for a, b in pairwise(stamps)} == {64}
    assert BASE <= stamps[0] < BASE + 64
    assert BASE + 6000 - 64 <= stamps[-1] < BASE + 6000
    shift = {
        (packet.timestamp - packet.ntp_ms * 16) % 2**32
        for packet in audio
        if packet.extension
    }
    assert len(shift) == 1


def test_rtp_times_are_those_of_sampling(connect):
    video, _, _ = play(connect, 0, None)
    shift = {
        (packet.timestamp - packet.ntp_ms * 90) % 2**32
        for packet in video
        if packet.extension
    }
    assert len(shift) == 1
    numbers = [packet.sequence for packet in video]
    assert all((b - a) % 65536 == 1 for a, b in pairwise(numbers))


def test_sender_reports_are_zero_without_rate_control(connect):
    client = connect()
    client.setup("/rec", 1, Require="onvif-replay")
    client.play("/rec", clock_text(0), clock_text(2000))
    while client.pump(0.3):
        pass
    (report,) = client.reports()
    assert report[1] == 200
    assert report[8:20] == bytes(12)


def test_the_answer_names_the_real_start_and_the_cseq_comes_back(connect):
    client = connect()
    client.setup("/rec", 1)
    answer = client.play("/rec", clock_text(3500), clock_text(5000))
    assert answer.headers["range"] == f"clock={clock_text(2000)}-{clock_text(5000)}"
    first = client.collect()[0]
    assert first.extension[9] == client.cseq
    assert (
        f"seq={first.sequence};rtptime={first.timestamp}" in answer.headers["rtp-info"]
    )


def test_immediate_jumps_within_the_session(connect, timeline):
    timeline.stretches = [Stretch(0, 20_000)]
    timeline.pad_kbps = 20_000
    client = connect()
    client.setup("/rec", 1, Require="onvif-replay")
    client.play("/rec", clock_text(0))
    answer = client.play("/rec", clock_text(4000), clock_text(6000), Immediate="yes")
    assert answer.status == 200
    after = [
        p for p in client.collect() if p.extension and p.extension[9] == client.cseq
    ]
    assert [p.ntp_ms for p in after] == [time for _, time in times(4000, 20)]
    assert after[0].flags & DISCONTINUITY


def test_pause_holds_and_play_without_range_goes_on(connect, timeline, faults):
    timeline.stretches = [Stretch(0, 6000)]
    faults.real_time_factor = 10
    client = connect()
    client.setup("/rec", 1, Require="onvif-replay")
    client.play("/rec", clock_text(0), Rate_Control="yes")
    while len(client.frames) < 6:
        assert client.pump(5)
    assert client.ask("PAUSE", client.url("/rec")).status == 200
    video = client.collect(0.2)
    assert 0 < len(access_units(video)) < 60
    client.play("/rec")
    rest = client.collect()
    seen = {p.ntp_ms for p in video + rest if p.extension}
    assert sorted(seen) == [time for _, time in times(0, 60)]


def test_playing_backwards_is_not_offered(connect):
    client = connect()
    client.setup("/rec", 1)
    assert client.play("/rec", clock_text(0), Scale="-1.0").status == 400


def test_intra_frames_only(connect):
    video, _, _ = play(connect, 0, 6000, tracks=(1,), Frames="intra")
    assert decode(video) == [times(0, 1)[0], times(2000, 1)[0], times(4000, 1)[0]]
    video, _, _ = play(connect, 0, 6000, tracks=(1,), Frames="intra/4000")
    assert decode(video) == [times(0, 1)[0], times(4000, 1)[0]]


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_reordered_pictures_come_in_decoding_order(connect, timeline, codec):
    timeline.bframes, timeline.codec = 2, codec
    video, _, _ = play(connect, 0, 6000)
    stamps = [unit[0].ntp_ms for unit in access_units(video)]
    assert stamps != sorted(stamps)
    assert decode(video, codec) == times(0, 60)


def test_another_picture_size_brings_new_parameter_sets(connect, timeline):
    timeline.stretches = [Stretch(0, 2000), Stretch(2000, 2000, width=480, height=272)]
    video, _, _ = play(connect, 0, None, tracks=(1,))
    assert decode(video) == times(0, 40)
    assert not any(packet.flags & END for packet in video[:-2])


def test_real_time_without_rate_control_header(connect, timeline, faults):
    client = connect()
    client.setup("/rec", 1, Require="onvif-replay")
    client.ask(
        "PLAY", client.url("/rec"), Range=f"clock={clock_text(0)}-{clock_text(2000)}"
    )
    early = client.collect(at_most=0.5, quiet=0.3)
    assert 2 <= len(access_units(early)) <= 8
    faults.real_time_factor = 100
    client.sock.close()


def test_a_range_outside_the_footage_is_refused(connect):
    client = connect()
    client.setup("/rec", 1)
    assert client.play("/rec", clock_text(80_000), clock_text(90_000)).status == 457
    assert client.play("/rec", clock_text(10_000), clock_text(20_000)).status == 457
    assert client.play("/rec", clock_text(5000), clock_text(4000)).status == 457
