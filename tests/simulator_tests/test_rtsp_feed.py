"""What follows what, without a network."""

import pytest

from tests.simulator.rtsp_feed import (
    BlockStore,
    FeedChoice,
    LiveFeed,
    ReplayFeed,
    StreamChangedError,
)
from tests.simulator.timeline import LiveSource, ManualClock, Stretch, Timeline
from tests.simulator_tests.raw_client import BASE


@pytest.fixture
def blocks(footage):
    return BlockStore(footage)


def video_times(piece):
    return [unit.time_ms - BASE for unit in piece.block.units if unit.track == 0]


def test_what_is_overwritten_before_it_was_sent_is_lost(blocks):
    clock = ManualClock(BASE + 20_000)
    timeline = Timeline(
        "R", "Door", BASE, growing_offset_ms=0, capacity_ms=10_000, audio=None
    )
    feed = ReplayFeed(timeline, clock, blocks, BASE + 10_000, None, FeedChoice())
    assert video_times(feed.next())[0] == 10_000
    clock.value_ms += 12_000
    piece = feed.next()
    assert video_times(piece)[0] == 22_000
    assert piece.after_gap_ms == 10_000


def test_a_recording_that_stops_while_it_is_played_ends(blocks):
    clock = ManualClock(BASE + 3050)
    timeline = Timeline("R", "Door", BASE, growing_offset_ms=0, audio=None)
    feed = ReplayFeed(timeline, clock, blocks, BASE, None, FeedChoice())
    pieces = [feed.next(), feed.next()]
    assert [time for piece in pieces for time in video_times(piece)] == list(
        range(0, 3000, 100)
    )
    assert feed.next() is None
    clock.value_ms = BASE + 3550
    timeline.stop_growing(clock.value_ms)
    last = feed.next()
    assert video_times(last) == [3000, 3100, 3200, 3300, 3400]
    assert last.ends_section
    assert last.ends_all
    assert feed.next() is None
    assert not feed.exhausted


def test_a_recording_that_stops_behind_the_last_frame_sent_is_silent(blocks):
    clock = ManualClock(BASE + 3050)
    timeline = Timeline("R", "Door", BASE, growing_offset_ms=0, audio=None)
    feed = ReplayFeed(timeline, clock, blocks, BASE + 2000, None, FeedChoice())
    assert video_times(feed.next())[-1] == 2900
    timeline.stop_growing(clock.value_ms)
    assert feed.next() is None


def test_a_stretch_that_lies_partly_in_the_future_grows(blocks):
    clock = ManualClock(BASE + 1050)
    timeline = Timeline("R", "Door", BASE, [Stretch(0, 5000)], audio=None)
    feed = ReplayFeed(timeline, clock, blocks, BASE, None, FeedChoice())
    times = video_times(feed.next())
    assert feed.next() is None
    for _ in range(5):
        clock.value_ms += 1000
        while (piece := feed.next()) is not None:
            times += video_times(piece)
    assert times == list(range(0, 5000, 100))
    assert piece is None


def test_a_range_that_reaches_into_the_future_waits(blocks):
    clock = ManualClock(BASE + 1050)
    timeline = Timeline("R", "Door", BASE, growing_offset_ms=0, audio=None)
    feed = ReplayFeed(timeline, clock, blocks, BASE, BASE + 1500, FeedChoice())
    assert video_times(feed.next()) == list(range(0, 1000, 100))
    clock.value_ms += 5000
    piece = feed.next()
    assert video_times(piece) == list(range(1000, 1500, 100))
    assert piece.ends_all
    assert feed.exhausted
    assert feed.next() is None


def test_a_start_in_the_future_of_a_growing_recording_waits(blocks):
    clock = ManualClock(BASE + 1000)
    timeline = Timeline("R", "Door", BASE, growing_offset_ms=0, audio=None)
    feed = ReplayFeed(timeline, clock, blocks, BASE + 4000, None, FeedChoice())
    assert feed.next() is None
    clock.value_ms = BASE + 4550
    assert video_times(feed.next()) == list(range(4000, 4500, 100))


def test_formatting_the_disk_silences_what_plays(blocks):
    timeline = Timeline("R", "Door", BASE, [Stretch(0, 6000)], audio=None)
    feed = ReplayFeed(timeline, ManualClock(BASE * 2), blocks, BASE, None, FeedChoice())
    assert feed.next() is not None
    timeline.format(BASE * 2, "NEW")
    assert feed.next() is None


def test_blocks_of_sound_alone(blocks):
    timeline = Timeline("R", "Door", BASE, [Stretch(0, 2000)])
    choice = FeedChoice(video=False)
    feed = ReplayFeed(timeline, ManualClock(BASE * 2), blocks, BASE, None, choice)
    assert {unit.track for unit in feed.next().block.units} == {1}


def test_a_live_picture_leaves_frames_out_rather_than_fall_behind(blocks):
    clock = ManualClock(BASE)
    feed = LiveFeed(LiveSource("Door", audio=None), clock, blocks, FeedChoice())
    clock.value_ms += 500
    assert video_times(feed.next()) == [0, 100, 200, 300, 400]
    clock.value_ms += 60_000
    piece = feed.next()
    assert video_times(piece)[0] == 60_000
    assert piece.after_gap_ms == 59_500


def test_a_live_picture_of_another_codec_is_another_stream(blocks):
    source = LiveSource("Door")
    feed = LiveFeed(source, ManualClock(BASE), blocks, FeedChoice())
    source.audio = "PCMU"
    with pytest.raises(StreamChangedError):
        feed.next()
