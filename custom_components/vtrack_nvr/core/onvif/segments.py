"""Folds "footage begins" and "footage ends" into contiguous segments (§3.7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..frames import TrackKind
from ..intervals import TimeRange, union
from ..models import Recording, RecordingStatus, Segment
from .search import HistoryEvent, HistoryTopic

JOIN_MS = 2_000
"""Neighbours closer than this are one segment; downloading shows the truth."""
SHORTEST_MS = 1_000
CONTRADICTION_MS = 10_000
"""Recordings may say that they end this much after the last end that is listed."""
FEW_EVENTS = 3
"""A beginning and its start state are what a list of one open stretch holds."""
GROWING_MS = 90_000
"""A recording whose end is younger than this is still being written (§3.3)."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Segments of one window; `is_proven` says that nothing in it was guessed."""

    segments: tuple[Segment, ...]
    is_proven: bool


@dataclass(frozen=True, slots=True)
class _Extent:
    """What the recording says of itself: [from, to) on the device's clock, or None."""

    from_ms: int | None
    to_ms: int | None
    is_growing: bool

    def claims(self, window: TimeRange) -> bool:
        """Return whether footage may lie in the window by the recording's own word."""
        if self.from_ms is not None and self.from_ms >= window.end_ms:
            return False
        return self.to_ms is None or self.is_growing or self.to_ms > window.start_ms


def _extent(recording: Recording, device_now_ms: int) -> _Extent:
    videos = [track for track in recording.tracks if track.kind is TrackKind.VIDEO]
    starts = [t.device_from_ms for t in videos if t.device_from_ms is not None]
    ends = [t.device_to_ms for t in videos if t.device_to_ms is not None]
    from_ms = min(starts, default=recording.device_earliest_ms)
    to_ms = max(ends, default=recording.device_latest_ms)
    if recording.device_latest_ms is not None and to_ms is not None:
        to_ms = max(to_ms, recording.device_latest_ms)
    if from_ms is not None and to_ms is not None and from_ms > to_ms:
        from_ms = None
    is_growing = recording.status is RecordingStatus.RECORDING or (
        to_ms is not None and to_ms >= device_now_ms - GROWING_MS
    )
    return _Extent(from_ms, to_ms, is_growing)


def is_growing(recording: Recording, device_now_ms: int) -> bool:
    """Return whether a recording is still being written."""
    return _extent(recording, device_now_ms).is_growing


def _chosen(
    events: Iterable[HistoryEvent], recording: Recording
) -> tuple[HistoryEvent, ...]:
    """Return the events that tell of this recording's video: one topic, one track."""
    own = [e for e in events if e.recording in {recording.token, ""}]
    tracks = [e for e in own if e.topic is HistoryTopic.TRACK]
    if not tracks:
        return tuple(e for e in own if e.topic is HistoryTopic.RECORDING)
    present = {event.track for event in tracks}
    videos = [t.token for t in recording.tracks if t.kind is TrackKind.VIDEO]
    token = next((t for t in videos if t in present), None)
    if token is None:
        others = {t.token for t in recording.tracks if t.kind is not TrackKind.VIDEO}
        token = next((e.track for e in tracks if e.track not in others), None)
    if token is None:
        token = tracks[0].track
    return tuple(event for event in tracks if event.track == token)


def fold_segments(
    events: Sequence[HistoryEvent],
    recording: Recording,
    window: TimeRange,
    device_now_ms: int,
) -> Fold:
    """Return the stretches of `window` in which the device holds footage.

    Pure; events may be of any recording, track and order, repeated, and outside of the
    window. The end of what is still being written is `device_now_ms` or what the
    recording says, whichever is earlier; its segment is growing. The settling of fresh
    footage is the planner's business. Without any event the recording's own extent is
    returned as assumed.
    """
    extent = _extent(recording, device_now_ms)
    chosen = sorted(
        set(_chosen(events, recording)),
        key=lambda e: (e.device_ms, not e.is_start_state, e.is_present),
    )
    if not chosen:
        return _assumed(recording, extent, window, device_now_ms)
    start_states = [e for e in chosen if e.is_start_state]
    real = [e for e in chosen if not e.is_start_state and e.device_ms < window.end_ms]
    if start_states:
        # What is older than the start state is already in it.
        real = [e for e in real if e.device_ms >= window.start_ms]
    elif not real:
        return _assumed(recording, extent, window, device_now_ms)
    # "Recording is switched on" is no proof that there is footage.
    is_proven = chosen[0].topic is HistoryTopic.TRACK
    # Backward searches invent a start state at the other end, too: the earliest counts.
    open_ms = window.start_ms if start_states and start_states[0].is_present else None
    was_told = open_ms is None
    is_unknown = not start_states and extent.claims(
        TimeRange(window.start_ms, window.start_ms + 1)
    )
    found: list[TimeRange] = []
    for event in real:
        moment_ms = max(event.device_ms, window.start_ms)
        if event.is_present:
            if open_ms is None:
                open_ms, was_told = moment_ms, True
        elif open_ms is not None:
            found.append(TimeRange(open_ms, max(open_ms, moment_ms)))
            open_ms = None
        elif is_unknown:
            # The first thing told is an end: it was there before.
            found.append(TimeRange(window.start_ms, moment_ms))
        is_unknown = False
    tail: TimeRange | None = None
    is_tail_growing = False
    if open_ms is not None:
        tail, is_tail_growing, is_sure = _tail(
            open_ms, extent, window, device_now_ms, was_told=was_told
        )
        is_proven = is_proven and is_sure
    ranges = union([*found, tail] if tail else found, join_ms=JOIN_MS)
    return Fold(
        _segments(
            recording,
            ranges,
            extent,
            growing_end_ms=tail.end_ms if tail and is_tail_growing else None,
        ),
        is_proven,
    )


def claims_more(
    events: Sequence[HistoryEvent],
    recording: Recording,
    window: TimeRange,
    device_now_ms: int,
) -> bool:
    """Return whether a list may have been cut short, by the recording's own word. Pure.

    Either it ends with an end and the recording says that its footage ends later inside
    the window, or it breaks off long before the end of what it leaves open: after several
    stretches, or where the other topic already told of the end.
    """
    to_ms = _extent(recording, device_now_ms).to_ms
    chosen = sorted(
        (e for e in _chosen(events, recording) if e.device_ms < window.end_ms),
        key=lambda e: (e.device_ms, not e.is_start_state, e.is_present),
    )
    if not chosen or to_ms is None:
        return False
    last = chosen[-1]
    if not last.is_present:
        return last.device_ms + CONTRADICTION_MS < to_ms <= window.end_ms
    limit_ms = min(to_ms, window.end_ms, device_now_ms)
    is_long = limit_ms - last.device_ms > window.duration_ms // 20
    return is_long and (len(chosen) >= FEW_EVENTS or _is_ended(events, recording, last))


def _is_ended(
    events: Iterable[HistoryEvent], recording: Recording, last: HistoryEvent
) -> bool:
    """Return whether the newest event of the other topic ends what `last` began."""
    others = [
        event
        for event in events
        if event.recording in {recording.token, ""} and event.topic is not last.topic
    ]
    newest = max(others, key=lambda e: (e.device_ms, e.is_present), default=last)
    return not newest.is_present and newest.device_ms > last.device_ms


def _tail(
    open_ms: int,
    extent: _Extent,
    window: TimeRange,
    device_now_ms: int,
    *,
    was_told: bool,
) -> tuple[TimeRange | None, bool, bool]:
    """Return the stretch no event has ended, whether it grows, and whether it is sure.

    `was_told`: an event in the window began it, not only the state at its start.
    """
    limit_ms = min(window.end_ms, device_now_ms)
    if limit_ms <= open_ms:
        return None, False, True
    if extent.to_ms is None:
        return TimeRange(open_ms, limit_ms), limit_ms == device_now_ms, False
    if extent.to_ms >= limit_ms:
        is_open_end = extent.is_growing and limit_ms in {device_now_ms, extent.to_ms}
        return TimeRange(open_ms, limit_ms), is_open_end, True
    if extent.to_ms > open_ms:
        return TimeRange(open_ms, extent.to_ms), extent.is_growing, True
    # The end it claims lies before this beginning: frozen at the start of the current
    # file where it grows, a contradiction otherwise.
    if extent.is_growing or was_told:
        return TimeRange(open_ms, limit_ms), extent.is_growing, extent.is_growing
    return None, False, False


def _assumed(
    recording: Recording, extent: _Extent, window: TimeRange, device_now_ms: int
) -> Fold:
    if not extent.claims(window):
        return Fold((), is_proven=True)
    limit_ms = min(window.end_ms, device_now_ms)
    to_ms = limit_ms if extent.to_ms is None else min(extent.to_ms, limit_ms)
    from_ms = max(window.start_ms, extent.from_ms or window.start_ms)
    if to_ms - from_ms < SHORTEST_MS:
        return Fold((), is_proven=False)
    return Fold(
        (
            Segment(
                recording.token,
                TimeRange(from_ms, to_ms),
                is_growing=extent.is_growing and to_ms == (extent.to_ms or to_ms),
                is_assumed=True,
            ),
        ),
        is_proven=False,
    )


def _segments(
    recording: Recording,
    ranges: Iterable[TimeRange],
    extent: _Extent,
    *,
    growing_end_ms: int | None,
) -> tuple[Segment, ...]:
    segments = []
    for item in ranges:
        # What lies before the recording's beginning was overwritten meanwhile.
        start_ms = max(item.start_ms, extent.from_ms or item.start_ms)
        is_end = item.end_ms == growing_end_ms
        if item.end_ms - start_ms < SHORTEST_MS and not is_end:
            continue
        if item.end_ms <= start_ms:
            continue
        segments.append(
            Segment(
                recording.token, TimeRange(start_ms, item.end_ms), is_growing=is_end
            )
        )
    return tuple(segments)


def stitch(listings: Iterable[Sequence[Segment]]) -> tuple[Segment, ...]:
    """Join segments of neighbouring windows where they touch at the border."""
    joined: list[Segment] = []
    for segment in (item for listing in listings for item in listing):
        last = joined[-1] if joined else None
        if (
            last
            and last.recording_token == segment.recording_token
            and last.is_assumed == segment.is_assumed
            and segment.device_range.start_ms <= last.device_range.end_ms + JOIN_MS
        ):
            joined[-1] = Segment(
                last.recording_token,
                TimeRange(
                    last.device_range.start_ms,
                    max(last.device_range.end_ms, segment.device_range.end_ms),
                ),
                is_growing=segment.is_growing,
                is_assumed=last.is_assumed,
            )
        else:
            joined.append(segment)
    return tuple(joined)
