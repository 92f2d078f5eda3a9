"""Events fold into the segments the device really holds."""

import itertools

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.frames import TrackKind
from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.models import (
    Recording,
    RecordingStatus,
    Segment,
    Track,
)
from custom_components.vtrack_nvr.core.onvif.search import HistoryEvent, HistoryTopic
from custom_components.vtrack_nvr.core.onvif.segments import (
    JOIN_MS,
    fold_segments,
    is_growing,
    stitch,
)

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 100 * DAY
WINDOW = TimeRange(90 * DAY, 91 * DAY)
A, B = WINDOW.start_ms, WINDOW.end_ms


def recording(
    start: int | None = 80 * DAY,
    end: int | None = 95 * DAY,
    status: RecordingStatus = RecordingStatus.STOPPED,
    tracks: tuple[Track, ...] = (),
) -> Recording:
    return Recording(
        "R",
        status=status,
        device_earliest_ms=start,
        device_latest_ms=end,
        tracks=tracks,
    )


def on(at: int, **fields: object) -> HistoryEvent:
    return HistoryEvent(at, is_present=True, track="V", recording="R", **fields)


def off(at: int, **fields: object) -> HistoryEvent:
    return HistoryEvent(at, is_present=False, track="V", recording="R", **fields)


def start(present: bool) -> HistoryEvent:
    return HistoryEvent(A, present, is_start_state=True, track="V", recording="R")


def spans(
    events: list[HistoryEvent],
    rec: Recording | None = None,
    window: TimeRange = WINDOW,
    now: int = NOW,
) -> tuple[list[tuple[int, int]], bool]:
    fold = fold_segments(events, rec or recording(), window, now)
    found = [
        (
            s.device_range.start_ms - window.start_ms,
            s.device_range.end_ms - window.start_ms,
        )
        for s in fold.segments
    ]
    return found, fold.is_proven


@pytest.mark.parametrize(
    ("events", "expected", "proven"),
    [
        ([start(False)], [], True),
        ([start(True)], [(0, DAY)], True),
        ([start(False), on(A + HOUR), off(A + 2 * HOUR)], [(HOUR, 2 * HOUR)], True),
        ([start(True), off(A + HOUR)], [(0, HOUR)], True),
        ([start(True), off(A + HOUR), on(A + 2 * HOUR)],
         [(0, HOUR), (2 * HOUR, DAY)], True),
        # Repeated values, duplicates and the wrong order change nothing.
        ([start(False), on(A + HOUR), on(A + HOUR + 5000), off(A + 2 * HOUR),
          off(A + 2 * HOUR), off(A + 3 * HOUR)], [(HOUR, 2 * HOUR)], True),
        ([off(A + 2 * HOUR), on(A + HOUR), start(False)], [(HOUR, 2 * HOUR)], True),
        # No start state: the first event tells what was before.
        ([off(A + HOUR)], [(0, HOUR)], True),
        ([on(A + HOUR), off(A + 2 * HOUR)], [(HOUR, 2 * HOUR)], True),
        # Neighbours closer than two seconds are one; under a second is nothing.
        ([start(True), off(A + HOUR), on(A + HOUR + JOIN_MS)], [(0, DAY)], True),
        ([start(False), on(A + HOUR), off(A + HOUR + 900)], [], True),
        # A device that ignores the window.
        ([on(A - HOUR), off(A + HOUR), on(B + HOUR)], [(0, HOUR)], True),
        ([start(False), on(A - HOUR), off(A - 5), on(A + HOUR)], [(HOUR, DAY)], True),
        ([on(B + HOUR)], [(0, DAY)], False),
    ],
)  # fmt: skip
def test_events_of_a_closed_window(
    events: list[HistoryEvent], expected: list[tuple[int, int]], proven: bool
) -> None:
    assert spans(events) == (expected, proven)


def test_a_backward_search_has_a_start_state_at_both_ends() -> None:
    other_end = HistoryEvent(B, True, is_start_state=True, track="V", recording="R")
    assert spans([other_end, start(False), on(A + HOUR), off(A + 2 * HOUR)]) == (
        [(HOUR, 2 * HOUR)],
        True,
    )


def test_without_any_event_the_recordings_own_extent_is_assumed() -> None:
    fold = fold_segments([], recording(A + HOUR, A + 2 * HOUR), WINDOW, NOW)
    assert fold.segments == (
        Segment("R", TimeRange(A + HOUR, A + 2 * HOUR), is_assumed=True),
    )
    assert not fold.is_proven


@pytest.mark.parametrize(
    ("first", "last"),
    [(80 * DAY, 85 * DAY), (95 * DAY, 96 * DAY)],
)
def test_nothing_is_assumed_where_the_recording_claims_nothing(
    first: int, last: int
) -> None:
    assert spans([], recording(first, last)) == ([], True)


def test_a_recording_without_any_dates_may_hold_anything() -> None:
    assert spans([], recording(None, None)) == ([(0, DAY)], False)
    assert spans([start(True)], recording(None, None)) == ([(0, DAY)], False)
    assert spans([], recording(B - 500, B)) == ([], False)


@pytest.mark.parametrize(
    ("end", "status", "expected", "growing", "proven"),
    [
        # DataTo moves on with the footage.
        (NOW - 20_000, RecordingStatus.RECORDING, HOUR - 20_000, True, True),
        (NOW - 20_000, RecordingStatus.UNKNOWN, HOUR - 20_000, True, True),
        (NOW + 5_000, RecordingStatus.RECORDING, HOUR, True, True),
        # DataTo is frozen at the start of the current file.
        (NOW - 2 * HOUR, RecordingStatus.RECORDING, HOUR, True, True),
        (NOW - 2 * HOUR, RecordingStatus.UNKNOWN, HOUR, False, False),
        # It stopped without an event.
        (NOW - 30 * 60_000, RecordingStatus.STOPPED, HOUR // 2, False, True),
        (None, RecordingStatus.UNKNOWN, HOUR, True, False),
    ],
)
def test_the_open_end(
    end: int | None,
    status: RecordingStatus,
    expected: int,
    growing: bool,
    proven: bool,
) -> None:
    window = TimeRange(NOW - 3 * HOUR, NOW + HOUR)
    fold = fold_segments([on(NOW - HOUR)], recording(0, end, status), window, NOW)
    (segment,) = fold.segments
    assert segment.device_range == TimeRange(NOW - HOUR, NOW - HOUR + expected)
    assert segment.is_growing is growing
    assert fold.is_proven is proven


def test_a_state_that_was_never_taken_back_invents_no_footage() -> None:
    # The window lies after everything the recording claims.
    assert spans([start(True)], recording(80 * DAY, 85 * DAY)) == ([], False)


def test_a_window_in_the_future_holds_nothing() -> None:
    window = TimeRange(NOW + HOUR, NOW + 2 * HOUR)
    fold = fold_segments(
        [HistoryEvent(NOW + HOUR, True, is_start_state=True)],
        recording(0, NOW, RecordingStatus.RECORDING),
        window,
        NOW,
    )
    assert fold.segments == ()


def test_footage_before_the_recordings_beginning_was_overwritten() -> None:
    assert spans([start(True)], recording(A + HOUR)) == ([(HOUR, DAY)], True)
    assert spans([start(True), off(A + HOUR)], recording(A + HOUR)) == ([], True)


def test_a_beginning_after_the_end_is_not_believed() -> None:
    assert spans([start(True)], recording(95 * DAY, 94 * DAY)) == ([(0, DAY)], True)


def test_other_recordings_and_other_tracks_do_not_count() -> None:
    tracks = (Track("A", TrackKind.AUDIO), Track("V", TrackKind.VIDEO))
    events = [
        start(False),
        on(A + HOUR),
        off(A + 2 * HOUR),
        HistoryEvent(A + 5 * HOUR, True, track="V", recording="other"),
        HistoryEvent(A, True, is_start_state=True, track="A", recording="R"),
        HistoryEvent(A, True, HistoryTopic.RECORDING, True, "", "R"),
    ]
    assert spans(events, recording(tracks=tracks)) == ([(HOUR, 2 * HOUR)], True)


def test_unknown_track_names_fall_back_to_one_that_is_not_audio() -> None:
    tracks = (Track("A", TrackKind.AUDIO), Track("video", TrackKind.VIDEO))
    events = [
        HistoryEvent(A, True, is_start_state=True, track="A", recording="R"),
        start(False),
        on(A + HOUR),
        off(A + 2 * HOUR),
    ]
    assert spans(events, recording(tracks=tracks)) == ([(HOUR, 2 * HOUR)], True)
    only_audio = [HistoryEvent(A, True, is_start_state=True, track="A", recording="R")]
    assert spans(only_audio, recording(tracks=tracks)) == ([(0, DAY)], True)


def test_recording_state_alone_is_used_and_proves_nothing() -> None:
    events = [
        HistoryEvent(A, False, HistoryTopic.RECORDING, True, "", "R"),
        HistoryEvent(A + HOUR, True, HistoryTopic.RECORDING, False, "", "R"),
        HistoryEvent(A + 2 * HOUR, False, HistoryTopic.RECORDING, False, "", ""),
    ]
    assert spans(events) == ([(HOUR, 2 * HOUR)], False)


def test_the_video_tracks_own_dates_are_the_extent() -> None:
    tracks = (Track("V", TrackKind.VIDEO, A + HOUR, A + 2 * HOUR),)
    rec = Recording("R", device_earliest_ms=A, device_latest_ms=A + HOUR, tracks=tracks)
    assert spans([], rec) == ([(HOUR, 2 * HOUR)], False)


def test_growing_is_told_by_status_or_by_a_young_end() -> None:
    assert is_growing(recording(0, 5, RecordingStatus.RECORDING), NOW)
    assert is_growing(recording(0, NOW - 80_000, RecordingStatus.UNKNOWN), NOW)
    assert not is_growing(recording(0, NOW - 100_000), NOW)


def test_segments_are_stitched_over_window_borders() -> None:
    one = Segment("R", TimeRange(A, B))
    two = Segment("R", TimeRange(B, B + HOUR), is_growing=True)
    gap = Segment("R", TimeRange(B + 2 * HOUR, B + 3 * HOUR))
    guess = Segment("R", TimeRange(B + 3 * HOUR, B + 4 * HOUR), is_assumed=True)
    assert stitch([(one,), (two, gap), (guess,)]) == (
        Segment("R", TimeRange(A, B + HOUR), is_growing=True),
        gap,
        guess,
    )
    assert stitch([]) == ()


@st.composite
def timelines(draw: st.DrawFn) -> list[TimeRange]:
    """Footage of a day: at least 1 s long, at least 3 s apart, in seconds."""
    at = A // 1000 - 5_000
    found = []
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.integers(3, 20_000))
        length = draw(st.integers(1, 20_000))
        found.append(TimeRange(at * 1000, (at + length) * 1000))
        at += length
    return found


@settings(max_examples=150, deadline=None)
@given(timelines(), st.data())
def test_the_fold_returns_what_the_device_holds(
    footage: list[TimeRange], data: st.DataObject
) -> None:
    """Whatever the order, repetition and chatter, with a start state the fold is exact."""
    events = [HistoryEvent(A, any(f.contains(A) for f in footage), is_start_state=True,
                           track="V", recording="R")]  # fmt: skip
    for item in footage:
        for at, present in ((item.start_ms, True), (item.end_ms, False)):
            if A < at < B:
                events.append(on(at) if present else off(at))
    events += data.draw(st.lists(st.sampled_from(events), max_size=5))
    events.append(HistoryEvent(A + 7, True, track="V", recording="other"))
    fold = fold_segments(
        data.draw(st.permutations(events)), recording(0, NOW), WINDOW, NOW
    )
    inside = [item.intersection(WINDOW) for item in footage]
    expected = [
        item
        for item in union([item for item in inside if item], join_ms=JOIN_MS)
        if item.duration_ms >= 1000
    ]
    assert [segment.device_range for segment in fold.segments] == expected
    assert fold.is_proven


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.builds(
            HistoryEvent,
            st.integers(A - DAY, B + DAY),
            st.booleans(),
            st.sampled_from(HistoryTopic),
            st.booleans(),
            st.sampled_from(["", "V", "A"]),
            st.sampled_from(["", "R", "other"]),
        ),
        max_size=15,
    ),
    st.integers(80 * DAY, 95 * DAY) | st.none(),
    st.integers(80 * DAY, 101 * DAY) | st.none(),
    st.sampled_from(RecordingStatus),
)
def test_any_events_give_ordered_segments_inside_the_window(
    events: list[HistoryEvent],
    first: int | None,
    last: int | None,
    status: RecordingStatus,
) -> None:
    fold = fold_segments(events, recording(first, last, status), WINDOW, NOW)
    ranges = [segment.device_range for segment in fold.segments]
    assert ranges == sorted(ranges)
    for one, other in itertools.pairwise(ranges):
        assert one.end_ms + JOIN_MS < other.start_ms or one.end_ms < other.start_ms
    for item in ranges:
        assert A <= item.start_ms < item.end_ms <= B
