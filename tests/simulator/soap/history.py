"""What a search finds: recordings and their history, as results ready to send.

Pure: timelines, faults and the device's time in, XML out (Search 5.3, 5.21, 5.22).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..channels import Channel
from ..faults import Faults
from ..spec import Mapping
from ..timeline import Timeline
from .envelope import leaf, tag, utc_text
from .recording import recording_source

_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_ODD_DIALECT = "http://www.onvif.org/ver10/tev/topicExpresion/ConcreteSet"
FIRST_1970_MS = 195_000


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event of a recording; `topic` is a path below the topic root."""

    time_ms: int
    recording_token: str
    track_token: str
    topic: str
    item: str
    value: bool
    is_start_state: bool = False


def time_text(ms: int, faults: Faults) -> str:
    """Return a time as this device writes it; UTC with Z where it is sane."""
    if faults.whole_seconds:
        ms = ms // 1000 * 1000
    text = utc_text(ms)
    if faults.times_without_z:
        return text.removesuffix("Z")
    if faults.times_with_offset:
        return text.removesuffix("Z") + "+00:00"
    return text


def told_segments(
    timeline: Timeline, now_ms: int, faults: Faults
) -> list[tuple[int, int | None]]:
    """Return (start, end) as the device tells them; None: still growing."""
    segments = timeline.segments(now_ms)
    told: list[tuple[int, int | None]] = []
    # After the clock was set back, recording goes on where the footage ends.
    growing_from = timeline.base_ms + (timeline.growing_offset_ms or 0)
    for index, (start, end) in enumerate(segments):
        is_last = index == len(segments) - 1
        if is_last and timeline.is_growing and end > growing_from:
            told.append((start, None))
            continue
        limit = now_ms if is_last else segments[index + 1][0] - 1000
        longer = min(end + faults.lie_about_lengths_ms, limit)
        told.append((start, max(end, longer)))
    return told


def recording_information(
    channel: Channel, mapping: Mapping, now_ms: int, faults: Faults
) -> str:
    """Return the content of tt:RecordingInformation (RS 5.3)."""
    timeline = channel.timeline
    assert timeline is not None
    segments = timeline.segments(now_ms)
    earliest = segments[0][0] if segments else now_ms
    latest = segments[-1][1] if segments else now_ms
    if segments and faults.frozen_data_to:
        latest = segments[-1][0]
    if segments and not timeline.is_growing:
        latest += faults.lie_about_lengths_ms
    if faults.dates_1970:
        earliest = FIRST_1970_MS
    latest += faults.future_latest_ms
    status = "Recording" if timeline.is_growing else "Stopped"
    tracks = [
        tag(
            "tt:Track",
            leaf("tt:TrackToken", token),
            leaf("tt:TrackType", kind),
            leaf("tt:Description", ""),
            leaf("tt:DataFrom", time_text(earliest, faults)),
            leaf("tt:DataTo", time_text(latest, faults)),
        )
        for token, kind in timeline.tracks
    ]
    has_data = bool(segments)
    return "".join(
        (
            leaf("tt:RecordingToken", timeline.recording_token),
            tag("tt:Source", recording_source(channel, mapping)),
            leaf("tt:EarliestRecording", time_text(earliest, faults))
            if has_data and not faults.no_earliest
            else "",
            leaf("tt:LatestRecording", time_text(latest, faults))
            if has_data and not faults.no_latest
            else "",
            leaf("tt:Content", "Recorded on the device"),
            "" if faults.no_tracks else "".join(tracks),
            leaf("tt:RecordingStatus", "Unknown" if faults.no_status else status),
        )
    )


def history(
    channel: Channel,
    window: tuple[int, int],
    now_ms: int,
    faults: Faults,
    *,
    has_start_state: bool,
) -> list[HistoryEvent]:
    """Return a recording's events in a window (both ends included), ascending."""
    timeline = channel.timeline
    assert timeline is not None
    segments = told_segments(timeline, now_ms, faults)
    sources = _event_sources(timeline, faults)
    events: list[HistoryEvent] = []
    for source in sources:
        for start, end in segments:
            events += _edges(source, start, end, now_ms, faults)
    first, last = window
    if not faults.ignore_window:
        events = [event for event in events if first <= event.time_ms <= last]
    if has_start_state and not faults.no_start_state:
        events += [
            replace(
                source,
                time_ms=first,
                value=any(s <= first and (e is None or first < e) for s, e in segments),
                is_start_state=True,
            )
            for source in sources
        ]
    events.sort(key=lambda event: (event.time_ms, not event.is_start_state))
    return events


def _event_sources(timeline: Timeline, faults: Faults) -> list[HistoryEvent]:
    token = timeline.recording_token
    sources = []
    if not faults.no_recording_state:
        sources.append(
            HistoryEvent(
                0,
                token,
                "",
                "RecordingHistory/Recording/State",
                "IsRecording",
                value=False,
            )
        )
    if not faults.only_recording_state:
        sources += [
            HistoryEvent(
                0,
                token,
                track,
                "RecordingHistory/Track/State",
                "IsDataPresent",
                value=False,
            )
            for track, _ in timeline.tracks
        ]
    return sources


def _edges(
    source: HistoryEvent, start: int, end: int | None, now_ms: int, faults: Faults
) -> Iterable[HistoryEvent]:
    borders = []
    if faults.file_minutes:
        step = round(faults.file_minutes * 60_000)
        stop = now_ms if end is None else end
        borders = list(range((start // step + 1) * step, stop, step))
    yield replace(source, time_ms=start, value=True)
    if faults.repeated_values and end is not None:
        yield replace(source, time_ms=(start + end) // 2, value=True)
    for border in borders:
        yield replace(source, time_ms=border, value=False)
        yield replace(source, time_ms=border, value=True)
    if end is not None:
        yield replace(source, time_ms=end, value=False)


def unrelated(window: tuple[int, int], channel: Channel) -> list[HistoryEvent]:
    """Return events nobody asked for, inside the window."""
    assert channel.timeline is not None
    token = channel.timeline.recording_token
    first, last = window
    middle = (first + last) // 2
    return [
        HistoryEvent(middle, token, "", "VideoSource/MotionAlarm", "State", value=True),
        HistoryEvent(
            middle + 1000,
            token,
            "",
            "RuleEngine/TamperDetector/Tamper",
            "IsTamper",
            value=False,
        ),
    ]


def never_result(event: HistoryEvent, faults: Faults) -> str:
    """Return a result like the event's at a time that never was."""
    good = time_text(event.time_ms, faults)
    return event_result(event, faults).replace(good, "0000-00-00T00:00:00Z")


def event_result(event: HistoryEvent, faults: Faults, *, is_odd: bool = False) -> str:
    """Return the content of tt:Result (RS 5.22).

    `is_odd` writes the right time in a way no calendar knows: 01:30 as 00:90.
    """
    stamp = time_text(event.time_ms, faults)
    if is_odd and (hour := int(stamp[11:13])):
        stamp = f"{stamp[:11]}{hour - 1:02d}:{int(stamp[14:16]) + 60}{stamp[16:]}"
    operation = (
        "Initialized"
        if event.is_start_state and not faults.start_state_changed
        else "Changed"
    )
    has_track = bool(event.track_token)
    source = [
        tag("tt:SimpleItem", Name="RecordingToken", Value=event.recording_token),
        tag("tt:SimpleItem", Name="Track", Value=event.track_token)
        if has_track and not faults.source_item_missing
        else "",
    ]
    message = tag(
        "tt:Message",
        tag("tt:Source", source),
        tag("tt:Data", tag("tt:SimpleItem", Name=event.item, Value=event.value)),
        UtcTime=stamp,
        PropertyOperation=operation,
    )
    prefix = faults.topic_prefix
    declared = {}
    if prefix != "tns1":
        declared[f"xmlns:{prefix}"] = f"http://vendor.example/topics/{prefix}"
    topic = leaf(
        "wsnt:Topic",
        f"{prefix}:{event.topic}",
        Dialect=_ODD_DIALECT if faults.odd_dialect else _DIALECT,
        **declared,
    )
    track_token = "" if faults.track_token_empty else event.track_token
    return "".join(
        (
            leaf("tt:RecordingToken", event.recording_token),
            leaf("tt:TrackToken", track_token),
            leaf("tt:Time", stamp),
            tag("tt:Event", topic, tag("wsnt:Message", message)),
            leaf("tt:StartStateEvent", event.is_start_state),
        )
    )
