"""Recording Search: what to ask, and how to read what comes (RS §5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ..frames import TrackKind
from ..intervals import TimeRange
from ..models import Recording, RecordingStatus, Track
from .lenient import parse_bool, parse_time_ms, to_datetime
from .xml import Element, attribute, children, descendants, find, text

KEEP_ALIVE = timedelta(seconds=60)
MAX_EMPTY_ANSWERS = 10
"""So many answers in a row without a result end a search (§3.2)."""

_TRACK_KINDS = {
    "video": TrackKind.VIDEO,
    "audio": TrackKind.AUDIO,
    "metadata": TrackKind.METADATA,
}
_STATUSES = {status.lower(): status for status in RecordingStatus}
_SILENT_CAPS = frozenset(
    {10, 16, 20, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024, 1500, 2000}
)


class SearchState(StrEnum):
    """tt:SearchState."""

    QUEUED = "Queued"
    SEARCHING = "Searching"
    COMPLETED = "Completed"
    UNKNOWN = "Unknown"


class HistoryTopic(StrEnum):
    """The two topics that tell where footage begins and ends (RS §5.21)."""

    TRACK = "RecordingHistory/Track/State"
    RECORDING = "RecordingHistory/Recording/State"


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """Footage begins or ends at a time on the device's clock."""

    device_ms: int
    is_present: bool
    topic: HistoryTopic = HistoryTopic.TRACK
    is_start_state: bool = False
    track: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One answer of GetEventSearchResults; `results` counts whatever was in it."""

    state: SearchState
    events: tuple[HistoryEvent, ...]
    results: int


@dataclass(frozen=True, slots=True)
class RecordingPage:
    """One answer of GetRecordingSearchResults."""

    state: SearchState
    recordings: tuple[Recording, ...]


def find_recordings_parameters() -> Mapping[str, object]:
    """Return the parameters of FindRecordings: everything, no filter (§3.4)."""
    return {"Scope": {}, "KeepAliveTime": KEEP_ALIVE}


def find_events_parameters(token: str, window: TimeRange) -> Mapping[str, object]:
    """Return the parameters of FindEvents: one recording, empty filter, start state.

    That is the path the conformance tests check, so the one that works everywhere. Times
    go out in whole seconds, the window rounded outwards.
    """
    return {
        "StartPoint": to_datetime(window.start_ms),
        "EndPoint": to_datetime(window.end_ms + 999),
        "Scope": {"IncludedRecordings": [token]},
        "SearchFilter": {},
        "IncludeStartState": True,
        "KeepAliveTime": KEEP_ALIVE,
    }


def results_parameters(
    search_token: str, limit: int, wait_seconds: float
) -> Mapping[str, object]:
    """Return the parameters of both result calls; no MinResults, it is misunderstood."""
    return {
        "SearchToken": search_token,
        "MaxResults": limit,
        "WaitTime": timedelta(seconds=max(1, round(wait_seconds))),
    }


def read_search_token(answer: Element) -> str:
    """Read the token of a search that was started; opaque, may hold any character."""
    return text(answer, "SearchToken")


def read_state(result_list: Element | None) -> SearchState:
    """Read the state; a missing one is Unknown."""
    written = text(result_list, "SearchState").lower()
    return next(
        (state for state in SearchState if state.lower() == written),
        SearchState.UNKNOWN,
    )


def track_kind(written: str) -> TrackKind:
    """Read tt:TrackType; whatever is not known is Extended."""
    return _TRACK_KINDS.get(written.lower(), TrackKind.EXTENDED)


def _read_track(item: Element) -> Track:
    return Track(
        token=text(item, "TrackToken"),
        kind=track_kind(text(item, "TrackType")),
        device_from_ms=parse_time_ms(text(item, "DataFrom")),
        device_to_ms=parse_time_ms(text(item, "DataTo")),
        description=text(item, "Description"),
    )


def read_recording(item: Element) -> Recording:
    """Read one RecordingInformation (RS 5.3); missing ends come from the tracks."""
    tracks = tuple(_read_track(found) for found in children(item, "Track"))
    source = find(item, "Source")
    footage = [t for t in tracks if t.device_from_ms != t.device_to_ms] or tracks
    earliest = parse_time_ms(text(item, "EarliestRecording"))
    if earliest is None:
        starts = [t.device_from_ms for t in footage if t.device_from_ms is not None]
        earliest = min(starts, default=None)
    ends = [t.device_to_ms for t in footage if t.device_to_ms is not None]
    latest = parse_time_ms(text(item, "LatestRecording"))
    if latest is None:
        latest = max(ends, default=None)
    return Recording(
        token=text(item, "RecordingToken"),
        source_id=text(source, "SourceId"),
        source_name=text(source, "Name"),
        video_source_token=text(source, "VideoSourceToken"),
        status=_STATUSES.get(
            text(item, "RecordingStatus").lower(), RecordingStatus.UNKNOWN
        ),
        device_earliest_ms=earliest,
        device_latest_ms=latest,
        content=text(item, "Content"),
        tracks=tracks,
    )


def read_summary_from(answer: Element) -> int | None:
    """Read GetRecordingSummaryResponse: where the device's footage begins (its clock).

    None where it holds no recording: then the dates mean nothing.
    """
    summary = find(answer, "Summary")
    if text(summary, "NumberRecordings") == "0":
        return None
    return parse_time_ms(text(summary, "DataFrom"))


def read_recording_information(answer: Element) -> Recording | None:
    """Read GetRecordingInformationResponse; None where it holds nothing."""
    item = find(answer, "RecordingInformation")
    if item is None:
        return None
    recording = read_recording(item)
    return recording if recording.token else None


def read_recording_page(answer: Element) -> RecordingPage:
    """Read GetRecordingSearchResultsResponse."""
    result_list = find(answer, "ResultList")
    recordings = (
        read_recording(item) for item in children(result_list, "RecordingInformation")
    )
    return RecordingPage(
        read_state(result_list), tuple(item for item in recordings if item.token)
    )


def read_history_event(result: Element) -> HistoryEvent | None:
    """Read one search result; None for other topics and for unreadable ones.

    Topics are matched by their end, whatever their prefix and dialect. Recording and
    track may stand in the result or in the message's source.
    """
    topic_text = next((text(item) for item in descendants(result, "Topic")), "")
    path = "/".join(part.rpartition(":")[2] for part in topic_text.split("/"))
    topic = next((item for item in HistoryTopic if path.endswith(item)), None)
    if topic is None:
        return None
    items = {
        attribute(item, "Name").lower(): attribute(item, "Value")
        for item in descendants(result, "SimpleItem")
    }
    name = "isdatapresent" if topic is HistoryTopic.TRACK else "isrecording"
    is_present = parse_bool(items.get(name, ""))
    message = next(
        (m for m in descendants(result, "Message") if attribute(m, "UtcTime")), None
    )
    device_ms = parse_time_ms(text(result, "Time"))
    if device_ms is None:
        device_ms = parse_time_ms(attribute(message, "UtcTime"))
    if is_present is None or device_ms is None:
        return None
    return HistoryEvent(
        device_ms=device_ms,
        is_present=is_present,
        topic=topic,
        is_start_state=parse_bool(text(result, "StartStateEvent")) is True,
        track=text(result, "TrackToken") or items.get("track", ""),
        recording=text(result, "RecordingToken")
        or items.get("recordingtoken", "")
        or items.get("recording", ""),
    )


def read_event_page(answer: Element) -> EventPage:
    """Read GetEventSearchResultsResponse."""
    result_list = find(answer, "ResultList")
    results = tuple(children(result_list, "Result"))
    events = (read_history_event(item) for item in results)
    return EventPage(
        read_state(result_list),
        tuple(item for item in events if item is not None),
        len(results),
    )


def looks_capped(
    results: int, events: tuple[HistoryEvent, ...], window: TimeRange
) -> bool:
    """Return whether a device may have cut its list short without saying so.

    Where a round number of results ends well before the window does, the search is
    continued from there; a wrong suspicion costs one more search.
    """
    if results not in _SILENT_CAPS or not events:
        return False
    last_ms = max(event.device_ms for event in events)
    return last_ms < window.end_ms - window.duration_ms // 20
