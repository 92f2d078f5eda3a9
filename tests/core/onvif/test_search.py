"""Search requests and answers, odd ones included."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.vtrack_nvr.core.frames import TrackKind
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import Recording, RecordingStatus, Track
from custom_components.vtrack_nvr.core.onvif.lenient import parse_time_ms
from custom_components.vtrack_nvr.core.onvif.recording import (
    read_compatible_sources,
    read_configured_recordings,
    read_jobs,
)
from custom_components.vtrack_nvr.core.onvif.search import (
    HistoryEvent,
    HistoryTopic,
    SearchState,
    find_events_parameters,
    looks_capped,
    read_event_page,
    read_history_event,
    read_recording_information,
    read_recording_page,
    read_search_token,
    read_summary_from,
    results_parameters,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def result(
    topic: str = "tns1:RecordingHistory/Track/State",
    time: str = "2026-03-01T07:12:09Z",
    data: str = '<SimpleItem Name="IsDataPresent" Value="true"/>',
    source: str = '<SimpleItem Name="RecordingToken" Value="R"/>'
    '<SimpleItem Name="Track" Value="V"/>',
    head: str = "<RecordingToken>R</RecordingToken><TrackToken>V</TrackToken>",
    start: str = "false",
    utc: str = "2026-03-01T07:12:09Z",
) -> bytes:
    return (
        f"<Result>{head}<Time>{time}</Time><Event><Topic>{topic}</Topic>"
        f'<Message><Message UtcTime="{utc}"><Source>{source}</Source>'
        f"<Data>{data}</Data></Message></Message></Event>"
        f"<StartStateEvent>{start}</StartStateEvent></Result>"
    ).encode()


NORMAL = HistoryEvent(
    parse_time_ms("2026-03-01T07:12:09Z") or 0,
    is_present=True,
    track="V",
    recording="R",
)


@pytest.mark.parametrize(
    "xml",
    [
        result(),
        result("odd:RecordingHistory/Track/State"),
        result("RecordingHistory/Track/State"),
        result("a:b/tns1:RecordingHistory/tns1:Track/tns1:State"),
        result(head=""),
        result(source="", head="<RecordingToken>R</RecordingToken><TrackToken>V</TrackToken>"),
        result(source='<SimpleItem Name="Recording" Value="R"/>'
                      '<SimpleItem Name="Track" Value="V"/>', head=""),
        result(data='<SimpleItem name="isDataPresent" value="TRUE"/>'),
        result(time=""),
        result(time="0000-00-00T00:00:00Z"),
        result(start=""),
    ],
)  # fmt: skip
def test_an_event_is_read_however_it_is_spelt(xml: bytes) -> None:
    assert read_history_event(parse_xml(xml)) == NORMAL


def test_recording_state_and_start_state() -> None:
    found = read_history_event(
        parse_xml(
            result(
                "tns1:RecordingHistory/Recording/State",
                data='<SimpleItem Name="IsRecording" Value="0"/>',
                start="1",
            )
        )
    )
    assert found is not None
    assert found.topic is HistoryTopic.RECORDING
    assert not found.is_present
    assert found.is_start_state


@pytest.mark.parametrize(
    "xml",
    [
        result("tns1:VideoSource/MotionAlarm"),
        result("tns1:RecordingHistory/Track/VideoParameters"),
        result(data=""),
        result(time="", utc=""),
        b"<Result/>",
    ],
)
def test_other_events_are_left_out(xml: bytes) -> None:
    assert read_history_event(parse_xml(xml)) is None


def test_an_event_page_counts_every_result() -> None:
    page = read_event_page(
        parse_xml(
            b"<R><ResultList><SearchState>completed</SearchState>"
            + result()
            + result("tns1:Other")
            + b"</ResultList></R>"
        )
    )
    assert (page.state, page.results) == (SearchState.COMPLETED, 2)
    assert page.events == (NORMAL,)
    empty = read_event_page(parse_xml(b"<R/>"))
    assert (empty.state, empty.results) == (SearchState.UNKNOWN, 0)


def test_a_recording_with_everything() -> None:
    answer = parse_xml(
        b"""<R><RecordingInformation><RecordingToken>R1</RecordingToken>
        <Source><SourceId>S</SourceId><Name>Hall</Name><VideoSourceToken>V1
        </VideoSourceToken></Source><EarliestRecording>2026-03-01T00:00:00Z
        </EarliestRecording><LatestRecording>2026-03-02T00:00:00Z</LatestRecording>
        <Content>c</Content><Track><TrackToken>T1</TrackToken><TrackType>Video</TrackType>
        <DataFrom>2026-03-01T00:00:00Z</DataFrom><DataTo>2026-03-02T00:00:00Z</DataTo>
        </Track><Track><TrackToken>T2</TrackToken><TrackType>Odd</TrackType></Track>
        <RecordingStatus>recording</RecordingStatus></RecordingInformation></R>"""
    )
    found = read_recording_information(answer)
    assert found is not None
    assert (found.source_id, found.source_name, found.video_source_token) == (
        "S",
        "Hall",
        "V1",
    )
    assert found.status is RecordingStatus.RECORDING
    assert [t.kind for t in found.tracks] == [TrackKind.VIDEO, TrackKind.EXTENDED]
    assert found.device_earliest_ms == parse_time_ms("2026-03-01T00:00:00Z")


def test_missing_ends_come_from_tracks_that_hold_something() -> None:
    def track(start: str, end: str) -> str:
        return f"<Track><DataFrom>{start}</DataFrom><DataTo>{end}</DataTo></Track>"

    answer = parse_xml(
        (
            "<R><RecordingInformation><RecordingToken>R</RecordingToken>"
            + track("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z")
            + track("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
            + track("2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z")
            + "</RecordingInformation></R>"
        ).encode()
    )
    found = read_recording_information(answer)
    assert found is not None
    assert found.device_earliest_ms == parse_time_ms("2026-03-01T00:00:00Z")
    assert found.device_latest_ms == parse_time_ms("2026-03-02T01:00:00Z")
    assert found.status is RecordingStatus.UNKNOWN


@pytest.mark.parametrize(
    ("number", "date", "expected_ms"),
    [
        ("2", "2026-03-01T00:00:00Z", 1_772_323_200_000),
        ("2", "1970-01-01T00:03:15Z", 195_000),
        ("0", "2026-03-01T00:00:00Z", None),
        ("2", "yesterday", None),
    ],
)
def test_a_summary_tells_where_all_footage_begins(
    number: str, date: str, expected_ms: int | None
) -> None:
    answer = parse_xml(
        f"<R><Summary><DataFrom>{date}</DataFrom><DataUntil>{date}</DataUntil>"
        f"<NumberRecordings>{number}</NumberRecordings></Summary></R>".encode()
    )
    assert read_summary_from(answer) == expected_ms


def test_a_recording_page_leaves_out_what_has_no_token() -> None:
    page = read_recording_page(
        parse_xml(
            b"<R><ResultList><SearchState>Searching</SearchState><RecordingInformation/>"
            b"<RecordingInformation><RecordingToken>R</RecordingToken>"
            b"</RecordingInformation></ResultList></R>"
        )
    )
    assert page.state is SearchState.SEARCHING
    assert [r.token for r in page.recordings] == ["R"]
    assert page.recordings[0].device_latest_ms is None
    assert read_recording_information(parse_xml(b"<R/>")) is None
    assert (
        read_recording_information(parse_xml(b"<R><RecordingInformation/></R>")) is None
    )


def test_requests_go_out_in_whole_seconds_rounded_outwards() -> None:
    asked = find_events_parameters("R", TimeRange(1_500, 2_500))
    assert asked["StartPoint"] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert asked["EndPoint"] == datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert asked["SearchFilter"] == {}
    assert results_parameters("T[1]", 100, 0.2)["WaitTime"] == timedelta(seconds=1)


def test_search_tokens_are_opaque() -> None:
    assert read_search_token(
        parse_xml(b"<R><SearchToken> T[1]&amp;x </SearchToken></R>")
    ) == ("T[1]&x")


def test_a_round_number_of_results_that_stops_early_is_suspicious() -> None:
    window = TimeRange(0, 86_400_000)
    early = (HistoryEvent(3_600_000, is_present=True),)
    late = (HistoryEvent(86_300_000, is_present=True),)
    assert looks_capped(100, early, window)
    assert not looks_capped(100, late, window)
    assert not looks_capped(99, early, window)
    assert not looks_capped(100, (), window)


def test_recording_control_tells_what_feeds_what() -> None:
    jobs = read_jobs(
        parse_xml(
            b"""<R><JobItem><JobToken>J</JobToken><JobConfiguration><RecordingToken>R
            </RecordingToken><Source><SourceToken Type="http://x/Profile"><Token>P1
            </Token></SourceToken></Source><Source><SourceToken/></Source>
            </JobConfiguration></JobItem><JobItem/></R>"""
        )
    )
    assert [(j.recording_token, j.token, j.is_profile) for j in jobs] == [
        ("R", "P1", True)
    ]
    listed = read_configured_recordings(
        parse_xml(b"<R><RecordingItem><RecordingToken>A</RecordingToken><Configuration>"
              b"<Source><SourceId>V1</SourceId><Name>Yard</Name></Source>"
              b"<Content>all day</Content></Configuration><Tracks><Track><TrackToken>T"
              b"</TrackToken><Configuration><TrackType>Video</TrackType></Configuration>"
              b"</Track></Tracks></RecordingItem><RecordingItem/></R>")
    )  # fmt: skip
    assert listed == (
        Recording(
            "A",
            source_id="V1",
            source_name="Yard",
            content="all day",
            tracks=(Track("T", TrackKind.VIDEO),),
        ),
    )
    options = parse_xml(
        b'<R><Options><Job Spare="1" CompatibleSources="P1 P2"/>'
        b"<Job><CompatibleSources>P3</CompatibleSources></Job></Options></R>"
    )
    assert read_compatible_sources(options) == ("P1", "P2", "P3")
