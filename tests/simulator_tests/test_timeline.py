"""What a simulated camera holds at a time."""

from itertools import pairwise

from tests.simulator.timeline import (
    FRAME_MS,
    DeviceClock,
    LiveSource,
    ManualClock,
    Stretch,
    Timeline,
    frame_number,
)

BASE = 1_795_000_000_000
LATER = BASE + 10_000_000


def make(*stretches, **options):
    return Timeline("R", "Door", BASE, list(stretches), **options)


def relative(segments):
    return [(start - BASE, end - BASE) for start, end in segments]


def test_stretches_become_segments_oldest_first():
    timeline = make(Stretch(60_000, 5000), Stretch(0, 4000))
    assert relative(timeline.segments(LATER)) == [(0, 4000), (60_000, 65_000)]
    assert timeline.earliest_ms(LATER) == BASE
    assert timeline.latest_ms(LATER) == BASE + 65_000


def test_stretches_that_touch_are_one_segment():
    timeline = make(Stretch(0, 4000), Stretch(4000, 2000, width=480, height=272))
    assert relative(timeline.segments(LATER)) == [(0, 6000)]
    assert [span.look.width for span in timeline.spans(LATER)] == [640, 480]


def test_the_future_is_not_recorded_yet():
    timeline = make(Stretch(0, 4000), Stretch(60_000, 5000))
    assert relative(timeline.segments(BASE + 1250)) == [(0, 1200)]
    assert timeline.segments(BASE) == []
    assert timeline.earliest_ms(BASE) is None
    assert timeline.latest_ms(BASE) is None


def test_a_growing_segment_ends_now_and_holds_finished_frames():
    timeline = make(Stretch(0, 4000), growing_offset_ms=10_000)
    now = BASE + 10_550
    assert timeline.is_growing
    assert relative(timeline.segments(now)) == [(0, 4000), (10_000, 10_550)]
    frames = timeline.frames(now)
    assert [time - BASE for _, time in frames[-5:]] == [
        10_000,
        10_100,
        10_200,
        10_300,
        10_400,
    ]


def test_numbers_follow_from_time_alone():
    frames = make(Stretch(0, 1000, phase_ms=37)).frames(LATER)
    assert frames[0] == (frame_number(BASE + 37), BASE + 37)
    assert {b[0] - a[0] for a, b in pairwise(frames)} == {1}
    assert frames[1][1] - frames[0][1] == FRAME_MS


def test_the_oldest_is_overwritten_by_whole_groups():
    timeline = make(Stretch(0, 10_000), growing_offset_ms=20_000, capacity_ms=10_000)
    assert relative(timeline.segments(BASE + 23_000)) == [
        (4000, 10_000),
        (20_000, 23_000),
    ]
    assert relative(timeline.segments(BASE + 45_500)) == [(36_000, 45_500)]


def test_formatting_drops_everything_and_goes_on_recording():
    timeline = make(Stretch(0, 4000), growing_offset_ms=10_000)
    timeline.format(BASE + 20_300, "NEW")
    assert timeline.recording_token == "NEW"
    assert timeline.segments(BASE + 20_300) == []
    assert relative(timeline.segments(BASE + 22_000)) == [(21_000, 22_000)]


def test_formatting_what_is_not_recorded_leaves_nothing():
    timeline = make(Stretch(0, 4000))
    timeline.format(LATER, "NEW")
    assert timeline.segments(LATER + 60_000) == []
    assert not timeline.is_growing


def test_recording_stops_and_starts():
    timeline = make(growing_offset_ms=0)
    timeline.stop_growing(BASE + 3250)
    timeline.stop_growing(BASE + 4000)
    assert relative(timeline.segments(LATER)) == [(0, 3200)]
    timeline.start_growing(BASE + 8100)
    timeline.start_growing(BASE + 8200)
    assert relative(timeline.segments(BASE + 9500)) == [(0, 3200), (9000, 9500)]


def test_a_recording_stopped_before_its_first_frame_leaves_nothing():
    timeline = make(growing_offset_ms=5000)
    timeline.stop_growing(BASE + 4000)
    assert timeline.segments(LATER) == []


def test_tracks_name_what_there_is():
    assert make().tracks == [("VIDEO001", "Video"), ("AUDIO001", "Audio")]
    assert make(audio=None).tracks == [("VIDEO001", "Video")]


def test_live_and_recording_of_one_camera_look_the_same():
    assert LiveSource("Door").look() == make().look()


def test_clocks():
    assert ManualClock(5).now_ms() == 5
    ahead = DeviceClock(3_600_000).now_ms() - DeviceClock().now_ms()
    assert abs(ahead - 3_600_000) < 1000
